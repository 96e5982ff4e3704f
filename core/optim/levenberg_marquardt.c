/*
 * levenberg_marquardt: sums of squares, by steps of the linearised residuals within a trust region.
 *
 *   p = argmin |J p + r|^2 + lambda |D p|^2,    lambda such that |D p| is about delta (0 where p lies within)
 *   rho = (|r(x)|^2 - |r(x + p)|^2) / (|r|^2 - |r + J p|^2 and the damping's part)
 *   x = x + p where rho >= 1e-4, else a smaller delta;  D_j = max(D_j, |J e_j|)
 *
 * J is folded row by row into triangular factors (core/search/squares.h). Slots: D. Scalars: delta, lambda.
 */
#include <float.h>
#include <string.h>

#include "core/optim/dense.h"
#include "core/optim/line_settings.h"
#include "core/search/squares.h"

enum { MOST_PARAMETERS = 500, MOST_TRIALS = 60, MOST_LAMBDAS = 10 };

enum { SET_FACTOR };
static const struct setting settings[] = {
	[SET_FACTOR] = SETTING_STEP("factor", 100, "First radius of the trust region, in sizes of the scaled start."),
};

enum { DELTA, LAMBDA, SCALARS };
enum { POINT, STEP, GRADIENT, SCRATCH };

/* One update at work; n-vectors but for the factors: r of J, damped of J and the damping. */
struct work {
	struct optimizer *o;
	struct iteration *it;
	size_t n;
	double *r, *damped, *d, *p, *w, *row;
	double squares, delta, lambda;
};

static size_t one_slot(const struct settings *s)
{
	(void)s;
	return 1;
}

static size_t workspace(const struct settings *s, const struct optimizer_shape *shape)
{
	const size_t n = shape->n;
	(void)s;
	return n <= MOST_PARAMETERS ? 2 * n * (n + 1) + 4 * n + 1 : 0;
}

static enum status fits(const struct settings *s, const struct tensor *tensor, size_t tensors, struct error *error)
{
	size_t n = 0;
	(void)s;
	for (size_t i = 0; i < tensors; i++) {
		n += tensor[i].size;
	}
	return n <= MOST_PARAMETERS ? OK
				    : error_set(error, E_INVALID,
						"levenberg_marquardt holds matrices of n x n numbers, for n up to %d; "
						"these are %zu parameters: use lbfgs",
						MOST_PARAMETERS, n);
}

static unsigned needs(const struct settings *s)
{
	(void)s;
	return NEEDS_FULL_BATCH | NEEDS_NO_BOUNDS | NEEDS_SQUARES;
}

/* The factors of J at x, |r|^2, and D. */
static enum status linearise(struct work *w)
{
	const size_t n = w->n;
	void *gradient = w->o->scratch[GRADIENT];

	memset(w->r, 0, n * (n + 1) * sizeof *w->r);
	w->squares = 0;
	for (size_t i = 0; i < w->it->rows; i++) {
		double r;
		const enum status status = iteration_residual(w->it, w->it->x, i, &r, gradient);
		if (status != OK) {
			return status;
		}
		for (size_t j = 0; j < n; j++) {
			w->row[j] = vector_get(w->it->dtype, gradient, j);
		}
		w->row[n] = r;
		w->squares += r * r;
		squares_add(w->r, n, w->row);
	}
	for (size_t j = 0; j < n; j++) {
		const double size = squares_column(w->r, n, j), before = vector_get(w->it->dtype, w->o->slot[0], j);
		w->d[j] = fmax(before, size);
		w->d[j] = w->d[j] > 0 ? w->d[j] : 1;
	}
	return OK;
}

/* |D v|. */
static double scaled_size(const struct work *w, const double *v)
{
	double size = 0;
	for (size_t j = 0; j < w->n; j++) {
		size = hypot(size, w->d[j] * v[j]);
	}
	return size;
}

