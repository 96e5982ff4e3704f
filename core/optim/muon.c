/*
 * muon: momentum whose step is made orthogonal, for matrices; AdamW for the other tensors.
 *
 *   matrices [r, c]:
 *     M = momentum M + (1 - momentum) G
 *     U = (1 - momentum) G + momentum M  if nesterov,  M  if not
 *     X = U / (|U|_F + eps), transposed if r > c
 *     ns_steps times:  A = X X',  X = c0 X + (c1 A + c2 A A) X
 *     W = W (1 - lr weight_decay) - lr sqrt(max(1, r / c)) X
 *   the rest: adamw by companion_learning_rate (which follows the schedule), companion_betas, companion_eps and the
 * same weight_decay.
 *
 * Slots: M or m, v. Scalars: the bias corrections of the companion. Scratch: X and the next X, A, c1 A + c2 A A.
 */
#ifdef REAL_IS_FLOAT
#include "core/base/real.h"

/* M, U into X (scratch 0), and the sum of U^2. */
static void NAME(gather)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const REAL mu = (REAL)o->coefficient[MU], rest = 1 - mu;
	const bool nesterov = o->coefficient[NESTEROV] != 0;
	const REAL *restrict g = step->gradient;
	REAL *restrict M = o->slot[0];
	REAL *restrict U = o->scratch[0];

	for (size_t i = begin; i < end; i++) {
		M[i] = mu * M[i] + rest * g[i];
		U[i] = nesterov ? rest * g[i] + mu * M[i] : M[i];
	}
	sums[0] = kernels_active()->NAME(sum_squares)(end - begin, U + begin);
}

/* out [columns, rows] = scale * in' */
static void NAME(transpose)(const REAL *restrict in, size_t rows, size_t columns, REAL *restrict out)
{
	for (size_t i = 0; i < rows; i++) {
		for (size_t j = 0; j < columns; j++) {
			out[j * rows + i] = in[i * columns + j];
		}
	}
}

/* One step of the iteration on X [k, l], k <= l: the next X into `next`; A and B are [k, k]. */
static void NAME(iterate)(const double *weight, size_t k, size_t l, const REAL *restrict X, REAL *restrict A,
			  REAL *restrict B, REAL *restrict next)
{
	const REAL c0 = (REAL)weight[0], c1 = (REAL)weight[1], c2 = (REAL)weight[2];

	NAME(gemm)(false, true, k, k, l, X, l, X, l, false, A, k);
	NAME(gemm)(false, false, k, k, k, A, k, A, k, false, B, k);
	for (size_t i = 0; i < k * k; i++) {
		B[i] = c1 * A[i] + c2 * B[i];
	}
	NAME(gemm)(false, false, k, l, k, B, k, X, l, false, next, l);
	for (size_t i = 0; i < k * l; i++) {
		next[i] += c0 * X[i];
	}
}

/* The matrix's update. scratch[0] holds U at its place; the first numbers of the others are free. */
static void NAME(update_matrix)(struct optimizer *o, const struct step *step, const struct tensor *tensor,
				struct matrix shape, double squares)
{
	const double *weight = o->settings.value[SET_NS_COEFFICIENTS].values;
	const double r = (double)shape.rows, c = (double)shape.columns;
	const bool tall = shape.rows > shape.columns;
	const size_t k = tall ? shape.columns : shape.rows, l = tall ? shape.rows : shape.columns;
	const size_t count = tensor->size, steps = (size_t)setting_at(&o->settings, SET_NS_STEPS);
	REAL *X = (REAL *)o->scratch[0] + tensor->offset, *next = o->scratch[1], *A = o->scratch[2], *B = o->scratch[3];
	REAL *restrict W = (REAL *)step->x + tensor->offset;
	const REAL keep = (REAL)o->coefficient[DECAYED];
	const REAL rate = (REAL)(step->learning_rate * sqrt(fmax(1, r / c)));

