/*
 * adafactor: Adam's second moment by the means of its rows and columns, steps in units of the parameters.
 *
 *   rho = lr,  or min(0.01, 1 / sqrt(t)) if relative_step (1e-6 t in place of 0.01 if warmup_init)
 *   alpha = rho max(eps2[1], rms(x))  if scale_parameter,  rho  if not
 *   b = 1 - t^decay_rate,  q = g^2 + eps2[0]
 *   vectors:   v = b v + (1 - b) q,  u = g / sqrt(v)
 *   matrices:  R = b R + (1 - b) mean of q's rows,  C = b C + (1 - b) mean of its columns
 *              u_ij = g_ij / sqrt(R_i C_j / mean(R))
 *   u = alpha u / max(1, rms(u) / clip_threshold)
 *   m = beta1 m + (1 - beta1) u,  u = m                   if beta1 is given; no bias correction
 *   x = x - weight_decay alpha x - u
 *
 * One tensor at a time. Slots: v (R and then C at a matrix's place), and m with beta1.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

/* v, and the sums of u^2 and x^2, of a vector. */
static void NAME(gather)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const REAL keep = (REAL)o->coefficient[KEEP], rest = (REAL)o->coefficient[REST],
		   eps = (REAL)o->coefficient[EPS];
	const REAL *restrict g = step->gradient;
	const REAL *x = step->x;
	REAL *restrict v = o->slot[0];
	REAL u[BLOCK];

	for (size_t from = begin; from < end; from += BLOCK) {
		const size_t count = end - from < BLOCK ? end - from : BLOCK;
		for (size_t k = 0; k < count; k++) {
			const size_t i = from + k;
			v[i] = keep * v[i] + rest * (g[i] * g[i] + eps);
			u[k] = g[i] / REAL_SQRT(v[i]);
		}
		sums[SQUARES] += kernels_active()->NAME(sum_squares)(count, u);
		sums[SIZE] += kernels_active()->NAME(sum_squares)(count, x + from);
	}
}

/* R and C of a matrix; returns mean(R). */
static double NAME(factor)(const struct optimizer *o, const REAL *restrict g, struct matrix shape, REAL *restrict R,
			   REAL *restrict C)
{
	const REAL keep = (REAL)o->coefficient[KEEP], eps = (REAL)o->coefficient[EPS];
	const REAL share = (REAL)(o->coefficient[REST] / (double)shape.rows);
	double total = 0;

	for (size_t j = 0; j < shape.columns; j++) {
		C[j] *= keep;
	}
	for (size_t i = 0; i < shape.rows; i++) {
		const REAL *restrict row = g + i * shape.columns;
		const double squares = kernels_active()->NAME(sum_squares)(shape.columns, row);
		for (size_t j = 0; j < shape.columns; j++) {
			C[j] += share * (row[j] * row[j] + eps);
		}
		R[i] = keep * R[i] + (REAL)(o->coefficient[REST] * (squares / (double)shape.columns + (double)eps));
		total += (double)R[i];
	}
	return total / (double)shape.rows;
}

/* u of columns [from, from + count) of a row: its gradient g over sqrt(R_i C_j / mean(R)), scale = mean(R) / R_i. */
static inline void NAME(row_direction)(const REAL *restrict g, const REAL *restrict C, REAL scale, size_t count,
				       REAL *restrict u)
{
	for (size_t j = 0; j < count; j++) {
		u[j] = g[j] * (scale / REAL_SQRT(C[j]));
	}
}

static double NAME(matrix_squares)(const REAL *g, struct matrix shape, const REAL *R, const REAL *C, double mean)
{
	double sum = 0;
	REAL u[BLOCK];

	for (size_t i = 0; i < shape.rows; i++) {
		for (size_t from = 0; from < shape.columns; from += BLOCK) {
			const size_t count = shape.columns - from < BLOCK ? shape.columns - from : BLOCK;
			NAME(row_direction)
			(g + i * shape.columns + from, C + from, (REAL)sqrt(mean / (double)R[i]), count, u);
			sum += kernels_active()->NAME(sum_squares)(count, u);
		}
	}
	return sum;
}

