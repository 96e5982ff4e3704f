/*
 * The gan: its players' gradients, paths of other programs, the bits over threads and interruptions, what it learns,
 * and what a game cannot be asked for.
 */
#include <math.h>

#include "core/data/generator.h"
#include "core/objective/gradient_check.h"
#include "tests/core/playing.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

static const char *const losses[] = { "non_saturating", "minimax", "least_squares", "wasserstein" };
enum { LOSSES = sizeof losses / sizeof losses[0] };

START_TEST(each_players_gradient_is_that_of_its_own_loss_and_nothing_else_moves)
{
	struct playing playing;
	struct executor executor = executor_serial();
	struct gradient_error worst;
	playing_start(&playing, losses[_i], 5, "tanh", DTYPE_FLOAT64, 23, 1);
	modelling_set(&playing.model, "l2", 0.385);
	playing_build(&playing, 1);
	const struct batch batch = { .data = &playing.data, .count = 23, .training = true, .seed = 5, .step = 3 };
	double *theta = modelling_numbers(DTYPE_FLOAT64, playing.objective->n, 0.7, 17);
	double *gradient = calloc(playing.objective->n, sizeof *gradient);
	for (size_t p = 0; p < PLAYERS; p++) {
		const struct player *player = &playing.objective->game->player[p];
		struct objective *own = player->objective;
		double moved = 0;
		ck_assert_int_eq(own->type->evaluate(own, theta, &batch, &executor, NULL, gradient), OK);
		for (size_t i = 0; i < own->n; i++) {
			const bool inside = i >= player->first && i < player->first + player->count;
			ck_assert(inside || gradient[i] == 0);
			moved += inside ? fabs(gradient[i]) : 0;
		}
		ck_assert_double_gt(moved, 1e-3);
	}
	ck_assert_int_eq(gradient_check(playing.objective, theta, &batch, &executor, &worst), OK);
	ck_assert_msg(worst.error < 1e-6, "%s: d/dtheta[%zu] is %.12g, should be %.12g", losses[_i], worst.index,
		      worst.analytic, worst.numeric);
	free(gradient);
	free(theta);
	playing_end(&playing);
}
END_TEST

START_TEST(the_tensors_are_named_after_their_players)
{
	static const char *const names[] = { "generator.0.weight",     "generator.0.bias",       "generator.1.weight",
					     "generator.1.bias",       "discriminator.0.weight", "discriminator.0.bias",
					     "discriminator.1.weight", "discriminator.1.bias" };
	struct playing playing;
	playing_start(&playing, "minimax", 5, "tanh", DTYPE_FLOAT64, 23, 1);
	playing_build(&playing, 1);
	ck_assert_uint_eq(playing.objective->tensors, 8);
	for (size_t i = 0; i < 8; i++) {
		ck_assert_str_eq(playing.objective->tensor[i].name, names[i]);
	}
	const struct player *player = playing.objective->game->player;
	ck_assert_uint_eq(player[GENERATOR].count, 3 * 5 + 5 + 5 * 2 + 2);
	ck_assert_uint_eq(player[DISCRIMINATOR].count, 2 * 5 + 5 + 5 + 1);
	ck_assert_uint_eq(player[DISCRIMINATOR].tensor[0].offset, 0);
	size_t parameters, bytes;
	ck_assert_int_eq(model_measure(&playing.model.config, &playing.shape, DTYPE_FLOAT64, 1, &parameters, &bytes),
			 OK);
	ck_assert_uint_eq(parameters, playing.objective->n);
	ck_assert_uint_gt(bytes, 3 * parameters * sizeof(double));
	playing_end(&playing);
}
END_TEST

/* --- paths of another program --- */

static void set_case(struct playing *playing, const cJSON *one, double betas[2])
{
	struct trial *trial = &playing->trial;
	modelling_set(&playing->model, "latent_size", 2);
	modelling_set(&playing->model, "discriminator_steps", golden_number(one, "discriminator_steps"));
	if (playing->model.config.loss_settings.count > 0) {
		playing->model.loss_value[0].number = golden_number(one, "weight_clip");
	}
	trial_optimizer(trial, golden_string(one, "optimizer"), "constant");
	trial_number(trial, "learning_rate", golden_number(one, "learning_rate"));
	trial->setup.config.optimizer.discriminator_rate = golden_number_or(one, "discriminator_learning_rate", 0);
	betas[0] = 0.5;
	betas[1] = 0.999;
	if (strcmp(golden_string(one, "optimizer"), "adam") == 0) {
		trial_setting(&trial->setup.config.optimizer.settings, "betas")->values = betas;
	}
	trial_number_if(trial, "alpha", 0.9);
	trial_number_if(trial, "momentum", strcmp(golden_string(one, "optimizer"), "sgd") == 0 ? 0.8 : 0);
}

