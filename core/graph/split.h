/*
 * How a batch too small for lanes is run where most of the weights belong to wide layers; private to core/graph.
 *
 *   phase:   the product of a wide layer (wide.h), if it begins with one;  then the steps up to the next wide layer,
 *            each thread on ranges of rows
 *
 * A training step takes two hand-overs for each wide layer, one for what follows the last one, forward and backward,
 * and the gathering of X. Little crosses between cores: a layer's outputs and what flows back into them. Its inputs and
 * weights stay where they are (wide.h), in the optimizer's pass too, since executors give a thread the same pieces each
 * time.
 *
 * Invariants
 *  1. Phases, tiles and ranges of rows depend on shapes and the number of rows in the batch alone.
 *  2. Gradients of few numbers (biases, small layers) are made for each range of rows and added in order.
 */
#ifndef CORE_GRAPH_SPLIT_H
#define CORE_GRAPH_SPLIT_H

#include "core/graph/run.h"

/* Whether the plan may be run so, and with what memory: fills split, split_apart, split_rows, part_bytes,
 * product_bytes. row_bytes: of all buffers, a row. False: more than a size_t holds. */
bool split_choose(struct plan *plan, size_t row_bytes);

/* Ranges of rows that a block of so many is shared by: each has its sums of losses. */
size_t split_ranges(size_t rows);
/* The rows first..first+rows-1 of the batch, bound to slot 0. later: gradients and sums are added to. */
void split_block(const struct run *run, size_t rows, size_t first, bool later);
/* After the last block: the gradients of ranges are added up. */
void split_finish(const struct run *run);

#endif
