/*
 * Work of one step that several threads share, for a batch that is too small for lanes; private to core/graph.
 *
 * Products share by themselves (gemm_shared), batch statistics by channels. What works row by row (graph_op.by_rows,
 * by_parts) and the gathering of rows are cut here in ranges of rows. The cut depends on shapes alone; sums of by_parts
 * over the rows of a range are added in order: the same bits for any number of threads.
 */
#ifndef CORE_GRAPH_SHARE_H
#define CORE_GRAPH_SHARE_H

#include "core/graph/layout.h"

/* step->forward(call), or step->reverse(call), on call->executor's threads where that is worth it; NULL: here. A piece
 * works in the scratch of its executor slot. */
void share_forward(const struct plan *plan, const struct plan_step *step, const struct op_call *call);
void share_reverse(const struct plan *plan, const struct plan_step *step, const struct op_call *call);

/* As core/data/view.h has it, not for dual numbers: out[r,:] = x[index[r],:] for rows of `width` numbers; executor
 * NULL: here. */
void share_gather(struct executor *executor, const struct plan *plan, size_t rows, size_t width, const void *x,
		  const uint32_t *index, void *out);

#endif
