/*
 * Himmelblau's function, two dimensions, four minima of value 0:
 *
 *   f(x) = (x0^2 + x1 - 11)^2 + (x0 + x1^2 - 7)^2
 */
#include "core/function/function.h"

extern const struct function_type function_himmelblau;

#define REAL_IS_FLOAT 1
#include "core/function/himmelblau.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/himmelblau.inc.c"

const struct function_type function_himmelblau = {
	.name = "himmelblau",
	.doc = "Two dimensions with four equal minima: (x0^2 + x1 - 11)^2 + (x0 + x1^2 - 7)^2.",
	.source = "Himmelblau 1972, Applied Nonlinear Programming",
	.minimum_dimension = 2,
	.maximum_dimension = 2,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -5,
	.high = 5,
	.minimum_value = 0.0,
};
