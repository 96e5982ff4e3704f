/* Expressions: against the golden values and gradients, their errors. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/expression/syntax.h"
#include "tests/core/expression_point.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

static void check_point(const char *text, const cJSON *variables, const cJSON *answer, double tolerance)
{
	struct point point;
	point_read(&point, variables);
	ck_assert_msg(evaluate(&point, text) == OK, "%s: %s at %zu", text, point.error.text, point.error.position);
	double value = golden_number(answer, "value");
	ck_assert_msg(golden_close(&point.value, &value, 1, tolerance), "%s: value %.17g, not %.17g", text, point.value,
		      value);
	size_t at = 0;
	const cJSON *gradients = golden_get(answer, "grad");
	for (size_t i = 0; i < point.count; i++) {
		size_t n;
		double *gradient = golden_array(gradients, point.variable[i].name, &n);
		ck_assert_msg(golden_close(point.gradient + at, gradient, n, tolerance),
			      "%s: d/d%s is %.17g, not %.17g", text, point.variable[i].name, point.gradient[at],
			      gradient[0]);
		at += n;
		free(gradient);
	}
	point_free(&point);
}

START_TEST(every_golden_expression_has_its_value_and_gradient)
{
	cJSON *golden = golden_load("golden/expressions/expressions.json");
	double tolerance = golden_number(golden, "tolerance");
	for (const cJSON *c = golden_get(golden, "expressions")->child; c != NULL; c = c->next) {
		for (const cJSON *p = golden_get(c, "points")->child; p != NULL; p = p->next) {
			check_point(golden_string(c, "expr"), golden_get(p, "vars"), p, tolerance);
		}
	}
	cJSON_Delete(golden);
}
END_TEST

START_TEST(kinks_have_the_subgradients_that_torch_gives)
{
	cJSON *golden = golden_load("golden/expressions/expressions.json");
	const cJSON *rows = golden_get(golden_get(golden, "subgradients_at_kinks"), "rows");
	for (const cJSON *c = rows->child; c != NULL; c = c->next) {
		check_point(golden_string(c, "expr"), golden_get(c, "vars"), c, 1e-15);
	}
	cJSON_Delete(golden);
}
END_TEST

/* Reference: torch 1.13.1, float64. What is compared is not finite, or its derivative is not. */
START_TEST(conditions_let_nothing_flow_back_and_a_spread_of_nothing_has_no_slope)
{
	static const struct {
		const char *text, *variables, *answer;
	} cases[] = {
		{ "where(log(x) < 1, 3*x, x**2)", "{\"x\": 0}", "{\"value\": 0, \"grad\": {\"x\": 3}}" },
		{ "where(u @ (v/v) >= std(u), x**3, 2*x)", "{\"u\": [2, 0.5], \"v\": [1, 0], \"x\": 1.5}",
		  "{\"value\": 3, \"grad\": {\"u\": [0, 0], \"v\": [0, 0], \"x\": 2}}" },
		{ "where(logsumexp(log(A @ u)) > 2, x, sum(u))",
		  "{\"A\": [[-1, -2], [-3, -4]], \"u\": [1, 2.385], \"x\": 7}",
		  "{\"value\": 3.385, \"grad\": {\"A\": [0, 0, 0, 0], \"u\": [1, 1], \"x\": 0}}" },
		{ "where(x > 0, sum(A @ log(u)) + softmax(log(u))[0] + prod(log(u)) + logsumexp(log(u)), 3*x)",
		  "{\"x\": -1, \"u\": [0, 0], \"A\": [[1, 2.385], [0, 4]]}",
		  "{\"value\": -3, \"grad\": {\"x\": 3, \"u\": [0, 0], \"A\": [0, 0, 0, 0]}}" },
		{ "sign(sqrt(x))*y", "{\"x\": 0, \"y\": 2.385}", "{\"value\": 0, \"grad\": {\"x\": 0, \"y\": 0}}" },
		{ "x + std(u)", "{\"u\": [2.385, 2.385, 2.385], \"x\": 1}",
		  "{\"value\": 1, \"grad\": {\"u\": [0, 0, 0], \"x\": 1}}" },
		{ "clip(x, y, z)", "{\"x\": 0.5, \"y\": 1, \"z\": 0.25}",
		  "{\"value\": 0.25, \"grad\": {\"x\": 0, \"y\": 0, \"z\": 1}}" },
		{ "clip(x, y, z)", "{\"x\": -2, \"y\": 1, \"z\": 0.25}",
		  "{\"value\": 0.25, \"grad\": {\"x\": 0, \"y\": 0, \"z\": 1}}" },
		{ "sum(clip(u, y, z))", "{\"u\": [-2, 0.1, 0.2385, 0.5, 1, 3], \"y\": 0.1, \"z\": 1}",
		  "{\"value\": 2.9385, \"grad\": {\"u\": [0, 1, 1, 1, 1, 0], \"y\": 1, \"z\": 1}}" },
		{ "hardtanh(x, 1, 0.25)", "{\"x\": -2.385}", "{\"value\": 0.25, \"grad\": {\"x\": 0}}" },
		{ "std(A, axis=0) @ u", "{\"A\": [[1.5, 2], [1.5, 5]], \"u\": [1, 2]}",
		  "{\"value\": 3, \"grad\": {\"A\": [0, -1, 0, 1], \"u\": [0, 1.5]}}" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cJSON *variables = cJSON_Parse(cases[i].variables), *answer = cJSON_Parse(cases[i].answer);
		check_point(cases[i].text, variables, answer, 1e-15);
		cJSON_Delete(variables);
		cJSON_Delete(answer);
	}
}
END_TEST

START_TEST(what_is_no_number_stays_none_behind_clip_and_the_shrinkages)
{
	static const char *const texts[] = { "clip(log(x), -1, 1)",   "clip(0.5, log(x), 1)", "clip(0.5, -1, log(x))",
					     "clip(3, log(x), 1)",    "clip(-3, 1, log(x))",  "softshrink(log(x))",
					     "hardshrink(log(x), 2)", "relu(log(x))",         "hardtanh(log(x))",
					     "relu6(log(x))",         "hardswish(log(x))" };
	cJSON *variables = cJSON_Parse("{\"x\": -2.385}");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct point point;
		point_read(&point, variables);
		ck_assert_msg(evaluate(&point, texts[i]) == OK, "%s: %s", texts[i], point.error.text);
		ck_assert_msg(isnan(point.value), "%s: %g", texts[i], point.value);
		point_free(&point);
	}
	cJSON_Delete(variables);
}
END_TEST

