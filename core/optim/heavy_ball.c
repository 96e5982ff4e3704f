/*
 * heavy_ball: Polyak's momentum, the learning rate inside the velocity.
 *
 *   v = momentum v - lr g
 *   x = x + v
 *
 * With a constant learning rate the same path as sgd with momentum; with a changing one it is not.
 * Slots: v.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR], mu = (REAL)o->coefficient[MU];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict v = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		v[i] = mu * v[i] - lr * g[i];
		x[i] += v[i];
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR];
	REAL *restrict x = step->x, *restrict v = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		v[i] -= lr * NAME(shrink_one)(&x[i], lr, (REAL)l1);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

enum { LR, MU }; /* coefficients */

#define REAL_IS_FLOAT 1
#include "core/optim/heavy_ball.c"
#define REAL_IS_FLOAT 0
#include "core/optim/heavy_ball.c"

enum { SET_LEARNING_RATE, SET_MOMENTUM };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
	[SET_MOMENTUM] = SETTING_MOMENTUM(0.9, "Share of the velocity that is kept."),
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

const struct optimizer_type OPTIMIZER(heavy_ball) = {
	.name = "heavy_ball",
	.doc = "Polyak's heavy ball: a velocity that keeps a share of itself and is pulled by the gradient.",
	.source = "Polyak 1964, Some methods of speeding up the convergence of iteration methods, eq. 9",
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
