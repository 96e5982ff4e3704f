/*
 * schedule_free_sgd: descent that needs no schedule, the gradient taken between the average and the fast point.
 *
 *   z = y = x at the start
 *   lr_t = lr min(1, t / warmup_steps)
 *   z = z - lr_t (grad f(y) + weight_decay y)
 *   w = t^r (largest lr so far)^weight_lr_power,  W = W + w,  c = w / W
 *   x = (1 - c) x + c z
 *   y = (1 - momentum) z + momentum x
 *
 * What is reported is x. Slots: z. Scalars: the largest rate so far and W, which is 0 until there is a z.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(look_ahead)(const struct optimizer *o, const REAL *restrict x, REAL *restrict point, size_t begin,
			     size_t end)
{
	const REAL mu = (REAL)setting_at(&o->settings, SET_MOMENTUM);
	const REAL *restrict z = o->scalar[WEIGHT] > 0 ? o->slot[0] : NULL;

	for (size_t i = begin; i < end; i++) {
		point[i] = z == NULL ? x[i] : (1 - mu) * z[i] + mu * x[i];
	}
}

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *k = o->coefficient;
	const REAL lr = (REAL)k[LR], mu = (REAL)k[MU], decay = (REAL)k[DECAY], c = (REAL)k[SHARE];
	const bool first = k[FIRST] != 0;
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict z = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		const REAL from = first ? x[i] : z[i];
		const REAL y = (1 - mu) * from + mu * x[i];
		z[i] = from - lr * (g[i] + decay * y);
		x[i] = (1 - c) * x[i] + c * z[i];
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/schedule_free.h"

enum { LR, MU, DECAY, SHARE, FIRST }; /* coefficients: SHARE is c */
enum { LARGEST, WEIGHT };             /* scalars */
enum { SET_LEARNING_RATE, SET_MOMENTUM, SET_WEIGHT_DECAY, SET_WARMUP, SET_R, SET_POWER };

#define REAL_IS_FLOAT 1
#include "core/optim/schedule_free_sgd.c"
#define REAL_IS_FLOAT 0
#include "core/optim/schedule_free_sgd.c"

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(1.0),
	[SET_MOMENTUM] = SETTING_MOMENTUM(0.9, "Share of the average in the point where the gradient is taken."),
	[SET_WEIGHT_DECAY] = SETTING_FROM_0("weight_decay", 0,
					    "weight_decay * y is added to the gradient, y being where it is taken."),
	[SET_WARMUP] = SETTING_SCHEDULE_FREE_WARMUP,
	[SET_R] = SETTING_SCHEDULE_FREE_R,
	[SET_POWER] = SETTING_SCHEDULE_FREE_POWER,
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *k = o->coefficient;

	k[LR] = step->learning_rate * schedule_free_warmup(step, setting_at(&o->settings, SET_WARMUP));
	k[MU] = setting_at(&o->settings, SET_MOMENTUM);
	k[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
	k[SHARE] = schedule_free_share(step, k[LR], setting_at(&o->settings, SET_R),
				       setting_at(&o->settings, SET_POWER), &o->scalar[LARGEST], &o->scalar[WEIGHT]);
	k[FIRST] = step->t == 1;
}

const struct optimizer_type OPTIMIZER(schedule_free_sgd) = {
	.name = "schedule_free_sgd",
	.doc = "Descent without a schedule: the answer is a running average, the gradient is taken near it.",
	.source =
		"Defazio et al. 2024, The road less scheduled, eq. 3-5; facebookresearch/schedule_free SGDScheduleFree",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = 2,
	.needs = schedule_free_needs,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.look_ahead_f32 = look_ahead_f32,
	.look_ahead_f64 = look_ahead_f64,
	.no_l1 = "its answer is an average of points, which is 0 only where all of them are",
};
#endif
