/*
 * Worker of program.c: runs a program in one precision.
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

static void NAME(bind)(const struct program *program, const struct program_slot *slot, const struct step *step,
		       struct tensor_call *call)
{
	(void)program;
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

/* A number computed of numbers. */
static inline void NAME(scalar_forward)(const struct step *step, REAL *m)
{
	const REAL a = m[step->at[0]], b = m[step->at[1]], c = m[step->at[2]];
	REAL *y = &m[step->at[3]];
	(void)c;
	switch ((int)step->op) {
#define CASE(name, arity, value, da, db, dc)                                                                           \
	case TENSOR_##name:                                                                                            \
		*y = ELEMENT_VALUE(name, value);                                                                       \
		break;
		ELEMENTS(CASE)
#undef CASE
	default:
		assert(false);
	}
}

static inline void NAME(scalar_reverse)(const struct step *step, const REAL *m, REAL *g)
{
	const REAL a = m[step->at[0]], b = m[step->at[1]], c = m[step->at[2]], y = m[step->at[3]];
	const REAL d = g[step->at[3]];
	const unsigned wants = step->wants;
	(void)c, (void)y;
	if (d == 0) { /* as in element.inc.c */
		return;
	}
	switch ((int)step->op) {
#define CASE(name, arity, value, da, db, dc)                                                                           \
	case TENSOR_##name:                                                                                            \
		if (wants & 1) {                                                                                       \
			g[step->at[0]] += d * (da);                                                                    \
		}                                                                                                      \
		if (arity > 1 && wants & 2) {                                                                          \
			g[step->at[1]] += d * (db);                                                                    \
		}                                                                                                      \
		if (arity > 2 && wants & 4) {                                                                          \
			g[step->at[2]] += d * (dc);                                                                    \
		}                                                                                                      \
		break;
		ELEMENTS(CASE)
#undef CASE
	default:
		assert(false);
	}
}

/* --- fused runs (runs.c), on slot 0 --- */

static REAL *NAME(strip)(const struct program *program, unsigned strip)
{
	return (REAL *)(void *)program->strip + strip * program->strip_numbers;
}

/* The operands of a step at the numbers from `at` on. */
static void NAME(bind_strip)(const struct program *program, const struct step *step, size_t at,
			     struct tensor_call *call)
{
	const struct program_slot *slot = &program->slot[0];
	const unsigned *value = program->strip_value, *gradient = program->strip_gradient;
	call->step = step;
	for (size_t k = 0; k < 3; k++) {
		const unsigned in = step->in[k];
		const size_t from = at * step->form->walk.stride[k][0];
		call->in[k] = call->d_in[k] = NULL;
		if (k >= tensor_arity(step->op)) {
			continue;
		}
		call->in[k] =
			value[in] != UINT32_MAX ? NAME(strip)(program, value[in]) : (REAL *)slot->value[in] + from;
		if ((step->wants >> k & 1) != 0) {
			call->d_in[k] = gradient[in] != UINT32_MAX ? NAME(strip)(program, gradient[in])
								   : (REAL *)slot->gradient[in] + from;
		}
	}
	const size_t from = at * step->form->walk.stride[3][0];
	const unsigned out = step->out;
	call->out = value[out] != UINT32_MAX ? NAME(strip)(program, value[out]) : (REAL *)slot->value[out] + from;
	call->d_out = gradient[out] != UINT32_MAX ? NAME(strip)(program, gradient[out])
		      : step->wanted              ? (REAL *)slot->gradient[out] + from
						  : NULL;
}

/* One step on one strip. A sum goes as one over the rows, of a number each. */
static void NAME(strip_step)(const struct step *step, size_t at, struct tensor_call *call, bool back)
{
	static const struct form form;
	static const struct step sum = { .op = TENSOR_SUM_ROWS, .form = &form };
	const struct program *program = call->program;
	const bool sink = !tensor_is_element(step->op);
	struct tensor_call part = *call;
	NAME(bind_strip)(program, step, at, &part);
	if (back) {
		NAME(clear_first)(&part);
	}
	if (sink) {
		part.step = &sum;
		part.rows = call->count;
		part.out = NULL;
		part.sum = NAME(sums)(program, 0) + step->sum;
		part.scale = step->op == TENSOR_sum ? 1 : call->scale;
		if (step->op == TENSOR_MEAN_ROWS) {
			part.scale = 1 / (double)call->rows;
		}
	}
	if (back) {
		program->operations->NAME(reverse)(&part);
	} else {
		program->operations->NAME(forward)(&part);
	}
}

