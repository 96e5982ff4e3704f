/*
 * dadapt_adam: D-Adaptation of Adam: the rate follows a lower bound d of the distance to the minimum.
 *
 *   d = d0 at the start,  q = sqrt(beta2)
 *   g = g + weight_decay x                            unless decouple
 *   D = d lr                                          times sqrt(1 - beta2^t) / (1 - beta1^t) if use_bias_correction
 *   h = D g'(s / (sqrt(v) + eps))                     s and v from before this update
 *   m = beta1 m + (1 - beta1) D g
 *   v = beta2 v + (1 - beta2) g^2
 *   s = q s + (1 - q) D g
 *   n = q n + (1 - q) h
 *   d = max(d, min(n / ((1 - q) sum |s|), d growth_rate))
 *   x = x - weight_decay D x                          if decouple
 *   x = x - m / (sqrt(v) + eps)
 *
 * Sums go over all parameters. Slots: m, v, s. Scalars: d, n, the bias corrections.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

/* The loop alone: of restrict the compiler believes what stands in a list of parameters, not so many locals. */
static void NAME(update_loop)(const double *c, size_t count, const REAL *restrict gradient, REAL *restrict x,
			      REAL *restrict m, REAL *restrict v, REAL *restrict s, REAL *restrict g,
			      REAL *restrict along)
{
	const REAL rate = (REAL)c[RATE], beta1 = (REAL)c[BETA1], gain1 = (REAL)c[GAIN1], beta2 = (REAL)c[BETA2];
	const REAL rest2 = (REAL)c[REST2], q = (REAL)c[Q], gain = (REAL)c[GAIN], eps = (REAL)c[EPS];
	const REAL decay = (REAL)c[COUPLED], keep = 1 - (REAL)c[DECOUPLED] * rate;

	for (size_t i = 0; i < count; i++) {
		g[i] = gradient[i] + decay * x[i];
		along[i] = s[i] / (REAL_SQRT(v[i]) + eps);
		m[i] = beta1 * m[i] + gain1 * g[i];
		v[i] = beta2 * v[i] + rest2 * g[i] * g[i];
		s[i] = q * s[i] + gain * g[i];
		x[i] = x[i] * keep - m[i] / (REAL_SQRT(v[i]) + eps);
	}
}

static void NAME(update_block)(const struct optimizer *o, const struct step *step, size_t begin, size_t end,
			       double *sums)
{
	REAL *s = (REAL *)o->slot[2] + begin;
	REAL g[BLOCK], along[BLOCK];

	NAME(update_loop)
	(o->coefficient, end - begin, (const REAL *)step->gradient + begin, (REAL *)step->x + begin,
	 (REAL *)o->slot[0] + begin, (REAL *)o->slot[1] + begin, s, g, along);
	sums[ALONG] += kernels_active()->NAME(dot)(end - begin, g, along);
	sums[LENGTH] += kernels_active()->NAME(sum_abs)(end - begin, s);
}

static void NAME(update_piece)(const struct optimizer *o, const struct step *step, size_t begin, size_t end,
			       double *sums)
{
	for (size_t i = begin; i < end; i += BLOCK) {
		NAME(update_block)(o, step, i, end - i < BLOCK ? end : i + BLOCK, sums);
	}
}

static void NAME(whole)(struct optimizer *o, const struct step *step)
{
	double sums[OPTIMIZER_SUMS];

	optimizer_pass(o, step, NAME(update_piece), 0, o->n, sums);
	end_update(o, sums);
}

#undef REAL_IS_FLOAT
#else
#include "core/kernels/kernels.h"
#include "core/optim/moments.h"

/* Coefficients: RATE is D, GAIN1 is (1 - beta1) D, GAIN is (1 - q) D. */
enum { RATE, BETA1, GAIN1, BETA2, REST2, Q, GAIN, EPS, COUPLED, DECOUPLED };
enum { DISTANCE, NUMERATOR, CORRECTION1, CORRECTION2 }; /* scalars */
enum { ALONG, LENGTH };                                 /* sums: g'(s / (sqrt(v) + eps)), sum |s| */
enum { SET_LEARNING_RATE, SET_BETAS, SET_EPS, SET_WEIGHT_DECAY, SET_DECOUPLE, SET_BIAS_CORRECTION, SET_D0, SET_GROWTH };

static void end_update(struct optimizer *o, const double *sums)
{
	const double *c = o->coefficient;

	o->scalar[NUMERATOR] = c[Q] * o->scalar[NUMERATOR] + (1 - c[Q]) * c[RATE] * sums[ALONG];
	if (sums[LENGTH] > 0) {
		grow_distance(&o->scalar[DISTANCE], o->scalar[NUMERATOR] / ((1 - c[Q]) * sums[LENGTH]),
			      setting_at(&o->settings, SET_GROWTH));
	}
}

#define REAL_IS_FLOAT 1
#include "core/optim/dadapt_adam.c"
#define REAL_IS_FLOAT 0
#include "core/optim/dadapt_adam.c"

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(1.0),
	[SET_BETAS] = SETTING_MOMENTS,
	[SET_EPS] = SETTING_ABOVE_0("eps", 1e-8, "Added to the root of the second moment."),
	[SET_WEIGHT_DECAY] = SETTING_FROM_0("weight_decay", 0, "Coupled decay, or decoupled where `decouple` says so."),
	[SET_DECOUPLE] = SETTING_FLAG("decouple", 0, "Decay the parameters themselves, as AdamW does."),
	[SET_BIAS_CORRECTION] =
		SETTING_FLAG("use_bias_correction", 0, "Correct the rate for the moments' start at zero."),
	[SET_D0] = SETTING_D0(1e-6),
	[SET_GROWTH] = SETTING_GROWTH_RATE,
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 3;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const double *beta = o->settings.value[SET_BETAS].values;
	const double seen1 = bias_correction(&o->scalar[CORRECTION1], beta[0]);
	const double seen2 = bias_correction(&o->scalar[CORRECTION2], beta[1]);
	const bool corrected = setting_at(&o->settings, SET_BIAS_CORRECTION) != 0;
	const bool decoupled = setting_at(&o->settings, SET_DECOUPLE) != 0;
	const double decay = setting_at(&o->settings, SET_WEIGHT_DECAY);

	if (step->t == 1) {
		o->scalar[DISTANCE] = setting_at(&o->settings, SET_D0);
	}
	c[RATE] = o->scalar[DISTANCE] * step->learning_rate * (corrected ? sqrt(seen2) / seen1 : 1);
	c[BETA1] = beta[0];
	c[GAIN1] = (1 - beta[0]) * c[RATE];
	c[BETA2] = beta[1];
	c[REST2] = 1 - beta[1];
	c[Q] = sqrt(beta[1]);
	c[GAIN] = (1 - c[Q]) * c[RATE];
	c[EPS] = setting_at(&o->settings, SET_EPS);
	c[COUPLED] = decoupled ? 0 : decay;
	c[DECOUPLED] = decoupled ? decay : 0;
}

const struct optimizer_type OPTIMIZER(dadapt_adam) = {
	.name = "dadapt_adam",
	.doc = "Adam that finds its own rate from a growing lower bound of the distance to the minimum.",
	.source = "Defazio and Mishchenko 2023, D-Adaptation, algorithm 5; facebookresearch/dadaptation DAdaptAdam",
	.settings = settings,
	.pauses = true,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = 4,
	.prepare = prepare,
	.whole_f32 = whole_f32,
	.whole_f64 = whole_f64,
	.no_l1 = "its bound of the distance to the minimum is made of gradients, and l1 has none at 0",
};
#endif
