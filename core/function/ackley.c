/*
 * Ackley's function, any dimension, a nearly flat outer region and a hole in the middle, minimum 0 at the origin:
 *
 *   f(x) = -a exp(-b sqrt(mean(x^2))) - exp(mean(cos(c x))) + a + e
 *
 * At the origin itself the first part has a kink; its derivative is taken as 0 there.
 */
#include "core/function/define.h"

extern const struct function_type function_ackley;

#define REAL_IS_FLOAT 1
#include "core/function/ackley.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/ackley.inc.c"

static const struct setting table[] = {
	FUNCTION_CONSTANT("a", 20.0, "Depth of the hole."),
	FUNCTION_CONSTANT("b", 0.2, "How fast the hole narrows."),
	FUNCTION_CONSTANT("c", 6.283185307179586, "Frequency of the ripples."),
};

const struct function_type function_ackley = {
	.name = "ackley",
	.doc = "A nearly flat outer region with a hole in the middle: -a exp(-b sqrt(mean(x^2))) - exp(mean(cos(c x))) "
	       "+ a + e.",
	.source = "Ackley 1987, A Connectionist Machine for Genetic Hillclimbing",
	.settings = table,
	.setting_count = sizeof table / sizeof table[0],
	.minimum_dimension = 1,
	.prepare = function_prepare_numbers,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -32.768,
	.high = 32.768,
	.minimum_value = 0.0,
};
