/* Losses against torch (tests/data/golden/losses_layers) and at the optima of linear models (tests/data/golden/optima).
 */
#include <math.h>
#include <stdio.h>

#include "core/graph/op.h"
#include "core/graph/ops/ops.h"
#include "tests/core/modelling.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

enum { MOST = 32 };

/* Golden cases by name, what is ours, and its constants. All cases are there as expressions (test_expression.c): these
 * are the operations that models have for them. */
static const struct {
	const char *file, *name;
	const struct graph_op *op;
	double constant[3];
	bool sum; /* stored as a sum, or value by value, not as a mean */
} cases[] = {
	{ "losses_a", "mse_mean", &op_squared_error, { 0 }, false },
	{ "losses_a", "l1_mean", &op_absolute_error, { 0 }, false },
	{ "losses_a", "l1_tie", &op_absolute_error, { 0 }, true },
	{ "losses_a", "mse_none", &op_squared_error, { 0 }, true },
	{ "losses_a", "l1_none", &op_absolute_error, { 0 }, true },
	{ "losses_a", "mse_sum", &op_squared_error, { 0 }, true },
	{ "losses_a", "l1_sum", &op_absolute_error, { 0 }, true },
	{ "losses_a", "smooth_l1_beta1.0", &op_huber, { 1 }, false },
	{ "losses_a", "huber_delta1.0", &op_huber, { 1 }, false },
	{ "losses_a", "huber_delta0.5", &op_huber, { 0.5 }, false },
	{ "losses_a", "pinball_0.1", &op_quantile, { 0.1 }, false },
	{ "losses_a", "pinball_0.5", &op_quantile, { 0.5 }, false },
	{ "losses_a", "pinball_0.9", &op_quantile, { 0.9 }, false },
	{ "losses_a", "poisson_nll_log_full_false", &op_poisson, { 0 }, false },
	{ "losses_a", "bce_with_logits_mean", &op_bce_with_logits, { 0 }, false },
	{ "losses_a", "bce_with_logits_sum", &op_bce_with_logits, { 0 }, true },
	{ "losses_a", "bce_with_logits_none", &op_bce_with_logits, { 0 }, true },
	{ "losses_a", "bce_with_logits_extreme", &op_bce_with_logits, { 0 }, true },
	{ "losses_a", "hinge", &op_hinge, { 0 }, false },
	{ "losses_a", "squared_hinge", &op_squared_hinge, { 0 }, false },
	{ "losses_b", "hinge_kink", &op_hinge, { 0 }, true },
	{ "losses_b", "cross_entropy_mean", &op_cross_entropy, { 0 }, false },
	{ "losses_b", "cross_entropy_sum", &op_cross_entropy, { 0 }, true },
	{ "losses_b", "cross_entropy_none", &op_cross_entropy, { 0 }, true },
	{ "losses_b", "cross_entropy_smoothing", &op_smooth_cross_entropy, { 0.1 }, false },
	{ "losses_b", "cross_entropy_weight", &op_weighted_cross_entropy, { 0 }, false },
	{ "losses_b", "cross_entropy_weight_smoothing", &op_weighted_cross_entropy, { 0.1 }, false },
	{ "losses_a", "log_cosh", &op_log_cosh, { 0 }, false },
	{ "losses_a", "poisson_nll_log_full_false", &op_poisson_full, { 1, 0, 1e-8 }, false },
	{ "losses_a", "poisson_nll_log_full_true", &op_poisson_full, { 1, 1, 1e-8 }, false },
	{ "losses_a", "poisson_nll_linear", &op_poisson_full, { 0, 0, 1e-8 }, true },
	{ "losses_a", "bce_with_logits_mean", &op_positive_bce, { 1 }, false },
	{ "losses_b", "soft_margin", &op_bce_with_logits_label, { 0 }, false },
	{ "losses_b", "focal", &op_focal, { 2, 0.25 }, false },
	{ "losses_b", "multi_margin_p1", &op_multi_margin, { 1, 1 }, false },
	{ "losses_b", "multi_margin_p2", &op_multi_margin, { 1, 2 }, false },
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* The target, which torch differentiates by too where it can. */
static double *target_of(const cJSON *entry)
{
	const cJSON *inputs = golden_get(entry, "inputs");
	return golden_array(cJSON_HasObjectItem(inputs, "target") ? inputs : golden_get(entry, "fixed"), "target",
			    NULL);
}

static const cJSON *case_named(const cJSON *file, const char *name)
{
	const cJSON *entry;
	cJSON_ArrayForEach(entry, golden_get(file, "cases"))
	{
		if (strcmp(golden_string(entry, "name"), name) == 0) {
			return entry;
		}
	}
	ck_abort_msg("no case %s", name);
	return NULL;
}

/* Value (a mean over rows, as the graph takes it) and gradient of the operation on z [rows, columns]. */
static double apply(const struct graph_op *op, const double constant[3], enum dtype dtype, size_t rows, size_t columns,
		    const double *z, const double *target, const double *weight, double *gradient)
{
	bool classes = op == &op_cross_entropy || op == &op_smooth_cross_entropy || op == &op_weighted_cross_entropy ||
		       op == &op_multi_margin;
	double divisor = 0;
	bool margin = op == &op_hinge || op == &op_squared_hinge || op == &op_bce_with_logits_label ||
		      op == &op_focal || op == &op_positive_bce;
	double in[MOST], y[MOST], d[MOST], sum = 0,
					   attribute[GRAPH_ATTRIBUTES] = { constant[0], constant[1], constant[2] };
	int32_t label[MOST];
	/* A margin loss has one output a row: a table of them is so many rows. */
	size_t m = margin ? 1 : columns, count = margin ? rows * columns : rows;
	struct shape shape[GRAPH_ARITY + 1] = { { .rowed = true, .rank = 1, .extent = { m } },
						{ .rowed = true, .rank = 1, .extent = { m } } };
	for (size_t i = 0; i < rows * columns; i++) {
		modelling_write(dtype, in, i, z[i]);
		if (classes) {
			label[i] = i < rows ? (int32_t)target[i] : 0;
		} else if (margin) {
			label[i] = target[i] > 0;
		} else {
			modelling_write(dtype, y, i, target[i]);
		}
	}
	shape[1].classes = classes ? m : margin ? 2 : 0;
	for (size_t r = 0; r < count; r++) {
		divisor += op->weighted ? weight[label[r]] : 1;
	}
	struct op_call call = { .kernels = kernels_active(),
				.shape = shape,
				.attribute = attribute,
				.rows = count,
				.in = { in, classes || margin ? (void *)label : y },
				.d_in = { d },
				.seed = 1 / divisor,
				.class_weight = weight,
				.sum = &sum };
	op->forward[dtype](&call);
	for (size_t i = 0; i < rows * columns; i++) {
		gradient[i] = dtype == DTYPE_FLOAT32 ? (double)((float *)d)[i] : d[i];
	}
	return sum / divisor;
}

/* A number, or the sum of a tensor of values, whose gradient is what is stored then. */
static double value_of(const cJSON *entry)
{
	size_t n;
	double *values = golden_array(entry, "value", &n), sum = 0;
	for (size_t i = 0; i < n; i++) {
		sum += values[i];
	}
	free(values);
	return sum;
}

START_TEST(values_and_gradients_are_those_of_torch)
{
	char path[128];
	snprintf(path, sizeof path, "golden/losses_layers/%s.json", cases[_i].file);
	cJSON *file = golden_load(path);
	const cJSON *entry = case_named(file, cases[_i].name);
	const cJSON *inputs = golden_get(entry, "inputs");
	size_t n, dimensions;
	double *shape = golden_array(golden_get(inputs, "input"), "shape", &dimensions);
	double *z = golden_array(inputs, "input", &n), *target = target_of(entry);
	double *gradient = golden_array(golden_get(entry, "grad"), "input", NULL), got[MOST];
	size_t rows = (size_t)shape[0];
	double *weight = cases[_i].op->weighted ? golden_array(golden_get(entry, "fixed"), "weight", NULL) : NULL;
	bool classes = cases[_i].op == &op_cross_entropy;
	double share = !cases[_i].sum ? 1 : classes ? (double)rows : (double)n;
	double expected = value_of(entry);
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		double allowed = dtype == DTYPE_FLOAT32 ? 3e-6 : golden_number(file, "tolerance");
		double value =
			share * apply(cases[_i].op, cases[_i].constant, dtype, rows, n / rows, z, target, weight, got);
		for (size_t i = 0; i < n; i++) {
			got[i] *= share;
		}
		ck_assert_msg(fabs(value - expected) <= allowed * fmax(1, fabs(expected)), "%s is %.17g, not %.17g",
			      cases[_i].name, value, expected);
		ck_assert_msg(golden_close(got, gradient, n, allowed), "%s: gradients differ by %g", cases[_i].name,
			      golden_distance(got, gradient, n));
	}
	free(shape);
	free(z);
	free(target);
	free(weight);
	free(gradient);
	cJSON_Delete(file);
}
END_TEST

