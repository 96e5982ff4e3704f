/*
 * Worker of program.c and product.c: runs a program in one kind of numbers. What runs plain steps and blocks of rows is
 * in run_plain.inc.c and run_rows.inc.c; here is who calls them: lanes, seeds, sums, predictions.
 *
 * Slot 0's tables serve what is computed on the calling thread: the plain parts, and rows that run whole.
 */
#include "core/base/real.h"
#include "core/tensor/real_math.h"

/* One evaluation; shared by its pieces, which write only their own lane or slot, and `cancelled`. */
struct NAME(run) {
	struct program *program;
	const struct batch *batch;
	struct executor *executor;
	bool back;
	size_t block_rows, blocks, lanes;
	REAL *outputs;
	atomic_bool cancelled;
};

/* What a sum over the rows is multiplied by: fair for mini-batches. */
static double NAME(crossing_scale)(const struct step *step, const struct batch *batch)
{
	double count = (double)batch->count;
	if (step->op == TENSOR_MEAN_ROWS) {
		return batch->sum ? 1 : 1 / count;
	}
	return (double)batch->data->rows / count;
}

static WIDE *NAME(sums)(const struct program *program, size_t lane)
{
	return (WIDE *)program->sum + lane * program->sums;
}

/* Where the slopes of a step in a slot's rows are kept. */
static void *NAME(kept)(const struct program *program, const struct program_slot *slot, const struct step *step)
{
	return step->kept == SIZE_MAX ? NULL : slot->rows + step->kept * program->block_rows * program->element;
}

/* The first contribution to a gradient finds zeros, or writes. */
static void NAME(clear_first)(struct tensor_call *call)
{
	const struct step *step = call->step;
	const bool writes = step->op == TENSOR_SUM_ROWS || step->op == TENSOR_MEAN_ROWS || call->kept != NULL;
	call->first = writes ? step->first & 1 : 0;
	for (size_t k = 0; k < 3; k++) {
		if (((step->first & ~call->first) >> k & 1) != 0) {
			const size_t rows = step->form->shape[k].rowed ? call->rows : 1;
			const size_t n = call->count > 0 ? call->count : shape_size(&step->form->shape[k]) * rows;
			memset(call->d_in[k], 0, n * sizeof(REAL));
		}
	}
}

static void NAME(bind)(const struct program_slot *slot, const struct step *step, struct tensor_call *call)
{
	call->step = step;
	for (size_t k = 0; k < 3; k++) {
		call->in[k] = slot->value[step->in[k]];
		call->d_in[k] = step->wants >> k & 1 ? slot->gradient[step->in[k]] : NULL;
	}
	call->kept = NULL;
	call->first = 0;
	call->out = slot->value[step->out];
	call->d_out = slot->gradient[step->out];
}

/* Of weights added up: their mean; 1 where nothing is averaged; where all are 0 infinity, which makes a mean of 0. */
static REAL NAME(mean_weight)(WIDE sum, const struct batch *batch)
{
	return batch->sum ? 1 : RE(sum) == 0 ? (REAL)INFINITY : (REAL)(sum / (double)batch->count);
}

#include "core/tensor/run_plain.inc.c"
#include "core/tensor/run_rows.inc.c"

/* A piece: the weights of one lane's rows, added up; their steps alone. */
static void NAME(weigh_lane)(void *context, size_t lane, size_t slot_index)
{
	struct NAME(run) *run = context;
	const struct program *program = run->program;
	const struct program_slot *slot = &program->slot[slot_index];
	const struct step *begin = program->step + program->constants + program->before, *end = begin + program->middle;
	WIDE *sums = NAME(sums)(program, lane);
	memset(sums, 0, program->sums * sizeof *sums);
	const size_t last = (lane + 1) * run->blocks / run->lanes;
	for (size_t b = lane * run->blocks / run->lanes; b < last; b++) {
		const size_t first = b * run->block_rows, left = run->batch->count - first;
		struct tensor_call call = { .program = program,
					    .rows = left < run->block_rows ? left : run->block_rows };
		if (executor_stopped(run->executor)) {
			atomic_store_explicit(&run->cancelled, true, memory_order_relaxed);
			return;
		}
		NAME(bind_rows)(run, slot, program->weight_leaves, first, call.rows);
		for (const struct step *step = begin; step < end; step++) {
			if (step->weighs) {
				NAME(bind)(slot, step, &call);
				call.sum = sums + step->sum;
				call.out = step->op == TENSOR_WEIGHT_ROWS ? NULL : call.out;
				program->operations->NAME(forward)(&call);
			}
		}
	}
}

