/*
 * The model "expression": the same numbers as the built-in models, the same bits for any number of threads, fair
 * mini-batches, and what couples rows.
 */
#include <math.h>
#include <stdio.h>

#include "core/tensor/program.h"
#include "core/kernels/kernels.h"
#include "core/objective/gradient_check.h"
#include "tests/core/products.h"
#include "tests/core/written.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

static void compare(const char *builtin, const char *objective, const char *prediction, const char *loss, double l2,
		    const struct model_shape *shape, enum dtype dtype)
{
	struct modelling model;
	struct written written;
	struct executor executor = executor_serial();
	modelling_start(&model, builtin, loss, shape);
	modelling_set(&model, "l2", l2);
	write_model(&written, objective, prediction, loss);
	if (loss != NULL) {
		written.config.loss_settings = model.config.loss_settings;
	}
	struct objective *one = modelling_build(&model, shape, dtype, 1), *two = build(&written, shape, dtype, 1);
	struct data_view data = modelling_data(dtype, ROWS, shape);
	uint32_t index[ROWS];
	for (uint32_t i = 0; i < ROWS; i++) {
		index[i] = (i * 7) % ROWS;
	}
	const struct batch batches[] = {
		{ .data = &data, .count = ROWS },
		{ .data = &data, .first = 13, .count = 64 },
		{ .data = &data, .index = index, .first = 5, .count = 200 },
		{ .data = &data, .index = index, .count = 1 },
	};
	double tolerance = dtype == DTYPE_FLOAT32 ? 2e-5 : 1e-13;
	for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
		struct result a = evaluate(one, point, &batches[i], &executor);
		struct result b = evaluate(two, point, &batches[i], &executor);
		ck_assert_msg(golden_close(&b.value, &a.value, 1, tolerance), "%s: %.17g, not %.17g", builtin, b.value,
			      a.value);
		ck_assert_msg(golden_close(b.gradient, a.gradient, one->n, tolerance), "%s: %.17g, not %.17g", builtin,
			      b.gradient[0], a.gradient[0]);
	}
	modelling_free(&data);
	objective_destroy(one);
	objective_destroy(two);
}

START_TEST(a_model_written_as_an_expression_has_the_numbers_of_the_built_in_one)
{
	struct model_shape numbers = { .features = FEATURES, .targets = 1, .rows = ROWS };
	struct model_shape classes = { .features = FEATURES, .classes = 2, .rows = ROWS };
	for (int d = 0; d < 2; d++) {
		enum dtype dtype = d == 0 ? DTYPE_FLOAT32 : DTYPE_FLOAT64;
		compare("linear_regression", "mean((y - (X @ w + b))^2) + lam * sum(w^2)", NULL, NULL, 0.02, &numbers,
			dtype);
		compare("linear_regression", NULL, "X @ w + b", "mse", 0, &numbers, dtype);
		compare("logistic_regression", "z = X @ w + b; mean(log1p(exp(z)) - y*z) + lam * sum(w**2)", NULL, NULL,
			0.02, &classes, dtype);
		static const char *const margins[] = { "log1p(exp(-t * z))", "log1p(exp(-(z * t)))",
						       "log(1 + exp(-z * t))", "softplus(t * -z)",
						       "log1p(exp((1 - 2*y) * z))" };
		for (size_t i = 0; i < sizeof margins / sizeof *margins; i++) {
			char text[120];
			snprintf(text, sizeof text, "z = X @ w + b; t = 2*y - 1; mean(%s) + lam * sum(w**2)",
				 margins[i]);
			compare("logistic_regression", text, NULL, NULL, 0.02, &classes, dtype);
		}
		compare("logistic_regression", NULL, "X @ w + b", "log_loss", 0, &classes, dtype);
		static const char *const numeric[] = { "mae", "huber", "smooth_l1", "quantile", "poisson", "log_cosh" };
		for (size_t i = 0; i < sizeof numeric / sizeof *numeric; i++) {
			compare("linear_regression", NULL, "X @ w + b", numeric[i], 0, &numbers, dtype);
		}
		compare("logistic_regression", NULL, "X @ w + b", "hinge", 0, &classes, dtype);
		static const char *const binary[] = { "squared_hinge", "bce_with_logits", "soft_margin", "focal" };
		for (size_t i = 0; i < sizeof binary / sizeof *binary; i++) {
			compare("logistic_regression", NULL, "X @ w + b", binary[i], 0, &classes, dtype);
		}
	}
}
END_TEST

