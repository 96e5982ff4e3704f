/*
 * What a worker reports of a job: where it stands, what it measured, and what became of it. A fragment that
 * job_render puts between the record's head and its spec.
 */
#include <math.h>
#include <string.h>

#include "api/answers.h"

static bool succeeded(enum stop_reason reason)
{
	return reason != STOP_NONE && reason != STOP_DIVERGED && reason != STOP_CANCELLED && reason != STOP_ERROR;
}

/* Share of the budget that is spent: of the updates, or of the seconds where those end first. */
static double fraction_of(const struct job_report *report)
{
	const struct trainer_progress *p = &report->progress;
	double limit = report->spec->train.stopping.max_seconds;
	double fraction = p->steps > 0 ? (double)p->step / (double)p->steps : 0;
	if (report->restarts > 1) {
		if (report->best_restart != UINT64_MAX) {
			return 1;
		}
		fraction = ((double)report->restarts_done + fraction) / (double)report->restarts;
	} else if (succeeded(p->reason)) {
		return 1;
	}
	if (isfinite(limit) && limit > 0 && p->seconds / limit > fraction) {
		fraction = p->seconds / limit;
	}
	return fraction > 1 ? 1 : fraction;
}

static void progress_render(const struct job_report *report, struct text *out)
{
	const struct trainer_progress *p = &report->progress;
	bool rowed = report->spec->has_dataset;
	double fraction = fraction_of(report), eta = (double)NAN;
	if (p->reason != STOP_NONE) {
		eta = 0;
	} else if (fraction > 0) {
		eta = p->seconds * (1 - fraction) / fraction;
	}
	text_puts(out, ",\"progress\":{\"epoch\":");
	text_json_double(out, rowed ? p->epoch : (double)NAN);
	text_puts(out, ",\"epochs\":");
	text_json_double(out, rowed && p->epochs > 0 ? (double)p->epochs : (double)NAN);
	text_puts(out, ",\"step\":");
	text_json_uint(out, p->step);
	text_puts(out, ",\"steps\":");
	text_json_uint(out, p->steps);
	text_puts(out, ",\"fraction\":");
	text_json_double(out, fraction);
	text_puts(out, ",\"seconds\":");
	text_json_double(out, p->seconds);
	text_puts(out, ",\"eta_seconds\":");
	text_json_double(out, eta);
	if (report->restarts > 1) {
		text_puts(out, ",\"restart\":");
		text_json_uint(out, report->restart);
		text_puts(out, ",\"restarts\":");
		text_json_uint(out, report->restarts);
	}
	text_puts(out, ",\"rows_per_second\":");
	text_json_double(out, rowed && p->seconds > 0 ? (double)p->rows_seen / p->seconds : (double)NAN);
	text_puts(out, ",\"evaluations\":{\"function\":");
	text_json_uint(out, p->values);
	text_puts(out, ",\"gradient\":");
	text_json_uint(out, p->gradients);
	text_puts(out, "}}");
}

/* One metric; `first` is cleared by the first. */
static void metric(struct text *out, bool *first, const char *set, const char *name, double value)
{
	text_printf(out, "%s\"%s%s\":", *first ? "" : ",", set, name);
	text_json_double(out, value);
	*first = false;
}

static void evaluation_render(struct text *out, bool *first, const char *set, const struct evaluation *evaluation)
{
	const struct {
		const char *name;
		double value;
	} further[] = { { "accuracy", evaluation->accuracy },
			{ "rmse", evaluation->rmse },
			{ "mae", evaluation->mae },
			{ "r2", evaluation->r2 } };
	if (evaluation->game) {
		metric(out, first, "", "generator_loss", evaluation->generator_loss);
		metric(out, first, "", "discriminator_loss", evaluation->discriminator_loss);
		return;
	}
	metric(out, first, set, "loss", evaluation->loss);
	for (size_t i = 0; i < sizeof further / sizeof further[0]; i++) {
		if (!isnan(further[i].value)) {
			metric(out, first, set, further[i].name, further[i].value);
		}
	}
}

static void metrics_render(const struct job_report *report, struct text *out)
{
	const struct curve_point *last = &report->progress.last;
	unsigned long long measured = last->step == UINT64_MAX ? 0 : last->measured;
	bool first = true;
	text_puts(out, ",\"metrics\":{");
	if (report->final_train != NULL) {
		evaluation_render(out, &first, "train_", report->final_train);
	} else if (measured & POINT_TRAIN_LOSS) {
		metric(out, &first, "", "train_loss", last->train_loss);
	} else if (measured & POINT_GENERATOR_LOSS) {
		metric(out, &first, "", "generator_loss", last->generator_loss);
	}
	if (report->final_train == NULL && (measured & POINT_DISCRIMINATOR_LOSS)) {
		metric(out, &first, "", "discriminator_loss", last->discriminator_loss);
	}
	if (report->final_validation != NULL) {
		evaluation_render(out, &first, "validation_", report->final_validation);
	} else {
		if (measured & POINT_VALIDATION_LOSS) {
			metric(out, &first, "", "validation_loss", last->validation_loss);
		}
		if (measured & POINT_VALIDATION_ACCURACY) {
			metric(out, &first, "", "validation_accuracy", last->validation_accuracy);
		}
	}
	if (measured & POINT_GRADIENT_NORM) {
		metric(out, &first, "", "gradient_norm", last->gradient_norm);
	}
	text_puts(out, "}");
}