/* x by u [count], which lie at `begin`. */
static void NAME(apply)(const struct optimizer *o, const struct step *step, size_t begin, size_t count,
			const REAL *restrict u)
{
	const double *c = o->coefficient;
	const REAL rate = (REAL)c[RATE], shrink = (REAL)c[SHRINK], beta1 = (REAL)c[BETA1], rest1 = 1 - beta1;
	REAL *restrict x = (REAL *)step->x + begin;
	REAL *restrict m = o->slot[1] != NULL ? (REAL *)o->slot[1] + begin : NULL;

	if (m == NULL) {
		for (size_t k = 0; k < count; k++) {
			x[k] = x[k] - shrink * x[k] - rate * u[k];
		}
	} else {
		for (size_t k = 0; k < count; k++) {
			m[k] = beta1 * m[k] + rest1 * (rate * u[k]);
			x[k] = x[k] - shrink * x[k] - m[k];
		}
	}
}

static void NAME(move)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const REAL *restrict g = step->gradient;
	const REAL *restrict v = o->slot[0];
	REAL u[BLOCK];

	(void)sums;
	for (size_t from = begin; from < end; from += BLOCK) {
		const size_t count = end - from < BLOCK ? end - from : BLOCK;
		for (size_t k = 0; k < count; k++) {
			u[k] = g[from + k] / REAL_SQRT(v[from + k]);
		}
		NAME(apply)(o, step, from, count, u);
	}
}

static void NAME(size_piece)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	(void)o;
	sums[SIZE] = kernels_active()->NAME(sum_squares)(end - begin, (const REAL *)step->x + begin);
}

static void NAME(update_matrix)(struct optimizer *o, const struct step *step, const struct tensor *tensor,
				struct matrix shape)
{
	const REAL *g = (const REAL *)step->gradient + tensor->offset;
	REAL *R = (REAL *)o->slot[0] + tensor->offset, *C = R + shape.rows;
	const double mean = NAME(factor)(o, g, shape, R, C);
	double sums[OPTIMIZER_SUMS];
	REAL u[BLOCK];

	optimizer_pass(o, step, NAME(size_piece), tensor->offset, tensor->offset + tensor->size, sums);
	sums[SQUARES] = NAME(matrix_squares)(g, shape, R, C, mean);
	set_rate(o, tensor->size, sums);
	for (size_t i = 0; i < shape.rows; i++) {
		for (size_t from = 0; from < shape.columns; from += BLOCK) {
			const size_t count = shape.columns - from < BLOCK ? shape.columns - from : BLOCK;
			const size_t at = i * shape.columns + from;
			NAME(row_direction)(g + at, C + from, (REAL)sqrt(mean / (double)R[i]), count, u);
			NAME(apply)(o, step, tensor->offset + at, count, u);
		}
	}
}

static void NAME(whole)(struct optimizer *o, const struct step *step)
{
	double sums[OPTIMIZER_SUMS];
	struct matrix shape;

	for (size_t k = 0; k < o->tensors; k++) {
		const struct tensor *tensor = &o->tensor[k];
		if (matrix_of(&o->settings.value[SET_SHAPE], tensor, &shape)) {
			NAME(update_matrix)(o, step, tensor, shape);
			continue;
		}
		optimizer_pass(o, step, NAME(gather), tensor->offset, tensor->offset + tensor->size, sums);
		set_rate(o, tensor->size, sums);
		optimizer_pass(o, step, NAME(move), tensor->offset, tensor->offset + tensor->size, sums);
	}
}

#undef REAL_IS_FLOAT
#else
#include "core/kernels/kernels.h"
#include "core/optim/define.h"
#include "core/optim/matrix.h"

/* Coefficients: KEEP is b, RHO of the update; RATE = alpha over the clipping and SHRINK = weight_decay alpha of the
 * tensor at hand. */
enum { KEEP, REST, EPS, BETA1, RHO, RATE, SHRINK };
enum { SQUARES, SIZE }; /* sums: u^2, x^2 */
enum {
	SET_LEARNING_RATE,
	SET_EPS2,
	SET_CLIP,
	SET_DECAY_RATE,
	SET_BETA1,
	SET_WEIGHT_DECAY,
	SET_SCALE,
	SET_RELATIVE,
	SET_WARMUP,
	SET_SHAPE
};

