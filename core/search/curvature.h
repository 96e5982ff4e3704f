/*
 * Products with the Hessian: those of the objective, exact to rounding, where it has them (objective.products), else
 * from differences of gradients.
 *
 *   of a quadratic     H v = (g(x + t v) - g(x)) / t            exact for any t: the trial is as far as x is large
 *   else               H v = (g(x + h v) - g(x - h v)) / 2h     |h v| = cbrt(unit) max(1, |x|)
 *
 * The error of the last is of the order unit^(2/3). Errors: E_CANCELLED.
 */
#ifndef CORE_SEARCH_CURVATURE_H
#define CORE_SEARCH_CURVATURE_H

#include "core/optim/iteration.h"

/* out = H v; v not 0. point and other [n] are scratch; all four differ. */
enum status curvature_product(struct iteration *iteration, const void *v, void *point, void *other, void *out);

#endif
