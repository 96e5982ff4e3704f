/*
 * adabelief: Adam that divides by how far gradients lie from their mean.
 *
 *   x = x (1 - lr weight_decay)  if decoupled,  g = g + weight_decay x  if not
 *   m = beta1 m + (1 - beta1) g
 *   s = beta2 s + (1 - beta2) (g - m)^2 + eps         the new m; eps stays in s
 *   x = x - lr / (1 - beta1^t) m / (sqrt(s) / sqrt(1 - beta2^t) + eps)
 *
 * Slots: m, s. Scalars: the bias corrections.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL lr = (REAL)c[LR], root = (REAL)c[ROOT], eps = (REAL)c[EPS], decay = (REAL)c[DECAY],
		   keep = (REAL)c[KEEP];
	const REAL beta1 = (REAL)c[BETA1], rest1 = (REAL)c[REST1], beta2 = (REAL)c[BETA2], rest2 = (REAL)c[REST2];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict m = o->slot[0];
	REAL *restrict s = o->slot[1];

	for (size_t i = begin; i < end; i++) {
		REAL d = g[i] + decay * x[i], off;
		m[i] = beta1 * m[i] + rest1 * d;
		off = d - m[i];
		s[i] = beta2 * s[i] + rest2 * off * off + eps;
		x[i] = x[i] * keep - lr * (m[i] / (REAL_SQRT(s[i]) * root + eps));
	}
}

#include "core/optim/moments.inc.c"

#undef REAL_IS_FLOAT
#else
#include "core/optim/moments.h"

/* Coefficients: DECAY is coupled and KEEP = 1 - lr weight_decay is not; one of them is 0 or 1. */
enum { LR, ROOT, EPS, DECAY, KEEP, BETA1, REST1, BETA2, REST2 };

#define REAL_IS_FLOAT 1
#include "core/optim/adabelief.c"
#define REAL_IS_FLOAT 0
#include "core/optim/adabelief.c"

enum { SET_LEARNING_RATE, SET_BETAS, SET_EPS, SET_WEIGHT_DECAY, SET_DECOUPLED };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.001),
	[SET_BETAS] = SETTING_BETAS(moment_betas,
				    "Shares of the mean gradient and of the mean square deviation that are kept."),
	[SET_EPS] = SETTING_EPS(1e-8, "Added to the mean square deviation in every update, and to its root."),
	[SET_WEIGHT_DECAY] =
		SETTING_FROM_0("weight_decay", 0, "Coupled decay, or decoupled where `decoupled` says so."),
	[SET_DECOUPLED] = SETTING_FLAG("decoupled", 0, "Shrink x by 1 - learning_rate * weight_decay instead."),
};

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const double *beta = o->settings.value[SET_BETAS].values;
	const double decay = setting_at(&o->settings, SET_WEIGHT_DECAY);
	const bool decoupled = setting_at(&o->settings, SET_DECOUPLED) != 0;

	c[LR] = step->learning_rate / bias_correction(&o->scalar[0], beta[0]);
	c[ROOT] = 1 / sqrt(bias_correction(&o->scalar[1], beta[1]));
	c[EPS] = setting_at(&o->settings, SET_EPS);
	c[DECAY] = decoupled ? 0 : decay;
	c[KEEP] = decoupled ? 1 - step->learning_rate * decay : 1;
	share_moments(&c[BETA1], beta);
}

const struct optimizer_type OPTIMIZER(adabelief) = {
	.name = "adabelief",
	.doc = "Adam that divides by the deviation of the gradients from their mean: long steps where they agree.",
	.source = "Zhuang et al. 2020, algorithm 2; adabelief_pytorch 0.2.1 without rectification",
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
