/*
 * What a player of a game makes of verdicts: a mean over rows (and columns) of a function of the discriminator's
 * outputs z alone, without a target. The logarithms of the original game are softplus of z:
 * -log sigmoid(z) = log(1 + exp(-z)), -log(1 - sigmoid(z)) = log(1 + exp(z)).
 */
#include "core/graph/ops/verdict.h"

#include <math.h>

#include "core/base/dual.h"
#include "core/graph/ops/ops.h"

enum { LAW, A, B };

#define REAL_IS_FLOAT 1
#include "core/graph/ops/verdict.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/verdict.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/verdict.inc.c"
#undef REAL_IS_DUAL

static enum status verdict_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char text[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 1) {
		return error_set(error, E_INVALID, "verdict takes rows of one dimension, not %s",
				 shape_text(&in[0], text));
	}
	*out = (struct shape){ .rank = 0 };
	return OK;
}

const struct graph_op op_verdict = {
	.name = "verdict",
	.doc = "mean over rows and columns of a log(1 + exp(b z)), a (z - b)^2 or a z.",
	.kind = OP_MEAN,
	.arity = 1,
	.shape = verdict_shape,
	.forward = { verdict_mean_f32, verdict_mean_f64, verdict_mean_dual },
};