START_TEST(the_players_go_the_ways_that_torch_goes)
{
	cJSON *file = golden_load("golden/games/gan.json");
	const double tolerance = golden_number(file, "tolerance");
	size_t rows, columns, n;
	double *x = golden_matrix(file, "rows", &rows, &columns), *initial = golden_array(file, "initial", &n);
	const cJSON *one;
	cJSON_ArrayForEach(one, golden_get(file, "cases"))
	{
		struct playing playing;
		double betas[2];
		size_t steps, count;
		double *d = golden_array(one, "discriminator_loss", &steps),
		       *g = golden_array(one, "generator_loss", NULL), *norm = golden_array(one, "gradient_norm", NULL),
		       *end = golden_array(one, "final", &count);
		playing_start(&playing, golden_string(one, "loss"), 4, "tanh", DTYPE_FLOAT64, rows, steps);
		memcpy((void *)(uintptr_t)playing.data.x, x, rows * columns * sizeof *x);
		set_case(&playing, one, betas);
		playing.trial.setup.initial = initial;
		playing_build(&playing, 1);
		ck_assert_uint_eq(playing.objective->n, n);
		ck_assert_int_eq(trial_run(&playing.trial), STOP_STEPS);
		ck_assert_uint_eq(playing.trial.count, steps + 1);
		for (size_t k = 0; k < steps; k++) {
			const struct curve_point *point = &playing.trial.points[k];
			ck_assert_uint_eq(point->measured, POINT_GENERATOR_LOSS | POINT_DISCRIMINATOR_LOSS |
								   POINT_GRADIENT_NORM | POINT_LEARNING_RATE);
			ck_assert_double_eq_tol(point->discriminator_loss, d[k], tolerance);
			ck_assert_double_eq_tol(point->generator_loss, g[k], tolerance);
			ck_assert_double_eq_tol(point->gradient_norm, norm[k], tolerance);
		}
		ck_assert(golden_close(trainer_parameters(playing.trial.trainer), end, count, tolerance));
		playing_end(&playing);
		free(d);
		free(g);
		free(norm);
		free(end);
	}
	free(x);
	free(initial);
	cJSON_Delete(file);
}
END_TEST

/* --- bits --- */

enum { ROWS = 301, STEPS = 9 };

/* Batches, dropout in both players, an average, and an optimizer that wants its gradient elsewhere or is whole. */
static void set_everything(struct playing *playing, const char *optimizer, enum dtype dtype, bool full)
{
	static struct layer_config layer[2][2];
	static struct setting_value value[2][2];
	const struct layer_type *dropout = layer_find("dropout");
	playing_start(playing, "non_saturating", 6, "relu", dtype, ROWS, STEPS);
	for (size_t p = 0; p < 2; p++) {
		layer[p][0] = playing->model.layer[p];
		layer[p][1] = (struct layer_config){ .type = dropout,
						     .settings = modelling_defaults(dropout->settings,
										    dropout->setting_count, value[p]) };
	}
	playing->model.config.generator = (struct network_config){ 2, layer[0] };
	playing->model.config.discriminator = (struct network_config){ 2, layer[1] };
	modelling_set(&playing->model, "discriminator_steps", 2);
	trial_optimizer(&playing->trial, optimizer, "cosine");
	trial_number_if(&playing->trial, "learning_rate", 0.0385);
	struct train_config *config = &playing->trial.setup.config;
	config->training.batch_size = full ? 0 : 64;
	config->optimizer.ema_decay = 0.785;
	config->optimizer.clip_grad_norm = 1.385;
}

static const char *const optimizers[] = { "adam", "nesterov", "prodigy", "schedule_free_adamw", "lamb", "sgd" };
enum { OPTIMIZERS = sizeof optimizers / sizeof optimizers[0] };

