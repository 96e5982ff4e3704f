/* Each stopping rule on purpose: when it holds, what it says, and which of two comes first. */
#include "tests/support/trial.h"
#include "tests/support/suite.h"

/* One bowl of one parameter: x shrinks by the factor 1 - rate * 1.385 a step, f = 0.6925 x^2, g = 1.385 x. */
static void bowl(struct trial *trial, uint64_t steps, double rate, double x0[1])
{
	trial_init(trial, steps);
	trial_objective_init(&trial->objective, DTYPE_FLOAT64, 1, trial_bowl);
	trial_number(trial, "learning_rate", rate);
	trial->setup.initial = x0;
}

static double f_of(double x)
{
	return 0.5 * 1.385 * x * x;
}

static void expect(struct trial *trial, enum stop_reason reason, uint64_t step)
{
	ck_assert_str_eq(stop_reason_word(trial_run(trial)), stop_reason_word(reason));
	const struct trainer_progress progress = trial_progress(trial);
	ck_assert_uint_eq(progress.step, step);
	ck_assert_uint_eq(progress.last.step, step);
	ck_assert_uint_eq(trial->points[trial->count - 1].step, step);
}

START_TEST(gradient_norm_stops_at_the_first_step_whose_gradient_is_small)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	bowl(&trial, 100, 0.385, x0);
	trial.setup.config.stopping.gradient_norm = 0.1;
	double x = x0[0];
	uint64_t k = 0;
	for (; 1.385 * x > 0.1; k++) {
		x -= 0.385 * 1.385 * x;
	}
	expect(&trial, STOP_GRADIENT_NORM, k);
	ck_assert_double_eq_tol(trial_progress(&trial).reason_value, 1.385 * x, 1e-12);
	ck_assert_double_eq(trial_progress(&trial).reason_limit, 0.1);
	trial_end(&trial);
}
END_TEST

START_TEST(the_gradient_that_is_tested_is_the_one_before_clipping)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	bowl(&trial, 5, 0.01, x0);
	trial.setup.config.stopping.gradient_norm = 1;
	trial.setup.config.optimizer.clip_grad_norm = 0.5;
	expect(&trial, STOP_STEPS, 5);
	ck_assert_double_eq_tol(trial.points[0].gradient_norm, 1.385 * 2.385, 1e-12);
	trial_end(&trial);
}
END_TEST

START_TEST(loss_change_is_relative_to_the_loss_above_1_and_absolute_below)
{
	double x0[1] = { 200.385 };
	struct trial trial;
	for (int small = 0; small < 2; small++) {
		bowl(&trial, 1000, 0.001, x0);
		x0[0] = small ? 0.0385 : 200.385;
		/* f' / f is (1 - 0.001385)^2 from step to step. */
		trial.setup.config.stopping.loss_change = 0.00278;
		expect(&trial, STOP_LOSS_CHANGE, 1);
		trial_end(&trial);
	}
	x0[0] = 200.385;
	bowl(&trial, 3, 0.001, x0);
	trial.setup.config.stopping.loss_change = 0.00276;
	expect(&trial, STOP_STEPS, 3);
	trial_end(&trial);
}
END_TEST

START_TEST(parameter_change_is_relative_to_the_parameters_above_1)
{
	struct trial trial;
	double x0[1] = { 200.385 };
	bowl(&trial, 3, 0.001, x0);
	trial.setup.config.stopping.parameter_change = 0.00138;
	expect(&trial, STOP_STEPS, 3);
	trial_end(&trial);
	bowl(&trial, 3, 0.001, x0);
	trial.setup.config.stopping.parameter_change = 0.00139;
	expect(&trial, STOP_PARAMETER_CHANGE, 1);
	ck_assert_double_eq_tol(trial_progress(&trial).reason_value, 200.385 * 0.001385, 1e-12);
	trial_end(&trial);
	x0[0] = 0.5;
	bowl(&trial, 3, 0.001, x0);
	trial.setup.config.stopping.parameter_change = 0.0007;
	expect(&trial, STOP_PARAMETER_CHANGE, 1);
	trial_end(&trial);
}
END_TEST

START_TEST(target_loss_stops_at_or_below_it)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	bowl(&trial, 100, 0.385, x0);
	trial.setup.config.stopping.target_loss = f_of(2.385 * (1 - 0.385 * 1.385) * (1 - 0.385 * 1.385)) * (1 + 1e-12);
	expect(&trial, STOP_TARGET_LOSS, 2);
	trial_end(&trial);
}
END_TEST

