/*
 * Objectives that put rows beside one another: all rows are a dimension, as in numpy, and run whole.
 *
 * Values and derivatives are compared with figures of torch 1.13 in float64 (its autograd), with evaluations at a point
 * whose variables are the data (which is what such a text means by definition), and with differences.
 */
#include <math.h>
#include <stdio.h>

#include "core/expression/evaluate.h"
#include "core/model/expression.h"
#include "core/model/residual.h"
#include "core/objective/gradient_check.h"
#include "tests/core/modelling.h"
#include "tests/core/products.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

enum { ROWS = 12, FEATURES = 3, NUMBERS = FEATURES + 1 + ROWS + 2 * ROWS };

static double data_x[ROWS * FEATURES], data_y[ROWS], column_x[ROWS], theta[NUMBERS];
static float single_x[ROWS * FEATURES], single_y[ROWS];

/* Parameters w [3], b, m [rows], Z [rows, 2]; X, y and the first column x. */
static struct written {
	struct model_config config;
	struct expression_config expression;
	struct expression_parameter parameter[4];
	struct expression_symbol symbol[3];
} written;

static const struct model_shape whole_shape = {
	.features = FEATURES, .targets = 1, .rows = ROWS, .whole = ROWS, .products = true
};

static void write_model(const char *objective)
{
	written = (struct written){ .config = { .type = model_find("expression") } };
	written.parameter[0] =
		(struct expression_parameter){ .name = "w", .shape = { .rank = 1, .extent = { FEATURES } } };
	written.parameter[1] = (struct expression_parameter){ .name = "b" };
	written.parameter[2] = (struct expression_parameter){ .name = "m", .shape = { .rank = 1, .extent = { ROWS } } };
	written.parameter[3] =
		(struct expression_parameter){ .name = "Z", .shape = { .rank = 2, .extent = { ROWS, 2 } } };
	written.symbol[0] = (struct expression_symbol){ .name = "X", .kind = SYMBOL_FEATURES, .node = NODE_NONE };
	written.symbol[1] = (struct expression_symbol){ .name = "y", .kind = SYMBOL_TARGET, .node = NODE_NONE };
	written.symbol[2] = (struct expression_symbol){ .name = "x", .kind = SYMBOL_COLUMN, .node = NODE_NONE };
	written.expression = (struct expression_config){ .objective = objective,
							 .parameter = written.parameter,
							 .parameters = 4,
							 .symbol = written.symbol,
							 .symbols = 3 };
	written.config.expression = &written.expression;
}

static void make_data(void)
{
	for (int i = 0; i < ROWS; i++) {
		for (int j = 0; j < FEATURES; j++) {
			data_x[i * FEATURES + j] = sin(1.3 * i + 0.7 * j + 0.2);
			single_x[i * FEATURES + j] = (float)data_x[i * FEATURES + j];
		}
		data_y[i] = cos(0.9 * i) + 0.1 * i;
		single_y[i] = (float)data_y[i];
		column_x[i] = data_x[i * FEATURES];
		theta[FEATURES + 1 + i] = sin(0.5 * i + 1);
		for (int k = 0; k < 2; k++) {
			theta[FEATURES + 1 + ROWS + 2 * i + k] = cos(1.1 * i + 0.4 * k);
		}
	}
	memcpy(theta, (const double[]){ 0.31, -0.7, 0.12, 0.45 }, (FEATURES + 1) * sizeof *theta);
}

static const struct data_view view = {
	.dtype = DTYPE_FLOAT64, .rows = ROWS, .features = FEATURES, .x = data_x, .targets = 1, .y = data_y
};
static const struct data_view single_view = {
	.dtype = DTYPE_FLOAT32, .rows = ROWS, .features = FEATURES, .x = single_x, .targets = 1, .y = single_y
};
static const struct batch all_rows = { .data = &view, .count = ROWS };

static struct objective *build(const struct model_shape *shape, enum dtype dtype, size_t slots)
{
	struct objective *objective = NULL;
	struct error error = { .text = "" };
	ck_assert_msg(model_build(&written.config, shape, dtype, slots, &objective, &error) == OK, "%s", error.text);
	return objective;
}

#define KERNEL                                                                                                         \
	"s = sum(X**2, axis=1, keepdims=True); K = exp(-exp(b)*(s + s.T - 2*X @ X.T));"                                \
	"mean((y - K @ m)**2) + 0.1*m @ K @ m"
#define MDS                                                                                                            \
	"s = sum(Z**2, axis=1, keepdims=True); t = sum(X**2, axis=1, keepdims=True);"                                  \
	"mean(((s + s.T - 2*Z @ Z.T) - (t + t.T - 2*X @ X.T))**2)"