static void same_ends(const struct trial *a, const struct trial *b)
{
	size_t size, other;
	const void *one = trainer_state(a->trainer, &size), *two = trainer_state(b->trainer, &other);
	ck_assert_uint_eq(size, other);
	ck_assert_mem_eq(one, two, size);
	ck_assert_uint_eq(a->count, b->count);
	ck_assert_mem_eq(a->points, b->points, a->count * sizeof *a->points);
}

START_TEST(a_game_has_the_same_bits_for_any_number_of_threads)
{
	for (int k = 0; k < 4; k++) {
		struct playing alone, many;
		struct threads threads;
		set_everything(&alone, optimizers[_i], k & 1 ? DTYPE_FLOAT32 : DTYPE_FLOAT64, (k & 2) != 0);
		playing_build(&alone, 1);
		trial_run(&alone.trial);
		set_everything(&many, optimizers[_i], k & 1 ? DTYPE_FLOAT32 : DTYPE_FLOAT64, (k & 2) != 0);
		threads_init(&threads, 3);
		many.trial.setup.executor = &threads.base;
		playing_build(&many, 3);
		trial_run(&many.trial);
		same_ends(&alone.trial, &many.trial);
		playing_end(&alone);
		playing_end(&many);
	}
}
END_TEST

START_TEST(a_game_that_is_interrupted_goes_on_with_the_same_bits)
{
	struct playing whole;
	set_everything(&whole, optimizers[_i], DTYPE_FLOAT32, false);
	playing_build(&whole, 1);
	trial_run(&whole.trial);
	for (uint64_t cut = 0; cut <= STEPS; cut++) {
		struct playing first, second;
		size_t size;
		set_everything(&first, optimizers[_i], DTYPE_FLOAT32, false);
		set_everything(&second, optimizers[_i], DTYPE_FLOAT32, false);
		playing_build(&first, 1);
		playing_build(&second, 1);
		trial_create(&first.trial);
		trial_create(&second.trial);
		ck_assert_int_eq(trainer_advance(first.trial.trainer, cut), OK);
		trial_take(&first.trial);
		const void *state = trainer_state(first.trial.trainer, &size);
		ck_assert_int_eq(trainer_restore(second.trial.trainer, state, size, NULL), OK);
		second.trial.points = first.trial.points;
		second.trial.count = first.trial.count;
		first.trial.points = NULL;
		trial_finish(&second.trial);
		same_ends(&whole.trial, &second.trial);
		playing_end(&first);
		playing_end(&second);
	}
	playing_end(&whole);
}
END_TEST

static enum status stopping_evaluate(struct objective *objective, const void *theta, const struct batch *batch,
				     struct executor *executor, double *value, void *gradient);
static struct objective_type stopping_type;
static const struct objective_type *honest;

static enum status stopping_evaluate(struct objective *objective, const void *theta, const struct batch *batch,
				     struct executor *executor, double *value, void *gradient)
{
	return executor_stopped(executor) ? E_CANCELLED
					  : honest->evaluate(objective, theta, batch, executor, value, gradient);
}

/* The discriminator's evaluation raises the flag, so that the generator's is given up. */
static atomic_bool flag;
static enum status raising_evaluate(struct objective *objective, const void *theta, const struct batch *batch,
				    struct executor *executor, double *value, void *gradient)
{
	const enum status status = honest->evaluate(objective, theta, batch, executor, value, gradient);
	atomic_store(&flag, true);
	return status;
}

START_TEST(a_step_given_up_between_the_players_goes_on_there)
{
	struct playing whole, cut;
	struct objective_type raising;
	set_everything(&whole, "adam", DTYPE_FLOAT64, false);
	playing_build(&whole, 1);
	trial_run(&whole.trial);
	set_everything(&cut, "adam", DTYPE_FLOAT64, false);
	playing_build(&cut, 1);
	cut.trial.executor.stop = &flag;
	trial_create(&cut.trial);
	struct objective *player[] = { cut.objective->game->player[DISCRIMINATOR].objective,
				       cut.objective->game->player[GENERATOR].objective };
	honest = player[0]->type;
	raising = stopping_type = *honest;
	raising.evaluate = raising_evaluate;
	stopping_type.evaluate = stopping_evaluate;
	player[0]->type = &raising;
	player[1]->type = &stopping_type;
	size_t given_up = 0;
	while (trainer_reason(cut.trial.trainer) == STOP_NONE) {
		atomic_store(&flag, false);
		given_up += trainer_advance(cut.trial.trainer, 1) == E_CANCELLED;
		trial_take(&cut.trial);
	}
	ck_assert_uint_ge(given_up, STEPS / 2);
	same_ends(&whole.trial, &cut.trial);
	player[0]->type = player[1]->type = honest;
	playing_end(&whole);
	playing_end(&cut);
}
END_TEST