	kernels_active()->NAME(scale)(count, (REAL)(1 / (sqrt(squares) + setting_at(&o->settings, SET_EPS))), X);
	if (tall) {
		NAME(transpose)(X, shape.rows, shape.columns, next);
		memcpy(X, next, count * sizeof *X);
	}
	for (size_t s = 0; s < steps; s++) {
		REAL *old = X;
		NAME(iterate)(weight, k, l, X, A, B, next);
		X = next;
		next = old;
	}
	if (tall) {
		NAME(transpose)(X, shape.columns, shape.rows, next);
		X = next;
	}
	for (size_t i = 0; i < count; i++) {
		W[i] = W[i] * keep - rate * X[i];
	}
}

/* adamw.c's update, for what is no matrix. */
static void NAME(companion)(const struct optimizer *o, const struct step *step, size_t begin, size_t end, double *sums)
{
	const double *c = o->coefficient;
	const REAL lr = (REAL)c[LR], root = (REAL)c[ROOT], eps = (REAL)c[EPS], keep = (REAL)c[KEEP];
	const REAL beta1 = (REAL)c[BETA1], rest1 = (REAL)c[REST1], beta2 = (REAL)c[BETA2], rest2 = (REAL)c[REST2];
	const REAL *restrict g = step->gradient;
	REAL *restrict x = step->x;
	REAL *restrict m = o->slot[0];
	REAL *restrict v = o->slot[1];

	(void)sums;
	for (size_t i = begin; i < end; i++) {
		m[i] = beta1 * m[i] + rest1 * g[i];
		v[i] = beta2 * v[i] + rest2 * g[i] * g[i];
		x[i] = x[i] * keep - lr * (m[i] / (REAL_SQRT(v[i]) * root + eps));
	}
}

static void NAME(whole)(struct optimizer *o, const struct step *step)
{
	double sums[OPTIMIZER_SUMS];
	struct matrix shape;

	for (size_t k = 0; k < o->tensors; k++) {
		const struct tensor *tensor = &o->tensor[k];
		if (matrix_of(&o->settings.value[SET_SHAPE], tensor, &shape)) {
			optimizer_pass(o, step, NAME(gather), tensor->offset, tensor->offset + tensor->size, sums);
			NAME(update_matrix)(o, step, tensor, shape, sums[0]);
		} else {
			optimizer_pass(o, step, NAME(companion), tensor->offset, tensor->offset + tensor->size, sums);
		}
	}
}

#undef REAL_IS_FLOAT
#else
#include <string.h>

#include "core/kernels/gemm.h"
#include "core/kernels/kernels.h"
#include "core/optim/matrix.h"
#include "core/optim/moments.h"

/* Coefficients: DECAYED is 1 - lr weight_decay of a matrix; from LR on they are the companion's, as in adamw.c. */
enum { MU, NESTEROV, DECAYED, LR, ROOT, EPS, KEEP, BETA1, REST1, BETA2, REST2 };
enum {
	SET_LEARNING_RATE,
	SET_MOMENTUM,
	SET_NESTEROV,
	SET_NS_STEPS,
	SET_NS_COEFFICIENTS,
	SET_EPS,
	SET_WEIGHT_DECAY,
	SET_COMPANION,
	SET_COMPANION_RATE,
	SET_COMPANION_BETAS,
	SET_COMPANION_EPS,
	SET_SHAPE
};

#define REAL_IS_FLOAT 1
#include "core/optim/muon.c"
#define REAL_IS_FLOAT 0
#include "core/optim/muon.c"

static const double ns_coefficients[] = { 3.4445, -4.775, 2.0315 };
static const double companion_betas[] = { 0.9, 0.95 };
static const char *const companions[] = { "adamw", NULL };

