/*
 * Activations whose derivative is taken from x, with up to three constants (the node's attributes), and softmax and its
 * logarithm, which couple the columns of a row.
 */
#include <math.h>

#include "core/base/dual.h"
#include "core/graph/ops/ops.h"

#define REAL_IS_FLOAT 1
#include "core/graph/ops/activation_more.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/activation_more.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/activation_more.inc.c"
#undef REAL_IS_DUAL

static enum status numbers_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char text[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank == 0) {
		return error_set(error, E_INVALID, "an activation takes rows of numbers, not %s",
				 shape_text(&in[0], text));
	}
	*out = in[0];
	return OK;
}

/* Those that look at a row as a whole. */
#define ROW_SHAPE(f)                                                                                                   \
	static enum status f##_shape(const struct shape *in, struct shape *out, struct error *error)                   \
	{                                                                                                              \
		char text[128];                                                                                        \
		return in[0].rank == 1 ? numbers_shape(in, out, error)                                                 \
				       : error_set(error, E_INVALID, #f " takes rows of one dimension, not %s",        \
						   shape_text(&in[0], text));                                          \
	}
ROW_SHAPE(softmax)
ROW_SHAPE(log_softmax)
#undef ROW_SHAPE

#define ACTIVATION(f, reads, shape_rule, text)                                                                         \
	const struct graph_op op_##f = {                                                                               \
		.name = #f,                                                                                            \
		.doc = text,                                                                                           \
		.kind = OP_ROWS,                                                                                       \
		.arity = 1,                                                                                            \
		.reverse_reads = reads,                                                                                \
		.in_place = true,                                                                                      \
		.by_rows = true,                                                                                       \
		.shape = shape_rule,                                                                                   \
		.forward = { f##_forward_f32, f##_forward_f64, f##_forward_dual },                                     \
		.reverse = { f##_reverse_f32, f##_reverse_f64, f##_reverse_dual },                                     \
	}

ACTIVATION(leaky_relu, READS_IN_0, numbers_shape, "y = x above 0, else a x.");
ACTIVATION(elu, READS_IN_0, numbers_shape, "y = b x above 0, else b a (exp(c x) - 1).");
ACTIVATION(gelu, READS_IN_0, numbers_shape, "y = x Phi(x), Phi the normal distribution function.");
ACTIVATION(gelu_tanh, READS_IN_0, numbers_shape, "y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.");
ACTIVATION(silu, READS_IN_0, numbers_shape, "y = x sigmoid(x).");
ACTIVATION(mish, READS_IN_0, numbers_shape, "y = x tanh(log(1 + exp(x))).");
ACTIVATION(softplus, READS_IN_0, numbers_shape, "y = log(1 + exp(a x)) / a, x itself where a x > b.");
ACTIVATION(log_sigmoid, READS_IN_0, numbers_shape, "y = -log(1 + exp(-x)).");
ACTIVATION(softsign, READS_IN_0, numbers_shape, "y = x / (1 + |x|).");
ACTIVATION(tanhshrink, READS_IN_0, numbers_shape, "y = x - tanh(x).");
ACTIVATION(hardtanh, READS_IN_0, numbers_shape, "y = min(max(x, a), b), with derivative 0 at the bounds.");
ACTIVATION(hardsigmoid, READS_IN_0, numbers_shape, "y = min(max(x / 6 + 1/2, 0), 1).");
ACTIVATION(hardswish, READS_IN_0, numbers_shape, "y = x min(max(x / 6 + 1/2, 0), 1).");
ACTIVATION(softshrink, READS_IN_0, numbers_shape, "y = x - a above a, x + a below -a, else 0.");
ACTIVATION(hardshrink, READS_IN_0, numbers_shape, "y = x where |x| > a, else 0.");
ACTIVATION(softmax, READS_OUT, softmax_shape, "y = exp(x) / sum of exp(x) over the columns of a row.");
ACTIVATION(log_softmax, READS_OUT, log_softmax_shape, "y = x - log(sum of exp(x) over the columns of a row).");
