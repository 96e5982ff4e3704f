/*
 * Losses with a constant (the node's first attribute), and those of margins and counts. Means over rows as in loss.c:
 * value and gradient in one pass.
 */
#include <math.h>

#include "core/base/dual.h"
#include "core/graph/ops/loss.h"
#include "core/graph/ops/ops.h"

/* Elements worked on at a time, so that what lies between stays in the first-level cache. */
enum { CHUNK = 512 };

#define REAL_IS_FLOAT 1
#include "core/graph/ops/loss_more.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/loss_more.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/loss_more.inc.c"
#undef REAL_IS_DUAL

#define LOSS(f, shape_rule, text)                                                                                      \
	const struct graph_op op_##f = {                                                                               \
		.name = #f,                                                                                            \
		.doc = text,                                                                                           \
		.kind = OP_MEAN,                                                                                       \
		.arity = 2,                                                                                            \
		.shape = shape_rule,                                                                                   \
		.forward = { f##_mean_f32, f##_mean_f64, f##_mean_dual },                                              \
	}

LOSS(absolute_error, loss_numbers_shape, "mean over rows and columns of |z - y|, with the subgradient 0 at 0.");
LOSS(huber, loss_numbers_shape, "mean of (z - y)^2 / 2 where |z - y| <= a, else a (|z - y| - a / 2).");
LOSS(quantile, loss_numbers_shape, "mean of a (y - z) where y >= z, else (1 - a) (z - y).");
LOSS(poisson, loss_numbers_shape, "mean over rows and columns of exp(z) - y z.");
LOSS(hinge, loss_binary_shape, "mean over rows of max(0, 1 - y z), y = -1 or +1 by class.");
LOSS(squared_hinge, loss_binary_shape, "mean over rows of max(0, 1 - y z)^2, y = -1 or +1 by class.");
LOSS(smooth_cross_entropy, loss_classes_shape,
     "mean of cross-entropy with a of the target spread evenly over all classes.");
