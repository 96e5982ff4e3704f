#include <stdlib.h>
#include <string.h>

#include "core/model/residual.h"
#include "server/log.h"
#include "server/runner/restarts.h"
#include "server/runner/run.h"

enum {
	SLICE_SHORT_US = 4000,    /* an advance shorter than this gets twice the steps next time */
	SLICE_LONG_US = 40000,    /* a longer one gets half: reports and the shutdown wait for it */
	REPORT_INTERVAL_MS = 100, /* how often points and progress go to the store */
	/* A disk or memory that fails while a job is set up: so often it is tried, after 0.2, 0.4 ... 3.2 seconds. */
	SETUP_TRIES = 6,
	SETUP_PAUSE_MS = 200,
};

static void run_fini(struct run *run)
{
	restarts_destroy(run->restarts);
	trainer_destroy(run->trainer);
	objective_destroy(run->objective);
	objective_destroy(run->residual);
	if (run->is_prepared) {
		prepared_fini(&run->prepared);
	}
	model_card_destroy(run->card);
	text_fini(&run->card_text);
	job_spec_destroy(run->spec);
	open_table_fini(&run->validation_data);
	open_table_fini(&run->data);
	free(run->initial);
}

static void run_init(struct run *run, const struct job_environment *environment, const struct job_record *record,
		     struct job_control *control)
{
	*run = (struct run){ .environment = environment, .record = record, .control = control };
	text_init(&run->card_text);
}

/* --- setting up --- */

/* The spec, judged again against the dataset that it was accepted with. */
static enum status load_spec(struct run *run, struct error *error)
{
	const struct job_record *record = run->record;
	enum status status = OK;
	if (record->dataset_id[0] != '\0') {
		status = open_table_load(run->environment->store, run->environment->data_dir, record->dataset_id,
					 &run->data, error);
	}
	if (status == OK && record->validation_id[0] != '\0') {
		status = open_table_load(run->environment->store, run->environment->data_dir, record->validation_id,
					 &run->validation_data, error);
	}
	if (status != OK) {
		return status;
	}
	struct problem problem;
	problem_init(&problem);
	status = job_spec_load(record->spec, record->spec_length, run->data.table != NULL ? &run->data.info : NULL,
			       run->validation_data.table != NULL ? &run->validation_data.info : NULL,
			       run->environment->executor->slots, &run->spec, &problem);
	if (status == E_MEMORY) {
		error_set(error, status, "no memory to read the spec");
	} else if (status != OK) {
		error_set(error, status, "the stored spec no longer holds: %s",
			  problem.faults > 0 ? problem.fault[0].detail : status_text(status));
	} else {
		job_spec_keep_warnings(run->spec, record->report);
	}
	problem_fini(&problem);
	return status;
}

static enum status load_data(struct run *run, struct error *error)
{
	if (run->data.table == NULL) {
		return OK;
	}
	enum status status = prepare_data(run->spec, run->data.table, run->validation_data.table, &run->control->stop,
					  &run->prepared, error);
	run->is_prepared = status == OK;
	/* The views hold copies: the tables are not needed any more. */
	open_table_fini(&run->data);
	open_table_fini(&run->validation_data);
	return status;
}

/* initial_parameters that named a job: the copy that was made of its weights when this one was posted. */
static enum status load_initial_copy(struct run *run, struct error *error)
{
	size_t length = 0, wanted = run->objective->n * dtype_size(run->objective->dtype);
	enum status status = store_read_initial(run->environment->store, run->record->id, &run->initial, &length);
	if (status != OK) {
		return error_set(error, status, "the copy of the weights of job %s, to start from: %s",
				 run->spec->initial_job_id, status_text(status));
	}
	return length == wanted ? OK
				: error_set(error, E_CORRUPT, "the weights to start from have %zu bytes, not %zu",
					    length, wanted);
}

static enum status load_initial(struct run *run, struct error *error)
{
	if (run->spec->initial_job_id[0] != '\0') {
		return load_initial_copy(run, error);
	}
	if (run->spec->initial == NULL) {
		return OK;
	}
	size_t n = run->objective->n;
	run->initial = calloc(n, dtype_size(run->objective->dtype));
	if (run->initial == NULL) {
		return error_set(error, E_MEMORY, "no memory for the initial parameters");
	}
	if (run->spec->initial_count != n) {
		return error_set(error, E_INVALID, "%zu initial parameters, the model has %zu",
				 run->spec->initial_count, n);
	}
	dtype_convert(DTYPE_FLOAT64, run->spec->initial, run->objective->dtype, run->initial, n);
	return OK;
}

