/*
 * lion: the sign of an interpolated momentum.
 *
 *   x = x (1 - lr weight_decay)
 *   x = x - lr sign(beta1 m + (1 - beta1) g)             g at x before the decay
 *   m = beta2 m + (1 - beta2) g
 *
 * Slots: m.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL lr = (REAL)c[LR], keep = (REAL)c[KEEP];
	const REAL beta1 = (REAL)c[BETA1], rest1 = (REAL)c[REST1], beta2 = (REAL)c[BETA2], rest2 = (REAL)c[REST2];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict m = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		REAL d = beta1 * m[i] + rest1 * g[i];
		x[i] = x[i] * keep - lr * (REAL)((d > 0) - (d < 0));
		m[i] = beta2 * m[i] + rest2 * g[i];
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/moments.h"

enum { LR, KEEP, BETA1, REST1, BETA2, REST2 }; /* coefficients: KEEP is 1 - lr weight_decay */

#define REAL_IS_FLOAT 1
#include "core/optim/lion.c"
#define REAL_IS_FLOAT 0
#include "core/optim/lion.c"

static const double betas[] = { 0.9, 0.99 };

enum { SET_LEARNING_RATE, SET_BETAS, SET_WEIGHT_DECAY };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(1e-4),
	[SET_BETAS] = SETTING_BETAS(betas, "Shares of the momentum in the step, and in the next momentum."),
	[SET_WEIGHT_DECAY] = SETTING_DECOUPLED_DECAY(0),
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const double *beta = o->settings.value[SET_BETAS].values;

	c[LR] = step->learning_rate;
	c[KEEP] = 1 - step->learning_rate * setting_at(&o->settings, SET_WEIGHT_DECAY);
	share_moments(&c[BETA1], beta);
}

const struct optimizer_type OPTIMIZER(lion) = {
	.name = "lion",
	.doc = "Steps of the same length in every component, by the sign of a momentum; one vector of state.",
	.source = "Chen et al. 2023, algorithm 2",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.no_l1 = "a step by the sign of the gradient has no rate that a threshold could be in proportion to",
};
#endif
