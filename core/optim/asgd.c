/*
 * asgd: averaged stochastic gradient descent, as torch.optim.ASGD defines it.
 *
 *   g = g + weight_decay x
 *   x = x (1 - lambd eta) - eta g                      eta = lr in the first update, then
 *   a = x  while mu = 1,  a + mu (x - a)  after         eta = lr / (1 + lambd lr (t - 1))^alpha,  mu = 1 / max(1, t - 1
 * - t0)
 *
 * What is reported is x; the average lies in the slot. Slots: a.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL eta = (REAL)c[ETA], keep = (REAL)c[KEEP], mu = (REAL)c[MU], decay = (REAL)c[DECAY];
	const bool copy = c[MU] == 1;
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict a = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		x[i] = x[i] * keep - eta * (g[i] + decay * x[i]);
		a[i] = copy ? x[i] : a[i] + mu * (x[i] - a[i]);
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const REAL eta = (REAL)o->coefficient[ETA], mu = (REAL)o->coefficient[MU];
	const bool copy = o->coefficient[MU] == 1;
	REAL *restrict x = step->x, *restrict a = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		const REAL before = x[i];
		NAME(shrink_one)(&x[i], eta, (REAL)l1);
		a[i] = copy ? x[i] : a[i] + mu * (x[i] - before);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

enum { ETA, KEEP, MU, DECAY }; /* coefficients: KEEP is 1 - lambd eta */

#define REAL_IS_FLOAT 1
#include "core/optim/asgd.c"
#define REAL_IS_FLOAT 0
#include "core/optim/asgd.c"

enum { SET_LEARNING_RATE, SET_LAMBD, SET_ALPHA, SET_T0, SET_WEIGHT_DECAY };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
	[SET_LAMBD] = SETTING_FROM_0("lambd", 1e-4, "Decay of x, and how fast the rate falls."),
	[SET_ALPHA] = SETTING_FROM_0("alpha", 0.75, "Power by which the rate falls."),
	[SET_T0] = SETTING_FROM_0("t0", 1e6, "Updates before the average begins."),
	[SET_WEIGHT_DECAY] = SETTING_WEIGHT_DECAY,
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const double lambd = setting_at(&o->settings, SET_LAMBD), passed = (double)(step->t - 1);

	c[ETA] = step->learning_rate /
		 pow(1 + lambd * step->learning_rate * passed, setting_at(&o->settings, SET_ALPHA));
	c[KEEP] = 1 - lambd * c[ETA];
	c[MU] = 1 / fmax(1, passed - setting_at(&o->settings, SET_T0));
	c[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
}

const struct optimizer_type OPTIMIZER(asgd) = {
	.name = "asgd",
	.doc = "Descent with a falling rate that also keeps the average of its points.",
	.source = "Polyak and Juditsky 1992; Bottou 2010; torch.optim.ASGD",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.shrink_f32 = shrink_f32,
	.shrink_f64 = shrink_f64,
};
#endif
