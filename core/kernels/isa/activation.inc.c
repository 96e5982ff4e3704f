/*
 * Activations beyond those of element.inc.c: y = f(x) and dx = dy f'(x), both from x and up to three constants a, b, c.
 * Which is which: enum activation_kernel in kernels.h. One number's text is one inline function, free of branches, so
 * that its loop vectorises (gelu calls the C library's erfc and does not). Included by all.inc.c.
 */
#ifdef REAL_IS_DUAL
#define REAL_ERFC erfc_dual
#elif REAL_IS_FLOAT
#define REAL_ERFC erfcf
#else
#define REAL_ERFC erfc
#endif

#ifndef REAL_IS_DUAL
/* exp(x) - 1 for x <= 0, exact to rounding near 0; -1 where exp(x) no longer counts. */
static inline REAL NAME(expm1_below)(REAL x)
{
	REAL k;
	x = x < -TANH_HIGH ? -TANH_HIGH : x;
	x = x > 0 ? 0 : x;
	REAL p = NAME(exp_reduced)(x, &k);
	REAL power = NAME(power_of_two)(k);
	return power * p + (power - 1);
}

/* log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)). */
static inline REAL NAME(softplus_one)(REAL x)
{
	return (x < 0 ? 0 : x) + NAME(log1p_unit)(NAME(exp_one)(-REAL_FABS(x)));
}
#endif

