/* What an update computes does not depend on the instruction set, on how a range is cut, or on the executor; nor does
 * what a schedule or a stopping rule makes of a run. */
#include <pthread.h>

#include "core/kernels/kernels.h"
#include "tests/support/plans.h"
#include "tests/support/suite.h"
#include "tests/support/trial.h"

enum { LONG = 1037, STEPS = 5 };

/* A vector, a tall matrix, a wide one, a number. */
static const struct tensor tensors[] = {
	{ .name = "vector", .rank = 1, .shape = { 36 }, .size = 36 },
	{ .name = "tall", .rank = 2, .shape = { 50, 8 }, .size = 400, .offset = 36 },
	{ .name = "wide", .rank = 2, .shape = { 12, 50 }, .size = 600, .offset = 436 },
	{ .name = "number", .rank = 1, .shape = { 1 }, .size = 1, .offset = 1036 },
};

struct long_run {
	struct optimizer optimizer;
	struct setting_value value[TRIAL_SETTINGS];
	double slot[OPTIMIZER_SLOTS][LONG], scalar[OPTIMIZER_SCALARS], x[LONG],
		gradient[LONG]; /* room for either dtype */
	double scratch[OPTIMIZER_SCRATCH][LONG], partial[OPTIMIZER_SUMS];
	struct executor executor;
};

/* Five updates by the optimizer of the active instruction set, each cut at `cut`. variant: which settings. */
static void long_run(struct long_run *run, size_t index, enum dtype dtype, size_t variant, size_t cut)
{
	memset(run, 0, sizeof *run);
	const struct optimizer_type *type = optimizer_at(index);
	settings_defaults(type->settings, type->setting_count, run->value);
	run->optimizer = (struct optimizer){ .type = type,
					     .settings = { type->settings, type->setting_count, run->value },
					     .dtype = dtype,
					     .n = LONG,
					     .scalar = run->scalar,
					     .tensor = tensors,
					     .tensors = sizeof tensors / sizeof tensors[0],
					     .executor = &run->executor,
					     .partial = run->partial };
	run->executor = executor_serial();
	for (size_t k = 0; k < OPTIMIZER_SCRATCH; k++) {
		run->optimizer.scratch[k] = run->scratch[k];
	}
	if (variant > 0) {
		trial_everything(&run->optimizer.settings);
	}
	for (size_t i = 0; i < type->setting_count; i++) {
		const char *name = type->settings[i].name;
		if (strcmp(name, "weight_decay") == 0) {
			run->value[i].number = 0.0385;
		} else if (strcmp(name, "nesterov") == 0 && variant == 1) {
			run->value[i].number = 0;
		}
	}
	for (size_t k = 0; k < type->slots(&run->optimizer.settings); k++) {
		run->optimizer.slot[k] = run->slot[k];
	}
	for (size_t i = 0; i < LONG; i++) {
		dtype_set(dtype, run->x, i, sin(1.385 * (double)i));
	}
	for (uint64_t t = 1; t <= STEPS; t++) {
		const struct step step = { t, 0.0385, run->x, run->gradient };
		for (size_t i = 0; i < LONG; i++) {
			dtype_set(dtype, run->gradient, i, cos(0.2385 * (double)(i + t * t)));
		}
		type->prepare(&run->optimizer, &step);
		if (type->whole_f64 != NULL) {
			(dtype == DTYPE_FLOAT32 ? type->whole_f32 : type->whole_f64)(&run->optimizer, &step);
			continue;
		}
		void (*update)(const struct optimizer *, const struct step *, size_t, size_t) =
			dtype == DTYPE_FLOAT32 ? type->update_f32 : type->update_f64;
		update(&run->optimizer, &step, 0, cut);
		update(&run->optimizer, &step, cut, LONG);
	}
}

/* Dense products differ between sets (core/kernels/product.h): what has them is compared within each. */
static bool multiplies(const struct optimizer_type *type)
{
	return strcmp(type->name, "muon") == 0;
}

START_TEST(results_are_the_same_bits_on_every_instruction_set_and_cut)
{
	static const char *const sets[] = { "baseline", "avx2", "avx512" };
	static const size_t cuts[] = { 0, 1, 7, 500, 1031 };
	static struct long_run whole, other;
	if (optimizer_at((size_t)_i)->iterate != NULL) {
		return; /* it takes its passes from the trainer */
	}
	for (int dtype = 0; dtype < 2; dtype++) {
		for (size_t variant = 0; variant < 3; variant++) {
			ck_assert(kernels_select("baseline"));
			long_run(&whole, (size_t)_i, (enum dtype)dtype, variant, 0);
			for (size_t s = 0; s < 3; s++) {
				if (!kernels_select(sets[s])) {
					continue;
				}
				if (multiplies(optimizer_at((size_t)_i))) {
					long_run(&whole, (size_t)_i, (enum dtype)dtype, variant, 0);
				}
				for (size_t c = 0; c < sizeof cuts / sizeof cuts[0]; c++) {
					long_run(&other, (size_t)_i, (enum dtype)dtype, variant, cuts[c]);
					ck_assert_mem_eq(whole.x, other.x, sizeof whole.x);
					ck_assert_mem_eq(whole.slot, other.slot, sizeof whole.slot);
				}
			}
		}
	}
}
END_TEST

