/*
 * Dropout (Srivastava et al. 2014): while training a number is 0 with probability p, else divided by 1 - p; in
 * evaluation nothing happens. What is dropped is drawn from counters: (seed, step, layer, place in the batch), so it is
 * the same on any thread and after any interruption.
 */
#include <math.h>
#include <string.h>

#include "core/base/random.h"
#include "core/base/dual.h"
#include "core/graph/ops/channel.h"
#include "core/graph/ops/ops.h"

enum { PROBABILITY, LAYER };
/* Layers are told apart by the upper bits of the counter, which leaves 2^44 blocks of four numbers to each. */
enum { LAYER_BITS = 44 };

#define REAL_IS_FLOAT 1
#include "core/graph/ops/dropout.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/dropout.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/dropout.inc.c"
#undef REAL_IS_DUAL

static enum status dropout_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char text[128];
	if (!channels_fit(&in[0])) {
		return error_set(error, E_INVALID, "dropout takes rows of numbers, not %s", shape_text(&in[0], text));
	}
	*out = in[0];
	return OK;
}

/* The factor of each number. */
static bool dropout_memory(const struct shape *shape, const double *attribute, struct op_memory *memory)
{
	memory->kept_row = attribute[PROBABILITY] > 0 ? shape_size(&shape[0]) : 0;
	return true;
}

const struct graph_op op_dropout = {
	.name = "dropout",
	.doc = "While training y = 0 with probability p, else x / (1 - p); in evaluation y = x.",
	.kind = OP_ROWS,
	.arity = 1,
	.in_place = true,
	.by_rows = true,
	.memory = dropout_memory,
	.shape = dropout_shape,
	.forward = { dropout_forward_f32, dropout_forward_f64, dropout_forward_dual },
	.reverse = { dropout_reverse_f32, dropout_reverse_f64, dropout_reverse_dual },
};