/* Objectives of every kind: affine in sums over rows, with parameters around them, coupled. */
static const struct {
	const char *text;
	bool coupled;
} kinds[] = {
	{ "mean(softplus(X @ w + b) - y * x0) + s * norm(w)", false },
	{ "l = log1p(exp(-y * (X @ w + b))); s * mean(l) + exp(b) * sum(l**2) + mean(l * x0)", false },
	{ "l = softplus(X @ w + b); mean(l) - s * sum(l) + exp(s) * mean(log1p(exp(X @ w * x0)))", false },
	{ "exp(s) * mean((y - X @ w)**2) + s**2 / (1 + exp(b))", false },
	{ "h = tanh(outer(x3, w) + X * exp(w)); sum(h * h) / 3 + mean(logsumexp(h) - h[:, 1])", false },
	{ "r = y - X @ w - b; r @ r + sum(where(r > s, r, 0.1*r)) + huber(s, 1.0) + sum(huber(r, 1.0))", false },
	{ "cross_entropy(X * w, where(y > 0, 3, 1), weight=concat(0.3, 1, 0, 2.385, 1)) + b*s", false },
	{ "cross_entropy(X * w, where(y > 0, 3, -100)) + nll(X * w, where(y > 0.4, 1, -2), ignore_index=-2) + b*s",
	  false },
	{ "mean(concat(X, y, x0*s) @ concat(w, b, s)) + mean(softmax(X * w) @ w) + mean(X[:, 1:3])", false },
	{ "a = (y - x0*b) @ X; a @ w + s*s + b*b", false },
	{ "g = X.T @ (X @ w - y); g @ w + sum(X.T @ X) * s*s + b*b", false },
	{ "sum((X * exp(w)).T @ tanh(X * s)) + mean(norm(X * w, axis=1)) + sum(mean(X * w, axis=0)) + b*b", false },
	{ "mean(var(X * w, axis=1)) + mean(max(X * w, axis=-1)) + kl(X * w, softmax(X)) + cosine(X * w, X) + b + s",
	  false },
	{ "g = X.T @ (X @ w - y)/400; g @ g + b*s", true },
	{ "sum(max(X * w, axis=0)) - min(X, axis=0) @ w + log(sum(square(prod(X * w, axis=0)))) + b*s", true },
	{ "sum(y @ softmax(X * w, axis=0)) + sum(logsumexp(X * w, axis=0)) - mean(log_softmax(X*w, axis=0)) + b*s",
	  true },
	{ "mean((y - (X - mean(X, axis=0, keepdims=True))/norm(X, axis=1, keepdims=True) @ w)**2) + b*s", true },
	{ "mean(X[:, ::2] @ w[::2] * y) + mean(X[:, ::-1] @ w) + b*s", false },
	{ "sum(var(X * w, axis=0)) + b*s", true },
	{ "norm(y - X @ w)**2 + s*b + std(X @ w)*0", true },
	{ "norm(y - X @ w)**2 + norm(x3*s, ord=1) + square(norm(x0*b))", false },
	{ "var(X @ w + y*b, ddof=1) + norm(x3*s, ord=3) + sum(std(X * w, axis=0, ddof=1.5))", true },
	{ "mean(where(x0 > 99, log(maximum(X, 0)) @ w, x3*s) + b*x0)", false },
	{ "sqrt(mean((y - X @ w)**2)) + s*b", true },
	{ "cross_entropy(X * w, where(y > 0, 3, 1), weight=concat(0.3, s, 0, 2.385, 1)) + b*s", true },
	{ "exp(-nll(log_softmax(X * w), where(y > 0, 3, 1), concat(0.3, 1, 0, 2.385, 1))) + b*s", true },
	{ "var(X @ w + y*b) + norm(x3 * s) + logsumexp(x0 * s)", true },
	{ "r = X @ w; max(r) - min(r*s) + std(r - b*y)", true },
};

