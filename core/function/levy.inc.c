#include "core/base/real.h"

/* Every term is v^2 (1 + k sin^2(a)) with v = w[i] - 1 and a linear in w: with d = da/dw its slope in w is
 * 2 v (1 + k sin^2(a)) + v^2 k d sin(2 a); sin^2(pi w[0]) gives pi sin(2 pi w[0]) beside. dw/dx = 1/4. */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	(void)settings;
	(void)constants;
	const double pi = 3.141592653589793;
	double value = 0.0;
	for (size_t i = 0; i < n; i++) {
		const bool last = i + 1 == n;
		const double v = ((double)x[i] - 1) / 4, w = v + 1;
		const double a = last ? 2 * pi * w : pi * w + 1, d = last ? 2 * pi : pi, k = last ? 1 : 10;
		const double ripple = 1 + k * sin(a) * sin(a);
		double slope = 2 * v * ripple + v * v * k * d * sin(2 * a);
		value += v * v * ripple;
		if (i == 0) {
			value += sin(pi * w) * sin(pi * w);
			slope += pi * sin(2 * pi * w);
		}
		if (gradient != NULL) {
			gradient[i] = (REAL)(slope / 4);
		}
	}
	return value;
}

#undef REAL_IS_FLOAT
