/*
 * McCormick's function, two dimensions, meant for -1.5 <= x0 <= 4, -3 <= x1 <= 4:
 *
 *   f(x) = sin(x0 + x1) + (x0 - x1)^2 - 1.5 x0 + 2.5 x1 + 1
 *
 * Where it is meant for its minimum is -sqrt(3)/2 - pi/3 at (1/2 - pi/3, -1/2 - pi/3). Beyond, the same waves go down
 * without end along x0 = x1 + 1, each minimum lower by pi than the one before.
 */
#include <math.h>

#include "core/function/function.h"

extern const struct function_type function_mccormick;

#define REAL_IS_FLOAT 1
#include "core/function/mccormick.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/mccormick.inc.c"

const struct function_type function_mccormick = {
	.name = "mccormick",
	.doc = "Two dimensions, meant for -1.5 <= x0 <= 4 and -3 <= x1 <= 4: sin(x0 + x1) + (x0 - x1)^2 - 1.5 x0 + 2.5 "
	       "x1 + 1.",
	.source = "McCormick 1976, Computability of global solutions to factorable nonconvex programs, part I",
	.minimum_dimension = 2,
	.maximum_dimension = 2,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -1.5,
	.high = 4,
	.minimum_value = -1.9132229549810367,
};
