/* Metrics of a set of rows: accuracy, rmse, mae, r2, in blocks, in both precisions. */
#include "tests/support/trial.h"
#include "tests/support/suite.h"

enum { ROWS = 40001, COLUMNS = 3 };

/* predict() copies the first columns of x: the tests write the outputs that they want into the data. */
static enum status predict_copy(struct objective *objective, const void *theta, const struct batch *batch,
				struct executor *executor, void *outputs)
{
	const struct data_view *data = batch->data;
	(void)theta;
	(void)executor;
	ck_assert_ptr_null(batch->index);
	for (size_t k = 0; k < batch->count; k++) {
		for (size_t c = 0; c < objective->outputs; c++) {
			const double z = dtype_get(data->dtype, data->x, (batch->first + k) * data->features + c);
			dtype_set(objective->dtype, outputs, k * objective->outputs + c, z);
		}
	}
	return OK;
}

static double nothing(const struct trial_objective *self, const double *theta, const struct batch *batch,
		      double *gradient)
{
	(void)self;
	(void)gradient;
	return 2.385 + theta[0] + (double)batch->count;
}

static const struct objective_type copy_type = {
	.evaluate = trial_evaluate, .predict = predict_copy, .initialise = trial_initialise, .destroy = trial_destroy
};

struct bench {
	struct trial trial;
	struct data_view data;
	void *x, *y;
	int32_t *label;
};

static void set_up(struct bench *bench, enum dtype dtype, size_t outputs)
{
	trial_init(&bench->trial, 1);
	trial_objective_init(&bench->trial.objective, dtype, 1, nothing);
	bench->trial.objective.base.type = &copy_type;
	bench->trial.objective.base.outputs = outputs;
	bench->trial.objective.base.rowed = true;
	bench->trial.setup.config.training.dtype = dtype;
	bench->x = calloc(ROWS * COLUMNS, sizeof(double));
	bench->y = calloc(ROWS * COLUMNS, sizeof(double));
	bench->label = calloc(ROWS, sizeof *bench->label);
	bench->data = (struct data_view){ .dtype = dtype, .rows = ROWS, .features = outputs, .x = bench->x };
	bench->trial.setup.training = &bench->data;
	trial_create(&bench->trial);
}

static void tear_down(struct bench *bench)
{
	trial_end(&bench->trial);
	free(bench->x);
	free(bench->y);
	free(bench->label);
}

static struct evaluation evaluate(struct bench *bench)
{
	struct evaluation out;
	struct trainer *trainer = bench->trial.trainer;
	ck_assert_int_eq(trainer_evaluate(trainer, trainer_parameters(trainer), &bench->data, &out), OK);
	return out;
}

START_TEST(accuracy_of_several_classes_is_the_share_whose_largest_output_is_right)
{
	struct bench bench;
	size_t right = 0;
	set_up(&bench, (enum dtype)_i, COLUMNS);
	bench.data.classes = COLUMNS;
	bench.data.label = bench.label;
	for (size_t r = 0; r < ROWS; r++) {
		bench.label[r] = (int32_t)(r % 3);
		const size_t largest = r % 7 == 0 ? (r + 1) % 3 : r % 3;
		right += r % 7 != 0;
		for (size_t c = 0; c < COLUMNS; c++) {
			dtype_set((enum dtype)_i, bench.x, r * COLUMNS + c, c == largest ? 0.385 : -1.0 - (double)c);
		}
	}
	const struct evaluation metrics = evaluate(&bench);
	ck_assert_double_eq(metrics.accuracy, (double)right / ROWS);
	ck_assert_double_eq_tol(metrics.loss, 2.385 + 0.455 + ROWS, 1e-6);
	ck_assert(isnan(metrics.rmse) && isnan(metrics.mae) && isnan(metrics.r2));
	tear_down(&bench);
}
END_TEST

START_TEST(accuracy_of_two_classes_is_told_by_the_sign_of_one_output)
{
	struct bench bench;
	size_t right = 0;
	set_up(&bench, (enum dtype)_i, 1);
	bench.data.classes = 2;
	bench.data.label = bench.label;
	for (size_t r = 0; r < ROWS; r++) {
		const double z = sin((double)r) - 0.3;
		bench.label[r] = r % 2;
		right += (z > 0) == (r % 2 == 1);
		dtype_set((enum dtype)_i, bench.x, r, z);
	}
	ck_assert_double_eq(evaluate(&bench).accuracy, (double)right / ROWS);
	tear_down(&bench);
}
END_TEST

