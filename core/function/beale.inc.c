#include "core/base/real.h"

/* Term k is u^2 with u = c_k - x0 (1 - x1^k): du/dx0 = x1^k - 1, du/dx1 = k x0 x1^(k-1). */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	static const REAL c[3] = { REAL_C(1.5), REAL_C(2.25), REAL_C(2.625) };
	(void)settings;
	(void)constants;
	(void)n;
	REAL value = 0, slope0 = 0, slope1 = 0, lower = 1; /* lower: x1^(k-1) */
	for (int k = 1; k <= 3; k++) {
		REAL power = lower * x[1];
		REAL u = c[k - 1] - x[0] + x[0] * power;
		value += u * u;
		slope0 += 2 * u * (power - 1);
		slope1 += 2 * u * (REAL)k * x[0] * lower;
		lower = power;
	}
	if (gradient != NULL) {
		gradient[0] = slope0;
		gradient[1] = slope1;
	}
	return (double)value;
}

#undef REAL_IS_FLOAT
