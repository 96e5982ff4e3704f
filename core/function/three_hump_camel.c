/*
 * The three-hump camel function, two dimensions, usually on [-5, 5]^2: three minima, the least 0 at the origin, the
 * others 0.2986... at +-(1.7475..., -0.8737...):
 *
 *   f(x) = 2 x0^2 - 1.05 x0^4 + x0^6 / 6 + x0 x1 + x1^2
 */
#include "core/function/function.h"

extern const struct function_type function_three_hump_camel;

#define REAL_IS_FLOAT 1
#include "core/function/three_hump_camel.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/three_hump_camel.inc.c"

const struct function_type function_three_hump_camel = {
	.name = "three_hump_camel",
	.doc = "Two dimensions with three minima, usually on [-5, 5]^2: 2 x0^2 - 1.05 x0^4 + x0^6 / 6 + x0 x1 + x1^2.",
	.source = "Surjanovic and Bingham 2013, Virtual library of simulation experiments: Three-hump camel function",
	.minimum_dimension = 2,
	.maximum_dimension = 2,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -5,
	.high = 5,
	.minimum_value = 0.0,
};