static bool needs_residual(const struct job_spec *spec)
{
	const struct optimizer_config *optimizer = &spec->train.optimizer;
	return (optimizer_needs(optimizer->type, &optimizer->settings) & NEEDS_SQUARES) != 0;
}

/* The residuals of a sum of squares; what is none has none. */
static enum status build_residual(struct run *run, struct error *error)
{
	const struct job_spec *spec = run->spec;
	const enum status status =
		model_residual(&spec->model, &spec->shape, spec->train.training.dtype, &run->residual, error);
	return status == E_MEMORY || needs_residual(spec) ? status : OK;
}

static enum status build_trainer(struct run *run, struct error *error)
{
	struct job_spec *spec = run->spec;
	struct executor *executor = run->environment->executor;
	struct model_shape shape = spec->shape;
	shape.rows = spec->train_rows;
	shape.products = spec->train.optimizer.type->products;
	enum status status =
		model_build(&spec->model, &shape, spec->train.training.dtype, executor->slots, &run->objective, error);
	if (status == OK && (needs_residual(spec) || (run->is_prepared && !spec->model.type->has_layers))) {
		status = build_residual(run, error);
	}
	if (status == OK) {
		status = load_initial(run, error);
	}
	if (status != OK) {
		return status;
	}
	const struct data_view *training = run->is_prepared ? &run->prepared.training : NULL;
	const struct data_view *validation =
		run->is_prepared && run->prepared.validation.rows > 0 ? &run->prepared.validation : NULL;
	struct trainer_setup setup = {
		.config = spec->train,
		.objective = run->objective,
		.training = training,
		.validation = validation,
		.initial = run->initial,
		.residual = run->residual,
		.executor = executor,
		.clock = run_seconds,
		.seconds_limit = run->environment->max_job_seconds,
	};
	status = trainer_create(&setup, &run->trainer, error);
	if (status != OK) {
		return status;
	}
	status = model_card_create(spec, run->objective, run->is_prepared ? run->prepared.mean : NULL,
				   run->is_prepared ? run->prepared.std : NULL, &run->card);
	if (status != OK) {
		return error_set(error, status, "the description of the weights: %s", status_text(status));
	}
	model_card_save(run->card, &run->card_text);
	return text_failed(&run->card_text) ? error_set(error, E_MEMORY, "no memory for the card") : OK;
}

/* Goes on from the checkpoint where there is one of this build; otherwise from step 0. */
static enum status resume(struct run *run, struct error *error)
{
	uint64_t step = 0;
	char *build = NULL;
	void *state = NULL;
	size_t length = 0;
	const struct job_record *record = run->record;
	enum status status = store_load_checkpoint(run->environment->store, record->id, &step, &build, &state, &length);
	if (status == E_NOT_FOUND) {
		return OK;
	}
	if (status != OK && status != E_CORRUPT) {
		return error_set(error, status, "the checkpoint cannot be read: %s", status_text(status));
	}
	/* One that is damaged, or another build's, is dropped. */
	bool restored = status == OK && strcmp(build, run->environment->build) == 0 &&
			(run->restarts != NULL ? restarts_load(run->restarts, run->trainer, state, length)
					       : trainer_restore(run->trainer, state, length, NULL) == OK);
	free(build);
	free(state);
	if (restored) {
		return OK;
	}
	status = store_restart_job(run->environment->store, record->id, record->attempt);
	return status == OK ? OK : error_set(error, status, "starting again from step 0: %s", status_text(status));
}

/* --- the loop --- */

/* Twice the steps after a short advance, half of them after a long one. */
static uint64_t next_slice(uint64_t slice, double seconds)
{
	if (seconds * 1e6 < SLICE_SHORT_US && slice < UINT32_MAX) {
		return slice * 2;
	}
	return seconds * 1e6 > SLICE_LONG_US && slice > 1 ? slice / 2 : slice;
}

/* What is due after an advance of `slice` steps from `step`: a checkpoint, or points. A trainer that made fewer steps
 * than it was asked to, and has not stopped, has its buffer of points full. */
static enum status hand_over(struct run *run, uint64_t step, uint64_t slice)
{
	struct trainer_progress progress;
	trainer_progress(run->trainer, &progress);
	double now = run_seconds();
	if (now - run->last_checkpoint >= run->environment->checkpoint_seconds) {
		return run_save_checkpoint(run);
	}
	bool full = progress.reason == STOP_NONE && progress.step < step + slice;
	return full || (now - run->last_report) * 1e3 >= REPORT_INTERVAL_MS ? run_send_points(run) : OK;
}

/* Drives the trainer until it stops (OK), the flag is raised (E_CANCELLED), or the job is no longer ours (E_CONFLICT).
 */
