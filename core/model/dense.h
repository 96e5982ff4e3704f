/* The dense layer as a part of other builders; private to core/model. */
#ifndef CORE_MODEL_DENSE_H
#define CORE_MODEL_DENSE_H

#include "core/graph/graph.h"

/* x W + b with new parameters <path>.weight [inputs, units], starting by the rule, and <path>.bias [units], zero. Rows
 * of one dimension only (E_INVALID). Returns the node. */
size_t dense_append(struct graph *graph, const char *path, size_t x, size_t units, struct start_rule start);

#endif