/* The mean weights of the batch's rows, before anything is known of the rows. */
static void NAME(weigh)(struct NAME(run) * run)
{
	struct program *program = run->program;
	REAL *m = (REAL *)(void *)program->plain;
	const struct step *step = program->step + program->constants + program->before, *end = step + program->middle;
	if (!program->weighs) {
		return;
	}
	if (run->lanes == 1) {
		NAME(weigh_lane)(run, 0, 0);
	} else {
		run->executor->run(run->executor, run->lanes, NAME(weigh_lane), run);
	}
	for (; step < end; step++) {
		WIDE sum = 0;
		for (size_t lane = 0; step->op == TENSOR_WEIGHT_ROWS && lane < run->lanes; lane++) {
			sum += NAME(sums)(program, lane)[step->sum];
		}
		if (step->op == TENSOR_WEIGHT_ROWS) {
			m[step->at[3]] = NAME(mean_weight)(sum, run->batch);
		}
	}
}

/* A piece: the blocks of one lane, in order. */
static void NAME(run_lane)(void *context, size_t lane, size_t slot_index)
{
	struct NAME(run) *run = context;
	struct program *program = run->program;
	const struct program_slot *slot = &program->slot[slot_index];
	WIDE *sums = NAME(sums)(program, lane);
	assert(slot_index < program->slots);
	memset(sums, 0, program->sums * sizeof *sums);
	NAME(bind_lane)(program, slot, lane);
	const size_t end = (lane + 1) * run->blocks / run->lanes;
	for (size_t b = lane * run->blocks / run->lanes; b < end; b++) {
		if (executor_stopped(run->executor)) {
			atomic_store_explicit(&run->cancelled, true, memory_order_relaxed);
			return;
		}
		size_t first = b * run->block_rows, left = run->batch->count - first;
		size_t rows = left < run->block_rows ? left : run->block_rows;
		NAME(bind_rows)(run, slot, program->leaves, first, rows);
		const bool ahead = program->ahead && b + 1 < run->blocks && run->batch->index == NULL;
		size_t at = (run->batch->first + first + rows) * run->batch->data->features;
		NAME(run_block)(run, slot, rows, sums, ahead ? (const REAL *)run->batch->data->x + at : NULL);
	}
}

static void NAME(cut)(struct NAME(run) * run)
{
	const struct program *program = run->program;
	size_t rows = run->batch->count, blocks = (rows - 1) / program->block_rows + 1;
	run->block_rows = ((rows - 1) / blocks + BLOCK_UNIT) / BLOCK_UNIT * BLOCK_UNIT; /* full registers */
	run->block_rows = run->block_rows < program->block_rows ? run->block_rows : program->block_rows;
	run->blocks = (rows - 1) / run->block_rows + 1;
	size_t lanes = program->lane_rows == 0 ? 1 : rows / program->lane_rows;
	lanes = lanes < 1 ? 1 : lanes > program->lanes ? program->lanes : lanes;
	run->lanes = lanes < run->blocks ? lanes : run->blocks;
}

static void NAME(seed_root)(struct program *program)
{
	if (program->wanted[program->root]) {
		((REAL *)(void *)program->gradient)[program->offset[program->root]] = 1;
	}
}

