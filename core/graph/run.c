/*
 * Runs a plan: lanes of blocks over the rows, then what is done once on the whole vector (adding the lanes,
 * penalties), then the scalars. Nothing here allocates, looks up a name, or depends on which thread runs what.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/graph/layout.h"
#include "core/graph/ops/ops.h"
#include "core/graph/plan.h"
#include "core/graph/product.h"
#include "core/graph/run.h"
#include "core/graph/share.h"
#include "core/graph/split.h"
#include "core/graph/wide.h"

/* More rows than a batch that compares its rows: groups of nearly one size, as few as there may be, dealt out so that
 * data in the order of its classes has all of them in each. A group is to be compared with a batch. */
static void cut_groups(struct run *run)
{
	const struct plan *plan = run->plan;
	const size_t rows = run->batch->count, most = plan->whole_rows != 0 ? plan->whole_rows : plan->block_rows;
	run->blocks = (rows - 1) / most + 1;
	run->block_rows = (rows - 1) / run->blocks + 1;
	run->lanes = run->blocks < plan->lanes ? run->blocks : plan->lanes;
	run->shared = run->lanes == 1;
	run->dealt = run->blocks > 1;
}

/* The same cut for any executor: blocks of nearly one size, as few as the plan allows. */
static void cut(struct run *run)
{
	const struct plan *plan = run->plan;
	size_t rows = run->batch->count;
	assert(rows > 0);
	run->row_share = run->batch->sum ? 1 : 1 / (double)rows;
	if (run->batch->training && plan->couples) {
		run->block_rows = rows;
		run->blocks = run->lanes = 1;
		run->shared = true;
		return;
	}
	if (plan->grouped && run->outputs == NULL) {
		cut_groups(run);
		return;
	}
	size_t blocks = (rows - 1) / plan->block_rows + 1;
	run->block_rows = ((rows - 1) / blocks + 16) / 16 * 16; /* whole vectors */
	run->block_rows = run->block_rows < plan->block_rows ? run->block_rows : plan->block_rows;
	run->blocks = (rows - 1) / run->block_rows + 1;
	size_t lanes = rows / plan->lane_rows;
	lanes = lanes < 1 ? 1 : lanes > plan->lanes ? plan->lanes : lanes;
	lanes = lanes < run->blocks ? lanes : run->blocks;
	run->lanes = lanes < plan->lanes_least ? 1 : lanes;
	run->shared = run->lanes == 1;
	run->split = run->shared && plan->split && run->outputs == NULL;
	if (run->split) {
		run->blocks = (rows - 1) / plan->split_rows + 1;
		run->block_rows = (rows - 1) / run->blocks + 1;
	}
}

/* What a row's loss is multiplied by in its mean. */
static double share_of(const struct run *run, const struct plan_step *step)
{
	return step->op->weighted ? run->weight_share : run->row_share;
}

/* Rows whose classes weigh nothing have a mean of 0. */
static void weigh(struct run *run)
{
	const struct plan *plan = run->plan;
	const struct batch *batch = run->batch;
	double sum = 0;
	for (size_t r = 0; r < batch->count && plan->class_weight != NULL; r++) {
		size_t row = batch->first + r;
		sum += plan->class_weight[batch->data->label[batch->index != NULL ? batch->index[row] : row]];
	}
	run->weight_share = run->batch->sum ? 1 : sum > 0 ? 1 / sum : 0;
}

static char *lane_gradient(const struct run *run, size_t lane)
{
	if (run->gradient == NULL || lane == 0) {
		return run->gradient;
	}
	return run->plan->lane + (lane - 1) * run->plan->lane_bytes;
}

static void bind_parameters(const struct run *run, const struct plan_slot *slot, char *gradient)
{
	const struct plan *plan = run->plan;
	for (size_t p = 0; p < plan->parameters; p++) {
		const struct plan_parameter *parameter = &plan->parameter[p];
		size_t offset = parameter->offset * plan->element;
		/* Values are read through const pointers only (struct op_call). */
		slot->value[parameter->value] = (void *)(uintptr_t)(run->theta + offset);
		slot->gradient[parameter->gradient] = gradient == NULL ? NULL
						      : parameter->buffer
							      ? plan->renewed + offset - plan->n * plan->element
							      : gradient + offset;
	}
}

