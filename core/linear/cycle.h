/*
 * Coordinate descent on a quadratic with an l1 term:
 *
 *   min over w of  g'(w - x) + 1/2 (w - x)'H(w - x) + sum_j l1_j |w_j|
 *
 * each w_j in turn to its minimum with the others held, which is a soft threshold; the intercept of an output goes with
 * each of its weights to its own minimum, so that columns need not be centred. Sources: Friedman, Hastie and Tibshirani
 * 2010, section 2 (covariance updates); Wu and Lange 2008.
 */
#ifndef CORE_LINEAR_CYCLE_H
#define CORE_LINEAR_CYCLE_H

#include "core/linear/linear.h"

struct cycle {
	const struct linear_form *form;
	size_t n;
	const double *h; /* [n, n] symmetric */
	double *w;       /* [n] */
	double *q;       /* [n] g + H (w - x) */
};

/* Before the first cycle, w = x and q = g: intercepts to their minimum. */
void cycle_begin(struct cycle *cycle);
/* One cycle through all coordinates; the largest move of any, in units of the root of the objective. */
double cycle_run(struct cycle *cycle);

#endif
