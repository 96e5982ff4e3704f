/*
 * The element-wise operations, as one list: name, number of inputs, value and derivatives.
 *
 * In the formulas a, b, c are the inputs, y the value, all REAL; M(f) is the function of <math.h> of that precision,
 * K(x) a constant. Derivatives are read in dual numbers too (core/base/real.h) and compare RE(a), values never are: in
 * dual numbers a value's derivative is made of the derivatives here (core/tensor/product.c). Loops over arrays and the
 * straight code for scalars are made of the same formulas (element.inc.c, run_plain.inc.c) and give the same bits, but
 * for exp, log, tanh, expit, softplus, logistic and margin: from 8 numbers on those go through vectorised kernels,
 * whose last digits may be others.
 *
 * At kinks: abs'(0) = 0, relu'(0) = 0, maximum and minimum of equals 1/2 each, clip at its limits 1 (as torch has it).
 * Two losses state slopes that are not those of their values, as torch does: raised goes on being moved below its
 * bound, bce where its logarithms are cut off. Adding one: one line here, and its name in core/expression/functions.c.
 */
#ifndef CORE_TENSOR_ELEMENT_H
#define CORE_TENSOR_ELEMENT_H

#include <math.h>

/* 1 / (1 + exp(-x)) */
static inline float expitf(float x)
{
	return 1 / (1 + expf(-x));
}

static inline double expit(double x)
{
	return 1 / (1 + exp(-x));
}

/* X(name, arity, value, d/da, d/db, d/dc) */
#define ELEMENT_UNARY(X)                                                                                               \
	X(neg, 1, -a, -K(1), K(0), K(0))                                                                               \
	X(exp, 1, M(exp)(a), y, K(0), K(0))                                                                            \
	X(log, 1, M(log)(a), K(1) / a, K(0), K(0))                                                                     \
	X(log2, 1, M(log2)(a), K(1.4426950408889634074) / a, K(0), K(0))                                               \
	X(log10, 1, M(log10)(a), K(0.43429448190325182765) / a, K(0), K(0))                                            \
	X(log1p, 1, M(log1p)(a), K(1) / (K(1) + a), K(0), K(0))                                                        \
	X(expm1, 1, M(expm1)(a), y + K(1), K(0), K(0))                                                                 \
	X(sqrt, 1, M(sqrt)(a), K(0.5) / y, K(0), K(0))                                                                 \
	X(root, 1, M(sqrt)(a), (RE(y) > 0 ? K(0.5) / y : y), K(0), K(0)) /* of norm, std: 0 at 0 */                    \
	X(cbrt, 1, M(cbrt)(a), K(1) / (K(3) * y * y), K(0), K(0))                                                      \
	X(square, 1, a *a, K(2) * a, K(0), K(0))                                                                       \
	X(cube, 1, a *a *a, K(3) * a * a, K(0), K(0))                                                                  \
	X(sin, 1, M(sin)(a), M(cos)(a), K(0), K(0))                                                                    \
	X(cos, 1, M(cos)(a), -M(sin)(a), K(0), K(0))                                                                   \
	X(tan, 1, M(tan)(a), K(1) + y * y, K(0), K(0))                                                                 \
	X(arcsin, 1, M(asin)(a), K(1) / M(sqrt)((K(1) - a) * (K(1) + a)), K(0), K(0))                                  \
	X(arccos, 1, M(acos)(a), -K(1) / M(sqrt)((K(1) - a) * (K(1) + a)), K(0), K(0))                                 \
	X(arctan, 1, M(atan)(a), K(1) / (K(1) + a * a), K(0), K(0))                                                    \
	X(sinh, 1, M(sinh)(a), M(cosh)(a), K(0), K(0))                                                                 \
	X(cosh, 1, M(cosh)(a), M(sinh)(a), K(0), K(0))                                                                 \
	X(tanh, 1, M(tanh)(a), K(1) - y * y, K(0), K(0))                                                               \
	X(arcsinh, 1, M(asinh)(a), K(1) / M(sqrt)(a * a + K(1)), K(0), K(0))                                           \
	X(arccosh, 1, M(acosh)(a), K(1) / M(sqrt)((a - K(1)) * (a + K(1))), K(0), K(0))                                \
	X(arctanh, 1, M(atanh)(a), K(1) / ((K(1) - a) * (K(1) + a)), K(0), K(0))                                       \
	X(abs, 1, M(fabs)(a), (REAL)((RE(a) > 0) - (RE(a) < 0)), K(0), K(0))                                           \
	X(sign, 1, (a != a ? a : (REAL)((a > 0) - (a < 0))), K(0), K(0), K(0))                                         \
	X(expit, 1, M(expit)(a), y *(K(1) - y), K(0), K(0))                                                            \
	X(erf, 1, M(erf)(a), K(1.1283791670955125739) * M(exp)(-a * a), K(0), K(0))                                    \
	X(relu, 1, (a < 0 ? K(0) : a), (RE(a) > 0 ? K(1) : K(0)), K(0), K(0))                                          \
	X(softplus, 1, M(log1p)(M(exp)(-M(fabs)(a))) + (a < 0 ? K(0) : a), M(expit)(a), K(0), K(0))                    \
	X(silu, 1, a / (K(1) + M(exp)(-a)), SILU_SLOPE(M(expit)(a)), K(0), K(0))                                       \
	X(gelu, 1, K(0.5) * a * (K(1) + M(erf)(a * K(0.70710678118654752440))),                                        \
	  K(0.5) * (K(1) + M(erf)(a * K(0.70710678118654752440))) +                                                    \
		  a * K(0.39894228040143267794) * M(exp)(K(-0.5) * a * a),                                             \
	  K(0), K(0))

