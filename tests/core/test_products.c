/*
 * Products with the Hessian in dual numbers: every operation of core/tensor/ against differences of gradients, known
 * Hessians, symmetry, precision, threads; what ends or refuses a program that has no blocks of rows.
 */
#include <math.h>

#include "core/base/dual.h"
#include "core/model/expression.h"
#include "core/objective/tensor_objective.h"
#include "core/tensor/program.h"
#include "tests/core/modelling.h"
#include "tests/core/products.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

enum { FEATURES = 5, ROWS = 300, NUMBERS = 16 };

/* sum_i f_i^2 (f_i + weight_i), f_i = f(a_i, b_i, c_i), for one element-wise operation. */
static struct objective *of_element(enum tensor_op op, const double *weights)
{
	const struct shape shape = { .rank = 1, .extent = { 3 } };
	const struct start start[3] = { { .kind = START_FILL } };
	struct tensor_graph graph;
	struct program *program, *product;
	struct objective *objective;
	struct error error = { .text = "" };
	size_t in[3];
	tensor_graph_init(&graph);
	for (size_t k = 0; k < tensor_arity(op); k++) {
		in[k] = tensor_parameter(&graph, k == 0 ? "a" : k == 1 ? "b" : "c", &shape);
	}
	const size_t f = tensor_apply(&graph, op, in), c = tensor_array(&graph, &shape, weights);
	const size_t square = tensor_unary(&graph, TENSOR_square, f), shifted = tensor_binary(&graph, TENSOR_add, f, c);
	const size_t root = tensor_unary(&graph, TENSOR_sum, tensor_binary(&graph, TENSOR_mul, square, shifted));
	ck_assert_int_eq(program_create(&graph, root, NODE_NONE, DTYPE_FLOAT64, 1, 0, &program, &error), OK);
	ck_assert_int_eq(program_create_product(&graph, root, DTYPE_FLOAT64, 1, 0, &product, &error), OK);
	ck_assert_int_eq(
		tensor_objective_create(program, product, &graph, start, 0, DTYPE_FLOAT64, false, &objective, &error),
		OK);
	tensor_graph_fini(&graph);
	return objective;
}

START_TEST(every_element_wise_operation_has_the_product_of_its_differences)
{
	static const double weights[] = { 0.7, -1.2, 2.385 };
	/* a, b, c; where a function is not defined there, plus 1. */
	static const double theta[] = { 0.31, 0.77, 0.52, 0.44, 0.21, 0.83, 0.9, 0.6, 0.35 };
	static const double u[] = { 0.3, -1.1, 0.4, 0.9, -0.2, 0.55, 1.3, -0.6, 0.8 };
	static const double v[] = { -0.7, 0.45, 1.2, 0.15, 0.6, -0.95, 0.25, 0.35, -1.4 };
	struct executor executor = executor_serial();
	for (enum tensor_op op = TENSOR_neg; tensor_is_element(op); op++) {
		if (op == TENSOR_raised) { /* its slope is not that of its value */
			continue;
		}
		struct objective *objective = of_element(op, weights);
		double at[9], error, asymmetry;
		for (size_t i = 0; i < 9; i++) {
			at[i] = theta[i] + (op == TENSOR_arccosh ? 1 : 0);
		}
		error = products_error(objective, at, v, 5e-4, NULL, &executor);
		asymmetry = products_asymmetry(objective, at, u, v, NULL, &executor);
		ck_assert_msg(error < 1e-8, "%s: %.3g", tensor_op_name(op), error);
		ck_assert_msg(asymmetry < 1e-13, "%s: %.3g", tensor_op_name(op), asymmetry);
		objective_destroy(objective);
	}
}
END_TEST

/* An expression over X, y, the columns x0 and x3; parameters w [FEATURES], b, s, and A [3, 3]. */
struct written {
	struct model_config config;
	struct expression_config expression;
	struct expression_parameter parameter[4];
	struct expression_symbol symbol[4];
	struct setting_value value[MODELLING_SETTINGS];
};

