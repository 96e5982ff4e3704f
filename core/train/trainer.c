#include "core/train/trainer.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "core/train/internal.h"

enum {
	POINTS_MAX = 1024,               /* points that are held until they are taken */
	POINT_PARAMETER_BYTES = 4 << 20, /* ... and their parameters, unless one point has more */
	MEMORY_ALIGN = 64,
};

static const char *const words[] = {
#define STOP_WORD(name, word) word,
	STOP_REASON_LIST(STOP_WORD)
#undef STOP_WORD
};

const char *stop_reason_word(enum stop_reason reason)
{
	return (unsigned)reason < STOP_REASON_COUNT ? words[reason] : "";
}

/* Bytes of every array that a trainer owns; 0: none. */
struct sizes {
	struct state_layout layout;
	size_t gradient, point, partial, order, outputs, target_sums, points, parameters;
	size_t points_capacity;
};

static enum status measure(const struct train_config *config, size_t n, size_t outputs, uint64_t rows,
			   struct sizes *sizes)
{
	const struct training_config *training = &config->training;
	const enum status status = state_measure(config, n, &sizes->layout);
	size_t vector, wide, numbers;

	if (status != OK || !size_multiply(n, dtype_size(training->dtype), &vector) ||
	    !size_multiply(n, sizeof(double), &wide)) {
		return E_TOO_LARGE;
	}
	sizes->gradient = vector;
	sizes->point = config->optimizer.type->look_ahead_f64 != NULL ? vector : 0;
	sizes->partial = 2 * vector_chunks(n) * sizeof(double);
	sizes->order = 0;
	if (training->shuffle && !train_full_batch(training, rows)) {
		if (rows > UINT32_MAX || !size_multiply(rows, sizeof(uint32_t), &sizes->order)) {
			return E_TOO_LARGE;
		}
	}
	sizes->outputs = 0;
	sizes->target_sums = 0;
	if (outputs > 0) {
		if (!size_multiply(evaluate_rows(outputs), outputs, &numbers) ||
		    !size_multiply(numbers, dtype_size(training->dtype), &sizes->outputs) ||
		    !size_multiply(evaluate_sums(outputs), sizeof(double), &sizes->target_sums)) {
			return E_TOO_LARGE;
		}
	}
	sizes->points_capacity = POINTS_MAX;
	sizes->parameters = 0;
	if (config->recording.parameters) {
		const size_t fit = wide == 0 ? POINTS_MAX : POINT_PARAMETER_BYTES / wide;
		sizes->points_capacity = fit > POINTS_MAX ? POINTS_MAX : fit == 0 ? 1 : fit;
		if (!size_multiply(wide, sizes->points_capacity, &sizes->parameters)) {
			return E_TOO_LARGE;
		}
	}
	sizes->points = sizes->points_capacity * sizeof(struct curve_point);
	return OK;
}

enum status trainer_measure(const struct train_config *config, size_t n, size_t outputs, uint64_t rows, size_t *bytes)
{
	struct sizes sizes;
	const enum status status = measure(config, n, outputs, rows, &sizes);
	if (status != OK) {
		return status;
	}
	const size_t parts[] = { sizes.layout.size, sizes.gradient,    sizes.point,  sizes.partial,   sizes.order,
				 sizes.outputs,     sizes.target_sums, sizes.points, sizes.parameters };
	size_t sum = sizeof(struct trainer);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (!size_add(sum, parts[i], &sum)) {
			return E_TOO_LARGE;
		}
	}
	*bytes = sum;
	return OK;
}

/* *out = memory of `bytes`, aligned, not set; nothing when bytes is 0. */
static bool take(size_t bytes, void *out)
{
	void *memory = NULL;
	if (bytes != 0) {
		if (bytes > SIZE_MAX - MEMORY_ALIGN) {
			return false;
		}
		memory = aligned_alloc(MEMORY_ALIGN, (bytes + MEMORY_ALIGN - 1) & ~(size_t)(MEMORY_ALIGN - 1));
		if (memory == NULL) {
			return false;
		}
	}
	memcpy(out, &memory, sizeof memory);
	return true;
}

static bool take_all(struct trainer *trainer, const struct sizes *sizes)
{
	return take(sizes->layout.size, &trainer->state) && take(sizes->gradient, &trainer->gradient) &&
	       take(sizes->point, &trainer->point) && take(sizes->partial, &trainer->partial) &&
	       take(sizes->order, &trainer->order) && take(sizes->outputs, &trainer->outputs) &&
	       take(sizes->target_sums, &trainer->target_sums) && take(sizes->points, &trainer->points) &&
	       take(sizes->parameters, &trainer->point_parameters);
}

