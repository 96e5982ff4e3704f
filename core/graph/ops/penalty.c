/* Penalties: sums over the elements of one parameter (OP_SUM in core/graph/op.h). */
#include <string.h>

#include "core/base/dual.h"
#include "core/graph/ops/ops.h"

#define REAL_IS_FLOAT 1
#include "core/graph/ops/penalty.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/penalty.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/penalty.inc.c"
#undef REAL_IS_DUAL

static enum status penalty_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char text[128];
	if (in[0].rowed || in[0].rank == 0) {
		return error_set(error, E_INVALID, "a penalty takes a parameter, not %s", shape_text(&in[0], text));
	}
	*out = (struct shape){ .rank = 0 };
	return OK;
}

const struct graph_op op_sum_squares = {
	.name = "sum_squares",
	.doc = "sum of w^2.",
	.kind = OP_SUM,
	.arity = 1,
	.reverse_reads = READS_IN_0,
	.shape = penalty_shape,
	.forward = { sum_squares_forward_f32, sum_squares_forward_f64, sum_squares_forward_dual },
	.reverse = { sum_squares_reverse_f32, sum_squares_reverse_f64, sum_squares_reverse_dual },
};

const struct graph_op op_sum_abs = {
	.name = "sum_abs",
	.doc = "sum of |w|, with the subgradient 0 at 0.",
	.kind = OP_SUM,
	.arity = 1,
	.reverse_reads = READS_IN_0,
	.shape = penalty_shape,
	.forward = { sum_abs_forward_f32, sum_abs_forward_f64, sum_abs_forward_dual },
	.reverse = { sum_abs_reverse_f32, sum_abs_reverse_f64, sum_abs_reverse_dual },
};