static enum status drive(struct run *run)
{
	uint64_t slice = 1;
	if (run->last_checkpoint == 0) { /* not of a later restart: each may be short */
		run->last_report = run->last_checkpoint = run_seconds();
	}
	while (trainer_reason(run->trainer) == STOP_NONE) {
		struct trainer_progress before;
		trainer_progress(run->trainer, &before);
		double begin = run_seconds();
		enum status status = trainer_advance(run->trainer, slice);
		if (status == OK && atomic_load(&run->control->stop)) {
			status = E_CANCELLED;
		}
		if (status == OK) {
			status = hand_over(run, before.step, slice);
		}
		if (status != OK) {
			return status == E_NOT_FOUND ? E_CONFLICT : status;
		}
		slice = next_slice(slice, run_seconds() - begin);
	}
	return OK;
}

/* The evaluation that was given up left the last whole step. Points go first: the last one needs room. */
static enum status cancel_now(struct run *run)
{
	enum status status = trainer_reason(run->trainer) == STOP_NONE ? run_send_points(run) : OK;
	if (status == OK) {
		trainer_stop(run->trainer, STOP_CANCELLED);
		status = run->restarts != NULL ? run_send_points(run) : OK;
		restarts_cancel(run);
	}
	if (status == OK) {
		status = run_finish_trained(run);
	}
	return status;
}

static void run_to_end(struct run *run)
{
	enum status status;
	bool more = false;
	do {
		status = drive(run);
		if (status == OK) {
			status = restarts_next(run, &more);
		}
	} while (status == OK && more);
	if (status == OK) {
		status = run_finish_trained(run);
	}
	if (status == E_CANCELLED && atomic_load(&run->control->cancel)) {
		status = cancel_now(run);
	}
	if (status == OK || status == E_CONFLICT) {
		return;
	}
	if (status == E_CANCELLED) {
		run_leave(run);
		return;
	}
	if (run_may_pass(status)) {
		log_line(LOG_ERROR, "job %s: %s; it goes back into the queue", run->record->id, status_text(status));
		run_give_back(run);
		return;
	}
	struct error error;
	error_set(&error, status, "the run could not go on: %s", status_text(status));
	run_finish_failed(run, &error);
}

static enum status set_up_once(struct run *run, struct error *error)
{
	enum status status = load_spec(run, error);
	if (status == OK) {
		status = load_data(run, error);
	}
	if (status == OK) {
		status = build_trainer(run, error);
	}
	if (status == OK) {
		status = restarts_create(run, &run->restarts);
		if (status != OK) {
			error_set(error, status, "no memory for the restarts");
		}
	}
	if (status == OK) {
		status = resume(run, error);
	}
	if (status == OK) {
		restarts_resume(run);
	}
	return status;
}

/* From the record to a trainer that stands where the job stood. A disk that fails and memory that is short may pass:
 * it is tried again from the start, a few times. E_CANCELLED: the flag was raised. */
static enum status set_up(struct run *run, struct error *error)
{
	unsigned pause = SETUP_PAUSE_MS;
	for (unsigned count = 1;; count++) {
		enum status status = set_up_once(run, error);
		if (status != E_IO && status != E_MEMORY) {
			return status;
		}
		if (count == SETUP_TRIES) {
			struct error last = *error;
			return error_set(error, status, "%.400s (tried %u times)", last.text, count);
		}
		log_line(LOG_WARN, "job %s: %s; it is tried again", run->record->id, error->text);
		const struct run before = *run;
		run_fini(run);
		run_init(run, before.environment, before.record, before.control);
		for (unsigned slept = 0; slept < pause; slept += SETUP_PAUSE_MS / 10) {
			if (atomic_load(&run->control->stop)) {
				return E_CANCELLED;
			}
			run_sleep(SETUP_PAUSE_MS / 10);
		}
		pause *= 2;
	}
}

void job_run(const struct job_environment *environment, const struct job_record *record, struct job_control *control)
{
	struct run run;
	struct error error = { .status = OK, .text = "" };
	run_init(&run, environment, record, control);
	enum status status = set_up(&run, &error);
	if (status == OK) {
		run_to_end(&run);
	} else if (status == E_CANCELLED && !atomic_load(&control->cancel)) {
		run_leave(&run);
	} else if (status == E_CANCELLED) {
		struct job_ending ending = { .status = JOB_CANCELLED,
					     .stop_reason = "cancelled",
					     .report = record->report,
					     .step = record->step };
		run_finish(&run, &ending);
	} else if (status == E_DISK_FULL || status == E_BUSY) {
		run_give_back(&run); /* only the store answers so: it will do later */
	} else if (status != E_CONFLICT) {
		error.status = status;
		run_finish_failed(&run, &error);
	}
	run_fini(&run);
}