START_TEST(target_loss_stops_at_or_above_it_when_maximising)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	bowl(&trial, 100, 0.385, x0);
	trial.objective.scale = -1;
	trial.setup.config.direction = MAXIMIZE;
	trial.setup.config.stopping.target_loss = -0.385;
	expect(&trial, STOP_TARGET_LOSS, 2);
	ck_assert_double_ge(trial.points[2].train_loss, -0.385);
	ck_assert_double_lt(trial.points[1].train_loss, -0.385);
	ck_assert_double_eq(trial_progress(&trial).best_value, trial.points[2].train_loss);
	trial_end(&trial);
}
END_TEST

START_TEST(of_two_rules_that_hold_the_earlier_in_the_order_is_the_reason)
{
	static const enum stop_reason order[] = { STOP_GRADIENT_NORM, STOP_LOSS_CHANGE, STOP_PARAMETER_CHANGE,
						  STOP_TARGET_LOSS, STOP_EARLY_STOPPING };
	struct trial trial;
	double x0[1] = { 2.385 };
	for (int first = 0; first < 5; first++) {
		bowl(&trial, 1, 1e-3, x0); /* all of them hold at step 1, none at step 0 */
		trial.setup.config.training.epochs = 1;
		struct stopping_config *rule = &trial.setup.config.stopping;
		rule->gradient_norm = first <= 0 ? 3.3 : (double)NAN;
		rule->loss_change = first <= 1 ? 1 : (double)NAN;
		rule->parameter_change = first <= 2 ? 1 : (double)NAN;
		rule->target_loss = first <= 3 ? 3.93 : (double)NAN;
		rule->early_stopping = true;
		rule->early_metric = METRIC_TRAIN_LOSS;
		rule->patience = 1;
		rule->min_delta = 1;
		expect(&trial, order[first], 1);
		trial_end(&trial);
	}
}
END_TEST

START_TEST(steps_come_before_epochs_when_both_end_together)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	bowl(&trial, 4, 0.1, x0);
	trial.setup.config.training.epochs = 4;
	expect(&trial, STOP_STEPS, 4);
	trial_end(&trial);
	bowl(&trial, 5, 0.1, x0);
	trial.setup.config.training.epochs = 4;
	expect(&trial, STOP_EPOCHS, 4);
	trial_end(&trial);
}
END_TEST

/* Keras: `patience` measurements in a row without improvement; 0 counts as 1. */
START_TEST(early_stopping_ends_after_patience_measurements_without_improvement)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	for (uint64_t patience = 0; patience < 4; patience++) {
		bowl(&trial, 50, 0.1, x0);
		trial.setup.config.direction = MAXIMIZE;
		trial.setup.config.stopping.early_stopping = true;
		trial.setup.config.stopping.early_metric = METRIC_TRAIN_LOSS;
		trial.setup.config.stopping.patience = patience;
		trial.setup.config.stopping.min_delta = 1e6;
		expect(&trial, STOP_EARLY_STOPPING, patience < 1 ? 1 : patience);
		trial_end(&trial);
	}
}
END_TEST

START_TEST(an_improvement_by_no_more_than_min_delta_does_not_count)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	const double shrink = 1 - 0.01 * 1.385, fall = f_of(2.385) * (1 - shrink * shrink);
	bowl(&trial, 6, 0.01, x0);
	trial.setup.config.stopping.early_stopping = true;
	trial.setup.config.stopping.early_metric = METRIC_TRAIN_LOSS;
	trial.setup.config.stopping.patience = 1;
	trial.setup.config.stopping.min_delta = fall * 1.001;
	expect(&trial, STOP_EARLY_STOPPING, 1);
	/* The best weights are the best measured, min_delta or not. */
	ck_assert_uint_eq(trial_progress(&trial).best_step, 1);
	trial_end(&trial);
	bowl(&trial, 2, 0.01, x0);
	trial.setup.config.stopping.early_stopping = true;
	trial.setup.config.stopping.early_metric = METRIC_TRAIN_LOSS;
	trial.setup.config.stopping.patience = 1;
	trial.setup.config.stopping.min_delta = fall * 0.9;
	expect(&trial, STOP_STEPS, 2);
	trial_end(&trial);
}
END_TEST