static struct objective *build(const char *objective, const char *loss, const struct model_shape *wanted,
			       enum dtype dtype, size_t slots)
{
	struct written self = { .parameter[0] = { .name = "w", .shape = { .rank = 1, .extent = { FEATURES } } } };
	struct model_shape shape = *wanted;
	struct objective *out = NULL;
	struct error error = { .text = "" };
	struct expression_error wrong;
	char couples[200];
	size_t parameters, bytes, more;
	self.parameter[1] = (struct expression_parameter){ .name = "b" };
	self.parameter[2] = (struct expression_parameter){ .name = "s" };
	self.parameter[3] = (struct expression_parameter){ .name = "A", .shape = { .rank = 2, .extent = { 3, 3 } } };
	self.symbol[0] = (struct expression_symbol){ .name = "X", .kind = SYMBOL_FEATURES, .node = NODE_NONE };
	self.symbol[1] = (struct expression_symbol){ .name = "y", .kind = SYMBOL_TARGET, .node = NODE_NONE };
	self.symbol[2] = (struct expression_symbol){ .name = "x0", .kind = SYMBOL_COLUMN, .node = NODE_NONE };
	self.symbol[3] =
		(struct expression_symbol){ .name = "x3", .kind = SYMBOL_COLUMN, .column = 3, .node = NODE_NONE };
	self.expression = (struct expression_config){ .objective = loss == NULL ? objective : NULL,
						      .prediction = loss == NULL ? NULL : objective,
						      .parameter = self.parameter,
						      .parameters = 4,
						      .symbol = self.symbol,
						      .symbols = shape.features > 0 ? 4 : 0 };
	const struct loss_type *type = loss == NULL ? NULL : loss_find(loss);
	self.config =
		(struct model_config){ .type = model_find("expression"), .loss = type, .expression = &self.expression };
	if (type != NULL) {
		self.config.loss_settings = modelling_defaults(type->settings, type->setting_count, self.value);
	}
	ck_assert_msg(expression_check(&self.config, &shape, couples, &wrong) == OK, "%s: %s", objective, wrong.text);
	ck_assert_int_eq(model_measure(&self.config, &shape, dtype, slots, &parameters, &bytes), OK);
	shape.products = true;
	ck_assert_int_eq(model_measure(&self.config, &shape, dtype, slots, &parameters, &more), OK);
	ck_assert_uint_gt(more, bytes);
	ck_assert_msg(model_build(&self.config, &shape, dtype, slots, &out, &error) == OK, "%s: %s", objective,
		      error.text);
	return out;
}

static const double point[NUMBERS] = { 0.31, -0.7, 0.12, 1.4,   -0.25, 0.6, 0.45, 1.3,
				       0.4,  -0.2, 0.7,  2.385, 0.15,  0.5, -0.6, 1.1 };
static const double direction[NUMBERS] = { 0.9,  -0.35, 1.2, 0.4,  -0.8, 0.7,  -1.1, 0.25,
					   -0.5, 0.65,  0.3, -0.9, 0.45, -0.2, 0.85, 0.1 };
static const double other[NUMBERS] = { -0.4, 0.55, 0.3,  -1.3, 0.6, 0.15, 0.8,  -0.7,
				       1.1,  0.2,  -0.9, 0.35, 0.5, -0.6, 0.45, 0.95 };

/* Reductions, products and rearrangements, of parameters alone. */
static const char *const plain[] = {
	"sum(w**3) * exp(s) + b**4",
	"prod(w) * s + prod(A, axis=0) @ w[1:4]",
	"max(w * s)**2 + min(w + b)**3 + max(A**2, axis=1) @ w[:3]",
	"logsumexp(w * s) * b + sum(logsumexp(A * s, axis=1)**2)",
	"softmax(w * s) @ w**2 + log_softmax(w)[2] * b",
	"trace(A @ A @ A) * s + sum((A.T @ A)**2)",
	"(A @ w[0:3]) @ tanh(A.T @ w[2:5]) + norm(A)",
	"sum(concat(w, b, s)**3 * concat(s, w, b)) + A[1, 2]**2 * A[0, 1]",
	"sum(outer(w, w * s)**2) + var(w) * b + std(w * w)",
	"sum(square(A[1:, :2]) @ A[:2, 1:]) * s + sum(outer(A[0], A[:, 2])**3)",
};

