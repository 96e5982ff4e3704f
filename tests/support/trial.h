/*
 * What the trainer's tests share: hand-written objectives, a run's whole configuration with defaults, and a way to
 * run it to its end while its points are collected.
 */
#ifndef TESTS_SUPPORT_TRIAL_H
#define TESTS_SUPPORT_TRIAL_H

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/function/function.h"
#include "core/train/trainer.h"

enum { TRIAL_SETTINGS = 16, TRIAL_MAX = 64 };

/* An objective that a test wrote: value and gradient in double, whatever the dtype. */
struct trial_objective {
	struct objective base;
	struct tensor tensor;
	/* value at theta [n] over the batch (NULL: no rows); gradient [n] may be NULL */
	double (*evaluate)(const struct trial_objective *self, const double *theta, const struct batch *batch,
			   double *gradient);
	/* a closed-form function and its constants */
	const struct function_type *function;
	struct settings settings;
	struct setting_value value[TRIAL_SETTINGS];
	double constants[16];
	double scale;
	size_t evaluations, values; /* calls, and those that wanted the value */
	size_t cancel_at;           /* this call (1: the first) gives up; 0: none */
};

static inline enum status trial_evaluate(struct objective *objective, const void *theta, const struct batch *batch,
					 struct executor *executor, double *value, void *gradient)
{
	struct trial_objective *self = (struct trial_objective *)objective;
	double x[TRIAL_MAX], g[TRIAL_MAX];

	self->evaluations++;
	self->values += value != NULL;
	if (executor_stopped(executor) || self->evaluations == self->cancel_at) {
		return E_CANCELLED;
	}
	for (size_t i = 0; i < objective->n; i++) {
		x[i] = dtype_get(objective->dtype, theta, i);
	}
	const double f = self->scale * self->evaluate(self, x, batch, gradient != NULL ? g : NULL);
	if (value != NULL) {
		*value = f;
	}
	for (size_t i = 0; gradient != NULL && i < objective->n; i++) {
		dtype_set(objective->dtype, gradient, i, self->scale * g[i]);
	}
	return OK;
}

static inline void trial_initialise(const struct objective *objective, uint64_t seed, void *theta)
{
	for (size_t i = 0; i < objective->n; i++) {
		dtype_set(objective->dtype, theta, i, 0.385 + 0.1 * (double)i + 0.01 * (double)seed);
	}
}

static inline void trial_destroy(struct objective *objective)
{
	(void)objective;
}

static const struct objective_type trial_type = { .evaluate = trial_evaluate,
						  .initialise = trial_initialise,
						  .destroy = trial_destroy };

static inline double trial_function(const struct trial_objective *self, const double *theta, const struct batch *batch,
				    double *gradient)
{
	(void)batch;
	return self->function->evaluate_f64(&self->settings, self->constants, self->base.n, theta, gradient);
}

/* f(x) = sum_i (i + 1.385) x_i^2 / 2: the gradient is (i + 1.385) x_i. */
static inline double trial_bowl(const struct trial_objective *self, const double *theta, const struct batch *batch,
				double *gradient)
{
	double sum = 0;
	(void)batch;
	for (size_t i = 0; i < self->base.n; i++) {
		const double c = (double)i + 1.385;
		sum += 0.5 * c * theta[i] * theta[i];
		if (gradient != NULL) {
			gradient[i] = c * theta[i];
		}
	}
	return sum;
}

/* Mean over the batch of (x'theta - y)^2: least squares over the rows of a view. */
static inline double trial_least_squares(const struct trial_objective *self, const double *theta,
					 const struct batch *batch, double *gradient)
{
	const struct data_view *data = batch->data;
	const size_t n = self->base.n;
	double sum = 0;

	for (size_t j = 0; gradient != NULL && j < n; j++) {
		gradient[j] = 0;
	}
	for (size_t k = 0; k < batch->count; k++) {
		const size_t row = batch->index != NULL ? batch->index[batch->first + k] : batch->first + k;
		double d = -dtype_get(data->dtype, data->y, row);
		for (size_t j = 0; j < n; j++) {
			d += theta[j] * dtype_get(data->dtype, data->x, row * n + j);
		}
		sum += d * d;
		for (size_t j = 0; gradient != NULL && j < n; j++) {
			gradient[j] += 2 * d * dtype_get(data->dtype, data->x, row * n + j) / (double)batch->count;
		}
	}
	return sum / (double)batch->count;
}

