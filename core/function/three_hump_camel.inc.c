#include "core/base/real.h"

/* With u = x0^2: gradient (x0 (4 - 4.2 u + u^2) + x1, x0 + 2 x1). */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	(void)settings;
	(void)constants;
	(void)n;
	const REAL u = x[0] * x[0];
	if (gradient != NULL) {
		gradient[0] = x[0] * (4 - REAL_C(4.2) * u + u * u) + x[1];
		gradient[1] = x[0] + 2 * x[1];
	}
	return (double)(u * (2 - REAL_C(1.05) * u + u * u / 6) + x[1] * (x[0] + x[1]));
}

#undef REAL_IS_FLOAT
