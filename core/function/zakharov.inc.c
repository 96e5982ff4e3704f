#include "core/base/real.h"

/* df/dx[i] = 2 x[i] + i (s + 2 s^3), i = 1 ... n. */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	(void)settings;
	(void)constants;
	double squares = 0.0, s = 0.0;
	for (size_t i = 0; i < n; i++) {
		double at = (double)x[i];
		squares += at * at;
		s += 0.5 * (double)(i + 1) * at;
	}
	for (size_t i = 0; gradient != NULL && i < n; i++) {
		gradient[i] = (REAL)(2 * (double)x[i] + (double)(i + 1) * (s + 2 * s * s * s));
	}
	return squares + s * s + s * s * s * s;
}

#undef REAL_IS_FLOAT
