/*
 * Rastrigin's function, any dimension, a local minimum near every whole-numbered point, the least 0 at the origin:
 *
 *   f(x) = A n + sum_i (x[i]^2 - A cos(2 pi x[i]))
 */
#include "core/function/define.h"

extern const struct function_type function_rastrigin;

#define REAL_IS_FLOAT 1
#include "core/function/rastrigin.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/rastrigin.inc.c"

static const struct setting table[] = {
	FUNCTION_CONSTANT("A", 10.0, "Depth of the local minima."),
};

const struct function_type function_rastrigin = {
	.name = "rastrigin",
	.doc = "A local minimum near every whole-numbered point: A n + sum over i of (x[i]^2 - A cos(2 pi x[i])).",
	.source = "Rastrigin 1974, Systems of extremal control",
	.settings = table,
	.setting_count = sizeof table / sizeof table[0],
	.minimum_dimension = 1,
	.prepare = function_prepare_numbers,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -5.12,
	.high = 5.12,
	.minimum_value = 0.0,
};