START_TEST(any_objective_has_the_gradient_of_its_differences_over_rows)
{
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = 300 };
	struct executor executor = executor_serial();
	struct data_view data = modelling_data(DTYPE_FLOAT64, 300, &shape);
	struct batch batch = { .data = &data, .count = 300 };
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		struct written written;
		struct expression_error error;
		char couples[200];
		write_model(&written, kinds[k].text, NULL, NULL);
		ck_assert_int_eq(expression_check(&written.config, &shape, couples, &error), OK);
		ck_assert_msg((couples[0] != '\0') == kinds[k].coupled, "%s: %s", kinds[k].text, couples);
		struct objective *objective = build(&written, &shape, DTYPE_FLOAT64, 1);
		struct gradient_error worst;
		ck_assert_int_eq(gradient_check(objective, point, &batch, &executor, &worst), OK);
		ck_assert_msg(worst.error < 1e-6, "%s: derivative %zu is %.12g, differences give %.12g", kinds[k].text,
			      worst.index, worst.analytic, worst.numeric);
		objective_destroy(objective);
	}
	modelling_free(&data);
}
END_TEST

/* What OpenBLAS or a product of our own multiplies (kinds with a matrix of more than one column) is left out. */
START_TEST(instruction_sets_do_not_change_a_bit)
{
	static const char *const texts[] = {
		"z = X @ w + b; mean(log1p(exp(z)) - y*z) + s*s",
		"mean(log1p(exp(-y * (X @ w + b)))) + mean(sqrt(s + x0**2)/(1 + square(x3 - b))) + sum(w**2)",
		"r = y - X @ w - b; r @ r + sum(where(r > s, r, 0.1*r)) + sum(huber(r, 1.0)) + mean(tanh(X * w) @ w)",
	};
	const char *const sets[] = { "baseline", "avx2", "avx512" };
	struct executor executor = executor_serial();
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = 1003 };
		struct data_view data = modelling_data(dtype, 1003, &shape);
		const struct batch batch = { .data = &data, .count = 1003 };
		for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
			struct result first = { .value = 0 };
			for (size_t i = 0; i < 3 && kernels_select(sets[i]); i++) {
				struct written written;
				write_model(&written, texts[k], NULL, NULL);
				struct objective *objective = build(&written, &shape, dtype, 1);
				struct result result = evaluate(objective, point, &batch, &executor);
				first = i == 0 ? result : first;
				ck_assert_msg(memcmp(&first.value, &result.value, sizeof first.value) == 0, "%s",
					      texts[k]);
				ck_assert_msg(memcmp(first.gradient, result.gradient, objective->n * sizeof(double)) ==
						      0,
					      "%s", texts[k]);
				objective_destroy(objective);
			}
		}
		modelling_free(&data);
	}
	kernels_select(NULL);
}
END_TEST

/* What is written there has no finite value, nor derivative, where x0 <= 0. */
START_TEST(what_where_leaves_out_stays_out_of_the_gradient_of_rows)
{
	static const char *const texts[] = {
		"mean(where(x0 > 0, softplus(s*log(x0)), 0)) + w @ w + b*b",
		"mean(where(x0 > 0, log1p(exp(-y * (s*log(x0)))), 0)) + w @ w + b*b",
		"z = s*log(x0); mean(where(x0 > 0, softplus(z) - y*z, 0)) + w @ w + b*b",
		"z = s*log(x0); mean(where(x0 > 0, softplus(z), 0)) + mean(where(x0 > 0, z**2, b)) + w @ w",
		"mean(where(x0 > 0, logsumexp(concat(s*log(x0), x3)), 0)**2) + w @ w + b*b",
		"mean(where(x0 > 0, softmax(concat(s*log(x0), x3)) @ w[:2], b)**2) + w @ w",
		"mean(where(x0 > 0, log_softmax(concat(s*log(x0), x3)) @ w[:2], b)**2) + w @ w",
		"mean(where(x0 > 0, prod(concat(s*log(x0), x3), axis=1), 0)**2) + w @ w + b*b",
		"mean(where(x0 > 0, norm(concat(s*log(x0), x3), axis=1), 0)**2) + w @ w + b*b",
		"mean(where(x0 > 0, concat(s*log(x0), x3) @ w[:2], b)**2) + w @ w",
		"mean(where(x0 > 0, concat(s*log(x0), x3) @ w[:2] + b, 0)**2) + w @ w",
		"mean(where(x0 > 0, sum(square(concat(s*log(x0), x3) @ outer(w[:2], w)), axis=1), 0)) + b*b",
		"h = concat(s*log(x0), x3) @ outer(w[:2], w); mean(where(x0 > 0, h, b)**2)",
		"mean(where(x0 > 9, X @ (s*log(w - 9)), y - X @ w)**2) + b*b",
		"mean(where(x0 > 9, X @ outer(w, s*log(w - 9)), y - X @ w)**2) + b*b",
		"sqrt(mean(where(x0 > 0, softplus(s*log(x0)) + concat(s*log(x0), x3) @ w[:2], b)**2)) + w @ w",
	};
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = 300, .products = true };
	struct executor executor = executor_serial();
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		struct data_view data = modelling_data(dtype, 300, &shape);
		const struct batch batch = { .data = &data, .count = 300 };
		for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
			struct written written;
			struct gradient_error worst;
			write_model(&written, texts[k], NULL, NULL);
			struct objective *objective = build(&written, &shape, dtype, 1);
			const struct result result = evaluate(objective, point, &batch, &executor);
			ck_assert_msg(isfinite(result.value), "%s", texts[k]);
			for (size_t i = 0; i < objective->n; i++) {
				ck_assert_msg(isfinite(result.gradient[i]), "%s: derivative %zu", texts[k], i);
			}
			if (dtype == DTYPE_FLOAT64) {
				ck_assert_int_eq(gradient_check(objective, point, &batch, &executor, &worst), OK);
				ck_assert_msg(worst.error < 1e-6, "%s: %.12g, differences give %.12g", texts[k],
					      worst.analytic, worst.numeric);
				const double error = products_error(objective, point, point, 5e-4, &batch, &executor);
				ck_assert_msg(error < 1e-6, "%s: product: %.3g", texts[k], error);
			}
			objective_destroy(objective);
		}
		modelling_free(&data);
	}
}
END_TEST

