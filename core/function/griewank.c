/*
 * Griewank's function, any dimension, many regular local minima, the least 0 at the origin, usually on [-600, 600]^n:
 *
 *   f(x) = sum_i x[i]^2 / 4000 - prod_i cos(x[i] / sqrt(i)) + 1,  i = 1 ... n
 */
#include <math.h>

#include "core/function/function.h"

extern const struct function_type function_griewank;

#define REAL_IS_FLOAT 1
#include "core/function/griewank.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/griewank.inc.c"

const struct function_type function_griewank = {
	.name = "griewank",
	.doc = "Many regular local minima in any dimension, usually on [-600, 600]^n: sum x[i]^2 / 4000 - prod "
	       "cos(x[i] / sqrt(i)) "
	       "+ 1.",
	.source = "Griewank 1981, Generalized descent for global optimization",
	.minimum_dimension = 1,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -600,
	.high = 600,
	.minimum_value = 0.0,
};
