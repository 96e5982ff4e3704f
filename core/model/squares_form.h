/*
 * Whether a scalar of a tensor graph is a sum of squares over the rows, and of which residuals.
 *
 *   c sum w r^2 or c mean w r^2, and a number beside:   residual sqrt(w) r,   c > 0, no parameter in w
 *
 * Levenberg-Marquardt and standard errors go by the residuals; c and the number change neither. R2 needs what was
 * observed: with r = u - f or f - u, no parameter in u, it is 1 - sum w r^2 / sum w (u - mean of u)^2.
 */
#ifndef CORE_MODEL_SQUARES_FORM_H
#define CORE_MODEL_SQUARES_FORM_H

#include "core/tensor/tensor.h"

struct squares_form {
	size_t residual; /* sqrt(w) r, one number a row */
	/* sqrt(w) u and sqrt(w) side by side for each row, u being 0 where nothing is observed; NODE_NONE: r is the
	 * target and a prediction apart, w is 1. */
	size_t observed;
	bool sure;     /* w is no less than 0 whatever the data are */
	double beside; /* the number */
};

/* Appends the nodes. E_UNSUPPORTED: it is no such sum; E_MEMORY, or an error of the graph. */
enum status squares_form(struct tensor_graph *graph, size_t root, struct squares_form *out);

#endif