/* alpha and the factor of u in a tensor of n numbers. */
static void set_rate(struct optimizer *o, size_t n, const double *sums)
{
	const struct settings *s = &o->settings;
	const double size = sqrt(sums[SIZE] / (double)n), length = sqrt(sums[SQUARES] / (double)n);
	const double least = s->value[SET_EPS2].values[1];
	const double alpha = o->coefficient[RHO] * (setting_at(s, SET_SCALE) != 0 ? fmax(least, size) : 1);

	o->coefficient[RATE] = alpha / fmax(1, length / setting_at(s, SET_CLIP));
	o->coefficient[SHRINK] = setting_at(s, SET_WEIGHT_DECAY) * alpha;
}

#define REAL_IS_FLOAT 1
#include "core/optim/adafactor.c"
#define REAL_IS_FLOAT 0
#include "core/optim/adafactor.c"

static const double eps2[] = { 1e-30, 1e-3 };

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01),
	[SET_EPS2] = { .name = "eps2",
		       .kind = SETTING_VECTOR,
		       .length = 2,
		       .preset_values = eps2,
		       .minimum = 0,
		       .open_minimum = true,
		       .maximum = INFINITY,
		       .open_maximum = true,
		       .doc = "Added to the squared gradients; the least size that parameters count as." },
	[SET_CLIP] = SETTING_ABOVE_0("clip_threshold", 1,
				     "Largest root mean square of a tensor's step, in units of the rate."),
	[SET_DECAY_RATE] = { .name = "decay_rate",
			     .kind = SETTING_REAL,
			     .preset = -0.8,
			     .minimum = -INFINITY,
			     .open_minimum = true,
			     .maximum = 0,
			     .doc = "Power of t in the share 1 - t^decay_rate of the second moment that is kept." },
	[SET_BETA1] = { .name = "beta1",
			.kind = SETTING_REAL,
			.nullable = true,
			.preset = NAN,
			.minimum = 0,
			.maximum = 1,
			.open_maximum = true,
			.doc = "Share of a momentum that is kept; null: no momentum, and no memory for it." },
	[SET_WEIGHT_DECAY] = SETTING_FROM_0("weight_decay", 0, "Decoupled decay, times the rate of the tensor."),
	[SET_SCALE] = SETTING_FLAG("scale_parameter", 1, "Take the rate in units of the tensor's root mean square."),
	[SET_RELATIVE] = SETTING_FLAG("relative_step", 0,
				      "Rate min(0.01, 1 / sqrt(t)) in place of learning_rate; a schedule scales it."),
	[SET_WARMUP] = SETTING_FLAG("warmup_init", 0, "With relative_step: begin at 1e-6 t."),
	[SET_SHAPE] = SETTING_MATRIX_SHAPE,
};

static size_t slots(const struct settings *s)
{
	return isnan(setting_at(s, SET_BETA1)) ? 1 : 2;
}

static enum status check(const struct settings *s, const char **setting, struct error *error)
{
	return matrix_shape_check(&s->value[SET_SHAPE], setting, error);
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const struct settings *s = &o->settings;
	const double t = (double)step->t, beta1 = setting_at(s, SET_BETA1);

	c[RHO] = step->learning_rate;
	if (setting_at(s, SET_RELATIVE) != 0) {
		const double limit = setting_at(s, SET_WARMUP) != 0 ? 1e-6 * t : 0.01;
		c[RHO] = fmin(limit, 1 / sqrt(t)) * schedule_factor(o, step, SET_LEARNING_RATE);
	}
	c[REST] = pow(t, setting_at(s, SET_DECAY_RATE));
	c[KEEP] = 1 - c[REST];
	c[EPS] = s->value[SET_EPS2].values[0];
	c[BETA1] = isnan(beta1) ? 0 : beta1;
}

const struct optimizer_type OPTIMIZER(adafactor) = {
	.name = "adafactor",
	.doc = "Adam's scaling from the row and column means of the squared gradients, steps relative to the "
	       "parameters.",
	.source = "Shazeer and Stern 2018, algorithms 4 and 5; fairseq Adafactor",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.check = check,
	.prepare = prepare,
	.whole_f32 = whole_f32,
	.whole_f64 = whole_f64,
	.no_l1 = "its rate follows the size of a whole tensor, which a threshold changes",
};
#endif