/* Over rows: apart, with parameters around them, coupled. */
static const char *const rowed[] = {
	"mean(softplus(X @ w + b) - y * x0) + s * norm(w)",
	"z = X @ w + b; mean(log1p(exp(z)) - y*z) + s * sum(w**2)",
	"exp(s) * mean((y - X @ w)**2) + s**2 / (1 + exp(b))",
	"h = tanh(outer(x3, w) + X * exp(w)); sum(h * h) / 3 + mean(logsumexp(h) - h[:, 1])",
	"r = y - X @ w - b; r @ r + sum(where(x3 > 0, s*r**3, expit(r))) + huber(s, 1.0) + sum(logaddexp(r, s))",
	"mean(concat(X, y, x0*s) @ concat(w, b, s)) + mean(softmax(X * w) @ w) + mean(X[:, 1:3] @ A[0, :2])",
	"g = X.T @ (X @ w - y); g @ w + sum(X.T @ X) * s*s + b*b",
	"sum((X * exp(w)).T @ tanh(X * s)) + mean(norm(X * w, axis=1)) + sum(mean(X * w, axis=0)) + b*b",
	"mean(sum(tanh(X[:, :3] @ A)**2, axis=1)) * s",
	"g = X.T @ (X @ w - y)/400; g @ g + b*s",
	"sum(var(X * w, axis=0)) + b*s",
	"sqrt(mean((y - X @ w)**2)) + s*b",
	"var(X @ w + y*b) + norm(x3 * s) + logsumexp(x0 * s)",
	"r = X @ w; max(r) - min(r*s) + std(r - b*y)",
	"mean(x0**2 / (1 + exp(-s*x3))) + exp(mean(tanh(X @ w)))",
	"cross_entropy(X * w, where(y > 0, 3, 1), 0.1, concat(0.3, 1, 0, 2.385, 1)) * s + b*s",
	"square(nll(log_softmax(X * w), where(y > 0, 3, 1), concat(0.3, 1, 0, 2.385, 1))) * s + b*s",
};

START_TEST(every_reduction_product_and_rearrangement_has_the_product_of_its_differences)
{
	struct model_shape none = { .features = 0 };
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = ROWS };
	struct executor executor = executor_serial();
	struct data_view data = modelling_data(DTYPE_FLOAT64, ROWS, &shape);
	const struct batch batch = { .data = &data, .count = ROWS };
	for (size_t k = 0; k < sizeof plain / sizeof *plain + sizeof rowed / sizeof *rowed; k++) {
		const size_t first = sizeof plain / sizeof *plain;
		const char *text = k < first ? plain[k] : rowed[k - first];
		struct objective *objective = build(text, NULL, k < first ? &none : &shape, DTYPE_FLOAT64, 1);
		const struct batch *rows = k < first ? NULL : &batch;
		ck_assert_uint_eq(objective->n, NUMBERS);
		double error = products_error(objective, point, direction, 5e-4, rows, &executor);
		double asymmetry = products_asymmetry(objective, point, direction, other, rows, &executor);
		ck_assert_msg(error < 2e-8, "%s: %.3g", text, error);
		ck_assert_msg(asymmetry < 1e-12, "%s: %.3g", text, asymmetry);
		objective_destroy(objective);
	}
	modelling_free(&data);
}
END_TEST

START_TEST(every_loss_of_a_prediction_has_the_product_of_its_differences)
{
	static const struct {
		const char *loss, *prediction;
		size_t classes;
	} cases[] = {
		{ "mse", "tanh(X @ w + b) * s + A[0, 0]**2", 0 },
		{ "mae", "tanh(X @ w + b) * s + A[0, 0]**2", 0 },
		{ "huber", "tanh(X @ w + b) * s + A[0, 0]**2", 0 },
		{ "smooth_l1", "tanh(X @ w + b) * s + A[0, 0]**2", 0 },
		{ "quantile", "tanh(X @ w + b) * s + A[0, 0]**2", 0 },
		{ "poisson", "tanh(X @ w + b) * s + A[0, 0]**2", 0 },
		{ "log_loss", "tanh(X @ w + b) * s + A[0, 0]**2", 2 },
		{ "hinge", "tanh(X @ w + b) * s + A[0, 0]**2", 2 },
		{ "squared_hinge", "tanh(X @ w + b) * s + A[0, 0]**2", 2 },
		{ "cross_entropy", "tanh(X[:, :3] @ A) * s + outer(X @ w, A[1]) + b", 3 },
	};
	struct executor executor = executor_serial();
	uint32_t index[ROWS];
	for (uint32_t i = 0; i < ROWS; i++) {
		index[i] = (i * 7) % ROWS;
	}
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		struct model_shape shape = { .features = FEATURES,
					     .targets = cases[k].classes == 0,
					     .classes = cases[k].classes,
					     .rows = ROWS };
		struct data_view data = modelling_data(DTYPE_FLOAT64, ROWS, &shape);
		const struct batch batch = { .data = &data, .index = index, .first = 11, .count = 200 };
		struct objective *objective = build(cases[k].prediction, cases[k].loss, &shape, DTYPE_FLOAT64, 1);
		double error = products_error(objective, point, direction, 5e-4, &batch, &executor);
		double asymmetry = products_asymmetry(objective, point, direction, other, &batch, &executor);
		ck_assert_msg(error < 1e-8, "%s: %.3g", cases[k].loss, error);
		ck_assert_msg(asymmetry < 1e-12, "%s: %.3g", cases[k].loss, asymmetry);
		objective_destroy(objective);
		modelling_free(&data);
	}
}
END_TEST