/* x'theta - y of the batch's first row: what trial_least_squares squares. */
static inline double trial_residual(const struct trial_objective *self, const double *theta, const struct batch *batch,
				    double *gradient)
{
	const struct data_view *data = batch->data;
	const size_t n = self->base.n;
	double d = -dtype_get(data->dtype, data->y, batch->first);

	for (size_t j = 0; j < n; j++) {
		const double x = dtype_get(data->dtype, data->x, batch->first * n + j);
		d += theta[j] * x;
		if (gradient != NULL) {
			gradient[j] = x;
		}
	}
	return d;
}

static inline void trial_objective_init(struct trial_objective *self, enum dtype dtype, size_t n,
					double (*evaluate)(const struct trial_objective *, const double *,
							   const struct batch *, double *))
{
	memset(self, 0, sizeof *self);
	self->tensor = (struct tensor){ .name = "x", .rank = 1, .shape = { n }, .size = n };
	self->base = (struct objective){ .type = &trial_type,
					 .dtype = dtype,
					 .n = n,
					 .tensors = 1,
					 .tensor = &self->tensor,
					 .rowed = evaluate == trial_least_squares,
					 .quadratic = evaluate == trial_least_squares || evaluate == trial_bowl };
	if (evaluate == trial_least_squares) {
		self->base.linear = (struct linear_form){
			.loss = { .derive = row_squares, .factor = 1, .steepest = 2, .quadratic = true },
			.features = n,
			.outputs = 1
		};
	}
	self->evaluate = evaluate;
	self->scale = 1;
}

static inline void trial_function_init(struct trial_objective *self, enum dtype dtype, size_t n, const char *name)
{
	trial_objective_init(self, dtype, n, trial_function);
	self->function = function_find(name);
	ck_assert_ptr_nonnull(self->function);
	self->base.quadratic = self->function->quadratic;
	ck_assert_uint_le(self->function->setting_count, TRIAL_SETTINGS);
	settings_defaults(self->function->settings, self->function->setting_count, self->value);
	self->settings = (struct settings){ self->function->settings, self->function->setting_count, self->value };
	if (self->function->prepare != NULL) {
		self->function->prepare(&self->settings, n, self->constants);
	}
}

/* A run: its configuration, objective, data and what came out. */
struct trial {
	struct trial_objective objective, residual;
	struct trainer_setup setup;
	struct setting_value optimizer_value[TRIAL_SETTINGS], schedule_value[TRIAL_SETTINGS];
	struct executor executor;
	struct trainer *trainer;
	struct curve_point *points; /* all taken so far */
	double *parameters;         /* beside them, when recorded */
	size_t count;
};

/* Chooses an optimizer and a schedule by name, their settings at the defaults. */
static inline void trial_optimizer(struct trial *trial, const char *optimizer, const char *schedule)
{
	struct optimizer_config *config = &trial->setup.config.optimizer;
	config->type = optimizer_find(optimizer);
	ck_assert_ptr_nonnull(config->type);
	ck_assert_uint_le(config->type->setting_count, TRIAL_SETTINGS);
	settings_defaults(config->type->settings, config->type->setting_count, trial->optimizer_value);
	config->settings =
		(struct settings){ config->type->settings, config->type->setting_count, trial->optimizer_value };
	config->schedule.type = schedule_find(schedule);
	ck_assert_ptr_nonnull(config->schedule.type);
	settings_defaults(config->schedule.type->settings, config->schedule.type->setting_count, trial->schedule_value);
	config->schedule.settings = (struct settings){ config->schedule.type->settings,
						       config->schedule.type->setting_count, trial->schedule_value };
}

/* The value of a setting, to be changed before the run begins. */
static inline struct setting_value *trial_setting(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(settings->table[i].name, name) == 0) {
			return (struct setting_value *)(size_t)&settings->value[i];
		}
	}
	ck_abort_msg("no setting %s", name);
	return NULL;
}

