#include "core/base/real.h"

/* With s = sqrt(mean(x^2)): df/dx[i] = (a b exp(-b s) x[i] / s + c exp(mean(cos(c x))) sin(c x[i])) / n. */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	(void)settings;
	const double a = constants[0], b = constants[1], c = constants[2], count = (double)n;
	double squares = 0.0, cosines = 0.0;
	for (size_t i = 0; i < n; i++) {
		double at = (double)x[i];
		squares += at * at;
		cosines += cos(c * at);
	}
	double s = sqrt(squares / count);
	double hole = a * exp(-b * s), ripple = exp(cosines / count);
	for (size_t i = 0; gradient != NULL && i < n; i++) {
		double at = (double)x[i];
		double inward = s > 0 ? b * hole * at / s : 0.0;
		gradient[i] = (REAL)((inward + c * ripple * sin(c * at)) / count);
	}
	return -hole - ripple + a + 2.718281828459045;
}

#undef REAL_IS_FLOAT