/* The product of a Hessian that is known. */
static void known(const char *text, const double *wanted, double tolerance)
{
	struct model_shape none = { .features = 0 };
	struct executor executor = executor_serial();
	struct objective *objective = build(text, NULL, &none, DTYPE_FLOAT64, 1);
	double out[NUMBERS];
	ck_assert_int_eq(objective->type->product(objective, point, direction, NULL, &executor, out), OK);
	for (size_t i = 0; i < NUMBERS; i++) {
		ck_assert_msg(fabs(out[i] - wanted[i]) <= tolerance * fmax(1, fabs(wanted[i])),
			      "%s, %zu: %.17g, not %.17g", text, i, out[i], wanted[i]);
	}
	objective_destroy(objective);
}

START_TEST(known_hessians_come_out_to_rounding)
{
	const double b = point[5], s = point[6], *v = direction;
	double wanted[NUMBERS] = { 0 };
	/* Rosenbrock of (b, s) */
	wanted[5] = (1200 * b * b - 400 * s + 2) * v[5] - 400 * b * v[6];
	wanted[6] = -400 * b * v[5] + 200 * v[6];
	known("100*(s - b**2)**2 + (1 - b)**2", wanted, 1e-14);
	known("100*square(s - b*b) + (b - 1)*(b - 1)", wanted, 1e-14);
	/* w'Dw / 2 */
	memset(wanted, 0, sizeof wanted);
	for (size_t i = 0; i < FEATURES; i++) {
		wanted[i] = 2 * v[i];
	}
	known("w @ w", wanted, 1e-15);
	/* s^b: mixed derivatives, and those of a constant power of 0 */
	memset(wanted, 0, sizeof wanted);
	wanted[5] = pow(s, b) * (log(s) * log(s) * v[5] + (1 / s + b / s * log(s)) * v[6]);
	wanted[6] = pow(s, b) * ((1 / s + b / s * log(s)) * v[5] + b * (b - 1) / (s * s) * v[6]);
	known("s**b", wanted, 1e-13);
	memset(wanted, 0, sizeof wanted);
	wanted[5] = 2 * v[5];
	known("(b - 0.6)**2 + where(s > 0, 0, log(-s)) + where(s < 0, sqrt(s), 0)", wanted, 1e-15);
	/* Zeros of a product: d/db ds of b s 2. */
	wanted[5] = 2.0 * v[6];
	wanted[6] = 2.0 * v[5];
	known("prod(concat(b - 0.6, s - 0.45, 2))", wanted, 1e-14);
	/* A logistic far out, where exp overflows. */
	wanted[5] = 2 * v[5];
	wanted[6] = 0;
	known("b**2 + 1 / (1 + exp(1e4 * s)) + expit(-1e4 * s) + softplus(-1e5 * s)", wanted, 1e-14);
}
END_TEST

