/*
 * Fused runs and shared memory of a tensor program: strips give the numbers that scalars give one by one, rows that run
 * whole those of rows in blocks, and a long chain of operations needs a few buffers, not one each.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/expression.h"
#include "tests/core/modelling.h"
#include "tests/support/suite.h"

enum { LONG = 2501, ROWS = 1203, FEATURES = 3 }; /* of several strips, the last one short */

static const struct model_shape nothing = { .rows = 0 };
static const struct model_shape table = { .features = FEATURES, .targets = 1, .rows = ROWS };

static struct model_config config_of(struct expression_config *expression, const char *text,
				     const struct expression_parameter *parameter, size_t parameters)
{
	static const struct expression_symbol symbols[] = {
		{ .name = "X", .kind = SYMBOL_FEATURES, .node = NODE_NONE },
		{ .name = "y", .kind = SYMBOL_TARGET, .node = NODE_NONE },
		{ .name = "t", .kind = SYMBOL_COLUMN, .column = 1, .node = NODE_NONE },
	};
	*expression = (struct expression_config){
		.objective = text, .parameter = parameter, .parameters = parameters, .symbol = symbols, .symbols = 3
	};
	return (struct model_config){ .type = model_find("expression"), .expression = expression };
}

static struct objective *build(const char *text, const struct expression_parameter *parameter, size_t parameters,
			       const struct model_shape *shape, enum dtype dtype)
{
	struct expression_config expression;
	const struct model_config config = config_of(&expression, text, parameter, parameters);
	struct objective *objective = NULL;
	struct error error = { .text = "" };
	ck_assert_msg(model_build(&config, shape, dtype, 1, &objective, &error) == OK, "%s: %s", text, error.text);
	return objective;
}

static double evaluate(struct objective *objective, const double *theta, const struct batch *batch, double *gradient)
{
	struct executor executor = executor_serial();
	double value = NAN;
	ck_assert_int_eq(objective->type->evaluate(objective, theta, batch, &executor, &value, gradient), OK);
	return value;
}

/* f(x) of positive x, with a number s: every element-wise operation, cheap ones and dear ones one behind the other. */
static const char *const formulas[] = {
	"100*(x - 0.7**2)**2 + (1 - x)**2*s",
	"exp(-s*x) + log(x + 2)*sqrt(x) - abs(x - 1)*s",
	"sin(x)*cos(s*x) + tan(x/4) + arctan(x)*arcsin(x/4) - arccos(x/5)",
	"log1p(x) + expm1(x*s) + log2(x) + log10(x)*cbrt(x) + x**3 + x**2.5",
	"sinh(x) + cosh(x*s) + tanh(x - s) + arcsinh(x) + arccosh(1 + x) + arctanh(x/4)",
	"maximum(x, s) + minimum(x*x, 1.7)*s + where(x < s, x*x, -x) + clip(x, 0.4, 1.2) + relu(x - s)",
	"expit(x) + erf(x*s) + softplus(x - 1) + silu(x) + gelu(x - s) + sign(x - 1)*x",
	"huber(x - s, 0.3) + hypot(x, s) + logaddexp(x, 2*s) + arctan2(x, s) + log1p(exp(-s*x*2))",
	"log1p(exp(x)) - s*x + (x/s - 1/x)**2 - -x + x*x*x*x + where(x <= 1, s, x)",
	"a = x*s; b = a + x; c = b*a - x; d = c/b; (d - a)*(c + b) + d*d",
};

static void written_for(char text[400], const char *formula, const char *name, bool summed)
{
	const char *last = strrchr(formula, ';');
	size_t used = 0, head = last == NULL ? 0 : (size_t)(last - formula) + 1;
	for (size_t i = 0; formula[i] != '\0' && used < 380; i++) {
		if (i == head && summed) {
			used += (size_t)snprintf(text + used, 8, "sum(");
		}
		bool letter = i > 0 && ((formula[i - 1] >= 'a' && formula[i - 1] <= 'z'));
		bool before = formula[i + 1] >= 'a' && formula[i + 1] <= 'z';
		text[used++] = formula[i] == 'x' && !letter && !before ? name[0] : formula[i];
	}
	snprintf(text + used, 8, summed ? ")" : "");
}

START_TEST(strips_give_what_scalars_give_one_by_one)
{
	const struct expression_parameter parameters[] = {
		{ .name = "v", .shape = { .rank = 1, .extent = { LONG } } },
		{ .name = "s" },
	};
	const struct expression_parameter scalars[] = { { .name = "x" }, { .name = "s" } };
	double theta[LONG + 1], gradient[LONG + 1];
	for (size_t i = 0; i < LONG; i++) {
		theta[i] = 0.31 + 1.9 * fmod(0.6180339887 * (double)(i + 1), 1);
	}
	theta[LONG] = 0.83;
	for (size_t f = 0; f < sizeof formulas / sizeof *formulas; f++) {
		char text[400];
		written_for(text, formulas[f], "v", true);
		struct objective *fused = build(text, parameters, 2, &nothing, DTYPE_FLOAT64);
		struct objective *one = build(formulas[f], scalars, 2, &nothing, DTYPE_FLOAT64);
		double value = evaluate(fused, theta, NULL, gradient), sum = 0, slope = 0;
		for (size_t i = 0; i < LONG; i++) {
			const double point[2] = { theta[i], theta[LONG] };
			double d[2];
			sum += evaluate(one, point, NULL, d);
			slope += d[1];
			ck_assert_msg(fabs(d[0] - gradient[i]) <= 1e-11 * (1 + fabs(d[0])),
				      "%s: d/dv[%zu] %.17g, %.17g", text, i, gradient[i], d[0]);
		}
		ck_assert_msg(fabs(sum - value) <= 1e-12 * (LONG + fabs(sum)), "%s: %.17g, %.17g", text, value, sum);
		ck_assert_msg(fabs(slope - gradient[LONG]) <= 1e-11 * (LONG + fabs(slope)), "%s: d/ds %.17g, %.17g",
			      text, gradient[LONG], slope);
		objective_destroy(fused);
		objective_destroy(one);
	}
}
END_TEST

