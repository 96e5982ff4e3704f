#include "core/base/real.h"

/* df/dx[i] = 2 x[i] + 2 pi A sin(2 pi x[i]) */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	(void)settings;
	const double a = constants[0], two_pi = 6.283185307179586;
	double value = a * (double)n;
	for (size_t i = 0; i < n; i++) {
		double at = (double)x[i];
		value += at * at - a * cos(two_pi * at);
		if (gradient != NULL) {
			gradient[i] = (REAL)(2 * at + two_pi * a * sin(two_pi * at));
		}
	}
	return value;
}

#undef REAL_IS_FLOAT
