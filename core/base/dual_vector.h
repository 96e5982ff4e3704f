/*
 * Vectors of dual numbers (core/base/dual.h): a point with a direction, and what a gradient there says of the Hessian.
 */
#ifndef CORE_BASE_DUAL_VECTOR_H
#define CORE_BASE_DUAL_VECTOR_H

#include <stddef.h>

#include "core/base/dtype.h"
#include "core/base/dual.h"

/* point [n] = theta + i h v, of theta and v [n] of dtype; returns h, which goes with v's largest number. */
static inline double dual_along(enum dtype dtype, size_t n, const void *theta, const void *v, dual *point)
{
	double largest = 0;
	for (size_t i = 0; i < n; i++) {
		largest = fmax(largest, fabs(dtype_get(dtype, v, i)));
	}
	const double h = dual_step(largest);
	for (size_t i = 0; i < n; i++) {
		point[i] = CMPLX(dtype_get(dtype, theta, i), h * dtype_get(dtype, v, i));
	}
	return h;
}

/* out [n] of dtype = H v, of the gradient g [n] at such a point. */
static inline void dual_product(enum dtype dtype, size_t n, const dual *g, double h, void *out)
{
	for (size_t i = 0; i < n; i++) {
		dtype_set(dtype, out, i, cimag(g[i]) / h);
	}
}

#endif
