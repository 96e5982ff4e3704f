/*
 * adadelta: the step is the gradient in units of x, as torch.optim.Adadelta defines it.
 *
 *   g = g + weight_decay x
 *   v = rho v + (1 - rho) g^2
 *   d = sqrt(u + eps) / sqrt(v + eps) g            u from before this update
 *   u = rho u + (1 - rho) d^2
 *   x = x - lr d
 *
 * Slots: v, u.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const double *c = o->coefficient;
	const REAL lr = (REAL)c[LR], rho = (REAL)c[RHO], rest = (REAL)c[REST], eps = (REAL)c[EPS];
	const REAL decay = (REAL)c[DECAY];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict v = o->slot[0];
	REAL *restrict u = o->slot[1];

	for (size_t i = begin; i < end; i++) {
		REAL d = g[i] + decay * x[i];
		v[i] = rho * v[i] + rest * d * d;
		d *= REAL_SQRT(u[i] + eps) / REAL_SQRT(v[i] + eps);
		u[i] = rho * u[i] + rest * d * d;
		x[i] -= lr * d;
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

enum { LR, RHO, REST, EPS, DECAY }; /* coefficients */

#define REAL_IS_FLOAT 1
#include "core/optim/adadelta.c"
#define REAL_IS_FLOAT 0
#include "core/optim/adadelta.c"

enum { SET_LEARNING_RATE, SET_RHO, SET_EPS, SET_WEIGHT_DECAY };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(1.0),
	[SET_RHO] = SETTING_SHARE("rho", 0.9, "Share of the mean squares that is kept."),
	[SET_EPS] = SETTING_EPS(1e-6, "Added under both roots."),
	[SET_WEIGHT_DECAY] = SETTING_WEIGHT_DECAY,
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 2;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;

	c[LR] = step->learning_rate;
	c[RHO] = setting_at(&o->settings, SET_RHO);
	c[REST] = 1 - c[RHO];
	c[EPS] = setting_at(&o->settings, SET_EPS);
	c[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
}

const struct optimizer_type OPTIMIZER(adadelta) = {
	.name = "adadelta",
	.doc = "Scales the gradient by the mean size of the last steps over that of the last gradients.",
	.source = "Zeiler 2012, algorithm 1; torch.optim.Adadelta",
	.settings = settings,
	.pauses = true,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.no_l1 = "its rate follows the size of its own last steps, which a threshold cuts",
};
#endif
