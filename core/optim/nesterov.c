/*
 * nesterov: Nesterov's accelerated gradient, the gradient taken at the look-ahead point.
 *
 *   r = momentum r + lr grad f(x - momentum r)
 *   x = x - r
 *
 * What is reported is x, not the look-ahead point. Slots: r.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(look_ahead)(const struct optimizer *o, const REAL *restrict x, REAL *restrict point, size_t begin,
			     size_t end)
{
	const REAL mu = (REAL)setting_at(&o->settings, SET_MOMENTUM);
	const REAL *restrict r = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		point[i] = x[i] - mu * r[i];
	}
}

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR], mu = (REAL)o->coefficient[MU];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict r = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		r[i] = mu * r[i] + lr * g[i];
		x[i] -= r[i];
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR];
	REAL *restrict x = step->x, *restrict r = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		r[i] += lr * NAME(shrink_one)(&x[i], lr, (REAL)l1);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

enum { LR, MU }; /* coefficients */
enum { SET_LEARNING_RATE, SET_MOMENTUM };

#define REAL_IS_FLOAT 1
#include "core/optim/nesterov.c"
#define REAL_IS_FLOAT 0
#include "core/optim/nesterov.c"

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
	[SET_MOMENTUM] = SETTING_MOMENTUM(0.9, "Share of the last step that is taken again, and looked ahead by."),
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	o->coefficient[LR] = step->learning_rate;
	o->coefficient[MU] = setting_at(&o->settings, SET_MOMENTUM);
}

const struct optimizer_type OPTIMIZER(nesterov) = {
	.name = "nesterov",
	.doc = "Nesterov's accelerated gradient, with the gradient truly taken at the look-ahead point.",
	.source = "Nesterov 1983; Sutskever et al. 2013, eq. 3-4",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.shrink_f32 = shrink_f32,
	.shrink_f64 = shrink_f64,
	.look_ahead_f32 = look_ahead_f32,
	.look_ahead_f64 = look_ahead_f64,
};
#endif