START_TEST(early_stopping_on_validation_keeps_the_best_weights)
{
	struct trial trial;
	struct trial_data data;
	trial_init(&trial, 0);
	trial.setup.config.training.epochs = 400;
	trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
	for (size_t r = TRIAL_ROWS; r < TRIAL_ROWS + TRIAL_VALIDATION_ROWS; r++) {
		data.y[r] = 0.2 * data.y[r]; /* what fits the training rows does not fit these in the end */
	}
	trial.setup.validation = &data.validation;
	trial.setup.config.recording.parameters = true;
	trial.setup.config.stopping.early_stopping = true;
	trial.setup.config.stopping.early_metric = METRIC_VALIDATION_LOSS;
	trial.setup.config.stopping.patience = 3;
	trial_number(&trial, "learning_rate", 0.02);
	ck_assert_int_eq(trial_run(&trial), STOP_EARLY_STOPPING);
	const struct trainer_progress progress = trial_progress(&trial);
	ck_assert_uint_eq(progress.step, progress.best_step + 3 * 3);
	ck_assert_uint_gt(progress.best_step, 0);
	ck_assert_int_eq(progress.best_metric, METRIC_VALIDATION_LOSS);
	double least = INFINITY;
	for (size_t i = 0; i < trial.count; i++) {
		if (trial.points[i].measured & POINT_VALIDATION_LOSS) {
			least = fmin(least, trial.points[i].validation_loss);
		}
		if (trial.points[i].step == progress.best_step) {
			ck_assert_double_eq(trial.points[i].validation_loss, progress.best_value);
			ck_assert_mem_eq(trainer_best(trial.trainer), trial.parameters + TRIAL_FEATURES * i,
					 TRIAL_FEATURES * sizeof(double));
		}
	}
	ck_assert_double_eq(least, progress.best_value);
	trial_end(&trial);
}
END_TEST

START_TEST(with_mini_batches_rules_wait_for_the_end_of_an_epoch)
{
	struct trial trial;
	struct trial_data data;
	for (int rule = 0; rule < 4; rule++) {
		trial_init(&trial, 100);
		trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
		trial_number(&trial, "learning_rate", 1e-9);
		struct stopping_config *stopping = &trial.setup.config.stopping;
		*(rule == 0   ? &stopping->gradient_norm
		  : rule == 1 ? &stopping->loss_change
		  : rule == 2 ? &stopping->parameter_change
			      : &stopping->target_loss) = 1e6;
		expect(&trial,
		       rule == 0   ? STOP_GRADIENT_NORM
		       : rule == 1 ? STOP_LOSS_CHANGE
		       : rule == 2 ? STOP_PARAMETER_CHANGE
				   : STOP_TARGET_LOSS,
		       3);
		ck_assert(!(trial_progress(&trial).last.measured & (POINT_TRAIN_LOSS | POINT_GRADIENT_NORM)));
		trial_end(&trial);
	}
}
END_TEST

START_TEST(with_mini_batches_the_values_are_those_of_the_epochs_last_step)
{
	struct trial trial;
	struct trial_data data;
	trial_init(&trial, 100);
	trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
	trial_number(&trial, "learning_rate", 0.05);
	trial.setup.config.stopping.loss_change = 1e6;
	expect(&trial, STOP_LOSS_CHANGE, 3);
	ck_assert_double_eq(trial_progress(&trial).reason_value,
			    fabs(trial.points[2].train_loss - trial.points[1].train_loss));
	trial_end(&trial);
	trial_init(&trial, 100);
	trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
	trial_number(&trial, "learning_rate", 0.05);
	trial.setup.config.stopping.gradient_norm = 1e6;
	expect(&trial, STOP_GRADIENT_NORM, 3);
	ck_assert_double_eq(trial_progress(&trial).reason_value, trial.points[2].gradient_norm);
	trial_end(&trial);
}
END_TEST

/* A clock that a test moves: a quarter of a second a call. */
static double quarters;
static double slow_clock(void)
{
	return quarters += 0.25;
}

