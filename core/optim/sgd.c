/*
 * sgd: stochastic gradient descent as torch.optim.SGD defines it.
 *
 *   g = g + weight_decay x
 *   b = momentum b + (1 - dampening) g        (b = g in the first update)
 *   x = x - lr (g + momentum b)  if nesterov,  x - lr b  with momentum,  x - lr g  without
 *
 * Slots: b, only with momentum.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL lr = (REAL)c[LR], mu = (REAL)c[MU], gain = (REAL)c[GAIN], decay = (REAL)c[DECAY];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict b = o->slot[0];

	if (b == NULL) {
		for (size_t i = begin; i < end; i++) {
			x[i] -= lr * (g[i] + decay * x[i]);
		}
	} else if (c[NESTEROV] != 0) {
		for (size_t i = begin; i < end; i++) {
			REAL d = g[i] + decay * x[i];
			b[i] = mu * b[i] + gain * d;
			x[i] -= lr * (d + mu * b[i]);
		}
	} else {
		for (size_t i = begin; i < end; i++) {
			b[i] = mu * b[i] + gain * (g[i] + decay * x[i]);
			x[i] -= lr * b[i];
		}
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL gain = (REAL)c[GAIN];
	REAL *restrict x = step->x, *restrict b = o->slot[0];
	const double reach = b == NULL ? 1 : c[NESTEROV] != 0 ? c[GAIN] * (1 + c[MU]) : c[GAIN];
	const REAL h = (REAL)(c[LR] * reach);

	for (size_t i = begin; i < end; i++) {
		REAL s = NAME(shrink_one)(&x[i], h, (REAL)l1);
		if (b != NULL) {
			b[i] += gain * s;
		}
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

enum { LR, MU, GAIN, DECAY, NESTEROV }; /* coefficients */

#define REAL_IS_FLOAT 1
#include "core/optim/sgd.c"
#define REAL_IS_FLOAT 0
#include "core/optim/sgd.c"

enum { SET_LEARNING_RATE, SET_MOMENTUM, SET_DAMPENING, SET_NESTEROV, SET_WEIGHT_DECAY };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
	[SET_MOMENTUM] = SETTING_MOMENTUM(0, "Share of the last step's buffer that is kept; 0: plain descent."),
	[SET_DAMPENING] = { .name = "dampening",
			    .kind = SETTING_REAL,
			    .minimum = 0,
			    .maximum = 1,
			    .doc = "Share of the gradient kept out of the buffer, from the second update on." },
	[SET_NESTEROV] = { .name = "nesterov",
			   .kind = SETTING_BOOL,
			   .doc = "Steps along gradient + momentum * buffer; needs momentum and no dampening." },
	[SET_WEIGHT_DECAY] = SETTING_WEIGHT_DECAY,
};

static size_t slots(const struct settings *s)
{
	return setting_at(s, SET_MOMENTUM) != 0 ? 1 : 0;
}

static enum status check(const struct settings *s, const char **setting, struct error *error)
{
	if (setting_at(s, SET_NESTEROV) == 0) {
		return OK;
	}
	if (!(setting_at(s, SET_MOMENTUM) > 0)) {
		*setting = "momentum";
		return error_set(error, E_RANGE, "nesterov needs a momentum greater than 0");
	}
	if (setting_at(s, SET_DAMPENING) != 0) {
		*setting = "dampening";
		return error_set(error, E_RANGE, "nesterov needs a dampening of 0");
	}
	return OK;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	c[LR] = step->learning_rate;
	c[MU] = setting_at(&o->settings, SET_MOMENTUM);
	c[GAIN] = step->t == 1 ? 1 : 1 - setting_at(&o->settings, SET_DAMPENING);
	c[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
	c[NESTEROV] = setting_at(&o->settings, SET_NESTEROV);
}

const struct optimizer_type OPTIMIZER(sgd) = {
	.name = "sgd",
	.doc = "Stochastic gradient descent, with momentum, dampening, Nesterov's form and weight decay as in PyTorch.",
	.source = "Robbins and Monro 1951; Sutskever et al. 2013; torch.optim.SGD",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.check = check,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.shrink_f32 = shrink_f32,
	.shrink_f64 = shrink_f64,
};
#endif
