/* Small batches in phases: which plans may be run so, and the phases of a block. See split.h. */
#include "core/graph/split.h"

#include <string.h>

#include "core/graph/wide.h"

/* The most weights of all that is not wide: each range of rows has gradients of its own for them. */
enum { NARROW_NUMBERS = 1 << 15 };
/* Rows of a block, and bytes: its X and the outputs of its layers are to stay in the caches. */
enum { SPLIT_ROWS = 256, SPLIT_BYTES = 8 * 1024 * 1024 };
enum { RANGE_ROWS = 32, LINE = 64 };

size_t split_ranges(size_t rows)
{
	const size_t ranges = rows / RANGE_ROWS;
	return ranges < 1 ? 1 : ranges > PLAN_RANGES ? PLAN_RANGES : ranges;
}

/* --- planning --- */

static size_t count_readers(const struct plan *plan, size_t place)
{
	size_t readers = 0;
	for (size_t s = 0; s < plan->steps; s++) {
		for (size_t k = 0; k < plan->step[s].op->arity; k++) {
			readers += plan->step[s].in[k] == place;
		}
	}
	return readers;
}

/* Whether every step may be run on ranges of rows, and each parameter is read once: what two steps read would be added
 * up in two places. */
static bool is_divisible(const struct plan *plan)
{
	if (plan->couples || plan->buffers > 0 || plan->numbers == NUMBERS_DUAL) {
		return false;
	}
	for (size_t p = 0; p < plan->parameters; p++) {
		if (count_readers(plan, plan->parameter[p].value) > 1) {
			return false;
		}
	}
	for (size_t s = 0; s < plan->steps; s++) {
		const struct plan_step *step = &plan->step[s];
		if (step->op->couples || step->memory.scratch > 0 || step->memory.kept > 0) {
			return false;
		}
	}
	return true;
}

/* The first input that may be a narrow parameter. */
static size_t first_narrow(const struct plan_step *step)
{
	return step->wide ? 2 : 0;
}

/* Gives narrow parameters their places in the gradient of a range. SIZE_MAX: they are too many. */
static size_t place_narrow(struct plan *plan)
{
	size_t numbers = 0;
	for (size_t s = 0; s < plan->steps; s++) {
		struct plan_step *step = &plan->step[s];
		for (size_t k = first_narrow(step); k < step->op->arity; k++) {
			const size_t size = step->parameter[k] ? shape_size(&step->shape[k]) : 0;
			if (size > NARROW_NUMBERS || numbers > NARROW_NUMBERS) {
				return SIZE_MAX;
			}
			step->part[k] = numbers * plan->element;
			numbers += (size + LINE - 1) / LINE * LINE;
		}
	}
	return numbers;
}

bool split_choose(struct plan *plan, size_t row_bytes)
{
	size_t wide = 0, rows = SPLIT_ROWS;
	while (rows > RANGE_ROWS && row_bytes > SPLIT_BYTES / rows) {
		rows /= 2;
	}
	if (!is_divisible(plan)) {
		return true;
	}
	for (size_t s = 0; s < plan->steps; s++) {
		struct plan_step *step = &plan->step[s];
		size_t bytes = 0;
		step->wide = wide_is(step);
		if (step->wide && !wide_bytes(step, rows, plan->element, &bytes)) {
			return false;
		}
		wide += step->wide;
		plan->product_bytes = bytes > plan->product_bytes ? bytes : plan->product_bytes;
		plan->split_apart |= wide_is_apart(step) && count_readers(plan, plan->features_place) == 1;
	}
	const size_t narrow = place_narrow(plan);
	plan->split = wide > 0 && narrow != SIZE_MAX && row_bytes <= SPLIT_BYTES / rows;
	plan->split_rows = plan->split ? rows : 0;
	plan->part_bytes = plan->split ? narrow * plan->element : 0;
	plan->product_bytes = plan->split ? plan->product_bytes : 0;
	return true;
}

/* --- what works by rows --- */

/* The steps begin..end-1 of a phase on ranges of rows: forward, backward or both. */
struct rows_pass {
	const struct run *run;
	const struct wide *wide; /* what the phase begins with; NULL: no product */
	size_t begin, end, rows, first, ranges;
	bool forward, reverse, later;
};

/* The gradient of a narrow parameter: the first range writes where it belongs. */
static void *part_of(const struct plan *plan, const struct plan_step *step, size_t range, size_t k, void *gradient)
{
	if (range == 0 || gradient == NULL) {
		return gradient;
	}
	return plan->part + (range - 1) * plan->part_bytes + step->part[k];
}

/* The call of a step on the rows top..top+rows-1 of the block. */
static struct op_call call_on(const struct rows_pass *pass, const struct plan_step *step, size_t range, size_t top,
			      size_t rows)
{
	const struct plan *plan = pass->run->plan;
	const struct shape *result = &step->shape[GRAPH_ARITY];
	const size_t out = result->rowed ? top * shape_size(result) * plan->element : 0;
	struct op_call call = run_start_call(pass->run, &plan->slot[0]);
	run_bind_step(&call, step, &plan->slot[0], pass->later);
	call.executor = NULL;
	call.rows = rows;
	call.first = pass->first + top;
	call.out = call.out != NULL ? (char *)call.out + out : NULL;
	call.d_out = call.d_out != NULL ? (char *)call.d_out + out : NULL;
	call.kept = (char *)call.kept + top * step->memory.kept_row * plan->element;
	for (size_t k = 0; k < step->op->arity; k++) {
		const struct shape *shape = &step->shape[k];
		const size_t bytes = shape->classes != 0 ? sizeof(int32_t) : plan->element;
		const size_t offset = shape->rowed ? top * shape_size(shape) * bytes : 0;
		call.in[k] = call.in[k] != NULL ? (const char *)call.in[k] + offset : NULL;
		call.d_in[k] = call.d_in[k] != NULL ? (char *)call.d_in[k] + offset : NULL;
		call.d_in[k] = step->parameter[k] ? part_of(plan, step, range, k, call.d_in[k]) : call.d_in[k];
	}
	return call;
}

