/*
 * coordinate_descent: one weight of a linear model after the other, each to its minimum with the others held.
 *
 *   w_j = S(w_j H_jj - q_j, l1) / H_jj,   q = grad f + H (w - x),   S(y, t) = sign(y) max(|y| - t, 0)
 *
 * Of a least squares loss H = X'X/n + l2 is made once; an update is one cycle through all weights. Of another smooth
 * loss H is X'DX at x: the quadratic model is descended in cycles until it moves no more (proximal Newton), then
 *   x = x + alpha (w - x),   alpha = 1, 1/2, 1/4, ... the first with F(x + alpha d) <= F(x) + c1 alpha D,
 *   D = grad f'd + l1 (|x + d| - |x|)
 * Zeros are exact.
 *
 * Of a hinge loss (a linear support-vector machine) the coordinates are those of the dual, one a row, which are state
 * (core/linear/margin.h); it starts from w = 0. An update is one sweep.
 */
#include "core/kernels/kernels.h"
#include "core/linear/cycle.h"
#include "core/linear/margin.h"
#include "core/optim/line_settings.h"

enum { MOST_PARAMETERS = 2000, MOST_CYCLES = 1000, HALVINGS = 40 };
/* What is left of the first cycle's move when the cycles of a quadratic model end. */
static const double left_over = 1e-5;

enum { SET_C1 };
static const struct setting settings[] = { [SET_C1] = SETTING_C1 };

enum { POINT, GRADIENT, SCRATCH };

/* H, w, q, and what X'DX takes. */
static size_t workspace(const struct settings *s, const struct optimizer_shape *shape)
{
	const size_t n = shape->n;
	(void)s;
	if (n > MOST_PARAMETERS || !shape->linear || shape->rows > SIZE_MAX) {
		return 0;
	}
	return shape->kinked ? n + margin_room(n, (size_t)shape->rows) : n * n + 2 * n + linear_hessian_room(n);
}

/* The dual's coordinates. */
static size_t table(const struct settings *s, const struct optimizer_shape *shape)
{
	(void)s;
	return !shape->kinked ? 0 : shape->rows > SIZE_MAX ? SIZE_MAX : (size_t)shape->rows;
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
						"coordinate_descent holds a matrix of n x n numbers, for n up to %d; "
						"these are %zu parameters: use fista or saga",
						MOST_PARAMETERS, n);
}