#define ELEMENT_BINARY(X)                                                                                              \
	X(add, 2, a + b, K(1), K(1), K(0))                                                                             \
	X(sub, 2, a - b, K(1), -K(1), K(0))                                                                            \
	X(mul, 2, a *b, b, a, K(0))                                                                                    \
	X(div, 2, a / b, K(1) / b, -y / b, K(0))                                                                       \
	X(power, 2, M(pow)(a, b), (b == 0 ? K(0) : b * M(pow)(a, b - K(1))),                                           \
	  (RE(a) == 0 && RE(b) >= 0 ? K(0) : y * M(log)(a)), K(0))                                                     \
	X(maximum, 2, (a != a || a > b ? a : b),                                                                       \
	  (RE(a) > RE(b)    ? K(1)                                                                                     \
	   : RE(a) == RE(b) ? K(0.5)                                                                                   \
			    : K(0)),                                                                                   \
	  (RE(a) < RE(b)    ? K(1)                                                                                     \
	   : RE(a) == RE(b) ? K(0.5)                                                                                   \
			    : K(0)),                                                                                   \
	  K(0))                                                                                                        \
	X(minimum, 2, (a != a || a < b ? a : b),                                                                       \
	  (RE(a) < RE(b)    ? K(1)                                                                                     \
	   : RE(a) == RE(b) ? K(0.5)                                                                                   \
			    : K(0)),                                                                                   \
	  (RE(a) > RE(b)    ? K(1)                                                                                     \
	   : RE(a) == RE(b) ? K(0.5)                                                                                   \
			    : K(0)),                                                                                   \
	  K(0))                                                                                                        \
	X(arctan2, 2, M(atan2)(a, b), b / (a * a + b * b), -a / (a * a + b * b), K(0))                                 \
	X(hypot, 2, M(hypot)(a, b), (RE(y) > 0 ? a / y : y), (RE(y) > 0 ? b / y : y), K(0))                            \
	X(logaddexp, 2, (a == b ? a + K(0.69314718055994530942) : M(fmax)(a, b) + M(log1p)(M(exp)(-M(fabs)(a - b)))),  \
	  M(expit)(a - b), M(expit)(b - a), K(0))                                                                      \
	X(raised, 2, (a < b ? b : a), K(1), K(0),                                                                      \
	  K(0)) /* no less than b, and goes on being moved, as torch's no_grad */                                      \
	X(bce, 2, -(b * CLIPPED_LOG(M(log)(a)) + (K(1) - b) * CLIPPED_LOG(M(log1p)(-a))), BCE_SLOPE(a *(K(1) - a)),    \
	  CLIPPED_LOG(M(log1p)(-a)) - CLIPPED_LOG(M(log)(a)), K(0)) /* a probability, as torch's BCELoss */            \
	X(huber, 2,                                                                                                    \
	  (M(fabs)(a) <= b ? K(0.5) * a * a                                                                            \
	   : b < 0         ? (REAL)INFINITY                                                                            \
			   : b * (M(fabs)(a) - K(0.5) * b)),                                                                   \
	  (RE(M(fabs)(a)) <= RE(b) ? a                                                                                 \
	   : RE(a) > 0             ? b                                                                                 \
				   : -b),                                                                                          \
	  (RE(M(fabs)(a)) <= RE(b) ? K(0) : M(fabs)(a) - b), K(0))                                                     \
	X(logistic, 2, (M(log1p)(M(exp)(-M(fabs)(a))) + ((a < 0 ? K(0) : a) - b * a)), (M(expit)(a) - b), -a,          \
	  K(0)) /* softplus(a) - b a */                                                                                \
	X(margin, 2, (M(log1p)(M(exp)(-M(fabs)(a * b))) + (a * b < 0 ? -(a * b) : K(0))), -b *M(expit)(-(a * b)),      \
	  -a *M(expit)(-(a * b)), K(0)) /* softplus(-a b) */                                                           \
	X(less, 2, (a < b ? K(1) : K(0)), K(0), K(0), K(0))                                                            \
	X(less_equal, 2, (a <= b ? K(1) : K(0)), K(0), K(0), K(0))

#define ELEMENT_TERNARY(X)                                                                                             \
	X(where, 3, (a != 0 ? b : c), K(0), (RE(a) != 0 ? K(1) : K(0)), (RE(a) != 0 ? K(0) : K(1)))                    \
	/* min(max(a, b), c): c where b > c; NaN where any is. */                                                      \
	X(clip, 3,                                                                                                     \
	  (a != a      ? a                                                                                             \
	   : b != b    ? b                                                                                             \
	   : !(a <= c) ? c                                                                                             \
	   : a >= b    ? a                                                                                             \
	   : b > c     ? c                                                                                             \
		       : b),                                                                                               \
	  (RE(a) >= RE(b) && RE(a) <= RE(c) ? K(1) : K(0)), (RE(a) < RE(b) && RE(b) <= RE(c) ? K(1) : K(0)),           \
	  (RE(a) > RE(c) || RE(b) > RE(c) ? K(1) : K(0)))

#define ELEMENTS(X) ELEMENT_UNARY(X) ELEMENT_BINARY(X) ELEMENT_TERNARY(X)

#define SILU_SLOPE(s)  (s + y * (K(1) - s))
#define CLIPPED_LOG(l) (RE(l) < -100 ? K(-100) : (l))
#define BCE_SLOPE(s)   ((a - b) / ((double)RE(s) < 1e-12 ? K(1e-12) : (s)))

#endif
