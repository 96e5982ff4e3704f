#include "core/base/real.h"

/* With u = x0 + 2 x1 - 7 and v = 2 x0 + x1 - 5: gradient (2 u + 4 v, 4 u + 2 v). */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	(void)settings;
	(void)constants;
	(void)n;
	REAL u = x[0] + 2 * x[1] - 7;
	REAL v = 2 * x[0] + x[1] - 5;
	if (gradient != NULL) {
		gradient[0] = 2 * u + 4 * v;
		gradient[1] = 4 * u + 2 * v;
	}
	return (double)(u * u + v * v);
}

#undef REAL_IS_FLOAT
