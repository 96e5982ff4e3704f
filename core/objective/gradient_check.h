/*
 * Is a gradient the derivative of its value? Central differences in float64, coordinate by coordinate:
 *
 *   g_i ~ (8 (f(x + h e_i) - f(x - h e_i)) - (f(x + 2 h e_i) - f(x - 2 h e_i))) / 12h,   h = 5e-5 max(1, |x_i|)
 *
 * (Abramowitz and Stegun 25.3.6) whose error is h^4 f^(5) / 30 and some eps f / h: a right gradient agrees to 1e-6 of
 * itself and better, component by component, except within 2 h of a kink (relu, sum_abs).
 */
#ifndef CORE_OBJECTIVE_GRADIENT_CHECK_H
#define CORE_OBJECTIVE_GRADIENT_CHECK_H

#include "core/objective/objective.h"

/* The worst coordinate. error = |analytic - numeric| / max(|analytic|, |numeric|, 5e-5 |f|): a derivative below 5e-5 of
 * the value has too few digits in a difference of such values, and is held against that. */
struct gradient_error {
	double error;
	size_t index;
	double analytic, numeric;
};

/* Checks a float64 objective at theta [n] over `batch` (NULL without rows): 4 n + 1 evaluations. E_UNSUPPORTED in
 * float32, E_MEMORY, E_CANCELLED. */
enum status gradient_check(struct objective *objective, const double *theta, const struct batch *batch,
			   struct executor *executor, struct gradient_error *worst);

#endif
