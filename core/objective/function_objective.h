/* An objective that is a closed-form function: scale * f(x), without rows and outputs. */
#ifndef CORE_OBJECTIVE_FUNCTION_OBJECTIVE_H
#define CORE_OBJECTIVE_FUNCTION_OBJECTIVE_H

#include "core/function/function.h"
#include "core/objective/objective.h"

/* f of `function` with its constants `settings` (their arrays are borrowed for the objective's life) in n dimensions,
 * which starts at initial_point [n] (copied). E_INVALID when n or a constant does not fit, E_MEMORY. *out is
 * returned owned. */
enum status function_objective_create(const struct function_type *function, const struct settings *settings,
				      double scale, size_t n, const double *initial_point, enum dtype dtype,
				      struct objective **out, struct error *error);

/* The bytes that it takes; E_TOO_LARGE. */
enum status function_objective_measure(size_t n, size_t *bytes);

#endif