/* p for this lambda; false where it is 0 and J singular. The factors are left in `damped`. */
static bool solve(struct work *w, double lambda)
{
	const size_t n = w->n;

	memcpy(w->damped, w->r, n * (n + 1) * sizeof *w->r);
	for (size_t j = 0; j < n && lambda > 0; j++) {
		memset(w->row, 0, (n + 1) * sizeof *w->row);
		w->row[j] = sqrt(lambda) * w->d[j];
		squares_add(w->damped, n, w->row);
	}
	return squares_solve(w->damped, n, w->p);
}

/* |z|^2 of R'z = D^2 p / |D p|, R the last solve's factors: -1 / |D p| times the derivative of |D p| by lambda. */
static double decline(struct work *w, double size)
{
	double sum = 0;
	for (size_t j = 0; j < w->n; j++) {
		w->w[j] = w->d[j] * (w->d[j] * w->p[j] / size);
	}
	squares_solve_transposed(w->damped, w->n, w->w, w->w);
	for (size_t j = 0; j < w->n; j++) {
		sum += w->w[j] * w->w[j];
	}
	return sum;
}

/* |D^-1 J'r|. */
static double scaled_gradient(struct work *w)
{
	double size = 0;
	for (size_t j = 0; j < w->n; j++) {
		double sum = 0;
		for (size_t i = 0; i <= j; i++) {
			sum += w->r[i * (w->n + 1) + j] * w->r[i * (w->n + 1) + w->n];
		}
		size = hypot(size, sum / w->d[j]);
	}
	return size;
}

/* lambda and p with |D p| within a tenth of delta. Source: Moré 1978, section 5 (MINPACK's lmpar). */
static void restrict_step(struct work *w)
{
	const bool full = solve(w, 0);
	double size = scaled_size(w, w->p), over = size - w->delta, low = 0;

	if (over <= 0.1 * w->delta && isfinite(size)) {
		w->lambda = 0;
		return;
	}
	if (full) {
		low = over / w->delta / decline(w, size);
	}
	const double gradient = scaled_gradient(w);
	double high = gradient / w->delta;
	high = high > 0 ? high : DBL_MIN / fmin(w->delta, 0.1);
	w->lambda = fmin(fmax(w->lambda, low), high);
	w->lambda = w->lambda == 0 ? gradient / size : w->lambda;
	for (unsigned k = 1;; k++) {
		const double before = over;
		w->lambda = w->lambda > 0 && isfinite(w->lambda) ? w->lambda : fmax(DBL_MIN, 0.001 * high);
		solve(w, w->lambda);
		size = scaled_size(w, w->p);
		over = size - w->delta;
		if (fabs(over) <= 0.1 * w->delta || (low == 0 && over <= before && before < 0) || k == MOST_LAMBDAS) {
			return;
		}
		const double more = over / w->delta / decline(w, size);
		if (over > 0) {
			low = fmax(low, w->lambda);
		} else {
			high = fmin(high, w->lambda);
		}
		w->lambda = fmax(low, w->lambda + more);
	}
}

/* A trial of p: rho's two parts, as shares of |r|^2, to which f is in proportion but for a number beside. */
static enum status try_step(struct work *w, double *f, double *actual, double *linear, double *damping)
{
	const struct iteration *it = w->it;
	double size = 0;

	for (size_t j = 0; j < w->n; j++) {
		vector_set(it->dtype, w->o->scratch[STEP], j, w->p[j]);
	}
	iteration_combine(it, 1, it->x, 1, w->o->scratch[STEP], w->o->scratch[POINT]);
	const enum status status = iteration_evaluate(w->it, w->o->scratch[POINT], f, NULL);
	const double before = it->f - it->beside, after = *f - it->beside;
	*actual = after < 100 * before ? 1 - after / before : -1;
	for (size_t i = 0; i < w->n; i++) {
		double sum = 0;
		for (size_t j = i; j < w->n; j++) {
			sum += w->r[i * (w->n + 1) + j] * w->p[j];
		}
		size = hypot(size, sum);
	}
	*linear = size * size / w->squares;
	*damping = w->lambda * pow(scaled_size(w, w->p), 2) / w->squares;
	return status;
}

