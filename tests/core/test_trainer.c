/* The trainer: points, batches, best, directions, precisions, memory, metrics; rules and resuming have files of their
 * own. */
#include "tests/support/trial.h"
#include "tests/support/suite.h"

START_TEST(points_lie_at_step_0_at_multiples_and_after_the_last_update)
{
	static const uint64_t steps[] = { 0, 3, 6, 9, 10 };
	struct trial trial;
	trial_init(&trial, 10);
	trial_objective_init(&trial.objective, DTYPE_FLOAT64, 2, trial_bowl);
	trial.setup.config.recording.every_steps = 3;
	ck_assert_int_eq(trial_run(&trial), STOP_STEPS);
	ck_assert_uint_eq(trial.count, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct curve_point *point = &trial.points[i];
		ck_assert_uint_eq(point->step, steps[i]);
		ck_assert_double_eq(point->epoch, (double)steps[i]);
		ck_assert_uint_eq(point->measured,
				  POINT_TRAIN_LOSS | POINT_GRADIENT_NORM | (i < 4 ? (uint64_t)POINT_LEARNING_RATE : 0));
	}
	const double x = 0.385 + 0.07, y = x + 0.1, g0 = 1.385 * x, g1 = 2.385 * y;
	ck_assert_double_eq_tol(trial.points[0].train_loss, (g0 * x + g1 * y) / 2, 1e-15);
	ck_assert_double_eq_tol(trial.points[0].gradient_norm, sqrt(g0 * g0 + g1 * g1), 1e-15);
	ck_assert_double_eq(trial.points[0].learning_rate, 0.01);
	trial_end(&trial);
}
END_TEST

START_TEST(full_batches_measure_validation_after_every_update)
{
	struct trial trial;
	struct trial_data data;
	trial_init(&trial, 4);
	trial_rows(&trial, &data, DTYPE_FLOAT64, 0);
	trial.setup.validation = &data.validation;
	trial.setup.config.recording.every_steps = 1000;
	trial_run(&trial);
	ck_assert_uint_eq(trial.count, 5);
	for (size_t k = 0; k < 5; k++) {
		ck_assert_int_eq((trial.points[k].measured & POINT_VALIDATION_LOSS) != 0, k > 0);
		ck_assert(trial.points[k].measured & POINT_TRAIN_LOSS);
	}
	trial_end(&trial);
}
END_TEST

/* For the optimizers that want a matrix. */
static const double matrix[] = { 2, 3 };

START_TEST(ascent_is_descent_on_the_negative_and_reports_the_function_itself)
{
	struct trial down, up;
	for (size_t o = 0; o < optimizer_type_count; o++) {
		if (trial_wants_rows(optimizer_at(o)->name)) {
			continue; /* tests/core/test_linear_solvers.c */
		}
		trial_init(&down, 30);
		trial_function_init(&down.objective, DTYPE_FLOAT64, 6, "styblinski_tang");
		trial_init(&up, 30);
		trial_function_init(&up.objective, DTYPE_FLOAT64, 6, "styblinski_tang");
		up.objective.scale = -1;
		up.setup.config.direction = MAXIMIZE;
		trial_optimizer(&down, optimizer_at(o)->name, "constant");
		trial_optimizer(&up, optimizer_at(o)->name, "constant");
		if (trial_needs(&up, NEEDS_SQUARES)) {
			struct error error;
			up.setup.residual = up.setup.objective;
			ck_assert_int_eq(trainer_create(&up.setup, &up.trainer, &error), E_INVALID);
			continue; /* squares are made small */
		}
		trial_shape(&down.setup.config.optimizer.settings, matrix);
		trial_shape(&up.setup.config.optimizer.settings, matrix);
		trial_number_if(&down, "learning_rate", 0.003);
		trial_number_if(&up, "learning_rate", 0.003);
		trial_run(&down);
		trial_run(&up);
		ck_assert_mem_eq(trainer_parameters(down.trainer), trainer_parameters(up.trainer), 6 * sizeof(double));
		for (size_t k = 0; k <= 30; k++) {
			ck_assert_double_eq(down.points[k].train_loss, -up.points[k].train_loss);
			ck_assert_double_eq(down.points[k].gradient_norm, up.points[k].gradient_norm);
		}
		ck_assert_uint_eq(trial_progress(&up).best_step, trial_progress(&down).best_step);
		ck_assert_double_eq(trial_progress(&up).best_value, -trial_progress(&down).best_value);
		trial_end(&down);
		trial_end(&up);
	}
}
END_TEST

