#include "core/base/real.h"

/* df/dx[i] = 2 x[i]^3 - 16 x[i] + 2.5 */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	(void)settings;
	(void)constants;
	double value = 0.0;
	for (size_t i = 0; i < n; i++) {
		REAL square = x[i] * x[i];
		value += (double)(REAL_C(0.5) * (square * square - 16 * square + 5 * x[i]));
		if (gradient != NULL) {
			gradient[i] = 2 * x[i] * square - 16 * x[i] + REAL_C(2.5);
		}
	}
	return value;
}

#undef REAL_IS_FLOAT
