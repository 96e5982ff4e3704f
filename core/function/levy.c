/*
 * Levy's function, any dimension, many local minima, the least 0 at (1, ..., 1), usually on [-10, 10]^n:
 *
 *   f(x) = sin^2(pi w[0]) + sum_{i=0}^{n-2} (w[i] - 1)^2 (1 + 10 sin^2(pi w[i] + 1))
 *          + (w[n-1] - 1)^2 (1 + sin^2(2 pi w[n-1])),   w[i] = 1 + (x[i] - 1) / 4
 */
#include <math.h>

#include "core/function/function.h"

extern const struct function_type function_levy;

#define REAL_IS_FLOAT 1
#include "core/function/levy.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/levy.inc.c"

const struct function_type function_levy = {
	.name = "levy",
	.doc = "Many local minima in any dimension, usually on [-10, 10]^n: with w = 1 + (x - 1) / 4, sin^2(pi w0) + "
	       "sum "
	       "(w - 1)^2 (1 + 10 sin^2(pi w + 1)), of the last (w - 1)^2 (1 + sin^2(2 pi w)).",
	.source = "Surjanovic and Bingham 2013, Virtual library of simulation experiments: Levy function",
	.minimum_dimension = 1,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -10,
	.high = 10,
	.minimum_value = 0.0,
};
