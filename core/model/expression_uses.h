/* What the value of an expression depends on. */
#ifndef CORE_MODEL_EXPRESSION_USES_H
#define CORE_MODEL_EXPRESSION_USES_H

#include "core/model/expression.h"

/* Of the node `root`, the parameters being the symbols of the scope of that kind. uses->parameter (one for each symbol
 * that is a parameter, in order) may be NULL. False: no memory. */
bool expression_uses_find(const struct tensor_graph *graph, size_t root, const struct expression_scope *scope,
			  struct expression_uses *uses);

#endif
