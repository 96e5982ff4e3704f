/*
 * Dual numbers: a value and its derivative along one direction, for products with the Hessian.
 *
 *   x = value + i h t,   h = 2^-333;   a gradient computed in them at theta + i h v is  g + i h (H v)
 *
 * C's complex numbers do the arithmetic: products of two tangents are h^2 times too small to be seen (the complex
 * step), so that what comes out is exact to rounding. Functions are made here of their value and slope in double, so
 * nothing of complex analysis (branches, principal values) comes in. Files that use them are compiled with
 * -fcx-fortran-rules.
 *
 * What is infinite or NaN has no derivative, and a slope of 0 takes nothing from an infinite tangent: what where() did
 * not choose stays out.
 * Source: Martins, Sturdza and Alonso 2003, The complex-step derivative approximation; Al-Mohy and Higham 2010.
 */
#ifndef CORE_BASE_DUAL_H
#define CORE_BASE_DUAL_H

#include <complex.h>
#include <math.h>

typedef double _Complex dual;

/* h: its square lies below any rounding, it itself far above the smallest double. */
#define DUAL_STEP 0x1p-333

/* h for a direction whose largest number is `largest`, as if that were about 1: a power of two, so that v comes back
 * without rounding; the smallest there is from 2^741 on, where h v is still below 2^-49. */
static inline double dual_step(double largest)
{
	int exponent = 0;
	if (largest > 0 && isfinite(largest)) {
		frexp(largest, &exponent);
	}
	return ldexp(DUAL_STEP, exponent > 741 ? -741 : -exponent);
}

/* slope * tangent of a part of a value. */
static inline double dual_part(double slope, double tangent)
{
	return slope == 0 || tangent == 0 ? 0 : slope * tangent;
}

static inline dual dual_of(double value, double tangent)
{
	return CMPLX(value, isfinite(value) ? tangent : 0);
}

/* f of one number x: its value y, and its slope made of x and y. */
#define DUAL_FUNCTION(name, value, slope)                                                                              \
	static inline dual name##_dual(dual a)                                                                         \
	{                                                                                                              \
		const double x = creal(a), y = value;                                                                  \
		(void)y;                                                                                               \
		return dual_of(y, dual_part(slope, cimag(a)));                                                         \
	}
DUAL_FUNCTION(exp, exp(x), y)
DUAL_FUNCTION(expm1, expm1(x), y + 1)
DUAL_FUNCTION(log, log(x), 1 / x)
DUAL_FUNCTION(log1p, log1p(x), 1 / (1 + x))
DUAL_FUNCTION(sqrt, sqrt(x), 0.5 / y)
DUAL_FUNCTION(sin, sin(x), cos(x))
DUAL_FUNCTION(cos, cos(x), -sin(x))
DUAL_FUNCTION(sinh, sinh(x), cosh(x))
DUAL_FUNCTION(cosh, cosh(x), sinh(x))
DUAL_FUNCTION(tanh, tanh(x), 1 - y * y)
DUAL_FUNCTION(atan, atan(x), 1 / (1 + x * x))
DUAL_FUNCTION(erf, erf(x), 1.1283791670955125739 * exp(-x * x))
DUAL_FUNCTION(erfc, erfc(x), -1.1283791670955125739 * exp(-x * x))
DUAL_FUNCTION(expit, 1 / (1 + exp(-x)), y *(1 - y))
DUAL_FUNCTION(fabs, fabs(x), x < 0 ? -1 : 1)
#undef DUAL_FUNCTION

/* a^b; where a is 0 or b constant no logarithm is taken. */
static inline dual pow_dual(dual a, dual b)
{
	const double x = creal(a), p = creal(b), y = pow(x, p);
	return dual_of(y, dual_part(p == 0 ? 0 : p * pow(x, p - 1), cimag(a)) +
				  (cimag(b) == 0 || x == 0 ? 0 : dual_part(y * log(x), cimag(b))));
}

#endif
