#include "core/base/real.h"

/* With c = cos(x0 + x1) and d = x0 - x1: gradient (c + 2 d - 1.5, c - 2 d + 2.5). */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	(void)settings;
	(void)constants;
	(void)n;
	const double x0 = (double)x[0], x1 = (double)x[1], d = x0 - x1;
	if (gradient != NULL) {
		double c = cos(x0 + x1);
		gradient[0] = (REAL)(c + 2 * d - 1.5);
		gradient[1] = (REAL)(c - 2 * d + 2.5);
	}
	return sin(x0 + x1) + d * d - 1.5 * x0 + 2.5 * x1 + 1;
}

#undef REAL_IS_FLOAT
