#include "core/base/real.h"

/* df/dx[i] = x[i] / 2000 + sin(x[i] / sqrt(i)) / sqrt(i) prod_{j != i} cos(x[j] / sqrt(j)). The product without i is
 * that of those before, which waits in gradient[i], and that of those behind: no division by a cosine near 0. */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	(void)settings;
	(void)constants;
	double squares = 0.0, product = 1.0, behind = 1.0;
	for (size_t i = 0; i < n; i++) {
		double at = (double)x[i];
		squares += at * at;
		if (gradient != NULL) {
			gradient[i] = (REAL)product;
		}
		product *= cos(at / sqrt((double)(i + 1)));
	}
	for (size_t i = n; gradient != NULL && i-- > 0;) {
		double root = sqrt((double)(i + 1)), angle = (double)x[i] / root;
		gradient[i] = (REAL)((double)x[i] / 2000 + sin(angle) / root * (double)gradient[i] * behind);
		behind *= cos(angle);
	}
	return squares / 4000 - product + 1;
}

#undef REAL_IS_FLOAT
