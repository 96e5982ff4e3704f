/* y = g x + b with a number of g and b for each channel, or for each number of a row: what follows a normalisation. */
#include <string.h>

#include "core/base/dual.h"
#include "core/graph/ops/channel.h"
#include "core/graph/ops/ops.h"

/* As many channels as g has numbers. */
static struct channels split(const struct op_call *call)
{
	size_t count = shape_size(&call->shape[1]);
	return (struct channels){ .count = count, .area = shape_size(&call->shape[0]) / count };
}

#define REAL_IS_FLOAT 1
#include "core/graph/ops/scale_shift.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/scale_shift.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/scale_shift.inc.c"
#undef REAL_IS_DUAL

static enum status scale_shift_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char a[128], b[128];
	bool each = in[1].rank == in[0].rank && memcmp(in[1].extent, in[0].extent, in[0].rank * sizeof(size_t)) == 0;
	bool channel = in[1].rank == 1 && in[1].extent[0] == in[0].extent[0];
	if (!channels_fit(&in[0]) || in[1].rowed || !shape_equal(&in[1], &in[2]) || !(each || channel)) {
		return error_set(error, E_INVALID, "scale_shift: rows %s and factors %s do not fit",
				 shape_text(&in[0], a), shape_text(&in[1], b));
	}
	*out = in[0];
	return OK;
}

const struct graph_op op_scale_shift = {
	.name = "scale_shift",
	.doc = "y = g x + b, g and b for each channel or for each number of a row.",
	.kind = OP_ROWS,
	.arity = 3,
	.reverse_reads = READS_IN_0 | READS_IN_1,
	.by_parts = true,
	.shape = scale_shift_shape,
	.forward = { scale_shift_forward_f32, scale_shift_forward_f64, scale_shift_forward_dual },
	.reverse = { scale_shift_reverse_f32, scale_shift_reverse_f64, scale_shift_reverse_dual },
};