START_TEST(smooth_l1_is_huber_divided_by_beta)
{
	cJSON *file = golden_load("golden/losses_layers/losses_a.json");
	const cJSON *entry = case_named(file, "smooth_l1_beta0.5");
	size_t n;
	double *z = golden_array(golden_get(entry, "inputs"), "input", &n);
	double *y = target_of(entry), gradient[MOST], value;
	double *expected = golden_array(golden_get(entry, "grad"), "input", NULL);
	struct model_shape shape = { .features = n, .targets = n };
	struct executor executor = executor_serial();
	struct modelling model;
	/* One row of n targets and no features but zeros: the bias is the output. */
	double zeros[MOST] = { 0 }, all[MOST * MOST + MOST] = { 0 }, slopes[MOST * MOST + MOST];
	modelling_start(&model, "linear_regression", "smooth_l1", &shape);
	model.loss_value[0].number = 0.5;
	struct objective *objective = modelling_build(&model, &shape, DTYPE_FLOAT64, 1);
	struct data_view data = { .dtype = DTYPE_FLOAT64, .rows = 1, .features = n, .x = zeros, .targets = n, .y = y };
	struct batch batch = { .data = &data, .count = 1 };
	memcpy(all + n * n, z, n * sizeof *z);
	ck_assert_int_eq(objective->type->evaluate(objective, all, &batch, &executor, &value, slopes), OK);
	ck_assert_double_eq_tol(value, golden_number(entry, "value"), 1e-12);
	memcpy(gradient, slopes + n * n, n * sizeof *gradient);
	ck_assert(golden_close(gradient, expected, n, 1e-12));
	objective_destroy(objective);
	free(z);
	free(y);
	free(expected);
	cJSON_Delete(file);
}
END_TEST

