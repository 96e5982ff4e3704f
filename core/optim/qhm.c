/*
 * qhm: quasi-hyperbolic momentum, a step between the gradient and its moving average.
 *
 *   m = momentum m + (1 - momentum) g
 *   x = x - lr ((1 - nu) g + nu m)
 *
 * nu = 0 is plain descent, nu = 1 ema_momentum, nu = momentum Nesterov's step with the rate lr (1 - momentum).
 *
 * Slots: m.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR], beta = (REAL)o->coefficient[BETA], rest = (REAL)o->coefficient[REST];
	const REAL nu = (REAL)o->coefficient[NU], direct = (REAL)o->coefficient[DIRECT];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict m = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		m[i] = beta * m[i] + rest * g[i];
		x[i] -= lr * (direct * g[i] + nu * m[i]);
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const REAL rest = (REAL)o->coefficient[REST], rate = (REAL)o->coefficient[RATE];
	REAL *restrict x = step->x, *restrict m = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		m[i] += rest * NAME(shrink_one)(&x[i], rate, (REAL)l1);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

/* Coefficients: DIRECT is 1 - nu, RATE how far x goes against a gradient of 1 in this update. */
enum { LR, BETA, REST, NU, DIRECT, RATE };

enum { SET_LEARNING_RATE, SET_MOMENTUM, SET_NU };

#define REAL_IS_FLOAT 1
#include "core/optim/qhm.c"
#define REAL_IS_FLOAT 0
#include "core/optim/qhm.c"

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
	[SET_MOMENTUM] = SETTING_MOMENTUM(0.999, "Share of the average that is kept."),
	[SET_NU] = { .name = "nu",
		     .kind = SETTING_REAL,
		     .preset = 0.7,
		     .minimum = 0,
		     .maximum = 1,
		     .doc = "Weight of the average in the step; the rest is the gradient's." },
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	const double beta = setting_at(&o->settings, SET_MOMENTUM), nu = setting_at(&o->settings, SET_NU);

	o->coefficient[LR] = step->learning_rate;
	o->coefficient[BETA] = beta;
	o->coefficient[REST] = 1 - beta;
	o->coefficient[NU] = nu;
	o->coefficient[DIRECT] = 1 - nu;
	o->coefficient[RATE] = step->learning_rate * (1 - nu + nu * (1 - beta));
}

const struct optimizer_type OPTIMIZER(qhm) = {
	.name = "qhm",
	.doc = "Quasi-hyperbolic momentum: a step between the gradient and its moving average.",
	.source = "Ma and Yarats 2019, equations 3 and 4",
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
