#include "core/train/trainer.h"

#include <math.h>
#include <string.h>

#include "core/objective/game.h"
#include "core/train/internal.h"

static const char *const words[] = {
#define STOP_WORD(name, word) word,
	STOP_REASON_LIST(STOP_WORD)
#undef STOP_WORD
};

const char *stop_reason_word(enum stop_reason reason)
{
	return (unsigned)reason < STOP_REASON_COUNT ? words[reason] : "";
}

static enum status check_data(const struct trainer_setup *setup, struct error *error)
{
	const struct objective *objective = setup->objective;
	const enum dtype dtype = setup->config.training.dtype;
	const struct data_view *training = setup->training, *validation = setup->validation;

	if (!objective->rowed && (training != NULL || validation != NULL)) {
		return error_set(error, E_INVALID, "this objective has no rows, but there is data");
	}
	if (objective->rowed && (training == NULL || training->rows == 0)) {
		return error_set(error, E_INVALID, "there are no rows to train on");
	}
	if (validation != NULL && validation->rows == 0) {
		return error_set(error, E_INVALID, "there are no rows to validate on");
	}
	if (objective->dtype != dtype || (training != NULL && training->dtype != dtype) ||
	    (validation != NULL && validation->dtype != dtype)) {
		return error_set(error, E_INVALID, "objective, data and training differ in dtype");
	}
	return OK;
}

/* Tensors without the buffers, which are the last. */
static size_t moved_tensors(const struct objective *objective)
{
	size_t count = objective->tensors;
	while (count > 0 && objective->tensor[count - 1].offset >= objective->n - objective->buffers) {
		count--;
	}
	return count;
}

static enum status check_setup(const struct trainer_setup *setup, struct error *error)
{
	const struct train_config *config = &setup->config;
	const struct optimizer_type *type = config->optimizer.type;
	const char *setting = NULL;

	if (setup->objective->n == setup->objective->buffers) {
		return error_set(error, E_INVALID, "the objective has no parameters");
	}
	if (config->training.epochs == 0 && config->training.steps == 0) {
		return error_set(error, E_INVALID, "a budget of epochs or steps is needed");
	}
	if (config->recording.every_steps == 0) {
		return error_set(error, E_INVALID, "recording.every_steps must be at least 1");
	}
	if (config->stopping.early_stopping && config->stopping.early_metric == METRIC_VALIDATION_LOSS &&
	    setup->validation == NULL) {
		return error_set(error, E_INVALID, "early stopping on validation_loss needs validation rows");
	}
	if (config->optimizer.schedule.type->observe != NULL && setup->validation == NULL &&
	    settings_number(&config->optimizer.schedule.settings, "metric") == SCHEDULE_METRIC_VALIDATION) {
		return error_set(error, E_INVALID, "a schedule on validation_loss needs validation rows");
	}
	const unsigned needs = optimizer_needs(type, &config->optimizer.settings);
	const uint64_t rows = setup->training != NULL ? setup->training->rows : 0;
	if (setup->objective->l1 != NULL && config->direction != MAXIMIZE && optimizer_takes_l1(type, error) != OK) {
		return E_INVALID;
	}
	if ((needs & NEEDS_FULL_BATCH) && !train_full_batch(&config->training, rows)) {
		return error_set(error, E_INVALID, "%s needs a full batch", type->name);
	}
	if ((needs & NEEDS_QUADRATIC) && !setup->objective->quadratic) {
		return error_set(error, E_INVALID, "%s with these settings needs a quadratic objective", type->name);
	}
	if ((needs & NEEDS_NO_BOUNDS) && setup->objective->lower != NULL) {
		return error_set(error, E_INVALID, "%s cannot keep to bounds", type->name);
	}
	if ((needs & NEEDS_SQUARES) && setup->residual == NULL) {
		return error_set(error, E_INVALID, "%s needs the residuals of a sum of squares", type->name);
	}
	if ((needs & NEEDS_SQUARES) && config->direction == MAXIMIZE) {
		return error_set(error, E_INVALID, "%s makes squares small, not large", type->name);
	}
	if (type->iterate != NULL && config->optimizer.weight_decay != 0) {
		return error_set(error, E_INVALID, "%s takes no weight decay", type->name);
	}
	if (type->check != NULL && type->check(&config->optimizer.settings, &setting, error) != OK) {
		return E_INVALID;
	}
	if (type->fits != NULL && type->fits(&config->optimizer.settings, setup->objective->tensor,
					     moved_tensors(setup->objective), error) != OK) {
		return E_INVALID;
	}
	if (type->suits != NULL && type->suits(&config->optimizer.settings, setup->objective, error) != OK) {
		return E_INVALID;
	}
	if (setup->objective->game != NULL && play_check(setup, error) != OK) {
		return E_INVALID;
	}
	return check_data(setup, error);
}

