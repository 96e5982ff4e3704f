/* The functions that an expression may call: one line each. */
#include <string.h>

#include "core/expression/syntax.h"

static size_t apply2(struct lowering *lowering, enum tensor_op op, size_t a, size_t b)
{
	return lowering->graph->status != OK ? NODE_NONE : tensor_binary(lowering->graph, op, a, b);
}

static const struct shape *shape_of(const struct lowering *lowering, size_t id)
{
	return &lowering->graph->node[id].shape;
}

static bool is_rowed(const struct lowering *lowering, size_t id)
{
	return lowering->graph->status == OK && shape_of(lowering, id)->rowed;
}

static size_t sum(struct lowering *lowering, const struct call *call)
{
	return lower_sum(lowering, call->value[0]);
}

static size_t mean(struct lowering *lowering, const struct call *call)
{
	return lower_mean(lowering, call->value[0]);
}

static size_t variance_of(struct lowering *lowering, size_t a)
{
	size_t away = apply2(lowering, TENSOR_sub, a, lower_mean(lowering, a));
	return lowering->graph->status != OK ? NODE_NONE
					     : lower_mean(lowering, lower_unary(lowering, TENSOR_square, away));
}

static size_t var(struct lowering *lowering, const struct call *call)
{
	return variance_of(lowering, call->value[0]);
}

static size_t std(struct lowering *lowering, const struct call *call)
{
	size_t variance = variance_of(lowering, call->value[0]);
	return lowering->graph->status != OK ? NODE_NONE : lower_unary(lowering, TENSOR_root, variance);
}

/* Euclidean, of a matrix Frobenius'. */
static size_t norm(struct lowering *lowering, const struct call *call)
{
	size_t squares = lower_sum(lowering, lower_unary(lowering, TENSOR_square, call->value[0]));
	return lowering->graph->status != OK ? NODE_NONE : lower_unary(lowering, TENSOR_root, squares);
}

/* Over all numbers, the rows included. */
static size_t over_all(struct lowering *lowering, enum tensor_op op, size_t a)
{
	return is_rowed(lowering, a) ? tensor_whole(lowering->graph, op, a) : tensor_unary(lowering->graph, op, a);
}

/* Of a matrix over rows row by row. */
static size_t over_row(struct lowering *lowering, enum tensor_op op, size_t a)
{
	return is_rowed(lowering, a) && shape_of(lowering, a)->rank == 0 ? tensor_whole(lowering->graph, op, a)
									 : tensor_unary(lowering->graph, op, a);
}

