/*
 * Ackley's function, any dimension, a nearly flat outer region and a hole in the middle, minimum 0 at the origin:
 *
 *   f(x) = -a exp(-b sqrt(mean(x^2))) - exp(mean(cos(c x))) + a + e
 *
 * At the origin itself the first part has a kink; its derivative is taken as 0 there.
 */
#include <math.h>

#include "core/function/function.h"

extern const struct function_type function_ackley;

#define REAL_IS_FLOAT 1
#include "core/function/ackley.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/ackley.inc.c"

static const struct setting table[] = {
	{ .name = "a",
	  .kind = SETTING_REAL,
	  .preset = 20.0,
	  .minimum = -INFINITY,
	  .maximum = INFINITY,
	  .open_minimum = true,
	  .open_maximum = true,
	  .doc = "Depth of the hole." },
	{ .name = "b",
	  .kind = SETTING_REAL,
	  .preset = 0.2,
	  .minimum = -INFINITY,
	  .maximum = INFINITY,
	  .open_minimum = true,
	  .open_maximum = true,
	  .doc = "How fast the hole narrows." },
	{ .name = "c",
	  .kind = SETTING_REAL,
	  .preset = 6.283185307179586,
	  .minimum = -INFINITY,
	  .maximum = INFINITY,
	  .open_minimum = true,
	  .open_maximum = true,
	  .doc = "Frequency of the ripples." },
};

static void prepare(const struct settings *settings, size_t n, double constants[16])
{
	(void)n;
	constants[0] = settings_number(settings, "a");
	constants[1] = settings_number(settings, "b");
	constants[2] = settings_number(settings, "c");
}

const struct function_type function_ackley = {
	.name = "ackley",
	.doc = "A nearly flat outer region with a hole in the middle: -a exp(-b sqrt(mean(x^2))) - exp(mean(cos(c x))) "
	       "+ a + e.",
	.source = "Ackley 1987, A Connectionist Machine for Genetic Hillclimbing",
	.settings = table,
	.setting_count = sizeof table / sizeof table[0],
	.minimum_dimension = 1,
	.prepare = prepare,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.low = -32.768,
	.high = 32.768,
	.minimum_value = 0.0,
};
