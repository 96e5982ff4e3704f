/*
 * rmsprop: the gradient over the root of its mean square, as torch.optim.RMSprop defines it.
 *
 *   g = g + weight_decay x
 *   v = alpha v + (1 - alpha) g^2
 *   a = alpha a + (1 - alpha) g,  w = v - a^2   if centered,  w = v  if not
 *   s = g / (sqrt(w) + eps)
 *   b = momentum b + s                          with momentum,  b = s  without
 *   x = x - lr b
 *
 * Slots: v, then a if centered, then b with momentum.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

/* Which of a and b there are is the same in the whole loop: the compiler makes one loop of each kind. */
static inline void NAME(loop)(const struct optimizer *o, const struct step *step, size_t begin, size_t end,
			      REAL *restrict a, REAL *restrict b)
{
	const double *c = o->coefficient;
	const REAL lr = (REAL)c[LR], alpha = (REAL)c[ALPHA], rest = (REAL)c[REST], eps = (REAL)c[EPS];
	const REAL decay = (REAL)c[DECAY], mu = (REAL)c[MU];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict v = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		REAL d = g[i] + decay * x[i], w;
		v[i] = alpha * v[i] + rest * d * d;
		w = v[i];
		if (a != NULL) {
			a[i] = alpha * a[i] + rest * d;
			w -= a[i] * a[i];
		}
		d /= REAL_SQRT(w) + eps;
		if (b != NULL) {
			d = b[i] = mu * b[i] + d;
		}
		x[i] -= lr * d;
	}
}

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const bool centered = setting_at(&o->settings, SET_CENTERED) != 0;
	const bool momentum = setting_at(&o->settings, SET_MOMENTUM) != 0;
	REAL *a = centered ? o->slot[1] : NULL;
	REAL *b = momentum ? o->slot[centered ? 2 : 1] : NULL;

	if (a == NULL && b == NULL) {
		NAME(loop)(o, step, begin, end, NULL, NULL);
	} else if (b == NULL) {
		NAME(loop)(o, step, begin, end, a, NULL);
	} else if (a == NULL) {
		NAME(loop)(o, step, begin, end, NULL, b);
	} else {
		NAME(loop)(o, step, begin, end, a, b);
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR], eps = (REAL)o->coefficient[EPS];
	const bool centered = setting_at(&o->settings, SET_CENTERED) != 0;
	const REAL *restrict v = o->slot[0], *restrict a = centered ? o->slot[1] : NULL;
	REAL *restrict x = step->x;
	REAL *restrict b = setting_at(&o->settings, SET_MOMENTUM) != 0 ? o->slot[centered ? 2 : 1] : NULL;

	for (size_t i = begin; i < end; i++) {
		const REAL w = a != NULL ? v[i] - a[i] * a[i] : v[i], scale = REAL_SQRT(w) + eps;
		const REAL s = NAME(shrink_one)(&x[i], lr / scale, (REAL)l1);
		if (b != NULL) {
			b[i] += s / scale;
		}
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

enum { LR, ALPHA, REST, EPS, DECAY, MU }; /* coefficients */
enum { SET_LEARNING_RATE, SET_ALPHA, SET_EPS, SET_WEIGHT_DECAY, SET_MOMENTUM, SET_CENTERED };

#define REAL_IS_FLOAT 1
#include "core/optim/rmsprop.c"
#define REAL_IS_FLOAT 0
#include "core/optim/rmsprop.c"

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
	[SET_ALPHA] = SETTING_SHARE("alpha", 0.99, "Share of the mean square that is kept."),
	[SET_EPS] = SETTING_EPS(1e-8, "Added to the root of the mean square."),
	[SET_WEIGHT_DECAY] = SETTING_WEIGHT_DECAY,
	[SET_MOMENTUM] = SETTING_MOMENTUM(0, "Share of the last step's buffer that is kept."),
	[SET_CENTERED] = SETTING_FLAG("centered", 0, "Divide by the root of the variance instead of the mean square."),
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1 + (size_t)(setting_at(s, SET_CENTERED) != 0) + (size_t)(setting_at(s, SET_MOMENTUM) != 0);
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;

	c[LR] = step->learning_rate;
	c[ALPHA] = setting_at(&o->settings, SET_ALPHA);
	c[REST] = 1 - c[ALPHA];
	c[EPS] = setting_at(&o->settings, SET_EPS);
	c[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
	c[MU] = setting_at(&o->settings, SET_MOMENTUM);
}

const struct optimizer_type OPTIMIZER(rmsprop) = {
	.name = "rmsprop",
	.doc = "The gradient over the root of its mean square; plain, centered, with momentum.",
	.source = "Tieleman and Hinton 2012, lecture 6.5; Graves 2013, eq. 38-41 (centered); torch.optim.RMSprop",
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
