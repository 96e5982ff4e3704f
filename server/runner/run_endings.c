/* What a run hands to the store on its way, and how it ends. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/log.h"
#include "server/runner/restarts.h"
#include "server/runner/run.h"

enum {
	STORE_RETRY_MS = 500,
	/* When the service stops, a state above this is written without the weights: they are in it too, and the time
	 * is short. Those of the checkpoint before stay readable until the job runs again. */
	LEAVE_WEIGHTS_MAX = 8 << 20,
};

static const double report_seconds = 0.1; /* a report of many restarts is long: no more often */

double run_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void run_sleep(long milliseconds)
{
	struct timespec t = { milliseconds / 1000, (milliseconds % 1000) * 1000000 };
	nanosleep(&t, NULL);
}

/* What only an ending has. */
struct result {
	struct evaluation train, validation;
	bool measured, has_validation, fitted;
	struct certificate certificate;
	struct advice advice;
	struct fit fit;
};

/* result NULL: the run goes on. */
static enum status render_report(struct run *run, const struct result *result, struct text *out)
{
	struct job_report report = { .spec = run->spec };
	if (result != NULL) {
		report.final_train = result->measured ? &result->train : NULL;
		report.final_validation = result->measured && result->has_validation ? &result->validation : NULL;
		report.certificate = &result->certificate;
		report.advice = &result->advice;
		report.fit = result->fitted ? &result->fit : NULL;
		report.objective = result->measured ? run->objective : NULL;
		report.theta = trainer_parameters(run->trainer);
	}
	trainer_progress(run->trainer, &report.progress);
	restarts_report(run->restarts, &report);
	text_init(out);
	job_report_render(&report, out);
	return text_failed(out) ? E_MEMORY : OK;
}

static uint64_t step_of(const struct run *run)
{
	struct trainer_progress progress;
	trainer_progress(run->trainer, &progress);
	return progress.step;
}

static struct points_chunk take_points(struct run *run)
{
	struct points_chunk chunk = { 0 };
	chunk.count = trainer_take_points(run->trainer, &chunk.points, &chunk.parameters);
	chunk.n = chunk.parameters != NULL ? run->objective->n : 0;
	return chunk;
}

/* Hands new points and the progress on; not durable, a crash goes back to the checkpoint anyway. */
enum status run_send_points(struct run *run)
{
	struct text report;
	struct trainer_progress progress;
	enum status status = render_report(run, NULL, &report);
	if (status == OK) {
		struct points_chunk chunk = take_points(run);
		trainer_progress(run->trainer, &progress);
		status = store_append_points(run->environment->store, run->record->id, run->record->attempt, &chunk,
					     report.data, progress.step, run->card_sent ? NULL : run->card_text.data);
		run->card_sent = run->card_sent || status == OK;
	}
	text_fini(&report);
	run->last_report = run_seconds();
	return status;
}

enum status run_flush_points(struct run *run)
{
	if (!run->card_sent || run_seconds() - run->last_report >= report_seconds) {
		return run_send_points(run);
	}
	struct points_chunk chunk = take_points(run);
	struct trainer_progress progress;
	trainer_progress(run->trainer, &progress);
	return store_append_points(run->environment->store, run->record->id, run->record->attempt, &chunk, NULL,
				   progress.step, NULL);
}

static struct weights_blob weights_of(const struct run *run, const void *values, uint64_t step)
{
	size_t length = values == NULL ? 0 : run->objective->n * dtype_size(run->objective->dtype);
	return (struct weights_blob){ .step = step, .values = values, .length = length };
}