/* 0.1 as the double that it is, and a whole number that no double holds (73 digits: to the nearest). */
START_TEST(a_number_may_have_any_number_of_digits)
{
	cJSON *variables = cJSON_Parse("{\"x\": 1}");
	cJSON *first = cJSON_Parse("{\"value\": 0.1, \"grad\": {\"x\": 0.1}}");
	cJSON *second = cJSON_Parse("{\"value\": 1e72, \"grad\": {\"x\": 1e72}}");
	check_point("0.1000000000000000055511151231257827021181583404541015625000000000000000000*x", variables, first,
		    0);
	check_point("1000000000000000000000000000000000000000000000000000000000000000000000001*x", variables, second,
		    0);
	cJSON_Delete(first);
	cJSON_Delete(second);
	cJSON_Delete(variables);
}
END_TEST

START_TEST(a_name_is_found_among_a_thousand_and_of_equal_ones_the_first_counts)
{
	enum { NAMES = 1000 };
	static char name[NAMES][16];
	static double number[NAMES], gradient[NAMES];
	static struct expression_variable variable[NAMES];
	struct expression_error error;
	double value;
	for (size_t i = 0; i < NAMES; i++) {
		snprintf(name[i], sizeof name[i], "x%zu", i == 700 ? 300 : i);
		number[i] = 2.385 * (double)i;
		variable[i] = (struct expression_variable){ .name = name[i], .values = &number[i] };
	}
	for (size_t i = 0; i < NAMES; i += 37) {
		char text[64];
		snprintf(text, sizeof text, "z%zu = x%zu; 3 * z%zu + x300", i, i, i);
		ck_assert_int_eq(expression_evaluate(text, strlen(text), variable, NAMES, &value, gradient, &error),
				 OK);
		ck_assert_double_eq_tol(value, 3 * number[i] + number[300], 1e-9);
		ck_assert(gradient[i] == 3 && gradient[300] == 1 && gradient[700] == 0);
	}
	const char *const wrong[] = { "x12 + x700", "x12 + x1000", "x = 1; x12 = 2; x12", "x12(3)" };
	const size_t place[] = { 6, 6, 7, 0 };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert(expression_evaluate(wrong[i], strlen(wrong[i]), variable, NAMES, &value, NULL, &error) != OK);
		ck_assert_msg(error.position == place[i], "%s: %s at %zu", wrong[i], error.text, error.position);
	}
}
END_TEST

