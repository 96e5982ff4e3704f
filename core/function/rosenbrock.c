/*
 * Rosenbrock's valley in any dimension n >= 2:
 *
 *   f(x) = sum_{i=0}^{n-2}  b (x[i+1] - x[i]^2)^2 + (a - x[i])^2
 *
 * minimum 0 at x = (a, a^2) for n = 2, and at (1, ..., 1) for a = 1 and any n.
 */
#include "core/function/define.h"

extern const struct function_type function_rosenbrock;

#define REAL_IS_FLOAT 1
#include "core/function/rosenbrock.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/rosenbrock.inc.c"

static const struct setting table[] = {
	FUNCTION_CONSTANT("a", 1.0, "Where the floor of the valley is lowest."),
	FUNCTION_CONSTANT("b", 100.0, "Steepness of the valley's walls."),
};

const struct function_type function_rosenbrock = {
	.name = "rosenbrock",
	.doc = "A curved narrow valley: sum over i of b (x[i+1] - x[i]^2)^2 + (a - x[i])^2.",
	.source = "Rosenbrock 1960, An automatic method for finding the greatest or least value of a function",
	.settings = table,
	.setting_count = sizeof table / sizeof table[0],
	.minimum_dimension = 2,
	.prepare = function_prepare_numbers,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -2.048,
	.high = 2.048,
	.minimum_value = 0.0,
};