/* Values, and derivatives with respect to w[1], b, m[5] and Z[7, 1], of torch: its text is what numpy's would be. */
static const struct {
	const char *text;
	double value, slope[4];
} cases[] = {
	{ "mean((y[1:] - b*y[:-1])**2)", 0.35245956631928715, { 0, -0.48226006092734286, 0, 0 } },
	{ "mean((y - m)**2) + 2.385*sum((m[2:] - 2*m[1:-1] + m[:-2])**2)",
	  2.5952284492858158,
	  { 0, 0, -0.20696522504702941, 0 } },
	{ KERNEL, 0.93362427156909833, { 0, 0.080368587527110527, -0.068271146592471285, 0 } },
	{ MDS, 5.1273015798156143, { 0, 0, 0, 0.90910654614733133 } },
	{ "sqrt(sum((outer(x, x)*b + outer(m, y))**2))",
	  8.0572898602111618,
	  { 0, 2.3138112467239162, -0.35351425815070914, 0 } },
	{ "(y[0] - X[0] @ w)**2 + (X[-1] @ w)*y[-1]", 1.8526136924212622, { -2.038753561822289, 0, 0, 0 } },
	{ "sum(exp(-b**2*(x[:, None] - x[None, :])**2)) + mean(tanh(m[:, None]*y[None, :]))",
	  120.94800280554351,
	  { 0, -82.297764728772279, 0.035011330474740657, 0 } },
	{ "trace(X @ outer(w, w) @ X.T) + sum(X @ X.T @ m)",
	  4.5018478837534319,
	  { -4.4865376005955735, 0, 3.0391324380799936, 0 } },
	{ "sum((y - m)**2) + sum(sqrt((m[1:] - m[:-1])**2 + 0.01))",
	  25.562141027356702,
	  { 0, 0, -1.2889468892227143, 0 } },
	{ "info_nce(Z, X[:, :2]*b, 0.1)", 2.2465533603613181, { 0, 0, 0, 0.48060268483895524 } },
	{ "mean(logsumexp((X * w) @ X.T, axis=1)) + sum(softmax((X * w) @ X.T, axis=0)[0])",
	  3.4614413672663908,
	  { -0.013766150219434656, 0, 0, 0 } },
	{ "y[::-1] @ m + sum(y[::3]*m[::3])*b",
	  1.9783214099913518,
	  { 0, -0.91762408616666924, 1.2346928759426348, 0 } },
};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(values_and_gradients_are_those_of_another_program)
{
	static const size_t place[] = { 1, 3, 4 + 5, 4 + ROWS + 2 * 7 + 1 };
	struct executor executor = executor_serial();
	double gradient[NUMBERS], value;
	write_model(cases[_i].text);
	struct objective *objective = build(&whole_shape, DTYPE_FLOAT64, 1);
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &all_rows, &executor, &value, gradient), OK);
	ck_assert_double_eq_tol(value, cases[_i].value, 1e-12 * fabs(cases[_i].value));
	for (size_t k = 0; k < 4; k++) {
		ck_assert_double_eq_tol(gradient[place[k]], cases[_i].slope[k], 1e-10);
	}
	objective_destroy(objective);
}
END_TEST

START_TEST(gradients_and_products_are_those_of_differences_and_float32_is_near)
{
	struct executor executor = executor_serial();
	const struct batch single = { .data = &single_view, .count = ROWS };
	struct gradient_error worst;
	float numbers[NUMBERS], slopes[NUMBERS];
	double gradient[NUMBERS], value;
	write_model(cases[_i].text);
	struct objective *objective = build(&whole_shape, DTYPE_FLOAT64, 1);
	ck_assert_int_eq(gradient_check(objective, theta, &all_rows, &executor, &worst), OK);
	ck_assert_msg(worst.error < 1e-6, "%s: derivative %zu is %.12g, differences give %.12g", cases[_i].text,
		      worst.index, worst.analytic, worst.numeric);
	const double error = products_error(objective, theta, theta, 5e-4, &all_rows, &executor);
	ck_assert_msg(error < 1e-6, "%s: product: %.3g", cases[_i].text, error);
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &all_rows, &executor, NULL, gradient), OK);
	objective_destroy(objective);
	objective = build(&whole_shape, DTYPE_FLOAT32, 1);
	for (size_t i = 0; i < NUMBERS; i++) {
		numbers[i] = (float)theta[i];
	}
	ck_assert_int_eq(objective->type->evaluate(objective, numbers, &single, &executor, &value, slopes), OK);
	ck_assert_double_eq_tol(value, cases[_i].value, 2e-5 * fabs(cases[_i].value));
	for (size_t i = 0; i < NUMBERS; i++) {
		ck_assert_double_eq_tol((double)slopes[i], gradient[i], 2e-4);
	}
	objective_destroy(objective);
}
END_TEST

