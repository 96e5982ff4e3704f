/* What the tests of products with the Hessian share: products against differences of gradients. */
#ifndef TESTS_CORE_PRODUCTS_H
#define TESTS_CORE_PRODUCTS_H

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "core/objective/objective.h"

/* max |H v - d| / max(|d|, 1e-3 |g|, 1e-8), d the difference of gradients (8 (g(x + h v) - g(x - h v)) - (g(x + 2 h v)
 * - g(x - 2 h v))) / 12h (Abramowitz and Stegun 25.3.6), whose error is some h^4 of a fifth derivative and eps g / h.
 */
static inline double products_error(struct objective *objective, const double *theta, const double *v, double h,
				    const struct batch *batch, struct executor *executor)
{
	static const double at[] = { 1, -1, 2, -2 }, weight[] = { 8, -8, -1, 1 };
	const size_t n = objective->n - objective->buffers;
	double *room = calloc(3 * objective->n + 2 * n, sizeof *room), worst = 0, scale = 1e-8;
	double *point = room, *difference = point + objective->n, *product = difference + n, *g = product + n;
	ck_assert_ptr_nonnull(room);
	ck_assert(objective->products);
	for (size_t k = 0; k < 4; k++) {
		for (size_t i = 0; i < objective->n; i++) {
			point[i] = theta[i] + (i < n ? at[k] * h * v[i] : 0);
		}
		ck_assert_int_eq(objective->type->evaluate(objective, point, batch, executor, NULL, g), OK);
		for (size_t i = 0; i < n; i++) {
			difference[i] += weight[k] * g[i] / (12 * h);
			scale = fmax(scale, 1e-3 * fabs(g[i]));
		}
	}
	ck_assert_int_eq(objective->type->product(objective, theta, v, batch, executor, product), OK);
	for (size_t i = 0; i < n; i++) {
		scale = fmax(scale, fabs(difference[i]));
	}
	for (size_t i = 0; i < n; i++) {
		const double error = fabs(product[i] - difference[i]) / scale;
		worst = error > worst || isnan(error) ? error : worst;
	}
	free(room);
	return worst;
}

/* |u'Hv - v'Hu| / (|u'Hv| + |u||Hv|): H is symmetric. */
static inline double products_asymmetry(struct objective *objective, const double *theta, const double *u,
					const double *v, const struct batch *batch, struct executor *executor)
{
	const size_t n = objective->n - objective->buffers;
	double *hu = calloc(2 * n, sizeof *hu), *hv = hu + n, one = 0, other = 0, uu = 0, hh = 0;
	ck_assert_ptr_nonnull(hu);
	ck_assert_int_eq(objective->type->product(objective, theta, u, batch, executor, hu), OK);
	ck_assert_int_eq(objective->type->product(objective, theta, v, batch, executor, hv), OK);
	for (size_t i = 0; i < n; i++) {
		one += u[i] * hv[i];
		other += v[i] * hu[i];
		uu += u[i] * u[i];
		hh += hv[i] * hv[i];
	}
	free(hu);
	return fabs(one - other) / (fabs(one) + sqrt(uu * hh) + 1e-300);
}

#endif
