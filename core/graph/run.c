/*
 * Runs a plan: lanes of blocks over the rows (run_data.c: where they lie), then what is done once on the whole vector
 * (run_vector.c), then the scalars. Nothing here allocates, looks up a name, or depends on which thread runs what.
 */
#include <assert.h>
#include <string.h>

#include "core/graph/layout.h"
#include "core/graph/plan.h"
#include "core/graph/run.h"
#include "core/graph/share.h"
#include "core/graph/split.h"

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

char *run_lane_gradient(const struct run *run, size_t lane)
{
	if (run->gradient == NULL || lane == 0) {
		return run->gradient;
	}
	return run->plan->lane + (lane - 1) * run->plan->lane_bytes;
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
	run_bind_parameters(run, slot, run_lane_gradient(run, lane));
	struct op_call call = run_start_call(run, slot);
	for (size_t block = begin; block < end; block++) {
		if (executor_stopped(run->executor)) {
			atomic_store_explicit(&run->cancelled, true, memory_order_relaxed);
			return;
		}
		size_t first = run->dealt ? block : block * run->block_rows, left = run->batch->count - first;
		size_t rows = left < run->block_rows ? left : run->block_rows;
		rows = run->dealt ? (left - 1) / run->blocks + 1 : rows;
		run_bind_rows(run, slot, first, rows, true);
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

void run_pieces(struct run *run, struct executor *executor, size_t count, executor_piece *piece)
{
	if (count == 1) {
		piece(run, 0, 0);
	} else if (count > 1) {
		executor->run(executor, count, piece, run);
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
		run_whole_vector(&run, executor);
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
	run_bind_parameters(run, slot, NULL);
	run_bind_rows(run, slot, first, call.rows, false);
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