/* The run that begins at `begin`, forward or, with what it needs of that again, backward. */
static void NAME(run_strips)(struct program *program, const struct step *begin, size_t rows, double share, bool back)
{
	const struct step *end = begin + begin->run;
	const size_t n = begin->form->walk.extent[0] * (begin->form->walk.rowed ? rows : 1),
		     most = program->strip_numbers;
	struct tensor_call call = { .program = program, .rows = rows, .scale = share };
	REAL *m = (REAL *)(void *)program->plain;
	for (const struct step *step = begin; step < end; step++) {
		if (!back && !tensor_is_element(step->op)) {
			NAME(sums)(program, 0)[step->sum] = 0;
		}
	}
	for (size_t at = 0; at < n; at += most) {
		call.count = n - at < most ? n - at : most;
		for (const struct step *step = begin; step < end; step++) {
			if (!back || step->again) {
				NAME(strip_step)(step, at, &call, false);
			}
		}
		for (const struct step *step = end; back && step-- > begin;) {
			if (step->wanted) {
				NAME(strip_step)(step, at, &call, true);
			}
		}
	}
	for (const struct step *step = begin; step < end; step++) {
		if (!back && !tensor_is_element(step->op)) {
			const double scale = step->op == TENSOR_sum         ? 1
					     : step->op == TENSOR_MEAN_ROWS ? 1 / (double)rows
									    : share;
			m[step->at[3]] = (REAL)(NAME(sums)(program, 0)[step->sum] * scale);
		}
	}
}

/* Forward through the steps [begin, end), on slot 0. */
static void NAME(run_plain)(struct program *program, size_t begin, size_t end, size_t rows, double share)
{
	REAL *m = (REAL *)(void *)program->plain;
	for (const struct step *step = program->step + begin; step < program->step + end; step++) {
		if (step->scalar) {
			NAME(scalar_forward)(step, m);
			continue;
		}
		if (step->run > 0 && step + step->run <= program->step + end) {
			NAME(run_strips)(program, step, rows, share, false);
			step += step->run - 1;
			continue;
		}
		struct tensor_call call = { .program = program, .rows = rows };
		NAME(bind)(program, &program->slot[0], step, &call);
		if (step->op == TENSOR_SUM_ROWS || step->op == TENSOR_MEAN_ROWS) {
			call.sum = NAME(sums)(program, 0) + step->sum;
			memset(call.sum, 0, shape_size(&step->form->shape[3]) * sizeof(WIDE));
			call.scale = step->op == TENSOR_MEAN_ROWS ? 1 / (double)rows : share;
		}
		program->operations->NAME(forward)(&call);
	}
}

static void NAME(reverse_plain)(struct program *program, size_t begin, size_t end, size_t rows, double share)
{
	const REAL *m = (const REAL *)(const void *)program->plain;
	REAL *g = (REAL *)(void *)program->gradient;
	for (const struct step *step = program->step + end; step-- > program->step + begin;) {
		if (step->run_back > 0) {
			step -= step->run_back - 1;
			if (step->run_wanted) {
				NAME(run_strips)(program, step, rows, share, true);
			}
			continue;
		}
		if (!step->wanted) {
			continue;
		}
		if (step->scalar) {
			NAME(scalar_reverse)(step, m, g);
			continue;
		}
		struct tensor_call call = { .program = program, .rows = rows };
		NAME(bind)(program, &program->slot[0], step, &call);
		call.scale = step->op == TENSOR_MEAN_ROWS ? 1 / (double)rows : share;
		NAME(clear_first)(&call);
		program->operations->NAME(reverse)(&call);
	}
}