/* What flows into each sum over rows: the last part with zeros for the sums, and backward. False: stopped. */
static bool NAME(find_seeds)(struct program *program, const struct executor *executor, size_t begin, size_t end)
{
	REAL *m = (REAL *)(void *)program->plain, *g = (REAL *)(void *)program->gradient;
	REAL *seed = (REAL *)(void *)program->seed;
	const struct step *middle = program->step + program->constants + program->before;
	for (const struct step *step = middle; step < middle + program->middle; step++) {
		if (!step->form->shape[3].rowed && step->op != TENSOR_WEIGHT_ROWS) {
			memset(m + step->at[3], 0, shape_size(&step->form->shape[3]) * sizeof *m);
		}
	}
	memset(g, 0, program->plain_gradient_size * sizeof *g);
	if (!NAME(run_plain)(program, executor, begin, end, 0, 0)) {
		return false;
	}
	NAME(seed_root)(program);
	if (!NAME(reverse_plain)(program, executor, begin, end, 0, 0)) {
		return false;
	}
	for (const struct step *step = middle; step < middle + program->middle; step++) {
		if (!step->form->shape[3].rowed) {
			memcpy(seed + step->sum, g + step->at[3], shape_size(&step->form->shape[3]) * sizeof *g);
		}
	}
	return true;
}

/* The true sums, and the gradients of all lanes in the first one's. */
static void NAME(add_lanes)(struct NAME(run) * run)
{
	struct program *program = run->program;
	REAL *m = (REAL *)(void *)program->plain;
	const struct step *middle = program->step + program->constants + program->before;
	for (const struct step *step = middle; step < middle + program->middle; step++) {
		const bool added = !step->form->shape[3].rowed && step->op != TENSOR_WEIGHT_ROWS;
		for (size_t j = 0; added && j < shape_size(&step->form->shape[3]); j++) {
			WIDE sum = 0;
			for (size_t lane = 0; lane < run->lanes; lane++) {
				sum += NAME(sums)(program, lane)[step->sum + j];
			}
			m[step->at[3] + j] = (REAL)(sum * NAME(crossing_scale)(step, run->batch));
		}
	}
	for (size_t lane = 1; run->back && lane < run->lanes; lane++) {
		const char *from = program->lane_gradient + (lane - 1) * program->plain_gradient_size * sizeof *m;
		program->kernels->NAME(add)(program->plain_gradient_size, (const REAL *)(const void *)from,
					    (REAL *)(void *)program->gradient);
	}
}

/* What is computed of the sums over rows, backward, and then what lies before the rows. False: stopped. */
static bool NAME(reverse_around_rows)(struct program *program, const struct executor *executor, size_t begin,
				      size_t end)
{
	const struct program_slot *slot = &program->slot[0];
	for (size_t i = 0; i < program->boundaries; i++) { /* slot 0 ran some lane, perhaps not the first */
		unsigned node = program->boundary[i];
		slot->gradient[node] = program->gradient + program->offset[node] * program->element;
	}
	NAME(seed_root)(program);
	return NAME(reverse_plain)(program, executor, begin, end, 0, 0) &&
	       NAME(reverse_plain)(program, executor, program->constants, program->constants + program->before, 0, 0);
}

static enum status NAME(evaluate_blocks)(struct NAME(run) * run, struct executor *executor)
{
	struct program *program = run->program;
	size_t begin = program->constants + program->before + program->middle, end = begin + program->after;
	NAME(cut)(run);
	NAME(weigh)(run);
	if (atomic_load_explicit(&run->cancelled, memory_order_relaxed)) {
		return E_CANCELLED;
	}
	if (run->back && !NAME(find_seeds)(program, executor, begin, end)) {
		return E_CANCELLED;
	}
	if (run->lanes == 1) {
		NAME(run_lane)(run, 0, 0);
	} else {
		executor->run(executor, run->lanes, NAME(run_lane), run);
	}
	if (atomic_load_explicit(&run->cancelled, memory_order_relaxed)) {
		return E_CANCELLED;
	}
	NAME(add_lanes)(run);
	if (!NAME(run_plain)(program, executor, begin, end, 0, 0)) {
		return E_CANCELLED;
	}
	return !run->back || NAME(reverse_around_rows)(program, executor, begin, end) ? OK : E_CANCELLED;
}