#define OVER(name, how)                                                                                                \
	static size_t name##_(struct lowering *lowering, const struct call *call)                                      \
	{                                                                                                              \
		return how(lowering, TENSOR_##name, call->value[0]);                                                   \
	}
OVER(prod, over_all)
OVER(max, over_all)
OVER(min, over_all)
OVER(logsumexp, over_row)
OVER(softmax, over_row)
OVER(log_softmax, over_row)
#undef OVER

/* Of a vector over rows nothing is computed: what the rows are last in is known to lower.c. */
static size_t transpose(struct lowering *lowering, const struct call *call)
{
	if (is_rowed(lowering, call->value[0]) && shape_of(lowering, call->value[0])->rank < 2) {
		lowering->turned[call->node - lowering->ast->node] =
			shape_of(lowering, call->value[0])->rank == 1 && !lowering->turned[call->argument[0]];
		return call->value[0];
	}
	return tensor_unary(lowering->graph, TENSOR_transpose, call->value[0]);
}

static size_t trace(struct lowering *lowering, const struct call *call)
{
	return tensor_unary(lowering->graph, TENSOR_trace, call->value[0]);
}

static size_t dot(struct lowering *lowering, const struct call *call)
{
	return lower_product(lowering, call->value[0], call->value[1]);
}

static size_t power(struct lowering *lowering, const struct call *call)
{
	return lower_power(lowering, call->value[0], call->value[1]);
}

/* a[:, None] * b[None, :]; a vector over rows makes a matrix over rows. */
static size_t outer(struct lowering *lowering, const struct call *call)
{
	size_t a = call->value[0], b = call->value[1];
	struct shape left = *shape_of(lowering, a), right = *shape_of(lowering, b);
	if (right.rowed || right.rank != 1 || left.rank != (left.rowed ? 0 : 1)) {
		char x[64], y[64];
		syntax_fail(lowering->error, E_INVALID, call->node->position,
			    "outer takes two vectors, the second not over rows; these are %s and %s",
			    tensor_shape_text(&left, x), tensor_shape_text(&right, y));
		return NODE_NONE;
	}
	struct shape column = { .rowed = left.rowed,
				.rank = left.rowed ? 1 : 2,
				.extent = { left.rowed ? 1 : left.extent[0], 1 } };
	struct shape row = { .rank = left.rowed ? 1 : 2,
			     .extent = { left.rowed ? right.extent[0] : 1, right.extent[0] } };
	a = tensor_reshape(lowering->graph, a, &column);
	b = tensor_reshape(lowering->graph, b, &row);
	return apply2(lowering, TENSOR_mul, a, b);
}

static size_t concat(struct lowering *lowering, const struct call *call)
{
	size_t all = call->value[0];
	for (size_t i = 1; i < call->count && lowering->graph->status == OK; i++) {
		all = apply2(lowering, TENSOR_concat, all, call->value[i]);
	}
	return all;
}

static size_t where(struct lowering *lowering, const struct call *call)
{
	return tensor_apply(lowering->graph, TENSOR_where, call->value);
}

static size_t clip(struct lowering *lowering, const struct call *call)
{
	return tensor_apply(lowering->graph, TENSOR_clip, call->value);
}

/* --- losses: means over all --- */

static size_t mse(struct lowering *lowering, const struct call *call)
{
	size_t away = apply2(lowering, TENSOR_sub, call->value[0], call->value[1]);
	return lowering->graph->status != OK ? NODE_NONE
					     : lower_mean(lowering, lower_unary(lowering, TENSOR_square, away));
}

/* Half of it. */
static size_t squared_error(struct lowering *lowering, const struct call *call)
{
	size_t whole = mse(lowering, call);
	size_t half = tensor_number(lowering->graph, 0.5);
	return lowering->graph->status != OK ? NODE_NONE : apply2(lowering, TENSOR_mul, half, whole);
}

static size_t mae(struct lowering *lowering, const struct call *call)
{
	size_t away = apply2(lowering, TENSOR_sub, call->value[0], call->value[1]);
	return lowering->graph->status != OK ? NODE_NONE
					     : lower_mean(lowering, lower_unary(lowering, TENSOR_abs, away));
}

/* (1 - s) z[k] + s mean(z) */
static size_t smoothed(struct lowering *lowering, size_t z, size_t picked, size_t s)
{
	size_t rest = apply2(lowering, TENSOR_sub, tensor_number(lowering->graph, 1), s);
	size_t share = tensor_number(lowering->graph, 1 / (double)shape_size(shape_of(lowering, z)));
	size_t mean = apply2(lowering, TENSOR_mul, tensor_unary(lowering->graph, TENSOR_sum, z), share);
	return apply2(lowering, TENSOR_add, apply2(lowering, TENSOR_mul, rest, picked),
		      apply2(lowering, TENSOR_mul, s, mean));
}

/* logsumexp(z) - z[k], labels smoothed by a third argument */
static size_t cross_entropy(struct lowering *lowering, const struct call *call)
{
	size_t z = call->value[0];
	size_t picked = apply2(lowering, TENSOR_pick, z, call->value[1]);
	if (lowering->graph->status == OK && call->count == 3) {
		picked = smoothed(lowering, z, picked, call->value[2]);
	}
	if (lowering->graph->status != OK) {
		return NODE_NONE;
	}
	size_t each = apply2(lowering, TENSOR_sub, over_row(lowering, TENSOR_logsumexp, z), picked);
	return lower_mean(lowering, each);
}

/* softplus(z) - y z */
static size_t bce_with_logits(struct lowering *lowering, const struct call *call)
{
	size_t yz = apply2(lowering, TENSOR_mul, call->value[1], call->value[0]);
	size_t plus = lower_unary(lowering, TENSOR_softplus, call->value[0]);
	size_t each = lowering->graph->status != OK ? NODE_NONE : lower_difference(lowering, plus, yz);
	return lower_mean(lowering, each);
}

/* Element by element of residuals, or the mean of those of z - y. */
static size_t huber(struct lowering *lowering, const struct call *call)
{
	if (call->count == 2) {
		return apply2(lowering, TENSOR_huber, call->value[0], call->value[1]);
	}
	size_t away = apply2(lowering, TENSOR_sub, call->value[0], call->value[1]);
	return lower_mean(lowering, apply2(lowering, TENSOR_huber, away, call->value[2]));
}

/* max(0, 1 - y z), y being -1 or 1 */
static size_t hinge(struct lowering *lowering, const struct call *call)
{
	size_t yz = apply2(lowering, TENSOR_mul, call->value[1], call->value[0]);
	size_t one = tensor_number(lowering->graph, 1);
	size_t gap = lowering->graph->status != OK ? NODE_NONE : apply2(lowering, TENSOR_sub, one, yz);
	return lowering->graph->status != OK ? NODE_NONE
					     : lower_mean(lowering, lower_unary(lowering, TENSOR_relu, gap));
}

#define ELEMENT(name_, op_)                                                                                            \
	{                                                                                                              \
		.name = name_, .least = 1, .most = 1, .element = true, .op = TENSOR_##op_, .usage = name_ "(x)"        \
	}
#define ELEMENT2(name_, op_)                                                                                           \
	{                                                                                                              \
		.name = name_, .least = 2, .most = 2, .element = true, .op = TENSOR_##op_, .usage = name_ "(x, y)"     \
	}
#define SPECIAL(name_, count, function, usage_)                                                                        \
	{                                                                                                              \
		.name = name_, .least = count, .most = count, .lower = function, .usage = usage_                       \
	}

/* Of all, or along one axis. */
#define AXIS(name_, function, along_, op_)                                                                             \
	{                                                                                                              \
		.name = name_, .least = 1, .most = 1, .lower = function, .along = ALONG_##along_, .op = TENSOR_##op_,  \
		.usage = name_ "(u), " name_ "(A, axis=0)"                                                             \
	}
/* Written in the dialect (formula.c): its arguments, presets of the last. */
#define FORMULA(name_, least_, most_, names_, formula_, ...)                                                           \
	{                                                                                                              \
		.name = name_, .least = least_, .most = most_, .lower = lower_formula, .names = names_,                \
		.formula = formula_, .preset = { __VA_ARGS__ }, .usage = name_ "(" names_ ")"                          \
	}

/* clang-format off */
const struct expression_function expression_functions[] = {
	ELEMENT("exp", exp), ELEMENT("log", log), ELEMENT("log2", log2), ELEMENT("log10", log10),
	ELEMENT("log1p", log1p), ELEMENT("expm1", expm1), ELEMENT("sqrt", sqrt), ELEMENT("cbrt", cbrt),
	ELEMENT("square", square), ELEMENT("sin", sin), ELEMENT("cos", cos), ELEMENT("tan", tan),
	ELEMENT("arcsin", arcsin), ELEMENT("arccos", arccos), ELEMENT("arctan", arctan), ELEMENT("sinh", sinh),
	ELEMENT("cosh", cosh), ELEMENT("tanh", tanh), ELEMENT("arcsinh", arcsinh), ELEMENT("arccosh", arccosh),
	ELEMENT("arctanh", arctanh), ELEMENT("abs", abs), ELEMENT("sign", sign), ELEMENT("erf", erf),
	ELEMENT("expit", expit), ELEMENT("sigmoid", expit), ELEMENT("relu", relu), ELEMENT("softplus", softplus),
	ELEMENT("silu", silu), ELEMENT("gelu", gelu),
	ELEMENT2("maximum", maximum), ELEMENT2("minimum", minimum), ELEMENT2("arctan2", arctan2),
	ELEMENT2("hypot", hypot), ELEMENT2("logaddexp", logaddexp),
	SPECIAL("power", 2, power, "power(x, y)"),
	SPECIAL("where", 3, where, "where(x > 0, a, b)"),
	SPECIAL("clip", 3, clip, "clip(x, low, high)"),
	AXIS("sum", sum, OP, sum), AXIS("mean", mean, MEAN, sum),
	AXIS("prod", prod_, OP, prod), AXIS("max", max_, OP, max), AXIS("min", min_, OP, min),
	AXIS("var", var, VAR, sum), AXIS("std", std, STD, sum), AXIS("norm", norm, NORM, sum),
	SPECIAL("dot", 2, dot, "dot(u, v)"), SPECIAL("matmul", 2, dot, "matmul(A, B)"),
	SPECIAL("outer", 2, outer, "outer(u, v)"),
	SPECIAL("trace", 1, trace, "trace(A)"), SPECIAL("transpose", 1, transpose, "transpose(A)"),
	{ .name = "concat", .least = 1, .most = 32, .lower = concat, .along = ALONG_CONCAT, .usage = "concat(u, v, ...), concat(A, B, axis=1)" },
	AXIS("logsumexp", logsumexp_, OP, logsumexp), AXIS("softmax", softmax_, OP, softmax),
	AXIS("log_softmax", log_softmax_, OP, log_softmax),
	SPECIAL("squared_error", 2, squared_error, "squared_error(y, p)"),
	SPECIAL("log_loss", 2, bce_with_logits, "log_loss(z, y)"),
	SPECIAL("mse", 2, mse, "mse(y, p)"), SPECIAL("mae", 2, mae, "mae(y, p)"),
	{ .name = "cross_entropy", .least = 2, .most = 3, .lower = cross_entropy,
	  .usage = "cross_entropy(logits, y), cross_entropy(logits, y, label_smoothing)" },
	SPECIAL("bce_with_logits", 2, bce_with_logits, "bce_with_logits(z, y)"),
	SPECIAL("hinge", 2, hinge, "hinge(z, y)"),
	{ .name = "huber", .least = 2, .most = 3, .lower = huber, .usage = "huber(r, delta), huber(z, y, delta)" },
	/* Losses of predictions z and a target y. */
	FORMULA("squared_hinge", 2, 2, "z, y", "mean(square(relu(1 - y*z)))", 0),
	FORMULA("smooth_l1", 2, 3, "z, y, beta", "mean(huber(z - y, beta))/beta", 1),
	FORMULA("quantile", 2, 3, "z, y, q", "mean(where(z <= y, q*(y - z), (1 - q)*(z - y)))", 0.5),
	FORMULA("poisson", 2, 2, "z, y", "mean(exp(z) - y*z)", 0),
	FORMULA("kl", 2, 2, "z, y", "mean(sum(where(y > 0, y*log(where(y > 0, y, 1)), 0) - y*log_softmax(z, axis=-1), axis=-1))", 0),
	FORMULA("cosine", 2, 2, "z, y", "1 - mean(sum(z*y, axis=-1)/(norm(z, axis=-1)*norm(y, axis=-1)))", 0),
	FORMULA("gaussian", 3, 3, "m, s, y", "mean(s + (m - y)**2*exp(-s))/2", 0),
	FORMULA("bce", 2, 2, "p, y", "-mean(where(y > 0, y*log(p), 0) + where(y < 1, (1 - y)*log1p(-p), 0))", 0),
	/* Activations. */
	FORMULA("identity", 1, 1, "x", "x", 0),
	FORMULA("leaky_relu", 1, 2, "x, slope", "where(x > 0, x, slope*x)", 0.01),
	FORMULA("relu6", 1, 1, "x", "where(x <= 0, 0, where(x >= 6, 6, x))", 0),
	FORMULA("elu", 1, 2, "x, alpha", "where(x > 0, x, alpha*expm1(x))", 1),
	FORMULA("selu", 1, 1, "x", "1.0507009873554805*where(x > 0, x, 1.6732632423543772*expm1(x))", 0),
	FORMULA("celu", 1, 2, "x, alpha", "where(x > 0, x, alpha*expm1(x/alpha))", 1),
	FORMULA("gelu_tanh", 1, 1, "x", "0.5*x*(1 + tanh(0.7978845608028654*(x + 0.044715*x**3)))", 0),
	FORMULA("swish", 1, 1, "x", "silu(x)", 0),
	FORMULA("mish", 1, 1, "x", "x*tanh(softplus(x))", 0),
	FORMULA("log_sigmoid", 1, 1, "x", "-softplus(-x)", 0),
	FORMULA("softsign", 1, 1, "x", "x/(1 + abs(x))", 0),
	FORMULA("tanhshrink", 1, 1, "x", "x - tanh(x)", 0),
	FORMULA("hardtanh", 1, 3, "x, low, high", "where(x <= low, low, where(x >= high, high, x))", -1, 1),
	FORMULA("hardsigmoid", 1, 1, "x", "where(x <= -3, 0, where(x >= 3, 1, x/6 + 0.5))", 0),
	FORMULA("hardswish", 1, 1, "x", "where(x <= -3, 0, where(x >= 3, x, x*(x + 3)/6))", 0),
	FORMULA("softshrink", 1, 2, "x, lambda", "where(x > lambda, x - lambda, where(x < -lambda, x + lambda, 0))", 0.5),
	FORMULA("hardshrink", 1, 2, "x, lambda", "where(x > lambda, x, where(x < -lambda, x, 0))", 0.5),
};
/* clang-format on */
const size_t expression_function_count = sizeof expression_functions / sizeof expression_functions[0];

const struct expression_function *expression_function_find(const char *name, size_t length)
{
	for (size_t i = 0; i < expression_function_count; i++) {
		const char *known = expression_functions[i].name;
		if (strlen(known) == length && memcmp(known, name, length) == 0) { /* a quoted name may hold a NUL */
			return &expression_functions[i];
		}
	}
	return NULL;
}

bool expression_reserved(const char *name)
{
	return strcmp(name, "pi") == 0 || strcmp(name, "e") == 0 ||
	       expression_function_find(name, strlen(name)) != NULL;
}

size_t expression_loss(struct tensor_graph *graph, const char *name, size_t prediction, size_t target,
		       const double *setting, size_t settings)
{
	struct expression_error error = { .status = OK };
	struct lowering lowering = { .graph = graph, .error = &error };
	struct ast_node node = { .kind = AST_CALL };
	const struct expression_function *function = expression_function_find(name, strlen(name));
	size_t value[2 + FORMULA_ARGUMENTS] = { prediction, target };
	if (function == NULL || function->lower == NULL || function->least != 2 || function->most < 2 + settings) {
		return NODE_NONE;
	}
	for (size_t k = 0; k < settings; k++) {
		value[2 + k] = tensor_number(graph, setting[k]);
	}
	struct call call = { .node = &node, .function = function, .count = 2 + settings, .value = value };
	return graph->status != OK ? NODE_NONE : function->lower(&lowering, &call);
}

size_t expression_loss_settings(const char *name)
{
	const struct expression_function *function = expression_function_find(name, strlen(name));
	return function == NULL || function->least != 2 ? 0 : function->most - 2;
}