/* The same objective in a form that couples the rows, so that they run whole and in strips. */
START_TEST(rows_that_run_whole_give_what_blocks_of_them_give)
{
	const struct expression_parameter parameters[] = {
		{ .name = "w", .shape = { .rank = 1, .extent = { FEATURES } } },
		{ .name = "s" },
	};
	static const char *const inner[] = {
		"mean((y - (s*exp(-s*t*t) + X @ w))**2)",
		"mean(softplus(X @ w)*t*t + huber(y - X @ w, 1.0)) + s*s",
		"h = tanh(X*w); mean(sum(h*h, axis=1)*t**2 + h[:, 1]**2) + s**2",
		"mean(log1p(exp(-y*(X @ w + s)))) + 1",
		"z = X @ w + s; mean(log1p(exp(z)) - t*z + z*z) + 1",
		"r = y - X @ w; q = r*r; u = q + s; sum(u*u + where(r > s, q, u)**2)/100",
	};
	const double theta[] = { 0.31, -0.7, 0.12, 0.83 };
	struct data_view data = modelling_data(DTYPE_FLOAT64, ROWS, &table);
	const struct batch batch = { .data = &data, .count = ROWS };
	for (size_t k = 0; k < sizeof inner / sizeof *inner; k++) {
		char text[400];
		const char *last = strrchr(inner[k], ';');
		const int head = last == NULL ? 0 : (int)(last - inner[k]) + 1;
		snprintf(text, sizeof text, "%.*s exp(log(%s))", head, inner[k], inner[k] + head);
		struct objective *blocks = build(inner[k], parameters, 2, &table, DTYPE_FLOAT64);
		struct objective *whole = build(text, parameters, 2, &table, DTYPE_FLOAT64);
		double d[2][FEATURES + 1];
		double a = evaluate(blocks, theta, &batch, d[0]), b = evaluate(whole, theta, &batch, d[1]);
		ck_assert_msg(fabs(a - b) <= 1e-12 * fabs(a), "%s: %.17g, %.17g", text, a, b);
		for (size_t i = 0; i <= FEATURES; i++) {
			ck_assert_msg(fabs(d[0][i] - d[1][i]) <= 1e-11 * (1 + fabs(d[0][i])), "%s: %zu: %.17g, %.17g",
				      text, i, d[0][i], d[1][i]);
		}
		objective_destroy(blocks);
		objective_destroy(whole);
	}
	modelling_free(&data);
}
END_TEST

/* Bytes that a chain of `links` links over a value of many numbers takes. */
static size_t bytes_of(const char *head, const char *link, const char *tail, size_t links, bool rows)
{
	const struct expression_parameter parameters[] = {
		{ .name = "v", .shape = { .rank = 1, .extent = { rows ? FEATURES : 100000 } } },
	};
	const struct model_shape shape = { .features = rows ? FEATURES : 0,
					   .targets = rows ? 1 : 0,
					   .rows = rows ? 100000 : 0 };
	struct expression_config expression;
	char *text = malloc(strlen(head) + links * strlen(link) + strlen(tail) + 1);
	size_t numbers = 0, bytes = 0;
	ck_assert_ptr_nonnull(text);
	strcpy(text, head);
	for (size_t i = 0; i < links; i++) {
		strcat(text, link);
	}
	strcat(text, tail);
	const struct model_config config = config_of(&expression, text, parameters, 1);
	ck_assert_int_eq(model_measure(&config, &shape, DTYPE_FLOAT64, 1, &numbers, &bytes), OK);
	free(text);
	return bytes;
}

START_TEST(a_long_chain_needs_a_few_buffers)
{
	const size_t buffer = 100000 * sizeof(double);
	/* Cheap links in strips: theta, its gradient, nothing else. */
	ck_assert_uint_lt(bytes_of("a=v;", "a=a*a+v;", "sum(a)", 100, false), 4 * buffer);
	/* Dear ones: each result is stored, no gradient is. */
	ck_assert_uint_lt(bytes_of("a=v;", "a=sin(a);", "sum(a)", 100, false), 105 * buffer);
	/* Rows that run whole, and links that are no strips: gradients share two places, and what no derivative reads
	 * shares with the next. */
	ck_assert_uint_lt(bytes_of("a=t*v[0];", "a=a+y;", "var(a)", 100, true), 10 * buffer);
	ck_assert_uint_lt(bytes_of("a=X*v;", "a=a+v;", "var(sum(a, axis=1))", 100, true), 30 * buffer);
	/* A block of rows: as many rows as fit. */
	ck_assert_uint_lt(bytes_of("a=t*v[0];", "a=a+y;", "mean(a)", 100, true), 200000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/fused");
	TCase *tests = tcase_create("all");
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, strips_give_what_scalars_give_one_by_one);
	tcase_add_test(tests, rows_that_run_whole_give_what_blocks_of_them_give);
	tcase_add_test(tests, a_long_chain_needs_a_few_buffers);
	return suite_run(suite);
}
