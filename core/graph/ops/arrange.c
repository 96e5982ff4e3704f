/* Operations that move numbers: flatten, the sum of two branches (residual connections), and two beside one another. */
#include <string.h>

#include "core/base/size.h"
#include "core/base/dual.h"
#include "core/graph/ops/ops.h"

#define REAL_IS_FLOAT 1
#include "core/graph/ops/arrange.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/arrange.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/arrange.inc.c"
#undef REAL_IS_DUAL

static enum status flatten_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char text[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank == 0) {
		return error_set(error, E_INVALID, "flatten takes rows of numbers, not %s", shape_text(&in[0], text));
	}
	*out = (struct shape){ .rowed = true, .rank = 1, .extent = { shape_size(&in[0]) } };
	return OK;
}

static enum status add_rows_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char a[128], b[128];
	if (!in[0].rowed || in[0].classes != 0 || !shape_equal(&in[0], &in[1])) {
		return error_set(error, E_INVALID, "add_rows: shapes %s and %s do not fit", shape_text(&in[0], a),
				 shape_text(&in[1], b));
	}
	*out = in[0];
	return OK;
}

static enum status join_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char a[128], b[128];
	for (size_t k = 0; k < 2; k++) {
		if (!in[k].rowed || in[k].classes != 0 || in[k].rank != 1) {
			return error_set(error, E_INVALID, "join takes rows of one dimension, not %s and %s",
					 shape_text(&in[0], a), shape_text(&in[1], b));
		}
	}
	*out = in[0];
	return size_add(in[0].extent[0], in[1].extent[0], &out->extent[0])
		       ? OK
		       : error_set(error, E_TOO_LARGE, "join: the rows are too long");
}

const struct graph_op op_join = {
	.name = "join",
	.doc = "The columns of x, then those of y.",
	.kind = OP_ROWS,
	.arity = 2,
	.by_rows = true,
	.shape = join_shape,
	.forward = { join_forward_f32, join_forward_f64, join_forward_dual },
	.reverse = { join_reverse_f32, join_reverse_f64, join_reverse_dual },
};

const struct graph_op op_flatten = {
	.name = "flatten",
	.doc = "The numbers of a row in one dimension, row-major.",
	.kind = OP_ROWS,
	.arity = 1,
	.in_place = true,
	.shape = flatten_shape,
	.forward = { flatten_forward_f32, flatten_forward_f64, flatten_forward_dual },
	.reverse = { flatten_reverse_f32, flatten_reverse_f64, flatten_reverse_dual },
};

const struct graph_op op_add_rows = {
	.name = "add_rows",
	.doc = "z = x + y, row by row.",
	.kind = OP_ROWS,
	.arity = 2,
	.by_rows = true,
	.shape = add_rows_shape,
	.forward = { add_rows_forward_f32, add_rows_forward_f64, add_rows_forward_dual },
	.reverse = { add_rows_reverse_f32, add_rows_reverse_f64, add_rows_reverse_dual },
};
