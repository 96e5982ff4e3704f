/* y = x above 0, else a x, where a is a parameter: one number, or one for each channel (He, Zhang, Ren, Sun 2015,
 * Delving deep into rectifiers, eq. 1). At 0 the derivative is a, as torch has it. */
#include <string.h>

#include "core/base/dual.h"
#include "core/graph/ops/channel.h"
#include "core/graph/ops/ops.h"

/* As many channels as a has numbers. */
static struct channels split(const struct op_call *call)
{
	size_t count = shape_size(&call->shape[1]);
	return (struct channels){ .count = count, .area = shape_size(&call->shape[0]) / count };
}

#define REAL_IS_FLOAT 1
#include "core/graph/ops/prelu.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/prelu.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/prelu.inc.c"
#undef REAL_IS_DUAL

static enum status prelu_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char a[128], b[128];
	if (!channels_fit(&in[0]) || in[1].rowed || in[1].rank != 1 ||
	    (in[1].extent[0] != 1 && in[1].extent[0] != in[0].extent[0])) {
		return error_set(error, E_INVALID, "prelu: rows %s and slopes %s do not fit", shape_text(&in[0], a),
				 shape_text(&in[1], b));
	}
	*out = in[0];
	return OK;
}

const struct graph_op op_prelu = {
	.name = "prelu",
	.doc = "y = x above 0, else a x, a a parameter for all numbers or for each channel.",
	.kind = OP_ROWS,
	.arity = 2,
	.reverse_reads = READS_IN_0 | READS_IN_1,
	.by_parts = true,
	.shape = prelu_shape,
	.forward = { prelu_forward_f32, prelu_forward_f64, prelu_forward_dual },
	.reverse = { prelu_reverse_f32, prelu_reverse_f64, prelu_reverse_dual },
};
