/*
 * prodigy: Adam whose rate follows an estimate d of the distance to the minimum that grows faster than
 * D-Adaptation's.
 *
 *   d = d0 at the start,  b3 = beta3 or sqrt(beta2)
 *   g = g + weight_decay x                            unless decouple
 *   D = d lr                                          times sqrt(1 - beta2^t) / (1 - beta1^t) if use_bias_correction
 *   n = b3 n + d / d0 D g'(x_0 - x)
 *   m = beta1 m + (1 - beta1) d g
 *   v = beta2 v + (1 - beta2) d^2 g^2
 *   s = b3 s + d / d0 D g                             d / d0 d g if safeguard_warmup
 *   e = d_coef n / sum |s|;  d = max(d, e) if d = d0;  dmax = max(dmax, e);  d = min(dmax, d growth_rate)
 *   x = x - weight_decay D x                          if decouple
 *   x = x - D m / (sqrt(v) + d eps)                   D by the old d, d eps by the new
 *
 * Sums go over all parameters. Slots: m, v, s, x_0. Scalars: d, dmax, n, the bias corrections.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

/* The loop alone: of restrict the compiler believes what stands in a list of parameters, not so many locals. */
static void NAME(gather_loop)(const double *c, size_t count, const REAL *restrict gradient, const REAL *restrict x,
			      const REAL *restrict start, REAL *restrict m, REAL *restrict v, REAL *restrict s,
			      REAL *restrict g, REAL *restrict back)
{
	const REAL beta1 = (REAL)c[BETA1], gain1 = (REAL)c[GAIN1], beta2 = (REAL)c[BETA2], gain2 = (REAL)c[GAIN2];
	const REAL beta3 = (REAL)c[BETA3], gain3 = (REAL)c[GAIN3], decay = (REAL)c[COUPLED];

	for (size_t i = 0; i < count; i++) {
		g[i] = gradient[i] + decay * x[i];
		back[i] = start[i] - x[i];
		m[i] = beta1 * m[i] + gain1 * g[i];
		v[i] = beta2 * v[i] + gain2 * g[i] * g[i];
		s[i] = beta3 * s[i] + gain3 * g[i];
	}
}

static void NAME(gather_block)(const struct optimizer *o, const struct step *step, size_t begin, size_t end,
			       double *sums)
{
	const REAL *x = (const REAL *)step->x + begin;
	REAL *s = (REAL *)o->slot[2] + begin, *start = (REAL *)o->slot[3] + begin;
	REAL g[BLOCK], back[BLOCK];

	if (step->t == 1) {
		memcpy(start, x, (end - begin) * sizeof *x);
	}
	NAME(gather_loop)
	(o->coefficient, end - begin, (const REAL *)step->gradient + begin, x, start, (REAL *)o->slot[0] + begin,
	 (REAL *)o->slot[1] + begin, s, g, back);
	sums[ALONG] += kernels_active()->NAME(dot)(end - begin, g, back);
	sums[LENGTH] += kernels_active()->NAME(sum_abs)(end - begin, s);
}

static void NAME(gather)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	for (size_t i = begin; i < end; i += BLOCK) {
		NAME(gather_block)(o, step, i, end - i < BLOCK ? end : i + BLOCK, sums);
	}
}

static void NAME(move)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const REAL rate = (REAL)o->coefficient[RATE], eps = (REAL)o->coefficient[EPS],
		   keep = (REAL)o->coefficient[KEEP];
	REAL *restrict x = step->x;
	const REAL *restrict m = o->slot[0];
	const REAL *restrict v = o->slot[1];

	(void)sums;
	for (size_t i = begin; i < end; i++) {
		x[i] = x[i] * keep - rate * (m[i] / (REAL_SQRT(v[i]) + eps));
	}
}

static void NAME(whole)(struct optimizer *o, const struct step *step)
{
	double sums[OPTIMIZER_SUMS];

	optimizer_pass(o, step, NAME(gather), 0, o->n, sums);
	estimate(o, sums);
	optimizer_pass(o, step, NAME(move), 0, o->n, sums);
}

#undef REAL_IS_FLOAT
#else
#include <string.h>

#include "core/kernels/kernels.h"
#include "core/optim/moments.h"

/* Coefficients: RATE is D; GAIN1, GAIN2, GAIN3 multiply g and g^2 in m, v, s; EPS is d eps with the new d. */
enum { RATE, BETA1, GAIN1, BETA2, GAIN2, BETA3, GAIN3, EPS, COUPLED, KEEP };
enum { DISTANCE, LARGEST, NUMERATOR, CORRECTION1, CORRECTION2 }; /* scalars */
enum { ALONG, LENGTH };                                          /* sums: g'(x_0 - x), sum |s| */
enum {
	SET_LEARNING_RATE,
	SET_BETAS,
	SET_BETA3,
	SET_EPS,
	SET_WEIGHT_DECAY,
	SET_DECOUPLE,
	SET_BIAS_CORRECTION,
	SET_SAFEGUARD,
	SET_D0,
	SET_D_COEF,
	SET_GROWTH
};

