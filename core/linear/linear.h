/*
 * Linear models as their own solvers see them: F(W, b) = mean over rows of loss(X W + b) + l1 sum |w| + l2/2 sum w^2.
 *
 * The parameters are one matrix T [p, m] in theta's own order: the d rows of W, then b where there is an intercept
 * (p = d + 1, else d); X with a last column of ones stands before it. The Hessian of such a loss is X'DX, and its
 * products with a vector need no second evaluation.
 *
 * Rows are cut in lanes whose number depends on rows and p m alone; each adds up on its own, then they are added in
 * order: the same bits for any executor. Sums are in double, whatever the precision of the data. Nothing here
 * allocates: callers lend `room`, whose size the functions of shapes say.
 *
 * Errors: E_CANCELLED where the executor was stopped, nothing else.
 */
#ifndef CORE_LINEAR_LINEAR_H
#define CORE_LINEAR_LINEAR_H

#include "core/base/error.h"
#include "core/data/view.h"
#include "core/exec.h"
#include "core/linear/row_loss.h"

struct linear_form {
	struct row_loss loss; /* derive NULL: not a linear model, nothing else is set */
	size_t features, outputs;
	bool intercept, penalize_intercept;
	double l1, l2;
};

/* A linear model over all rows of a dataset. Borrows all. */
struct linear_view {
	const struct linear_form *form;
	const struct data_view *data;
	struct executor *executor;
};

/* Rows of T: features, and one for the intercept. */
static inline size_t linear_height(const struct linear_form *form)
{
	return form->features + form->intercept;
}

/* Factor of l2 (l1) on row j of T. */
static inline double linear_l2(const struct linear_form *form, size_t j)
{
	return j < form->features || form->penalize_intercept ? form->l2 : 0;
}
static inline double linear_l1(const struct linear_form *form, size_t j)
{
	return j < form->features || form->penalize_intercept ? form->l1 : 0;
}

/* Rows of a block: few enough to stay in the cache, with all that is made of them. */
size_t linear_block_rows(size_t n);
/* x [rows, p] with the last column 1 where there is an intercept, y as row_loss_derive wants it, of rows
 * first..first+rows-1 of the data (NULL: not wanted). */
void linear_block(const struct linear_view *view, size_t first, size_t rows, double *x, double *y);

/* h [n, n], n = p m: the Hessian of the smooth part (without l1) at theta [n] of the data's dtype, both triangles. */
enum status linear_hessian(const struct linear_view *view, const void *theta, double *h, double *room);
/* g [p, p]: the Hessian of one output's column of T where the loss is quadratic, without l2: the same for all. */
enum status linear_gram(const struct linear_view *view, double *g, double *room);
/* Doubles of room for both, for n parameters; SIZE_MAX: too many. */
size_t linear_hessian_room(size_t n);

/* out = H v; v and out [n] of the data's dtype. */
enum status linear_product(const struct linear_view *view, const void *theta, const void *v, void *out, double *room);
size_t linear_product_room(size_t n);

/* suits() of a solver that wants second derivatives: OK (also of what is no linear model), or E_INVALID with a sentence
 * that begins with `name` and says what to use instead. */
enum status linear_smooth(const char *name, const struct linear_form *form, struct error *error);

#endif
