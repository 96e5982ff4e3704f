/* Element-wise activations y = f(x), whose derivative is known from y alone, so that they run in place. */
#include <string.h>

#include "core/base/dual.h"
#include "core/graph/ops/ops.h"

#define REAL_IS_FLOAT 1
#include "core/graph/ops/activation.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/activation.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/activation.inc.c"
#undef REAL_IS_DUAL

static enum status elementwise_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char text[128];
	if (!in[0].rowed || in[0].classes != 0) {
		return error_set(error, E_INVALID, "an activation takes rows of numbers, not %s",
				 shape_text(&in[0], text));
	}
	*out = in[0];
	return OK;
}

#define ACTIVATION(f, reads, text)                                                                                     \
	const struct graph_op op_##f = {                                                                               \
		.name = #f,                                                                                            \
		.doc = text,                                                                                           \
		.kind = OP_ROWS,                                                                                       \
		.arity = 1,                                                                                            \
		.reverse_reads = reads,                                                                                \
		.in_place = true,                                                                                      \
		.by_rows = true,                                                                                       \
		.shape = elementwise_shape,                                                                            \
		.forward = { f##_forward_f32, f##_forward_f64, f##_forward_dual },                                     \
		.reverse = { f##_reverse_f32, f##_reverse_f64, f##_reverse_dual },                                     \
	}

ACTIVATION(relu, READS_OUT, "y = max(x, 0), with derivative 0 at 0.");
ACTIVATION(tanh, READS_OUT, "y = tanh(x), dy/dx = 1 - y^2.");
ACTIVATION(sigmoid, READS_OUT, "y = 1 / (1 + exp(-x)), dy/dx = y (1 - y).");
ACTIVATION(identity, 0, "y = x.");
