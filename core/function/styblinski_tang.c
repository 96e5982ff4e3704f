/*
 * The Styblinski-Tang function, any dimension, many local minima; the least is -39.166... n at x[i] = -2.903534...:
 *
 *   f(x) = 0.5 sum_i (x[i]^4 - 16 x[i]^2 + 5 x[i])
 */
#include <math.h>

#include "core/function/function.h"

extern const struct function_type function_styblinski_tang;

#define REAL_IS_FLOAT 1
#include "core/function/styblinski_tang.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/styblinski_tang.inc.c"

const struct function_type function_styblinski_tang = {
	.name = "styblinski_tang",
	.doc = "Many local minima in any dimension: 0.5 sum over i of (x[i]^4 - 16 x[i]^2 + 5 x[i]).",
	.source = "Styblinski and Tang 1990, Experiments in nonconvex optimization",
	.minimum_dimension = 1,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -5,
	.high = 5,
	.minimum_value = NAN, /* grows with the dimension */
};
