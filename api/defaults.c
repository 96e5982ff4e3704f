/*
 * Every default that depends on the job, in one place, with its reason. (Those that do not stand in core's tables.)
 *
 *   optimizer      see auto.c.
 *   learning rate  Adam moves a parameter by about the rate in each update, whatever the gradient's size.
 *                  linear models of classes: weights of standardised features end within a few units: 0.05.
 *                  linear regression: the intercept has to travel to the target's mean and the weights to a few of its
 *                  standard deviations: a hundredth of |mean| + 2 sd, so that this takes some hundred updates.
 *                  networks: Adam's customary 0.001, more where few rows mean few updates.
 *                  functions: 0.01.
 *                  With rows the like of Adam take the same or a part of it (`kin`), at least what is customary.
 *                  Plain descent and its momenta, linear models, every row at once: 1/L, at least the customary rate.
 *                  Of standardised features L is at most their number and 1 for the intercept, times 1/2 (classes, by
 *                  the softmax; two classes would do with 1/4) or 2 (squares).
 *   schedule       cosine where the job leaves optimizer, rate and schedule to us and it is one of plain gradient
 *                  steps: the rates above are set to get near quickly, and the decay settles what is left. constant
 *                  otherwise.
 *   games          Adam with betas (0.5, 0.999), as Radford et al. 2016 found it settles, both players at 0.002, in
 *                  batches of 64; two hidden layers each; no tolerances, since no loss falls.
 *   batch          linear models: everything at once up to 4,096 rows (the data stays in the cache and the rules for
 *                  stopping hold exactly), above that 256 rows; networks 32 rows, since they gain from the noise,
 *                  embeddings 128, since a batch is what a row is compared with.
 *
 *   epochs         a number of updates after which such models are done, turned into passes.
 *
 *   tolerances     as the contract says; a curve fit (levenberg_marquardt) ends when its parameters stand still, since
 *                  its squares may be of any size and an absolute change of them says nothing.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/spec.h"

enum {
	FULL_BATCH_ROWS = 4096,
	LINEAR_BATCH = 256,
	NETWORK_BATCH = 32,
	EMBEDDING_BATCH = 128,
	GAME_BATCH = 64,
	GAME_UPDATES = 5000,
	FULL_BATCH_EPOCHS = 1000,
	LINEAR_UPDATES = 20000,
	NETWORK_UPDATES = 3000,
	FUNCTION_STEPS = 10000,
	CURVE_POINTS = 10000,
	TEST_STEPS = 100, /* of a learning-rate range test, as fastai */
};

/* Adam's rate in a game, under a cosine: see docs/decisions.md. */
#define GAME_RATE 0.002
/* Adam's rate for linear models of classes. */
#define CLASS_RATE 0.05

const char default_layers[] = "[{\"type\":\"dense\",\"units\":64,\"activation\":\"relu\"}]";

const char default_player_layers[] = "[{\"type\":\"dense\",\"units\":64,\"activation\":\"relu\"},"
				     "{\"type\":\"dense\",\"units\":64,\"activation\":\"relu\"}]";

static bool plays(const struct judge *judge)
{
	return judge->model != NULL && judge->model->plays;
}

static bool is_network(const struct judge *judge)
{
	return judge->model != NULL && (judge->model->has_layers || judge->model->plays);
}

/* The largest |mean| + 2 sd among the target columns; 1 without any. */
static double target_size(const struct judge *judge)
{
	double size = 0;
	for (size_t i = 0; i < judge->spec->target_count; i++) {
		const struct column_info *column = &judge->info->column[judge->spec->target_column[i]];
		size = fmax(size, fabs(column->mean) + 2 * column->sd);
	}
	return isfinite(size) && size > 0 ? size : 1;
}

/* Rounded to one significant digit, so that the spec reads well. */
static double round_digit(double value)
{
	char text[32];
	snprintf(text, sizeof text, "%.0e", value);
	return strtod(text, NULL);
}

/* An optimizer whose steps are as long as its rate says, whatever the gradient's size: a factor of Adam's rate. Not
 * `any`: a rate as large as a target may be is too large for it (adamw decays by it, radam's first steps are plain
 * descent, lamb multiplies it by the weights' norm). */
static const struct kin {
	const char *name;
	double factor;
	bool any;
} kin[] = { { "adam", 1, true },
	    { "adamax", 1, true },
	    { "nadam", 1, true },
	    { "adabelief", 1, true },
	    { "schedule_free_adamw", 1, true },
	    { "adagrad", 1, true },
	    { "rmsprop", 0.2, true },
	    { "yogi", 0.2, true },
	    { "lion", 0.1, true },
	    { "signsgd", 0.1, true },
	    { "adamw", 1, false },
	    { "radam", 1, false },
	    { "lamb", 0.2, false } };

