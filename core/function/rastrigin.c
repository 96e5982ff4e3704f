/*
 * Rastrigin's function, any dimension, a local minimum near every whole-numbered point, the least 0 at the origin:
 *
 *   f(x) = A n + sum_i (x[i]^2 - A cos(2 pi x[i]))
 */
#include <math.h>

#include "core/function/function.h"

extern const struct function_type function_rastrigin;

#define REAL_IS_FLOAT 1
#include "core/function/rastrigin.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/rastrigin.inc.c"

static const struct setting table[] = {
	{ .name = "A",
	  .kind = SETTING_REAL,
	  .preset = 10.0,
	  .minimum = -INFINITY,
	  .maximum = INFINITY,
	  .open_minimum = true,
	  .open_maximum = true,
	  .doc = "Depth of the local minima." },
};

static void prepare(const struct settings *settings, size_t n, double constants[16])
{
	(void)n;
	constants[0] = settings_number(settings, "A");
}

const struct function_type function_rastrigin = {
	.name = "rastrigin",
	.doc = "A local minimum near every whole-numbered point: A n + sum over i of (x[i]^2 - A cos(2 pi x[i])).",
	.source = "Rastrigin 1974, Systems of extremal control",
	.settings = table,
	.setting_count = sizeof table / sizeof table[0],
	.minimum_dimension = 1,
	.prepare = prepare,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -5.12,
	.high = 5.12,
	.minimum_value = 0.0,
};