START_TEST(what_must_be_rejected_is_rejected_with_a_place)
{
	cJSON *golden = golden_load("golden/expressions/expressions.json"), *variables = variables_of_the_dialect();
	struct point point;
	point_read(&point, variables);
	for (const cJSON *c = golden_get(golden, "must_be_rejected")->child; c != NULL; c = c->next) {
		const char *text = golden_string(c, "expr");
		ck_assert_msg(evaluate(&point, text) == E_INVALID, "%s was taken", text);
		ck_assert_uint_le(point.error.position, strlen(text));
		ck_assert_msg(point.error.text[0] != '\0', "%s: no sentence", text);
	}
	point_free(&point);
	cJSON_Delete(variables);
	cJSON_Delete(golden);
}
END_TEST

START_TEST(errors_point_at_the_character_and_say_what_is_wrong)
{
	static const struct {
		const char *text;
		size_t position;
		const char *sentence;
	} cases[] = {
		{ "x + speed", 4, "unknown name speed: known are x, y, z, u, v, p, A, B" },
		{ "zeta = x; z**2 + zeta*zeat", 22, "unknown name zeat, did you mean zeta?" },
		{ "PI*x", 0, "unknown name PI, did you mean pi?" },
		{ "asin(x)", 0, "unknown function asin, did you mean arcsin?" },
		{ "1 + tahn(x)", 4, "unknown function tahn, did you mean tanh?" },
		{ "LOG(x)", 0, "unknown function LOG, did you mean log?" },
		{ "pow(x, 2)", 0, "unknown function pow, did you mean power?" },
		{ "rand(x)", 0, "unknown function rand" },
		{ "2*x(y)", 2, "unknown function x: it is a value; a product is written x*(...)" },
		{ "x \xe2\x88\x92 y", 2, "write - for the character \xe2\x88\x92" },
		{ "2 + x\xc2\xb2", 5, "unknown name x\xc2\xb2: write **2 for the character \xc2\xb2" },
		{ "x != y", 2, "!= has no gradient; where() takes <, <=, > and >=" },
		{ "2x", 0, "this is not a number; a product is written with *, as in 2*x" },
		{ "mse(u, p)", 0, "mse: shapes [3] and [4] do not fit for -" },
		{ "sum(A, axis=(0, 1))", 12, "an axis is a whole number, or None for all" },
		{ "var(u, ddof=x)", 7, "ddof is a number, given by name: var(u, ddof=0), var(A, axis=0)" },
		{ "norm(u, ord=-1)", 8, "ord is a number above 0: norm(u, ord=2), norm(A, axis=0)" },
		{ "1 + sine(x)", 4, "unknown function sine, did you mean sin?" },
		{ "u + p", 2, "shapes [3] and [4] do not fit for +" },
		{ "u @ p", 2, "shapes [3] and [4] do not fit for @" },
		{ "A @ B @ u", 6, "shapes [3, 4] and [3] do not fit for @" },
		{ "u", 0, "the result is [3], not a number" },
		{ "2*(x > 0)", 5, "a comparison may only be the first argument of where" },
		{ "where(x, 1, 2)", 6, "the first argument of where is a comparison, as in where(x > 0, a, b)" },
		{ "u[3]", 2, "there is no such element: there are 3, counted from 0" },
		{ "sum(u[2:2])", 6, "the range is empty: there are 3 elements, counted from 0" },
		{ "x[0]", 1, "a number cannot be indexed" },
		{ "exp", 0, "exp is a function and wants its arguments" },
		{ "sum(sum(A, axis=2))", 11, "there is no axis 2 of [3, 3]" },
		{ "exp(u, axis=0)", 7, "exp takes no axis: exp(x)" },
		{ "sum(A, keepdim=1)", 7, "sum has no argument named keepdim: sum(u), sum(A, axis=0)" },
		{ "u[::0]", 2, "a step of 0 goes nowhere" },
		{ "u[2:0:1]", 2, "the range is empty: there are 3 elements, counted from 0" },
		{ "u[0:2:-1]", 2, "the range is empty: there are 3 elements, counted from 0" },
		{ "sum(A, keepdims=2)", 16, "keepdims is True or False" },
		{ "exp(A, keepdims=True)", 7, "exp takes no keepdims: exp(x)" },
		{ "max(u, 2)", 7, "there is no axis 2 of [3]; element by element there is maximum(x, y)" },
		{ "max(x, 2)", 0,
		  "max takes 1 argument, 2 given: max(u), max(A, axis=0); the greater of two is maximum(x, y)" },
		{ "norm(A, 1)", 0,
		  "norm takes ord along an axis, or of a vector: of a matrix it would be another norm" },
		{ "sum(concat(A, u, axis=1))", 4, "shapes [3, 3] and [3] do not fit for concat" },
		{ "sum(A, axis=0, axis=1)", 15, "this argument is there already" },
		{ "exp(x, reduction=sum)", 7, "exp takes no reduction, which is for losses: exp(x)" },
		{ "mse(u, v, reduction=max)", 20, "a reduction is mean, sum, none or batchmean" },
		{ "mse(u, v, reduction=sum, reduction=sum)", 25, "this argument is there already" },
		{ "huber(x, y, delta=1, 2)", 21, "an argument without a name cannot follow one with a name" },
		{ "huber(x, y, delta=1, delta=2)", 21, "this argument is there already" },
		{ "huber(x, 'e')", 9, "unknown name e: known are x, y, z, u, v, p, A, B" },
		{ "True*x", 0, "unknown name True: known are x, y, z, u, v, p, A, B" },
		{ "triplet_margin(u, u, v, swap=True*x)", 33, "a , or a ) is missing" },
		{ "1 + quantile(x, y, q=2)", 4, "q of quantile is between 0 and 1, not 2" },
		{ "triplet_margin(u, v, v, p=0)", 0, "p of triplet_margin is above 0, not 0" },
		{ "poisson(x, y, 1, 0, 0.5 - 1)", 0, "eps of poisson is at least 0, not -0.5" },
		{ "focal(x, 1, alpha=2.385)", 0, "alpha of focal is at most 1, not 2.385" },
		{ "focal(y=x, gamma=2)", 0, "argument 1 is missing: focal(z, y, gamma, alpha)" },
		{ "smooth_l1(x)", 0, "smooth_l1 takes at least 2 arguments, 1 given: smooth_l1(z, y, beta)" },
		{ "elu(x, y, z)", 0, "elu takes at most 2 arguments, 3 given: elu(x, alpha)" },
		{ "x + poisson(u, p)", 4, "poisson: shapes [4] and [3] do not fit for *" },
		{ "x = 2; x", 0, "the name x means something already" },
		{ "t = 2", 5, "a ; is missing, and behind it the expression that is meant" },
		{ "3e", 0, "this is not a number" },
		{ "1e999*x", 0, "the number 1e999 is too large" },
		{ "x == 1", 2, "== has no gradient; where() takes <, <=, > and >=" },
		{ "x y", 2, "an operator is missing here" },
		{ "f(", 2, "the expression ends where a value is missing" },
		{ "'x", 0, "the quoted name does not end" },
		{ "where(x > 0 and y > 0, 1, 2)", 12,
		  "a , or a ) is missing: conditions are not combined but nested, as in where(x > 0, where(y > 0, a, "
		  "b), b)" },
		{ "where(x < y < z, 1, 2)", 12,
		  "a , or a ) is missing: conditions are not combined but nested, as in where(x > 0, where(y > 0, a, "
		  "b), b)" },
		{ "where((x > 0) & (y > 0), 1, 2)", 14,
		  "the character & means nothing here: conditions are not combined but nested, as in where(x > 0, "
		  "where(y > 0, a, b), b)" },
		{ "x if x > 0 else y", 2, "an operator is missing here: a choice is written where(condition, a, b)" },
		{ "x + 1 # the sum", 6, "the character # means nothing here: an expression has no comments" },
		{ "clip(x, low=0, high=1)", 8, "the arguments of clip are given without names: clip(x, low, high)" },
		{ "gelu(x, approximate='tanh')", 8,
		  "the arguments of gelu are given without names: gelu(x), or gelu_tanh(x)" },
		{ "norm(u, p=inf)", 8, "norm has no argument named p: norm(u, ord=2), norm(A, axis=0)" },
		{ "mse_loss(u, v)", 0, "unknown function mse_loss, did you mean mse?" },
		{ "1e9999999999999999999999999999999999999999999*x", 0,
		  "the number 1e99999999999999999999999999999999999999... is too large" },
		{ "A.B", 2,
		  "only .T may follow a point; a function is called by its name alone, as in sin(x) or sum(u)" },
	};
	cJSON *variables = variables_of_the_dialect();
	struct point point;
	point_read(&point, variables);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_msg(evaluate(&point, cases[i].text) != OK, "%s was taken", cases[i].text);
		ck_assert_msg(point.error.position == cases[i].position, "%s: at %zu, not %zu (%s)", cases[i].text,
			      point.error.position, cases[i].position, point.error.text);
		ck_assert_str_eq(point.error.text, cases[i].sentence);
	}
	point_free(&point);
	cJSON_Delete(variables);
}
END_TEST

