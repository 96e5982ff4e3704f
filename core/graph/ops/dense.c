/*
 * Products of rows with a weight matrix: matmul, add_bias, and affine, which is both in one pass over
 * the result (the plan puts it in the place of add_bias(matmul(X, W), b)).
 *
 * One column of results is a matrix-vector product and goes to kernels that are bound by memory;
 * everything else to gemm.
 */
#include <string.h>

#include "core/graph/ops/ops.h"
#include "core/kernels/dual.h"
#include "core/kernels/gemm.h"

#define REAL_IS_FLOAT 1
#include "core/graph/ops/dense.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/dense.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/dense.inc.c"
#undef REAL_IS_DUAL

static enum status matmul_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char a[128], b[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 1 || in[1].rowed || in[1].rank != 2 ||
	    in[0].extent[0] != in[1].extent[0]) {
		return error_set(error, E_INVALID, "matmul: shapes %s and %s do not fit", shape_text(&in[0], a),
				 shape_text(&in[1], b));
	}
	*out = (struct shape){ .rowed = true, .rank = 1, .extent = { in[1].extent[1] } };
	return OK;
}

static enum status add_bias_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char a[128], b[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 1 || in[1].rowed || in[1].rank != 1 ||
	    in[0].extent[0] != in[1].extent[0]) {
		return error_set(error, E_INVALID, "add_bias: shapes %s and %s do not fit", shape_text(&in[0], a),
				 shape_text(&in[1], b));
	}
	*out = in[0];
	return OK;
}

static enum status affine_shape(const struct shape *in, struct shape *out, struct error *error)
{
	struct shape product[2] = { { .rank = 0 }, in[2] };
	enum status status = matmul_shape(in, &product[0], error);
	return status == OK ? add_bias_shape(product, out, error) : status;
}

const struct graph_op op_matmul = {
	.name = "matmul",
	.doc = "Z = X W, a row of X [k] times W [k, m].",
	.kind = OP_ROWS,
	.arity = 2,
	.reverse_reads = READS_IN_0 | READS_IN_1,
	.shape = matmul_shape,
	.forward = { matmul_forward_f32, matmul_forward_f64, matmul_forward_dual },
	.reverse = { matmul_reverse_f32, matmul_reverse_f64, matmul_reverse_dual },
};

const struct graph_op op_add_bias = {
	.name = "add_bias",
	.doc = "Z = X + b, b [m] added to each row.",
	.kind = OP_ROWS,
	.arity = 2,
	.in_place = true,
	.shape = add_bias_shape,
	.forward = { add_bias_forward_f32, add_bias_forward_f64, add_bias_forward_dual },
	.reverse = { add_bias_reverse_f32, add_bias_reverse_f64, add_bias_reverse_dual },
};

const struct graph_op op_affine = {
	.name = "affine",
	.doc = "Z = X W + b, a dense layer.",
	.kind = OP_ROWS,
	.arity = 3,
	.reverse_reads = READS_IN_0 | READS_IN_1,
	.shape = affine_shape,
	.forward = { affine_forward_f32, affine_forward_f64, affine_forward_dual },
	.reverse = { affine_reverse_f32, affine_reverse_f64, affine_reverse_dual },
};