/* VALUE and SLOPE of one number: the body of f(x) and of f'(x). */
#ifdef REAL_IS_DUAL
#define VALUE(f, ...)
#else
#define VALUE(f, ...)                                                                                                  \
	static inline __attribute__((always_inline)) REAL NAME(f##_value)(REAL x, REAL a, REAL b, REAL c)              \
	{                                                                                                              \
		(void)a, (void)b, (void)c;                                                                             \
		__VA_ARGS__                                                                                            \
	}                                                                                                              \
	static void NAME(activate_##f)(size_t n, const double *constant, const REAL *x, REAL *y)                       \
	{                                                                                                              \
		REAL a = (REAL)constant[0], b = (REAL)constant[1], c = (REAL)constant[2];                              \
		IVDEP for (size_t i = 0; i < n; i++)                                                                   \
		{                                                                                                      \
			y[i] = NAME(f##_value)(x[i], a, b, c);                                                         \
		}                                                                                                      \
	}
#endif
#define SLOPE(f, ...)                                                                                                  \
	static inline __attribute__((always_inline)) REAL NAME(f##_slope)(REAL x, REAL a, REAL b, REAL c)              \
	{                                                                                                              \
		(void)a, (void)b, (void)c;                                                                             \
		__VA_ARGS__                                                                                            \
	}                                                                                                              \
	static void NAME(activate_back_##f)(size_t n, const double *constant, const REAL *x, const REAL *dy, REAL *dx) \
	{                                                                                                              \
		REAL a = (REAL)constant[0], b = (REAL)constant[1], c = (REAL)constant[2];                              \
		IVDEP for (size_t i = 0; i < n; i++)                                                                   \
		{                                                                                                      \
			dx[i] = dy[i] * NAME(f##_slope)(x[i], a, b, c);                                                \
		}                                                                                                      \
	}

VALUE(leaky_relu, { return x > 0 ? x : a * x; })
SLOPE(leaky_relu, { return RE(x) > 0 ? 1 : a; })

/* elu: b = c = 1; selu: its two constants; celu: c = 1 / a. */
VALUE(elu, {
	REAL below = b * a * NAME(expm1_below)(c * x);
	return x > 0 ? b * x : below;
})
SLOPE(elu, {
	REAL below = b * a * c * NAME(exp_one)(RE(x) > 0 ? 0 : c * x);
	return RE(x) > 0 ? b : below;
})

/* x Phi(x), Phi the normal distribution function; its derivative Phi(x) + x phi(x). */
VALUE(gelu, { return REAL_C(0.5) * x * REAL_ERFC(x * -REAL_C(0.70710678118654752440)); })
SLOPE(gelu, {
	REAL density = REAL_C(0.39894228040143267794) * NAME(exp_one)(-REAL_C(0.5) * x * x);
	return REAL_C(0.5) * REAL_ERFC(x * -REAL_C(0.70710678118654752440)) + x * density;
})

/* x (1 + tanh(u)) / 2 = x sigmoid(2 u) with u = sqrt(2 / pi) (x + 0.044715 x^3): no digits are lost far below zero. */
VALUE(gelu_tanh, {
	REAL u = REAL_C(0.79788456080286535588) * (x + REAL_C(0.044715) * x * x * x);
	return x * NAME(sigmoid_one)(2 * u);
})
SLOPE(gelu_tanh, {
	/* From here on the slope is 0 or 1, and x^2 times 0 would be no number once x^2 overflows. */
	x = RE(x) < -30 ? -30 : x;
	x = RE(x) > 30 ? 30 : x;
	REAL u = REAL_C(0.79788456080286535588) * (x + REAL_C(0.044715) * x * x * x);
	REAL du = REAL_C(0.79788456080286535588) * (1 + 3 * REAL_C(0.044715) * x * x);
	REAL s = NAME(sigmoid_one)(2 * u);
	return s + x * s * NAME(sigmoid_one)(-2 * u) * 2 * du;
})

VALUE(silu, { return x * NAME(sigmoid_one)(x); })
SLOPE(silu, {
	REAL s = NAME(sigmoid_one)(x);
	return s + x * s * NAME(sigmoid_one)(-x);
})

/* tanh(log(1 + exp(x))) = n / d from t = exp(-|x|), which cannot overflow; q = t below zero, else 1. */
VALUE(mish, {
	REAL t = NAME(exp_one)(-REAL_FABS(x));
	REAL up = (1 + 2 * t) / (1 + 2 * t + 2 * t * t), down = t * (t + 2) / (t * (t + 2) + 2);
	return x * (x < 0 ? down : up);
})
SLOPE(mish, {
	REAL t = NAME(exp_one)(-REAL_FABS(x));
	REAL d = RE(x) < 0 ? t * (t + 2) + 2 : 1 + 2 * t + 2 * t * t, n = RE(x) < 0 ? t * (t + 2) : 1 + 2 * t;
	REAL rest = RE(x) < 0 ? t : t * t; /* (1 - tanh^2) sigmoid = 4 rest (1 + t) / d^2 */
	return n / d + x * (4 * rest * (1 + t) / (d * d));
})

/* log(1 + exp(a x)) / a, and x itself where a x > b. */
VALUE(softplus, {
	REAL smooth = NAME(softplus_one)(a * x) / a;
	return a * x > b ? x : smooth;
})
SLOPE(softplus, {
	REAL smooth = NAME(sigmoid_one)(a * x);
	return RE(a * x) > RE(b) ? 1 : smooth;
})

VALUE(log_sigmoid, { return -NAME(softplus_one)(-x); })
SLOPE(log_sigmoid, { return NAME(sigmoid_one)(-x); })

VALUE(softsign, { return x / (1 + REAL_FABS(x)); })
SLOPE(softsign, {
	REAL d = 1 + REAL_FABS(x);
	return 1 / (d * d);
})

VALUE(tanhshrink, { return x - NAME(tanh_one)(x); })
SLOPE(tanhshrink, {
	REAL t = NAME(tanh_one)(x);
	return t * t;
})

/* min(max(x, a), b): hardtanh, and relu6 with 0 and 6. */
VALUE(hardtanh, {
	REAL low = x < a ? a : x;
	return low > b ? b : low;
})
SLOPE(hardtanh, { return RE(x) > RE(a) && RE(x) < RE(b) ? 1 : 0; })

/* min(max(x / 6 + 1/2, 0), 1) */
VALUE(hardsigmoid, {
	REAL y = x / 6 + REAL_C(0.5);
	y = y < 0 ? 0 : y;
	return y > 1 ? 1 : y;
})
SLOPE(hardsigmoid, { return RE(x) > -3 && RE(x) < 3 ? (REAL)(1.0 / 6) : 0; })

VALUE(hardswish, { return x * NAME(hardsigmoid_value)(x, a, b, c); })
SLOPE(hardswish, {
	REAL inner = RE(x) < -3 ? 0 : x / 3 + REAL_C(0.5);
	return RE(x) < 3 ? inner : 1;
})

VALUE(softshrink, {
	REAL low = x < -a ? x + a : 0 * x;
	return x > a ? x - a : low;
})
SLOPE(softshrink, { return RE(REAL_FABS(x)) > RE(a) ? 1 : 0; })

VALUE(hardshrink, { return REAL_FABS(x) <= a ? 0 : x; })
SLOPE(hardshrink, { return RE(REAL_FABS(x)) > RE(a) ? 1 : 0; })

#undef VALUE
#undef SLOPE
#undef REAL_ERFC