START_TEST(a_text_means_what_it_means_at_a_point_whose_variables_are_the_data)
{
	const struct expression_variable variables[] = {
		{ "w", { .rank = 1, .extent = { FEATURES } }, theta },
		{ "b", { .rank = 0 }, theta + FEATURES },
		{ "m", { .rank = 1, .extent = { ROWS } }, theta + FEATURES + 1 },
		{ "Z", { .rank = 2, .extent = { ROWS, 2 } }, theta + FEATURES + 1 + ROWS },
		{ "X", { .rank = 2, .extent = { ROWS, FEATURES } }, data_x },
		{ "y", { .rank = 1, .extent = { ROWS } }, data_y },
		{ "x", { .rank = 1, .extent = { ROWS } }, column_x },
	};
	struct executor executor = executor_serial();
	struct expression_error error;
	double gradient[NUMBERS], wanted[NUMBERS + ROWS * (FEATURES + 2)], value, known;
	ck_assert_int_eq(
		expression_evaluate(cases[_i].text, strlen(cases[_i].text), variables, 7, &known, wanted, &error), OK);
	write_model(cases[_i].text);
	struct objective *objective = build(&whole_shape, DTYPE_FLOAT64, 1);
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &all_rows, &executor, &value, gradient), OK);
	ck_assert(golden_close(&value, &known, 1, 1e-14));
	ck_assert(golden_close(gradient, wanted, NUMBERS, 1e-13));
	objective_destroy(objective);
}
END_TEST

START_TEST(what_means_something_row_by_row_stays_so_and_the_rest_says_why_not)
{
	static const struct {
		const char *text;
		const char *couples;
		bool whole;
	} texts[] = {
		{ "mean((y - X @ w - b)**2) + m @ m", "", false },
		{ "mean((X - x)**2 @ w) + sum(outer(x, w) @ w)", "", false },
		{ "max(y - X @ w)", "max is taken over all rows at once", false },
		{ "mean((y[1:] - b*y[:-1])**2)", "rows are picked by their place (character 8)", true },
		{ "b*sum(outer(y, x))", "outer puts each row beside every other (character 6)", true },
		{ "sum(X @ X.T)*b", "a transpose has the rows last (character 6)", true },
		{ "info_nce(X*b, X)", "info_nce compares rows with one another (character 0)", true },
		{ "mean((y - m)**2)", "shapes [rows] and [12] do not fit for - (character 8)", true },
		{ "sum(x[None] @ m)", "None puts the rows last (character 6)", true },
		{ "sum(concat(X, X, axis=0) @ w)", "rows are added to rows (character 17)", true },
		{ "mean(x[:, None] @ w[:1])", "", false },
		{ "mean(X * exp(x)[:, None] @ w)", "", false },
		{ "mean((y - x[:, None] @ w[:1])**2) + mean((y - X @ Z[:3, :1])**2)", "", false },
		{ "b*sum(exp(-(x[:, None] - x)**2))",
		  "a column made by None puts each row beside every other (character 23)", true },
		{ "b*sum(maximum(x[:, None], x))",
		  "a column made by None puts each row beside every other (character 6)", true },
		{ "b*sum(where(y > 0, 2.385, x[:, None]))",
		  "a column made by None puts each row beside every other (character 6)", true },
		{ "b*mean(maximum(x[:, None], 0.3))", "", false },
		{ "b*sum(y / (2 + exp(x[:, None])))",
		  "a column made by None puts each row beside every other (character 8)", true },
	};
	for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
		struct expression_uses uses = { .parameter = NULL };
		struct expression_error error;
		char couples[200];
		write_model(texts[k].text);
		const enum status status = expression_look(&written.config, &whole_shape, &uses, couples, &error);
		ck_assert_msg(status == OK, "%s: %s", texts[k].text, error.text);
		ck_assert_str_eq(couples, texts[k].couples);
		ck_assert_msg(uses.whole == texts[k].whole, "%s", texts[k].text);
	}
}
END_TEST