static enum status suits(const struct settings *s, const struct objective *objective, struct error *error)
{
	(void)s;
	if (objective->linear.loss.derive == NULL) {
		return error_set(error, E_INVALID,
				 "coordinate_descent is for linear models, where the minimum along one weight is "
				 "known: use adam or lbfgs");
	}
	const struct linear_form *form = &objective->linear;
	if (form->loss.kinked && form->loss.derive != row_hinge) {
		return error_set(error, E_INVALID,
				 "coordinate_descent needs a loss without corners, where no weight alone may be stuck: "
				 "use adam or sgd, or a smooth loss (squared_hinge, huber)");
	}
	if (form->loss.kinked && (form->l1 != 0 || !(form->l2 > 0))) {
		return error_set(
			error, E_INVALID,
			"coordinate_descent solves a hinge loss by its dual, which needs l2 above 0 and no l1: "
			"give model.l2, or use sgd, or squared_hinge");
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

/* F falls along w - x: the first halving that meets the condition. Source: Lee, Sun and Saunders 2014, eq. 2.15. */
static enum status search(struct optimizer *o, struct iteration *it, const double *w)
{
	const struct linear_form *form = it->linear->form;
	const double noise = 16 * 2.2e-16 * fabs(it->f);
	double predicted = 0, f = NAN;

	for (size_t j = 0; j < it->n; j++) {
		const double x = get(it, it->x, j);
		predicted +=
			get(it, it->g, j) * (w[j] - x) + linear_l1(form, j / form->outputs) * (fabs(w[j]) - fabs(x));
	}
	double alpha = 1;
	for (unsigned k = 0; k < HALVINGS; k++, alpha /= 2) {
		for (size_t j = 0; j < it->n; j++) {
			const double x = get(it, it->x, j);
			set(it, o->scratch[POINT], j, alpha == 1 ? w[j] : x + alpha * (w[j] - x));
		}
		const enum status status = iteration_evaluate(it, o->scratch[POINT], &f, o->scratch[GRADIENT]);
		if (status != OK) {
			return status;
		}
		if (f <= it->f + setting_at(&o->settings, SET_C1) * alpha * fmin(predicted, 0) + noise) {
			iteration_accept(it, o->scratch[POINT], f, o->scratch[GRADIENT], alpha);
			return OK;
		}
	}
	iteration_accept(it, NULL, NAN, NULL, 0);
	return OK;
}

/* The intercepts of coupled classes are determined up to one number: their mean stays. */
static void keep_mean(const struct iteration *it, double *w)
{
	const struct linear_form *form = it->linear->form;
	const size_t m = form->outputs;
	double moved = 0;
	if (!form->loss.coupled || !form->intercept || form->penalize_intercept) {
		return;
	}
	for (size_t b = it->n - m; b < it->n; b++) {
		moved += (w[b] - get(it, it->x, b)) / (double)m;
	}
	for (size_t b = it->n - m; b < it->n; b++) {
		w[b] -= moved;
	}
}

/* One sweep through the dual of a hinge loss. */
static enum status sweep(struct optimizer *o, struct iteration *it)
{
	double *t = o->workspace, *room = t + it->n;
	const enum status status = margin_sweep(it->linear, o->table, t, room);
	if (status != OK) {
		return status;
	}
	for (size_t j = 0; j < it->n; j++) {
		set(it, o->scratch[POINT], j, t[j]);
	}
	iteration_accept(it, o->scratch[POINT], NAN, NULL, 1);
	return OK;
}

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	if (it->linear->form->loss.kinked) {
		return sweep(o, it);
	}
	const size_t n = it->n;
	double *h = o->workspace, *w = h + n * n, *q = w + n, *room = q + n;
	struct cycle cycle = { it->linear->form, n, h, w, q };
	const bool quadratic = it->linear->form->loss.quadratic;

	if (!o->kept) {
		const enum status status = linear_hessian(it->linear, it->x, h, room);
		if (status != OK) {
			return status;
		}
		kernels_active()->scale_f64(n * n, it->sign, h);
		o->kept = quadratic;
	}
	for (size_t j = 0; j < n; j++) {
		w[j] = get(it, it->x, j);
		q[j] = get(it, it->clipped, j);
	}
	cycle_begin(&cycle);
	double first = cycle_run(&cycle), last = first;
	for (unsigned k = 1; k < MOST_CYCLES && !quadratic && last > left_over * first; k++) {
		last = cycle_run(&cycle);
	}
	if (!quadratic) {
		keep_mean(it, w);
		return search(o, it, w);
	}
	for (size_t j = 0; j < n; j++) {
		set(it, o->scratch[POINT], j, w[j]);
	}
	iteration_accept(it, o->scratch[POINT], NAN, NULL, 1);
	return OK;
}

const struct optimizer_type OPTIMIZER(coordinate_descent) = {
	.name = "coordinate_descent",
	.doc = "Each weight of a linear model in turn to its minimum: lasso and elastic net with exact zeros, a hinge "
	       "loss by its dual.",
	.source = "Friedman, Hastie and Tibshirani 2010, section 2; Lee, Sun and Saunders 2014 (proximal Newton); "
		  "Hsieh et al. 2008 (hinge)",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = no_slots,
	.scratch = SCRATCH,
	.proximal = true,
	.table = table,
	.workspace = workspace,
	.fits = fits,
	.suits = suits,
	.needs = needs_full_batch,
	.iterate = iterate,
};