#ifndef REAL_IS_DUAL
/* Points the slot's leaves at rows first..first+rows-1 of the batch: where they lie, or gathered. */
static void NAME(bind_rows)(const struct NAME(run) * run, const struct program_slot *slot, size_t first, size_t rows)
{
	const struct program *program = run->program;
	const struct batch *batch = run->batch;
	const uint32_t *index = batch->index;
	size_t at = batch->first + first, width = batch->data->features;
	for (size_t i = 0; i < program->leaves; i++) {
		unsigned leaf = program->leaf[i];
		bool target = program->place[leaf] == PLACE_TARGET;
		const REAL *from = target ? batch->data->y : batch->data->x;
		REAL *room =
			(REAL *)(void *)(slot->rows + program->offset[leaf] * program->block_rows * program->element);
		if (from == NULL && target && batch->data->label != NULL) { /* classes count as their index */
			const int32_t *label = batch->data->label + (index != NULL ? 0 : at);
			for (size_t r = 0; r < rows && index == NULL; r++) {
				room[r] = (REAL)label[r];
			}
			for (size_t r = 0; r < rows && index != NULL; r++) {
				room[r] = (REAL)label[index[at + r]];
			}
			slot->value[leaf] = room;
			continue;
		}
		if (from == NULL) {
			continue; /* a prediction has no target */
		}
		if (program->column[leaf] != SIZE_MAX) {
			from += program->column[leaf];
			for (size_t r = 0; r < rows; r++) {
				room[r] = from[(index != NULL ? index[at + r] : at + r) * width];
			}
			continue;
		}
		size_t columns = target ? batch->data->targets : width;
		if (index == NULL) {
			slot->value[leaf] = (void *)(uintptr_t)(from + at * columns);
			continue;
		}
		program->kernels->NAME(gather_rows)(rows, columns, from, index + at, room);
		slot->value[leaf] = room;
	}
}
#else
/* Rows first..first+rows-1 of the batch as numbers without a derivative, in the slot's leaves. */
static void NAME(bind_rows)(const struct NAME(run) * run, const struct program_slot *slot, size_t first, size_t rows)
{
	const struct program *program = run->program;
	const struct batch *batch = run->batch;
	const struct data_view *data = batch->data;
	for (size_t i = 0; i < program->leaves; i++) {
		const unsigned leaf = program->leaf[i];
		const bool target = program->place[leaf] == PLACE_TARGET, one = program->column[leaf] != SIZE_MAX;
		const bool labels = target && data->y == NULL;
		const size_t width = target ? (labels ? 1 : data->targets) : data->features, count = one ? 1 : width;
		REAL *room = (REAL *)(void *)slot->rows + program->offset[leaf] * program->block_rows;
		slot->value[leaf] = room;
		for (size_t r = 0; r < rows; r++) {
			const size_t place = batch->first + first + r,
				     row = batch->index != NULL ? batch->index[place] : place;
			const size_t at = row * width + (one ? program->column[leaf] : 0);
			for (size_t j = 0; j < count; j++) {
				room[r * count + j] =
					labels ? (double)data->label[row]
					       : number_at(data->dtype, target ? data->y : data->x, at + j);
			}
		}
	}
}
#endif

/* Gradients of plain values that the rows of this lane add to. */
static REAL *NAME(bind_lane)(const struct program *program, const struct program_slot *slot, size_t lane)
{
	size_t bytes = program->plain_gradient_size * program->element;
	char *gradient = lane == 0 ? program->gradient : program->lane_gradient + (lane - 1) * bytes;
	for (size_t i = 0; i < program->boundaries; i++) {
		unsigned node = program->boundary[i];
		slot->gradient[node] = gradient + program->offset[node] * program->element;
	}
	memset(gradient, 0, bytes);
	return (REAL *)(void *)gradient;
}