START_TEST(max_seconds_ends_a_run_within_an_epoch)
{
	struct trial trial;
	struct trial_data data;
	trial_init(&trial, 0);
	trial.setup.config.training.epochs = 1000;
	trial_rows(&trial, &data, DTYPE_FLOAT64, 1);
	trial.setup.clock = slow_clock;
	trial.setup.config.stopping.max_seconds = 3.385;
	ck_assert_int_eq(trial_run(&trial), STOP_MAX_SECONDS);
	const struct trainer_progress progress = trial_progress(&trial);
	ck_assert_uint_lt(progress.step, 20);
	ck_assert_double_ge(progress.reason_value, 3.385);
	ck_assert_double_eq(progress.reason_limit, 3.385);
	ck_assert_double_ge(progress.seconds, 3.385);
	trial_end(&trial);
}
END_TEST

START_TEST(seconds_of_earlier_attempts_count)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	size_t size;
	bowl(&trial, 1000000, 1e-9, x0);
	trial.setup.clock = slow_clock;
	trial.setup.config.stopping.max_seconds = 30;
	trial_create(&trial);
	ck_assert_int_eq(trainer_advance(trial.trainer, 20), OK);
	const double before = trial_progress(&trial).seconds;
	ck_assert_double_gt(before, 2);
	const void *state = trainer_state(trial.trainer, &size);
	char *copy = malloc(size);
	memcpy(copy, state, size);
	trainer_destroy(trial.trainer);
	trial_create(&trial);
	ck_assert_int_eq(trainer_restore(trial.trainer, copy, size, NULL), OK);
	free(copy);
	ck_assert_int_eq(trainer_advance(trial.trainer, 1), OK);
	ck_assert_double_gt(trial_progress(&trial).seconds, before);
	ck_assert_double_lt(trial_progress(&trial).seconds, before + 2);
	ck_assert_int_eq(trial_finish(&trial), STOP_MAX_SECONDS);
	trial_end(&trial);
}
END_TEST

/* rprop stands still for an update when all slopes change sign: f and x change by 0 there, long before the end. */
START_TEST(a_step_in_which_an_optimizer_rests_is_no_small_change)
{
	for (int rule = 0; rule < 2; rule++) {
		struct trial trial;
		double x0[1] = { 2.385 };
		bowl(&trial, 1000, 0.385, x0);
		trial_optimizer(&trial, "rprop", "constant");
		trial_number(&trial, "learning_rate", 0.385);
		if (rule == 0) {
			trial.setup.config.stopping.loss_change = 1e-12;
		} else {
			trial.setup.config.stopping.parameter_change = 1e-12;
		}
		trial.setup.config.stopping.gradient_norm = 1e-5;
		ck_assert_str_eq(stop_reason_word(trial_run(&trial)), stop_reason_word(STOP_GRADIENT_NORM));
		size_t rests = 0;
		for (size_t k = 1; k < trial.count; k++) {
			rests += trial.points[k].train_loss == trial.points[k - 1].train_loss;
		}
		ck_assert_uint_ge(rests, 1); /* or the test would show nothing */
		trial_end(&trial);
	}
}
END_TEST

START_TEST(a_rule_that_is_off_never_holds)
{
	struct trial trial;
	double x0[1] = { 0 }; /* gradient, changes and loss are 0 throughout */
	bowl(&trial, 9, 0.1, x0);
	expect(&trial, STOP_STEPS, 9);
	trial_end(&trial);
}
END_TEST

START_TEST(a_cancel_from_outside_is_the_reason_and_keeps_what_is_there)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	bowl(&trial, 100, 0.1, x0);
	trial_create(&trial);
	ck_assert_int_eq(trainer_advance(trial.trainer, 5), OK);
	trainer_stop(trial.trainer, STOP_CANCELLED);
	ck_assert_int_eq(trainer_advance(trial.trainer, 5), OK);
	ck_assert_uint_eq(trial_progress(&trial).step, 5);
	ck_assert_int_eq(trainer_reason(trial.trainer), STOP_CANCELLED);
	trainer_stop(trial.trainer, STOP_ERROR);
	ck_assert_int_eq(trainer_reason(trial.trainer), STOP_CANCELLED);
	trial_end(&trial);
}
END_TEST

/* The points of a run of `steps` steps that was then stopped; every 4th step has one. */
static void stop_after(struct trial *trial, uint64_t steps)
{
	static double x0[1] = { 2.385 };
	bowl(trial, 100, 0.1, x0);
	trial->setup.config.recording.every_steps = 4;
	trial_create(trial);
	ck_assert_int_eq(trainer_advance(trial->trainer, steps), OK);
	trainer_stop(trial->trainer, STOP_CANCELLED);
	trial_take(trial);
}

