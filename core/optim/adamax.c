/*
 * adamax: Adam by the largest instead of the mean square gradient, as torch.optim.Adamax defines it.
 *
 *   g = g + weight_decay x
 *   m = beta1 m + (1 - beta1) g
 *   u = max(beta2 u, |g| + eps)
 *   x = x - lr / (1 - beta1^t) m / u
 *
 * Slots: m, u. Scalars: the bias correction.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL lr = (REAL)c[LR], eps = (REAL)c[EPS], decay = (REAL)c[DECAY];
	const REAL beta1 = (REAL)c[BETA1], rest1 = (REAL)c[REST1], beta2 = (REAL)c[BETA2];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict m = o->slot[0];
	REAL *restrict u = o->slot[1];

	for (size_t i = begin; i < end; i++) {
		REAL d = g[i] + decay * x[i], size = REAL_FABS(d) + eps;
		m[i] = beta1 * m[i] + rest1 * d;
		u[i] = beta2 * u[i] > size ? beta2 * u[i] : size;
		x[i] -= lr * (m[i] / u[i]);
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL reach = (REAL)(c[LR] * c[REST1]), rest1 = (REAL)c[REST1];
	const REAL *restrict u = o->slot[1];
	REAL *restrict x = step->x, *restrict m = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		m[i] += rest1 * NAME(shrink_one)(&x[i], reach / u[i], (REAL)l1);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/moments.h"

enum { LR, EPS, DECAY, BETA1, REST1, BETA2 }; /* coefficients: LR is lr / (1 - beta1^t) */

#define REAL_IS_FLOAT 1
#include "core/optim/adamax.c"
#define REAL_IS_FLOAT 0
#include "core/optim/adamax.c"

enum { SET_LEARNING_RATE, SET_BETAS, SET_EPS, SET_WEIGHT_DECAY };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.002),
	[SET_BETAS] =
		SETTING_BETAS(moment_betas, "Shares of the mean gradient and of the largest gradient that are kept."),
	[SET_EPS] = SETTING_ABOVE_0("eps", 1e-8, "Added to the gradient's size inside the maximum."),
	[SET_WEIGHT_DECAY] = SETTING_WEIGHT_DECAY,
};

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const double *beta = o->settings.value[SET_BETAS].values;

	c[LR] = step->learning_rate / bias_correction(&o->scalar[0], beta[0]);
	c[EPS] = setting_at(&o->settings, SET_EPS);
	c[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
	c[BETA1] = beta[0];
	c[REST1] = 1 - beta[0];
	c[BETA2] = beta[1];
}

const struct optimizer_type OPTIMIZER(adamax) = {
	.name = "adamax",
	.doc = "Adam with the largest gradient of late in place of the root of the mean square.",
	.source = "Kingma and Ba 2015, algorithm 2; torch.optim.Adamax",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = two_moments,
	.scalars = 1,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.shrink_f32 = shrink_f32,
	.shrink_f64 = shrink_f64,
};
#endif
