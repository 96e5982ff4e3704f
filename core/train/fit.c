#include "core/train/fit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/search/squares.h"
#include "core/train/internal.h"

/* Rotations of numbers, about two in a nanosecond. */
static const double most_work = 2e9;
enum { MOST_PARAMETERS = 500 };

bool fit_affordable(uint64_t rows, size_t n)
{
	return n <= MOST_PARAMETERS && (double)rows * (double)n * (double)n <= most_work;
}

void fit_fini(struct fit *fit)
{
	free(fit->error);
	free(fit->unknown);
	fit->error = NULL;
	fit->unknown = NULL;
}

/* sum (y - mean)^2 of one target column; NAN where there is none. */
static double spread_of(const struct data_view *data)
{
	double mean = 0, spread = 0;
	if (data->y == NULL || data->targets != 1) {
		return NAN;
	}
	for (size_t i = 0; i < data->rows; i++) {
		mean += dtype_get(data->dtype, data->y, i) / (double)data->rows;
	}
	for (size_t i = 0; i < data->rows; i++) {
		const double d = dtype_get(data->dtype, data->y, i) - mean;
		spread += d * d;
	}
	return spread;
}

/* Whether a parameter is held by a bound: it has no error then, and counts for none. */
static bool is_held(const struct objective *objective, const void *theta, size_t j)
{
	const double x = dtype_get(objective->dtype, theta, j);
	return objective->lower != NULL && (x <= dtype_get(objective->dtype, objective->lower, j) ||
					    x >= dtype_get(objective->dtype, objective->upper, j));
}

/* Sums over rows of w (u - mean)^2 of what was observed, one row after the other (Welford, West 1979). */
struct observed {
	double weight, mean, spread;
};

/* Takes the outputs of a row's residual: sqrt(w) u and sqrt(w). */
static void observe(struct observed *observed, double weighted, double root)
{
	const double w = root * root, u = root != 0 ? weighted / root : 0, away = u - observed->mean;
	observed->weight += w;
	observed->mean += observed->weight != 0 ? w / observed->weight * away : 0;
	observed->spread += w * away * (u - observed->mean);
}

/* The factors of J in r [n, n + 1], sum r^2 in fit. row [n + 1]. */
static enum status fold_rows(struct trainer *trainer, const void *theta, double *r, double *row, struct fit *fit,
			     struct observed *observed)
{
	struct objective *residual = trainer->setup.residual;
	enum status status = OK;
	for (size_t i = 0; i < trainer->rows && status == OK; i++) {
		const struct batch batch = { .data = trainer->setup.training, .first = i, .count = 1 };
		double value, outputs[2];
		status = residual->type->evaluate(residual, theta, &batch, trainer->setup.executor, &value,
						  trainer->gradient);
		for (size_t j = 0; status == OK && j < fit->n; j++) {
			const bool held = is_held(trainer->setup.objective, theta, j);
			row[j] = held ? 0 : dtype_get(trainer->dtype, trainer->gradient, j);
		}
		if (status == OK) {
			row[fit->n] = value;
			fit->squares += value * value;
			squares_add(r, fit->n, row);
		}
		if (status == OK && residual->outputs == 2) {
			status = residual->type->predict(residual, theta, &batch, trainer->setup.executor, outputs);
			observe(observed, dtype_get(trainer->dtype, outputs, 0), dtype_get(trainer->dtype, outputs, 1));
		}
	}
	return status;
}

/* What the parameters' errors are, where J says anything of them. r, work [2 n + 1] are lost. */
static void find_errors(const struct trainer *trainer, const void *theta, double *r, double *work, struct fit *out)
{
	const double rounding = trainer->dtype == DTYPE_FLOAT32 ? (double)FLT_EPSILON / 10 : DBL_EPSILON;
	const size_t rank = squares_deviations(r, out->n, rounding, work, out->error);
	out->freedom = trainer->rows > rank ? (uint64_t)(trainer->rows - rank) : 0;
	out->deviation = out->freedom > 0 ? sqrt(out->squares / (double)out->freedom) : (double)NAN;
	for (size_t j = 0; j < out->n; j++) {
		out->unknown[j] = isnan(out->error[j]) && !is_held(trainer->setup.objective, theta, j);
		out->error[j] *= out->deviation;
	}
}

enum status trainer_fit(struct trainer *trainer, const void *theta, struct fit *out)
{
	const size_t n = trainer->n;
	double *r = calloc(n * (n + 1) + 2 * n + 1, sizeof *r), *work = r + n * (n + 1);
	struct observed observed = { 0, 0, 0 };

	*out = (struct fit){ .n = n, .error = calloc(n, sizeof(double)), .unknown = calloc(n, sizeof(bool)) };
	enum status status = r == NULL || out->error == NULL || out->unknown == NULL
				     ? E_MEMORY
				     : fold_rows(trainer, theta, r, work, out, &observed);
	if (status == OK) {
		find_errors(trainer, theta, r, work, out);
		const double spread =
			trainer->setup.residual->outputs == 2 ? observed.spread : spread_of(trainer->setup.training);
		out->r2 = spread > 0 ? 1 - out->squares / spread : (double)NAN;
	} else {
		fit_fini(out);
	}
	free(r);
	return status;
}
