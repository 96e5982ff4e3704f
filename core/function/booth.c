/*
 * Booth's function, a quadratic in two dimensions, minimum 0 at (1, 3):
 *
 *   f(x) = (x0 + 2 x1 - 7)^2 + (2 x0 + x1 - 5)^2
 */
#include "core/function/function.h"

extern const struct function_type function_booth;

#define REAL_IS_FLOAT 1
#include "core/function/booth.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/booth.inc.c"

const struct function_type function_booth = {
	.name = "booth",
	.doc = "A quadratic in two dimensions: (x0 + 2 x1 - 7)^2 + (2 x0 + x1 - 5)^2.",
	.source = "Jamil and Yang 2013, A literature survey of benchmark functions, function 17",
	.minimum_dimension = 2,
	.maximum_dimension = 2,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.quadratic = true,
	.low = -10,
	.high = 10,
	.minimum_value = 0.0,
};
