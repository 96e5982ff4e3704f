/* The learning-rate range test: what it finds where the answer is known, how it ends, and that it resumes bit for bit.
 */
#include "tests/support/suite.h"
#include "tests/support/trial.h"

/* One bowl of curvature 1.385: rates up to 2 / 1.385 descend, 1 / 1.385 reaches the minimum in one step. */
static void range(struct trial *trial, uint64_t steps, double x0[1])
{
	trial_init(trial, steps);
	trial_objective_init(&trial->objective, DTYPE_FLOAT64, 1, trial_bowl);
	trial_optimizer(trial, "sgd", "lr_finder");
	trial_setting(&trial->setup.config.optimizer.schedule.settings, "start_lr")->number = 1e-4;
	trial_setting(&trial->setup.config.optimizer.schedule.settings, "end_lr")->number = 238.5;
	trial->setup.initial = x0;
}

START_TEST(rates_rise_by_a_factor_until_the_loss_explodes)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	range(&trial, 200, x0);
	ck_assert_int_eq(trial_run(&trial), STOP_LR_FINDER);
	const double factor = pow(2385000, 1.0 / 199);
	for (size_t k = 1; k + 1 < trial.count; k++) {
		ck_assert_double_eq_tol(trial.points[k].learning_rate / trial.points[k - 1].learning_rate, factor,
					1e-9);
	}
	const struct lr_finding finding = trial_progress(&trial).finding;
	ck_assert(finding.tests);
	ck_assert_double_gt(finding.exploded, 2 / 1.385);
	ck_assert_double_lt(finding.minimum, 2 / 1.385);
	ck_assert_double_lt(finding.suggested, finding.minimum);
	ck_assert_double_gt(finding.suggested, 1e-3);
	/* By hand: where f_k - f_{k+1} is largest, the points being one factor apart. */
	double steepest = 0, drop = 0;
	for (size_t k = 0; k + 1 < trial.count; k++) {
		if (trial.points[k].train_loss - trial.points[k + 1].train_loss > drop) {
			drop = trial.points[k].train_loss - trial.points[k + 1].train_loss;
			steepest = trial.points[k].learning_rate;
		}
	}
	ck_assert_double_eq_tol(log(finding.steepest), log(steepest), 0.5);
	trial_end(&trial);
}
END_TEST

START_TEST(a_loss_that_is_not_finite_ends_the_test_as_well)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	range(&trial, 4, x0);
	trial_setting(&trial.setup.config.optimizer.schedule.settings, "end_lr")->number = 1e250;
	trial_setting(&trial.setup.config.optimizer.schedule.settings, "diverge_factor")->number = 1e99;
	ck_assert_int_eq(trial_run(&trial), STOP_LR_FINDER);
	ck_assert_double_gt(trial_progress(&trial).finding.exploded, 1);
	trial_end(&trial);
}
END_TEST

START_TEST(a_test_that_nothing_ends_runs_out_of_steps)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	range(&trial, 20, x0);
	trial_setting(&trial.setup.config.optimizer.schedule.settings, "end_lr")->number = 0.0385;
	ck_assert_int_eq(trial_run(&trial), STOP_STEPS);
	ck_assert(isnan(trial_progress(&trial).finding.exploded));
	ck_assert_double_gt(trial_progress(&trial).finding.suggested, 0);
	trial_end(&trial);
}
END_TEST

START_TEST(mini_batches_are_averaged_and_an_interruption_changes_nothing)
{
	struct trial whole, first, second;
	struct trial_data data;
	size_t size, other;
	struct trial *trials[] = { &whole, &first, &second };
	for (size_t i = 0; i < 3; i++) {
		trial_init(trials[i], 60);
		trial_rows(trials[i], &data, DTYPE_FLOAT64, 4);
		trial_optimizer(trials[i], "sgd", "lr_finder");
	}
	const enum stop_reason reason = trial_run(&whole);
	trial_create(&first);
	ck_assert_int_eq(trainer_advance(first.trainer, 23), OK);
	const void *state = trainer_state(first.trainer, &size);
	trial_create(&second);
	ck_assert_int_eq(trainer_restore(second.trainer, state, size, NULL), OK);
	ck_assert_int_eq(trial_finish(&second), reason);
	state = trainer_state(whole.trainer, &size);
	const void *resumed = trainer_state(second.trainer, &other);
	ck_assert_uint_eq(size, other);
	ck_assert_mem_eq(state, resumed, size);
	ck_assert_double_gt(trial_progress(&second).finding.suggested, 1e-7);
	for (size_t i = 0; i < 3; i++) {
		trial_end(trials[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/finder");
	TCase *range_test = tcase_create("range");
	suite_add_tcase(suite, range_test);
	tcase_add_test(range_test, rates_rise_by_a_factor_until_the_loss_explodes);
	tcase_add_test(range_test, a_loss_that_is_not_finite_ends_the_test_as_well);
	tcase_add_test(range_test, a_test_that_nothing_ends_runs_out_of_steps);
	tcase_add_test(range_test, mini_batches_are_averaged_and_an_interruption_changes_nothing);
	return suite_run(suite);
}
