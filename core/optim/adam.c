/*
 * adam: adaptive moment estimation, as torch.optim.Adam defines it.
 *
 *   g = g + weight_decay x
 *   m = beta1 m + (1 - beta1) g
 *   v = beta2 v + (1 - beta2) g^2
 *   w = max(w, v)  if amsgrad,  v  if not
 *   x = x - lr / (1 - beta1^t) m / (sqrt(w) / sqrt(1 - beta2^t) + eps)
 *
 * Slots: m, v and, with amsgrad, w. Scalars: the bias corrections c = 1 - beta^t, which obey the moments' own
 * recursion with g = 1, c = beta c + (1 - beta) from 0: no power, and nothing that becomes denormal.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL lr = (REAL)c[LR], root = (REAL)c[ROOT], eps = (REAL)c[EPS], decay = (REAL)c[DECAY];
	const REAL beta1 = (REAL)c[BETA1], rest1 = (REAL)c[REST1], beta2 = (REAL)c[BETA2], rest2 = (REAL)c[REST2];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict m = o->slot[0];
	REAL *restrict v = o->slot[1];
	REAL *restrict w = o->slot[2];

	if (w == NULL) {
		for (size_t i = begin; i < end; i++) {
			REAL d = g[i] + decay * x[i];
			m[i] = beta1 * m[i] + rest1 * d;
			v[i] = beta2 * v[i] + rest2 * d * d;
			x[i] -= lr * (m[i] / (REAL_SQRT(v[i]) * root + eps));
		}
	} else {
		for (size_t i = begin; i < end; i++) {
			REAL d = g[i] + decay * x[i];
			m[i] = beta1 * m[i] + rest1 * d;
			v[i] = beta2 * v[i] + rest2 * d * d;
			w[i] = w[i] > v[i] ? w[i] : v[i];
			x[i] -= lr * (m[i] / (REAL_SQRT(w[i]) * root + eps));
		}
	}
}

#include "core/optim/moments.inc.c"

#undef REAL_IS_FLOAT
#else
#include "core/optim/moments.h"

/* Coefficients: LR is lr / (1 - beta1^t), ROOT is 1 / sqrt(1 - beta2^t), REST is 1 - beta. */
enum { LR, ROOT, EPS, DECAY, BETA1, REST1, BETA2, REST2 };

#define REAL_IS_FLOAT 1
#include "core/optim/adam.c"
#define REAL_IS_FLOAT 0
#include "core/optim/adam.c"

enum { SET_LEARNING_RATE, SET_BETAS, SET_EPS, SET_WEIGHT_DECAY, SET_AMSGRAD };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.001),
	[SET_BETAS] = SETTING_MOMENTS,
	[SET_EPS] = SETTING_EPS(1e-8, "Added to the root of the corrected second moment."),
	[SET_WEIGHT_DECAY] = SETTING_WEIGHT_DECAY,
	[SET_AMSGRAD] = SETTING_FLAG("amsgrad", 0, "Divide by the largest second moment so far."),
};

static size_t slots(const struct settings *s)
{
	return setting_at(s, SET_AMSGRAD) != 0 ? 3 : 2;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const double *beta = o->settings.value[SET_BETAS].values;

	c[LR] = step->learning_rate / bias_correction(&o->scalar[0], beta[0]);
	c[ROOT] = 1 / sqrt(bias_correction(&o->scalar[1], beta[1]));
	c[EPS] = setting_at(&o->settings, SET_EPS);
	c[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
	share_moments(&c[BETA1], beta);
}

const struct optimizer_type OPTIMIZER(adam) = {
	.name = "adam",
	.doc = "Adaptive moment estimation: a step of the mean gradient over the root of its mean square.",
	.source = "Kingma and Ba 2015, algorithm 1; Reddi et al. 2018 (amsgrad); torch.optim.Adam",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = 2,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.shrink_f32 = shrink_f32,
	.shrink_f64 = shrink_f64,
};
#endif
