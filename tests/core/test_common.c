/* What every optimizer takes: a box, weight decay, averages of the parameters, rows drawn with replacement. */
#include "core/base/random.h"
#include "tests/support/suite.h"
#include "tests/support/trial.h"

enum { N = TRIAL_FEATURES, STEPS = 30 };

/* The bowl has its minimum at 0: outside of the first and on the edge of the second; the last is free. */
static double lower[N] = { 0.2385, 0, -0.5, -(double)INFINITY }, upper[N] = { 3, 2, 0.4385, (double)INFINITY };

/* The bowl, which must not be asked for outside of the box. */
static double bowl_inside(const struct trial_objective *self, const double *theta, const struct batch *batch,
			  double *gradient)
{
	for (size_t i = 0; i < N; i++) {
		ck_assert_msg(theta[i] >= lower[i] && theta[i] <= upper[i], "asked at %g, outside of the box",
			      theta[i]);
	}
	return trial_bowl(self, theta, batch, gradient);
}

static void box_trial(struct trial *trial, const char *optimizer, uint64_t steps)
{
	trial_init(trial, steps);
	trial_objective_init(&trial->objective, DTYPE_FLOAT64, N, bowl_inside);
	trial->objective.base.quadratic = true;
	trial->objective.base.lower = lower;
	trial->objective.base.upper = upper;
	trial_optimizer(trial, optimizer, "constant");
	trial_number_if(trial, "learning_rate", 0.0385);
	trial->setup.config.recording.parameters = true;
}

START_TEST(every_optimizer_stays_in_the_box_or_is_refused)
{
	static const double shape[] = { 2, N / 2 };
	const char *name = optimizer_at((size_t)_i)->name;
	struct error error = { OK, "" };
	struct trial trial;
	if (trial_wants_rows(name)) {
		return; /* linear models have no box */
	}
	box_trial(&trial, name, STEPS);
	trial_shape(&trial.setup.config.optimizer.settings, shape);
	if (trial_needs(&trial, NEEDS_NO_BOUNDS)) {
		ck_assert_int_eq(trainer_create(&trial.setup, &trial.trainer, &error), E_INVALID);
		ck_assert_ptr_nonnull(strstr(error.text, "bounds"));
		return;
	}
	trial.setup.config.stopping.parameter_change = 1e-300; /* has |dx| measured */
	trial_run(&trial);
	ck_assert_uint_gt(trial.count, 1);
	for (size_t k = 0; k < trial.count * N; k++) {
		ck_assert(trial.parameters[k] >= lower[k % N] && trial.parameters[k] <= upper[k % N]);
	}
	trial_end(&trial);
}
END_TEST

START_TEST(the_norm_that_ends_a_run_in_a_box_is_that_of_the_projected_gradient)
{
	static const char *const names[] = { "sgd", "lbfgsb", "nesterov", "barzilai_borwein" };
	for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
		struct trial trial;
		box_trial(&trial, names[k], 5000);
		trial.setup.config.stopping.gradient_norm = 1e-9;
		ck_assert_int_eq(trial_run(&trial), STOP_GRADIENT_NORM);
		const double *x = trainer_parameters(trial.trainer);
		ck_assert_double_eq(x[0], lower[0]); /* where the gradient is 0.2385 * 1.385 */
		ck_assert_double_le(fabs(x[1]) + fabs(x[2]) + fabs(x[3]), 1e-8);
		trial_end(&trial);
	}
}
END_TEST

/* x after the run, with these settings of a momentum-free or coupled decay. */
static void decayed(const char *optimizer, const char *own, double common, bool decoupled, double *out)
{
	struct trial trial;
	trial_init(&trial, STEPS);
	trial_objective_init(&trial.objective, DTYPE_FLOAT64, N, trial_bowl);
	trial_optimizer(&trial, optimizer, "constant");
	trial_number(&trial, "learning_rate", 0.0385);
	if (own != NULL) {
		trial_number(&trial, own, 0.2385);
	}
	trial.setup.config.optimizer.weight_decay = common;
	trial.setup.config.optimizer.decoupled = decoupled;
	trial_run(&trial);
	memcpy(out, trainer_parameters(trial.trainer), N * sizeof *out);
	trial_end(&trial);
}

