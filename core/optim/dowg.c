/*
 * dowg: distance over weighted gradients; no rate to tune.
 *
 *   r = max(r, |x - x_0|)                r starts at eps
 *   v = v + r^2 |g|^2
 *   x = x - lr r^2 / sqrt(v) g           lr stays at 1
 *
 * The norms go over all parameters. Slots: x_0. Scalars: r, v.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

static void NAME(norms)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const struct kernels *kernels = kernels_active();
	const REAL *g = step->gradient, *x = step->x;
	REAL *start = o->slot[0];

	if (step->t == 1) {
		memcpy(start + begin, x + begin, (end - begin) * sizeof *x);
	}
	sums[DISTANCE] = kernels->NAME(sum_squared_difference)(end - begin, x + begin, start + begin);
	sums[GRADIENT] = kernels->NAME(sum_squares)(end - begin, g + begin);
}

static void NAME(move)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const REAL rate = (REAL)o->coefficient[RATE];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;

	(void)sums;
	for (size_t i = begin; i < end; i++) {
		x[i] -= rate * g[i];
	}
}

static void NAME(whole)(struct optimizer *o, const struct step *step)
{
	double sums[OPTIMIZER_SUMS];

	optimizer_pass(o, step, NAME(norms), 0, o->n, sums);
	measure(o, step, sums);
	optimizer_pass(o, step, NAME(move), 0, o->n, sums);
}

static void NAME(shrink)(const struct optimizer *o, const struct step *step, double l1, size_t begin, size_t end)
{
	const REAL rate = (REAL)o->coefficient[RATE];
	REAL *restrict x = step->x;

	for (size_t i = begin; i < end; i++) {
		NAME(shrink_one)(&x[i], rate, (REAL)l1);
	}
}

#undef REAL_IS_FLOAT
#else
#include <string.h>

#include "core/kernels/kernels.h"
#include "core/optim/define.h"

enum { RATE };               /* coefficients */
enum { R, V };               /* scalars */
enum { DISTANCE, GRADIENT }; /* sums of a pass */
enum { SET_LEARNING_RATE, SET_EPS };

/* The rate of this update from the norms. */
static void measure(struct optimizer *o, const struct step *step, const double *sums)
{
	const double before = step->t == 1 ? setting_at(&o->settings, SET_EPS) : o->scalar[R];
	const double r = fmax(before, sqrt(sums[DISTANCE]));

	o->scalar[R] = r;
	o->scalar[V] += r * r * sums[GRADIENT];
	o->coefficient[RATE] = o->scalar[V] > 0 ? step->learning_rate * r * r / sqrt(o->scalar[V]) : 0;
}

#define REAL_IS_FLOAT 1
#include "core/optim/dowg.c"
#define REAL_IS_FLOAT 0
#include "core/optim/dowg.c"

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(1.0),
	[SET_EPS] = SETTING_ABOVE_0("eps", 1e-4, "First guess of the distance to the minimum; too small costs little."),
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1;
}

static void prepare(struct optimizer *o, const struct step *step)
{
	(void)o;
	(void)step;
}

const struct optimizer_type OPTIMIZER(dowg) = {
	.name = "dowg",
	.doc = "Descent whose rate follows the distance travelled over the weighted gradients: nothing to tune.",
	.source = "Khaled, Mishchenko and Jin 2023, DoWG unleashed, algorithm 1",
	.settings = settings,
	.pauses = true,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = 2,
	.prepare = prepare,
	.whole_f32 = whole_f32,
	.whole_f64 = whole_f64,
	.shrink_f32 = shrink_f32,
	.shrink_f64 = shrink_f64,
};
#endif