/* Points the trainer at the places of its block. */
static void lay_out(struct trainer *trainer)
{
	const struct state_layout *layout = &trainer->layout;
	char *block = (char *)trainer->state;

	trainer->theta = block + layout->theta;
	trainer->best = block + layout->best;
	trainer->average = block + layout->average;
	trainer->optimizer.scalar = (double *)(void *)(block + layout->scalars);
	for (size_t k = 0; k < layout->slots; k++) {
		trainer->optimizer.slot[k] = block + layout->slot[k];
	}
	trainer->optimizer.table = (double *)(void *)(block + layout->table);
	trainer->optimizer.partial = trainer->partial;
	trainer->optimizer.history = block + layout->history;
	trainer->optimizer.stride = layout->stride;
	trainer->optimizer.spare = trainer->spare;
	trainer->optimizer.workspace = trainer->workspace;
	trainer->carried = block + layout->gradient;
	for (size_t k = 0; k < trainer->optimizer.type->scratch; k++) {
		trainer->optimizer.scratch[k] = (char *)trainer->scratch + k * layout->stride;
	}
}

static void derive(struct trainer *trainer)
{
	const struct trainer_setup *setup = &trainer->setup;
	const struct train_config *config = &setup->config;

	trainer->kernels = kernels_active();
	trainer->total = setup->objective->n;
	trainer->n = trainer->total - setup->objective->buffers;
	trainer->dtype = config->training.dtype;
	trainer->rows = setup->training != NULL ? setup->training->rows : 0;
	trainer->steps_per_epoch = train_steps_per_epoch(&config->training, trainer->rows);
	trainer->steps_total = train_steps_total(&config->training, trainer->rows);
	trainer->full = train_full_batch(&config->training, trainer->rows);
	trainer->look_ahead = config->optimizer.type->look_ahead_f64 != NULL;
	trainer->rules = stopping_any(&config->stopping) || config->optimizer.schedule.type->tests;
	trainer->finds_rate = config->optimizer.schedule.type->tests;
	trainer->early_train = config->stopping.early_stopping && config->stopping.early_metric == METRIC_TRAIN_LOSS;
	trainer->track_train = setup->validation == NULL || trainer->early_train;
	if (config->optimizer.schedule.type->observe != NULL &&
	    optimizer_rate_index(config->optimizer.type) < config->optimizer.type->setting_count) {
		const double metric = settings_number(&config->optimizer.schedule.settings, "metric");
		trainer->observe_train = metric == SCHEDULE_METRIC_TRAIN || setup->validation == NULL;
		trainer->observe_validation = !trainer->observe_train;
	}
	trainer->seconds_limit =
		fmin(config->stopping.max_seconds, setup->seconds_limit > 0 ? setup->seconds_limit : (double)NAN);
	trainer->sign = config->direction == MAXIMIZE ? -1 : 1;
	trainer->order_epoch = UINT64_MAX;
	trainer->clock_stride = 1;
	trainer->fingerprint = state_fingerprint(setup);
	trainer->optimizer.type = config->optimizer.type;
	trainer->optimizer.settings = config->optimizer.settings;
	trainer->optimizer.dtype = trainer->dtype;
	trainer->optimizer.n = trainer->n;
	trainer->optimizer.tensor = setup->objective->tensor;
	trainer->optimizer.tensors = moved_tensors(setup->objective);
	trainer->optimizer.executor = setup->executor;
	trainer->iterates = config->optimizer.type->iterate != NULL;
	trainer->bounded = config->bounded;
	trainer->apart =
		config->optimizer.type->whole_f64 != NULL || trainer->bounded || config->optimizer.weight_decay != 0;
	/* In a box what an optimizer remembers of the way may press x against a bound for a while. */
	trainer->pauses =
		config->optimizer.type->pauses || (trainer->bounded && !trainer->iterates &&
						   config->optimizer.type->slots(&config->optimizer.settings) > 0);
	trainer->rate_index = optimizer_rate_index(config->optimizer.type);
	trainer->proximal =
		setup->objective->l1 != NULL && trainer->sign > 0 && optimizer_is_proximal(config->optimizer.type);
	setup->objective->smooth = trainer->proximal;
	trainer->game = setup->objective->game;
	trainer->discriminator_factor = 1;
	if (trainer->game != NULL && config->optimizer.discriminator_rate > 0) {
		trainer->discriminator_factor = config->optimizer.discriminator_rate / rate_base(trainer);
	}
	if (setup->objective->linear.loss.derive != NULL) {
		trainer->linear = (struct linear_view){ &setup->objective->linear, setup->training, setup->executor };
	}
}