static inline void trial_number(struct trial *trial, const char *name, double number)
{
	trial_setting(&trial->setup.config.optimizer.settings, name)->number = number;
}

/* The same, of an optimizer that has such a setting. */
static inline void trial_number_if(struct trial *trial, const char *name, double number)
{
	const struct settings *settings = &trial->setup.config.optimizer.settings;
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(settings->table[i].name, name) == 0) {
			trial_number(trial, name, number);
		}
	}
}

static inline bool trial_needs(const struct trial *trial, enum optimizer_need need)
{
	const struct optimizer_config *config = &trial->setup.config.optimizer;
	return (optimizer_needs(config->type, &config->settings) & need) != 0;
}

/* Ten rows to train on and five to validate, four features, one target that is nearly a line of them. */
enum { TRIAL_ROWS = 10, TRIAL_VALIDATION_ROWS = 5, TRIAL_FEATURES = 4 };

/* Whether the optimizer refuses an objective without rows. */
static inline bool trial_wants_rows(const char *optimizer)
{
	struct objective bowl = { .n = TRIAL_FEATURES };
	struct setting_value value[TRIAL_SETTINGS];
	const struct optimizer_type *type = optimizer_find(optimizer);
	settings_defaults(type->settings, type->setting_count, value);
	const struct settings settings = { type->settings, type->setting_count, value };
	return type->suits != NULL && type->suits(&settings, &bowl, NULL) != OK;
}

/* Has the parameters taken as a matrix, by the optimizers that ask. The numbers are borrowed. */
static inline void trial_shape(const struct settings *settings, const double shape[2])
{
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(settings->table[i].name, "shape") == 0) {
			struct setting_value *value = trial_setting(settings, "shape");
			value->values = shape;
			value->rows = 2;
			value->columns = 1;
		}
	}
}

/* Turns every flag of an optimizer on, every choice to its last word, and gives what is off by default a number:
 * the settings under which it has the most state. */
static inline void trial_everything(const struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct setting *setting = &settings->table[i];
		struct setting_value *value = (struct setting_value *)(size_t)&settings->value[i];
		if (setting->kind == SETTING_BOOL) {
			value->number = 1;
		} else if (setting->kind == SETTING_CHOICE) {
			while (setting->choices[(size_t)value->number + 1] != NULL) {
				value->number++;
			}
		} else if (setting->nullable && isnan(value->number)) {
			value->number = setting->maximum < 1.385 ? 0.785 : 1.385;
		} else if (strcmp(setting->name, "momentum") == 0) {
			value->number = 0.785;
		}
	}
}

/* sgd at a constant rate, minimising, every rule off, full batch, float64, a point a step, `steps` steps. The trial
 * must not move in memory afterwards. */
static inline void trial_init(struct trial *trial, uint64_t steps)
{
	memset(trial, 0, sizeof *trial);
	trial->executor = executor_serial();
	trial->setup = (struct trainer_setup){
		.config = { .optimizer = { .clip_grad_norm = NAN, .clip_eps = 1e-6, .clip_grad_value = NAN },
			    .training = { .steps = steps, .shuffle = true, .seed = 7, .dtype = DTYPE_FLOAT64 },
			    .stopping = { .gradient_norm = NAN,
					  .loss_change = NAN,
					  .parameter_change = NAN,
					  .target_loss = NAN,
					  .max_seconds = NAN },
			    .recording = { .every_steps = 1 } },
		.objective = &trial->objective.base,
		.executor = &trial->executor,
	};
	trial_optimizer(trial, "sgd", "constant");
}

static inline void trial_create(struct trial *trial)
{
	struct error error = { OK, "" };
	if (trial_needs(trial, NEEDS_SQUARES)) {
		const struct objective *objective = trial->setup.objective;
		trial_objective_init(&trial->residual, objective->dtype, objective->n, trial_residual);
		trial->setup.residual = &trial->residual.base;
	}
	ck_assert_msg(trainer_create(&trial->setup, &trial->trainer, &error) == OK, "%s", error.text);
}

