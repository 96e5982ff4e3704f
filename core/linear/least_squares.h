/*
 * Least squares by orthogonal factors: min over P [p, m] of
 *
 *   factor bend / 2n sum over rows |P'x + e|^2 + l2 / 2 |P + T|^2,      e = X T - y
 *
 * the step from T to the minimum. R is found block after block of rows by Householder's reflections, in the order of
 * the rows; where the columns of X do not determine P it is the shortest. Sources: Golub and Van Loan 2013, 5.2 and
 * 5.5.6 (complete orthogonal decomposition).
 */
#ifndef CORE_LINEAR_LEAST_SQUARES_H
#define CORE_LINEAR_LEAST_SQUARES_H

#include "core/linear/linear.h"

/* step [n] = P in theta's order, from theta [n] of the data's dtype. The loss is quadratic. OK or E_CANCELLED. */
enum status least_squares_step(const struct linear_view *view, const void *theta, double *step, double *room);
/* Doubles of room for n parameters. */
size_t least_squares_room(size_t n);

#endif