/* An objective of many parameters: f = sum of 0.5 (i % 5 + 1.385) x_i^2. */
enum { MANY = 200001 };

static enum status many_evaluate(struct objective *objective, const void *theta, const struct batch *batch,
				 struct executor *executor, double *value, void *gradient)
{
	double sum = 0;
	(void)batch;
	(void)executor;
	for (size_t i = 0; i < MANY; i++) {
		const double c = (double)(i % 5) + 1.385, x = dtype_get(objective->dtype, theta, i);
		sum += 0.5 * c * x * x;
		if (gradient != NULL) {
			dtype_set(objective->dtype, gradient, i, c * x);
		}
	}
	if (value != NULL) {
		*value = sum;
	}
	return OK;
}

static void many_initialise(const struct objective *objective, uint64_t seed, void *theta)
{
	(void)seed;
	for (size_t i = 0; i < MANY; i++) {
		dtype_set(objective->dtype, theta, i, 1e-3 * sin(1.385 * (double)i));
	}
}

static const struct objective_type many_type = { .evaluate = many_evaluate,
						 .initialise = many_initialise,
						 .destroy = trial_destroy };

enum { THREADS = 3 };

struct deal {
	size_t count, thread;
	executor_piece *piece;
	void *context;
};

static void *work(void *argument)
{
	const struct deal *deal = argument;
	for (size_t i = deal->count; i-- > 0;) {
		if (i % THREADS == deal->thread) {
			deal->piece(deal->context, i, deal->thread);
		}
	}
	return NULL;
}

static void run_threads(struct executor *self, size_t count, executor_piece *piece, void *context)
{
	pthread_t threads[THREADS];
	struct deal deals[THREADS];
	(void)self;
	for (size_t t = 0; t < THREADS; t++) {
		deals[t] = (struct deal){ count, t, piece, context };
		ck_assert_int_eq(pthread_create(&threads[t], NULL, work, &deals[t]), 0);
	}
	for (size_t t = 0; t < THREADS; t++) {
		pthread_join(threads[t], NULL);
	}
}

static void many_run(struct trial *trial, size_t index, enum dtype dtype, bool threads)
{
	static const double shape[] = { 3, (double)MANY / 3 };

	trial_init(trial, 4);
	trial_objective_init(&trial->objective, dtype, MANY, NULL);
	trial->objective.base.rowed = false;
	trial->objective.base.type = &many_type;
	trial->setup.config.training.dtype = dtype;
	trial->setup.config.stopping.parameter_change = 1e-30;
	trial->setup.config.optimizer.clip_grad_norm = 2.385;
	trial_optimizer(trial, optimizer_at(index)->name, "constant");
	trial_shape(&trial->setup.config.optimizer.settings, shape);
	const size_t rate = optimizer_rate_index(trial->setup.config.optimizer.type);
	if (rate < trial->setup.config.optimizer.settings.count && trial->optimizer_value[rate].number < 1) {
		trial_number(trial, "learning_rate", 1.385e-4); /* not for those that find a rate of their own */
	}
	if (threads) {
		trial->executor.run = run_threads;
		trial->executor.slots = THREADS;
	}
	ck_assert_int_eq(trial_run(trial), STOP_STEPS);
}

START_TEST(long_vectors_give_the_same_bits_on_one_thread_and_on_three)
{
	const struct optimizer_type *type = optimizer_at((size_t)_i);
	const struct tensor many = { .name = "x", .rank = 1, .shape = { MANY }, .size = MANY };
	if (trial_wants_rows(type->name)) {
		return; /* tests/core/test_linear_solvers.c */
	}
	if (strcmp(type->name, "newton") == 0 || strcmp(type->name, "levenberg_marquardt") == 0) {
		ck_assert_int_eq(type->fits(NULL, &many, 1, NULL), E_INVALID);
		return;
	}
	for (int dtype = 0; dtype < 2; dtype++) {
		struct trial one, three;
		size_t size;
		many_run(&one, (size_t)_i, (enum dtype)dtype, false);
		many_run(&three, (size_t)_i, (enum dtype)dtype, true);
		const void *a = trainer_state(one.trainer, &size), *b = trainer_state(three.trainer, &size);
		ck_assert(memcmp(a, b, size) == 0);
		/* The norm over chunks is the norm. */
		double sum = 0;
		for (size_t i = 0; i < MANY; i++) {
			const double x = dtype_get((enum dtype)dtype, trainer_parameters(one.trainer), i);
			sum += pow(((double)(i % 5) + 1.385) * x, 2);
		}
		ck_assert_double_eq_tol(one.points[4].gradient_norm / sqrt(sum), 1,
					dtype == DTYPE_FLOAT32 ? 1e-6 : 1e-12);
		trial_end(&one);
		trial_end(&three);
	}
}
END_TEST