/* Problems of golden/optima with the losses here. */
static const struct {
	const char *problem, *model, *loss;
	double setting;
	bool smooth; /* the gradient vanishes */
} optima[] = {
	{ "huber_diabetes_1.0", "linear_regression", "huber", 1, true },
	{ "huber_diabetes_0.5", "linear_regression", "huber", 0.5, true },
	{ "poisson_diabetes", "linear_regression", "poisson", 0, true },
	{ "squared_hinge_breast_cancer", "logistic_regression", "squared_hinge", 0, true },
	{ "hinge_breast_cancer", "logistic_regression", "hinge", 0, false },
};
enum { OPTIMA = sizeof optima / sizeof optima[0] };

static const cJSON *problem_named(const cJSON *file, const char *name)
{
	const cJSON *entry;
	cJSON_ArrayForEach(entry, golden_get(file, "problems"))
	{
		if (strcmp(golden_string(entry, "name"), name) == 0) {
			return entry;
		}
	}
	ck_abort_msg("no problem %s", name);
	return NULL;
}

/* Standardised features; targets standardised where the problem says so; labels for classes. */
static cJSON *problem_data(const cJSON *problem, struct data_view *data, double **x, double **y, int32_t **label)
{
	const cJSON *about = golden_get(problem, "data");
	bool cancer = strstr(golden_string(about, "file"), "breast_cancer") != NULL;
	cJSON *file = golden_load(cancer ? "golden/trainings/data_breast_cancer.json"
					 : "golden/trainings/data_diabetes.json");
	size_t rows, columns;
	*x = golden_matrix(file, "X", &rows, &columns);
	*y = golden_array(file, "y", NULL);
	*label = calloc(rows, sizeof **label);
	double *mean = golden_array(file, "mean", NULL), *std = golden_array(file, "std", NULL), centre = 0, spread = 0;
	for (size_t i = 0; i < rows * columns; i++) {
		(*x)[i] = ((*x)[i] - mean[i % columns]) / std[i % columns];
	}
	for (size_t i = 0; i < rows; i++) {
		(*label)[i] = (int32_t)(*y)[i];
		centre += (*y)[i] / (double)rows;
	}
	for (size_t i = 0; i < rows; i++) {
		spread += ((*y)[i] - centre) * ((*y)[i] - centre) / (double)rows;
	}
	for (size_t i = 0; i < rows && strcmp(golden_string(about, "targets"), "standardised") == 0; i++) {
		(*y)[i] = ((*y)[i] - centre) / sqrt(spread);
	}
	free(mean);
	free(std);
	*data = (struct data_view){ .dtype = DTYPE_FLOAT64, .rows = rows, .features = columns, .x = *x };
	data->y = cancer ? NULL : *y;
	data->targets = cancer ? 0 : 1;
	data->label = cancer ? *label : NULL;
	data->classes = cancer ? 2 : 0;
	return file;
}