/* (8 (f(x + h) - f(x - h)) - (f(x + 2 h) - f(x - 2 h))) / 12h by the number *x of near. */
static double slope_of(struct point *near, const char *text, double *x)
{
	static const double at[] = { 1, -1, 2, -2 }, factor[] = { 8, -8, -1, 1 };
	const double x0 = *x, h = 5e-5;
	double sum = 0;
	for (size_t k = 0; k < 4; k++) {
		*x = x0 + at[k] * h;
		ck_assert_int_eq(evaluate(near, text), OK);
		sum += factor[k] * near->value;
	}
	*x = x0;
	return sum / (12 * h);
}

/* No function without a text: its name, an opening bracket behind it and no letter before it. */
static void all_functions_are_in(const char *const *texts, size_t count)
{
	for (size_t f = 0; f < expression_function_count; f++) {
		const char *name = expression_functions[f].name;
		bool seen = false;
		for (size_t t = 0; t < count; t++) {
			for (const char *at = strstr(texts[t], name); at != NULL; at = strstr(at + 1, name)) {
				seen = seen || (at[strlen(name)] == '(' &&
						(at == texts[t] || (!isalnum((unsigned char)at[-1]) && at[-1] != '_')));
			}
		}
		ck_assert_msg(seen, "no text here has %s(...)", name);
	}
}

