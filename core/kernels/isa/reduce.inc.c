/*
 * Sums over arrays, in double in both precisions: element i goes to lane i mod 32, lanes are added by halves. Elements
 * are made double before they are multiplied, so that nothing is lost in float. Included by all.inc.c.
 */

/* Defines NAME(f)(n, x, y) = sum_i term, where `a` and `b` stand for x[i] and y[i] as doubles. */
#define REDUCTION(f, term)                                                                                             \
	static inline double NAME(f)(size_t n, const REAL *x, const REAL *y)                                           \
	{                                                                                                              \
		double lane[32] = { 0 };                                                                               \
		size_t i = 0;                                                                                          \
		for (; i + 32 <= n; i += 32) {                                                                         \
			UNROLL for (size_t l = 0; l < 32; l++)                                                         \
			{                                                                                              \
				double a = (double)x[i + l];                                                           \
				double b = (double)y[i + l];                                                           \
				(void)b;                                                                               \
				lane[l] += (term);                                                                     \
			}                                                                                              \
		}                                                                                                      \
		for (size_t l = 0; i < n; i++, l++) {                                                                  \
			double a = (double)x[i];                                                                       \
			double b = (double)y[i];                                                                       \
			(void)b;                                                                                       \
			lane[l] += (term);                                                                             \
		}                                                                                                      \
		for (size_t half = 16; half > 0; half /= 2) {                                                          \
			for (size_t l = 0; l < half; l++) {                                                            \
				lane[l] += lane[l + half];                                                             \
			}                                                                                              \
		}                                                                                                      \
		return lane[0];                                                                                        \
	}
REDUCTION(reduce_sum, a)
REDUCTION(reduce_dot, a *b)
REDUCTION(reduce_difference, (a - b) * (a - b))
REDUCTION(reduce_abs, fabs(a))
#undef REDUCTION

static double NAME(dot)(size_t n, const REAL *x, const REAL *y)
{
	return NAME(reduce_dot)(n, x, y);
}

static double NAME(sum_squares)(size_t n, const REAL *x)
{
	return NAME(reduce_dot)(n, x, x);
}

static double NAME(sum_squared_difference)(size_t n, const REAL *x, const REAL *y)
{
	return NAME(reduce_difference)(n, x, y);
}

static double NAME(sum_abs)(size_t n, const REAL *x)
{
	return NAME(reduce_abs)(n, x, x);
}

static bool NAME(all_finite)(size_t n, const REAL *x)
{
	const BITS exponent = ((BITS)(2 * BIAS + 1)) << MANTISSA;
	for (size_t i = 0; i < n;) {
		size_t end = n - i < 1024 ? n : i + 1024;
		BITS bad = 0;
		for (; i < end; i++) {
			bad |= (NAME(to_bits)(x[i]) & exponent) == exponent;
		}
		if (bad != 0) {
			return false;
		}
	}
	return true;
}