static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.02),
	[SET_MOMENTUM] = SETTING_MOMENTUM(0.95, "Share of the average gradient that is kept."),
	[SET_NESTEROV] = SETTING_FLAG("nesterov", 1, "Look ahead: mix the gradient into its average once more."),
	[SET_NS_STEPS] = { .name = "ns_steps",
			   .kind = SETTING_INTEGER,
			   .preset = 5,
			   .minimum = 1,
			   .maximum = 100,
			   .doc = "Steps of the Newton-Schulz iteration that makes the step orthogonal." },
	[SET_NS_COEFFICIENTS] = { .name = "ns_coefficients",
				  .kind = SETTING_VECTOR,
				  .length = 3,
				  .preset_values = ns_coefficients,
				  .minimum = -INFINITY,
				  .open_minimum = true,
				  .maximum = INFINITY,
				  .open_maximum = true,
				  .doc = "Its polynomial: c0 X + (c1 A + c2 A A) X with A = X X'." },
	[SET_EPS] = SETTING_ABOVE_0("eps", 1e-7, "Added to the norm that the iteration starts by dividing with."),
	[SET_WEIGHT_DECAY] = SETTING_DECOUPLED_DECAY(0),
	[SET_COMPANION] = { .name = "companion",
			    .kind = SETTING_CHOICE,
			    .choices = companions,
			    .doc = "The optimizer of all that is no matrix." },
	[SET_COMPANION_RATE] =
		SETTING_ABOVE_0("companion_learning_rate", 3e-4, "Its learning rate; the schedule scales both."),
	[SET_COMPANION_BETAS] = { .name = "companion_betas",
				  .kind = SETTING_VECTOR,
				  .length = 2,
				  .preset_values = companion_betas,
				  .minimum = 0,
				  .maximum = 1,
				  .open_maximum = true,
				  .doc = "Its shares of the first and second moment that are kept." },
	[SET_COMPANION_EPS] =
		SETTING_FROM_0("companion_eps", 1e-10, "Added to the root of its corrected second moment."),
	[SET_SHAPE] = SETTING_MATRIX_SHAPE,
};

static size_t slots(const struct settings *s)
{
	(void)s;
	return 2;
}

static enum status fits(const struct settings *s, const struct tensor *tensor, size_t tensors, struct error *error)
{
	struct matrix shape;

	for (size_t k = 0; k < tensors; k++) {
		if (matrix_of(&s->value[SET_SHAPE], &tensor[k], &shape)) {
			return OK;
		}
	}
	return error_set(error, E_INVALID, "muon is for matrices and this model has none; use adamw");
}

static enum status check(const struct settings *s, const char **setting, struct error *error)
{
	return matrix_shape_check(&s->value[SET_SHAPE], setting, error);
}

static void prepare(struct optimizer *o, const struct step *step)
{
	double *c = o->coefficient;
	const struct settings *s = &o->settings;
	const double *beta = s->value[SET_COMPANION_BETAS].values, decay = setting_at(s, SET_WEIGHT_DECAY);
	const double rate = setting_at(s, SET_COMPANION_RATE) * schedule_factor(o, step, SET_LEARNING_RATE);

	c[MU] = setting_at(s, SET_MOMENTUM);
	c[NESTEROV] = setting_at(s, SET_NESTEROV);
	c[DECAYED] = 1 - step->learning_rate * decay;
	c[LR] = rate / bias_correction(&o->scalar[0], beta[0]);
	c[ROOT] = 1 / sqrt(bias_correction(&o->scalar[1], beta[1]));
	c[EPS] = setting_at(s, SET_COMPANION_EPS);
	c[KEEP] = 1 - rate * decay;
	share_moments(&c[BETA1], beta);
}

const struct optimizer_type OPTIMIZER(muon) = {
	.name = "muon",
	.doc = "Momentum whose step is made orthogonal by a Newton-Schulz iteration; AdamW for what is no matrix.",
	.source = "Jordan et al. 2024, Muon; github KellerJordan/Muon, in the job's own precision",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = 2,
	.scratch = 4,
	.fits = fits,
	.check = check,
	.prepare = prepare,
	.whole_f32 = whole_f32,
	.whole_f64 = whole_f64,
	.no_l1 = "its step is of a whole matrix, a threshold of each weight",
};
#endif