/* Makes the optimizer read its settings from the trainer's copy, in which the schedule moves the momentum, and in which
 * a weight decay is 0 that the trainer does in its place. */
static void own_settings(struct trainer *trainer)
{
	struct settings *settings = &trainer->optimizer.settings;

	if (trainer->values == NULL) {
		return;
	}
	memcpy(trainer->values, settings->value, settings->count * sizeof *trainer->values);
	settings->value = trainer->values;
	for (size_t i = 0; i < settings->count; i++) {
		struct setting_value *value = &trainer->values[i];
		if (strcmp(settings->table[i].name, "weight_decay") == 0 &&
		    trainer->setup.config.optimizer.weight_decay != 0) {
			value->number = 0;
		} else if (!schedule_moves_momentum(&trainer->setup.config.optimizer.schedule)) {
			continue;
		} else if (strcmp(settings->table[i].name, "momentum") == 0 && value->number != 0) {
			trainer->momentum = &value->number;
		} else if (strcmp(settings->table[i].name, "betas") == 0) {
			memcpy(trainer->betas, value->values, sizeof trainer->betas);
			value->values = trainer->betas;
			trainer->momentum = trainer->betas;
		}
	}
}

void trainer_set_momentum(struct trainer *trainer, uint64_t k)
{
	if (trainer->momentum != NULL) {
		const double momentum = schedule_momentum(&trainer->setup.config.optimizer.schedule, k,
							  trainer->steps_per_epoch, trainer->steps_total);
		*trainer->momentum = isnan(momentum) ? *trainer->momentum : momentum;
	}
}

void trainer_begin(struct trainer *trainer)
{
	const struct trainer_setup *setup = &trainer->setup;

	memset(trainer->state, 0, trainer->layout.size);
	state_begin(trainer->state, &trainer->layout, trainer->fingerprint);
	if (setup->initial != NULL) {
		memcpy(trainer->theta, setup->initial, trainer->total * dtype_size(trainer->dtype));
	} else {
		setup->objective->type->initialise(setup->objective, setup->config.training.seed, trainer->theta);
	}
	if (trainer->bounded) {
		box_project(trainer, trainer->theta);
	}
	if (train_averages(&setup->config.optimizer)) {
		memcpy(trainer->average, trainer->theta, setup->objective->n * dtype_size(trainer->dtype));
	}
}

enum status trainer_create(const struct trainer_setup *setup, struct trainer **out, struct error *error)
{
	const struct objective *objective = setup->objective;
	const uint64_t rows = setup->training != NULL ? setup->training->rows : 0;
	struct trainer_sizes sizes;

	enum status status = check_setup(setup, error);
	if (status != OK) {
		return status;
	}
	const size_t outputs = objective->type->predict != NULL ? objective->outputs : 0;
	struct train_config config = setup->config;
	config.bounded = objective->lower != NULL;
	const struct linear_form *linear = objective->linear.loss.derive != NULL ? &objective->linear : NULL;
	const struct optimizer_shape shape = { objective->n - objective->buffers,
					       rows,
					       linear != NULL ? linear->outputs : outputs,
					       linear != NULL,
					       objective->buffers,
					       linear != NULL && linear->loss.kinked,
					       objective->game != NULL ? PLAYERS : 0 };
	status = trainer_sizes(&config, &shape, &sizes);
	if (status != OK) {
		return error_set(error, E_MEMORY, "%zu parameters are more than memory can hold", objective->n);
	}
	struct trainer *trainer = trainer_allocate(&sizes);
	if (trainer == NULL) {
		return error_set(error, E_MEMORY, "no memory for %zu parameters", objective->n);
	}
	trainer->setup = *setup;
	trainer->setup.config = config;
	trainer->layout = sizes.layout;
	trainer->points_capacity = sizes.points_capacity;
	trainer->outputs_rows = evaluate_rows(outputs);
	derive(trainer);
	own_settings(trainer);
	lay_out(trainer);
	trainer_begin(trainer);
	trainer->setup.initial = NULL;
	*out = trainer;
	return OK;
}