static void expect_close(const double *a, const double *b, double tolerance)
{
	for (size_t i = 0; i < N; i++) {
		ck_assert_double_eq_tol(a[i], b[i], tolerance);
	}
}

START_TEST(a_decay_that_the_trainer_does_is_that_of_the_optimizers_which_have_their_own)
{
	double own[N], common[N];
	decayed("sgd", "weight_decay", 0, false, own);
	decayed("sgd", NULL, 0.2385, false, common);
	expect_close(own, common, 1e-15);
	decayed("adam", "weight_decay", 0, false, own);
	decayed("adam", NULL, 0.2385, false, common);
	expect_close(own, common, 1e-15);
	decayed("adamw", "weight_decay", 0, false, own);
	decayed("adam", NULL, 0.2385, true, common);
	expect_close(own, common, 1e-15);
	/* adamw's own, turned into a coupled one: it does not count twice. */
	decayed("adam", "weight_decay", 0, false, own);
	decayed("adamw", "weight_decay", 0.2385, false, common);
	expect_close(own, common, 1e-15);
}
END_TEST

START_TEST(decays_of_an_optimizer_without_one_follow_their_equations)
{
	double found[N], x[N], v[N] = { 0 };
	for (int decoupled = 0; decoupled < 2; decoupled++) {
		const double lr = 0.0385, decay = 0.2385, beta = 0.9;
		decayed("heavy_ball", NULL, decay, decoupled == 1, found);
		for (size_t i = 0; i < N; i++) {
			x[i] = 0.385 + 0.1 * (double)i + 0.01 * 7;
			v[i] = 0;
			for (int t = 0; t < STEPS; t++) {
				const double g = ((double)i + 1.385) * x[i] + (decoupled ? 0 : decay * x[i]);
				x[i] *= decoupled ? 1 - lr * decay : 1;
				v[i] = beta * v[i] - lr * g;
				x[i] += v[i];
			}
		}
		expect_close(found, x, 1e-13);
	}
}
END_TEST

START_TEST(averages_are_those_of_the_points_of_the_curve)
{
	for (int kind = 0; kind < 3; kind++) {
		struct trial trial;
		double wanted[N] = { 0 };
		trial_init(&trial, STEPS);
		trial_objective_init(&trial.objective, DTYPE_FLOAT64, N, trial_bowl);
		trial_number(&trial, "learning_rate", 0.0385);
		trial.setup.config.recording.parameters = true;
		trial.setup.config.optimizer.ema_decay = kind == 0 ? 0.785 : 0;
		trial.setup.config.optimizer.averaging = kind > 0;
		trial.setup.config.optimizer.average_after = kind == 2 ? 20 : 0;
		trial_run(&trial);
		const size_t from = kind == 2 ? 21 : 1;
		for (size_t t = from; t <= STEPS; t++) {
			for (size_t i = 0; i < N; i++) {
				const double x = trial.parameters[t * N + i];
				wanted[i] = kind > 0 ? wanted[i] + x / (double)(STEPS - from + 1)
					    : t == 1 ? x
						     : 0.785 * wanted[i] + (1 - 0.785) * x;
			}
		}
		expect_close(trainer_average(trial.trainer), wanted, 1e-14);
		trial_end(&trial);
	}
}
END_TEST

/* The rows that a run asked for, in order. */
static uint32_t asked[400];
static size_t asked_count;

static double remember(const struct trial_objective *self, const double *theta, const struct batch *batch,
		       double *gradient)
{
	for (size_t k = 0; gradient != NULL && batch->index != NULL && k < batch->count; k++) {
		asked[asked_count++] = batch->index[batch->first + k];
	}
	return trial_least_squares(self, theta, batch, gradient);
}

