/*
 * Embedding: a row's whole numbers choose rows of a table. A number that is none of 0, 1, ..., n - 1 gives NaN, which
 * the loss shows, and no gradient.
 */
#include <math.h>
#include <string.h>

#include "core/base/dual.h"
#include "core/graph/ops/ops.h"

#define REAL_IS_FLOAT 1
#include "core/graph/ops/embedding.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/embedding.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/embedding.inc.c"
#undef REAL_IS_DUAL

static enum status embedding_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char a[128], b[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 1 || in[1].rowed || in[1].rank != 2) {
		return error_set(error, E_INVALID, "embedding takes rows of one dimension and a table, not %s and %s",
				 shape_text(&in[0], a), shape_text(&in[1], b));
	}
	*out = (struct shape){ .rowed = true, .rank = 2, .extent = { in[0].extent[0], in[1].extent[1] } };
	return OK;
}

const struct graph_op op_embedding = {
	.name = "embedding",
	.doc = "Z[i, :] = T[x[i], :], the rows of a table that whole numbers name.",
	.kind = OP_ROWS,
	.arity = 2,
	.reverse_reads = READS_IN_0,
	.by_parts = true,
	.shape = embedding_shape,
	.forward = { embedding_forward_f32, embedding_forward_f64, embedding_forward_dual },
	.reverse = { embedding_reverse_f32, embedding_reverse_f64, embedding_reverse_dual },
};
