/* What is done once on the whole vector when the rows are done: the lanes are added, and penalties. */
#include "core/graph/ops/ops.h"
#include "core/graph/plan.h"
#include "core/graph/run.h"

/* gradient[begin, end) += that of the lanes 1..L-1, in order. */
static void add_lanes(const struct run *run, size_t begin, size_t end)
{
	const struct plan *plan = run->plan;
	size_t at = begin * plan->element;
	for (size_t lane = 1; lane < run->lanes; lane++) {
		const void *from = run_lane_gradient(run, lane) + at;
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

void run_whole_vector(struct run *run, struct executor *executor)
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
