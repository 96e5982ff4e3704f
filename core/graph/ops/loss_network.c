/*
 * Losses of networks: distributions (kl_div), directions (cosine), numbers with their own uncertainty (gaussian), and
 * cross-entropies that weigh the classes. Rows are summed in double; a mean that weighs classes is divided by the sum
 * of the weights of the batch's rows, as in torch, which the plan has in the seed.
 */
#include <math.h>
#include <string.h>

#include "core/base/dual.h"
#include "core/graph/ops/loss.h"
#include "core/graph/ops/ops.h"

/* Is added to each squared length, as in torch.nn.CosineEmbeddingLoss. */
static const double cosine_eps = 1e-12;

/* Attributes of gaussian. */
enum { EPS, FULL };
static const double half_log_two_pi = 0.91893853320467274178;

#define REAL_IS_FLOAT 1
#include "core/graph/ops/loss_network.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/loss_network.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/loss_network.inc.c"
#undef REAL_IS_DUAL

static enum status gaussian_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char a[128], b[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 1 || !in[1].rowed || in[1].classes != 0 ||
	    in[1].rank != 1 || in[0].extent[0] != 2 * in[1].extent[0]) {
		return error_set(
			error, E_INVALID,
			"gaussian: outputs %s and target %s do not fit: a mean and a log variance for each number",
			shape_text(&in[0], a), shape_text(&in[1], b));
	}
	*out = (struct shape){ .rank = 0 };
	return OK;
}

#define MEAN(id, shape_rule, weighs, text)                                                                             \
	const struct graph_op op_##id = {                                                                              \
		.name = #id,                                                                                           \
		.doc = text,                                                                                           \
		.kind = OP_MEAN,                                                                                       \
		.arity = 2,                                                                                            \
		.shape = shape_rule,                                                                                   \
		.forward = { id##_mean_f32, id##_mean_f64, id##_mean_dual },                                           \
		.weighted = weighs,                                                                                    \
	}

MEAN(kl_div, loss_numbers_shape, false, "mean over rows of sum over c of y[c] (log y[c] - log softmax(z)[c]).");
MEAN(cosine, loss_numbers_shape, false, "mean over rows of 1 - z y / (|z| |y|).");
MEAN(gaussian, gaussian_shape, false,
     "mean over rows and columns of (s + (m - y)^2 exp(-s)) / 2, z being all m, then all s.");
MEAN(weighted_cross_entropy, loss_classes_shape, true,
     "sum over rows of w[class] (logsumexp(z) - z[class]) / sum of w[class], with label smoothing.");
MEAN(weighted_bce_label, loss_binary_shape, true,
     "sum over rows of w[class] (log(1 + exp(z)) - y z) / sum of w[class], y the class 0 or 1, which costs a times "
     "that.");
