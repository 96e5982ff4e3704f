/*
 * signsgd: every component moves by lr, down its own slope.
 *
 *   x = x - lr sign(g),  sign(0) = 0
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;

	for (size_t i = begin; i < end; i++) {
		x[i] -= lr * (REAL)((g[i] > 0) - (g[i] < 0));
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

enum { LR }; /* coefficients */

#define REAL_IS_FLOAT 1
#include "core/optim/signsgd.c"
#define REAL_IS_FLOAT 0
#include "core/optim/signsgd.c"

enum { SET_LEARNING_RATE };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.001),
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 0;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	o->coefficient[LR] = step->learning_rate;
}

const struct optimizer_type OPTIMIZER(signsgd) = {
	.name = "signsgd",
	.doc = "A step of the same length in every component, by the sign of the gradient.",
	.source = "Bernstein et al. 2018, algorithm 1",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.no_l1 = "a step by the sign of the gradient has no rate that a threshold could be in proportion to",
};
#endif
