/*
 * Losses that compare the rows of a batch with one another. In rows that hold a query and its key the other rows' keys
 * are what the query is told apart from (info_nce); where rows are points of classes, pairs and triplets are formed of
 * all rows: all pairs (class_contrastive, class_cosine_embedding), of each row the farthest of its class and the
 * nearest of another (class_triplet), all of its class against all others (class_info_nce).
 *
 * A row's gradient is gathered from all other rows by whoever has the row, in their order: pieces of rows may go to any
 * threads and the bits stay the same. Similarities are computed again where they are wanted, so that memory is a few
 * doubles a row and not a square; work is rows squared. Losses are summed in double.
 *
 * Where a batch has no such pair or triplet, the loss and its gradient are 0.
 */
#include <math.h>
#include <string.h>

#include "core/base/dual.h"
#include "core/graph/ops/distance.h"
#include "core/graph/ops/ops.h"

/* Attributes: of info_nce and class_info_nce; of the two of classes that know a margin, as in members.c. */
enum { TEMPERATURE, SYMMETRIC };
enum { MARGIN, POWER, SWAP };

/* Numbers that are kept of each row: of the info_nce, of class_triplet (pairs keep a loss alone). */
enum { LSE, LOSS, LSE_OF_KEY, MATES = LSE_OF_KEY };
enum { FARTHEST, NEAREST, FAR_AT, NEAR_AT, KEPT_DOUBLES };
/* Products that are worth a piece (some 50 us), and the most pieces. */
enum { PIECE_PRODUCTS = 65536, PIECES_MOST = 16 };

/* A pass over the rows: work(call, first, end) may read all and writes what belongs to rows first..end-1. */
struct pass {
	const struct op_call *call;
	void (*work)(const struct op_call *call, size_t first, size_t end);
	size_t pieces;
};

static void run_piece(void *context, size_t index, size_t slot)
{
	const struct pass *pass = context;
	const size_t rows = pass->call->rows;
	(void)slot;
	pass->work(pass->call, index * rows / pass->pieces, (index + 1) * rows / pass->pieces);
}

static void over_rows(const struct op_call *call, void (*work)(const struct op_call *call, size_t first, size_t end))
{
	struct pass pass = { call, work, 1 };
	const double products = (double)call->rows * (double)call->rows * (double)call->shape[0].extent[0];
	if (call->executor != NULL && products >= 2.0 * PIECE_PRODUCTS) {
		const double pieces = fmin(products / PIECE_PRODUCTS, PIECES_MOST);
		pass.pieces = pieces < (double)call->rows ? (size_t)pieces : call->rows;
		call->executor->run(call->executor, pass.pieces, run_piece, &pass);
	} else {
		run_piece(&pass, 0, 0);
	}
}

static bool stopped(const struct op_call *call)
{
	return call->stop != NULL && atomic_load_explicit(call->stop, memory_order_relaxed);
}

static void deliver(const struct op_call *call, double sum)
{
	if (call->sum != NULL) {
		*call->sum += sum;
	}
}

#define REAL_IS_FLOAT 1
#include "core/graph/ops/compare.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/compare.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/compare.inc.c"
#undef REAL_IS_DUAL

static bool compare_memory(const struct shape *shape, const double *attribute, struct op_memory *memory)
{
	(void)shape, (void)attribute;
	memory->kept_row = KEPT_DOUBLES * sizeof(double) /
			   sizeof(float); /* enough in both precisions; a dual number is as many of its own */
	return true;
}

static enum status info_nce_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char text[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 1 || in[0].extent[0] == 0 || in[0].extent[0] % 2 != 0) {
		return error_set(error, E_INVALID, "info_nce takes two embeddings side by side, not %s",
				 shape_text(&in[0], text));
	}
	*out = (struct shape){ .rank = 0 };
	return OK;
}

static enum status classes_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char a[128], b[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 1 || !in[1].rowed || in[1].classes == 0) {
		return error_set(error, E_INVALID, "embeddings %s and classes %s do not fit: a class for each row",
				 shape_text(&in[0], a), shape_text(&in[1], b));
	}
	*out = (struct shape){ .rank = 0 };
	return OK;
}

#define COMPARE(id, inputs, shape_rule, text)                                                                          \
	const struct graph_op op_##id = {                                                                              \
		.name = #id,                                                                                           \
		.doc = text,                                                                                           \
		.kind = OP_MEAN,                                                                                       \
		.arity = inputs,                                                                                       \
		.couples = true,                                                                                       \
		.memory = compare_memory,                                                                              \
		.shape = shape_rule,                                                                                   \
		.forward = { id##_mean_f32, id##_mean_f64, id##_mean_dual },                                           \
	}

COMPARE(info_nce, 1, info_nce_shape,
	"mean over rows i of logsumexp over j of S[i, j] - S[i, i], S = Q K' / temperature, a row being q, k; "
	"symmetric: "
	"the mean of that of S and of S'.");
COMPARE(class_contrastive, 2, classes_shape,
	"mean over all pairs of rows of d^2 / 2 in one class, max(0, margin - d)^2 / 2 in two, d their distance.");
COMPARE(class_cosine_embedding, 2, classes_shape,
	"mean over all pairs of rows of 1 - cos in one class, max(0, cos - margin) in two, cos that of their angle.");
COMPARE(class_triplet, 2, classes_shape,
	"mean over rows a of max(0, max over its class of D(a, p) - min over the others of D(a, n) + margin).");
COMPARE(class_info_nce, 2, classes_shape,
	"mean over rows i of logsumexp over j of S[i, j] - mean over its class of S[i, p], S = Z Z' / temperature, j, "
	"p "
	"other than i.");