START_TEST(a_logistic_regression_has_the_product_with_x_d_x)
{
	struct model_shape shape = { .features = FEATURES, .classes = 2, .rows = ROWS };
	struct executor executor = executor_serial();
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		struct data_view data = modelling_data(dtype, ROWS, &shape);
		const struct batch batch = { .data = &data, .count = ROWS };
		double wanted[NUMBERS] = { 0 }, theta[NUMBERS], v[NUMBERS], out[NUMBERS];
		struct objective *objective =
			build("z = X @ w + b; mean(log1p(exp(z)) - y*z) + 0*s*sum(A)", NULL, &shape, dtype, 1);
		for (size_t i = 0; i < NUMBERS; i++) {
			modelling_write(dtype, theta, i, point[i]);
			modelling_write(dtype, v, i, direction[i]);
		}
		for (size_t r = 0; r < ROWS; r++) {
			double z = point[5], zv = direction[5], x[FEATURES + 1] = { 0 };
			x[FEATURES] = 1;
			for (size_t c = 0; c < FEATURES; c++) {
				const size_t at = r * FEATURES + c;
				x[c] = dtype == DTYPE_FLOAT32 ? (double)((const float *)data.x)[at]
							      : ((const double *)data.x)[at];
				z += x[c] * point[c];
				zv += x[c] * direction[c];
			}
			const double p = 1 / (1 + exp(-z));
			for (size_t c = 0; c <= FEATURES; c++) {
				wanted[c] += p * (1 - p) * zv * x[c] / ROWS;
			}
		}
		ck_assert_int_eq(objective->type->product(objective, theta, v, &batch, &executor, out), OK);
		for (size_t i = 0; i < NUMBERS; i++) {
			const double is =
				dtype == DTYPE_FLOAT32 ? (double)((const float *)(const void *)out)[i] : out[i];
			ck_assert_msg(fabs(is - wanted[i]) < (dtype == DTYPE_FLOAT32 ? 1e-7 : 1e-15),
				      "%zu: %.17g, not %.17g", i, is, wanted[i]);
		}
		objective_destroy(objective);
		modelling_free(&data);
	}
}
END_TEST

START_TEST(threads_and_the_length_of_v_do_not_change_a_bit)
{
	enum { MANY = 60000 };
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = MANY };
	struct executor serial = executor_serial();
	struct threads two, four;
	threads_init(&two, 2);
	threads_init(&four, 4);
	struct data_view data = modelling_data(DTYPE_FLOAT64, MANY, &shape);
	const struct batch batch = { .data = &data, .count = MANY };
	for (size_t k = 0; k < 6; k++) {
		struct objective *objective = build(rowed[k], NULL, &shape, DTYPE_FLOAT64, 4);
		double one[NUMBERS], out[NUMBERS], v[NUMBERS];
		ck_assert_int_eq(objective->type->product(objective, point, direction, &batch, &serial, one), OK);
		ck_assert_int_eq(objective->type->product(objective, point, direction, &batch, &two.base, out), OK);
		ck_assert_msg(memcmp(one, out, sizeof one) == 0, "%s", rowed[k]);
		ck_assert_int_eq(objective->type->product(objective, point, direction, &batch, &four.base, out), OK);
		ck_assert_msg(memcmp(one, out, sizeof one) == 0, "%s", rowed[k]);
		for (int exponent = -600; exponent <= 1000; exponent += 400) {
			for (size_t i = 0; i < NUMBERS; i++) {
				v[i] = ldexp(direction[i], exponent);
			}
			ck_assert_int_eq(objective->type->product(objective, point, v, &batch, &serial, out), OK);
			for (size_t i = 0; i < NUMBERS; i++) {
				ck_assert_double_eq(ldexp(one[i], exponent), out[i]);
			}
		}
		objective_destroy(objective);
	}
	ck_assert_uint_gt(four.most, 1);
	modelling_free(&data);
}
END_TEST

START_TEST(a_product_is_cancelled_where_a_gradient_is)
{
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = ROWS };
	struct executor executor = executor_serial();
	atomic_bool stop = true;
	executor.stop = &stop;
	struct data_view data = modelling_data(DTYPE_FLOAT64, ROWS, &shape);
	const struct batch batch = { .data = &data, .count = ROWS };
	struct objective *objective = build(rowed[0], NULL, &shape, DTYPE_FLOAT64, 1);
	double out[NUMBERS];
	ck_assert_int_eq(objective->type->product(objective, point, direction, &batch, &executor, out), E_CANCELLED);
	objective_destroy(objective);
	modelling_free(&data);
}
END_TEST

