#include "core/base/real.h"

/* With v = x[i+1] - x[i]^2 and u = a - x[i]: df/dx[i] gets -4 b x[i] v - 2 u, df/dx[i+1] gets 2 b v. */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	(void)settings;
	const REAL a = (REAL)constants[0];
	const REAL b = (REAL)constants[1];
	double value = 0.0;
	REAL carried = 0; /* what term i-1 gives to df/dx[i] */
	for (size_t i = 0; i + 1 < n; i++) {
		REAL v = x[i + 1] - x[i] * x[i];
		REAL u = a - x[i];
		value += (double)(b * (v * v) + u * u);
		if (gradient != NULL) {
			gradient[i] = carried - 4 * b * x[i] * v - 2 * u;
			carried = 2 * b * v;
		}
	}
	if (gradient != NULL) {
		gradient[n - 1] = carried;
	}
	return value;
}

#undef REAL_IS_FLOAT
