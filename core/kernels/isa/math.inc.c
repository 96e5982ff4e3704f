/*
 * exp, log, log1p, tanh, sigmoid of one number: branch-free, so that a loop over them vectorises, and the same text for
 * body and tail of the loop. Coefficients and their errors: scripts/polynomials.py. Largest errors measured: see
 * tests/core/test_kernels.c. Included by all.inc.c.
 */

#if REAL_IS_FLOAT
#define BITS            uint32_t
#define WITH_SIGN       copysignf
#define MANTISSA        23
#define BIAS            127
#define SHIFTER         0x1.8p23f    /* added and subtracted: rounds to an integer */
#define INTEGER_ONE     0x1p23f      /* the integer i stands in the low bits of 2^23 + i */
#define LN2_HIGH        0x1.62e4p-1f /* few bits: k times it is exact for every exponent k */
#define LN2_LOW         0x1.7f7d1cp-20f
#define LOG2_E          0x1.715476p+0f
#define EXP_LOW         (-104.0f) /* exp below is 0, above EXP_HIGH infinite */
#define EXP_HIGH        89.0f
#define TANH_HIGH       20.0f       /* 1 - tanh(x) is less than half an ulp from x = TANH_HIGH / 2 on */
#define SQRT2_BITS_DOWN 0x3f3504f3u /* 1 / sqrt 2 */
#define TINY            0x1p-126f
#define TINY_SCALE      0x1p25f
#define TINY_EXPONENT   25.0f
#define LARGEST         0x1.fffffep127f
#else
#define BITS            uint64_t
#define WITH_SIGN       copysign
#define MANTISSA        52
#define BIAS            1023
#define SHIFTER         0x1.8p52
#define INTEGER_ONE     0x1p52
#define LN2_HIGH        0x1.62e42fefa2p-1
#define LN2_LOW         0x1.9ef35793c7673p-41
#define LOG2_E          0x1.71547652b82fep+0
#define EXP_LOW         (-746.0)
#define EXP_HIGH        710.0
#define TANH_HIGH       44.0
#define SQRT2_BITS_DOWN 0x3fe6a09e667f3bcdu
#define TINY            0x1p-1022
#define TINY_SCALE      0x1p54
#define TINY_EXPONENT   54.0
#define LARGEST         0x1.fffffffffffffp1023
#endif

static inline BITS NAME(to_bits)(REAL x)
{
	BITS bits;
	memcpy(&bits, &x, sizeof bits);
	return bits;
}

