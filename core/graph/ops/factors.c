/*
 * Products of factors: of pairs of features (factorization machines), and of the rows of two tables that a pair of
 * whole numbers names (matrix factorization). Each makes one number a row. X is data: where it is computed, its
 * gradient is not (a pair of numbers has none; that of interactions is left at 0, so X must be a leaf).
 */
#include <math.h>
#include <string.h>

#include "core/base/dual.h"
#include "core/graph/ops/ops.h"

#define REAL_IS_FLOAT 1
#include "core/graph/ops/factors.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/factors.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/factors.inc.c"
#undef REAL_IS_DUAL

static const struct shape one_a_row = { .rowed = true, .rank = 1, .extent = { 1 } };

static enum status interactions_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char a[128], b[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 1 || in[1].rowed || in[1].rank != 2 ||
	    in[0].extent[0] != in[1].extent[0]) {
		return error_set(error, E_INVALID,
				 "interactions: rows %s and factors %s do not fit: a row of factors for each feature",
				 shape_text(&in[0], a), shape_text(&in[1], b));
	}
	*out = one_a_row;
	return OK;
}

/* The sums s. */
static bool interactions_memory(const struct shape *shape, const double *attribute, struct op_memory *memory)
{
	(void)attribute;
	memory->scratch = shape[1].extent[1];
	return true;
}

static enum status pair_shape(const struct shape *in, size_t rank, struct shape *out, struct error *error)
{
	char a[128], b[128], c[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 1 || in[0].extent[0] != 2 || in[1].rowed ||
	    in[1].rank != rank || in[2].rowed || in[2].rank != rank ||
	    (rank == 2 && in[1].extent[1] != in[2].extent[1])) {
		return error_set(
			error, E_INVALID,
			"a pair of whole numbers names a row in each of two tables of one width; not %s, %s, %s",
			shape_text(&in[0], a), shape_text(&in[1], b), shape_text(&in[2], c));
	}
	*out = one_a_row;
	return OK;
}

static enum status pair_product_shape(const struct shape *in, struct shape *out, struct error *error)
{
	return pair_shape(in, 2, out, error);
}

static enum status pair_sum_shape(const struct shape *in, struct shape *out, struct error *error)
{
	return pair_shape(in, 1, out, error);
}

const struct graph_op op_interactions = {
	.name = "interactions",
	.doc = "sum over i < j of x[i] x[j] V[i, :] V[j, :]', in linear time (Rendle 2010, lemma 3.1).",
	.kind = OP_ROWS,
	.arity = 2,
	.reverse_reads = READS_IN_0 | READS_IN_1,
	.memory = interactions_memory,
	.shape = interactions_shape,
	.forward = { interactions_forward_f32, interactions_forward_f64, interactions_forward_dual },
	.reverse = { interactions_reverse_f32, interactions_reverse_f64, interactions_reverse_dual },
};

const struct graph_op op_pair_product = {
	.name = "pair_product",
	.doc = "P[x[0], :] Q[x[1], :]'.",
	.kind = OP_ROWS,
	.arity = 3,
	.reverse_reads = READS_IN_0 | READS_IN_1 | READS_IN_2,
	.shape = pair_product_shape,
	.forward = { pair_product_forward_f32, pair_product_forward_f64, pair_product_forward_dual },
	.reverse = { pair_product_reverse_f32, pair_product_reverse_f64, pair_product_reverse_dual },
};

const struct graph_op op_pair_sum = {
	.name = "pair_sum",
	.doc = "p[x[0]] + q[x[1]].",
	.kind = OP_ROWS,
	.arity = 3,
	.reverse_reads = READS_IN_0,
	.shape = pair_sum_shape,
	.forward = { pair_sum_forward_f32, pair_sum_forward_f64, pair_sum_forward_dual },
	.reverse = { pair_sum_reverse_f32, pair_sum_reverse_f64, pair_sum_reverse_dual },
};
