/*
 * lamb: Adam whose step is scaled tensor by tensor to the size of the parameters.
 *
 *   m = beta1 m + (1 - beta1) g
 *   v = beta2 v + (1 - beta2) g^2
 *   u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay x
 *   x = x - lr |x| / |u| u                    lr u if |x| or |u| is 0
 *
 * One tensor at a time. Slots: m, v. Scalars: the bias corrections.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

/* What multiplies what in u, once in this precision. */
struct NAME(direction) {
	REAL mean, root, eps, decay;
};

static inline struct NAME(direction) NAME(direction_of)(const double *c)
{
	return (struct NAME(direction)){ (REAL)c[MEAN], (REAL)c[ROOT], (REAL)c[EPS], (REAL)c[DECAY] };
}

static inline REAL NAME(u)(struct NAME(direction) d, REAL x, REAL m, REAL v)
{
	return d.mean * m / (REAL_SQRT(v) * d.root + d.eps) + d.decay * x;
}

static void NAME(gather)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const struct kernels *kernels = kernels_active();
	const double *c = o->coefficient;
	const REAL beta1 = (REAL)c[BETA1], rest1 = (REAL)c[REST1], beta2 = (REAL)c[BETA2], rest2 = (REAL)c[REST2];
	const struct NAME(direction) direction = NAME(direction_of)(c);
	REAL u[BLOCK];

	for (size_t from = begin; from < end; from += BLOCK) {
		const size_t count = end - from < BLOCK ? end - from : BLOCK;
		const REAL *restrict g = (const REAL *)step->gradient + from;
		const REAL *restrict x = (const REAL *)step->x + from;
		REAL *restrict m = (REAL *)o->slot[0] + from;
		REAL *restrict v = (REAL *)o->slot[1] + from;
		for (size_t i = 0; i < count; i++) {
			m[i] = beta1 * m[i] + rest1 * g[i];
			v[i] = beta2 * v[i] + rest2 * g[i] * g[i];
			u[i] = NAME(u)(direction, x[i], m[i], v[i]);
		}
		sums[SIZE] += kernels->NAME(sum_squares)(count, x);
		sums[LENGTH] += kernels->NAME(sum_squares)(count, u);
	}
}

static void NAME(move)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const struct NAME(direction) direction = NAME(direction_of)(o->coefficient);
	const REAL rate = (REAL)o->coefficient[RATE];
	REAL *restrict x = step->x;
	const REAL *restrict m = o->slot[0];
	const REAL *restrict v = o->slot[1];

	(void)sums;
	for (size_t i = begin; i < end; i++) {
		x[i] -= rate * NAME(u)(direction, x[i], m[i], v[i]);
	}
}

static void NAME(whole)(struct optimizer *o, const struct step *step)
{
	double sums[OPTIMIZER_SUMS];

	for (size_t k = 0; k < o->tensors; k++) {
		const size_t begin = o->tensor[k].offset, end = begin + o->tensor[k].size;
		optimizer_pass(o, step, NAME(gather), begin, end, sums);
		const bool scaled = sums[SIZE] > 0 && sums[LENGTH] > 0;
		o->coefficient[RATE] = step->learning_rate * (scaled ? sqrt(sums[SIZE]) / sqrt(sums[LENGTH]) : 1);
		optimizer_pass(o, step, NAME(move), begin, end, sums);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/kernels/kernels.h"
#include "core/optim/moments.h"

/* Coefficients: RATE is lr |x| / |u| of the tensor at hand, MEAN 1 / (1 - beta1^t), ROOT 1 / sqrt(1 - beta2^t). */
enum { RATE, MEAN, ROOT, EPS, DECAY, BETA1, REST1, BETA2, REST2 };
enum { SIZE, LENGTH }; /* sums: |x|^2, |u|^2 */
enum { SET_LEARNING_RATE, SET_BETAS, SET_EPS, SET_WEIGHT_DECAY };

#define REAL_IS_FLOAT 1
#include "core/optim/lamb.c"
#define REAL_IS_FLOAT 0
#include "core/optim/lamb.c"

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.001),
	[SET_BETAS] = SETTING_MOMENTS,
	[SET_EPS] = SETTING_EPS(1e-6, "Added to the root of the corrected second moment."),
	[SET_WEIGHT_DECAY] =
		SETTING_FROM_0("weight_decay", 0, "weight_decay * x is added to the direction of the step."),
};

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const double *beta = o->settings.value[SET_BETAS].values;

	(void)step;
	c[MEAN] = 1 / bias_correction(&o->scalar[0], beta[0]);
	c[ROOT] = 1 / sqrt(bias_correction(&o->scalar[1], beta[1]));
	c[EPS] = setting_at(&o->settings, SET_EPS);
	c[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
	share_moments(&c[BETA1], beta);
}

const struct optimizer_type OPTIMIZER(lamb) = {
	.name = "lamb",
	.doc = "Adam whose step follows the size of each tensor: for large batches.",
	.source = "You et al. 2020, Large batch optimization for deep learning, algorithm 2; optax.lamb",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = two_moments,
	.scalars = 2,
	.prepare = prepare,
	.whole_f32 = whole_f32,
	.whole_f64 = whole_f64,
	.no_l1 = "its rate follows the size of a whole tensor, which a threshold changes",
};
#endif