static void strings_render(struct text *out, char *const *strings, size_t count)
{
	text_puts(out, "[");
	for (size_t i = 0; i < count; i++) {
		text_puts(out, i == 0 ? "" : ",");
		text_json_string(out, strings[i]);
	}
	text_puts(out, "]");
}

/* The result of a learning-rate range test; no other job has the member. */
static void lr_finder_render(const struct lr_finding *finding, struct text *out)
{
	const struct {
		const char *name;
		double value;
	} members[] = { { "suggested_learning_rate", finding->suggested },
			{ "steepest_learning_rate", finding->steepest },
			{ "minimum_learning_rate", finding->minimum },
			{ "minimum_loss", finding->minimum_loss },
			{ "exploded_learning_rate", finding->exploded } };
	if (!finding->tests) {
		return;
	}
	text_puts(out, ",\"lr_finder\":{");
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		text_printf(out, "%s\"%s\":", i == 0 ? "" : ",", members[i].name);
		text_json_double(out, members[i].value);
	}
	text_puts(out, "}");
}

/* Those of the spec, and what the end made known. */
static void warnings_render(const struct job_report *report, struct text *out)
{
	const struct job_spec *spec = report->spec;
	struct text more;
	text_init(&more);
	text_puts(out, "[");
	for (size_t i = 0; i < spec->warning_count; i++) {
		text_puts(out, i == 0 ? "" : ",");
		text_json_string(out, spec->warning[i]);
	}
	if (fit_warning(report, &more) && !text_failed(&more)) {
		text_puts(out, spec->warning_count == 0 ? "" : ",");
		text_json_string_n(out, more.data, more.length);
	}
	text_puts(out, "]");
	text_fini(&more);
}

void job_report_render(const struct job_report *report, struct text *out)
{
	const struct trainer_progress *p = &report->progress;
	const struct job_spec *spec = report->spec;
	progress_render(report, out);
	metrics_render(report, out);
	text_puts(out, ",\"stop_value\":");
	text_json_double(out, p->reason_value);
	text_puts(out, ",\"stop_limit\":");
	text_json_double(out, p->reason_limit);
	text_puts(out, ",\"best\":");
	if (p->has_best) {
		text_puts(out, "{\"step\":");
		text_json_uint(out, p->best_step);
		text_printf(out, ",\"metric\":\"%s\",\"value\":",
			    p->best_metric == METRIC_TRAIN_LOSS ? "train_loss" : "validation_loss");
		text_json_double(out, p->best_value);
		text_puts(out, "}");
	} else {
		text_puts(out, "null");
	}
	lr_finder_render(&p->finding, out);
	if (report->restarts > 1) {
		restarts_render(report, out);
	}
	text_puts(out, ",\"certificate\":");
	certificate_render(report->certificate, out);
	text_puts(out, ",\"advice\":");
	advice_render(report->advice, out);
	active_bounds_render(report->objective, report->theta, out);
	fit_render(report->objective, report->fit, out);
	text_puts(out, ",\"features\":");
	strings_render(out, spec->feature, spec->feature_count);
	text_puts(out, ",\"classes\":");
	if (spec->class_number != NULL) {
		text_puts(out, "[");
		for (size_t i = 0; i < spec->class_count; i++) {
			text_puts(out, i == 0 ? "" : ",");
			text_json_double(out, spec->class_number[i]);
		}
		text_puts(out, "]");
	} else {
		strings_render(out, spec->class_text, spec->class_count);
	}
	text_puts(out, ",\"warnings\":");
	warnings_render(report, out);
}

void job_error_render(const char *slug, const char *detail, uint64_t step, const char *hint, struct text *out)
{
	bool diverged = strcmp(slug, "diverged") == 0;
	bool asked_wrong = diverged || strcmp(slug, "invalid") == 0; /* by the client, not our fault */
	text_puts(out, "{\"type\":\"urn:descentd:problem:");
	text_puts(out, slug);
	text_printf(out, "\",\"title\":\"%s\",\"status\":%d,\"detail\":",
		    diverged ? "The training diverged" : "The job failed", asked_wrong ? 422 : 500);
	text_json_string(out, detail);
	text_puts(out, ",\"errors\":[],\"step\":");
	text_json_uint(out, step);
	text_puts(out, ",\"hint\":");
	text_json_string(out, hint);
	text_puts(out, "}");
}