/* Which rows of the data: those of an index, or from `first` on where that is NULL. */
struct pick {
	const uint32_t *index;
	size_t first, rows;
};

/* The rows first..first+rows-1 of the batch; of a batch that is dealt out those of the group `first`. */
static struct pick pick_rows(const struct run *run, const struct plan_slot *slot, size_t first, size_t rows)
{
	const struct batch *batch = run->batch;
	const size_t at = batch->first + first;
	if (!run->dealt) {
		return (struct pick){ batch->index != NULL ? batch->index + at : NULL, at, rows };
	}
	uint32_t *index = (uint32_t *)(void *)(slot->memory + run->plan->index_offset);
	for (size_t r = 0; r < rows; r++) {
		const size_t row = at + r * run->blocks;
		index[r] = batch->index != NULL ? batch->index[row] : (uint32_t)row;
	}
	return (struct pick){ index, 0, rows };
}

/* Rows of an array: where they lie, or gathered into `room`. */
static const void *rows_of(const struct run *run, const void *data, size_t width, const struct pick *pick, void *room)
{
	const struct plan *plan = run->plan;
	if (plan->numbers == NUMBERS_DUAL) {
		return product_rows(run->batch->data->dtype, data, width, pick->index, pick->first, pick->rows, room);
	}
	if (pick->index == NULL) {
		return (const char *)data + pick->first * width * plan->element;
	}
	if (run->split && plan->split_apart && data == run->batch->data->x) {
		wide_gather(run, pick->rows, width, data, pick->index, room);
		return room;
	}
	share_gather(run->shared ? run->executor : NULL, plan, pick->rows, width, data, pick->index, room);
	return room;
}

static const int32_t *labels_of(const struct run *run, const struct pick *pick, int32_t *room)
{
	const int32_t *label = run->batch->data->label;
	if (pick->index == NULL) {
		return label + pick->first;
	}
	for (size_t r = 0; r < pick->rows; r++) {
		room[r] = label[pick->index[r]];
	}
	return room;
}

/* Points the slot's data places at rows first..first+rows-1 of the batch. */
static void bind_rows(const struct run *run, const struct plan_slot *slot, size_t first, size_t rows, bool targets)
{
	const struct plan *plan = run->plan;
	const struct data_view *data = run->batch->data;
	const struct pick pick = pick_rows(run, slot, first, rows);
	if (plan->features_place != 0) {
		slot->value[plan->features_place] = (void *)(uintptr_t)rows_of(run, data->x, plan->features, &pick,
									       slot->memory + plan->features_offset);
	}
	if (targets && plan->target_place != 0) {
		slot->value[plan->target_place] = (void *)(uintptr_t)rows_of(run, data->y, plan->targets, &pick,
									     slot->memory + plan->target_offset);
	}
	if (targets && plan->label_place != 0) {
		slot->value[plan->label_place] = (void *)(uintptr_t)labels_of(
			run, &pick, (int32_t *)(void *)(slot->memory + plan->label_offset));
	}
}

/* Where the block after this one lies, when it may be asked for ahead of time. */
static const void *next_rows(const struct run *run, const struct plan_slot *slot, size_t rows, bool last)
{
	const struct plan *plan = run->plan;
	if (!plan->ahead || plan->numbers == NUMBERS_DUAL || last || run->dealt || run->batch->index != NULL ||
	    plan->features_place == 0) {
		return NULL;
	}
	return (const char *)slot->value[plan->features_place] + rows * plan->features * plan->element;
}

/* Inlined: gcc takes a function that only prefetches for one that does nothing, and drops its calls. */
static inline __attribute__((always_inline)) void ask_for(const void *bytes, size_t count)
{
	enum { LINE = 64 };
	for (size_t i = 0; i < count; i += LINE) {
		__builtin_prefetch((const char *)bytes + i);
	}
}

/* Targets of the next block: too few bytes a block for the processor to see where they go, and a wait of 100 ns each
 * time (a tenth of a pass of logistic regression over 32 columns). X is asked for by its readers. */