START_TEST(what_means_nothing_either_way_is_refused_where_it_lies)
{
	static const struct {
		const char *text, *sentence;
		size_t position;
	} texts[] = {
		{ "mean((y - w)**2)", "shapes [rows] and [3] do not fit for -; there are 12 rows", 8 },
		{ "mean(y[1:] - m)",
		  "shapes [11] and [12] do not fit for -; rows are a dimension here as in numpy, for row by row this "
		  "is "
		  "not: rows are picked by their place (character 7)",
		  11 },
		{ "y[12] + b", "there is no such element: there are 12, counted from 0", 2 },
		{ "y[1:]*b", "the result is [11], not a number", 0 },
		{ "y[0]*nonesuch", "unknown name nonesuch: known are w, b, m, Z, X, y, x", 5 },
		{ "mean(X[:, None] @ w)",
		  "a value has at most two dimensions: None adds one to [rows, 3]; there are 12 rows", 7 },
	};
	for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
		struct expression_error error;
		char couples[200];
		write_model(texts[k].text);
		ck_assert_int_ne(expression_check(&written.config, &whole_shape, couples, &error), OK);
		ck_assert_str_eq(error.text, texts[k].sentence);
		ck_assert_msg(error.position == texts[k].position, "%s: %zu", texts[k].text, error.position);
	}
	struct model_shape apart = whole_shape; /* nobody says how many rows there are */
	struct expression_error error;
	char couples[200];
	apart.whole = 0;
	write_model("b*y[0]");
	ck_assert_int_eq(expression_check(&written.config, &apart, couples, &error), E_UNSUPPORTED);
	ck_assert_str_eq(error.text, "single rows cannot be picked: write : for the rows, as in X[:, 0]");
}
END_TEST

START_TEST(it_is_over_all_rows_alone_and_can_be_stopped_between_operations)
{
	struct executor executor = executor_serial();
	atomic_bool stop = true;
	double value;
	const struct batch some = { .data = &view, .count = ROWS - 1 };
	write_model(KERNEL);
	struct objective *objective = build(&whole_shape, DTYPE_FLOAT64, 1);
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &some, &executor, &value, NULL), E_INVALID);
	executor.stop = &stop;
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &all_rows, &executor, &value, NULL), E_CANCELLED);
	objective_destroy(objective);
}
END_TEST

START_TEST(threads_do_not_change_a_bit)
{
	struct executor serial = executor_serial();
	struct threads threads;
	threads_init(&threads, 3);
	for (size_t k = 0; k < CASES; k++) {
		double one[NUMBERS + 1], three[NUMBERS + 1];
		write_model(cases[k].text);
		struct objective *objective = build(&whole_shape, DTYPE_FLOAT64, 3);
		ck_assert_int_eq(objective->type->evaluate(objective, theta, &all_rows, &serial, one, one + 1), OK);
		ck_assert_int_eq(
			objective->type->evaluate(objective, theta, &all_rows, &threads.base, three, three + 1), OK);
		ck_assert_msg(memcmp(one, three, sizeof one) == 0, "%s", cases[k].text);
		objective_destroy(objective);
	}
}
END_TEST

START_TEST(rows_in_any_order_and_classes_are_read_as_they_are)
{
	struct executor executor = executor_serial();
	static int32_t label[ROWS];
	uint32_t index[ROWS];
	double value, wanted = 0;
	for (uint32_t i = 0; i < ROWS; i++) {
		index[i] = (5 * i + 3) % ROWS;
		label[i] = (int32_t)(i * i % 4);
	}
	struct data_view classes = view;
	classes.targets = 0;
	classes.y = NULL;
	classes.classes = 4;
	classes.label = label;
	struct model_shape shape = whole_shape;
	shape.targets = 0;
	shape.classes = 4;
	const struct batch batch = { .data = &classes, .index = index, .count = ROWS };
	write_model("(y[1:] @ y[:-1])*b + x[2]");
	struct objective *objective = build(&shape, DTYPE_FLOAT64, 1);
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &value, NULL), OK);
	for (size_t i = 1; i < ROWS; i++) {
		wanted += label[index[i]] * label[index[i - 1]];
	}
	wanted = wanted * theta[FEATURES] + data_x[index[2] * FEATURES];
	ck_assert_double_eq_tol(value, wanted, 1e-12);
	objective_destroy(objective);
}
END_TEST