START_TEST(float32_follows_float64_to_its_own_precision)
{
	struct trial wide, narrow;
	for (size_t o = 0; o < optimizer_type_count; o++) {
		if (trial_wants_rows(optimizer_at(o)->name)) {
			continue; /* tests/core/test_linear_solvers.c */
		}
		trial_init(&wide, 25);
		trial_objective_init(&wide.objective, DTYPE_FLOAT64, 6, trial_bowl);
		trial_init(&narrow, 25);
		trial_objective_init(&narrow.objective, DTYPE_FLOAT32, 6, trial_bowl);
		narrow.setup.config.training.dtype = DTYPE_FLOAT32;
		trial_optimizer(&wide, optimizer_at(o)->name, "constant");
		trial_optimizer(&narrow, optimizer_at(o)->name, "constant");
		trial_shape(&wide.setup.config.optimizer.settings, matrix);
		trial_shape(&narrow.setup.config.optimizer.settings, matrix);
		for (size_t i = 0; i < 2; i++) {
			/* From the default on, the first steps are no longer than what a float rounds x to. */
			static const char *const guess[][2] = { { "prodigy", "d0" }, { "dowg", "eps" } };
			if (strcmp(optimizer_at(o)->name, guess[i][0]) == 0) {
				trial_number(&wide, guess[i][1], 0.1);
				trial_number(&narrow, guess[i][1], 0.1);
			}
		}
		wide.setup.config.optimizer.clip_grad_norm = 1.385;
		narrow.setup.config.optimizer.clip_grad_norm = 1.385;
		narrow.setup.config.recording.parameters = true;
		trial_run(&wide);
		trial_run(&narrow);
		for (size_t i = 0; i < 6; i++) {
			const double a = dtype_get(DTYPE_FLOAT64, trainer_parameters(wide.trainer), i);
			const double b = dtype_get(DTYPE_FLOAT32, trainer_parameters(narrow.trainer), i);
			ck_assert(a != b || a == 0); /* newton is at the minimum, exactly */
			ck_assert_msg(fabs(a - b) <= 1e-5, "%s: %.9g, not %.9g", optimizer_at(o)->name, b, a);
			ck_assert_double_eq(b, narrow.parameters[25 * 6 + i]);
		}
		trial_end(&wide);
		trial_end(&narrow);
	}
}
END_TEST

START_TEST(clipping_by_value_bounds_each_component)
{
	struct trial trial;
	trial_init(&trial, 1);
	trial_objective_init(&trial.objective, DTYPE_FLOAT64, 3, trial_bowl);
	double x0[3] = { 0.1, -2, 3 };
	trial.setup.initial = x0;
	trial.setup.config.optimizer.clip_grad_value = 0.385;
	trial_number(&trial, "learning_rate", 0.5);
	trial_run(&trial);
	const double *x = trainer_parameters(trial.trainer);
	ck_assert_double_eq_tol(x[0], 0.1 - 0.5 * 0.1385, 1e-16);
	ck_assert_double_eq_tol(x[1], -2 + 0.5 * 0.385, 1e-15);
	ck_assert_double_eq_tol(x[2], 3 - 0.5 * 0.385, 1e-15);
	trial_end(&trial);
}
END_TEST

/* Where the gradient is taken at the look-ahead point, f at x costs an evaluation: only made when somebody asks. */
START_TEST(a_loss_that_nobody_wants_is_not_computed)
{
	struct trial trial;
	struct trial_data data;
	trial_init(&trial, 12);
	trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
	trial.setup.config.recording.every_steps = 6;
	trial_optimizer(&trial, "nesterov", "constant");
	trial_run(&trial);
	ck_assert_uint_eq(trial.objective.evaluations, 12 + 2);
	trial_end(&trial);
	trial_init(&trial, 12);
	trial_objective_init(&trial.objective, DTYPE_FLOAT64, 3, trial_bowl);
	trial_optimizer(&trial, "nesterov", "constant");
	trial_run(&trial);
	ck_assert_uint_eq(trial.objective.evaluations, 12 + 12 + 1);
	trial_end(&trial);
}
END_TEST

START_TEST(a_full_buffer_of_points_returns_early_and_loses_none)
{
	struct trial trial;
	trial_init(&trial, 3000);
	trial_objective_init(&trial.objective, DTYPE_FLOAT64, 2, trial_bowl);
	trial.setup.config.recording.parameters = true;
	trial_create(&trial);
	while (trainer_reason(trial.trainer) == STOP_NONE) {
		ck_assert_int_eq(trainer_advance(trial.trainer, 100000), OK);
		ck_assert_int_eq(trainer_advance(trial.trainer, 100000), OK);
		trial_take(&trial);
	}
	ck_assert_uint_eq(trial.count, 3001);
	for (size_t k = 0; k <= 3000; k++) {
		ck_assert_uint_eq(trial.points[k].step, k);
	}
	trial_end(&trial);
}
END_TEST

START_TEST(the_stop_flag_is_seen_before_a_step)
{
	struct trial trial;
	atomic_bool stop = true;
	trial_init(&trial, 10);
	trial_objective_init(&trial.objective, DTYPE_FLOAT64, 2, trial_bowl);
	trial.executor.stop = &stop;
	trial_create(&trial);
	ck_assert_int_eq(trainer_advance(trial.trainer, 5), E_CANCELLED);
	ck_assert_uint_eq(trial_progress(&trial).step, 0);
	atomic_store(&stop, false);
	ck_assert_int_eq(trial_finish(&trial), STOP_STEPS);
	trial_end(&trial);
}
END_TEST