/* --- learning --- */

enum { RING_ROWS = 600, SAMPLES = 1000, SECTORS = 12, LATENT = 2 };

static void put_ring(struct playing *playing)
{
	const struct generator_type *type = generator_find("ring");
	struct setting_value value[GENERATOR_SETTINGS];
	struct generator *generator = NULL;
	double row[3];
	settings_defaults(type->settings, type->setting_count, value);
	value[GEN_ROWS].number = RING_ROWS;
	const struct settings settings = { type->settings, type->setting_count, value };
	ck_assert_int_eq(generator_create(type, &settings, &generator, NULL), OK);
	for (size_t r = 0; r < RING_ROWS; r++) {
		generator_fill(generator, r, r + 1, row);
		for (size_t k = 0; k < 2; k++) {
			modelling_write(DTYPE_FLOAT32, (void *)(uintptr_t)playing->data.x, 2 * r + k, row[k]);
		}
	}
	generator_destroy(generator);
}

/* Mean distance of samples from the circle of radius 1, and how many fall in the emptiest of the sectors. */
static void look_at_samples(const struct playing *playing, double *distance, size_t *least)
{
	float z[SAMPLES * LATENT], x[SAMPLES * 2];
	size_t sector[SECTORS] = { 0 };
	struct executor executor = executor_serial();
	struct data_view view = { .dtype = DTYPE_FLOAT32, .rows = SAMPLES, .features = LATENT, .x = z };
	const struct batch batch = { .data = &view, .count = SAMPLES };
	latent_draw(LATENT_NORMAL, 2385, LATENT_SAMPLES, 0, 0, SAMPLES * LATENT, DTYPE_FLOAT32, z);
	ck_assert_int_eq(game_generate(playing->objective->game, trainer_parameters(playing->trial.trainer), &batch,
				       &executor, x),
			 OK);
	*distance = 0;
	for (size_t i = 0; i < SAMPLES; i++) {
		const double a = (double)x[2 * i], b = (double)x[2 * i + 1];
		*distance += fabs(hypot(a, b) - 1) / SAMPLES;
		sector[(size_t)((atan2(b, a) / 6.283185307179586 + 0.5) * SECTORS) % SECTORS]++;
	}
	*least = SAMPLES;
	for (size_t s = 0; s < SECTORS; s++) {
		*least = sector[s] < *least ? sector[s] : *least;
	}
}

/* One game on the ring: whether what it makes lies all around it. */
static bool learns_the_ring(uint64_t seed)
{
	struct playing playing;
	static const double betas[] = { 0.5, 0.999 };
	struct layer_config layer[4];
	playing_start(&playing, "non_saturating", 64, "relu", DTYPE_FLOAT32, RING_ROWS, 2500);
	put_ring(&playing);
	for (size_t i = 0; i < 4; i++) {
		layer[i] = playing.model.layer[0];
	}
	playing.model.config.generator = (struct network_config){ 2, layer };
	playing.model.config.discriminator = (struct network_config){ 2, layer + 2 };
	modelling_set(&playing.model, "latent_size", LATENT);
	trial_optimizer(&playing.trial, "adam", "cosine");
	trial_number(&playing.trial, "learning_rate", 0.001);
	trial_setting(&playing.trial.setup.config.optimizer.settings, "betas")->values = betas;
	playing.trial.setup.config.training.batch_size = 64;
	playing.trial.setup.config.training.seed = seed;
	playing.trial.setup.config.recording.every_steps = 100;
	playing_build(&playing, 1);
	ck_assert_int_eq(trial_run(&playing.trial), STOP_STEPS);
	double distance;
	size_t least;
	look_at_samples(&playing, &distance, &least);
	playing_end(&playing);
	return distance < 0.08 && least >= SAMPLES / SECTORS / 4;
}