START_TEST(the_gradient_vanishes_at_the_stored_optimum_and_the_value_is_the_same)
{
	cJSON *file = golden_load("golden/optima/linear_models.json"), *data_file;
	const cJSON *problem = problem_named(file, optima[_i].problem), *optimum = golden_get(problem, "optimum");
	struct data_view data;
	struct modelling model;
	struct executor executor = executor_serial();
	double *x, *y, theta[MOST] = { 0 }, gradient[MOST], value;
	int32_t *label;
	size_t n;
	data_file = problem_data(problem, &data, &x, &y, &label);
	struct model_shape shape = { .features = data.features, .targets = data.targets, .classes = data.classes };
	modelling_start(&model, optima[_i].model, optima[_i].loss, &shape);
	model.loss_value[0].number = optima[_i].setting != 0 ? optima[_i].setting : model.loss_value[0].number;
	modelling_set(&model, "l2", golden_number(problem, "l2"));
	struct objective *objective = modelling_build(&model, &shape, DTYPE_FLOAT64, 1);
	struct batch batch = { .data = &data, .count = data.rows };
	ck_assert_uint_le(objective->n, MOST);
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &value, gradient), OK);
	ck_assert_double_eq_tol(value, golden_number(problem, "value_at_zero"), 1e-12);
	double *w = golden_array(optimum, "w", &n), best = golden_number(optimum, "value");
	memcpy(theta, w, n * sizeof *w);
	theta[n] = golden_number(optimum, "b");
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &value, gradient), OK);
	ck_assert_msg(fabs(value - best) <= 1e-12 * fmax(1, fabs(best)), "%s: %.17g, not %.17g", optima[_i].problem,
		      value, best);
	for (size_t i = 0; i < objective->n && optima[_i].smooth; i++) {
		ck_assert_msg(fabs(gradient[i]) < 1e-11, "%s: gradient[%zu] is %g", optima[_i].problem, i, gradient[i]);
	}
	free(w);
	free(x);
	free(y);
	free(label);
	objective_destroy(objective);
	cJSON_Delete(data_file);
	cJSON_Delete(file);
}
END_TEST

