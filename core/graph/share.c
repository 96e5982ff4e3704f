#include "core/graph/share.h"

/* Numbers that are worth a piece of their own (a few us for a cheap activation or for rows that lie in memory), and the
 * most pieces. */
enum { PIECE_NUMBERS = 16384, PIECES_MOST = 16 };

static size_t choose_pieces(size_t rows, size_t width)
{
	size_t row = width < PIECE_NUMBERS ? width : PIECE_NUMBERS;
	size_t pieces = rows < (size_t)PIECES_MOST * PIECE_NUMBERS ? rows * row / PIECE_NUMBERS : PIECES_MOST;
	pieces = pieces < PIECES_MOST ? pieces : PIECES_MOST;
	return pieces < rows ? pieces : rows;
}

struct rows_pass {
	op_function *function;
	const struct op_call *call;
	size_t pieces, out_bytes, in_bytes[GRAPH_ARITY]; /* bytes of a row; 0: the input has no rows */
};

/* A piece: the call on its range of rows. */
static void run_rows(void *context, size_t index, size_t slot)
{
	const struct rows_pass *pass = context;
	struct op_call call = *pass->call;
	size_t first = index * call.rows / pass->pieces;
	(void)slot;
	call.rows = (index + 1) * call.rows / pass->pieces - first;
	call.executor = NULL;
	call.next = NULL;
	call.out = (char *)call.out + first * pass->out_bytes;
	call.d_out = call.d_out != NULL ? (char *)call.d_out + first * pass->out_bytes : NULL;
	for (size_t k = 0; k < GRAPH_ARITY; k++) {
		size_t offset = first * pass->in_bytes[k];
		call.in[k] = call.in[k] != NULL ? (const char *)call.in[k] + offset : NULL;
		call.d_in[k] = call.d_in[k] != NULL ? (char *)call.d_in[k] + offset : NULL;
	}
	pass->function(&call);
}

static void share_rows(op_function *function, const struct plan_step *step, const struct op_call *call, size_t element)
{
	struct rows_pass pass = { .function = function, .call = call };
	bool whole = call->executor == NULL || !step->op->by_rows;
	pass.pieces = whole ? 1 : choose_pieces(call->rows, shape_size(&step->shape[GRAPH_ARITY]));
	if (pass.pieces < 2) {
		function(call);
		return;
	}
	pass.out_bytes = shape_size(&step->shape[GRAPH_ARITY]) * element;
	for (size_t k = 0; k < step->op->arity; k++) {
		const struct shape *shape = &step->shape[k];
		size_t size = shape->classes != 0 ? sizeof(int32_t) : element;
		pass.in_bytes[k] = shape->rowed ? shape_size(shape) * size : 0;
	}
	call->executor->run(call->executor, pass.pieces, run_rows, &pass);
}

void share_forward(const struct plan_step *step, const struct op_call *call, size_t element)
{
	share_rows(step->forward, step, call, element);
}

void share_reverse(const struct plan_step *step, const struct op_call *call, size_t element)
{
	share_rows(step->reverse, step, call, element);
}

struct gather_pass {
	const struct plan *plan;
	size_t pieces, rows, width;
	const void *x;
	const uint32_t *index;
	char *out;
};

static void gather_piece(void *context, size_t index, size_t slot)
{
	const struct gather_pass *pass = context;
	const struct kernels *kernels = pass->plan->kernels;
	size_t first = index * pass->rows / pass->pieces, rows = (index + 1) * pass->rows / pass->pieces - first;
	void *out = pass->out + first * pass->width * pass->plan->element;
	(void)slot;
	if (pass->plan->dtype == DTYPE_FLOAT32) {
		kernels->gather_rows_f32(rows, pass->width, pass->x, pass->index + first, out);
	} else {
		kernels->gather_rows_f64(rows, pass->width, pass->x, pass->index + first, out);
	}
}

void share_gather(struct executor *executor, const struct plan *plan, size_t rows, size_t width, const void *x,
		  const uint32_t *index, void *out)
{
	struct gather_pass pass = { plan, 1, rows, width, x, index, out };
	pass.pieces = executor != NULL ? choose_pieces(rows, width) : 1;
	if (pass.pieces < 2) {
		pass.pieces = 1;
		gather_piece(&pass, 0, 0);
	} else {
		executor->run(executor, pass.pieces, gather_piece, &pass);
	}
}
