/*
 * lars: momentum whose rate is scaled tensor by tensor to the size of the parameters.
 *
 *   ratio = trust_coefficient |x| / (|g| + weight_decay |x| + eps)          norm: separate
 *   ratio = trust_coefficient |x| / (|g + weight_decay x| + eps)            norm: joint;   1 if |x| or |g| is 0
 *   m = momentum m + lr ratio (g + weight_decay x)
 *   x = x - m
 *
 * x, g, m: one tensor at a time. Slots: m.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(norms)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const struct kernels *kernels = kernels_active();
	const REAL decay = (REAL)o->coefficient[DECAY];
	const REAL *restrict g = step->gradient;
	const REAL *restrict x = step->x;
	REAL both[BLOCK];

	sums[SIZE] = kernels->NAME(sum_squares)(end - begin, x + begin);
	sums[GRADIENT] = kernels->NAME(sum_squares)(end - begin, g + begin);
	for (size_t from = begin; o->coefficient[JOINT] != 0 && from < end; from += BLOCK) {
		const size_t count = end - from < BLOCK ? end - from : BLOCK;
		for (size_t i = 0; i < count; i++) {
			both[i] = g[from + i] + decay * x[from + i];
		}
		sums[BOTH] += kernels->NAME(sum_squares)(count, both);
	}
}

static void NAME(move)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const REAL rate = (REAL)o->coefficient[RATE], mu = (REAL)o->coefficient[MU],
		   decay = (REAL)o->coefficient[DECAY];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict m = o->slot[0];

	(void)sums;
	for (size_t i = begin; i < end; i++) {
		m[i] = mu * m[i] + rate * (g[i] + decay * x[i]);
		x[i] -= m[i];
	}
}

static void NAME(whole)(struct optimizer *o, const struct step *step)
{
	double sums[OPTIMIZER_SUMS];

	for (size_t k = 0; k < o->tensors; k++) {
		const size_t begin = o->tensor[k].offset, end = begin + o->tensor[k].size;
		optimizer_pass(o, step, NAME(norms), begin, end, sums);
		o->coefficient[RATE] = step->learning_rate * trust_ratio(o, sums);
		optimizer_pass(o, step, NAME(move), begin, end, sums);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/kernels/kernels.h"
#include "core/optim/define.h"

enum { RATE, MU, DECAY, JOINT }; /* coefficients: RATE is lr ratio of the tensor at hand */
enum { SIZE, GRADIENT, BOTH };   /* sums: |x|^2, |g|^2, |g + weight_decay x|^2 */
enum { SET_LEARNING_RATE, SET_MOMENTUM, SET_WEIGHT_DECAY, SET_TRUST, SET_EPS, SET_NORM };

static double trust_ratio(const struct optimizer *o, const double *sums)
{
	const double size = sqrt(sums[SIZE]), gradient = sqrt(sums[GRADIENT]);
	const double against = o->coefficient[JOINT] != 0 ? sqrt(sums[BOTH]) : gradient + o->coefficient[DECAY] * size;
	const double whole = against + setting_at(&o->settings, SET_EPS);

	if (!(size > 0) || !(gradient > 0) || !(whole > 0)) {
		return 1;
	}
	return setting_at(&o->settings, SET_TRUST) * size / whole;
}

#define REAL_IS_FLOAT 1
#include "core/optim/lars.c"
#define REAL_IS_FLOAT 0
#include "core/optim/lars.c"

static const char *const norms[] = { "separate", "joint", NULL };

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(1.0),
	[SET_MOMENTUM] = SETTING_MOMENTUM(0.9, "Share of the last step that is taken again."),
	[SET_WEIGHT_DECAY] = SETTING_WEIGHT_DECAY,
	[SET_TRUST] =
		SETTING_ABOVE_0("trust_coefficient", 0.001, "Length of a step in units of the tensor's own size."),
	[SET_EPS] = SETTING_EPS(0, "Added to the norm that the ratio divides by."),
	[SET_NORM] = { .name = "norm",
		       .kind = SETTING_CHOICE,
		       .choices = norms,
		       .doc = "Divide by |g| + weight_decay |x| (separate) or by |g + weight_decay x| (joint)." },
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	(void)step;
	o->coefficient[MU] = setting_at(&o->settings, SET_MOMENTUM);
	o->coefficient[DECAY] = setting_at(&o->settings, SET_WEIGHT_DECAY);
	o->coefficient[JOINT] = setting_at(&o->settings, SET_NORM);
}

const struct optimizer_type OPTIMIZER(lars) = {
	.name = "lars",
	.doc = "Momentum whose rate follows the size of each tensor over that of its gradient: for large batches.",
	.source = "You, Gitman and Ginsburg 2017, Large batch training of convolutional networks, algorithm 1",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.prepare = prepare,
	.whole_f32 = whole_f32,
	.whole_f64 = whole_f64,
	.no_l1 = "its rate follows the size of a whole tensor, which a threshold changes",
};
#endif