START_TEST(every_operation_has_the_gradient_of_its_differences)
{
	static const char *const texts[] = {
		"sum(u[1:3]**2) + A[0, :] @ u - A[1, 2]",
		"var(u, ddof=1) + std(A, ddof=0.5) + norm(v, ord=3) + norm(p, 1) + sum(A, axis=None)",
		"sum(norm(A, axis=1, ord=1.5)*u) + sum(std(B, axis=0, ddof=1)*p) + norm(u)*norm(u) + norm(v)**2",
		"sum(A[:, 1:3] * B[0:3, 2:4]) + u[-1]",
		"norm(concat(u, x, p))",
		"sum(outer(u, p) * B)",
		"h = tanh(A @ u + v); s = h @ h; s**2 + s",
		"softplus(x) + gelu(y) + silu(z) + erf(x*y)",
		"sum(relu(u)) + sigmoid(z) + huber(y, 1.0) + huber(x, z)",
		"mse(u, v) + mae(u, v) + cross_entropy(p, 2) + bce_with_logits(u, 0.3) + hinge(v, -1)",
		"sum(log_softmax(p) * concat(u, 1))",
		"sum(softmax(A) * A)",
		"trace(A.T @ A) + sum(transpose(B) @ u)",
		"max(B) - min(A) + prod(p) + logsumexp(A)",
		"sum(A + u) + sum(u * A) + sum(B / (2 + p))",
		"where(u < 1, u, v) @ v",
		"std(p) + var(A) + mean(B)",
		"sum(maximum(A, 2)) + sum(minimum(u, v)) + sum(clip(p, 0, 1))",
		"arctan2(x, z) + hypot(x, y) + logaddexp(y, z) + power(z, x) + arccosh(z)",
		"sum(cbrt(A)) + log2(z) + log10(z) + sum(sign(u) * v) + tan(x) + x**5 + z**-1.5",
		"sum((A @ B)[1, 1:3]) * sum(B[2]) ",
		"exp(x/3) + log(z) + log1p(z) + expm1(y/2) + sqrt(z) + square(x) + sin(y) + cos(x) + x/z - y",
		"arcsin(tanh(x)) + arccos(tanh(y)/2) + arctan(z) + sinh(x/2) + cosh(y/2) + arcsinh(z) + "
		"arctanh(tanh(x)/2)",
		"abs(x) + expit(y) + dot(u, v) + sum(matmul(A, B) * B) + log_loss(x, 0.3) + squared_error(u, v)",
		"sum(where(u <= v, u*v, u - v)) + where(x < z, y, u[0]) + -x",
		"sum(A, axis=0) @ u + prod(A, axis=1) @ v + max(B, axis=-1) @ u - min(B, axis=0) @ p",
		"sum(softmax(A, axis=1) * A) + sum(log_softmax(B, axis=0) * B) + logsumexp(A, axis=0) @ v",
		"mean(A, axis=-2) @ u + var(B, axis=0) @ p + std(B, axis=1) @ u + norm(A, axis=1) @ v + norm(A, "
		"axis=0) @ u",
		"squared_hinge(u, v) + smooth_l1(u, v) + smooth_l1(p, 0.25, 0.7) + quantile(u, v) + quantile(v, x, "
		"0.8)",
		"poisson(u, square(v)) + kl(A, softmax(A*A)) + cosine(u, v) + cosine(B, B + 1) + gaussian(u, v, x)",
		"bce(sigmoid(u), 0.3) + bce(sigmoid(v), 1) + cross_entropy(p, 1, 0.1) + identity(x) + swish(y)",
		"sum(leaky_relu(u) + leaky_relu(v, 0.2) + relu6(u * 4) + elu(u) + elu(v, 0.7) + selu(u) + celu(v, "
		"1.3))",
		"sum(gelu_tanh(u) + mish(v) + log_sigmoid(u) + softsign(v) + tanhshrink(u) + hardtanh(u, -2, 0.6))",
		"sum(hardsigmoid(4*u) + hardswish(2*v) + softshrink(v) + softshrink(u, 0.6) + hardshrink(v, 0.35) + "
		"hardtanh(u))",
		"sum(log1p(exp(-u * v))) + softplus(-(x * y)) + log(1 + exp(z * -x)) + log1p(exp(-y * 900))",
		"log_cosh(u, v) + log_cosh(z, 0.3) + poisson_nll(u, square(v) + 1.3, full=1) + poisson(z, 3, "
		"log_input=0, "
		"eps=0.1)",
		"gaussian_nll(u, v, square(p[0:3]) + 0.2) + gaussian_nll(u, x, 1e-9, 1, 1e-3) + gaussian(u, -9, v, "
		"eps=0.01)",
		"bce(expit(u), 0.7, weight=square(v)) + focal(u, 0) + focal(v, 1, 1.3, 0.6) + focal(p, 1, 0.5, -1)",
		"soft_margin(u, -1) + soft_margin(v, 1) + bce_with_logits(A, 0.3, square(u), weight=p[0:3]**2)",
		"cross_entropy(A, v*0 + 2) + cross_entropy(B, u*0 + 1, 0.1, square(p)) + cross_entropy(A, softmax(A*A, "
		"axis=1), 0.2, u)",
		"cross_entropy(B, sign(u) + 1, 0.15, ignore_index=1) + nll(B, sign(u) + 1, square(p), 2) + "
		"cross_entropy(u, 2, weight=v*v)",
		"kl_div(log_softmax(A, axis=1), softmax(A*A, axis=-1)) + kl_div(u, v, log_target=1, reduction=sum)",
		"multi_margin(A, sign(u) + 1, 0.93) + multi_margin(p, 1, 0.7, 2) + multi_margin(A, 1, margin=2.385)",
		"hinge_embedding(u, -1, 1.3) + hinge_embedding(v, 1) + margin_ranking(u, v, x, 0.3) + "
		"cosine_embedding(A, A*A, -1, 0.1) + cosine_embedding(u, v, 1)",
		"contrastive(A, B[:, 0:3], 0.3, 20.5) + triplet_margin(A, A*A, B[:, 1:4], 30.1) + triplet_margin(u, v, "
		"p[0:3], swap=1, p=3) + info_nce(A, B[:, 0:3], 0.7) + info_nce(A, B[:, 0:3], symmetric=1)",
		"elu(1000 + x) + where(x > 0, x, log(x - 5)) + where(y > 0, sqrt(y), 3*y)",
	};
	all_functions_are_in(texts, sizeof texts / sizeof *texts);
	cJSON *variables = variables_of_the_dialect();
	for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
		struct point point, near;
		point_read(&point, variables);
		point_read(&near, variables);
		ck_assert_msg(evaluate(&point, texts[t]) == OK, "%s: %s at %zu", texts[t], point.error.text,
			      point.error.position);
		ck_assert_msg(isfinite(point.value), "%s is not finite", texts[t]);
		size_t at = 0;
		for (size_t i = 0; i < point.count; i++) {
			for (size_t j = 0; j < shape_size(&point.variable[i].shape); j++, at++) {
				double slope = slope_of(&near, texts[t], &near.owned[i][j]), got = point.gradient[at];
				/* A slope far below the value has no digits in a difference. */
				double scale = fmax(fmax(fabs(slope), fabs(got)), 5e-5 * fabs(point.value));
				ck_assert_msg(fabs(slope - got) <= 1e-6 * scale,
					      "%s: d/d%s[%zu] is %.10g, differences give %.10g", texts[t],
					      point.variable[i].name, j, got, slope);
			}
		}
		point_free(&point);
		point_free(&near);
	}
	cJSON_Delete(variables);
}
END_TEST