/* next: X of the block after this one, or NULL. */
static void NAME(run_block)(const struct NAME(run) * run, const struct program_slot *slot, size_t rows, WIDE *sums,
			    const void *next)
{
	const struct program *program = run->program;
	const struct step *begin = program->step + program->constants + program->before, *end = begin + program->middle;
	struct tensor_call call = { .program = program, .rows = rows, .next = next };
	for (const struct step *step = begin; step < end; step++) {
		NAME(bind)(program, slot, step, &call);
		call.kept = run->back ? NAME(kept)(program, slot, step) : NULL;
		if (step->op == TENSOR_SUM_ROWS || step->op == TENSOR_MEAN_ROWS) {
			call.sum = sums + step->sum;
			call.out = NULL;
		}
		program->operations->NAME(forward)(&call);
	}
	if (!run->back) {
		return;
	}
	for (const struct step *step = end; step-- > begin;) {
		if (step->wanted) {
			NAME(bind)(program, slot, step, &call);
			call.kept = NAME(kept)(program, slot, step);
			if (step->op == TENSOR_SUM_ROWS || step->op == TENSOR_MEAN_ROWS) {
				call.d_out = (const REAL *)(const void *)program->seed + step->sum;
				call.scale = NAME(crossing_scale)(step, run->batch);
			}
			NAME(clear_first)(&call);
			program->operations->NAME(reverse)(&call);
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
		NAME(bind_rows)(run, slot, first, rows);
		const bool ahead = program->ahead && b + 1 < end && run->batch->index == NULL;
		size_t at = (run->batch->first + first + rows) * run->batch->data->features;
		NAME(run_block)(run, slot, rows, sums, ahead ? (const REAL *)run->batch->data->x + at : NULL);
	}
}

static void NAME(cut)(struct NAME(run) * run)
{
	const struct program *program = run->program;
	size_t rows = run->batch->count, blocks = (rows - 1) / program->block_rows + 1;
	run->block_rows = (rows - 1) / blocks + 1;
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

/* What flows into each sum over rows: the last part with zeros for the sums, and backward. */
static void NAME(find_seeds)(struct program *program, size_t begin, size_t end)
{
	REAL *m = (REAL *)(void *)program->plain, *g = (REAL *)(void *)program->gradient;
	REAL *seed = (REAL *)(void *)program->seed;
	const struct step *middle = program->step + program->constants + program->before;
	for (const struct step *step = middle; step < middle + program->middle; step++) {
		if (!step->form->shape[3].rowed) {
			memset(m + step->at[3], 0, shape_size(&step->form->shape[3]) * sizeof *m);
		}
	}
	memset(g, 0, program->plain_gradient_size * sizeof *g);
	NAME(run_plain)(program, begin, end, 0, 0);
	NAME(seed_root)(program);
	NAME(reverse_plain)(program, begin, end, 0, 0);
	for (const struct step *step = middle; step < middle + program->middle; step++) {
		if (!step->form->shape[3].rowed) {
			memcpy(seed + step->sum, g + step->at[3], shape_size(&step->form->shape[3]) * sizeof *g);
		}
	}
}

/* The true sums, and the gradients of all lanes in the first one's. */
static void NAME(add_lanes)(struct NAME(run) * run)
{
	struct program *program = run->program;
	REAL *m = (REAL *)(void *)program->plain;
	const struct step *middle = program->step + program->constants + program->before;
	for (const struct step *step = middle; step < middle + program->middle; step++) {
		for (size_t j = 0; !step->form->shape[3].rowed && j < shape_size(&step->form->shape[3]); j++) {
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

static enum status NAME(evaluate_blocks)(struct NAME(run) * run, struct executor *executor)
{
	struct program *program = run->program;
	size_t begin = program->constants + program->before + program->middle, end = begin + program->after;
	NAME(cut)(run);
	if (run->back) {
		NAME(find_seeds)(program, begin, end);
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
	NAME(run_plain)(program, begin, end, 0, 0);
	if (run->back) {
		const struct program_slot *slot = &program->slot[0];
		for (size_t i = 0; i < program->boundaries; i++) { /* slot 0 ran some lane, perhaps not the first */
			unsigned node = program->boundary[i];
			slot->gradient[node] = program->gradient + program->offset[node] * program->element;
		}
		NAME(seed_root)(program);
		NAME(reverse_plain)(program, begin, end, 0, 0);
		NAME(reverse_plain)(program, program->constants, program->constants + program->before, 0, 0);
	}
	return OK;
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
	if (program->coupled) {
		assert(rows <= program->most_rows);
		NAME(bind_rows)(run, &program->slot[0], 0, rows);
	}
	NAME(run_plain)(program, begin, end, rows, share);
	if (blocks) {
		return NAME(evaluate_blocks)(run, run->executor);
	}
	if (run->back) {
		memset(g, 0, program->plain_gradient_size * sizeof *g);
		NAME(seed_root)(program);
		NAME(reverse_plain)(program, begin, end, rows, share);
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
	NAME(bind_rows)(run, slot, first, call.rows);
	size_t steps = program->constants + program->before + program->middle, width = 1;
	for (size_t s = program->constants; s < steps; s++) {
		const struct step *step = &program->step[s];
		if (step->for_output && step->form->shape[3].rowed) {
			NAME(bind)(program, slot, step, &call);
			program->operations->NAME(forward)(&call);
		}
		width = step->out == program->output ? shape_size(&step->form->shape[3]) : width;
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
		if (program->step[s].for_output && !program->step[s].form->shape[3].rowed) {
			NAME(run_plain)(program, s, s + 1, 0, 0);
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
