/*
 * newton: the step to the minimum of the quadratic model.
 *
 *   (H + tau I) p = -g  by Cholesky's factors; tau = 0 where H is positive definite, else as large as is needed
 *   x = x + alpha p,    alpha by a strong Wolfe search from 1
 *
 * H of a linear model is X'DX (core/linear/linear.h), one pass over the rows. Elsewhere it is made column by column of
 * products (core/search/curvature.h): exact ones where the objective has them, one a parameter, else differences of
 * gradients, two evaluations a parameter (one for a quadratic).
 */
#include "core/kernels/kernels.h"
#include "core/linear/cholesky.h"
#include "core/optim/line_settings.h"
#include "core/search/curvature.h"

enum { MOST_PARAMETERS = 2000 };

enum { SET_C1, SET_C2 };
static const struct setting settings[] = { [SET_C1] = SETTING_C1, [SET_C2] = SETTING_C2(0.9) };

enum { P, UNIT, COLUMN, POINT, G_A, G_B, SCRATCH };

static enum status fits(const struct settings *s, const struct tensor *tensor, size_t tensors, struct error *error)
{
	size_t n = 0;
	(void)s;
	for (size_t i = 0; i < tensors; i++) {
		n += tensor[i].size;
	}
	return n <= MOST_PARAMETERS ? OK
				    : error_set(error, E_INVALID,
						"newton holds a matrix of n x n numbers, for n up to %d; these are %zu "
						"parameters: use "
						"newton_cg or lbfgs",
						MOST_PARAMETERS, n);
}

/* H, its factor L, a vector, and what X'DX takes; nothing for what does not fit. */
static size_t workspace(const struct settings *s, const struct optimizer_shape *shape)
{
	const size_t n = shape->n;
	(void)s;
	return n <= MOST_PARAMETERS ? 2 * n * n + n + (shape->linear ? linear_hessian_room(n) : 0) : 0;
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

/* h [n, n] = the Hessian at x, symmetric. */
static enum status hessian(const struct optimizer *o, struct iteration *it, double *h)
{
	const size_t n = it->n;
	void *unit = o->scratch[UNIT], *column = o->scratch[COLUMN];

	if (it->linear != NULL) {
		const enum status status = linear_hessian(it->linear, it->x, h, h + 2 * n * n + n);
		kernels_active()->scale_f64(n * n, it->sign, h);
		return status;
	}
	iteration_combine(it, 0, it->clipped, 0, it->clipped, unit);
	for (size_t j = 0; j < n; j++) {
		set(it, unit, j, 1);
		const enum status status = curvature_product(it, unit, o->scratch[POINT], o->scratch[G_A], column);
		if (status != OK) {
			return status;
		}
		set(it, unit, j, 0);
		for (size_t i = 0; i < n; i++) {
			h[i * n + j] = get(it, column, i);
		}
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			h[i * n + j] = h[j * n + i] = 0.5 * (h[i * n + j] + h[j * n + i]);
		}
	}
	return OK;
}

/* Cholesky with a multiple of the identity. Source: Nocedal and Wright 2006, algorithm 3.3; beta is taken in
 * proportion to the matrix. False: no multiple tried does (a Hessian that is not finite). */
static bool factorise_modified(const double *h, size_t n, double *l)
{
	double least = INFINITY, size = 0;
	for (size_t i = 0; i < n; i++) {
		least = fmin(least, h[i * n + i]);
		size = fmax(size, fabs(h[i * n + i]));
	}
	const double beta = 1e-3 * (size > 0 ? size : 1);
	double tau = least > 0 ? 0 : beta - least;
	for (unsigned k = 0; k < 60; k++) {
		if (cholesky_factor(h, tau, n, l)) {
			return true;
		}
		tau = fmax(2 * tau, beta);
	}
	return false;
}

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	const size_t n = it->n;
	double *h = o->workspace, *l = h + n * n, *b = l + n * n;

	if (is_flat(it, 0)) {
		iteration_accept(it, NULL, NAN, NULL, 0);
		return OK;
	}
	const enum status status = hessian(o, it, h);
	if (status != OK) {
		return status;
	}
	const bool factored = factorise_modified(h, n, l);
	for (size_t i = 0; i < n; i++) {
		b[i] = get(it, it->clipped, i);
	}
	if (factored) {
		cholesky_solve(l, n, b);
	}
	for (size_t i = 0; i < n; i++) {
		set(it, o->scratch[P], i, -b[i]);
	}
	return newton_step(o, it, o->scratch[P], o->scratch[POINT], (void *[]){ o->scratch[G_A], o->scratch[G_B] });
}

static enum status suits(const struct settings *s, const struct objective *objective, struct error *error)
{
	(void)s;
	return linear_smooth("newton", &objective->linear, error);
}

const struct optimizer_type OPTIMIZER(newton) = {
	.name = "newton",
	.doc = "Newton's method for up to 2000 parameters, by Cholesky's factors of the Hessian.",
	.source = "Nocedal and Wright 2006, algorithms 3.2 and 3.3",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = no_slots,
	.scratch = SCRATCH,
	.workspace = workspace,
	.fits = fits,
	.suits = suits,
	.needs = needs_free_line,
	.check = check_wolfe,
	.products = true,
	.iterate = iterate,
};