/* Ranges with a step of more elements than are put together one by one. */
START_TEST(long_ranges_with_a_step_are_one_operation_forward_and_back)
{
	enum { MANY = 901 };
	static double y[MANY], from[MANY], gradient[MANY], wanted[MANY];
	struct executor executor = executor_serial();
	struct model_shape shape = { .features = 1, .targets = 1, .rows = MANY, .whole = MANY, .products = true };
	const struct data_view data = {
		.dtype = DTYPE_FLOAT64, .rows = MANY, .features = 1, .x = y, .targets = 1, .y = y
	};
	const struct batch batch = { .data = &data, .count = MANY };
	double value, sum = 0;
	for (size_t i = 0; i < MANY; i++) {
		y[i] = sin(0.1 * (double)i);
		from[i] = cos(0.3 * (double)i);
	}
	/* 451 numbers from the front, as many from behind, 300 of a part */
	write_model(
		"m[::2] @ m[:: -2]*0.5 + sum(y[::-1]*m) + 2*sum(m[1:-1:3]**2*y[898::-3]) + sum(outer(m, y)[::3, 5])");
	written.parameter[0] = written.parameter[2];
	written.parameter[0].shape.extent[0] = MANY;
	written.expression.parameters = 1;
	for (size_t i = 0; i < MANY; i++) {
		const size_t other = MANY - 1 - i;
		if (i % 2 == 0) {
			sum += 0.5 * from[i] * from[other];
			wanted[i] += from[other];
		}
		sum += y[other] * from[i];
		wanted[i] += y[other];
		if (i % 3 == 1 && i < MANY - 1) {
			const double seen = y[898 - 3 * (i / 3)];
			sum += 2 * from[i] * from[i] * seen;
			wanted[i] += 4 * from[i] * seen;
		}
		if (i % 3 == 0) {
			sum += from[i] * y[5];
			wanted[i] += y[5];
		}
	}
	struct objective *objective = build(&shape, DTYPE_FLOAT64, 1);
	ck_assert_int_eq(objective->type->evaluate(objective, from, &batch, &executor, &value, gradient), OK);
	ck_assert_double_eq_tol(value, sum, 1e-10);
	for (size_t i = 0; i < MANY; i++) {
		ck_assert_double_eq_tol(gradient[i], wanted[i], 1e-12);
	}
	ck_assert_double_lt(products_error(objective, from, y, 5e-4, &batch, &executor), 1e-8);
	objective_destroy(objective);
}
END_TEST

/* What is between rows and rows is counted before anything is built; what is of data alone has no gradient. */
START_TEST(memory_is_known_beforehand_and_too_much_of_it_has_a_figure)
{
	enum { MANY = 2000 };
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = MANY, .whole = MANY };
	struct expression_error error;
	size_t parameters, bytes;
	char couples[200];
	const size_t matrix = sizeof(double) * MANY * MANY;
	write_model("b*sum(X @ X.T)");
	ck_assert_int_eq(model_measure(&written.config, &shape, DTYPE_FLOAT64, 1, &parameters, &bytes), OK);
	ck_assert_msg(bytes > matrix && bytes < matrix + matrix / 50, "%zu", bytes);
	write_model("sum(exp(-b*(X @ X.T)))");
	ck_assert_int_eq(model_measure(&written.config, &shape, DTYPE_FLOAT64, 1, &parameters, &bytes), OK);
	ck_assert_msg(bytes > matrix && bytes < 6 * matrix, "%zu", bytes);
	shape.rows = shape.whole = 60000;
	ck_assert_int_eq(expression_check(&written.config, &shape, couples, &error), E_TOO_LARGE);
	ck_assert_msg(strstr(error.text, "GB for its values, and more than 34.4 GB are never taken") != NULL, "%s",
		      error.text);
	shape.rows = shape.whole = 70000;
	ck_assert_int_eq(expression_check(&written.config, &shape, couples, &error), E_TOO_LARGE);
	ck_assert_str_eq(error.text, "a tensor of the expression is too large: [70000, 70000] are 39.2 GB in double "
				     "precision");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/whole_rows");
	TCase *tests = tcase_create("all");
	make_data();
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, values_and_gradients_are_those_of_another_program, 0, CASES);
	tcase_add_loop_test(tests, gradients_and_products_are_those_of_differences_and_float32_is_near, 0, CASES);
	tcase_add_loop_test(tests, a_text_means_what_it_means_at_a_point_whose_variables_are_the_data, 0, CASES);
	tcase_add_test(tests, what_means_something_row_by_row_stays_so_and_the_rest_says_why_not);
	tcase_add_test(tests, what_means_nothing_either_way_is_refused_where_it_lies);
	tcase_add_test(tests, it_is_over_all_rows_alone_and_can_be_stopped_between_operations);
	tcase_add_test(tests, threads_do_not_change_a_bit);
	tcase_add_test(tests, rows_in_any_order_and_classes_are_read_as_they_are);
	tcase_add_test(tests, long_ranges_with_a_step_are_one_operation_forward_and_back);
	tcase_add_test(tests, memory_is_known_beforehand_and_too_much_of_it_has_a_figure);
	return suite_run(suite);
}