START_TEST(a_wrong_setup_is_refused_with_a_sentence)
{
	struct trial_data data;
	for (int fault = 0; fault < 8; fault++) {
		struct trial trial;
		struct error error = { OK, "" };
		trial_init(&trial, 10);
		trial_rows(&trial, &data, DTYPE_FLOAT64, 4);
		struct train_config *config = &trial.setup.config;
		switch (fault) {
		case 0:
			config->training.steps = 0;
			break;
		case 1:
			config->recording.every_steps = 0;
			break;
		case 2:
			config->stopping.early_stopping = true;
			break;
		case 3:
			trial_number(&trial, "nesterov", 1);
			break;
		case 4:
			trial.setup.training = NULL;
			break;
		case 5:
			data.training.rows = 0;
			break;
		case 6:
			config->training.dtype = DTYPE_FLOAT32;
			break;
		default:
			trial.objective.base.rowed = false;
			break;
		}
		ck_assert_msg(trainer_create(&trial.setup, &trial.trainer, &error) == E_INVALID, "fault %d", fault);
		ck_assert_uint_gt(strlen(error.text), 10);
	}
}
END_TEST

START_TEST(more_parameters_than_memory_are_counted_not_taken)
{
	struct trial trial;
	size_t bytes = 0, more = 0;
	trial_init(&trial, 10);
	trial_optimizer(&trial, "adam", "constant");
	ck_assert_int_eq(
		trainer_measure(&trial.setup.config, &(struct optimizer_shape){ .n = 1000000, .rows = 0 }, &bytes), OK);
	/* theta, m, v, best and the gradient. */
	ck_assert_uint_ge(bytes, 5 * 8000000u);
	ck_assert_uint_le(bytes, 5 * 8000000u + 200000u);
	trial_number(&trial, "amsgrad", 1);
	ck_assert_int_eq(
		trainer_measure(&trial.setup.config, &(struct optimizer_shape){ .n = 1000000, .rows = 0 }, &more), OK);
	ck_assert_uint_eq(more, bytes + 8000000u);
	ck_assert_int_eq(trainer_measure(&trial.setup.config,
					 &(struct optimizer_shape){ .n = SIZE_MAX / 16, .rows = 0 }, &bytes),
			 E_TOO_LARGE);
	trial.setup.config.training.batch_size = 64;
	ck_assert_int_eq(trainer_measure(&trial.setup.config,
					 &(struct optimizer_shape){ .n = 10, .rows = (uint64_t)1 << 40 }, &bytes),
			 E_TOO_LARGE);
}
END_TEST

START_TEST(budgets_are_the_smaller_of_epochs_and_steps)
{
	struct training_config training = { .batch_size = 4, .epochs = 5 };
	ck_assert_uint_eq(train_steps_per_epoch(&training, 10), 3);
	ck_assert_uint_eq(train_steps_total(&training, 10), 15);
	training.steps = 14;
	ck_assert_uint_eq(train_steps_total(&training, 10), 14);
	training.steps = 16;
	ck_assert_uint_eq(train_steps_total(&training, 10), 15);
	training.epochs = UINT64_MAX / 2;
	ck_assert_uint_eq(train_steps_total(&training, 10), 16);
	training.batch_size = 0;
	ck_assert_uint_eq(train_steps_per_epoch(&training, 10), 1);
	ck_assert_uint_eq(train_steps_per_epoch(&training, 0), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trainer");
	TCase *points = tcase_create("points");
	tcase_add_test(points, points_lie_at_step_0_at_multiples_and_after_the_last_update);
	tcase_add_test(points, full_batches_measure_validation_after_every_update);
	tcase_add_test(points, a_full_buffer_of_points_returns_early_and_loses_none);
	tcase_add_test(points, a_loss_that_nobody_wants_is_not_computed);
	suite_add_tcase(suite, points);
	TCase *updates = tcase_create("updates");
	tcase_add_test(updates, ascent_is_descent_on_the_negative_and_reports_the_function_itself);
	tcase_add_test(updates, float32_follows_float64_to_its_own_precision);
	tcase_add_test(updates, clipping_by_value_bounds_each_component);
	suite_add_tcase(suite, updates);
	TCase *edges = tcase_create("edges");
	tcase_add_test(edges, the_stop_flag_is_seen_before_a_step);
	tcase_add_test(edges, a_wrong_setup_is_refused_with_a_sentence);
	tcase_add_test(edges, more_parameters_than_memory_are_counted_not_taken);
	tcase_add_test(edges, budgets_are_the_smaller_of_epochs_and_steps);
	suite_add_tcase(suite, edges);
	return suite_run(suite);
}
