/*
 * Value and gradient of an expression at one point, in double precision: for small tensors, at once.
 *
 * A hostile expression costs at most some milliseconds and megabytes: its work is estimated before anything is run.
 */
#ifndef CORE_EXPRESSION_EVALUATE_H
#define CORE_EXPRESSION_EVALUATE_H

#include "core/expression/expression.h"

struct expression_variable {
	const char *name;
	struct shape shape; /* of rank 0 to 2 */
	const double *values;
};

/* gradient: of all variables, one behind the other in their order, row-major; all of them, zeros for those that the
 * text does not name. E_INVALID, E_UNSUPPORTED, E_TOO_LARGE, E_MEMORY with the place. */
enum status expression_evaluate(const char *text, size_t length, const struct expression_variable *variables,
				size_t count, double *value, double *gradient, struct expression_error *error);

#endif