/* The new d. Where nothing has been gathered yet (every gradient was 0) it stays. */
static void estimate(struct optimizer *o, const double *sums)
{
	const double d = o->scalar[DISTANCE], d0 = setting_at(&o->settings, SET_D0);
	const double growth = setting_at(&o->settings, SET_GROWTH);

	o->scalar[NUMERATOR] =
		o->coefficient[BETA3] * o->scalar[NUMERATOR] + d / d0 * o->coefficient[RATE] * sums[ALONG];
	if (sums[LENGTH] > 0) {
		const double found = setting_at(&o->settings, SET_D_COEF) * o->scalar[NUMERATOR] / sums[LENGTH];
		const double from = d == d0 ? fmax(d, found) : d;
		o->scalar[LARGEST] = fmax(o->scalar[LARGEST], found);
		o->scalar[DISTANCE] = fmin(o->scalar[LARGEST], isnan(growth) ? (double)INFINITY : from * growth);
	}
	o->coefficient[EPS] = o->scalar[DISTANCE] * setting_at(&o->settings, SET_EPS);
}

#define REAL_IS_FLOAT 1
#include "core/optim/prodigy.c"
#define REAL_IS_FLOAT 0
#include "core/optim/prodigy.c"

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(1.0),
	[SET_BETAS] = SETTING_MOMENTS,
	[SET_BETA3] = { .name = "beta3",
			.kind = SETTING_REAL,
			.nullable = true,
			.preset = NAN,
			.minimum = 0,
			.maximum = 1,
			.open_maximum = true,
			.doc = "Share of the sums behind the estimate that is kept; null: the root of the second of "
			       "betas." },
	[SET_EPS] = SETTING_ABOVE_0("eps", 1e-8, "Added to the root of the second moment, times d."),
	[SET_WEIGHT_DECAY] =
		SETTING_FROM_0("weight_decay", 0, "Decoupled decay, or coupled where `decouple` is false."),
	[SET_DECOUPLE] = SETTING_FLAG("decouple", 1, "Decay the parameters themselves, as AdamW does."),
	[SET_BIAS_CORRECTION] =
		SETTING_FLAG("use_bias_correction", 0, "Correct the rate for the moments' start at zero."),
	[SET_SAFEGUARD] = SETTING_FLAG("safeguard_warmup", 0, "Keep the rate out of the estimate's denominator."),
	[SET_D0] = SETTING_D0(1e-6),
	[SET_D_COEF] = SETTING_ABOVE_0("d_coef", 1, "Factor on the estimate: the setting to change, if any."),
	[SET_GROWTH] = SETTING_GROWTH_RATE,
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 4;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const struct settings *s = &o->settings;
	const double *beta = s->value[SET_BETAS].values;
	const double seen1 = bias_correction(&o->scalar[CORRECTION1], beta[0]);
	const double seen2 = bias_correction(&o->scalar[CORRECTION2], beta[1]);
	const double d0 = setting_at(s, SET_D0), decay = setting_at(s, SET_WEIGHT_DECAY);
	const bool decoupled = setting_at(s, SET_DECOUPLE) != 0;

	if (step->t == 1) {
		o->scalar[DISTANCE] = d0;
		o->scalar[LARGEST] = d0;
	}
	const double d = o->scalar[DISTANCE];
	c[RATE] = d * step->learning_rate * (setting_at(s, SET_BIAS_CORRECTION) != 0 ? sqrt(seen2) / seen1 : 1);
	c[BETA1] = beta[0];
	c[GAIN1] = (1 - beta[0]) * d;
	c[BETA2] = beta[1];
	c[GAIN2] = (1 - beta[1]) * d * d;
	c[BETA3] = isnan(setting_at(s, SET_BETA3)) ? sqrt(beta[1]) : setting_at(s, SET_BETA3);
	c[GAIN3] = d / d0 * (setting_at(s, SET_SAFEGUARD) != 0 ? d : c[RATE]);
	c[COUPLED] = decoupled ? 0 : decay;
	c[KEEP] = decoupled ? 1 - decay * c[RATE] : 1;
}

const struct optimizer_type OPTIMIZER(prodigy) = {
	.name = "prodigy",
	.doc = "Adam that finds its own rate, by an estimate of the distance to the minimum.",
	.source = "Mishchenko and Defazio 2023, Prodigy, algorithm 4; konstmish/prodigy",
	.settings = settings,
	.pauses = true,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = 5,
	.prepare = prepare,
	.whole_f32 = whole_f32,
	.whole_f64 = whole_f64,
	.no_l1 = "its bound of the distance to the minimum is made of gradients, and l1 has none at 0",
};
#endif
