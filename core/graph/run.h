/* One evaluation of a plan, and what the ways of running it share; private to core/graph (run*.c, split.c). */
#ifndef CORE_GRAPH_RUN_H
#define CORE_GRAPH_RUN_H

#include <stdatomic.h>

#include "core/graph/layout.h"

/* Shared by its pieces, which write only their own lane, slot, tile, rows or chunk, and `cancelled`. */
struct run {
	struct plan *plan;
	const char *theta;
	const struct batch *batch;
	struct executor *executor;
	bool shared;    /* one lane, whose steps the threads share */
	bool split;     /* and in the phases of split.h */
	char *gradient; /* NULL: not wanted */
	bool want_value;
	char *outputs; /* of a prediction */
	size_t block_rows, blocks, lanes;
	size_t sums;         /* of losses, to be added: one a lane, or a piece of rows */
	bool dealt;          /* block b has the rows b, b + blocks, b + 2 blocks, ... of the batch */
	double row_share;    /* 1 / rows of the batch; 1 where losses are added */
	double weight_share; /* 1 / the sum of the weights of their classes; likewise */
	atomic_bool cancelled;
};

/* The call of a step on the whole block of `slot`, but for what start_call knows. later: not the first block. */
void run_bind_step(struct op_call *call, const struct plan_step *step, const struct plan_slot *slot, bool later);
/* Of an OP_MEAN, bound: what its rows count by, and where its sum goes; sums: of the lane. */
void run_bind_mean(const struct run *run, const struct plan_step *step, double *sums, struct op_call *call);
/* What a call knows of its block. */
struct op_call run_start_call(const struct run *run, const struct plan_slot *slot);

/* The gradient that a lane writes; NULL: none is wanted. */
char *run_lane_gradient(const struct run *run, size_t lane);
/* Pieces through the executor; one alone inline. */
void run_pieces(struct run *run, struct executor *executor, size_t count, executor_piece *piece);

/* Points the slot's places of parameters at theta and into a lane's gradient (NULL: none). run_data.c */
void run_bind_parameters(const struct run *run, const struct plan_slot *slot, char *gradient);
/* Points the slot's data places at rows first..first+rows-1 of the batch; targets: those too. */
void run_bind_rows(const struct run *run, const struct plan_slot *slot, size_t first, size_t rows, bool targets);

/* Gradients of all lanes in that of the first, and penalties, on several threads where it is long. run_vector.c */
void run_whole_vector(struct run *run, struct executor *executor);

#endif
