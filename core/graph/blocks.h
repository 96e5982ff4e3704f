/*
 * How a plan cuts its work, and where in a slot's memory the rows of a block lie; private to core/graph.
 *
 * A block is as many rows as keep features, values and gradients of the block in the second-level cache, so that
 * going backward finds what going forward left.
 */
#ifndef CORE_GRAPH_BLOCKS_H
#define CORE_GRAPH_BLOCKS_H

#include "core/base/error.h"
#include "core/graph/layout.h"

struct blocks {
	struct plan *plan;
	size_t row_numbers; /* of values and gradients, a row */
	bool overflow;
};

/* A buffer of `width` numbers a row, for that place. Its offset is in numbers a row until blocks_choose. */
void blocks_add_value(struct blocks *blocks, size_t place, size_t width);
void blocks_add_gradient(struct blocks *blocks, size_t place, size_t width);

/* Chooses block_rows and lanes, and fills offsets and sizes of the plan's memory. E_TOO_LARGE on overflow. */
enum status blocks_choose(struct blocks *blocks, struct error *error);

#endif