/* The root's value and the gradient, in plain memory, at the theta that lies there. */
static enum status NAME(compute)(struct NAME(run) * run)
{
	struct program *program = run->program;
	const struct batch *batch = run->batch;
	REAL *g = (REAL *)(void *)program->gradient;
	size_t begin = program->constants, end = begin + program->before;
	bool blocks = program->rowed && !program->coupled;
	size_t rows = program->coupled ? batch->count : 0;
	double share = program->coupled ? (double)batch->data->rows / (double)batch->count : 0;
	if (program->whole_rows > 0 && rows != program->whole_rows) {
		return E_INVALID;
	}
	if (program->coupled) {
		assert(rows <= program->most_rows);
		NAME(bind_rows)(run, &program->slot[0], program->leaves, 0, rows);
	}
	if (!NAME(run_plain)(program, run->executor, begin, end, rows, share)) {
		return E_CANCELLED;
	}
	if (blocks) {
		return NAME(evaluate_blocks)(run, run->executor);
	}
	if (run->back) {
		memset(g, 0, program->plain_gradient_size * sizeof *g);
		NAME(seed_root)(program);
		return NAME(reverse_plain)(program, run->executor, begin, end, rows, share) ? OK : E_CANCELLED;
	}
	return OK;
}

#ifndef REAL_IS_DUAL
static enum status NAME(evaluate)(struct program *program, const void *theta, const struct batch *batch,
				  struct executor *executor, double *value, void *gradient)
{
	struct NAME(run) run = { .program = program, .batch = batch, .executor = executor, .back = gradient != NULL };
	REAL *m = (REAL *)(void *)program->plain;
	memcpy(m, theta, program->n * sizeof *m);
	const enum status status = NAME(compute)(&run);
	if (status == OK && gradient != NULL) {
		memcpy(gradient, program->gradient, program->n * sizeof *m);
	}
	if (status == OK && value != NULL) {
		*value = (double)m[program->offset[program->root]];
	}
	return status;
}

/* A piece: the outputs of one block. */
static void NAME(predict_block)(void *context, size_t block, size_t slot_index)
{
	struct NAME(run) *run = context;
	struct program *program = run->program;
	const struct program_slot *slot = &program->slot[slot_index];
	if (executor_stopped(run->executor)) {
		atomic_store_explicit(&run->cancelled, true, memory_order_relaxed);
		return;
	}
	size_t first = block * run->block_rows, left = run->batch->count - first;
	struct tensor_call call = { .program = program, .rows = left < run->block_rows ? left : run->block_rows };
	NAME(bind_rows)(run, slot, program->leaves, first, call.rows);
	const size_t steps = program->constants + program->before + program->middle, width = program->output_width;
	for (size_t s = program->constants; s < steps; s++) {
		const struct step *step = &program->step[s];
		if (step->for_output && step->form->shape[3].rowed) {
			NAME(bind)(slot, step, &call);
			program->operations->NAME(forward)(&call);
		}
	}
	memcpy(run->outputs + first * width, slot->value[program->output], call.rows * width * sizeof(REAL));
}

static enum status NAME(predict)(struct program *program, const void *theta, const struct batch *batch,
				 struct executor *executor, void *outputs)
{
	struct NAME(run) run = { .program = program, .batch = batch, .executor = executor, .outputs = outputs };
	REAL *m = (REAL *)(void *)program->plain;
	memcpy(m, theta, program->n * sizeof *m);
	for (size_t s = program->constants; s < program->constants + program->before; s++) {
		if (program->step[s].for_output && !program->step[s].form->shape[3].rowed &&
		    !NAME(run_plain)(program, executor, s, s + 1, 0, 0)) {
			return E_CANCELLED;
		}
	}
	NAME(cut)(&run);
	if (run.blocks == 1 || program->coupled) { /* rows that run whole have one slot */
		for (size_t block = 0; block < run.blocks; block++) {
			NAME(predict_block)(&run, block, 0);
		}
	} else {
		executor->run(executor, run.blocks, NAME(predict_block), &run);
	}
	return atomic_load_explicit(&run.cancelled, memory_order_relaxed) ? E_CANCELLED : OK;
}
#endif