START_TEST(threads_do_not_change_a_bit)
{
	enum { MANY = 200000 };
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = MANY };
	struct executor serial = executor_serial();
	struct threads threads;
	threads_init(&threads, 3);
	struct data_view data = modelling_data(DTYPE_FLOAT32, MANY, &shape);
	struct batch batch = { .data = &data, .count = MANY };
	for (size_t k = 0; k < 8; k++) {
		struct written written;
		write_model(&written, kinds[k].text, NULL, NULL);
		struct objective *objective = build(&written, &shape, DTYPE_FLOAT32, 3);
		struct result one = evaluate(objective, point, &batch, &serial);
		struct result three = evaluate(objective, point, &batch, &threads.base);
		ck_assert_msg(memcmp(&one.value, &three.value, sizeof one.value) == 0, "%s", kinds[k].text);
		ck_assert_msg(memcmp(one.gradient, three.gradient, sizeof *one.gradient * objective->n) == 0, "%s",
			      kinds[k].text);
		objective_destroy(objective);
	}
	ck_assert_uint_gt(threads.most, 1);
	modelling_free(&data);
}
END_TEST

START_TEST(a_sum_over_a_mini_batch_is_scaled_to_all_rows)
{
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = 400 };
	struct executor executor = executor_serial();
	struct data_view data = modelling_data(DTYPE_FLOAT64, 400, &shape);
	struct batch all = { .data = &data, .count = 400 };
	struct written written;
	write_model(&written, "sum((y - X @ w - b)**2)", NULL, NULL);
	struct objective *objective = build(&written, &shape, DTYPE_FLOAT64, 1);
	struct result whole = evaluate(objective, point, &all, &executor), mean = { .value = 0 };
	for (size_t i = 0; i < 4; i++) {
		struct batch part = { .data = &data, .first = 100 * i, .count = 100 };
		struct result result = evaluate(objective, point, &part, &executor);
		mean.value += result.value / 4;
		for (size_t j = 0; j < objective->n; j++) {
			mean.gradient[j] += result.gradient[j] / 4;
		}
	}
	ck_assert(golden_close(&mean.value, &whole.value, 1, 1e-12));
	ck_assert(golden_close(mean.gradient, whole.gradient, objective->n, 1e-12));
	objective_destroy(objective);
	modelling_free(&data);
}
END_TEST

