/*
 * normal_equations: least squares in closed form, the step from x to the minimum in one update.
 *
 *   (X'X / n + l2 I) P = -grad f(x)         by Cholesky's factors; I without the intercept where it is not penalised
 *   min |X P + (X x - y)|^2                 by orthogonal factors, where X'X is ill-conditioned (above 10^8)
 *
 * A further update refines: the same equations with the gradient that is left. Where the columns of X do not determine
 * the minimum it is the nearest to x.
 */
#include "core/linear/cholesky.h"
#include "core/linear/least_squares.h"
#include "core/optim/line_settings.h"

enum { MOST_PARAMETERS = 2000 };
/* Beyond it Cholesky's factors lose half of the digits, and more. */
static const double worst_condition = 1e8;

enum { POINT, SCRATCH };

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* X'X (or more), its factor, the step, and what either way takes. */
static size_t workspace(const struct settings *s, const struct optimizer_shape *shape)
{
	const size_t n = shape->n;
	(void)s;
	return n <= MOST_PARAMETERS && shape->linear
		       ? 2 * n * n + 2 * n + larger(linear_hessian_room(n), least_squares_room(n))
		       : 0;
}

static enum status fits(const struct settings *s, const struct tensor *tensor, size_t tensors, struct error *error)
{
	size_t n = 0;
	(void)s;
	for (size_t i = 0; i < tensors; i++) {
		n += tensor[i].size;
	}
	return n <= MOST_PARAMETERS ? OK
				    : error_set(error, E_INVALID,
						"normal_equations holds a matrix of n x n numbers, for n up to %d; "
						"these are %zu parameters: use conjugate_gradient or lbfgs",
						MOST_PARAMETERS, n);
}

static enum status suits(const struct settings *s, const struct objective *objective, struct error *error)
{
	(void)s;
	if (objective->linear.loss.derive == NULL) {
		return error_set(
			error, E_INVALID,
			"normal_equations solves least squares of a linear_regression in closed form, and this "
			"has none: use lbfgs");
	}
	if (!objective->linear.loss.quadratic) {
		return error_set(error, E_INVALID,
				 "normal_equations solves least squares (mse, squared_error) in closed form, and this "
				 "loss has none: use newton or lbfgs");
	}
	if (objective->linear.l1 != 0) {
		return error_set(error, E_INVALID,
				 "normal_equations has no closed form with l1: use coordinate_descent, or l2 alone");
	}
	return OK;
}

static double get(const struct iteration *it, const void *v, size_t i)
{
	return it->dtype == DTYPE_FLOAT64 ? ((const double *)v)[i] : (double)((const float *)v)[i];
}

static void set(const struct iteration *it, void *v, size_t i, double number)
{
	if (it->dtype == DTYPE_FLOAT64) {
		((double *)v)[i] = number;
	} else {
		((float *)v)[i] = (float)number;
	}
}

/* The factor of X'X / n + l2 I into l; l[0] = 0 where it would not do. Once a run. */
static enum status factorise(struct optimizer *o, struct iteration *it, double *g, double *l, double *room)
{
	const struct linear_form *form = it->linear->form;
	const size_t p = linear_height(form);
	if (o->kept) {
		return OK;
	}
	const enum status status = linear_gram(it->linear, g, room);
	if (status != OK) {
		return status;
	}
	for (size_t j = 0; j < p; j++) {
		g[j * p + j] += linear_l2(form, j);
	}
	if (!cholesky_factor(g, 0, p, l) || !(cholesky_condition(l, p) < worst_condition)) {
		l[0] = 0;
	}
	o->kept = true;
	return OK;
}

/* step [p, m] = -(L L')^-1 grad, column after column. */
static void substitute(const struct iteration *it, const double *l, double *column, double *step)
{
	const size_t p = linear_height(it->linear->form), m = it->linear->form->outputs;
	for (size_t c = 0; c < m; c++) {
		for (size_t j = 0; j < p; j++) {
			column[j] = -it->sign * get(it, it->g, j * m + c);
		}
		cholesky_solve(l, p, column);
		for (size_t j = 0; j < p; j++) {
			step[j * m + c] = column[j];
		}
	}
}

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	const size_t n = it->n;
	double *g = o->workspace, *l = g + n * n, *step = l + n * n, *column = step + n, *room = column + n;

	if (is_flat(it, 0)) {
		iteration_accept(it, NULL, NAN, NULL, 0);
		return OK;
	}
	enum status status = factorise(o, it, g, l, room);
	if (status == OK && l[0] == 0) {
		status = least_squares_step(it->linear, it->x, step, room);
	} else if (status == OK) {
		substitute(it, l, column, step);
	}
	if (status != OK) {
		return status;
	}
	for (size_t i = 0; i < n; i++) {
		set(it, o->scratch[POINT], i, get(it, it->x, i) + step[i]);
	}
	iteration_accept(it, o->scratch[POINT], NAN, NULL, 1);
	return OK;
}

const struct optimizer_type OPTIMIZER(normal_equations) = {
	.name = "normal_equations",
	.doc = "Least squares in closed form: Cholesky's factors, orthogonal ones where it is ill-conditioned.",
	.source = "Gauss 1809; Golub and Van Loan 2013, sections 5.2, 5.3 and 5.5; Hoerl and Kennard 1970 (ridge)",
	.slots = no_slots,
	.scratch = SCRATCH,
	.workspace = workspace,
	.fits = fits,
	.suits = suits,
	.needs = needs_full_batch,
	.iterate = iterate,
};
