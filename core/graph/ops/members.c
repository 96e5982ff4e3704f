/*
 * Points that are compared within a row: a row is cut in members (columns), their embeddings are made unit length
 * (unit), and a pair or a triplet of them, side by side, has a loss (contrastive, cosine_embedding, triplet_margin).
 * Rows do not depend on one another here: losses that compare the rows of a batch are in compare.c. Sums are in double,
 * row after row.
 */
#include <math.h>
#include <string.h>

#include "core/base/dual.h"
#include "core/graph/ops/distance.h"
#include "core/graph/ops/ops.h"

/* Attributes of columns: the first column, then the shape that is made of them. */
enum { FIRST, RANK, EXTENTS };
/* A row below this length counts as this long, as in torch.nn.functional.normalize. */
static const double unit_eps = 1e-12;
/* Attributes of contrastive and triplet_margin. */
enum { MARGIN, POWER, SWAP };

#define REAL_IS_FLOAT 1
#include "core/graph/ops/members.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/members.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/members.inc.c"
#undef REAL_IS_DUAL

static enum status columns_shape(const struct shape *in, const double *attribute, struct shape *out,
				 struct error *error)
{
	char a[128], b[128];
	*out = (struct shape){ .rowed = true, .rank = (size_t)attribute[RANK] };
	for (size_t i = 0; i < out->rank; i++) {
		out->extent[i] = (size_t)attribute[EXTENTS + i];
	}
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 1 ||
	    attribute[FIRST] + (double)shape_size(out) > (double)in[0].extent[0]) {
		return error_set(error, E_INVALID, "columns: %s from column %.0f do not lie in %s", shape_text(out, a),
				 attribute[FIRST], shape_text(&in[0], b));
	}
	return OK;
}

static enum status unit_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char text[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 1) {
		return error_set(error, E_INVALID, "unit takes rows of one dimension, not %s",
				 shape_text(&in[0], text));
	}
	*out = in[0];
	return OK;
}

static enum status members_shape(const struct shape *in, size_t members, const char *who, struct shape *out,
				 struct error *error)
{
	char text[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 1 || in[0].extent[0] == 0 ||
	    in[0].extent[0] % members != 0) {
		return error_set(error, E_INVALID, "%s takes %zu embeddings side by side, not %s", who, members,
				 shape_text(&in[0], text));
	}
	*out = (struct shape){ .rank = 0 };
	return OK;
}

static enum status pair_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char text[128];
	if (!in[1].rowed || in[1].classes != 2) {
		return error_set(error, E_INVALID, "a pair's loss takes classes 0 (unlike) and 1 (like), not %s",
				 shape_text(&in[1], text));
	}
	return members_shape(in, 2, "a pair's loss", out, error);
}

static enum status triplet_margin_shape(const struct shape *in, struct shape *out, struct error *error)
{
	return members_shape(in, 3, "triplet_margin", out, error);
}

const struct graph_op op_columns = {
	.name = "columns",
	.doc = "Neighbouring columns of x, read as a tensor.",
	.kind = OP_ROWS,
	.arity = 1,
	.by_rows = true,
	.shape_with = columns_shape,
	.forward = { columns_forward_f32, columns_forward_f64, columns_forward_dual },
	.reverse = { columns_reverse_f32, columns_reverse_f64, columns_reverse_dual },
};

const struct graph_op op_unit = {
	.name = "unit",
	.doc = "x / max(|x|, 1e-12), row by row.",
	.kind = OP_ROWS,
	.arity = 1,
	.reverse_reads = READS_IN_0 | READS_OUT,
	.by_rows = true,
	.shape = unit_shape,
	.forward = { unit_forward_f32, unit_forward_f64, unit_forward_dual },
	.reverse = { unit_reverse_f32, unit_reverse_f64, unit_reverse_dual },
};

const struct graph_op op_contrastive = {
	.name = "contrastive",
	.doc = "mean over rows of y d^2 / 2 + (1 - y) max(0, margin - d)^2 / 2, d the distance of the row's halves.",
	.kind = OP_MEAN,
	.arity = 2,
	.shape = pair_shape,
	.forward = { contrastive_mean_f32, contrastive_mean_f64, contrastive_mean_dual },
};

const struct graph_op op_cosine_embedding = {
	.name = "cosine_embedding",
	.doc = "mean over rows of y (1 - cos) + (1 - y) max(0, cos - margin), cos that of the angle of the row's "
	       "halves.",
	.kind = OP_MEAN,
	.arity = 2,
	.shape = pair_shape,
	.forward = { cosine_embedding_mean_f32, cosine_embedding_mean_f64, cosine_embedding_mean_dual },
};

const struct graph_op op_triplet_margin = {
	.name = "triplet_margin",
	.doc = "mean over rows of max(0, D(a, p) - D(a, n) + margin), D(u, v) = |u - v + 1e-6|_p, the row being a, p, "
	       "n; with swap D(p, n) where it is less than D(a, n).",
	.kind = OP_MEAN,
	.arity = 1,
	.shape = triplet_margin_shape,
	.forward = { triplet_margin_mean_f32, triplet_margin_mean_f64, triplet_margin_mean_dual },
};
