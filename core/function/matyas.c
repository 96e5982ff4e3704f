/*
 * Matyas' function, a flat quadratic in two dimensions (eigenvalues 0.04 and 1), usually on [-10, 10]^2, minimum 0 at
 * the origin:
 *
 *   f(x) = 0.26 (x0^2 + x1^2) - 0.48 x0 x1
 */
#include "core/function/function.h"

extern const struct function_type function_matyas;

#define REAL_IS_FLOAT 1
#include "core/function/matyas.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/matyas.inc.c"

const struct function_type function_matyas = {
	.name = "matyas",
	.doc = "A flat quadratic in two dimensions, usually on [-10, 10]^2: 0.26 (x0^2 + x1^2) - 0.48 x0 x1.",
	.source = "Surjanovic and Bingham 2013, Virtual library of simulation experiments: Matyas function",
	.minimum_dimension = 2,
	.maximum_dimension = 2,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.quadratic = true,
	.low = -10,
	.high = 10,
	.minimum_value = 0.0,
};
