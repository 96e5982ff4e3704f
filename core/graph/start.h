/* The numbers that a parameter starts with. */
#ifndef CORE_GRAPH_START_H
#define CORE_GRAPH_START_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/dtype.h"
#include "core/graph/graph.h"

/* Whether it is written within seconds, after what was asked for before: an orthogonal start takes products, which are
 * added to *spent. */
bool start_affordable(const struct start_rule *rule, size_t rank, const size_t *extent, double *spent);
/* Writes the tensor's numbers to place [tensor->size]. Number i of theta is drawn from counter i of the seed: the same
 * in both precisions, to rounding. */
void start_write(const struct start_rule *rule, const struct tensor *tensor, enum dtype dtype, uint64_t seed,
		 void *place);

#endif
