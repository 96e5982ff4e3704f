/* Passes of common.c in one precision. */
#include "core/base/real.h"

/* The nearest number in [low, high]; a NaN stays one. */
static inline REAL NAME(into)(REAL x, REAL low, REAL high)
{
	return x < low ? low : x > high ? high : x;
}

static void NAME(project)(size_t n, const REAL *low, const REAL *high, REAL *x)
{
	for (size_t i = 0; i < n; i++) {
		x[i] = NAME(into)(x[i], low[i], high[i]);
	}
}

/* |x - P(x - sign g)|. */
static double NAME(projected_norm)(size_t n, const REAL *x, const REAL *g, double sign, const REAL *low,
				   const REAL *high)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++) {
		/* As far as the bound lets it: a difference of x loses no digit of g where no bound is near. */
		const double step = sign * (double)g[i];
		const double room = step > 0 ? (double)x[i] - (double)low[i] : (double)x[i] - (double)high[i];
		const double part = fabs(room) < fabs(step) ? room : step;
		sum += part * part;
	}
	return sqrt(sum);
}

#undef REAL_IS_FLOAT
