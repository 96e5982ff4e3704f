/*
 * Losses that are computed a number (or a row) at a time in double: log cosh, counts with all their terms, two classes
 * with a weight or a focus, margins between classes. Means over rows as in loss.c: value and gradient in one pass.
 */
#include <math.h>

#include "core/base/dual.h"
#include "core/graph/ops/loss.h"
#include "core/graph/ops/ops.h"

static const double log_two = 0.69314718055994530942, two_pi = 6.28318530717958647693;

/* Attributes: of poisson_full, of focal, of multi_margin. */
enum { LOG_INPUT, FULL, EPS };
enum { GAMMA, ALPHA };
enum { MARGIN, POWER };

#define REAL_IS_FLOAT 1
#include "core/graph/ops/loss_number.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/loss_number.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/loss_number.inc.c"
#undef REAL_IS_DUAL

#define MEAN(id, shape_rule, text)                                                                                     \
	const struct graph_op op_##id = {                                                                              \
		.name = #id,                                                                                           \
		.doc = text,                                                                                           \
		.kind = OP_MEAN,                                                                                       \
		.arity = 2,                                                                                            \
		.shape = shape_rule,                                                                                   \
		.forward = { id##_mean_f32, id##_mean_f64, id##_mean_dual },                                           \
	}

MEAN(log_cosh, loss_numbers_shape, "mean over rows and columns of log cosh(z - y).");
MEAN(poisson_full, loss_numbers_shape,
     "mean of exp(z) - y z (or z - y log(z + eps)), with Stirling's terms of log y! where y > 1.");
MEAN(positive_bce, loss_binary_shape, "mean over rows of log(1 + exp(z)) - z and a log(1 + exp(-z)) by class.");
MEAN(focal, loss_binary_shape, "mean over rows of -a (1 - p)^gamma log p, p the probability of the row's class.");
MEAN(multi_margin, loss_classes_shape,
     "mean over rows of sum over c but the class of max(0, a - z[class] + z[c])^b / classes.");
