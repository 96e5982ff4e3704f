/*
 * What the outputs z of one row cost, and how that bends: the part of a linear model that its solvers need beside X.
 *
 *   loss = factor * sum over the m outputs of l(z_c, y_c)      coupled: factor * l(z_1 .. z_m, class)
 *
 * All in double, whatever the precision of the data. It does not know rows, weights or penalties.
 */
#ifndef CORE_LINEAR_ROW_LOSS_H
#define CORE_LINEAR_ROW_LOSS_H

#include <stdbool.h>
#include <stddef.h>

struct row_loss;

/* slope and bend [rows, m] (bend may be NULL): first and second derivative by z [rows, m], factor in both. y [rows, m]
 * numbers, or [rows] class indices. Where it is coupled bend gets the probabilities p, without the factor: the second
 * derivative of a row is factor * (diag p - p p'). At a corner of the slope the second derivative is that of the left.
 */
typedef void row_loss_derive(const struct row_loss *loss, size_t rows, size_t m, const double *z, const double *y,
			     double *slope, double *bend);

struct row_loss {
	row_loss_derive *derive; /* NULL: no such description */
	double factor, constant; /* constant: delta, q, smoothing */
	double steepest;         /* the largest second derivative of l, without the factor; INFINITY: there is none */
	bool quadratic;
	bool coupled; /* of several classes */
	bool kinked;  /* it has corners: where the slope jumps there is no second derivative */
};

row_loss_derive row_squares;       /* (z - y)^2 */
row_loss_derive row_absolute;      /* |z - y| */
row_loss_derive row_huber;         /* d^2 / 2 where |d| <= constant, else constant (|d| - constant / 2) */
row_loss_derive row_quantile;      /* constant (y - z) where y >= z, else (1 - constant) (z - y) */
row_loss_derive row_poisson;       /* exp(z) - y z */
row_loss_derive row_logistic;      /* log(1 + exp(z)) - y z, y 0 or 1 */
row_loss_derive row_hinge;         /* max(0, 1 - s z), s = -1 for y = 0 and 1 for y = 1 */
row_loss_derive row_squared_hinge; /* its square */
row_loss_derive row_cross_entropy; /* logsumexp(z) - (1 - constant) z[y] - constant mean(z) */

#endif
