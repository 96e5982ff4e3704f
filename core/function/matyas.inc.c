#include "core/base/real.h"

/* Gradient (0.52 x0 - 0.48 x1, 0.52 x1 - 0.48 x0). */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	(void)settings;
	(void)constants;
	(void)n;
	if (gradient != NULL) {
		gradient[0] = REAL_C(0.52) * x[0] - REAL_C(0.48) * x[1];
		gradient[1] = REAL_C(0.52) * x[1] - REAL_C(0.48) * x[0];
	}
	return (double)(REAL_C(0.26) * (x[0] * x[0] + x[1] * x[1]) - REAL_C(0.48) * x[0] * x[1]);
}

#undef REAL_IS_FLOAT
