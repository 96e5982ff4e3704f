/*
 * Losses: means over rows of how far the outputs z are from the target. Value and gradient with respect
 * to z come from one pass (OP_MEAN in core/graph/op.h); the value only when somebody wants it.
 */
#include "core/base/dual.h"
#include "core/graph/ops/loss.h"
#include "core/graph/ops/ops.h"

#define REAL_IS_FLOAT 1
#include "core/graph/ops/loss.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/loss.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/loss.inc.c"
#undef REAL_IS_DUAL

static enum status misfit(const char *name, const struct shape *in, struct error *error)
{
	char a[128], b[128];
	return error_set(error, E_INVALID, "%s: outputs %s and target %s do not fit", name, shape_text(&in[0], a),
			 shape_text(&in[1], b));
}

static bool is_output(const struct shape *z)
{
	return z->rowed && z->classes == 0 && z->rank == 1;
}

/* Outputs and numbers of one shape. */
enum status loss_numbers_shape(const struct shape *in, struct shape *out, struct error *error)
{
	if (!is_output(&in[0]) || !shape_equal(&in[0], &in[1])) {
		return misfit("loss", in, error);
	}
	*out = (struct shape){ .rank = 0 };
	return OK;
}

enum status loss_binary_shape(const struct shape *in, struct shape *out, struct error *error)
{
	if (!is_output(&in[0]) || in[0].extent[0] != 1 || in[1].classes != 2) {
		return misfit("bce_with_logits", in, error);
	}
	*out = (struct shape){ .rank = 0 };
	return OK;
}

enum status loss_classes_shape(const struct shape *in, struct shape *out, struct error *error)
{
	if (!is_output(&in[0]) || in[1].classes < 2 || in[0].extent[0] != in[1].classes) {
		return misfit("cross_entropy", in, error);
	}
	*out = (struct shape){ .rank = 0 };
	return OK;
}

const struct graph_op op_squared_error = {
	.name = "squared_error",
	.doc = "mean over rows and columns of (z - y)^2.",
	.kind = OP_MEAN,
	.arity = 2,
	.shape = loss_numbers_shape,
	.forward = { squared_error_mean_f32, squared_error_mean_f64, squared_error_mean_dual },
};

const struct graph_op op_residual = {
	.name = "residual",
	.doc = "mean over rows and columns of z - y.",
	.kind = OP_MEAN,
	.arity = 2,
	.shape = loss_numbers_shape,
	.forward = { residual_mean_f32, residual_mean_f64, residual_mean_dual },
};

const struct graph_op op_bce_with_logits = {
	.name = "bce_with_logits",
	.doc = "mean over rows and columns of log(1 + exp(z)) - y z, y between 0 and 1.",
	.kind = OP_MEAN,
	.arity = 2,
	.shape = loss_numbers_shape,
	.forward = { bce_mean_f32, bce_mean_f64, bce_mean_dual },
};

const struct graph_op op_bce_with_logits_label = {
	.name = "bce_with_logits_label",
	.doc = "mean over rows of log(1 + exp(z)) - y z, y the class 0 or 1.",
	.kind = OP_MEAN,
	.arity = 2,
	.shape = loss_binary_shape,
	.forward = { bce_label_mean_f32, bce_label_mean_f64, bce_label_mean_dual },
};

const struct graph_op op_cross_entropy = {
	.name = "cross_entropy",
	.doc = "mean over rows of logsumexp(z) - z[class].",
	.kind = OP_MEAN,
	.arity = 2,
	.shape = loss_classes_shape,
	.forward = { cross_entropy_mean_f32, cross_entropy_mean_f64, cross_entropy_mean_dual },
};
