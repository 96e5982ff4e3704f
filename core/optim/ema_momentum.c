/*
 * ema_momentum: descent along the exponential moving average of the gradients.
 *
 *   m = momentum m + (1 - momentum) g
 *   x = x - lr m                              x - lr m / (1 - momentum^t) with bias_correction
 *
 * Slots: m. Scalars: the bias correction. sgd with momentum and the rate lr (1 - momentum) takes the same path.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR], beta = (REAL)o->coefficient[BETA], rest = (REAL)o->coefficient[REST];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict m = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		m[i] = beta * m[i] + rest * g[i];
		x[i] -= lr * m[i];
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR], rest = (REAL)o->coefficient[REST];
	REAL *restrict x = step->x, *restrict m = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		m[i] += rest * NAME(shrink_one)(&x[i], lr * rest, (REAL)l1);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

enum { LR, BETA, REST }; /* coefficients: LR is lr, over the bias correction where asked */

enum { SET_LEARNING_RATE, SET_MOMENTUM, SET_BIAS_CORRECTION };

#define REAL_IS_FLOAT 1
#include "core/optim/ema_momentum.c"
#define REAL_IS_FLOAT 0
#include "core/optim/ema_momentum.c"

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
	[SET_MOMENTUM] = SETTING_MOMENTUM(0.9, "Share of the average that is kept."),
	[SET_BIAS_CORRECTION] =
		SETTING_FLAG("bias_correction", 0, "Divide the average by 1 - momentum^t, as Adam does."),
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	const double beta = setting_at(&o->settings, SET_MOMENTUM);
	const double correction = bias_correction(&o->scalar[0], beta);

	o->coefficient[LR] = setting_at(&o->settings, SET_BIAS_CORRECTION) != 0 ? step->learning_rate / correction
										: step->learning_rate;
	o->coefficient[BETA] = beta;
	o->coefficient[REST] = 1 - beta;
}

const struct optimizer_type OPTIMIZER(ema_momentum) = {
	.name = "ema_momentum",
	.doc = "Descent along the moving average of the gradients: the momentum of Adam without its scaling.",
	.source = "Sutton 1986; Kingma and Ba 2015, algorithm 1, the first moment alone",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = 1,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.shrink_f32 = shrink_f32,
	.shrink_f64 = shrink_f64,
};
#endif
