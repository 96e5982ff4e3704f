#include "core/graph/share.h"

#include "core/graph/plan.h"

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

/* Images that convolutions take at once (core/kernels/conv_layout.h), and the most sums over rows to be added. */
enum { ROWS_AT_ONCE = 16, PARTS_MOST = 8 };

struct rows_pass {
	const struct plan *plan;
	op_function *function;
	const struct op_call *call;
	size_t pieces, unit;                                 /* rows are cut between whole units */
	size_t out_bytes, kept_bytes, in_bytes[GRAPH_ARITY]; /* bytes of a row; 0: the input has no rows */
	bool parts;                                          /* the function sums over the rows of a piece */
	size_t part[GRAPH_ARITY];                            /* where such a sum lies in the gradient of a lane */
};

static size_t first_row(const struct rows_pass *pass, size_t index)
{
	size_t units = (pass->call->rows - 1) / pass->unit + 1, row = index * units / pass->pieces * pass->unit;
	return row < pass->call->rows ? row : pass->call->rows;
}

/* Pieces but the first put their sums where a lane would have its gradient: there is one lane, without such memory. */
static void *part_of(const struct rows_pass *pass, size_t index, size_t k)
{
	return pass->plan->lane + (index - 1) * pass->plan->lane_bytes + pass->part[k];
}

/* A piece: the call on its range of rows. */
static void run_rows(void *context, size_t index, size_t slot)
{
	const struct rows_pass *pass = context;
	struct op_call call = *pass->call;
	size_t first = first_row(pass, index);
	call.rows = first_row(pass, index + 1) - first;
	call.first += first;
	call.executor = NULL;
	call.next = NULL;
	call.out = (char *)call.out + first * pass->out_bytes;
	call.d_out = call.d_out != NULL ? (char *)call.d_out + first * pass->out_bytes : NULL;
	call.kept = (char *)call.kept + first * pass->kept_bytes;
	call.scratch = pass->plan->slot[slot].memory + pass->plan->scratch_offset;
	for (size_t k = 0; k < GRAPH_ARITY; k++) {
		size_t offset = first * pass->in_bytes[k];
		call.in[k] = call.in[k] != NULL ? (const char *)call.in[k] + offset : NULL;
		call.d_in[k] = call.d_in[k] != NULL ? (char *)call.d_in[k] + offset : NULL;
		if (pass->parts && index > 0 && pass->in_bytes[k] == 0 && call.d_in[k] != NULL) {
			call.d_in[k] = part_of(pass, index, k);
			call.accumulate[k] = false;
		}
	}
	pass->function(&call);
}

/* The sums of the pieces 1.. added to that of the first, in order. */
static void add_parts(const struct rows_pass *pass, const struct plan_step *step)
{
	const struct plan *plan = pass->plan;
	for (size_t k = 0; k < step->op->arity; k++) {
		void *sum = pass->call->d_in[k];
		size_t numbers = shape_size(&step->shape[k]);
		for (size_t p = 1; p < pass->pieces && sum != NULL && pass->in_bytes[k] == 0; p++) {
			if (plan->numbers == NUMBERS_DUAL) {
				plan->kernels->add_dual(numbers, part_of(pass, p, k), sum);
			} else if (plan->dtype == DTYPE_FLOAT32) {
				plan->kernels->add_f32(numbers, part_of(pass, p, k), sum);
			} else {
				plan->kernels->add_f64(numbers, part_of(pass, p, k), sum);
			}
		}
	}
}

/* Sums need room, and an effort that is less than that of the rows. */
static void place_parts(struct rows_pass *pass, const struct plan_step *step)
{
	enum { LINE = 64 };
	const struct plan *plan = pass->plan;
	size_t bytes = 0, most = plan->lanes < PARTS_MOST ? plan->lanes : PARTS_MOST, numbers = 1;
	for (size_t k = 0; k < step->op->arity; k++) {
		if (pass->in_bytes[k] == 0) {
			pass->part[k] = bytes;
			numbers += shape_size(&step->shape[k]);
			bytes += (shape_size(&step->shape[k]) * plan->element + LINE - 1) / LINE * LINE;
		}
	}
	size_t worth = pass->call->rows * shape_size(&step->shape[GRAPH_ARITY]) / numbers;
	most = worth < most ? worth : most;
	most = bytes <= plan->lane_bytes ? most : 1;
	pass->pieces = pass->pieces < most ? pass->pieces : most;
}

static void measure_rows(struct rows_pass *pass, const struct plan_step *step)
{
	const size_t element = pass->plan->element;
	pass->out_bytes = shape_size(&step->shape[GRAPH_ARITY]) * element;
	pass->kept_bytes = step->memory.kept_row * element;
	for (size_t k = 0; k < step->op->arity; k++) {
		const struct shape *shape = &step->shape[k];
		size_t size = shape->classes != 0 ? sizeof(int32_t) : element;
		pass->in_bytes[k] = shape->rowed ? shape_size(shape) * size : 0;
	}
}

static void share_rows(const struct plan *plan, const struct plan_step *step, const struct op_call *call, bool reverse)
{
	struct executor *executor = call->executor;
	struct rows_pass pass = { .plan = plan,
				  .function = reverse ? step->reverse : step->forward,
				  .call = call,
				  .pieces = 1,
				  .unit = step->memory.scratch > 0 ? ROWS_AT_ONCE : 1,
				  .parts = reverse && step->op->by_parts };
	if (executor != NULL && (step->op->by_rows || step->op->by_parts)) {
		size_t units = (call->rows - 1) / pass.unit + 1;
		pass.pieces = choose_pieces(call->rows, shape_size(&step->shape[GRAPH_ARITY]));
		pass.pieces = pass.pieces < units ? pass.pieces : units;
		measure_rows(&pass, step);
	}
	if (pass.parts && pass.pieces > 1) {
		place_parts(&pass, step);
	}
	if (pass.pieces < 2) {
		pass.function(call);
		return;
	}
	if (executor->slots <= plan->slots) {
		executor->run(executor, pass.pieces, run_rows, &pass);
	} else { /* more threads than there is memory for */
		for (size_t i = 0; i < pass.pieces; i++) {
			run_rows(&pass, i, 0);
		}
	}
	if (pass.parts) {
		add_parts(&pass, step);
	}
}

void share_forward(const struct plan *plan, const struct plan_step *step, const struct op_call *call)
{
	share_rows(plan, step, call, false);
}

void share_reverse(const struct plan *plan, const struct plan_step *step, const struct op_call *call)
{
	share_rows(plan, step, call, true);
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
