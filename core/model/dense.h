/* The dense layer as a part of other builders; private to core/model. */
#ifndef CORE_MODEL_DENSE_H
#define CORE_MODEL_DENSE_H

#include "core/graph/graph.h"

/* x W + b with new parameters layers.<index>.weight [inputs, units], uniform within `bound`, and layers.<index>.bias
 * [units], zero. Returns the node. */
size_t dense_append(struct graph *graph, size_t index, size_t x, size_t inputs, size_t units, double bound);

#endif