START_TEST(broadcasting_has_the_values_of_numpy)
{
	static const struct {
		const char *text;
		double value;
	} cases[] = {
		{ "(A * u)[1, 1]", -6.6 },
		{ "(u * A)[2, 0]", 3.5 },
		{ "(A @ u)[0]", 4.4 },
		{ "(u @ A)[0]", 10.4 },
		{ "(A - A.T)[0, 2]", -4 },
		{ "sum(outer(u, v)[1])", -1.2 },
		{ "concat(u, p)[-4:][0]", 0.1 },
		{ "s = x + 1; t = s * 2; t - s", 1.7 },
		{ "-2**2", -4 },
		{ "2**-1", 0.5 },
		{ "+x - -x", 1.4 },
		{ "'x' + `x`", 1.4 },
		{ "log(1 + exp(800 + x))", 800.7 },
		{ "sum(A, axis=0)[2]", 0 },
		{ "mean(A, axis=1)[1]", 15.5 / 3 },
		{ "max(A, axis=-1)[2]", 8 },
		{ "var(B, axis=0)[1]", 73.0 / 18 },
		{ "softmax(concat(A[0:1], A[0:1]), axis=0)[1, 2]", 0.5 },
		{ "log_softmax(A, axis=1)[0, 2]", -0.40760596444438 },
		{ "logsumexp(A, axis=1)[0] - 3", 0.40760596444438 },
		{ "sum(u, axis=0)", 1.4 },
		{ "u[::2] @ u[::-2]", 2.1 },
		{ "p[-2::-1] @ u - p[2:0:-1] @ u[:2]", 0.21 },
		{ "A[::-1, ::2][0, 1]", -9 },
		{ "A[1, ::-1] @ u", 4.8 },
		{ "A[::2, 1] @ u[1:]", 14.4 },
		{ "sum(A[:, ::3])", 12 },
		{ "u[-1::][0]", 2.1 },
		{ "var(u, ddof=1)", 2.7233333333333333 },
		{ "std(A, axis=0, ddof=1)[0]", 3 },
		{ "norm(v, ord=1)", 1.8 },
		{ "norm(A, ord=1, axis=1)[2]", 24 },
		{ "norm(u[:2], 3)**3", 1.853 },
		{ "sum(A, axis=None)", 27.5 },
		{ "sum(A, 0)[2]", 0 },
		{ "mean(A, -1)[1]", 15.5 / 3 },
		{ "(A - mean(A, axis=1, keepdims=True))[2, 1]", 6 },
		{ "(A/sum(A, axis=0, keepdims=True))[1, 0] - 1/3", 0 },
		{ "max(A, keepdims=True)[0, 0]", 8 },
		{ "sum(u, axis=0, keepdims=True)[0]", 1.4 },
		{ "sum(A, axis=0, keepdims=False)[2]", 0 },
		{ "concat(A, A.T, axis=1)[0, 4]", 4 },
		{ "concat(A, A, axis=0)[3, 1]", 2 },
		{ "quantile(1, x, 0.2)", 0.24 },
		{ "quantile(-y, z, 0.2)", 0.217 },
		{ "smooth_l1(x, z, 0.5)", 1.435 },
		{ "squared_hinge(x, -1)", 2.89 },
		{ "poisson(x, 3)", 0.0 + 2.01375270747048 - 2.1 },
		{ "kl(log(u*u), concat(0, 0.25, 0.75))", 0.041886831069413857 },
		{ "bce(0.25, 1)", 1.38629436111989 },
		{ "gaussian(x, 0, y)", 2.0 },
		{ "cosine(u, 3*u)", 0 },
		{ "cross_entropy(concat(1, 2, 3), 0, 0.3)", 2.10760596444438 },
		{ "selu(y)", -1.2789613751543256 },
		{ "hardswish(x)", 0.7 * 3.7 / 6 },
		{ "gelu_tanh(x)", 0.53057013470511669 },
	};
	cJSON *variables = variables_of_the_dialect();
	struct point point;
	point_read(&point, variables);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_msg(evaluate(&point, cases[i].text) == OK, "%s: %s at %zu", cases[i].text, point.error.text,
			      point.error.position);
		ck_assert_msg(fabs(point.value - cases[i].value) < 1e-12, "%s is %.17g, not %.17g", cases[i].text,
			      point.value, cases[i].value);
	}
	point_free(&point);
	cJSON_Delete(variables);
}
END_TEST