/* A durable copy of the state together with all points up to it. */
static enum status save(struct run *run, size_t weights_max)
{
	struct text report;
	struct trainer_progress progress;
	trainer_progress(run->trainer, &progress);
	enum status status = run->card_sent ? OK : run_send_points(run);
	if (status != OK) {
		return status;
	}
	status = render_report(run, NULL, &report);
	if (status == OK) {
		struct points_chunk chunk = take_points(run);
		struct checkpoint checkpoint = { .step = progress.step, .build = run->environment->build };
		/* Points are cut by it at the next claim: it counts as theirs do. */
		checkpoint.step += restarts_base(run->restarts);
		checkpoint.state = run->restarts != NULL
					   ? restarts_save(run->restarts, run->trainer, &checkpoint.length)
					   : trainer_state(run->trainer, &checkpoint.length);
		if (checkpoint.length <= weights_max) {
			checkpoint.last = weights_of(run, trainer_parameters(run->trainer), progress.step);
			checkpoint.best = weights_of(run, trainer_best(run->trainer), progress.best_step);
			checkpoint.averaged = weights_of(run, trainer_average(run->trainer), progress.step);
		}
		status = store_save_checkpoint(run->environment->store, run->record->id, run->record->attempt,
					       &checkpoint, &chunk, report.data);
	}
	text_fini(&report);
	run->last_checkpoint = run_seconds();
	return status;
}

enum status run_save_checkpoint(struct run *run)
{
	return save(run, SIZE_MAX);
}

/* --- endings --- */

bool run_may_pass(enum status status)
{
	return status == E_DISK_FULL || status == E_IO || status == E_BUSY || status == E_MEMORY;
}

void run_give_back(struct run *run)
{
	enum status status;
	do {
		if (!atomic_load(&run->control->shutdown)) {
			run_sleep(STORE_RETRY_MS);
		}
		status = store_requeue_job(run->environment->store, run->record->id, run->record->attempt);
	} while (run_may_pass(status) && !atomic_load(&run->control->shutdown));
}

void run_finish(struct run *run, const struct job_ending *ending)
{
	enum status status = store_finish_job(run->environment->store, run->record->id, run->record->attempt, ending);
	if (status == OK || status == E_CONFLICT || status == E_NOT_FOUND) {
		return; /* done; or somebody else owns the job, or it is gone: both are final */
	}
	log_line(LOG_ERROR, "job %s: its ending could not be stored: %s", run->record->id, status_text(status));
	if (run_may_pass(status)) {
		run_give_back(run);
	} else if (ending->status != JOB_FAILED || ending->last.values != NULL) {
		struct error error;
		error_set(&error, status, "the result could not be stored: %s", status_text(status));
		run_finish_failed(run, &error);
	}
}

void run_finish_failed(struct run *run, const struct error *error)
{
	struct text document;
	text_init(&document);
	job_error_render(status_slug(error->status), error->text, run->record->step % RESTART_STEPS, NULL, &document);
	struct job_ending ending = {
		.status = JOB_FAILED,
		.stop_reason = "error",
		.report = run->record->report,
		.step = run->record->step % RESTART_STEPS,
		.error = document.data,
	};
	run_finish(run, &ending);
	text_fini(&document);
}

static void render_divergence(const struct trainer_progress *progress, const struct advice *advice, struct text *out)
{
	char detail[160];
	snprintf(detail, sizeof detail,
		 "The run diverged: the loss, the gradient or a parameter was not finite at step %llu.",
		 (unsigned long long)progress->step);
	job_error_render("diverged", detail, progress->step, advice->sentence[0], out);
}

/* One last pass over the rows for the metrics; a diverged run has none worth computing. E_CANCELLED: the flag was
 * raised. */
static enum status final_metrics(struct run *run, struct evaluation *train, struct evaluation *validation)
{
	const void *theta = trainer_parameters(run->trainer);
	enum status status = OK;
	if (run->is_prepared) {
		status = trainer_evaluate(run->trainer, theta, &run->prepared.training, train);
	} else {
		status = trainer_evaluate(run->trainer, theta, NULL, train);
	}
	if (status == OK && run->is_prepared && run->prepared.validation.rows > 0) {
		status = trainer_evaluate(run->trainer, theta, &run->prepared.validation, validation);
	}
	return status;
}