START_TEST(errors_of_a_regression_are_over_all_targets_and_r2_is_their_mean)
{
	struct bench bench;
	double squares[2] = { 0, 0 }, spread[2] = { 0, 0 }, sizes = 0;
	set_up(&bench, (enum dtype)_i, 2);
	bench.data.targets = 2;
	bench.data.y = bench.y;
	for (size_t r = 0; r < ROWS; r++) {
		/* targets +-1 and +-3 about 0.5, errors 0.25 and 0.5: all exact in float32 */
		for (size_t c = 0; c < 2; c++) {
			const double size = c == 0 ? 1 : 3, y = 0.5 + (r % 2 == 0 ? size : -size);
			const double error = (r % 4 < 2 ? 0.25 : -0.25) * (double)(c + 1);
			dtype_set((enum dtype)_i, bench.y, 2 * r + c, y);
			dtype_set((enum dtype)_i, bench.x, 2 * r + c, y + error);
			squares[c] += error * error;
			sizes += fabs(error);
			spread[c] += (y - 0.5) * (y - 0.5);
		}
	}
	const struct evaluation metrics = evaluate(&bench);
	ck_assert_double_eq_tol(metrics.rmse, sqrt((squares[0] + squares[1]) / (2.0 * ROWS)), 1e-12);
	ck_assert_double_eq_tol(metrics.mae, sizes / (2.0 * ROWS), 1e-12);
	ck_assert_double_eq_tol(metrics.r2, 1 - 0.5 * (squares[0] / spread[0] + squares[1] / spread[1]), 1e-6);
	ck_assert(isnan(metrics.accuracy));
	tear_down(&bench);
}
END_TEST

/* Outputs are what is predicted before the link: exponentials of counts, shares of a whole, means and variances. */
START_TEST(errors_are_those_of_predictions_whatever_the_link)
{
	static const enum link links[] = { LINK_EXP, LINK_SHARES, LINK_GAUSSIAN };
	for (size_t k = 0; k < 3; k++) {
		struct bench bench;
		double miss[2] = { 0.25, -0.5 };
		set_up(&bench, (enum dtype)_i, 2);
		bench.trial.objective.base.link = links[k];
		bench.data.targets = links[k] == LINK_GAUSSIAN ? 1 : 2;
		bench.data.y = bench.y;
		for (size_t r = 0; r < ROWS; r++) {
			const double p[2] = { r % 2 == 0 ? 0.25 : 0.5, r % 2 == 0 ? 0.75 : 0.5 };
			for (size_t c = 0; c < 2; c++) {
				const double z = links[k] == LINK_GAUSSIAN ? p[c] : log(p[c]);
				dtype_set((enum dtype)_i, bench.x, 2 * r + c, z + (links[k] == LINK_SHARES ? 3.1 : 0));
			}
			for (size_t c = 0; c < bench.data.targets; c++) {
				dtype_set((enum dtype)_i, bench.y, bench.data.targets * r + c, p[c] + miss[c]);
			}
		}
		const struct evaluation metrics = evaluate(&bench);
		const bool one = links[k] == LINK_GAUSSIAN;
		ck_assert_double_eq_tol(metrics.mae, one ? 0.25 : 0.375, 1e-6);
		ck_assert_double_eq_tol(metrics.rmse, one ? 0.25 : sqrt((0.0625 + 0.25) / 2), 1e-6);
		tear_down(&bench);
	}
}
END_TEST

START_TEST(a_constant_target_counts_as_scikit_learn_does)
{
	struct bench bench;
	set_up(&bench, DTYPE_FLOAT64, 1);
	bench.data.targets = 1;
	bench.data.y = bench.y;
	ck_assert_double_eq(evaluate(&bench).r2, 1);
	dtype_set(DTYPE_FLOAT64, bench.x, 3, 0.385);
	ck_assert_double_eq(evaluate(&bench).r2, 0);
	tear_down(&bench);
}
END_TEST

START_TEST(a_classifiers_curve_has_its_validation_accuracy)
{
	struct bench bench;
	set_up(&bench, DTYPE_FLOAT64, 1);
	trainer_destroy(bench.trial.trainer);
	bench.data.classes = 2;
	bench.data.label = bench.label;
	dtype_set(DTYPE_FLOAT64, bench.x, 5, 0.385);
	bench.trial.setup.validation = &bench.data;
	ck_assert_int_eq(trial_run(&bench.trial), STOP_STEPS);
	const struct curve_point *last = &bench.trial.points[bench.trial.count - 1];
	ck_assert(last->measured & POINT_VALIDATION_ACCURACY);
	ck_assert_double_eq(last->validation_accuracy, (double)(ROWS - 1) / ROWS);
	tear_down(&bench);
}
END_TEST

START_TEST(a_stop_during_metrics_is_reported)
{
	struct bench bench;
	atomic_bool stop = true;
	struct evaluation out;
	set_up(&bench, DTYPE_FLOAT64, 1);
	bench.trial.executor.stop = &stop;
	ck_assert_int_eq(
		trainer_evaluate(bench.trial.trainer, trainer_parameters(bench.trial.trainer), &bench.data, &out),
		E_CANCELLED);
	tear_down(&bench);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("metrics");
	TCase *rows = tcase_create("rows");
	tcase_add_loop_test(rows, accuracy_of_several_classes_is_the_share_whose_largest_output_is_right, 0, 2);
	tcase_add_loop_test(rows, accuracy_of_two_classes_is_told_by_the_sign_of_one_output, 0, 2);
	tcase_add_loop_test(rows, errors_of_a_regression_are_over_all_targets_and_r2_is_their_mean, 0, 2);
	tcase_add_loop_test(rows, errors_are_those_of_predictions_whatever_the_link, 0, 2);
	tcase_add_test(rows, a_constant_target_counts_as_scikit_learn_does);
	tcase_add_test(rows, a_classifiers_curve_has_its_validation_accuracy);
	tcase_add_test(rows, a_stop_during_metrics_is_reported);
	suite_add_tcase(suite, rows);
	return suite_run(suite);
}