/* Moves the trainer's points to the trial's. */
static inline void trial_take(struct trial *trial)
{
	const struct curve_point *points;
	const double *parameters;
	const size_t n = trial->objective.base.n, count = trainer_take_points(trial->trainer, &points, &parameters);

	if (count == 0) {
		return;
	}
	trial->points = realloc(trial->points, (trial->count + count) * sizeof *points);
	memcpy(trial->points + trial->count, points, count * sizeof *points);
	if (parameters != NULL) {
		trial->parameters = realloc(trial->parameters, (trial->count + count) * n * sizeof *parameters);
		memcpy(trial->parameters + trial->count * n, parameters, count * n * sizeof *parameters);
	}
	trial->count += count;
}

/* Runs until the end. */
static inline enum stop_reason trial_finish(struct trial *trial)
{
	while (trainer_reason(trial->trainer) == STOP_NONE) {
		ck_assert_int_eq(trainer_advance(trial->trainer, 100), OK);
		trial_take(trial);
	}
	return trainer_reason(trial->trainer);
}

static inline enum stop_reason trial_run(struct trial *trial)
{
	trial_create(trial);
	return trial_finish(trial);
}

static inline struct trainer_progress trial_progress(const struct trial *trial)
{
	struct trainer_progress progress;
	trainer_progress(trial->trainer, &progress);
	return progress;
}

static inline void trial_end(struct trial *trial)
{
	trainer_destroy(trial->trainer);
	free(trial->points);
	free(trial->parameters);
	trial->trainer = NULL;
	trial->points = NULL;
	trial->parameters = NULL;
	trial->count = 0;
}

struct trial_data {
	double x[TRIAL_ROWS + TRIAL_VALIDATION_ROWS][TRIAL_FEATURES], y[TRIAL_ROWS + TRIAL_VALIDATION_ROWS];
	float x32[TRIAL_ROWS + TRIAL_VALIDATION_ROWS][TRIAL_FEATURES], y32[TRIAL_ROWS + TRIAL_VALIDATION_ROWS];
	struct data_view training, validation;
};

static inline void trial_data_init(struct trial_data *data, enum dtype dtype)
{
	for (size_t r = 0; r < TRIAL_ROWS + TRIAL_VALIDATION_ROWS; r++) {
		const double t = (double)r;
		data->x[r][0] = 1;
		data->x[r][1] = sin(1.385 * t);
		data->x[r][2] = cos(2.71 * t * t);
		data->x[r][3] = sin(0.785 * t * t + 1);
		data->y[r] = 0.385 + 1.5 * data->x[r][1] - 0.7 * data->x[r][2] + 0.05 * sin(9.1 * t);
		for (size_t c = 0; c < TRIAL_FEATURES; c++) {
			data->x32[r][c] = (float)data->x[r][c];
		}
		data->y32[r] = (float)data->y[r];
	}
	const bool single = dtype == DTYPE_FLOAT32;
	data->training = (struct data_view){ .dtype = dtype,
					     .rows = TRIAL_ROWS,
					     .features = TRIAL_FEATURES,
					     .x = single ? (void *)data->x32 : (void *)data->x,
					     .targets = 1,
					     .y = single ? (void *)data->y32 : (void *)data->y };
	data->validation = data->training;
	data->validation.rows = TRIAL_VALIDATION_ROWS;
	data->validation.x = single ? (void *)data->x32[TRIAL_ROWS] : (void *)data->x[TRIAL_ROWS];
	data->validation.y = single ? (void *)(data->y32 + TRIAL_ROWS) : (void *)(data->y + TRIAL_ROWS);
}

/* Least squares over these rows, in batches of 4 (0: all). */
static inline void trial_rows(struct trial *trial, struct trial_data *data, enum dtype dtype, uint64_t batch_size)
{
	trial_data_init(data, dtype);
	trial_objective_init(&trial->objective, dtype, TRIAL_FEATURES, trial_least_squares);
	trial->setup.training = &data->training;
	trial->setup.config.training.dtype = dtype;
	trial->setup.config.training.batch_size = batch_size;
}

#endif
