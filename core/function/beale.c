/*
 * Beale's function, two dimensions, minimum 0 at (3, 0.5):
 *
 *   f(x) = sum_{k=1}^{3} (c_k - x0 + x0 x1^k)^2,  c = 1.5, 2.25, 2.625
 */
#include "core/function/function.h"

extern const struct function_type function_beale;

#define REAL_IS_FLOAT 1
#include "core/function/beale.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/beale.inc.c"

const struct function_type function_beale = {
	.name = "beale",
	.doc = "Two dimensions, flat far from its minimum: sum over k = 1, 2, 3 of (c_k - x0 + x0 x1^k)^2.",
	.source = "Beale 1958, On an iterative method for finding a local minimum of a function of more than one "
		  "variable",
	.minimum_dimension = 2,
	.maximum_dimension = 2,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -4.5,
	.high = 4.5,
	.minimum_value = 0.0,
};