/* Coupled rows, whole matrices, fused runs of long vectors; what is of numbers alone is over too soon to be asked. */
START_TEST(a_raised_stop_flag_ends_what_has_no_blocks_of_rows)
{
	static const char *const texts[] = {
		"sqrt(mean((y - X @ w)**2)) + s*b",
		"r = X @ w; max(r) - min(r*s) + std(r - b*y)",
		"sum(square(A @ A @ A)) + sum(w) + b*b",
		"sum(exp(w)*tanh(w)) + b*s",
		"mean(y - x0*s) + norm(outer(w, w) @ w) + b*b",
	};
	struct model_shape shape = { .features = FEATURES, .targets = 1, .rows = ROWS };
	struct executor free_to_run = executor_serial();
	struct data_view data = modelling_data(DTYPE_FLOAT64, ROWS, &shape);
	const struct batch batch = { .data = &data, .count = ROWS };
	for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
		struct executor executor = executor_serial();
		atomic_bool stop = true;
		double value[2], gradient[2][NUMBERS];
		struct objective *objective = build(texts[k], NULL, &shape, DTYPE_FLOAT64, 1);
		const struct objective_type *type = objective->type;
		executor.stop = &stop;
		ck_assert_int_eq(type->evaluate(objective, point, &batch, &executor, value, gradient[0]), E_CANCELLED);
		ck_assert_int_eq(type->evaluate(objective, point, &batch, &executor, value, NULL), E_CANCELLED);
		ck_assert_int_eq(type->product(objective, point, point, &batch, &executor, gradient[0]), E_CANCELLED);
		atomic_store(&stop, false);
		ck_assert_int_eq(type->evaluate(objective, point, &batch, &executor, &value[0], gradient[0]), OK);
		ck_assert_int_eq(type->evaluate(objective, point, &batch, &free_to_run, &value[1], gradient[1]), OK);
		ck_assert_msg(memcmp(&value[0], &value[1], sizeof *value) == 0, "%s", texts[k]);
		ck_assert_msg(memcmp(gradient[0], gradient[1], objective->n * sizeof(double)) == 0, "%s", texts[k]);
		objective_destroy(objective);
	}
	modelling_free(&data);
}
END_TEST

/* A product of two [600, 600] is 600^3 products of numbers: at 0.25 ns each 54 ms. Nothing is computed here. */
START_TEST(work_on_constants_alone_has_a_limit)
{
	enum { SIDE = 600 };
	const struct shape square = { .rank = 2, .extent = { SIDE, SIDE } };
	double *values = calloc((size_t)SIDE * SIDE, sizeof *values);
	struct tensor_graph graph;
	struct error error;
	char couples[200];
	ck_assert_ptr_nonnull(values);
	tensor_graph_init(&graph);
	const size_t c = tensor_array(&graph, &square, values), a = tensor_parameter(&graph, "a", &(struct shape){ 0 });
	size_t power = c;
	for (int factors = 2; factors <= 5; factors++) {
		power = tensor_binary(&graph, TENSOR_matmul, power, c);
		const size_t sum = tensor_unary(&graph, TENSOR_sum, power);
		const size_t root = tensor_binary(&graph, TENSOR_mul, sum, a);
		ck_assert_int_eq(program_check(&graph, root, NODE_NONE, couples, &error),
				 factors < 5 ? OK : E_TOO_LARGE);
	}
	ck_assert_str_eq(error.text, "what is computed of constants alone would take about 225 ms, at most 200 are "
				     "allowed: compute it beforehand, and give the result as a constant");
	tensor_graph_fini(&graph);
	free(values);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/products");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, every_element_wise_operation_has_the_product_of_its_differences);
	tcase_add_test(tests, every_reduction_product_and_rearrangement_has_the_product_of_its_differences);
	tcase_add_test(tests, every_loss_of_a_prediction_has_the_product_of_its_differences);
	tcase_add_test(tests, known_hessians_come_out_to_rounding);
	tcase_add_test(tests, a_logistic_regression_has_the_product_with_x_d_x);
	tcase_add_test(tests, threads_and_the_length_of_v_do_not_change_a_bit);
	tcase_add_test(tests, a_product_is_cancelled_where_a_gradient_is);
	tcase_add_test(tests, a_raised_stop_flag_ends_what_has_no_blocks_of_rows);
	tcase_add_test(tests, work_on_constants_alone_has_a_limit);
	return suite_run(suite);
}