/* delta and lambda after a trial. Source: MINPACK's lmder. */
static void adapt(struct work *w, double actual, double linear, double damping)
{
	const double ratio = actual / (linear + 2 * damping), slope = -(linear + damping);
	if (ratio <= 0.25 || !isfinite(ratio)) {
		double factor = actual >= 0 ? 0.5 : 0.5 * slope / (slope + 0.5 * actual);
		factor = factor >= 0.1 ? factor : 0.1;
		w->delta = factor * fmin(w->delta, 10 * scaled_size(w, w->p));
		w->lambda /= factor;
	} else if (w->lambda == 0 || ratio >= 0.75) {
		w->delta = 2 * scaled_size(w, w->p);
		w->lambda *= 0.5;
	}
}

static void begin(struct work *w)
{
	const size_t n = w->n;
	double *next = w->o->workspace;
	w->r = next;
	w->damped = w->r + n * (n + 1);
	w->d = w->damped + n * (n + 1);
	w->p = w->d + n;
	w->w = w->p + n;
	w->row = w->w + n;
	w->delta = w->o->scalar[DELTA];
	w->lambda = w->o->scalar[LAMBDA];
}

/* Trials until one is good enough; *found, and f there. */
static enum status search(struct work *w, bool first, bool *found, double *f)
{
	*found = false;
	for (unsigned k = 0; k < MOST_TRIALS; k++) {
		double actual, linear, damping;
		restrict_step(w);
		if (first && k == 0) {
			w->delta = fmin(w->delta, scaled_size(w, w->p));
		}
		const enum status status = try_step(w, f, &actual, &linear, &damping);
		if (status != OK) {
			return status;
		}
		adapt(w, actual, linear, damping);
		*found = actual / (linear + 2 * damping) >= 1e-4;
		if (*found || !(linear + 2 * damping > DBL_EPSILON)) {
			return OK;
		}
	}
	return OK;
}

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	struct work w = { .o = o, .it = it, .n = it->n };
	bool found = false;
	double f = NAN;

	begin(&w);
	iteration_accept(it, NULL, NAN, NULL, 0);
	enum status status = linearise(&w);
	if (status != OK || w.squares == 0) {
		return status;
	}
	if (!isfinite(w.squares)) { /* a weight below 0 has no root though the objective is finite: no step leads on */
		for (size_t j = 0; j < w.n; j++) {
			vector_set(it->dtype, o->scratch[POINT], j, (double)NAN);
		}
		iteration_accept(it, o->scratch[POINT], NAN, NULL, 1);
		return OK;
	}
	const bool first = !(w.delta > 0);
	if (first) {
		for (size_t j = 0; j < w.n; j++) {
			w.p[j] = vector_get(it->dtype, it->x, j);
		}
		const double size = scaled_size(&w, w.p), factor = setting_at(&o->settings, SET_FACTOR);
		w.delta = size > 0 ? factor * size : factor;
	}
	status = search(&w, first, &found, &f);
	if (status != OK) {
		return status;
	}
	o->scalar[DELTA] = w.delta > 0 ? w.delta : DBL_MIN;
	o->scalar[LAMBDA] = w.lambda;
	for (size_t j = 0; j < w.n; j++) {
		vector_set(it->dtype, o->slot[0], j, w.d[j]);
	}
	if (found) {
		iteration_accept(it, o->scratch[POINT], f, NULL, 1);
	}
	return OK;
}

const struct optimizer_type OPTIMIZER(levenberg_marquardt) = {
	.name = "levenberg_marquardt",
	.doc = "Sums of squares by the linearised residuals within a trust region, for up to 500 parameters.",
	.source = "Moré 1978, The Levenberg-Marquardt algorithm: implementation and theory; MINPACK lmder",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = one_slot,
	.scalars = SCALARS,
	.scratch = SCRATCH,
	.workspace = workspace,
	.fits = fits,
	.needs = needs,
	.iterate = iterate,
};
