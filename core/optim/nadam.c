/*
 * nadam: Adam that looks ahead along its mean gradient, as the documentation of torch.optim.NAdam defines it.
 *
 *   g = g + weight_decay x
 *   mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2),  P_t = mu_1 ... mu_t
 *   m = beta1 m + (1 - beta1) g
 *   v = beta2 v + (1 - beta2) g^2
 *   n = (1 - mu_t) / (1 - P_t) g + mu_{t+1} / (1 - P_t mu_{t+1}) m
 *   x = x - lr n / (sqrt(v / (1 - beta2^t)) + eps)
 *
 * (The default path of torch 1.13 multiplied mu_t in twice by mistake; torch 2 does not, nor do we.)
 * Slots: m, v. Scalars: P, the bias correction of v.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL now = (REAL)c[NOW], mean = (REAL)c[MEAN], root = (REAL)c[ROOT], eps = (REAL)c[EPS];
	const REAL decay = (REAL)c[DECAY];
	const REAL beta1 = (REAL)c[BETA1], rest1 = (REAL)c[REST1], beta2 = (REAL)c[BETA2], rest2 = (REAL)c[REST2];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict m = o->slot[0];
	REAL *restrict v = o->slot[1];

	for (size_t i = begin; i < end; i++) {
		REAL d = g[i] + decay * x[i];
		m[i] = beta1 * m[i] + rest1 * d;
		v[i] = beta2 * v[i] + rest2 * d * d;
		x[i] -= (now * d + mean * m[i]) / (REAL_SQRT(v[i]) * root + eps);
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL reach = (REAL)(c[NOW] + c[MEAN] * c[REST1]), root = (REAL)c[ROOT], eps = (REAL)c[EPS];
	const REAL rest1 = (REAL)c[REST1];
	const REAL *restrict v = o->slot[1];
	REAL *restrict x = step->x, *restrict m = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		m[i] += rest1 * NAME(shrink_one)(&x[i], reach / (REAL_SQRT(v[i]) * root + eps), (REAL)l1);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/moments.h"

/* Coefficients: NOW and MEAN are the factors of g and m in n, times lr; ROOT is 1 / sqrt(1 - beta2^t). */
enum { NOW, MEAN, ROOT, EPS, DECAY, BETA1, REST1, BETA2, REST2 };
enum { PRODUCT, CORRECTION }; /* scalars */

#define REAL_IS_FLOAT 1
#include "core/optim/nadam.c"
#define REAL_IS_FLOAT 0
#include "core/optim/nadam.c"

enum { SET_LEARNING_RATE, SET_BETAS, SET_EPS, SET_WEIGHT_DECAY, SET_MOMENTUM_DECAY, SET_FOREACH };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.002),
	[SET_BETAS] = SETTING_MOMENTS,
	[SET_EPS] = SETTING_EPS(1e-8, "Added to the root of the corrected second moment."),
	[SET_WEIGHT_DECAY] = SETTING_WEIGHT_DECAY,
	[SET_MOMENTUM_DECAY] = SETTING_FROM_0("momentum_decay", 0.004, "How fast mu rises to beta1."),
	[SET_FOREACH] =
		SETTING_FLAG("foreach", 1, "As PyTorch spells it; the update is the documented one either way."),
};

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const double *beta = o->settings.value[SET_BETAS].values;
	const double psi = setting_at(&o->settings, SET_MOMENTUM_DECAY), t = (double)step->t;
	const double mu = beta[0] * (1 - 0.5 * pow(0.96, t * psi)),
		     next = beta[0] * (1 - 0.5 * pow(0.96, (t + 1) * psi));
	const double product = step->t == 1 ? mu : o->scalar[PRODUCT] * mu;

	o->scalar[PRODUCT] = product;
	c[NOW] = step->learning_rate * (1 - mu) / (1 - product);
	c[MEAN] = step->learning_rate * next / (1 - product * next);
	c[ROOT] = 1 / sqrt(bias_correction(&o->scalar[CORRECTION], beta[1]));
	c[EPS] = setting_at(&o->settings, SET_EPS);
	c[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
	share_moments(&c[BETA1], beta);
}

const struct optimizer_type OPTIMIZER(nadam) = {
	.name = "nadam",
	.doc = "Adam with Nesterov's momentum.",
	.source = "Dozat 2016; torch.optim.NAdam",
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
