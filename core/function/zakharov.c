/*
 * Zakharov's function, any dimension, one minimum 0 at the origin, usually on [-5, 10]^n:
 *
 *   f(x) = sum_i x[i]^2 + s^2 + s^4,  s = 0.5 sum_i i x[i],  i = 1 ... n
 */
#include "core/function/function.h"

extern const struct function_type function_zakharov;

#define REAL_IS_FLOAT 1
#include "core/function/zakharov.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/zakharov.inc.c"

const struct function_type function_zakharov = {
	.name = "zakharov",
	.doc = "One minimum in a curved plate, any dimension, usually on [-5, 10]^n: sum x[i]^2 + s^2 + s^4, s = 0.5 "
	       "sum i x[i].",
	.source = "Surjanovic and Bingham 2013, Virtual library of simulation experiments: Zakharov function",
	.minimum_dimension = 1,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -5,
	.high = 10,
	.minimum_value = 0.0,
};
