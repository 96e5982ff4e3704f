/* The table of closed-form functions. */
#include "core/function/function.h"

#include <string.h>

/* One line a function: its record is called function_<name>. */
#define FUNCTIONS(X)                                                                                                   \
	X(quadratic)                                                                                                   \
	X(rosenbrock)                                                                                                  \
	X(himmelblau)                                                                                                  \
	X(beale)                                                                                                       \
	X(booth)                                                                                                       \
	X(matyas)                                                                                                      \
	X(three_hump_camel)                                                                                            \
	X(mccormick)                                                                                                   \
	X(zakharov)                                                                                                    \
	X(styblinski_tang)                                                                                             \
	X(rastrigin)                                                                                                   \
	X(ackley)                                                                                                      \
	X(levy)                                                                                                        \
	X(griewank)                                                                                                    \
	X(logistic)                                                                                                    \
	X(matrix_lsq)

#define DECLARE(name) extern const struct function_type function_##name;
FUNCTIONS(DECLARE)

#define ENTRY(name) &function_##name,
const struct function_type *const function_types[] = { FUNCTIONS(ENTRY) };

const size_t function_type_count = sizeof function_types / sizeof function_types[0];

const struct function_type *function_find(const char *name)
{
	for (size_t i = 0; i < function_type_count; i++) {
		if (strcmp(function_types[i]->name, name) == 0) {
			return function_types[i];
		}
	}
	return NULL;
}
