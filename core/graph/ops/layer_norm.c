/* Layer normalisation without scale and shift: each row to mean 0 and variance 1 over all its numbers (Ba, Kiros,
 * Hinton 2016, Layer normalization, eq. 3; the variance with divisor n, eps inside the root). Sums are in double. */
#include <math.h>

#include "core/base/dual.h"
#include "core/graph/ops/channel.h"
#include "core/graph/ops/ops.h"

#define REAL_IS_FLOAT 1
#include "core/graph/ops/layer_norm.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/layer_norm.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/layer_norm.inc.c"
#undef REAL_IS_DUAL

static enum status layer_norm_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char text[128];
	if (!channels_fit(&in[0])) {
		return error_set(error, E_INVALID, "layer_norm takes rows of numbers, not %s",
				 shape_text(&in[0], text));
	}
	*out = in[0];
	return OK;
}

/* A row's factor. */
static bool layer_norm_memory(const struct shape *shape, const double *attribute, struct op_memory *memory)
{
	(void)shape, (void)attribute;
	memory->kept_row = 1;
	return true;
}

const struct graph_op op_layer_norm = {
	.name = "layer_norm",
	.doc = "y = (x - mean) / sqrt(variance + eps), mean and variance over the numbers of a row.",
	.kind = OP_ROWS,
	.arity = 1,
	.reverse_reads = READS_OUT,
	.by_rows = true,
	.memory = layer_norm_memory,
	.shape = layer_norm_shape,
	.forward = { layer_norm_forward_f32, layer_norm_forward_f64, layer_norm_forward_dual },
	.reverse = { layer_norm_reverse_f32, layer_norm_reverse_f64, layer_norm_reverse_dual },
};