/* A mean and a log variance for each number; torch takes the variance itself: d/ds = var d/dvar. */
START_TEST(gaussian_is_that_of_torch_in_the_logarithm_of_the_variance)
{
	cJSON *file = golden_load("golden/losses_layers/losses_a.json");
	const char *const names[] = { "gaussian_nll_full_false", "gaussian_nll_full_true" };
	for (int full = 0; full < 2; full++) {
		const cJSON *entry = case_named(file, names[full]), *inputs = golden_get(entry, "inputs");
		size_t n, m = 3;
		double *mean = golden_array(inputs, "input", &n), *variance = golden_array(inputs, "var", NULL);
		double *d_mean = golden_array(golden_get(entry, "grad"), "input", NULL);
		double *d_variance = golden_array(golden_get(entry, "grad"), "var", NULL);
		double *y = target_of(entry), z[2 * MOST], d[2 * MOST], sum = 0;
		const double attribute[GRAPH_ATTRIBUTES] = { 1e-6, full };
		const struct shape shape[GRAPH_ARITY + 1] = { { .rowed = true, .rank = 1, .extent = { 2 * m } },
							      { .rowed = true, .rank = 1, .extent = { m } } };
		for (size_t i = 0; i < n; i++) {
			z[i / m * 2 * m + i % m] = mean[i];
			z[i / m * 2 * m + m + i % m] = log(variance[i]);
		}
		struct op_call call = { .kernels = kernels_active(),
					.shape = shape,
					.attribute = attribute,
					.rows = n / m,
					.in = { z, y },
					.d_in = { d },
					.seed = 1 / (double)(n / m),
					.sum = &sum };
		op_gaussian.forward[DTYPE_FLOAT64](&call);
		ck_assert_double_eq_tol(sum * call.seed, golden_number(entry, "value"), 1e-12);
		for (size_t i = 0; i < n; i++) {
			size_t at = i / m * 2 * m + i % m;
			ck_assert_double_eq_tol(d[at], d_mean[i], 1e-12);
			ck_assert_double_eq_tol(d[at + m], variance[i] * d_variance[i], 1e-12);
		}
		free(mean);
		free(variance);
		free(d_mean);
		free(d_variance);
		free(y);
	}
	cJSON_Delete(file);
}
END_TEST

/* Against the formulas, a row at a time. */
START_TEST(kl_and_cosine_are_their_formulas)
{
	double z[3] = { 0.385, -1.7, 2.1 }, y[3] = { 0.25, 0, 0.75 }, d[3], sum = 0, mass = 0, kl = 0;
	const struct shape shape[GRAPH_ARITY + 1] = { { .rowed = true, .rank = 1, .extent = { 3 } },
						      { .rowed = true, .rank = 1, .extent = { 3 } } };
	struct op_call call = { .kernels = kernels_active(),
				.shape = shape,
				.rows = 1,
				.in = { z, y },
				.d_in = { d },
				.seed = 1,
				.sum = &sum };
	for (int c = 0; c < 3; c++) {
		mass += exp(z[c]);
	}
	for (int c = 0; c < 3; c++) {
		kl += y[c] > 0 ? y[c] * log(y[c] / (exp(z[c]) / mass)) : 0;
	}
	op_kl_div.forward[DTYPE_FLOAT64](&call);
	ck_assert_double_eq_tol(sum, kl, 1e-14);
	ck_assert_double_eq_tol(d[1], exp(z[1]) / mass, 1e-14);
	sum = 0;
	op_cosine.forward[DTYPE_FLOAT64](&call);
	double zy = z[0] * y[0] + z[2] * y[2], zz = z[0] * z[0] + z[1] * z[1] + z[2] * z[2];
	ck_assert_double_eq_tol(sum, 1 - zy / sqrt(zz * (y[0] * y[0] + y[2] * y[2])), 1e-12);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("losses");
	TCase *golden = tcase_create("golden");
	tcase_add_loop_test(golden, values_and_gradients_are_those_of_torch, 0, CASES);
	tcase_add_test(golden, gaussian_is_that_of_torch_in_the_logarithm_of_the_variance);
	tcase_add_test(golden, kl_and_cosine_are_their_formulas);
	tcase_add_test(golden, smooth_l1_is_huber_divided_by_beta);
	suite_add_tcase(suite, golden);
	TCase *minima = tcase_create("optima");
	tcase_add_loop_test(minima, the_gradient_vanishes_at_the_stored_optimum_and_the_value_is_the_same, 0, OPTIMA);
	suite_add_tcase(suite, minima);
	return suite_run(suite);
}