static void range_forward(const struct rows_pass *pass, size_t range, size_t top, size_t rows)
{
	const struct plan *plan = pass->run->plan;
	if (pass->wide != NULL) {
		wide_sum(pass->wide, top, rows);
	}
	for (size_t s = pass->begin; s < pass->end; s++) {
		const struct plan_step *step = &plan->step[s];
		struct op_call call = call_on(pass, step, range, top, rows);
		if (step->op->kind == OP_MEAN) {
			run_bind_mean(pass->run, step, plan->sum + range * plan->lane_sums, &call);
		}
		step->forward(&call);
	}
}

static void range_reverse(const struct rows_pass *pass, size_t range, size_t top, size_t rows)
{
	const struct plan *plan = pass->run->plan;
	for (size_t s = pass->end; s-- > pass->begin;) {
		const struct plan_step *step = &plan->step[s];
		if (step->reverse != NULL) {
			struct op_call call = call_on(pass, step, range, top, rows);
			step->reverse(&call);
		}
	}
	const struct wide *wide = pass->wide;
	if (wide != NULL && wide->step->op->arity > 2 && wide->call.d_in[2] != NULL) {
		wide_bias(wide, top, rows, wide->call.accumulate[2],
			  part_of(plan, wide->step, range, 2, wide->call.d_in[2]));
	}
}

static void rows_piece(void *context, size_t range, size_t slot)
{
	const struct rows_pass *pass = context;
	const size_t top = range * pass->rows / pass->ranges, bottom = (range + 1) * pass->rows / pass->ranges;
	(void)slot;
	if (bottom > top && pass->forward) {
		range_forward(pass, range, top, bottom - top);
	}
	if (bottom > top && pass->reverse) {
		range_reverse(pass, range, top, bottom - top);
	}
}

/* --- a block --- */

/* The phase of steps begin..end-1, in the directions that `pass` says. */
static void run_phase(struct rows_pass *pass, size_t begin, size_t end)
{
	const struct run *run = pass->run;
	const struct plan_step *step = &run->plan->step[begin];
	struct wide wide = { 0 };
	if (step->wide) {
		wide = wide_start(run, step, pass->rows, pass->later);
	}
	pass->wide = step->wide ? &wide : NULL;
	pass->begin = begin + step->wide;
	pass->end = end;
	if (step->wide && pass->forward) {
		wide_forward(&wide);
	}
	if (pass->ranges > 1) {
		run->executor->run(run->executor, pass->ranges, rows_piece, pass);
	} else {
		rows_piece(pass, 0, 0);
	}
	if (step->wide && pass->reverse) {
		wide_reverse(&wide);
	}
}

static size_t phase_end(const struct plan *plan, size_t begin)
{
	size_t end = begin + 1;
	while (end < plan->steps && !plan->step[end].wide) {
		end++;
	}
	return end;
}

static size_t phase_begin(const struct plan *plan, size_t end)
{
	size_t begin = end - 1;
	while (begin > 0 && !plan->step[begin].wide) {
		begin--;
	}
	return begin;
}

void split_block(const struct run *run, size_t rows, size_t first, bool later)
{
	const struct plan *plan = run->plan;
	const bool back = run->gradient != NULL;
	struct rows_pass pass = { .run = run, .rows = rows, .first = first, .forward = true, .later = later };
	pass.ranges = split_ranges(run->block_rows);
	size_t begin = 0, end = phase_end(plan, 0);
	for (; end < plan->steps; begin = end, end = phase_end(plan, begin)) {
		run_phase(&pass, begin, end);
	}
	pass.reverse = back;
	run_phase(&pass, begin, end);
	pass.forward = false;
	while (back && begin > 0) {
		end = begin;
		begin = phase_begin(plan, end);
		run_phase(&pass, begin, end);
	}
}

void split_finish(const struct run *run)
{
	const struct plan *plan = run->plan;
	for (size_t s = 0; s < plan->steps && run->gradient != NULL; s++) {
		const struct plan_step *step = &plan->step[s];
		for (size_t k = first_narrow(step); k < step->op->arity; k++) {
			void *sum = step->parameter[k] ? plan->slot[0].gradient[step->d_in[k]] : NULL;
			const size_t numbers = shape_size(&step->shape[k]);
			for (size_t range = 1; range < run->sums && sum != NULL; range++) {
				const void *from = part_of(plan, step, range, k, sum);
				if (plan->dtype == DTYPE_FLOAT32) {
					plan->kernels->add_f32(numbers, from, sum);
				} else {
					plan->kernels->add_f64(numbers, from, sum);
				}
			}
		}
	}
}
