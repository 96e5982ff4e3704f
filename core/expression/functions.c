/* The functions that an expression may call: one line each. */
#include <string.h>

#include "core/expression/syntax.h"

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
	return lower_apart(lowering, call->node->position, call->value, 2)
		       ? lower_power(lowering, call->value[0], call->value[1])
		       : NODE_NONE;
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
		return right.rowed ? pairs_rows(lowering, "outer puts each row beside every other") : NODE_NONE;
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

/* Of a condition on constants what it chooses, where that has the shape of both. */
static size_t where(struct lowering *lowering, const struct call *call)
{
	double condition;
	if (!lower_apart(lowering, call->node->position, call->value, 3)) {
		return NODE_NONE;
	}
	const size_t all = tensor_apply(lowering->graph, TENSOR_where, call->value);
	if (lowering->graph->status == OK && tensor_constant_value(lowering->graph, call->value[0], &condition)) {
		const size_t one = call->value[condition != 0 ? 1 : 2];
		return shape_equal(shape_of(lowering, one), shape_of(lowering, all)) ? one : all;
	}
	return all;
}

static size_t clip(struct lowering *lowering, const struct call *call)
{
	return lower_apart(lowering, call->node->position, call->value, 3)
		       ? tensor_apply(lowering->graph, TENSOR_clip, call->value)
		       : NODE_NONE;
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
/* The same with a setting (axis.c). */
#define SPREAD(name_, along_, names_, preset_, usage_)                                                                 \
	{                                                                                                              \
		.name = name_, .least = 1, .most = 2, .lower = lower_over_all, .along = ALONG_##along_,                \
		.op = TENSOR_sum, .names = names_, .preset = { preset_ }, .usage = usage_                              \
	}
/* Written in the dialect (formula.c): its arguments, presets of the last. */
#define FORMULA(name_, least_, most_, names_, formula_, ...)                                                           \
	{                                                                                                              \
		.name = name_, .least = least_, .most = most_, .lower = lower_formula, .names = names_,                \
		.formula = formula_, .preset = { __VA_ARGS__ }, .usage = name_ "(" names_ ")"                          \
	}
/* The same of a loss: of its values, which are reduced as the call says. */
#define LOSS(name_, least_, most_, names_, formula_, ...)                                                              \
	{                                                                                                              \
		.name = name_, .least = least_, .most = most_, .lower = lower_formula, .names = names_,                \
		.formula = formula_, .preset = { __VA_ARGS__ }, .reduces = true, .usage = name_ "(" names_ ")"         \
	}
/* Of losses.c what is done before its formula. */
#define BEFORE(name_, least_, most_, names_, function, formula_, ...)                                                  \
	{                                                                                                              \
		.name = name_, .least = least_, .most = most_, .lower = function, .names = names_,                     \
		.formula = formula_, .preset = { __VA_ARGS__ }, .reduces = true, .usage = name_ "(" names_ ")"         \
	}
/* A loss of losses.c. */
#define OWN_LOSS(name_, least_, most_, names_, function, ...)                                                          \
	{                                                                                                              \
		.name = name_, .least = least_, .most = most_, .lower = function, .names = names_,                     \
		.preset = { __VA_ARGS__ }, .reduces = true, .usage = name_ "(" names_ ")"                              \
	}

/* Values of losses. Squared lengths of directions have torch's 1e-12 added. */
#define POISSON                                                                                                        \
	"t = where(y > 1, y, 1);"                                                                                      \
	"where(log_input > 0, exp(z) - y*z, z - y*log(where(log_input > 0, 1, z + eps)))"                              \
	" + where(full > 0, where(y > 1, t*log(t) - t + log(2*pi*t)/2, 0), 0)"
#define GAUSSIAN "where(full > 0, 0.91893853320467274178, 0)"
#define COSINE   "sum(a*b, axis=-1)/sqrt((sum(a*a, axis=-1) + 1e-12)*(sum(b*b, axis=-1) + 1e-12))"
#define INFO_NCE                                                                                                       \
	"q = query.T/sqrt(sum(query*query, axis=1) + 1e-24); k = key.T/sqrt(sum(key*key, axis=1) + 1e-24);"            \
	"s = q.T @ k/temperature;"                                                                                     \
	"where(symmetric > 0, (logsumexp(s, axis=1) + logsumexp(s, axis=0))/2, logsumexp(s, axis=1))"                  \
	" - sum(q*k, axis=0)/temperature"
#define TRIPLET                                                                                                        \
	"near = sum(abs(anchor - positive + eps)**p, axis=-1)**(1/p);"                                                 \
	"far = sum(abs(anchor - negative + eps)**p, axis=-1)**(1/p);"                                                  \
	"other = where(swap > 0, sum(abs(positive - negative + eps)**p, axis=-1)**(1/p), far);"                        \
	"relu(near - where(swap > 0, minimum(far, other), far) + margin)"

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
	SPREAD("var", VAR, "a, ddof", 0, "var(u, ddof=0), var(A, axis=0)"),
	SPREAD("std", STD, "a, ddof", 0, "std(u, ddof=0), std(A, axis=0)"),
	SPREAD("norm", NORM, "a, ord", 2, "norm(u, ord=2), norm(A, axis=0)"),
	SPECIAL("dot", 2, dot, "dot(u, v)"), SPECIAL("matmul", 2, dot, "matmul(A, B)"),
	SPECIAL("outer", 2, outer, "outer(u, v)"),
	SPECIAL("trace", 1, trace, "trace(A)"), SPECIAL("transpose", 1, transpose, "transpose(A)"),
	{ .name = "concat", .least = 1, .most = 32, .lower = concat, .along = ALONG_CONCAT, .usage = "concat(u, v, ...), concat(A, B, axis=1)" },
	AXIS("logsumexp", logsumexp_, OP, logsumexp), AXIS("softmax", softmax_, OP, softmax),
	AXIS("log_softmax", log_softmax_, OP, log_softmax),
	/* Losses: predictions z (a probability p, log-probabilities l, a mean m), then the target y, then settings. */
	OWN_LOSS("mse", 2, 2, "y, p", lower_mse, 0), OWN_LOSS("mae", 2, 2, "y, p", lower_mae, 0),
	OWN_LOSS("squared_error", 2, 2, "y, p", lower_squared_error, 0),
	{ .name = "huber", .least = 2, .most = 3, .lower = lower_huber, .names = "z, y, delta", .preset = { 1 },
	  .reduces = true, .residual = true, .usage = "huber(r, delta), huber(z, y, delta)" },
	BEFORE("smooth_l1", 2, 3, "z, y, beta", lower_smooth_l1, "huber(z - y, beta)/beta", 1),
	LOSS("log_cosh", 2, 2, "z, y", "r = abs(z - y); r + softplus(-2*r) - 0.69314718055994530942", 0),
	LOSS("quantile", 2, 3, "z, y, q", "where(z <= y, q*(y - z), (1 - q)*(z - y))", 0.5),
	LOSS("poisson", 2, 5, "z, y, log_input, full, eps", POISSON, 1, 0, 1e-8),
	LOSS("poisson_nll", 2, 5, "z, y, log_input, full, eps", POISSON, 1, 0, 1e-8),
	LOSS("gaussian", 3, 5, "m, s, y, eps, full",
	     "t = maximum(s, log(eps)); (t + (m - y)**2*exp(-t))/2 + " GAUSSIAN, 1e-6, 0),
	BEFORE("gaussian_nll", 3, 5, "m, y, var, full, eps", lower_gaussian_nll,
	       "(log(var) + (m - y)**2/var)/2 + " GAUSSIAN, 0, 1e-6),
	OWN_LOSS("log_loss", 2, 4, "z, y, pos_weight, weight", lower_logistic, 1, 1),
	OWN_LOSS("bce_with_logits", 2, 4, "z, y, pos_weight, weight", lower_logistic, 1, 1),
	OWN_LOSS("bce", 2, 3, "p, y, weight", lower_bce, 1),
	LOSS("focal", 2, 4, "z, y, gamma, alpha",
	     "t = (2*y - 1)*z; where(alpha < 0, 1, alpha*y + (1 - alpha)*(1 - y))*exp(-gamma*softplus(t))*softplus(-t)",
	     2, 0.25),
	OWN_LOSS("hinge", 2, 2, "z, y", lower_hinge, 0),
	LOSS("squared_hinge", 2, 2, "z, y", "square(relu(1 - y*z))", 0),
	LOSS("soft_margin", 2, 2, "z, y", "softplus(-y*z)", 0),
	OWN_LOSS("cross_entropy", 2, 5, "z, y, label_smoothing, weight, ignore_index", lower_cross_entropy, 0, 1, -100),
	OWN_LOSS("nll", 2, 4, "l, y, weight, ignore_index", lower_nll, 1, -100),
	OWN_LOSS("multi_margin", 2, 4, "z, y, margin, p", lower_multi_margin, 1, 1),
	LOSS("kl", 2, 2, "z, y",
	     "sum(where(y > 0, y*log(where(y > 0, y, 1)), 0) - y*log_softmax(z, axis=-1), axis=-1)", 0),
	LOSS("kl_div", 2, 3, "l, y, log_target",
	     "where(log_target > 0, exp(y)*(y - l), where(y > 0, y*(log(where(y > 0, y, 1)) - l), 0))", 0),
	LOSS("cosine", 2, 2, "a, b", "1 - " COSINE, 0),
	LOSS("cosine_embedding", 3, 4, "a, b, y, margin", "c = " COSINE "; where(y > 0, 1 - c, relu(c - margin))", 0),
	LOSS("hinge_embedding", 2, 3, "x, y, margin", "where(y > 0, x, relu(margin - x))", 1),
	LOSS("margin_ranking", 3, 4, "a, b, y, margin", "relu(margin - y*(a - b))", 0),
	LOSS("contrastive", 3, 4, "a, b, y, margin",
	     "d = norm(a - b, axis=-1); (y*d*d + (1 - y)*square(relu(margin - d)))/2", 1),
	LOSS("triplet_margin", 3, 7, "anchor, positive, negative, margin, p, swap, eps", TRIPLET, 1, 2, 0, 1e-6),
	BEFORE("info_nce", 2, 4, "query, key, temperature, symmetric", lower_info_nce, INFO_NCE, 0.1, 0),
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
	FORMULA("hardtanh", 1, 3, "x, low, high", "where(x <= low, where(low > high, high, low), where(x >= high, high, x))", -1, 1),
	FORMULA("hardsigmoid", 1, 1, "x", "where(x <= -3, 0, where(x >= 3, 1, x/6 + 0.5))", 0),
	FORMULA("hardswish", 1, 1, "x", "where(x <= -3, 0, where(x >= 3, x, x*(x + 3)/6))", 0),
	FORMULA("softshrink", 1, 2, "x, lambda", "where(x > lambda, x - lambda, where(x >= -lambda, 0, x + lambda))", 0.5),
	FORMULA("hardshrink", 1, 2, "x, lambda", "where(x > lambda, x, where(x >= -lambda, 0, x))", 0.5),
};
/* clang-format on */
const size_t expression_function_count = sizeof expression_functions / sizeof expression_functions[0];

const struct expression_function *expression_function_find(const char *name, size_t length)
{
	for (size_t i = 0; i < expression_function_count; i++) {
		const char *known = expression_functions[i].name;
		if (length > 0 && *known == *name && strlen(known) == length &&
		    memcmp(known, name, length) == 0) { /* a quoted name may hold a NUL */
			return &expression_functions[i];
		}
	}
	return NULL;
}

size_t expression_argument_find(const struct expression_function *function, const char *name, size_t length)
{
	const char *names = function->names;
	for (size_t k = 0; names != NULL && k < function->most; k++) {
		size_t own = strcspn(names, ",");
		if (own == length && memcmp(names, name, length) == 0) {
			return k;
		}
		names += own + strspn(names + own, ", ");
	}
	return function->most;
}

bool expression_reserved(const char *name)
{
	return strcmp(name, "pi") == 0 || strcmp(name, "e") == 0 ||
	       expression_function_find(name, strlen(name)) != NULL;
}
