#include "core/base/real.h"

/* With u = x0^2 + x1 - 11 and v = x0 + x1^2 - 7: gradient (4 x0 u + 2 v, 2 u + 4 x1 v). */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	(void)settings;
	(void)constants;
	(void)n;
	REAL u = x[0] * x[0] + x[1] - 11;
	REAL v = x[0] + x[1] * x[1] - 7;
	if (gradient != NULL) {
		gradient[0] = 4 * x[0] * u + 2 * v;
		gradient[1] = 2 * u + 4 * x[1] * v;
	}
	return (double)(u * u + v * v);
}

#undef REAL_IS_FLOAT