static const struct kin *like_adam(const char *optimizer)
{
	for (size_t i = 0; i < sizeof kin / sizeof *kin; i++) {
		if (strcmp(optimizer, kin[i].name) == 0) {
			return &kin[i];
		}
	}
	return NULL;
}

/* 1/L of a linear model whose features are standardised, as seen with all rows; `preset` where that is not known. */
static double inverse_curvature(const struct judge *judge, double preset)
{
	const struct field *training = &judge->top[TOP_TRAINING];
	const cJSON *batch =
		training->item == NULL ? NULL : cJSON_GetObjectItemCaseSensitive(training->item, "batch_size");
	const bool whole = batch == NULL ? judge->spec->training_rows <= FULL_BATCH_ROWS : cJSON_IsString(batch);
	const bool sum = cJSON_HasObjectItem(judge->top[TOP_OPTIMIZER].item, "reduction");
	if (!whole || !judge->columns_known || !judge->spec->standardize || judge->loss != NULL || sum) {
		return preset;
	}
	const struct settings *model = &judge->spec->model.settings;
	double curvature = (judge->spec->shape.classes == 0 ? 2 : 0.5) * ((double)judge->spec->shape.features + 1);
	for (size_t i = 0; i < model->count; i++) {
		curvature += strcmp(model->table[i].name, "l2") == 0 ? model->value[i].number : 0;
	}
	return fmax(preset, round_digit(0.95 / curvature));
}

