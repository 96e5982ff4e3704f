/*
 * What the functions of expressions are, in a sentence each, and how they are called: for those who look them up. The
 * functions themselves stand in functions.c, where a line has no room for a sentence; a test finds one that has none.
 */
#include <stdio.h>
#include <string.h>

#include "core/expression/syntax.h"

/* clang-format off */
static const struct {
	const char *name, *doc;
} docs[] = {
	{ "exp", "e to the power x." }, { "log", "The natural logarithm." }, { "log2", "The logarithm to base 2." },
	{ "log10", "The logarithm to base 10." }, { "log1p", "log(1 + x), exact near 0." },
	{ "expm1", "exp(x) - 1, exact near 0." }, { "sqrt", "The square root." }, { "cbrt", "The cube root." },
	{ "square", "x times x." }, { "sin", "The sine." }, { "cos", "The cosine." }, { "tan", "The tangent." },
	{ "arcsin", "The inverse of the sine." }, { "arccos", "The inverse of the cosine." },
	{ "arctan", "The inverse of the tangent." }, { "sinh", "The hyperbolic sine." },
	{ "cosh", "The hyperbolic cosine." }, { "tanh", "The hyperbolic tangent." },
	{ "arcsinh", "The inverse of the hyperbolic sine." }, { "arccosh", "The inverse of the hyperbolic cosine." },
	{ "arctanh", "The inverse of the hyperbolic tangent." }, { "abs", "The absolute value." },
	{ "sign", "-1, 0 or 1." }, { "erf", "The error function." }, { "expit", "1/(1 + exp(-x))." },
	{ "sigmoid", "1/(1 + exp(-x))." }, { "relu", "max(x, 0)." }, { "softplus", "log(1 + exp(x))." },
	{ "silu", "x sigmoid(x)." }, { "gelu", "x times the normal distribution function of x." },
	{ "maximum", "The greater of two, element by element." }, { "minimum", "The lesser of two, element by element." },
	{ "arctan2", "The angle of the point (y, x) in numpy's order: arctan2(ordinate, abscissa)." },
	{ "hypot", "sqrt(x**2 + y**2)." }, { "logaddexp", "log(exp(x) + exp(y))." },
	{ "power", "x to the power y: x**y." }, { "where", "a where the comparison holds, b elsewhere." },
	{ "clip", "x, but no less than low, and then no more than high." },
	{ "sum", "The sum of all numbers, or along an axis." }, { "mean", "The mean of all numbers, or along an axis." },
	{ "prod", "The product of all numbers, or along an axis." },
	{ "max", "The greatest number, or of each along an axis." },
	{ "min", "The least number, or of each along an axis." },
	{ "var", "The mean of squared distances from the mean (divisor n - ddof)." },
	{ "std", "The square root of var." }, { "norm", "The Euclidean norm; of a matrix Frobenius'; with ord p sum(abs(u)**p)**(1/p)." },
	{ "dot", "The product of vectors or matrices: u @ v." }, { "matmul", "The product of matrices: A @ B." },
	{ "outer", "The matrix of all products of a number of u and one of v." },
	{ "trace", "The sum of the diagonal." }, { "transpose", "Rows for columns: A.T." },
	{ "concat", "Arrays behind one another." },
	{ "logsumexp", "log(sum(exp(u))) of all numbers; with axis=1 of each row." },
	{ "softmax", "exp(u)/sum(exp(u)); of rows of data row by row, of a matrix over all numbers: axis=1 says each row." },
	{ "log_softmax", "log(softmax(u))." },
	{ "mse", "(y - p)**2." }, { "mae", "|y - p|." }, { "squared_error", "(y - p)**2/2." },
	{ "huber", "r**2/2 where |r| = |z - y| <= delta, else delta*(|r| - delta/2)." },
	{ "smooth_l1", "huber with delta = beta, divided by beta; of beta 0 |z - y|." }, { "log_cosh", "log(cosh(z - y))." },
	{ "quantile", "q*(y - z) where y >= z, else (1 - q)*(z - y)." },
	{ "poisson", "exp(z) - y*z; without log_input z - y*log(z + eps); full adds Stirling's log(y!)." },
	{ "poisson_nll", "The same as poisson." },
	{ "gaussian", "Mean m, log variance s: (s + (m - y)**2*exp(-s))/2; full adds log(2 pi)/2." },
	{ "gaussian_nll", "Mean m, variance var, raised to eps: (log(var) + (m - y)**2/var)/2; full adds log(2 pi)/2." },
	{ "log_loss", "log(1 + exp(z)) - y*z; pos_weight is that of y = 1." },
	{ "bce_with_logits", "log(1 + exp(z)) - y*z; pos_weight is that of y = 1." },
	{ "bce", "-(y*log(p) + (1 - y)*log(1 - p)), logarithms no less than -100; its slope as torch's: (p - y)/max(p*(1 - p), 1e-12)." },
	{ "focal", "log_loss times (1 - p)**gamma, p being the probability of the row's class; alpha below 0: none." },
	{ "hinge", "max(0, 1 - y*z), y being -1 or 1." }, { "squared_hinge", "max(0, 1 - y*z)**2, y being -1 or 1." },
	{ "soft_margin", "log(1 + exp(-y*z)), y being -1 or 1." },
	{ "cross_entropy", "logsumexp(z) - z[y] of a row of logits and its class y, or of shares y; rows of the class ignore_index do not count." },
	{ "nll", "-l[y] of a row of log-probabilities and its class y; rows of the class ignore_index do not count." },
	{ "multi_margin", "sum over the other classes of max(0, margin - z[y] + z[c])**p, by the number of classes." },
	{ "kl", "sum of y*(log(y) - log_softmax(z)) over a row: logits z, shares y." },
	{ "kl_div", "y*(log(y) - l): log-probabilities l, shares y (their logarithms with log_target)." },
	{ "cosine", "1 - cos of the angle of the rows of a and b." },
	{ "cosine_embedding", "1 - cos where y > 0, else max(0, cos - margin)." },
	{ "hinge_embedding", "x where y > 0, else max(0, margin - x)." },
	{ "margin_ranking", "max(0, margin - y*(a - b)), y being -1 or 1." },
	{ "contrastive", "d**2/2 where y is 1, max(0, margin - d)**2/2 where it is 0, d = |a - b|." },
	{ "triplet_margin", "max(0, |anchor - positive| - |anchor - negative| + margin), p-norms; swap: the nearer of anchor and positive to the negative counts." },
	{ "info_nce", "Cross-entropy of telling a row's key among the keys of all rows by cosines over temperature." },
	{ "identity", "x itself." }, { "leaky_relu", "x above 0, else slope*x." }, { "relu6", "min(max(x, 0), 6)." },
	{ "elu", "x above 0, else alpha*(exp(x) - 1)." }, { "selu", "elu with the scale and alpha that keep mean 0 and variance 1." },
	{ "celu", "x above 0, else alpha*(exp(x/alpha) - 1)." }, { "gelu_tanh", "gelu by its approximation with tanh." },
	{ "swish", "The same as silu." }, { "mish", "x*tanh(softplus(x))." }, { "log_sigmoid", "log(sigmoid(x))." },
	{ "softsign", "x/(1 + |x|)." }, { "tanhshrink", "x - tanh(x)." }, { "hardtanh", "min(max(x, low), high)." },
	{ "hardsigmoid", "min(max(x/6 + 1/2, 0), 1)." }, { "hardswish", "x*hardsigmoid(x)." },
	{ "softshrink", "x - lambda above lambda, x + lambda below -lambda, else 0." },
	{ "hardshrink", "x where |x| > lambda, else 0." },
};
/* clang-format on */

