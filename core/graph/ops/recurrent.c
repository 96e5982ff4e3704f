/*
 * Recurrent cells, unrolled over the steps of a row inside one operation; backward through time (Werbos 1990,
 * Backpropagation through time: what it does and how to do it).
 *
 *   in[0] = Z [rows, steps, gates units]: what the inputs give to the gates, W_ih x + b_ih of every step
 *           (affine_steps)
 *   in[1] = W [gates units, units], recurrent weights, in[2] = b [gates units]: a = W h + b
 *   out   = h of each step [rows, steps, units], or of the last [rows, units]
 *
 * The gates are torch's, f is the activation (tanh):
 *   rnn    h = f(z + a)
 *   gru    r = sigmoid(z_r + a_r), u = sigmoid(z_u + a_u), n = f(z_n + r a_n), h = (1 - u) n + u h
 *   lstm   i, v, o = sigmoid(z + a), g = f(z_g + a_g), c = v c + i g, h = o f(c); in the order i, v, g, o
 * (Elman 1990; Cho et al. 2014, whose reset gate stands before the product: here it stands behind it, as in cuDNN;
 * Hochreiter, Schmidhuber 1997 with the forget gate of Gers, Schmidhuber, Cummins 2000.)
 *
 * What is kept lies step by step, [steps, rows, ...], so that each step is one product for all rows, and the gradient
 * by W one for all steps.
 */
#include "core/graph/ops/recurrent.h"

#include <string.h>

#include "core/base/size.h"
#include "core/graph/ops/ops.h"
#include "core/kernels/dual.h"
#include "core/kernels/gemm.h"

enum cell { CELL_RNN = 1, CELL_GRU = 3, CELL_LSTM = 4 }; /* by the number of gates */

struct sequence {
	enum cell cell;
	enum recurrent_activation activation;
	bool each;                        /* the result has every step */
	size_t rows, steps, units, gates; /* gates: numbers of all gates */
};

static struct sequence sequence_of(const struct op_call *call)
{
	const size_t *extent = call->shape[0].extent, units = call->shape[1].extent[1];
	return (struct sequence){ .cell = (enum cell)(extent[1] / units),
				  .activation = (enum recurrent_activation)call->attribute[RECURRENT_ACTIVATION],
				  .each = call->attribute[RECURRENT_SEQUENCES] != 0,
				  .rows = call->rows,
				  .steps = extent[0],
				  .units = units,
				  .gates = extent[1] };
}

#define REAL_IS_FLOAT 1
#include "core/graph/ops/recurrent.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/recurrent.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/recurrent.inc.c"
#undef REAL_IS_DUAL

static enum status check(const char *name, enum cell cell, const struct shape *in, const double *attribute,
			 struct shape *out, struct error *error)
{
	char a[128], b[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 2 || in[1].rowed || in[1].rank != 2 ||
	    in[1].extent[0] != in[0].extent[1] || in[1].extent[0] / (size_t)cell != in[1].extent[1] ||
	    in[1].extent[0] % (size_t)cell != 0 || in[2].rowed || in[2].rank != 1 ||
	    in[2].extent[0] != in[1].extent[0]) {
		return error_set(error, E_INVALID, "%s: gates %s and recurrent weights %s do not fit", name,
				 shape_text(&in[0], a), shape_text(&in[1], b));
	}
	const size_t units = in[1].extent[1];
	*out = (struct shape){ .rowed = true, .rank = 1, .extent = { units } };
	if (attribute[RECURRENT_SEQUENCES] != 0) {
		*out = (struct shape){ .rowed = true, .rank = 2, .extent = { in[0].extent[0], units } };
	}
	return OK;
}

/* h, and of lstm c, before and after every step; the gates (of gru a_n too); two rows of work. */
static bool recurrent_memory(const struct shape *shape, const double *attribute, struct op_memory *memory)
{
	const size_t steps = shape[0].extent[0], gates = shape[0].extent[1], units = shape[1].extent[1];
	size_t states = gates == (size_t)CELL_LSTM * units ? 2 : 1, width, all, work;
	(void)attribute;
	bool fits = size_multiply(states + (gates == (size_t)CELL_GRU * units), units, &width) &&
		    size_add(width, gates, &width) && size_multiply(steps, width, &all) &&
		    size_multiply(2 * states, units, &work) && size_add(all, work, &memory->kept_row);
	memory->scratch = gates; /* one row of them */
	return fits;
}

void recurrent_forward(enum dtype dtype, const struct op_call *call, const struct recurrent_state *state)
{
	if (dtype == DTYPE_FLOAT32) {
		sequence_forward_f32(call, state);
	} else {
		sequence_forward_f64(call, state);
	}
}

void recurrent_reverse(enum dtype dtype, const struct op_call *call, const struct recurrent_state *state)
{
	if (dtype == DTYPE_FLOAT32) {
		sequence_reverse_f32(call, state);
	} else {
		sequence_reverse_f64(call, state);
	}
}

#define CELL(cell, CELL, text)                                                                                         \
	static enum status cell##_shape(const struct shape *in, const double *attribute, struct shape *out,            \
					struct error *error)                                                           \
	{                                                                                                              \
		return check(#cell, CELL, in, attribute, out, error);                                                  \
	}                                                                                                              \
	const struct graph_op op_##cell = {                                                                            \
		.name = #cell,                                                                                         \
		.doc = text,                                                                                           \
		.kind = OP_ROWS,                                                                                       \
		.arity = 3,                                                                                            \
		.reverse_reads = READS_IN_1,                                                                           \
		.memory = recurrent_memory,                                                                            \
		.shape_with = cell##_shape,                                                                            \
		.forward = { from_zeros_forward_f32, from_zeros_forward_f64, from_zeros_forward_dual },                \
		.reverse = { from_zeros_reverse_f32, from_zeros_reverse_f64, from_zeros_reverse_dual },                \
	}

CELL(rnn, CELL_RNN, "h = f(z + W h + b), step by step.");
CELL(gru, CELL_GRU, "r, u = sigmoid(z + a), n = f(z_n + r a_n), h = (1 - u) n + u h, a = W h + b, step by step.");
CELL(lstm, CELL_LSTM,
     "i, v, o = sigmoid(z + a), g = f(z_g + a_g), c = v c + i g, h = o f(c), a = W h + b, step by step.");