START_TEST(predictions_are_those_of_the_text_and_parameters_begin_as_they_say)
{
	enum { MANY = 5000 };
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = MANY };
	struct threads threads;
	threads_init(&threads, 3);
	struct data_view data = modelling_data(DTYPE_FLOAT64, MANY, &shape);
	struct batch batch = { .data = &data, .count = MANY };
	struct written written;
	write_model(&written, NULL, "x0 * exp(-s) + X @ w * b", "mse");
	written.parameter[0].start = (struct start){
		.kind = START_RULE,
		.rule = { .law = STARTS_NORMAL, .spread = 2.385 },
	};
	struct objective *objective = build(&written, &shape, DTYPE_FLOAT64, 3);
	double theta[NUMBERS], *outputs = malloc(MANY * sizeof *outputs);
	objective->type->initialise(objective, 7, theta);
	ck_assert_double_eq(theta[6], 0.3);
	ck_assert_double_eq(theta[5], 0);
	ck_assert_double_eq(theta[1], 2.385 * random_normal(7, RANDOM_INIT, 0, 1));
	ck_assert_int_eq(objective->type->predict(objective, point, &batch, &threads.base, outputs), OK);
	const double *x = data.x;
	for (size_t r = 0; r < MANY; r++) {
		double z = 0;
		for (size_t c = 0; c < FEATURES; c++) {
			z += x[r * FEATURES + c] * point[c];
		}
		double wanted = x[r * FEATURES] * exp(-point[6]) + z * point[5];
		ck_assert(golden_close(&outputs[r], &wanted, 1, 1e-12));
	}
	free(outputs);
	objective_destroy(objective);
	modelling_free(&data);
}
END_TEST

START_TEST(what_the_data_hold_themselves_is_predicted_in_its_width)
{
	enum { MANY = 700 };
	struct model_shape shape = { .features = FEATURES, .targets = FEATURES, .rows = MANY };
	struct executor executor = executor_serial();
	struct data_view data = modelling_data(DTYPE_FLOAT64, MANY, &shape);
	struct batch batch = { .data = &data, .count = MANY };
	struct written written;
	double *outputs = calloc(MANY * FEATURES, sizeof *outputs);
	write_model(&written, NULL, "X", "mse");
	struct objective *objective = build(&written, &shape, DTYPE_FLOAT64, 1);
	ck_assert_uint_eq(objective->outputs, FEATURES);
	ck_assert_int_eq(objective->type->predict(objective, point, &batch, &executor, outputs), OK);
	ck_assert_mem_eq(outputs, data.x, MANY * FEATURES * sizeof *outputs);
	free(outputs);
	objective_destroy(objective);
	modelling_free(&data);
}
END_TEST

/* They have no gradient to be cleared in each evaluation, nor one in each lane. */
START_TEST(what_is_made_of_constants_takes_its_numbers_once)
{
	enum { MANY = 600 };
	static double numbers[MANY];
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = ROWS };
	struct written written;
	struct executor executor = executor_serial();
	double sum = 0;
	size_t parameters, bytes;
	write_model(&written, "mean((y - x0*b)**2) + s*sum(sqrt(outer(lam, lam))) + 0*sum(w)", NULL, NULL);
	for (size_t i = 0; i < MANY; i++) {
		numbers[i] = 2.385 + (double)(i % 7);
		sum += sqrt(numbers[i]);
	}
	written.symbol[4].shape = vector_of(MANY);
	written.symbol[4].values = numbers;
	ck_assert_int_eq(model_measure(&written.config, &shape, DTYPE_FLOAT64, 1, &parameters, &bytes), OK);
	ck_assert_msg(bytes < 3 * sizeof(double) * MANY * MANY, "%zu", bytes); /* outer(), its roots, a bit */
	struct objective *objective = build(&written, &shape, DTYPE_FLOAT64, 1);
	struct data_view data = modelling_data(DTYPE_FLOAT64, ROWS, &shape);
	const struct batch batch = { .data = &data, .count = ROWS };
	const struct result result = evaluate(objective, point, &batch, &executor);
	ck_assert_double_eq_tol(result.gradient[FEATURES + 1], sum * sum, 1e-9 * sum * sum);
	objective_destroy(objective);
	modelling_free(&data);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/expression_model");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, instruction_sets_do_not_change_a_bit);
	tcase_add_test(tests, a_model_written_as_an_expression_has_the_numbers_of_the_built_in_one);
	tcase_add_test(tests, any_objective_has_the_gradient_of_its_differences_over_rows);
	tcase_add_test(tests, what_where_leaves_out_stays_out_of_the_gradient_of_rows);
	tcase_add_test(tests, what_is_made_of_constants_takes_its_numbers_once);
	tcase_add_test(tests, threads_do_not_change_a_bit);
	tcase_add_test(tests, a_sum_over_a_mini_batch_is_scaled_to_all_rows);
	tcase_add_test(tests, predictions_are_those_of_the_text_and_parameters_begin_as_they_say);
	tcase_add_test(tests, what_the_data_hold_themselves_is_predicted_in_its_width);
	return suite_run(suite);
}
