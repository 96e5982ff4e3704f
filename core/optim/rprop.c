/*
 * rprop: every component has a step size of its own that grows while its slope keeps its sign, as torch.optim.Rprop.
 *
 *   s starts at lr, p (the last gradient) at 0;  etas = (shrink, grow)
 *   s = s grow  if g p > 0,  s shrink  if g p < 0,  then into step_sizes
 *   g = 0  if g p < 0                                no move, and the next update keeps s
 *   x = x - s sign(g)
 *   p = g
 *
 * For full batches. The learning rate is the first step alone. Slots: s, p.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL start = (REAL)c[START], shrink = (REAL)c[SHRINK], grow = (REAL)c[GROW];
	const REAL least = (REAL)c[LEAST], most = (REAL)c[MOST];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict s = o->slot[0];
	REAL *restrict p = o->slot[1];

	for (size_t i = begin; i < end; i++) {
		const REAL agree = g[i] * p[i], d = agree < 0 ? 0 : g[i];
		REAL size = (s[i] + start) * (agree > 0 ? grow : agree < 0 ? shrink : 1);
		size = size < least ? least : size;
		s[i] = size > most ? most : size;
		x[i] -= s[i] * (REAL)((d > 0) - (d < 0));
		p[i] = d;
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

enum { START, SHRINK, GROW, LEAST, MOST }; /* coefficients: START is added to s in the first update, 0 after */

#define REAL_IS_FLOAT 1
#include "core/optim/rprop.c"
#define REAL_IS_FLOAT 0
#include "core/optim/rprop.c"

static const double etas[] = { 0.5, 1.2 };
static const double step_sizes[] = { 1e-6, 50 };

enum { SET_LEARNING_RATE, SET_ETAS, SET_STEP_SIZES };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
	[SET_ETAS] = { .name = "etas",
		       .kind = SETTING_VECTOR,
		       .length = 2,
		       .preset_values = etas,
		       .minimum = 0,
		       .open_minimum = true,
		       .maximum = INFINITY,
		       .open_maximum = true,
		       .doc = "Factors by which a step size shrinks and grows." },
	[SET_STEP_SIZES] = { .name = "step_sizes",
			     .kind = SETTING_VECTOR,
			     .length = 2,
			     .preset_values = step_sizes,
			     .minimum = 0,
			     .maximum = INFINITY,
			     .open_maximum = true,
			     .doc = "The least and the largest step size." },
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 2;
}

static enum status check(const struct settings *s, const char **setting, struct error *error)
{
	const double *eta = s->value[SET_ETAS].values, *size = s->value[SET_STEP_SIZES].values;

	if (!(eta[0] < 1 && eta[1] > 1)) {
		*setting = "etas";
		return error_set(error, E_RANGE, "the first of etas shrinks (below 1), the second grows (above 1)");
	}
	if (size[0] > size[1]) {
		*setting = "step_sizes";
		return error_set(error, E_RANGE, "the least step size is larger than the largest");
	}
	return OK;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const double *eta = o->settings.value[SET_ETAS].values, *size = o->settings.value[SET_STEP_SIZES].values;

	c[START] = step->t == 1 ? step->learning_rate : 0;
	c[SHRINK] = eta[0];
	c[GROW] = eta[1];
	c[LEAST] = size[0];
	c[MOST] = size[1];
}

const struct optimizer_type OPTIMIZER(rprop) = {
	.name = "rprop",
	.doc = "Steps by the sign of the slope alone, each component with a size that adapts.",
	.source = "Riedmiller and Braun 1993; Igel and Huesken 2000 (iRprop-); torch.optim.Rprop",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.check = check,
	.prepare = prepare,
	.pauses = true,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.no_l1 = "a step by the sign of the gradient has no rate that a threshold could be in proportion to",
};
#endif
