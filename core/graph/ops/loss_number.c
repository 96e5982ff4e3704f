/*
 * Losses that are computed a number (or a row) at a time in double: log cosh, counts with all their terms, two classes
 * with a weight or a focus, margins between classes. Means over rows as in loss.c: value and gradient in one pass.
 */
#include <math.h>

#include "core/graph/ops/loss.h"
#include "core/graph/ops/ops.h"

static const double log_two = 0.69314718055994530942, two_pi = 6.28318530717958647693;

/* Attributes: of poisson_full, of focal, of multi_margin. */
enum { LOG_INPUT, FULL, EPS };
enum { GAMMA, ALPHA };
enum { MARGIN, POWER };

struct value {
	double loss, slope;
};

/* log(1 + exp(x)) and its derivative, the logistic function; neither overflows. */
static struct value softplus(double x)
{
	double small = exp(-fabs(x));
	return (struct value){ (x > 0 ? x : 0) + log1p(small), x >= 0 ? 1 / (1 + small) : small / (1 + small) };
}

/* log cosh(z - y) = |d| + log(1 + exp(-2 |d|)) - log 2 */
static struct value log_cosh(double z, double y, const double *attribute)
{
	double d = z - y, size = fabs(d);
	(void)attribute;
	return (struct value){ size + log1p(exp(-2 * size)) - log_two, tanh(d) };
}

/* exp(z) - y z, or z - y log(z + eps) of a z that is the count itself; Stirling's terms where y > 1. */
static struct value poisson_full(double z, double y, const double *attribute)
{
	double eps = attribute[EPS], grown = exp(z);
	struct value out = attribute[LOG_INPUT] != 0 ? (struct value){ grown - y * z, grown - y }
						     : (struct value){ z - y * log(z + eps), 1 - y / (z + eps) };
	out.loss += attribute[FULL] != 0 && y > 1 ? y * log(y) - y + log(two_pi * y) / 2 : 0;
	return out;
}

/* p y softplus(-z) + (1 - y) softplus(z) */
static struct value positive_bce(double z, double y, const double *attribute)
{
	const double weight = y > 0 ? attribute[0] : 1, side = y > 0 ? -1 : 1;
	struct value out = softplus(side * z);
	return (struct value){ weight * out.loss, weight * side * out.slope };
}

/* -a (1 - p)^gamma log p of the probability p of the class that it is: with t = +-z that is
 * a exp(-gamma softplus(t)) softplus(-t). a is alpha or 1 - alpha by class, 1 where alpha < 0. */
static struct value focal(double z, double y, const double *attribute)
{
	const double gamma = attribute[GAMMA], alpha = attribute[ALPHA], side = y > 0 ? 1 : -1;
	const double weight = alpha < 0 ? 1 : y > 0 ? alpha : 1 - alpha;
	const struct value miss = softplus(-side * z), right = softplus(side * z);
	const double focus = weight * exp(-gamma * right.loss);
	return (struct value){ focus * miss.loss, -side * focus * (gamma * right.slope * miss.loss + miss.slope) };
}

#define REAL_IS_FLOAT 1
#include "core/graph/ops/loss_number.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/loss_number.inc.c"

#define MEAN(id, shape_rule, text)                                                                                     \
	const struct graph_op op_##id = {                                                                              \
		.name = #id,                                                                                           \
		.doc = text,                                                                                           \
		.kind = OP_MEAN,                                                                                       \
		.arity = 2,                                                                                            \
		.shape = shape_rule,                                                                                   \
		.forward = { id##_mean_f32, id##_mean_f64 },                                                           \
	}

MEAN(log_cosh, loss_numbers_shape, "mean over rows and columns of log cosh(z - y).");
MEAN(poisson_full, loss_numbers_shape,
     "mean of exp(z) - y z (or z - y log(z + eps)), with Stirling's terms of log y! where y > 1.");
MEAN(positive_bce, loss_binary_shape, "mean over rows of log(1 + exp(z)) - z and a log(1 + exp(-z)) by class.");
MEAN(focal, loss_binary_shape, "mean over rows of -a (1 - p)^gamma log p, p the probability of the row's class.");
MEAN(multi_margin, loss_classes_shape,
     "mean over rows of sum over c but the class of max(0, a - z[class] + z[c])^b / classes.");
