/*
 * sgdw: stochastic gradient descent with momentum and decoupled weight decay.
 *
 *   m = momentum m + eta lr g
 *   x = x - m - eta decay x          decay = weight_decay, or lr weight_decay with decay_times_lr
 *
 * eta is the factor that the schedule puts on lr. Slots: m.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR], mu = (REAL)o->coefficient[MU], decay = (REAL)o->coefficient[DECAY];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict m = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		m[i] = mu * m[i] + lr * g[i];
		x[i] = x[i] - m[i] - decay * x[i];
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR];
	REAL *restrict x = step->x, *restrict m = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		m[i] += lr * NAME(shrink_one)(&x[i], lr, (REAL)l1);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

enum { LR, MU, DECAY }; /* coefficients */

#define REAL_IS_FLOAT 1
#include "core/optim/sgdw.c"
#define REAL_IS_FLOAT 0
#include "core/optim/sgdw.c"

enum { SET_LEARNING_RATE, SET_MOMENTUM, SET_WEIGHT_DECAY, SET_DECAY_TIMES_LR };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
	[SET_MOMENTUM] = SETTING_MOMENTUM(0.9, "Share of the last step that is taken again."),
	[SET_WEIGHT_DECAY] =
		SETTING_FROM_0("weight_decay", 0, "Decoupled decay: the share of x that an update takes away."),
	[SET_DECAY_TIMES_LR] =
		SETTING_FLAG("decay_times_lr", 0, "Multiply the decay by the learning rate, as AdamW does in PyTorch."),
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	const double decay = setting_at(&o->settings, SET_WEIGHT_DECAY);

	o->coefficient[LR] = step->learning_rate;
	o->coefficient[MU] = setting_at(&o->settings, SET_MOMENTUM);
	o->coefficient[DECAY] = setting_at(&o->settings, SET_DECAY_TIMES_LR) != 0
					? decay * step->learning_rate
					: decay * schedule_factor(o, step, SET_LEARNING_RATE);
}

const struct optimizer_type OPTIMIZER(sgdw) = {
	.name = "sgdw",
	.doc = "Momentum with decoupled weight decay: the decay goes to the parameters, not into the momentum.",
	.source = "Loshchilov and Hutter 2019, algorithm 1",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.schedule_word = "eta_schedule",
	.slots = slots,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.shrink_f32 = shrink_f32,
	.shrink_f64 = shrink_f64,
};
#endif
