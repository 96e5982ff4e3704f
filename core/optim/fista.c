/*
 * fista: Nesterov's accelerated gradient with the sequence of steps that needs no momentum to tune.
 *
 *   y_0 = x_0,  s_1 = 1
 *   x_k = y_{k-1} - lr grad f(y_{k-1})             with l1 its soft threshold at lr l1
 *   s_{k+1} = (1 + sqrt(1 + 4 s_k^2)) / 2
 *   y_k = x_k + (s_k - 1) / s_{k+1} (x_k - x_{k-1})
 *
 * What is reported is x. Slots: d = x_k - x_{k-1}. Scalars: s, and the factor of d in y.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(look_ahead)(const struct optimizer *o, const REAL *restrict x, REAL *restrict point, size_t begin,
			     size_t end)
{
	const REAL ahead = (REAL)o->scalar[AHEAD];
	const REAL *restrict d = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		point[i] = x[i] + ahead * d[i];
	}
}

static void NAME(update)(const struct optimizer *o, const struct step *step, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR], ahead = (REAL)o->coefficient[TAKEN];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict d = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		REAL next = x[i] + ahead * d[i] - lr * g[i];
		d[i] = next - x[i];
		x[i] = next;
	}
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const REAL lr = (REAL)o->coefficient[LR];
	REAL *restrict x = step->x, *restrict d = o->slot[0];

	for (size_t i = begin; i < end; i++) {
		d[i] -= lr * NAME(shrink_one)(&x[i], lr, (REAL)l1);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/optim/define.h"

enum { LR, TAKEN }; /* coefficients: TAKEN is the factor that this gradient was looked ahead by */
enum { S, AHEAD };  /* scalars */

#define REAL_IS_FLOAT 1
#include "core/optim/fista.c"
#define REAL_IS_FLOAT 0
#include "core/optim/fista.c"

enum { SET_LEARNING_RATE };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	const double s = step->t == 1 ? 1 : o->scalar[S], next = (1 + sqrt(1 + 4 * s * s)) / 2;

	o->coefficient[LR] = step->learning_rate;
	o->coefficient[TAKEN] = o->scalar[AHEAD];
	o->scalar[S] = next;
	o->scalar[AHEAD] = (s - 1) / next;
}

const struct optimizer_type OPTIMIZER(fista) = {
	.name = "fista",
	.doc = "Nesterov's accelerated gradient with the step sequence of FISTA: best for smooth convex functions.",
	.source = "Nesterov 1983; Beck and Teboulle 2009, eq. 4.1-4.3",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = 2,
	.prepare = prepare,
	.update_f32 = update_f32,
	.update_f64 = update_f64,
	.shrink_f32 = shrink_f32,
	.shrink_f64 = shrink_f64,
	.look_ahead_f32 = look_ahead_f32,
	.look_ahead_f64 = look_ahead_f64,
};
#endif
