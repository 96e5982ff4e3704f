/*
 * schedule_free_adamw: AdamW that needs no schedule, the gradient taken between the average and the fast point.
 *
 *   z = y = x at the start
 *   lr_t = lr min(1, t / warmup_steps)
 *   g = grad f(y)
 *   v = beta2 v + (1 - beta2) g^2
 *   z = z - lr_t (g / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay y)
 *   w = t^r (largest lr so far)^weight_lr_power,  W = W + w,  c = w / W
 *   x = (1 - c) x + c z
 *   y = (1 - beta1) z + beta1 x
 *
 * What is reported is x. Slots: z, v. Scalars: the largest rate so far, W, which is 0 until there is a z, the
 * bias correction.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(look_ahead)(const struct optimizer *o, const REAL *restrict x, REAL *restrict point, size_t begin,
			     size_t end)
{
	const REAL beta1 = (REAL)o->settings.value[SET_BETAS].values[0];
	const REAL *restrict z = o->scalar[WEIGHT] > 0 ? o->slot[0] : NULL;

	for (size_t i = begin; i < end; i++) {
		point[i] = z == NULL ? x[i] : (1 - beta1) * z[i] + beta1 * x[i];
	}
}

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *k = o->coefficient;
	const REAL lr = (REAL)k[LR], beta1 = (REAL)k[BETA1], beta2 = (REAL)k[BETA2], rest2 = (REAL)k[REST2];
	const REAL root = (REAL)k[ROOT], eps = (REAL)k[EPS], decay = (REAL)k[DECAY], c = (REAL)k[SHARE];
	const bool first = k[FIRST] != 0;
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict z = o->slot[0];
	REAL *restrict v = o->slot[1];

	for (size_t i = begin; i < end; i++) {
		const REAL from = first ? x[i] : z[i];
		const REAL y = (1 - beta1) * from + beta1 * x[i];
		v[i] = beta2 * v[i] + rest2 * g[i] * g[i];
		z[i] = from - lr * (g[i] / (REAL_SQRT(v[i]) * root + eps) + decay * y);
		x[i] = (1 - c) * x[i] + c * z[i];
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/moments.h"
#include "core/optim/schedule_free.h"

/* Coefficients: ROOT is 1 / sqrt(1 - beta2^t), SHARE is c. */
enum { LR, BETA1, BETA2, REST2, ROOT, EPS, DECAY, SHARE, FIRST };
enum { LARGEST, WEIGHT, CORRECTION }; /* scalars */
enum { SET_LEARNING_RATE, SET_BETAS, SET_EPS, SET_WEIGHT_DECAY, SET_WARMUP, SET_R, SET_POWER };

#define REAL_IS_FLOAT 1
#include "core/optim/schedule_free_adamw.c"
#define REAL_IS_FLOAT 0
#include "core/optim/schedule_free_adamw.c"

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.0025),
	[SET_BETAS] = SETTING_BETAS(
		moment_betas,
		"Share of the average in the point where the gradient is taken; share of the second moment kept."),
	[SET_EPS] = SETTING_EPS(1e-8, "Added to the root of the corrected second moment."),
	[SET_WEIGHT_DECAY] =
		SETTING_FROM_0("weight_decay", 0, "Decoupled decay, of the point where the gradient is taken."),
	[SET_WARMUP] = SETTING_SCHEDULE_FREE_WARMUP,
	[SET_R] = SETTING_SCHEDULE_FREE_R,
	[SET_POWER] = SETTING_SCHEDULE_FREE_POWER,
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 2;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *k = o->coefficient;
	const double *beta = o->settings.value[SET_BETAS].values;

	k[LR] = step->learning_rate * schedule_free_warmup(step, setting_at(&o->settings, SET_WARMUP));
	k[BETA1] = beta[0];
	k[BETA2] = beta[1];
	k[REST2] = 1 - beta[1];
	k[ROOT] = 1 / sqrt(bias_correction(&o->scalar[CORRECTION], beta[1]));
	k[EPS] = setting_at(&o->settings, SET_EPS);
	k[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
	k[SHARE] = schedule_free_share(step, k[LR], setting_at(&o->settings, SET_R),
				       setting_at(&o->settings, SET_POWER), &o->scalar[LARGEST], &o->scalar[WEIGHT]);
	k[FIRST] = step->t == 1;
}

const struct optimizer_type OPTIMIZER(schedule_free_adamw) = {
	.name = "schedule_free_adamw",
	.doc = "AdamW without a schedule: the answer is a running average, the gradient is taken near it.",
	.source = "Defazio et al. 2024, The road less scheduled, algorithm 1; facebookresearch/schedule_free "
		  "AdamWScheduleFree",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = 3,
	.needs = schedule_free_needs,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.look_ahead_f32 = look_ahead_f32,
	.look_ahead_f64 = look_ahead_f64,
	.no_l1 = "its answer is an average of points, which is 0 only where all of them are",
};
#endif
