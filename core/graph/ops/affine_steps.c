/* An affine map of every step of a sequence: Z[t] = W x[t] + b, W [outputs, inputs] as torch keeps it. The inputs' part
 * of a recurrent layer, done for all steps at once. */
#include <string.h>

#include "core/graph/ops/ops.h"
#include "core/graph/ops/recurrent.h"
#include "core/kernels/dual.h"
#include "core/kernels/gemm.h"

#define REAL_IS_FLOAT 1
#include "core/graph/ops/affine_steps.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/affine_steps.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/affine_steps.inc.c"
#undef REAL_IS_DUAL

static enum status affine_steps_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char a[128], b[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 2 || in[1].rowed || in[1].rank != 2 ||
	    in[1].extent[1] != in[0].extent[1] || in[2].rowed || in[2].rank != 1 ||
	    in[2].extent[0] != in[1].extent[0]) {
		return error_set(error, E_INVALID, "affine_steps: sequences %s and weights %s do not fit",
				 shape_text(&in[0], a), shape_text(&in[1], b));
	}
	*out = (struct shape){ .rowed = true, .rank = 2, .extent = { in[0].extent[0], in[1].extent[0] } };
	return OK;
}

const struct graph_op op_affine_steps = {
	.name = "affine_steps",
	.doc = "Z[t] = W x[t] + b of every step t.",
	.kind = OP_ROWS,
	.arity = 3,
	.reverse_reads = READS_IN_0 | READS_IN_1,
	.shape = affine_steps_shape,
	.forward = { affine_steps_forward_f32, affine_steps_forward_f64, affine_steps_forward_dual },
	.reverse = { affine_steps_reverse_f32, affine_steps_reverse_f64, affine_steps_reverse_dual },
};
