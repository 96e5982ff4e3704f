/* When a job stops, and what it records on the way. */
#include <math.h>
#include <string.h>

#include "api/spec.h"

/* Numbers that recording.parameters may store: 80 MB. */
enum { PARAMETERS_RECORDED_MAX = 10000000 };

static const struct at at_stopping = { NULL, "stopping", 0 };
static const struct at at_early = { &at_stopping, "early_stopping", 0 };

/* A rule's value; 0 and null are off. `out` keeps its default when the job does not say. */
static void take_rule(struct judge *judge, const char *name, const cJSON *item, double minimum, double *out)
{
	struct at at = { &at_stopping, name, 0 };
	struct range range = { minimum, (double)INFINITY, false, false, NULL };
	double value;
	if (item == NULL) {
		return;
	}
	if (cJSON_IsNull(item)) {
		*out = (double)NAN;
	} else if (read_real(&judge->reader, &at, item, range, &value)) {
		*out = value == 0 ? (double)NAN : value;
	}
}

static void take_early(struct judge *judge, const cJSON *item)
{
	static const char *const metrics[] = { "validation_loss", "train_loss", NULL };
	enum { METRIC, PATIENCE, MIN_DELTA, COUNT };
	struct stopping_config *stopping = &judge->spec->train.stopping;
	struct field fields[COUNT] = { { .name = "metric" }, { .name = "patience" }, { .name = "min_delta" } };
	struct at at_metric = { &at_early, "metric", 0 }, at_patience = { &at_early, "patience", 0 };
	struct at at_delta = { &at_early, "min_delta", 0 };
	struct range not_negative = { 0, (double)INFINITY, false, false, NULL };
	bool validated = judge->spec->validation_fraction > 0 || judge->spec->validation_id[0] != '\0';
	size_t index;
	stopping->early_metric = validated ? METRIC_VALIDATION_LOSS : METRIC_TRAIN_LOSS;
	stopping->patience = 10;
	if (item == NULL || cJSON_IsNull(item) || (cJSON_IsNumber(item) && item->valuedouble == 0) ||
	    !read_object(&judge->reader, &at_early, item, fields, COUNT, NULL, NULL)) {
		return;
	}
	stopping->early_stopping = true;
	if (fields[METRIC].item != NULL &&
	    read_choice(&judge->reader, &at_metric, fields[METRIC].item, metrics, &index)) {
		stopping->early_metric = index == 0 ? METRIC_VALIDATION_LOSS : METRIC_TRAIN_LOSS;
		if (index == 0 && !validated) {
			reader_fault(&judge->reader, &at_metric, FAULT_NOT_ALLOWED, "train_loss", NULL,
				     "nothing is validated: give dataset.validation_fraction or dataset.validation");
		}
	}
	if (fields[PATIENCE].item != NULL) {
		read_integer(&judge->reader, &at_patience, fields[PATIENCE].item, 0, (uint64_t)JSON_INTEGER_MAX,
			     &stopping->patience);
	}
	if (fields[MIN_DELTA].item != NULL) {
		read_real(&judge->reader, &at_delta, fields[MIN_DELTA].item, not_negative, &stopping->min_delta);
	}
}

static void judge_recording(struct judge *judge)
{
	enum { EVERY, PARAMETERS, COUNT };
	struct recording_config *recording = &judge->spec->train.recording;
	const cJSON *item = judge->top[TOP_RECORDING].item;
	struct at at = { NULL, "recording", 0 }, at_every = { &at, "every_steps", 0 },
		  at_parameters = { &at, "parameters", 0 };
	struct field fields[COUNT] = { { .name = "every_steps" }, { .name = "parameters" } };
	recording->every_steps = default_every_steps(judge);
	judge->spec->parameters_unsaid = true;
	if (item == NULL || !read_object(&judge->reader, &at, item, fields, COUNT, NULL, NULL)) {
		return;
	}
	if (fields[EVERY].item != NULL && !cJSON_IsNull(fields[EVERY].item)) {
		read_integer(&judge->reader, &at_every, fields[EVERY].item, 1, (uint64_t)JSON_INTEGER_MAX,
			     &recording->every_steps);
	}
	if (fields[PARAMETERS].item != NULL && !cJSON_IsNull(fields[PARAMETERS].item)) {
		judge->spec->parameters_unsaid = false;
		read_bool(&judge->reader, &at_parameters, fields[PARAMETERS].item, &recording->parameters);
	}
}

void judge_stopping(struct judge *judge)
{
	enum { GRADIENT, LOSS, PARAMETER, TARGET, SECONDS, EARLY, COUNT };
	struct stopping_config *stopping = &judge->spec->train.stopping;
	const cJSON *item = judge->top[TOP_STOPPING].item;
	struct field fields[COUNT] = { { .name = "gradient_norm" },    { .name = "loss_change" },
				       { .name = "parameter_change" }, { .name = "target_loss" },
				       { .name = "max_seconds" },      { .name = "early_stopping" } };
	default_tolerances(judge, stopping);
	stopping->target_loss = (double)NAN;
	stopping->max_seconds = (double)NAN;
	if (item != NULL) {
		read_object(&judge->reader, &at_stopping, item, fields, COUNT, NULL, NULL);
	}
	take_rule(judge, "gradient_norm", fields[GRADIENT].item, 0, &stopping->gradient_norm);
	take_rule(judge, "loss_change", fields[LOSS].item, 0, &stopping->loss_change);
	take_rule(judge, "parameter_change", fields[PARAMETER].item, 0, &stopping->parameter_change);
	take_rule(judge, "target_loss", fields[TARGET].item, (double)-INFINITY, &stopping->target_loss);
	take_rule(judge, "max_seconds", fields[SECONDS].item, 0, &stopping->max_seconds);
	take_early(judge, fields[EARLY].item);
	judge_recording(judge);
}

static uint64_t points_of(const struct job_spec *spec)
{
	return spec->steps / spec->train.recording.every_steps + 2;
}

static bool too_many_to_record(const struct job_spec *spec)
{
	uint64_t numbers;
	return __builtin_mul_overflow(points_of(spec), spec->parameters, &numbers) || numbers > PARAMETERS_RECORDED_MAX;
}

void judge_path(struct job_spec *spec)
{
	enum { OF_A_SURFACE = 2 };
	if (spec->parameters_unsaid && spec->parameters == OF_A_SURFACE && !too_many_to_record(spec)) {
		spec->train.recording.parameters = true;
	}
}

void judge_recorded_parameters(struct judge *judge)
{
	const struct job_spec *spec = judge->spec;
	struct at recording = { NULL, "recording", 0 }, at = { &recording, "parameters", 0 };
	if (spec->train.recording.parameters && too_many_to_record(spec)) {
		reader_fault(
			&judge->reader, &at, FAULT_OUT_OF_RANGE, NULL, NULL,
			"%llu parameters at about %llu points are more than %d numbers: raise recording.every_steps",
			(unsigned long long)spec->parameters, (unsigned long long)points_of(spec),
			PARAMETERS_RECORDED_MAX);
	}
}