START_TEST(a_run_that_is_stopped_has_a_point_at_its_last_step_and_only_one)
{
	struct trial trial;
	stop_after(&trial, 6);
	ck_assert_uint_eq(trial.count, 3); /* 0, 4 and the last, 6 */
	ck_assert_uint_eq(trial.points[2].step, 6);
	ck_assert_uint_eq(trial.points[2].measured, 0); /* nothing was evaluated there */
	ck_assert_uint_eq(trial_progress(&trial).last.step, 4);
	ck_assert(trial_progress(&trial).last.measured & POINT_TRAIN_LOSS);
	trainer_stop(trial.trainer, STOP_CANCELLED);
	trial_take(&trial);
	ck_assert_uint_eq(trial.count, 3);
	trial_end(&trial);
	stop_after(&trial, 0);
	ck_assert_uint_eq(trial.count, 1);
	ck_assert_uint_eq(trial.points[0].step, 0);
	trial_end(&trial);
}
END_TEST

START_TEST(a_limit_of_seconds_from_outside_ends_like_max_seconds_with_a_measured_point)
{
	struct trial trial;
	double x0[1] = { 2.385 };
	bowl(&trial, 1000, 0.001, x0);
	trial.setup.config.recording.every_steps = 1000;
	trial.setup.clock = slow_clock;
	trial.setup.seconds_limit = 20;
	ck_assert_int_eq(trial_run(&trial), STOP_MAX_SECONDS);
	const struct trainer_progress progress = trial_progress(&trial);
	ck_assert_uint_gt(progress.step, 0);
	ck_assert_uint_lt(progress.step, 1000);
	ck_assert_double_eq(progress.reason_limit, 20);
	ck_assert_uint_eq(trial.points[trial.count - 1].step, progress.step);
	ck_assert(trial.points[trial.count - 1].measured & POINT_TRAIN_LOSS);
	trial_end(&trial);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stopping");
	TCase *rules = tcase_create("rules");
	tcase_add_test(rules, gradient_norm_stops_at_the_first_step_whose_gradient_is_small);
	tcase_add_test(rules, the_gradient_that_is_tested_is_the_one_before_clipping);
	tcase_add_test(rules, loss_change_is_relative_to_the_loss_above_1_and_absolute_below);
	tcase_add_test(rules, parameter_change_is_relative_to_the_parameters_above_1);
	tcase_add_test(rules, target_loss_stops_at_or_below_it);
	tcase_add_test(rules, target_loss_stops_at_or_above_it_when_maximising);
	tcase_add_test(rules, of_two_rules_that_hold_the_earlier_in_the_order_is_the_reason);
	tcase_add_test(rules, steps_come_before_epochs_when_both_end_together);
	tcase_add_test(rules, with_mini_batches_rules_wait_for_the_end_of_an_epoch);
	tcase_add_test(rules, with_mini_batches_the_values_are_those_of_the_epochs_last_step);
	tcase_add_test(rules, a_rule_that_is_off_never_holds);
	tcase_add_test(rules, a_step_in_which_an_optimizer_rests_is_no_small_change);
	suite_add_tcase(suite, rules);
	TCase *early = tcase_create("early stopping");
	tcase_add_test(early, early_stopping_ends_after_patience_measurements_without_improvement);
	tcase_add_test(early, an_improvement_by_no_more_than_min_delta_does_not_count);
	tcase_add_test(early, early_stopping_on_validation_keeps_the_best_weights);
	suite_add_tcase(suite, early);
	TCase *outside = tcase_create("time and cancel");
	tcase_add_test(outside, max_seconds_ends_a_run_within_an_epoch);
	tcase_add_test(outside, seconds_of_earlier_attempts_count);
	tcase_add_test(outside, a_cancel_from_outside_is_the_reason_and_keeps_what_is_there);
	tcase_add_test(outside, a_run_that_is_stopped_has_a_point_at_its_last_step_and_only_one);
	tcase_add_test(outside, a_limit_of_seconds_from_outside_ends_like_max_seconds_with_a_measured_point);
	suite_add_tcase(suite, outside);
	return suite_run(suite);
}
