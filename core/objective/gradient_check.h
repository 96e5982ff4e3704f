/*
 * Is a gradient the derivative of its value? Central differences in float64, coordinate by coordinate:
 *
 *   g_i ~ (f(x + h e_i) - f(x - h e_i)) / 2h,   h = eps^(1/3) max(1, |x_i|)
 *
 * whose error is of the order of eps^(2/3) f''' (Nocedal and Wright 2006, section 8.1), around 1e-10: a right gradient
 * agrees to 1e-6 and better, except within h of a kink (relu, sum_abs).
 */
#ifndef CORE_OBJECTIVE_GRADIENT_CHECK_H
#define CORE_OBJECTIVE_GRADIENT_CHECK_H

#include "core/objective/objective.h"

/* The worst coordinate. error = |analytic - numeric| / max(1, largest |numeric| of all). */
struct gradient_error {
	double error;
	size_t index;
	double analytic, numeric;
};

/* Checks a float64 objective at theta [n] over `batch` (NULL without rows): 2 n + 1 evaluations. E_UNSUPPORTED in
 * float32, E_MEMORY, E_CANCELLED. */
enum status gradient_check(struct objective *objective, const double *theta, const struct batch *batch,
			   struct executor *executor, struct gradient_error *worst);

#endif