static double value_of(struct point *point, const char *text)
{
	ck_assert_msg(evaluate(point, text) == OK, "%s: %s", text, point->error.text);
	return point->value;
}

START_TEST(texts_that_say_the_same_have_the_same_value)
{
	static const char *const pairs[][2] = {
		{ "huber(u, v)", "huber(u, v, 1)" },
		{ "huber(u, v)", "mean(huber(u - v, 1))" },
		{ "huber(x, y)", "huber(x - y, 1)" },
		{ "huber(u, y=0.3)", "mean(huber(u - 0.3, 1))" },
		{ "sum(huber(u - v, delta=0.3))", "sum(huber(u - v, 0.3))" },
		{ "sum(huber(u - v, delta=z))", "huber(u, v, z, reduction=sum)" },
		{ "huber(u - v, delta=0.3, reduction=sum)", "sum(huber(u - v, 0.1 + 0.2))" },
		{ "poisson(x, y, log_input=False)", "poisson(x, y, 0)" },
		{ "poisson(x, y, full=True)", "poisson(x, y, full=1)" },
		{ "triplet_margin(A, 2*A, A + 1, swap=True)", "triplet_margin(A, 2*A, A + 1, swap=1)" },
	};
	cJSON *variables = variables_of_the_dialect();
	struct point point;
	point_read(&point, variables);
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		ck_assert_msg(fabs(value_of(&point, pairs[i][0]) - value_of(&point, pairs[i][1])) < 1e-12,
			      "%s is not %s", pairs[i][0], pairs[i][1]);
	}
	point_free(&point);
	cJSON_Delete(variables);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/expression");
	TCase *tests = tcase_create("all");
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, every_golden_expression_has_its_value_and_gradient);
	tcase_add_test(tests, kinks_have_the_subgradients_that_torch_gives);
	tcase_add_test(tests, conditions_let_nothing_flow_back_and_a_spread_of_nothing_has_no_slope);
	tcase_add_test(tests, what_is_no_number_stays_none_behind_clip_and_the_shrinkages);
	tcase_add_test(tests, a_number_may_have_any_number_of_digits);
	tcase_add_test(tests, a_name_is_found_among_a_thousand_and_of_equal_ones_the_first_counts);
	tcase_add_test(tests, what_must_be_rejected_is_rejected_with_a_place);
	tcase_add_test(tests, errors_point_at_the_character_and_say_what_is_wrong);
	tcase_add_test(tests, every_operation_has_the_gradient_of_its_differences);
	tcase_add_test(tests, broadcasting_has_the_values_of_numpy);
	tcase_add_test(tests, texts_that_say_the_same_have_the_same_value);
	return suite_run(suite);
}
