/* Runs that leave the finite numbers: what they say, and what is kept. */
#include "tests/support/suite.h"
#include "tests/support/trial.h"

/* One bowl of one parameter: x shrinks by the factor 1 - rate * 1.385 a step, f = 0.6925 x^2, g = 1.385 x. */
static void bowl(struct trial *trial, uint64_t steps, double rate, double x0[1])
{
	trial_init(trial, steps);
	trial_objective_init(&trial->objective, DTYPE_FLOAT64, 1, trial_bowl);
	trial_number(trial, "learning_rate", rate);
	trial->setup.initial = x0;
}

START_TEST(divergence_says_the_step_and_keeps_the_best)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	bowl(&trial, 100000, 9.385, x0);
	ck_assert_int_eq(trial_run(&trial), STOP_DIVERGED);
	const struct trainer_progress progress = trial_progress(&trial);
	ck_assert(progress.oscillating);
	ck_assert(!isfinite(trial.points[trial.count - 1].train_loss));
	ck_assert(trial.points[trial.count - 1].measured & POINT_TRAIN_LOSS);
	ck_assert(isfinite(trial.points[trial.count - 2].train_loss));
	ck_assert_uint_eq(trial.points[trial.count - 1].step, progress.step);
	ck_assert_uint_eq(progress.best_step, 0);
	ck_assert_double_eq(*(const double *)trainer_best(trial.trainer), 2.385);
	trial_end(&trial);
}
END_TEST

START_TEST(divergence_with_mini_batches_keeps_the_initial_parameters)
{
	struct trial trial;
	struct trial_data data;
	trial_init(&trial, 100000);
	trial_rows(&trial, &data, DTYPE_FLOAT32, 4);
	trial.setup.validation = &data.validation;
	trial_number(&trial, "learning_rate", 1e25);
	ck_assert_int_eq(trial_run(&trial), STOP_DIVERGED);
	ck_assert_uint_lt(trial_progress(&trial).step, 3);
	ck_assert(trial_progress(&trial).has_best);
	ck_assert_uint_eq(trial_progress(&trial).best_step, 0);
	ck_assert_double_eq(dtype_get(DTYPE_FLOAT32, trainer_best(trial.trainer), 0), (double)(float)(0.385 + 0.07));
	trial_end(&trial);
}
END_TEST

START_TEST(a_loss_that_only_grows_is_not_divergence)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	bowl(&trial, 20, 2, x0);
	ck_assert_int_eq(trial_run(&trial), STOP_STEPS);
	ck_assert_uint_eq(trial.count, 21);
	ck_assert_double_gt(trial.points[20].train_loss, trial.points[0].train_loss);
	trial_end(&trial);
}
END_TEST

/* The loss of the only step is finite, the parameters that it leaves are not. */
START_TEST(parameters_that_overflow_in_the_last_update_are_divergence)
{
	struct trial trial;
	struct trial_data data;
	trial_init(&trial, 1);
	trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
	trial_number(&trial, "learning_rate", 1.7e308);
	for (size_t r = 0; r < TRIAL_ROWS; r++) {
		data.y[r] = 1e9;
	}
	ck_assert_int_eq(trial_run(&trial), STOP_DIVERGED);
	ck_assert_uint_eq(trial_progress(&trial).step, 1);
	trial_end(&trial);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("divergence");
	TCase *divergence = tcase_create("divergence");
	tcase_add_test(divergence, divergence_says_the_step_and_keeps_the_best);
	tcase_add_test(divergence, divergence_with_mini_batches_keeps_the_initial_parameters);
	tcase_add_test(divergence, a_loss_that_only_grows_is_not_divergence);
	tcase_add_test(divergence, parameters_that_overflow_in_the_last_update_are_divergence);
	suite_add_tcase(suite, divergence);
	return suite_run(suite);
}