const void *trainer_state(const struct trainer *trainer, size_t *size)
{
	*size = trainer->layout.size;
	return trainer->state;
}

enum status trainer_restore(struct trainer *trainer, const void *state, size_t size, struct error *error)
{
	const enum status status = state_check(state, size, &trainer->layout, trainer->fingerprint, error);
	if (status == OK) {
		memcpy(trainer->state, state, size);
		trainer->points_count = 0;
		trainer->optimizer.kept = false;
	}
	return status;
}

enum stop_reason trainer_reason(const struct trainer *trainer)
{
	return (enum stop_reason)trainer->state->reason;
}

size_t trainer_take_points(struct trainer *trainer, const struct curve_point **points, const double **parameters)
{
	const size_t count = trainer->points_count;
	*points = trainer->points;
	if (parameters != NULL) {
		*parameters = trainer->point_parameters;
	}
	trainer->points_count = 0;
	return count;
}

void trainer_progress(const struct trainer *trainer, struct trainer_progress *out)
{
	const struct run_state *state = trainer->state;
	*out = (struct trainer_progress){
		.step = state->step,
		.steps = trainer->steps_total,
		.steps_per_epoch = trainer->steps_per_epoch,
		.epochs = trainer->setup.config.training.epochs,
		.epoch = (double)state->step / (double)trainer->steps_per_epoch,
		.seconds = state->seconds,
		.rows_seen = state->rows_seen,
		.values = state->values,
		.gradients = state->gradients,
		.last = state->last,
		.has_best = state->best != BEST_NONE,
		.best_step = state->best_step,
		.best_value = state->best_value,
		.best_metric = state->best == BEST_MEASURED && !trainer->track_train ? METRIC_VALIDATION_LOSS
										     : METRIC_TRAIN_LOSS,
		.reason = (enum stop_reason)state->reason,
		.finding = finder_result(trainer),
		.reason_value = state->reason_value,
		.reason_limit = state->reason_limit,
		.oscillating = state->compared > 0 && 2 * state->risen >= state->compared,
	};
}

size_t trainer_trace(const struct trainer *trainer, struct trace_sample out[TRACE_SAMPLES + 1])
{
	const struct run_state *state = trainer->state;
	const struct curve_point *last = &state->last;
	size_t count = state->trace_count;

	memcpy(out, state->trace, count * sizeof *out);
	if (trainer->full && count > 0 && last->step > out[count - 1].step && (last->measured & POINT_TRAIN_LOSS)) {
		out[count++] = (struct trace_sample){ last->step, last->train_loss, last->gradient_norm };
	}
	return count;
}

const void *trainer_parameters(const struct trainer *trainer)
{
	return trainer->theta;
}

const void *trainer_best(const struct trainer *trainer)
{
	return trainer->state->best != BEST_NONE ? trainer->best : NULL;
}

const void *trainer_average(const struct trainer *trainer)
{
	return train_averages(&trainer->setup.config.optimizer) ? trainer->average : NULL;
}

void trainer_stop(struct trainer *trainer, enum stop_reason reason)
{
	struct run_state *state = trainer->state;
	if (state->reason != STOP_NONE) {
		return;
	}
	state->reason = reason;
	if (state->last.step == state->step || trainer->points_count == trainer->points_capacity) {
		return;
	}
	const struct curve_point last = state->last;
	uint64_t measured = 0;
	if (trainer->full && state->arrived) {
		measured = POINT_TRAIN_LOSS | POINT_GRADIENT_NORM;
	} else if (state->carried & CARRIED_VALUE) {
		state->loss = state->carried_value;
		measured = POINT_TRAIN_LOSS;
	}
	clock_begin(trainer);
	record_point(trainer, measured, NAN);
	if (measured == 0 && last.step != UINT64_MAX) {
		state->last = last; /* what is known of the loss */
	}
}