static inline __attribute__((always_inline)) void ask_for_targets(const struct plan *plan, const struct plan_slot *slot,
								  size_t rows)
{
	if (plan->target_place != 0) {
		size_t bytes = rows * plan->targets * plan->element;
		ask_for((const char *)slot->value[plan->target_place] + bytes, bytes);
	}
	if (plan->label_place != 0) {
		size_t bytes = rows * sizeof(int32_t);
		ask_for((const char *)slot->value[plan->label_place] + bytes, bytes);
	}
}

void run_bind_step(struct op_call *call, const struct plan_step *step, const struct plan_slot *slot, bool later)
{
	call->shape = step->shape;
	call->attribute = step->attribute;
	for (size_t k = 0; k < GRAPH_ARITY; k++) {
		call->in[k] = slot->value[step->in[k]];
		call->d_in[k] = slot->gradient[step->d_in[k]];
		call->accumulate[k] = step->accumulate[k] || (later && step->parameter[k]);
	}
	call->out = slot->value[step->out];
	call->d_out = slot->gradient[step->d_out];
	call->kept = slot->memory + step->kept_offset;
}

void run_bind_mean(const struct run *run, const struct plan_step *step, double *sums, struct op_call *call)
{
	call->seed = step->coefficient * share_of(run, step);
	call->sum = run->want_value ? &sums[step->sum] : NULL;
	if (run->gradient == NULL) {
		memset(call->d_in, 0, sizeof call->d_in);
	}
}

struct op_call run_start_call(const struct run *run, const struct plan_slot *slot)
{
	return (struct op_call){ .kernels = run->plan->kernels,
				 .executor = run->shared ? run->executor : NULL,
				 .class_weight = run->plan->class_weight,
				 .training = run->batch->training,
				 .key = run->batch->seed,
				 .step = run->batch->step,
				 .stop = run->executor->stop,
				 .scratch = slot->memory + run->plan->scratch_offset };
}

/* Forward through all steps, and backward where a gradient is wanted. call: written over and over, blocks are small.
 * next: see op_call. */
static void run_block(const struct run *run, const struct plan_slot *slot, struct op_call *call, const void *next,
		      double *sums, bool later)
{
	const struct plan *plan = run->plan;
	for (size_t s = 0; s < plan->steps; s++) {
		const struct plan_step *step = &plan->step[s];
		run_bind_step(call, step, slot, false);
		call->next = step->features ? next : NULL;
		if (step->op->kind == OP_MEAN) {
			run_bind_mean(run, step, sums, call);
		}
		share_forward(plan, step, call);
	}
	for (size_t s = plan->steps; run->gradient != NULL && s-- > 0;) {
		const struct plan_step *step = &plan->step[s];
		if (step->reverse != NULL) {
			run_bind_step(call, step, slot, later);
			call->next = step->features ? next : NULL;
			share_reverse(plan, step, call);
		}
	}
}

/* A piece: the blocks of one lane, in order. */
static void run_lane(void *context, size_t lane, size_t slot_index)
{
	struct run *run = context;
	struct plan *plan = run->plan;
	assert(slot_index < plan->slots);
	const struct plan_slot *slot = &plan->slot[slot_index];
	double *sums = plan->sum + lane * plan->lane_sums;
	size_t begin = lane * run->blocks / run->lanes, end = (lane + 1) * run->blocks / run->lanes;
	for (size_t i = 0; i < (run->split ? run->sums : 1); i++) {
		memset(sums + i * plan->lane_sums, 0, plan->means * sizeof *sums);
	}
	bind_parameters(run, slot, lane_gradient(run, lane));
	struct op_call call = run_start_call(run, slot);
	for (size_t block = begin; block < end; block++) {
		if (executor_stopped(run->executor)) {
			atomic_store_explicit(&run->cancelled, true, memory_order_relaxed);
			return;
		}
		size_t first = run->dealt ? block : block * run->block_rows, left = run->batch->count - first;
		size_t rows = left < run->block_rows ? left : run->block_rows;
		rows = run->dealt ? (left - 1) / run->blocks + 1 : rows;
		bind_rows(run, slot, first, rows, true);
		if (run->split) {
			split_block(run, rows, first, block > begin);
			continue;
		}
		const void *next = next_rows(run, slot, rows, block + 1 == end);
		if (next != NULL) {
			ask_for_targets(plan, slot, rows);
		}
		call.rows = rows;
		call.first = first;
		run_block(run, slot, &call, next, sums, block > begin);
	}
	if (run->split) {
		split_finish(run);
	}
	if (plan->grouped && executor_stopped(run->executor)) { /* it may have left off within a block */
		atomic_store_explicit(&run->cancelled, true, memory_order_relaxed);
	}
}