/* name(a, b, c=preset), losses with reduction=mean; what has no names of arguments as its usage says. */
static void sign(const struct expression_function *function, char *out, size_t size)
{
	if (function->names == NULL || function->along != ALONG_NOTHING) {
		snprintf(out, size, "%s", function->usage);
		return;
	}
	const char *names = function->names;
	size_t used = (size_t)snprintf(out, size, "%s(", function->name);
	for (size_t k = 0; k < function->most && used < size; k++) {
		const size_t own = strcspn(names, ",");
		used += (size_t)snprintf(out + used, size - used, "%s%.*s", k == 0 ? "" : ", ", (int)own, names);
		if (k >= function->least && used < size) {
			used += (size_t)snprintf(out + used, size - used, "=%.15g",
						 function->preset[k - function->least]);
		}
		names += own + strspn(names + own, ", ");
	}
	if (used < size) {
		snprintf(out + used, size - used, "%s)", function->reduces ? ", reduction=mean" : "");
	}
}

bool expression_card(size_t index, struct expression_card *card)
{
	if (index >= expression_function_count) {
		return false;
	}
	const struct expression_function *function = &expression_functions[index];
	*card = (struct expression_card){ .name = function->name, .doc = "" };
	sign(function, card->signature, sizeof card->signature);
	for (size_t i = 0; i < sizeof docs / sizeof docs[0]; i++) {
		if (strcmp(docs[i].name, function->name) == 0) {
			card->doc = docs[i].doc;
		}
	}
	return true;
}