static bool plain_descent(const char *optimizer)
{
	static const char *const names[] = { "sgd", "heavy_ball", "nesterov", "ema_momentum", "fista", "sgdw", "asgd" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(optimizer, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

static double adam_rate(const struct judge *judge)
{
	uint64_t rows = judge->spec->training_rows;
	if (judge->rowless) {
		return 0.01;
	}
	if (plays(judge)) {
		return GAME_RATE;
	}
	if (is_network(judge)) {
		return rows < 1000 ? 0.01 : rows < 10000 ? 0.003 : 0.001;
	}
	if (judge->spec->shape.classes == 0 && judge->columns_known) {
		double rate = round_digit(target_size(judge) / 100);
		return isfinite(rate) && rate > 0 && rate < 1e6 ? rate : CLASS_RATE;
	}
	return CLASS_RATE;
}

double default_learning_rate(const struct judge *judge, const char *optimizer, double preset)
{
	const struct kin *like = like_adam(optimizer);
	if (judge->model == NULL) {
		return preset;
	}
	if (strcmp(optimizer, "adam") == 0) {
		return adam_rate(judge);
	}
	if (like != NULL && !judge->rowless) {
		const double rate = like->any ? adam_rate(judge) : fmin(adam_rate(judge), CLASS_RATE);
		return fmax(preset, round_digit(like->factor * rate));
	}
	if (plain_descent(optimizer) && !judge->rowless && !is_network(judge) && !judge->model->is_expression) {
		return inverse_curvature(judge, preset);
	}
	return preset;
}

/* A generator that minimises log(1 - D(G(z))) learns nothing of a discriminator that is ahead. */
double default_discriminator_rate(const struct judge *judge, double rate)
{
	const char *optimizer = judge->spec->train.optimizer.type->name;
	const bool behind = plays(judge) && judge->loss != NULL && strcmp(judge->loss->name, "minimax") == 0;
	return behind && like_adam(optimizer) != NULL ? rate / 2 : 0;
}

const double *default_betas(const struct judge *judge, const char *optimizer)
{
	static const double settled[] = { 0.5, 0.999 };
	const struct kin *like = like_adam(optimizer);
	return plays(judge) && like != NULL && strcmp(optimizer, "lion") != 0 ? settled : NULL;
}

const char *default_schedule(const struct judge *judge)
{
	bool data = judge->model != NULL && !judge->rowless;
	const struct optimizer_type *type = judge->spec->train.optimizer.type;
	bool steps = type == NULL || type->iterate == NULL;
	return data && !judge->optimizer_named && steps ? "cosine" : "constant";
}

uint64_t default_batch_size(const struct judge *judge)
{
	const struct optimizer_config *optimizer = &judge->spec->train.optimizer;
	uint64_t rows = judge->spec->training_rows;
	if (judge->model == NULL || judge->rowless) {
		return 0;
	}
	if (optimizer->type != NULL && (optimizer_needs(optimizer->type, &optimizer->settings) & NEEDS_FULL_BATCH)) {
		return 0;
	}
	if (optimizer->type != NULL && optimizer->type->batch_size != 0) {
		return optimizer->type->batch_size >= rows ? 0 : optimizer->type->batch_size;
	}
	uint64_t batch = plays(judge)              ? GAME_BATCH
			 : judge->model->embeds    ? EMBEDDING_BATCH
			 : is_network(judge)       ? NETWORK_BATCH
			 : rows <= FULL_BATCH_ROWS ? 0
						   : LINEAR_BATCH;
	return batch >= rows ? 0 : batch;
}

/* Passes that make about `updates` updates, within bounds. */
static uint64_t passes(uint64_t updates, uint64_t rows, uint64_t batch, uint64_t least, uint64_t most)
{
	uint64_t steps = (rows + batch - 1) / batch;
	uint64_t epochs = steps == 0 ? most : (updates + steps - 1) / steps;
	return epochs < least ? least : epochs > most ? most : epochs;
}

uint64_t default_epochs(const struct judge *judge, uint64_t batch_size)
{
	uint64_t rows = judge->spec->training_rows;
	if (batch_size == 0) {
		return FULL_BATCH_EPOCHS;
	}
	if (plays(judge)) {
		return passes(GAME_UPDATES, rows, batch_size, 10, 1000);
	}
	return is_network(judge) ? passes(NETWORK_UPDATES, rows, batch_size, 10, 200)
				 : passes(LINEAR_UPDATES, rows, batch_size, 5, 100);
}

uint64_t default_test_steps(void)
{
	return TEST_STEPS;
}

uint64_t default_steps(const struct judge *judge)
{
	return judge->model == NULL || judge->rowless ? FUNCTION_STEPS : 0;
}

enum dtype default_dtype(const struct judge *judge)
{
	return judge->model != NULL && (judge->model->is_function || judge->model->is_expression) ? DTYPE_FLOAT64
												  : DTYPE_FLOAT32;
}

/* A solver that was chosen for a linear model is to find its weights to six digits after the point. They are off by up
 * to |g| / l2, and with l1 a cycle may change little while many are to come; a few updates more cost next to nothing.
 */
static void tighten(const struct model_config *model, struct stopping_config *stopping)
{
	const double l1 = settings_number(&model->settings, "l1"), l2 = settings_number(&model->settings, "l2");
	if (l1 > 0 || l2 > 0) {
		stopping->gradient_norm = l1 > 0 ? 1e-10 : fmin(stopping->gradient_norm, 1e-7 * l2);
		stopping->loss_change = 1e-15;
	}
}

void default_tolerances(const struct judge *judge, struct stopping_config *stopping)
{
	const struct training_config *training = &judge->spec->train.training;
	const struct optimizer_config *optimizer = &judge->spec->train.optimizer;
	bool full = training->batch_size == 0 && !optimizer->schedule.type->tests,
	     wide = training->dtype == DTYPE_FLOAT64;
	stopping->gradient_norm = !full ? (double)NAN : wide ? 1e-8 : 1e-4;
	stopping->loss_change = !full ? (double)NAN : wide ? 1e-12 : 1e-7;
	stopping->parameter_change = stopping->loss_change;
	if (optimizer->type != NULL && (optimizer_needs(optimizer->type, &optimizer->settings) & NEEDS_SQUARES)) {
		stopping->gradient_norm = stopping->loss_change = (double)NAN;
	}
	if (plays(judge)) {
		stopping->gradient_norm = stopping->loss_change = stopping->parameter_change = (double)NAN;
	}
	if (full && wide && judge->auto_why != NULL && judge->model != NULL && judge->model->linear &&
	    optimizer->type->iterate != NULL) {
		tighten(&judge->spec->model, stopping);
	}
}

/* Points of a curve: step 0, each multiple, the last step, and each epoch's end where validation is measured there. */
static uint64_t points(uint64_t steps, uint64_t every, uint64_t validations)
{
	return steps / every + 1 + (steps % every != 0) + (every == 1 ? 0 : validations);
}

uint64_t default_every_steps(const struct judge *judge)
{
	const struct job_spec *spec = judge->spec;
	const uint64_t factors[] = { 2, 5, 10 };
	uint64_t per_epoch = train_steps_per_epoch(&spec->train.training, spec->training_rows);
	uint64_t validations = spec->validation_rows > 0 && per_epoch > 0 ? spec->steps / per_epoch : 0;
	uint64_t power = 1, every = 1;
	if (validations > CURVE_POINTS / 2) {
		validations = 0; /* no interval would do */
	}
	for (unsigned k = 0; points(spec->steps, every, validations) > CURVE_POINTS && power < (1ull << 50); k++) {
		every = power * factors[k % 3];
		power = k % 3 == 2 ? every : power;
	}
	return every;
}