/* gradient[begin, end) += that of the lanes 1..L-1, in order. */
static void add_lanes(const struct run *run, size_t begin, size_t end)
{
	const struct plan *plan = run->plan;
	size_t at = begin * plan->element;
	for (size_t lane = 1; lane < run->lanes; lane++) {
		const void *from = lane_gradient(run, lane) + at;
		void *to = run->gradient + at;
		if (plan->numbers == NUMBERS_DUAL) {
			plan->kernels->add_dual(end - begin, from, to);
		} else if (plan->dtype == DTYPE_FLOAT32) {
			plan->kernels->add_f32(end - begin, from, to);
		} else {
			plan->kernels->add_f64(end - begin, from, to);
		}
	}
}

/* The part of a penalty that lies in [begin, end) of the flat vector. */
static void run_penalty(const struct run *run, const struct plan_penalty *penalty, size_t begin, size_t end,
			double *partial)
{
	const struct plan *plan = run->plan;
	size_t from = penalty->offset > begin ? penalty->offset : begin;
	size_t to = penalty->offset + penalty->size < end ? penalty->offset + penalty->size : end;
	*partial = 0;
	if (from >= to) {
		return;
	}
	struct op_call call = {
		.kernels = plan->kernels,
		.rows = to - from,
		.in = { run->theta + from * plan->element },
		.accumulate = { penalty->accumulate },
		.seed = penalty->coefficient,
		.sum = partial,
	};
	if (run->want_value) {
		penalty->op->forward[plan->numbers](&call);
	}
	if (run->gradient != NULL) {
		call.d_in[0] = run->gradient + from * plan->element;
		call.seed = plan->smooth && penalty->op == &op_sum_abs ? 0 : call.seed;
		penalty->op->reverse[plan->numbers](&call);
	}
}

/* A piece: one range of the flat vector, once the rows are done. */
static void run_chunk(void *context, size_t chunk, size_t slot_index)
{
	(void)slot_index;
	struct run *run = context;
	struct plan *plan = run->plan;
	size_t begin = chunk * PLAN_CHUNK;
	size_t end = plan->n - begin < PLAN_CHUNK ? plan->n : begin + PLAN_CHUNK;
	if (run->gradient != NULL) {
		add_lanes(run, begin, end);
	}
	for (size_t p = 0; p < plan->penalties; p++) {
		run_penalty(run, &plan->penalty[p], begin, end, &plan->partial[chunk * plan->penalties + p]);
	}
}

/* The root, from the sums that lanes and chunks left. */
static double root_value(const struct run *run)
{
	const struct plan *plan = run->plan;
	double *value = plan->scalar_value;
	for (size_t s = 0; s < plan->steps; s++) {
		const struct plan_step *step = &plan->step[s];
		if (step->op->kind == OP_MEAN) {
			double sum = 0;
			for (size_t lane = 0; lane < run->sums; lane++) {
				sum += plan->sum[lane * plan->lane_sums + step->sum];
			}
			value[step->scalar] = sum * share_of(run, step);
		}
	}
	for (size_t p = 0; p < plan->penalties; p++) {
		double sum = 0;
		for (size_t chunk = 0; chunk < plan->chunks; chunk++) {
			sum += plan->partial[chunk * plan->penalties + p];
		}
		value[plan->penalty[p].scalar] = sum;
	}
	for (size_t s = 0; s < plan->scalars; s++) {
		const struct plan_scalar *scalar = &plan->scalar[s];
		double in[GRAPH_ARITY];
		for (size_t k = 0; k < scalar->op->arity; k++) {
			in[k] = value[scalar->in[k]];
		}
		value[scalar->out] = scalar->op->scalar(in, scalar->attribute);
	}
	return value[plan->root];
}