START_TEST(rows_drawn_with_replacement_are_those_of_the_seed)
{
	struct trial_data data;
	struct trial trial;
	bool repeats = false, missing[TRIAL_ROWS];
	trial_init(&trial, 12);
	trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
	trial.objective.evaluate = remember;
	trial.setup.config.training.replacement = true;
	asked_count = 0;
	trial_run(&trial);
	ck_assert_uint_eq(asked_count, 4 * TRIAL_ROWS); /* three updates an epoch, the last of two rows */
	for (size_t epoch = 0; epoch < 4; epoch++) {
		memset(missing, 1, sizeof missing);
		for (size_t r = 0; r < TRIAL_ROWS; r++) {
			const uint32_t row = asked[epoch * TRIAL_ROWS + r];
			ck_assert_uint_eq(row, (uint32_t)(random_uniform(7, RANDOM_SAMPLE, epoch, r) * TRIAL_ROWS));
			repeats = repeats || !missing[row];
			missing[row] = false;
		}
	}
	ck_assert(repeats);
	ck_assert(memcmp(asked, asked + TRIAL_ROWS, TRIAL_ROWS * sizeof *asked) != 0);
	trial_end(&trial);
}
END_TEST

/* A run with all of it: interrupted at any step it ends with the same bits. */
static void prepare(struct trial *trial, struct trial_data *data, const char *optimizer, int kind)
{
	trial_init(trial, 14);
	trial_rows(trial, data, kind % 2 == 0 ? DTYPE_FLOAT64 : DTYPE_FLOAT32, 4);
	trial_optimizer(trial, optimizer, "constant");
	trial->setup.config.training.replacement = true;
	trial->setup.config.optimizer.ema_decay = kind == 0 ? 0.785 : 0;
	trial->setup.config.optimizer.averaging = kind > 0;
	trial->setup.config.optimizer.average_after = 5;
	trial->setup.config.optimizer.weight_decay = 0.0385;
	trial->setup.config.optimizer.decoupled = kind == 1;
}

START_TEST(a_run_with_average_decay_and_replacement_goes_on_with_the_same_bits)
{
	static const char *const names[] = { "sgd", "adamw", "nesterov" };
	for (int kind = 0; kind < 3; kind++) {
		for (uint64_t cut = 0; cut < 14; cut++) {
			struct trial whole, first, second;
			struct trial_data data[3];
			size_t size, other;
			prepare(&whole, &data[0], names[kind], kind);
			prepare(&first, &data[1], names[kind], kind);
			prepare(&second, &data[2], names[kind], kind);
			trial_run(&whole);
			trial_create(&first);
			ck_assert_int_eq(trainer_advance(first.trainer, cut), OK);
			trial_create(&second);
			const void *state = trainer_state(first.trainer, &size);
			ck_assert_int_eq(trainer_restore(second.trainer, state, size, NULL), OK);
			trial_finish(&second);
			state = trainer_state(second.trainer, &size);
			ck_assert_mem_eq(state, trainer_state(whole.trainer, &other), size);
			trial_end(&whole);
			trial_end(&first);
			trial_end(&second);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("common");
	TCase *box = tcase_create("box"), *beside = tcase_create("beside");
	tcase_add_loop_test(box, every_optimizer_stays_in_the_box_or_is_refused, 0, (int)optimizer_type_count);
	tcase_add_test(box, the_norm_that_ends_a_run_in_a_box_is_that_of_the_projected_gradient);
	tcase_add_test(beside, a_decay_that_the_trainer_does_is_that_of_the_optimizers_which_have_their_own);
	tcase_add_test(beside, decays_of_an_optimizer_without_one_follow_their_equations);
	tcase_add_test(beside, averages_are_those_of_the_points_of_the_curve);
	tcase_add_test(beside, rows_drawn_with_replacement_are_those_of_the_seed);
	tcase_add_test(beside, a_run_with_average_decay_and_replacement_goes_on_with_the_same_bits);
	suite_add_tcase(suite, box);
	suite_add_tcase(suite, beside);
	return suite_run(suite);
}
