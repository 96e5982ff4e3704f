/*
 * radam: Adam that trusts its second moment only once enough gradients were seen, as torch.optim.RAdam defines it.
 *
 *   g = g + weight_decay x
 *   m = beta1 m + (1 - beta1) g,  h = m / (1 - beta1^t)
 *   v = beta2 v + (1 - beta2) g^2
 *   R = 2 / (1 - beta2) - 1,  p = R - 2 t beta2^t / (1 - beta2^t)
 *   x = x - lr h r sqrt(1 - beta2^t) / (sqrt(v) + eps)         r^2 = (p - 4)(p - 2) R / ((R - 4)(R - 2) p)    if p > 5
 *   x = x - lr h                                                                                             if not
 *
 * Slots: m, v. Scalars: the bias corrections.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL lr = (REAL)c[LR], eps = (REAL)c[EPS], decay = (REAL)c[DECAY];
	const REAL beta1 = (REAL)c[BETA1], rest1 = (REAL)c[REST1], beta2 = (REAL)c[BETA2], rest2 = (REAL)c[REST2];
	const bool rectified = c[RECTIFIED] != 0;
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict m = o->slot[0];
	REAL *restrict v = o->slot[1];

	for (size_t i = begin; i < end; i++) {
		REAL d = g[i] + decay * x[i];
		m[i] = beta1 * m[i] + rest1 * d;
		v[i] = beta2 * v[i] + rest2 * d * d;
		x[i] -= rectified ? lr * (m[i] / (REAL_SQRT(v[i]) + eps)) : lr * m[i];
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL reach = (REAL)(c[LR] * c[REST1]), eps = (REAL)c[EPS], rest1 = (REAL)c[REST1];
	const bool rectified = c[RECTIFIED] != 0;
	const REAL *restrict v = o->slot[1];
	REAL *restrict x = step->x, *restrict m = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		const REAL h = rectified ? reach / (REAL_SQRT(v[i]) + eps) : reach;
		m[i] += rest1 * NAME(shrink_one)(&x[i], h, (REAL)l1);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/moments.h"

/* Coefficients: LR is all that multiplies m or m / (sqrt(v) + eps). */
enum { LR, RECTIFIED, EPS, DECAY, BETA1, REST1, BETA2, REST2 };

#define REAL_IS_FLOAT 1
#include "core/optim/radam.c"
#define REAL_IS_FLOAT 0
#include "core/optim/radam.c"

enum { SET_LEARNING_RATE, SET_BETAS, SET_EPS, SET_WEIGHT_DECAY };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.001),
	[SET_BETAS] = SETTING_MOMENTS,
	[SET_EPS] = SETTING_EPS(1e-8, "Added to the root of the second moment before its correction."),
	[SET_WEIGHT_DECAY] = SETTING_WEIGHT_DECAY,
};

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const double *beta = o->settings.value[SET_BETAS].values;
	const double seen1 = bias_correction(&o->scalar[0], beta[0]), seen2 = bias_correction(&o->scalar[1], beta[1]);
	const double R = 2 / (1 - beta[1]) - 1, p = R - 2 * (double)step->t * (1 - seen2) / seen2;

	c[LR] = step->learning_rate / seen1;
	c[RECTIFIED] = p > 5;
	if (p > 5) {
		c[LR] *= sqrt((p - 4) * (p - 2) * R / ((R - 4) * (R - 2) * p)) * sqrt(seen2);
	}
	c[EPS] = setting_at(&o->settings, SET_EPS);
	c[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
	share_moments(&c[BETA1], beta);
}

const struct optimizer_type OPTIMIZER(radam) = {
	.name = "radam",
	.doc = "Adam that starts as plain momentum and rectifies the variance of its adaptive rate.",
	.source = "Liu et al. 2020, algorithm 2; torch.optim.RAdam",
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