/* So short a game has not come to rest for one seed in four; for which ones hangs on the last bits of products, which
 * are other ones on another processor. That none of six has is one chance in four thousand. */
START_TEST(what_it_makes_of_noise_lies_all_around_the_ring)
{
	uint64_t seed = 1;
	while (seed <= 6 && !learns_the_ring(seed)) {
		seed++;
	}
	ck_assert_msg(seed <= 6, "no game of six came to the ring");
}
END_TEST

/* --- what it cannot be asked for --- */

static void ask_maximize(struct playing *playing)
{
	playing->trial.setup.config.direction = MAXIMIZE;
}

static void ask_rule(struct playing *playing)
{
	playing->trial.setup.config.stopping.target_loss = 0.1;
}

static void ask_validation(struct playing *playing)
{
	playing->trial.setup.validation = &playing->data;
}

static void ask_search(struct playing *playing)
{
	trial_optimizer(&playing->trial, "lbfgs", "constant");
}

static void ask_range_test(struct playing *playing)
{
	trial_optimizer(&playing->trial, "sgd", "lr_finder");
}

static void ask_plateau(struct playing *playing)
{
	trial_optimizer(&playing->trial, "sgd", "reduce_on_plateau");
}

static void (*const questions[])(struct playing *) = { ask_maximize, ask_rule,       ask_validation,
						       ask_search,   ask_range_test, ask_plateau };
enum { QUESTIONS = sizeof questions / sizeof questions[0] };

START_TEST(what_asks_for_one_loss_is_refused)
{
	struct playing playing;
	struct error error = { .text = "" };
	playing_start(&playing, "minimax", 4, "tanh", DTYPE_FLOAT64, 23, 3);
	playing_build(&playing, 1);
	questions[_i](&playing);
	ck_assert_int_eq(trainer_create(&playing.trial.setup, &playing.trial.trainer, &error), E_INVALID);
	ck_assert_uint_gt(strlen(error.text), 10);
	playing_end(&playing);
}
END_TEST

START_TEST(layers_that_cannot_play_are_refused_with_their_place)
{
	static const char *const names[] = { "batch_norm", "embedding" };
	for (size_t i = 0; i < 2; i++) {
		struct playing playing;
		struct model_fault fault;
		struct setting_value value[MODELLING_SETTINGS];
		const struct layer_type *type = layer_find(names[i]);
		playing_start(&playing, "minimax", 4, "tanh", DTYPE_FLOAT64, 23, 3);
		struct layer_config layers[] = {
			playing.model.layer[0],
			{ .type = type, .settings = modelling_defaults(type->settings, type->setting_count, value) }
		};
		playing.model.config.discriminator = (struct network_config){ 2, layers };
		ck_assert_int_eq(model_check(&playing.model.config, &playing.shape, &fault), E_INVALID);
		ck_assert_str_eq(fault.place, "discriminator.layers.1");
		playing_end(&playing);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gan");
	TCase *model = tcase_create("model");
	tcase_add_loop_test(model, each_players_gradient_is_that_of_its_own_loss_and_nothing_else_moves, 0, LOSSES);
	tcase_add_test(model, the_tensors_are_named_after_their_players);
	tcase_add_test(model, the_players_go_the_ways_that_torch_goes);
	tcase_add_test(model, layers_that_cannot_play_are_refused_with_their_place);
	tcase_add_loop_test(model, what_asks_for_one_loss_is_refused, 0, QUESTIONS);
	suite_add_tcase(suite, model);
	TCase *bits = tcase_create("bits");
	tcase_add_loop_test(bits, a_game_has_the_same_bits_for_any_number_of_threads, 0, OPTIMIZERS);
	tcase_add_loop_test(bits, a_game_that_is_interrupted_goes_on_with_the_same_bits, 0, OPTIMIZERS);
	tcase_add_test(bits, a_step_given_up_between_the_players_goes_on_there);
	suite_add_tcase(suite, bits);
	TCase *ring = tcase_create("ring");
	tcase_set_timeout(ring, 300);
	tcase_add_test(ring, what_it_makes_of_noise_lies_all_around_the_ring);
	suite_add_tcase(suite, ring);
	return suite_run(suite);
}