/* The certificate, and what follows from it in words. After a cancel only what is known already. No memory for it: the
 * job ends without. */
static enum status assess(struct run *run, const struct trainer_progress *progress, struct result *result)
{
	struct trace_sample trace[TRACE_SAMPLES + 1];
	const struct certificate_request request = {
		.config = &run->spec->train,
		.model = &run->spec->model,
		.objective = run->objective,
		.training = run->is_prepared ? &run->prepared.training : NULL,
		.theta = trainer_parameters(run->trainer),
		.best = trainer_best(run->trainer),
		.executor = run->environment->executor,
		.progress = *progress,
		.trace = trace,
		.traced = trainer_trace(run->trainer, trace),
		.known_only = progress->reason == STOP_CANCELLED || progress->finding.tests ||
			      atomic_load(&run->control->cancel),
	};
	const enum status status = certify(&request, &result->certificate);
	if (status == E_CANCELLED) {
		return status;
	}
	const struct advice_facts facts = { run->spec, progress, &result->certificate, trace, request.traced };
	advise(&facts, &result->advice);
	return OK;
}

/* The trainer has stopped: metrics, weights, status, all in one commit. E_CANCELLED: the flag was raised meanwhile. */
enum status run_finish_trained(struct run *run)
{
	struct trainer_progress progress;
	struct result result = { .fitted = false };
	trainer_progress(run->trainer, &progress);
	bool diverged = progress.reason == STOP_DIVERGED;
	/* A cancel may come when the trainer has stopped already, in the pass of the metrics: they are left out then.
	 */
	bool cancelled = !diverged && (progress.reason == STOP_CANCELLED || atomic_load(&run->control->cancel));
	result.has_validation = run->is_prepared && run->prepared.validation.rows > 0;
	result.measured = !diverged && !cancelled;
	enum status status = result.measured ? final_metrics(run, &result.train, &result.validation) : OK;
	if (status == OK) {
		status = assess(run, &progress, &result);
	}
	result.fitted = result.measured && run->residual != NULL &&
			fit_affordable(run->prepared.training.rows, run->objective->n);
	if (status == OK && result.fitted) {
		status = trainer_fit(run->trainer, trainer_parameters(run->trainer), &result.fit);
		result.fitted = status == OK && isfinite(result.fit.squares);
	}
	if (status != OK) {
		return status;
	}
	struct text report, document;
	text_init(&document);
	status = render_report(run, &result, &report);
	fit_fini(&result.fit);
	if (status == OK && diverged) {
		render_divergence(&progress, &result.advice, &document);
		status = text_failed(&document) ? E_MEMORY : OK;
	}
	if (status == OK) {
		struct job_ending ending = {
			.status = diverged    ? JOB_FAILED
				  : cancelled ? JOB_CANCELLED
					      : JOB_SUCCEEDED,
			.stop_reason = cancelled ? "cancelled" : stop_reason_word(progress.reason),
			.report = report.data,
			.step = progress.step,
			.error = document.data,
			.card = run->card_sent ? NULL : run->card_text.data,
			.last = weights_of(run, trainer_parameters(run->trainer), progress.step),
			.best = weights_of(run, trainer_best(run->trainer), progress.best_step),
			.averaged = weights_of(run, trainer_average(run->trainer), progress.step),
			.chunk = take_points(run),
		};
		run_finish(run, &ending);
	}
	text_fini(&report);
	text_fini(&document);
	return status;
}

void run_leave(struct run *run)
{
	enum status status = run->trainer != NULL ? save(run, LEAVE_WEIGHTS_MAX) : OK;
	if (status != OK && status != E_CONFLICT) {
		log_line(LOG_WARN, "job %s: no checkpoint of step %llu (%s): it goes on from the one before",
			 run->record->id, (unsigned long long)step_of(run), status_text(status));
	}
	store_requeue_job(run->environment->store, run->record->id, run->record->attempt);
}