static void clear_untouched(const struct plan *plan, char *gradient)
{
	for (size_t p = 0; p < plan->parameters; p++) {
		if (plan->parameter[p].untouched && !plan->parameter[p].buffer) {
			memset(gradient + plan->parameter[p].offset * plan->element, 0,
			       plan->parameter[p].size * plan->element);
		}
	}
}

/* Pieces through the executor; one alone inline. */
static void run_pieces(struct run *run, struct executor *executor, size_t count, executor_piece *piece)
{
	if (count == 1) {
		piece(run, 0, 0);
	} else if (count > 1) {
		executor->run(executor, count, piece, run);
	}
}

/* What is done on the whole vector, on several threads where it is long. */
static void finish(struct run *run, struct executor *executor)
{
	const struct plan *plan = run->plan;
	if (plan->n > PLAN_CHUNKS_APART / (run->lanes + plan->penalties)) {
		run_pieces(run, executor, plan->chunks, run_chunk);
		return;
	}
	for (size_t chunk = 0; chunk < plan->chunks; chunk++) {
		run_chunk(run, chunk, 0);
	}
}

enum status plan_evaluate(struct plan *plan, const void *theta, const struct batch *batch, struct executor *executor,
			  double *value, void *gradient)
{
	struct run run = {
		.plan = plan,
		.theta = theta,
		.batch = batch,
		.executor = executor,
		.gradient = gradient,
		.want_value = value != NULL,
	};
	if (plan->couples && batch->training && batch->count > plan->whole_rows) {
		return E_TOO_LARGE;
	}
	if (plan->steps > 0) {
		cut(&run);
		run.sums = run.split ? split_ranges(run.block_rows) : run.lanes;
		weigh(&run);
		run_pieces(&run, executor, run.lanes, run_lane);
		if (atomic_load_explicit(&run.cancelled, memory_order_relaxed)) {
			return E_CANCELLED;
		}
	}
	if (run.lanes > 1 || plan->penalties > 0) {
		finish(&run, executor);
	}
	if (gradient != NULL) {
		clear_untouched(plan, gradient);
		plan->fresh = plan->buffers > 0 && batch->training;
	}
	if (value != NULL) {
		*value = root_value(&run);
	}
	return OK;
}

void plan_settle(struct plan *plan, void *theta)
{
	if (plan->fresh) {
		memcpy((char *)theta + plan->n * plan->element, plan->renewed, plan->buffers * plan->element);
		plan->fresh = false;
	}
}

/* A piece: the outputs of one block, computed where they are wanted. */
static void predict_block(void *context, size_t block, size_t slot_index)
{
	struct run *run = context;
	struct plan *plan = run->plan;
	assert(slot_index < plan->slots);
	const struct plan_slot *slot = &plan->slot[slot_index];
	if (executor_stopped(run->executor)) {
		atomic_store_explicit(&run->cancelled, true, memory_order_relaxed);
		return;
	}
	size_t first = block * run->block_rows, left = run->batch->count - first;
	struct op_call call = run_start_call(run, slot);
	call.rows = left < run->block_rows ? left : run->block_rows;
	bind_parameters(run, slot, NULL);
	bind_rows(run, slot, first, call.rows, false);
	slot->value[plan->output_place] = run->outputs + first * plan->output_width * plan->element;
	for (size_t s = 0; s < plan->predict_steps; s++) {
		const struct plan_step *step = &plan->step[plan->predict_step[s]];
		run_bind_step(&call, step, slot, false);
		share_forward(plan, step, &call);
	}
	slot->value[plan->output_place] = slot->memory + plan->output_offset;
}

enum status plan_predict(struct plan *plan, const void *theta, const struct batch *batch, struct executor *executor,
			 void *outputs)
{
	struct run run = {
		.plan = plan,
		.theta = theta,
		.batch = batch,
		.executor = executor,
		.outputs = outputs,
	};
	assert(plan->output_place != 0);
	cut(&run); /* outputs are of a row alone */
	run.shared = run.blocks == 1;
	run_pieces(&run, executor, run.blocks, predict_block);
	return atomic_load_explicit(&run.cancelled, memory_order_relaxed) ? E_CANCELLED : OK;
}
