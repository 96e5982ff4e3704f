/*
 * Is a gradient the derivative of its value? Central differences in float64, coordinate by coordinate:
 *
 *   g_i ~ (8 (f(x + h e_i) - f(x - h e_i)) - (f(x + 2 h e_i) - f(x - 2 h e_i))) / 12h,   h = 5e-5 max(1, |x_i|)
 *
 * (Abramowitz and Stegun 25.3.6) whose error is h^4 f^(5) / 30 and some eps f / h: a right gradient agrees to 1e-6 of
 * itself and better, component by component, except within 2 h of a kink (relu, sum_abs).
 *
 * gradient_check_tensors is for a user's model: parameter by parameter, some elements of each. Where the differences do
 * not agree it tries smaller h, since a kink or an edge may lie near; at a kink itself any slope between those to the
 * left and to the right is right (a subgradient).
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
	bool sided; /* judged by the slopes to the left and to the right, between which it lies */
	double left, right;
};

/* Checks a float64 objective at theta [n] over `batch` (NULL without rows): 4 n + 1 evaluations. E_UNSUPPORTED in
 * float32, E_MEMORY, E_CANCELLED. */
enum status gradient_check(struct objective *objective, const double *theta, const struct batch *batch,
			   struct executor *executor, struct gradient_error *worst);

/* An error up to this is called right. */
#define GRADIENT_TOLERANCE 1e-5

struct gradient_check_tensor {
	size_t checked;              /* elements, evenly spread; 0: a buffer, which no gradient is of */
	struct gradient_error worst; /* index within the parameter */
};

/* As gradient_check, at most `most` (2 and more) elements of each parameter: out [objective->tensors]. */
enum status gradient_check_tensors(struct objective *objective, const double *theta, const struct batch *batch,
				   struct executor *executor, size_t most, struct gradient_check_tensor *out);

#endif
