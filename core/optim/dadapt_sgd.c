/*
 * dadapt_sgd: D-Adaptation, dual averaging whose rate grows with a lower bound d of the distance to the minimum.
 *
 *   G = |g| of the first update,  d = d0 at the start
 *   g = g + weight_decay x
 *   D = d lr / G
 *   n = n + D g's                              s from before this update
 *   s = s + D g
 *   d = max(d, min(2 n / |s|, d growth_rate))
 *   x = momentum x + (1 - momentum) (x_0 - s)
 *
 * Sums go over all parameters. Slots: s, x_0. Scalars: d, n, G.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(gather)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const struct kernels *kernels = kernels_active();
	const REAL decay = (REAL)o->coefficient[DECAY];
	const REAL *restrict gradient = step->gradient;
	const REAL *restrict x = step->x;
	const REAL *restrict s = o->slot[0];
	REAL *restrict start = o->slot[1];
	REAL g[BLOCK];

	if (step->t == 1) {
		memcpy(start + begin, x + begin, (end - begin) * sizeof *x);
	}
	for (size_t from = begin; from < end; from += BLOCK) {
		const size_t count = end - from < BLOCK ? end - from : BLOCK;
		for (size_t i = 0; i < count; i++) {
			g[i] = gradient[from + i] + decay * x[from + i];
		}
		sums[GRADIENT] += step->t == 1 ? kernels->NAME(sum_squares)(count, g) : 0;
		sums[ALONG] += kernels->NAME(dot)(count, g, s + from);
	}
}

static void NAME(move)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const REAL rate = (REAL)o->coefficient[RATE], mu = (REAL)o->coefficient[MU];
	const REAL decay = (REAL)o->coefficient[DECAY];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict s = o->slot[0];
	const REAL *restrict start = o->slot[1];

	for (size_t i = begin; i < end; i++) {
		s[i] += rate * (g[i] + decay * x[i]);
		x[i] = mu * x[i] + (1 - mu) * (start[i] - s[i]);
	}
	sums[LENGTH] = kernels_active()->NAME(sum_squares)(end - begin, s + begin);
}

static void NAME(whole)(struct optimizer *o, const struct step *step)
{
	double sums[OPTIMIZER_SUMS];

	optimizer_pass(o, step, NAME(gather), 0, o->n, sums);
	begin_update(o, step, sums);
	optimizer_pass(o, step, NAME(move), 0, o->n, sums);
	end_update(o, sums);
}

#undef REAL_IS_FLOAT
#else
#include <string.h>

#include "core/kernels/kernels.h"
#include "core/optim/define.h"

enum { RATE, MU, DECAY };            /* coefficients: RATE is D */
enum { DISTANCE, NUMERATOR, FIRST }; /* scalars: d, n, G */
enum { GRADIENT, ALONG, LENGTH };    /* sums of the passes */
enum { SET_LEARNING_RATE, SET_MOMENTUM, SET_WEIGHT_DECAY, SET_D0, SET_GROWTH };

static void begin_update(struct optimizer *o, const struct step *step, const double *sums)
{
	if (step->t == 1) {
		o->scalar[DISTANCE] = setting_at(&o->settings, SET_D0);
		o->scalar[FIRST] = sqrt(sums[GRADIENT]);
	}
	o->coefficient[RATE] = o->scalar[FIRST] > 0 ? o->scalar[DISTANCE] * step->learning_rate / o->scalar[FIRST] : 0;
	o->scalar[NUMERATOR] += o->coefficient[RATE] * sums[ALONG];
}

static void end_update(struct optimizer *o, const double *sums)
{
	if (sums[LENGTH] > 0) {
		grow_distance(&o->scalar[DISTANCE], 2 * o->scalar[NUMERATOR] / sqrt(sums[LENGTH]),
			      setting_at(&o->settings, SET_GROWTH));
	}
}

#define REAL_IS_FLOAT 1
#include "core/optim/dadapt_sgd.c"
#define REAL_IS_FLOAT 0
#include "core/optim/dadapt_sgd.c"

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(1.0),
	[SET_MOMENTUM] = SETTING_MOMENTUM(0, "Share of x that is kept in the step to the averaged point."),
	[SET_WEIGHT_DECAY] = SETTING_WEIGHT_DECAY,
	[SET_D0] = SETTING_D0(1e-6),
	[SET_GROWTH] = SETTING_GROWTH_RATE,
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 2;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	(void)step;
	o->coefficient[MU] = setting_at(&o->settings, SET_MOMENTUM);
	o->coefficient[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
}

const struct optimizer_type OPTIMIZER(dadapt_sgd) = {
	.name = "dadapt_sgd",
	.doc = "Descent that finds its own rate from a growing lower bound of the distance to the minimum.",
	.source = "Defazio and Mishchenko 2023, D-Adaptation, algorithm 4; facebookresearch/dadaptation DAdaptSGD",
	.settings = settings,
	.pauses = true,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = 3,
	.prepare = prepare,
	.whole_f32 = whole_f32,
	.whole_f64 = whole_f64,
	.no_l1 = "its bound of the distance to the minimum is made of gradients, and l1 has none at 0",
};
#endif
