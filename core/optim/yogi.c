/*
 * yogi: Adam whose second moment moves by at most (1 - beta2) g^2, up or down.
 *
 *   m and v start at initial_accumulator
 *   g = g + weight_decay x
 *   m = beta1 m + (1 - beta1) g
 *   v = v - (1 - beta2) sign(v - g^2) g^2
 *   x = x - lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps)
 *
 * Slots: m, v. Scalars: the bias corrections.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL lr = (REAL)c[LR], root = (REAL)c[ROOT], eps = (REAL)c[EPS], decay = (REAL)c[DECAY];
	const REAL beta1 = (REAL)c[BETA1], rest1 = (REAL)c[REST1], rest2 = (REAL)c[REST2], start = (REAL)c[START];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict m = o->slot[0];
	REAL *restrict v = o->slot[1];

	for (size_t i = begin; i < end; i++) {
		REAL d = g[i] + decay * x[i], square = d * d, old = v[i] + start;
		m[i] = beta1 * (m[i] + start) + rest1 * d;
		v[i] = old - rest2 * (REAL)((old > square) - (old < square)) * square;
		x[i] -= lr * (m[i] / (REAL_SQRT(v[i]) * root + eps));
	}
}

#include "core/optim/moments.inc.c"

#undef REAL_IS_FLOAT
#else
#include "core/optim/moments.h"

/* Coefficients as in adam.c; START is added to both moments in the first update, 0 after. */
enum { LR, ROOT, EPS, DECAY, BETA1, REST1, REST2, START };

#define REAL_IS_FLOAT 1
#include "core/optim/yogi.c"
#define REAL_IS_FLOAT 0
#include "core/optim/yogi.c"

enum { SET_LEARNING_RATE, SET_BETAS, SET_EPS, SET_INITIAL, SET_WEIGHT_DECAY };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
	[SET_BETAS] =
		SETTING_BETAS(moment_betas, "Share of the first moment that is kept, and 1 - pace of the second."),
	[SET_EPS] = SETTING_EPS(1e-3, "Added to the root of the corrected second moment."),
	[SET_INITIAL] = SETTING_FROM_0("initial_accumulator", 1e-6, "What both moments start at."),
	[SET_WEIGHT_DECAY] = SETTING_WEIGHT_DECAY,
};

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const double *beta = o->settings.value[SET_BETAS].values;

	c[LR] = step->learning_rate / bias_correction(&o->scalar[0], beta[0]);
	c[ROOT] = 1 / sqrt(bias_correction(&o->scalar[1], beta[1]));
	c[EPS] = setting_at(&o->settings, SET_EPS);
	c[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
	c[BETA1] = beta[0];
	c[REST1] = 1 - beta[0];
	c[REST2] = 1 - beta[1];
	c[START] = step->t == 1 ? setting_at(&o->settings, SET_INITIAL) : 0;
}

const struct optimizer_type OPTIMIZER(yogi) = {
	.name = "yogi",
	.doc = "Adam whose rate grows back only slowly after large gradients.",
	.source = "Zaheer et al. 2018, algorithm 2; optax.yogi",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = two_moments,
	.scalars = 2,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.shrink_f32 = shrink_f32,
	.shrink_f64 = shrink_f64,
};
#endif