/* A run of sgd whose norms and updates are cut among threads, under a schedule and a stopping rule. */
static enum stop_reason plan_run(struct trial *trial, size_t schedule, int rule, enum dtype dtype, bool threads)
{
	trial_init(trial, 14);
	trial_objective_init(&trial->objective, dtype, MANY, NULL);
	trial->objective.base.rowed = false;
	trial->objective.base.type = &many_type;
	trial->setup.config.training.dtype = dtype;
	trial_optimizer(trial, "sgd", schedule_types[schedule]->name);
	trial_number(trial, "learning_rate", 0.085);
	trial_number(trial, "momentum", 0.385);
	trial_schedule(trial);
	trial_rule(trial, rule);
	if (rule == RULE_TARGET) {
		trial->setup.config.stopping.target_loss = 0.05;
	}
	if (threads) {
		trial->executor.run = run_threads;
		trial->executor.slots = THREADS;
	}
	return trial_run(trial);
}

static enum stop_reason same_on_threads(size_t schedule, int rule, enum dtype dtype)
{
	struct trial one, three;
	size_t size, other;
	enum stop_reason reason = plan_run(&one, schedule, rule, dtype, false);
	ck_assert_int_eq(plan_run(&three, schedule, rule, dtype, true), reason);
	const void *a = trainer_state(one.trainer, &size), *b = trainer_state(three.trainer, &other);
	ck_assert_uint_eq(size, other);
	ck_assert_msg(memcmp(a, b, size) == 0, "%s, rule %d", schedule_types[schedule]->name, rule);
	ck_assert_uint_eq(one.count, three.count);
	ck_assert_mem_eq(one.points, three.points, one.count * sizeof *one.points);
	trial_end(&one);
	trial_end(&three);
	return reason;
}

START_TEST(every_schedule_gives_the_same_bits_on_one_thread_and_on_three)
{
	same_on_threads((size_t)_i, RULE_NONE, DTYPE_FLOAT32);
	same_on_threads((size_t)_i, RULE_NONE, DTYPE_FLOAT64);
}
END_TEST

START_TEST(every_stopping_rule_ends_a_run_at_the_same_bits_on_one_thread_and_on_three)
{
	ck_assert_str_eq(schedule_types[0]->name, "constant");
	for (int dtype = 0; dtype < 2; dtype++) {
		ck_assert_int_eq(same_on_threads(0, _i, (enum dtype)dtype) == STOP_STEPS, _i == RULE_NONE);
	}
}
END_TEST

START_TEST(a_gradient_whose_squares_overflow_still_has_a_norm)
{
	struct trial trial;
	double x0[2] = { 3e160, 4e160 };
	trial_init(&trial, 1);
	trial_objective_init(&trial.objective, DTYPE_FLOAT64, 2, trial_bowl);
	trial.setup.initial = x0;
	ck_assert_int_eq(trial_run(&trial), STOP_DIVERGED); /* f is infinite, its gradient is not */
	ck_assert_double_eq_tol(trial.points[0].gradient_norm / hypot(1.385 * 3e160, 2.385 * 4e160), 1, 1e-14);
	ck_assert(isinf(trial.points[0].train_loss));
	trial_end(&trial);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("optimizer bits");
	TCase *bits = tcase_create("bits");
	tcase_set_timeout(bits, 60);
	tcase_add_loop_test(bits, results_are_the_same_bits_on_every_instruction_set_and_cut, 0,
			    (int)optimizer_type_count);
	tcase_add_loop_test(bits, long_vectors_give_the_same_bits_on_one_thread_and_on_three, 0,
			    (int)optimizer_type_count);
	tcase_add_loop_test(bits, every_schedule_gives_the_same_bits_on_one_thread_and_on_three, 0,
			    (int)schedule_type_count);
	tcase_add_loop_test(bits, every_stopping_rule_ends_a_run_at_the_same_bits_on_one_thread_and_on_three, 0, RULES);
	tcase_add_test(bits, a_gradient_whose_squares_overflow_still_has_a_norm);
	suite_add_tcase(suite, bits);
	return suite_run(suite);
}