static inline REAL NAME(of_bits)(BITS bits)
{
	REAL x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

/* 2^k for an integer -BIAS < k <= BIAS. */
static inline REAL NAME(power_of_two)(REAL k)
{
	return NAME(of_bits)(NAME(to_bits)(k + (SHIFTER + BIAS)) << MANTISSA);
}

/* (exp(r) - 1 - r) / r^2 on |r| <= ln 2 / 2. */
static inline REAL NAME(exp_tail)(REAL r)
{
#if REAL_IS_FLOAT
	return 0x1p-1f + r * (0x1.5554dcf88fd17p-3f +
			      r * (0x1.5555192d5f5dep-5f + r * (0x1.120b6e42d2112p-7f + r * 0x1.6d11093a17fd8p-10f)));
#else
	REAL high = 0x1.a01a01a7c41d5p-13 +
		    r * (0x1.a019b90d2ae7ap-16 +
			 r * (0x1.71de0dae63bb3p-19 + r * (0x1.289185613a3d6p-22 + r * 0x1.af38a9b0ec855p-26)));
	return 0x1.0000000000001p-1 +
	       r * (0x1.5555555555556p-3 +
		    r * (0x1.5555555553d63p-5 + r * (0x1.11111111109b3p-7 + r * (0x1.6c16c1788bd90p-10 + r * high))));
#endif
}

/* x = k ln 2 + r with |r| <= ln 2 / 2; returns exp(r) - 1. x within [EXP_LOW, EXP_HIGH] or NaN. */
static inline REAL NAME(exp_reduced)(REAL x, REAL *k)
{
	*k = (x * LOG2_E + SHIFTER) - SHIFTER;
	REAL r = (x - *k * LN2_HIGH) - *k * LN2_LOW;
	return r + r * r * NAME(exp_tail)(r);
}

/* exp(x), subnormal results included: 2^k is applied in two halves. */
static inline REAL NAME(exp_one)(REAL x)
{
	REAL k;
	x = x > EXP_HIGH ? EXP_HIGH : x;
	x = x < EXP_LOW ? EXP_LOW : x;
	REAL p = NAME(exp_reduced)(x, &k);
	REAL half = (k * REAL_C(0.5) + SHIFTER) - SHIFTER;
	return (1 + p) * NAME(power_of_two)(half) * NAME(power_of_two)(k - half);
}

/* tanh(x) = e / (e + 2) with e = exp(2|x|) - 1, and x's sign. */
static inline REAL NAME(tanh_one)(REAL x)
{
	REAL k;
	REAL y = 2 * REAL_FABS(x);
	y = y > TANH_HIGH ? TANH_HIGH : y;
	REAL p = NAME(exp_reduced)(y, &k);
	REAL power = NAME(power_of_two)(k);
	REAL e = power * p + (power - 1);
	return WITH_SIGN(e / (e + 2), x);
}

/* 1 / (1 + exp(-x)), from exp(-|x|), which cannot overflow. */
static inline REAL NAME(sigmoid_one)(REAL x)
{
	REAL t = NAME(exp_one)(-REAL_FABS(x));
	return (x < 0 ? t : 1) / (1 + t);
}

/* (log((1 + s) / (1 - s)) - 2 s) / s^3 as a function of z = s^2, for |s| <= (sqrt 2 - 1) / (sqrt 2 + 1). */
static inline REAL NAME(log_tail)(REAL z)
{
#if REAL_IS_FLOAT
	return 0x1.55555b800896ap-1f + z * (0x1.997c2ed527c68p-2f + z * 0x1.2ee6559160a97p-2f);
#else
	REAL high = 0x1.c71c62e3f11e6p-3 +
		    z * (0x1.7462b51cb66b1p-3 + z * (0x1.39fe51a7c18f9p-3 + z * 0x1.2b5900de53b32p-3));
	return 0x1.5555555555558p-1 + z * (0x1.99999999952d7p-2 + z * (0x1.2492492df281ap-2 + z * high));
#endif
}

/* log(2^k (1 + f)) for 1 + f in [sqrt 1/2, sqrt 2]: with s = f / (2 + f), log(1 + f) = f - (h - s (h + R)), h = f^2
 * / 2. Source: Tang 1990, Table-driven implementation of the logarithm; the arrangement is that of fdlibm's e_log.c. */
static inline REAL NAME(log_reduced)(REAL k, REAL f)
{
	REAL s = f / (2 + f);
	REAL z = s * s;
	REAL h = REAL_C(0.5) * f * f;
	REAL rest = s * (h + z * NAME(log_tail)(z)) + k * LN2_LOW;
	return k * LN2_HIGH - ((h - rest) - f);
}

/* log(1 + t) for 0 <= t <= 1, accurate for small t. */
static inline REAL NAME(log1p_unit)(REAL t)
{
	bool halve = t > REAL_C(0.41421356237309503);
	return NAME(log_reduced)(halve ? 1 : 0, halve ? (t - 1) * REAL_C(0.5) : t);
}

static inline REAL NAME(log_one)(REAL x)
{
	bool tiny = x < TINY;
	REAL scaled = tiny ? x * TINY_SCALE : x;
	/* Moves 1 / sqrt 2 to 1, so that the exponent's field splits at sqrt 2 and not at 2. */
	BITS moved = NAME(to_bits)(scaled) + (NAME(to_bits)(1) - SQRT2_BITS_DOWN);
	BITS field = NAME(to_bits)(INTEGER_ONE) | moved >> MANTISSA;
	REAL k = NAME(of_bits)(field) - (INTEGER_ONE + BIAS) - (tiny ? TINY_EXPONENT : 0);
	BITS mantissa = moved & (((BITS)1 << MANTISSA) - 1);
	REAL f = NAME(of_bits)(mantissa + SQRT2_BITS_DOWN) - 1;
	REAL y = NAME(log_reduced)(k, f);
	y = x > LARGEST ? x : y;
	y = x == 0 ? -(REAL)INFINITY : y;
	return x >= 0 ? y : (REAL)NAN;
}

/* log(1 + y) for y >= 0: the rounding error of 1 + y is put back. Source: Higham 2002, section 1.14.1. */
static inline REAL NAME(log1p_one)(REAL y)
{
	REAL u = 1 + y;
	REAL lost = y < 1 ? y - (u - 1) : 1 - (u - y);
	return NAME(log_one)(u) + lost / u;
}
