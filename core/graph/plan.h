/*
 * A plan: how a graph is run. Made once; running it allocates nothing and looks nothing up.
 *
 *   rows of the batch -> lanes, which are executor pieces -> blocks
 *
 * Invariants
 *  1. The number of rows in a block and the number of lanes depend on the graph's shapes and the number of rows in
 *     the batch alone, never on the executor: the same bits for any number of threads.
 *  2. A lane has a run of neighbouring blocks, so that it reads memory in order, and is one piece: it takes its blocks
 *     in increasing order, each forward and backward while it sits in the cache, and adds them up in a gradient and
 *     sums of its own; lane 0 in the caller's gradient. Lanes are then added in the order 0, 1, ..., L-1.
 *  3. The first contribution to a gradient is written and the others added: nothing is cleared beforehand.
 *  4. A batch that is too small for lanes runs as one, on the caller; the threads then share each of its steps that is
 *     worth a hand-over (core/graph/share.h, gemm_shared), cut by shapes alone too; or, where most weights belong to
 *     wide layers, phases of several steps (core/graph/split.h), in blocks of a size of their own.
 *  5. Contiguous batches are read where they lie; rows of an index are gathered block by block.
 *
 *  6. While training, a batch whose rows couple (batch statistics, losses that compare rows) is one block; it has at
 * most graph->rows rows (else E_TOO_LARGE).
 *  7. What is not trained on, when a loss compares rows, is the mean over groups of at most graph->rows rows, as a
 * batch would have them: group g of G has the rows g, g + G, g + 2 G, ...
 *
 * Objectives so far are linear in their means over rows, so that what flows back into a block is known before
 * the block runs. Functions of parameters that feed rows, are refused (E_UNSUPPORTED).
 */
#ifndef CORE_GRAPH_PLAN_H
#define CORE_GRAPH_PLAN_H

#include <stddef.h>

#include "core/base/error.h"
#include "core/exec.h"
#include "core/graph/graph.h"
#include "core/objective/objective.h"

struct plan;

/* Plans the scalar `root` of `graph` (borrowed for this call only); `output` is the rowed node that plan_predict
 * writes, or NODE_NONE. slots: of the executors that will run it, at most. *out is returned owned.
 * E_TOO_LARGE when its memory does not fit a size_t, E_UNSUPPORTED, E_MEMORY, or the graph's own error. */
enum status plan_create(const struct graph *graph, size_t root, size_t output, enum dtype dtype, size_t slots,
			struct plan **out, struct error *error);
void plan_destroy(struct plan *plan);

/* The bytes that plan_create would take; the same errors. */
enum status plan_measure(const struct graph *graph, size_t root, size_t output, enum dtype dtype, size_t slots,
			 size_t *bytes, struct error *error);

/* A plan for products with the Hessian of the same root, in dual numbers, and its memory; theta and rows are of dtype.
 * It is for plan_product alone. E_UNSUPPORTED too where an operation has no entry for them. */
enum status plan_create_product(const struct graph *graph, size_t root, enum dtype dtype, size_t slots,
				struct plan **out, struct error *error);
enum status plan_measure_product(const struct graph *graph, size_t root, enum dtype dtype, size_t slots, size_t *bytes,
				 struct error *error);
/* As objective_type.product. */
enum status plan_product(struct plan *plan, const void *theta, const void *v, const struct batch *batch,
			 struct executor *executor, void *out);

/* As objective_type.evaluate and .predict. A batch has at least one row; NULL when no node is rowed. */
enum status plan_evaluate(struct plan *plan, const void *theta, const struct batch *batch, struct executor *executor,
			  double *value, void *gradient);
enum status plan_predict(struct plan *plan, const void *theta, const struct batch *batch, struct executor *executor,
			 void *outputs);

/* Writes what the last training evaluation with a gradient made of the buffers to the end of theta, once. */
void plan_settle(struct plan *plan, void *theta);
/* The factor on sum |w| of the parameter at `offset` of theta; 0: none. */
double plan_l1(const struct plan *plan, size_t offset);
/* Whether the gradient leaves these terms out (the value never does). */
void plan_set_smooth(struct plan *plan, bool smooth);

/* The most rows that a block has; for tests. */
size_t plan_block_rows(const struct plan *plan);

#endif
