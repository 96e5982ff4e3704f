/*
 * adagrad: the rate of a component falls with the squares of its gradients so far, as torch.optim.Adagrad defines it.
 *
 *   g = g + weight_decay x
 *   s = s + g^2                                   s starts at initial_accumulator_value
 *   x = x - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)
 *
 * Slots: s.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL lr = (REAL)c[LR], eps = (REAL)c[EPS], decay = (REAL)c[DECAY], start = (REAL)c[START];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict s = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		REAL d = g[i] + decay * x[i];
		s[i] = (s[i] + start) + d * d;
		x[i] -= lr * (d / (REAL_SQRT(s[i]) + eps));
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR], eps = (REAL)o->coefficient[EPS];
	const REAL *restrict s = o->slot[0];
	REAL *restrict x = step->x;

	for (size_t i = begin; i < end; i++) {
		NAME(shrink_one)(&x[i], lr / (REAL_SQRT(s[i]) + eps), (REAL)l1);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

enum { LR, EPS, DECAY, START }; /* coefficients: START is added in the first update, 0 after */

#define REAL_IS_FLOAT 1
#include "core/optim/adagrad.c"
#define REAL_IS_FLOAT 0
#include "core/optim/adagrad.c"

enum { SET_LEARNING_RATE, SET_LR_DECAY, SET_WEIGHT_DECAY, SET_INITIAL, SET_EPS };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
	[SET_LR_DECAY] = SETTING_FROM_0("lr_decay", 0, "The rate of update t is divided by 1 + (t - 1) lr_decay."),
	[SET_WEIGHT_DECAY] = SETTING_WEIGHT_DECAY,
	[SET_INITIAL] = SETTING_FROM_0("initial_accumulator_value", 0, "What the sum of squares starts at."),
	[SET_EPS] = SETTING_EPS(1e-10, "Added to the root of the sum of squares."),
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;

	c[LR] = step->learning_rate / (1 + (double)(step->t - 1) * setting_at(&o->settings, SET_LR_DECAY));
	c[EPS] = setting_at(&o->settings, SET_EPS);
	c[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
	c[START] = step->t == 1 ? setting_at(&o->settings, SET_INITIAL) : 0;
}

const struct optimizer_type OPTIMIZER(adagrad) = {
	.name = "adagrad",
	.doc = "Divides each component of the gradient by the root of the sum of its squares so far.",
	.source = "Duchi, Hazan and Singer 2011; torch.optim.Adagrad",
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
