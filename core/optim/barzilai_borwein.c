/*
 * barzilai_borwein: a secant equation in one number gives the step length.
 *
 *   s = x_k - x_{k-1},  y = g_k - g_{k-1}
 *   variant 1   alpha = s's / s'y
 *   variant 2   alpha = s'y / y'y
 *   x = x - alpha g                 (initial_step in the first update)
 *
 * Where the curvature s'y along the last step is not positive alpha is |s| / |y|, their geometric mean where it is; a
 * gradient that did not change keeps alpha. Steps are not monotone. Slots: x_{k-1}, g_{k-1}. Scalars: alpha, and the
 * last values of f.
 *
 * With l1 (SpaRSA) x = the soft threshold of x - alpha g at alpha l1, alpha halved until f is below the largest of its
 * last LAST values by 0.005 |dx|^2 / alpha.
 */
#include "core/optim/corner.h"
#include "core/optim/line_settings.h"

enum { SET_INITIAL_STEP, SET_VARIANT };
static const struct setting settings[] = {
	[SET_INITIAL_STEP] = SETTING_STEP("initial_step", 0.001, "Step length of the first update."),
	[SET_VARIANT] = { .name = "variant",
			  .kind = SETTING_INTEGER,
			  .preset = 1,
			  .minimum = 1,
			  .maximum = 2,
			  .doc = "1: the long step s's / s'y; 2: the short step s'y / y'y." },
};

enum { LAST = 5 };
enum { ALPHA, VALUES, SCALARS = VALUES + LAST };
enum { X_BEFORE, G_BEFORE, SLOTS };
enum { POINT, S = POINT, Y, SCRATCH };

static size_t slots(const struct settings *s)
{
	(void)s;
	return SLOTS;
}

/* alpha from the last step, which had the length `last`. */
static double secant(const struct optimizer *o, const struct iteration *it, double last)
{
	void *s = o->scratch[S], *y = o->scratch[Y];

	iteration_combine(it, 1, it->x, -1, o->slot[X_BEFORE], s);
	iteration_combine(it, 1, it->g, -1, o->slot[G_BEFORE], y);
	const double ss = iteration_dot(it, s, s);
	const double sy = iteration_dot(it, s, y);
	const double yy = iteration_dot(it, y, y);
	double alpha = setting_at(&o->settings, SET_VARIANT) == 1 ? ss / sy : sy / yy;

	if (!(sy > 0)) {
		alpha = sqrt(ss / yy);
	}
	return alpha > 0 && isfinite(alpha) ? alpha : last;
}

static void remember(struct optimizer *o, const struct iteration *it, double alpha)
{
	iteration_combine(it, 1, it->x, 0, it->x, o->slot[X_BEFORE]);
	iteration_combine(it, 1, it->g, 0, it->g, o->slot[G_BEFORE]);
	o->scalar[ALPHA] = alpha;
}

/* The step with l1, from the length alpha on. */
static enum status proximal_step(struct optimizer *o, struct iteration *it, double alpha)
{
	struct corner_search search = { .first = alpha,
					.factor = 0.5,
					.share = 0.005,
					.bound = it->f,
					.point = o->scratch[POINT],
					.change = o->scratch[Y] };
	const uint64_t known = it->t - 1 < LAST ? it->t - 1 : LAST;
	double t, f;

	for (uint64_t k = 0; k < known; k++) {
		search.bound = fmax(search.bound, o->scalar[VALUES + k]);
	}
	const enum status status = corner_step(o, it, &search, &t, &f);
	if (status != OK) {
		return status;
	}
	remember(o, it, t > 0 ? t : alpha);
	o->scalar[VALUES + (it->t - 1) % LAST] = it->f;
	iteration_accept(it, t > 0 ? search.point : NULL, t > 0 ? f : (double)NAN, NULL, t);
	return OK;
}

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	const double last = o->scalar[ALPHA];
	const double alpha = it->t == 1 ? setting_at(&o->settings, SET_INITIAL_STEP) : secant(o, it, last);

	if (it->l1 != NULL) {
		return proximal_step(o, it, alpha);
	}
	remember(o, it, alpha);
	descend(it, alpha, o->scratch[POINT]);
	return OK;
}

const struct optimizer_type OPTIMIZER(barzilai_borwein) = {
	.name = "barzilai_borwein",
	.doc = "Gradient descent whose step length is the inverse curvature along the last step.",
	.source = "Barzilai and Borwein 1988, Two-point step size gradient methods, equations 5 and 6; Wright, "
		  "Nowak and Figueiredo 2009 (SpaRSA)",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = SCALARS,
	.scratch = SCRATCH,
	.needs = needs_full_batch,
	.proximal = true,
	.iterate = iterate,
};
