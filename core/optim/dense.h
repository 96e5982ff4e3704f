/* Small dense systems in double, and numbers of a vector of either precision: what solvers of few unknowns need. */
#ifndef CORE_OPTIM_DENSE_H
#define CORE_OPTIM_DENSE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/dtype.h"

static inline double vector_get(enum dtype dtype, const void *v, size_t i)
{
	return dtype == DTYPE_FLOAT64 ? ((const double *)v)[i] : (double)((const float *)v)[i];
}

static inline void vector_set(enum dtype dtype, void *v, size_t i, double number)
{
	if (dtype == DTYPE_FLOAT64) {
		((double *)v)[i] = number;
	} else {
		((float *)v)[i] = (float)number;
	}
}

/* a [m, m] becomes its factors L and U by rows, pivot [m] the exchanges; false where it is singular. */
static inline bool lu_factor(double *a, size_t *pivot, size_t m)
{
	for (size_t k = 0; k < m; k++) {
		size_t best = k;
		for (size_t i = k + 1; i < m; i++) {
			best = fabs(a[i * m + k]) > fabs(a[best * m + k]) ? i : best;
		}
		pivot[k] = best;
		if (!(fabs(a[best * m + k]) > 0) || !isfinite(a[best * m + k])) {
			return false;
		}
		for (size_t j = 0; j < m && best != k; j++) {
			const double swap = a[k * m + j];
			a[k * m + j] = a[best * m + j];
			a[best * m + j] = swap;
		}
		for (size_t i = k + 1; i < m; i++) {
			const double factor = a[i * m + k] /= a[k * m + k];
			for (size_t j = k + 1; j < m; j++) {
				a[i * m + j] -= factor * a[k * m + j];
			}
		}
	}
	return true;
}

/* b = a^-1 b from the factors. */
static inline void lu_solve(const double *a, const size_t *pivot, size_t m, double *b)
{
	for (size_t k = 0; k < m; k++) {
		const double swap = b[k];
		b[k] = b[pivot[k]];
		b[pivot[k]] = swap;
	}
	for (size_t i = 1; i < m; i++) {
		for (size_t j = 0; j < i; j++) {
			b[i] -= a[i * m + j] * b[j];
		}
	}
	for (size_t i = m; i-- > 0;) {
		for (size_t j = i + 1; j < m; j++) {
			b[i] -= a[i * m + j] * b[j];
		}
		b[i] /= a[i * m + i];
	}
}

#endif