void trainer_destroy(struct trainer *trainer)
{
	if (trainer == NULL) {
		return;
	}
	free(trainer->state);
	free(trainer->gradient);
	free(trainer->point);
	free(trainer->partial);
	free(trainer->order);
	free(trainer->outputs);
	free(trainer->target_sums);
	free(trainer->points);
	free(trainer->point_parameters);
	free(trainer);
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

static enum status check_setup(const struct trainer_setup *setup, struct error *error)
{
	const struct train_config *config = &setup->config;
	const struct optimizer_type *type = config->optimizer.type;
	const char *setting = NULL;

	if (setup->objective->n == 0) {
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
	if (type->check != NULL && type->check(&config->optimizer.settings, &setting, error) != OK) {
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
	trainer->optimizer.scalar = (double *)(void *)(block + layout->scalars);
	for (size_t k = 0; k < layout->slots; k++) {
		trainer->optimizer.slot[k] = block + layout->slot[k];
	}
}

static void derive(struct trainer *trainer)
{
	const struct trainer_setup *setup = &trainer->setup;
	const struct train_config *config = &setup->config;

	trainer->kernels = kernels_active();
	trainer->n = setup->objective->n;
	trainer->dtype = config->training.dtype;
	trainer->rows = setup->training != NULL ? setup->training->rows : 0;
	trainer->steps_per_epoch = train_steps_per_epoch(&config->training, trainer->rows);
	trainer->steps_total = train_steps_total(&config->training, trainer->rows);
	trainer->full = train_full_batch(&config->training, trainer->rows);
	trainer->look_ahead = config->optimizer.type->look_ahead_f64 != NULL;
	trainer->rules = stopping_any(&config->stopping);
	trainer->early_train = config->stopping.early_stopping && config->stopping.early_metric == METRIC_TRAIN_LOSS;
	trainer->track_train = setup->validation == NULL || trainer->early_train;
	trainer->sign = config->direction == MAXIMIZE ? -1 : 1;
	trainer->order_epoch = UINT64_MAX;
	trainer->clock_stride = 1;
	trainer->fingerprint = state_fingerprint(setup);
	trainer->optimizer.type = config->optimizer.type;
	trainer->optimizer.settings = config->optimizer.settings;
	trainer->optimizer.dtype = trainer->dtype;
	trainer->optimizer.n = trainer->n;
	trainer->rate_index =
		(size_t)(settings_get(&config->optimizer.settings, "learning_rate") - config->optimizer.settings.value);
}

static void begin(struct trainer *trainer)
{
	const struct trainer_setup *setup = &trainer->setup;

	memset(trainer->state, 0, trainer->layout.size);
	state_begin(trainer->state, &trainer->layout, trainer->fingerprint);
	if (setup->initial != NULL) {
		memcpy(trainer->theta, setup->initial, trainer->n * dtype_size(trainer->dtype));
	} else {
		setup->objective->type->initialise(setup->objective, setup->config.training.seed, trainer->theta);
	}
}

enum status trainer_create(const struct trainer_setup *setup, struct trainer **out, struct error *error)
{
	const struct objective *objective = setup->objective;
	const uint64_t rows = setup->training != NULL ? setup->training->rows : 0;
	struct sizes sizes;

	enum status status = check_setup(setup, error);
	if (status != OK) {
		return status;
	}
	const size_t outputs = objective->type->predict != NULL ? objective->outputs : 0;
	status = measure(&setup->config, objective->n, outputs, rows, &sizes);
	if (status != OK) {
		return error_set(error, E_MEMORY, "%zu parameters are more than memory can hold", objective->n);
	}
	struct trainer *trainer = calloc(1, sizeof *trainer);
	if (trainer == NULL || !take_all(trainer, &sizes)) {
		trainer_destroy(trainer);
		return error_set(error, E_MEMORY, "no memory for %zu parameters", objective->n);
	}
	trainer->setup = *setup;
	trainer->layout = sizes.layout;
	trainer->points_capacity = sizes.points_capacity;
	trainer->outputs_rows = evaluate_rows(outputs);
	derive(trainer);
	lay_out(trainer);
	begin(trainer);
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
		.last = state->last,
		.has_best = state->best != BEST_NONE,
		.best_step = state->best_step,
		.best_value = state->best_value,
		.best_metric = state->best == BEST_MEASURED && !trainer->track_train ? METRIC_VALIDATION_LOSS
										     : METRIC_TRAIN_LOSS,
		.reason = (enum stop_reason)state->reason,
		.reason_value = state->reason_value,
		.reason_limit = state->reason_limit,
		.oscillating = state->compared > 0 && 2 * state->risen >= state->compared,
	};
}

const void *trainer_parameters(const struct trainer *trainer)
{
	return trainer->theta;
}

const void *trainer_best(const struct trainer *trainer)
{
	return trainer->state->best != BEST_NONE ? trainer->best : NULL;
}

void trainer_stop(struct trainer *trainer, enum stop_reason reason)
{
	if (trainer->state->reason == STOP_NONE) {
		trainer->state->reason = reason;
	}
}
