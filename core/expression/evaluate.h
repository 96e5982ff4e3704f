/*
 * Value and gradient of an expression at one point, in double precision: for small tensors, at once.
 *
 * A hostile expression costs at most about a millisecond and a megabyte, from the text to the gradient or the refusal,
 * beside what its variables hold: texts and graphs have limits (expression.h), and the work and the intermediate
 * numbers are counted before anything is planned. tests/core/test_hostile.c holds the megabyte, bench_hostile.c the
 * time.
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
