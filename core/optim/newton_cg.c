/*
 * newton_cg: Newton's direction, as far as conjugate gradients find it.
 *
 *   H p = -g  by conjugate gradients from p = 0, until |r| <= min(1/2, sqrt |g|) |g|, or curvature is not positive
 *   x = x + alpha p,  alpha by a strong Wolfe search from 1
 *
 * H is never formed: each iteration within takes one product with it, of a linear model X'(D(Xv)) in one pass over the
 * rows (core/linear/linear.h), else that of the objective or one from differences of gradients
 * (core/search/curvature.h). Where the first direction has no positive curvature p is -g.
 */
#include "core/optim/line_settings.h"
#include "core/search/curvature.h"

enum { SET_MAX_CG_ITER, SET_C1, SET_C2 };
static const struct setting settings[] = {
	[SET_MAX_CG_ITER] = { .name = "max_cg_iter",
			      .kind = SETTING_INTEGER,
			      .nullable = true,
			      .preset = NAN,
			      .minimum = 1,
			      .maximum = 9007199254740991,
			      .doc = "Products with the Hessian in a step, at most; null: as many as parameters, or "
				     "200." },
	[SET_C1] = SETTING_C1,
	[SET_C2] = SETTING_C2(0.9),
};

enum { P, R, D, HD, POINT, G_A, G_B, SCRATCH };
enum { CG_ITERATIONS = 200 };

/* hd = H d. */
static enum status product(const struct optimizer *o, struct iteration *it, const void *d, void *hd)
{
	if (it->linear == NULL) {
		return curvature_product(it, d, o->scratch[POINT], o->scratch[G_A], hd);
	}
	const enum status status = linear_product(it->linear, it->x, d, hd, o->workspace);
	if (status == OK && it->sign < 0) {
		iteration_combine(it, -1, hd, 0, hd, hd);
	}
	return status;
}

static size_t workspace(const struct settings *s, const struct optimizer_shape *shape)
{
	(void)s;
	return shape->linear ? linear_product_room(shape->n) : 0;
}

static enum status suits(const struct settings *s, const struct objective *objective, struct error *error)
{
	(void)s;
	return linear_smooth("newton_cg", &objective->linear, error);
}

/* p, nearly -H^-1 g. Source: Nocedal and Wright 2006, algorithm 7.1. */
static enum status solve(const struct optimizer *o, struct iteration *it)
{
	void *p = o->scratch[P], *r = o->scratch[R], *d = o->scratch[D], *hd = o->scratch[HD];
	const double given = setting_at(&o->settings, SET_MAX_CG_ITER);
	const double most = isnan(given) ? fmin((double)it->n, CG_ITERATIONS) : given;
	double rr = iteration_dot(it, it->clipped, it->clipped);
	const double norm = sqrt(rr), enough = fmin(0.5, sqrt(norm)) * norm;

	iteration_combine(it, 1, it->clipped, 0, it->clipped, r);
	iteration_combine(it, -1, it->clipped, 0, it->clipped, d);
	iteration_combine(it, 0, it->clipped, 0, it->clipped, p);
	for (double k = 0; k < most; k++) {
		const enum status status = product(o, it, d, hd);
		if (status != OK) {
			return status;
		}
		const double bend = iteration_dot(it, d, hd);
		if (!(bend > 0) || !isfinite(bend)) {
			if (k == 0) {
				iteration_combine(it, 1, d, 0, d, p);
			}
			break;
		}
		const double alpha = rr / bend;
		iteration_combine(it, 1, p, alpha, d, p);
		iteration_combine(it, 1, r, alpha, hd, r);
		const double next = iteration_dot(it, r, r);
		if (sqrt(next) <= enough) {
			break;
		}
		iteration_combine(it, -1, r, next / rr, d, d);
		rr = next;
	}
	return OK;
}

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	if (is_flat(it, 0)) {
		iteration_accept(it, NULL, NAN, NULL, 0);
		return OK;
	}
	const enum status status = solve(o, it);
	return status != OK ? status
			    : newton_step(o, it, o->scratch[P], o->scratch[POINT],
					  (void *[]){ o->scratch[G_A], o->scratch[G_B] });
}

const struct optimizer_type OPTIMIZER(newton_cg) = {
	.name = "newton_cg",
	.doc = "Newton's direction by conjugate gradients on the Hessian, which is never formed.",
	.source = "Dembo, Eisenstat and Steihaug 1982; Nocedal and Wright 2006, algorithm 7.1",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = no_slots,
	.scratch = SCRATCH,
	.workspace = workspace,
	.suits = suits,
	.needs = needs_free_line,
	.check = check_wolfe,
	.products = true,
	.iterate = iterate,
};
