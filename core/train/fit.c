#include "core/train/fit.h"

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
	fit->error = NULL;
}

static double number_at(enum dtype dtype, const void *v, size_t i)
{
	return dtype == DTYPE_FLOAT32 ? (double)((const float *)v)[i] : ((const double *)v)[i];
}

/* sum (y - mean)^2 of one target column; NAN where there is none. */
static double spread_of(const struct data_view *data)
{
	double mean = 0, spread = 0;
	if (data->y == NULL || data->targets != 1) {
		return NAN;
	}
	for (size_t i = 0; i < data->rows; i++) {
		mean += number_at(data->dtype, data->y, i) / (double)data->rows;
	}
	for (size_t i = 0; i < data->rows; i++) {
		const double d = number_at(data->dtype, data->y, i) - mean;
		spread += d * d;
	}
	return spread;
}

/* Whether a parameter is held by a bound: it has no error then, and counts for none. */
static bool is_held(const struct objective *objective, const void *theta, size_t j)
{
	const double x = number_at(objective->dtype, theta, j);
	return objective->lower != NULL && (x <= number_at(objective->dtype, objective->lower, j) ||
					    x >= number_at(objective->dtype, objective->upper, j));
}

/* The factors of J in r [n, n + 1], sum r^2 in fit. row [n + 1]. */
static enum status fold_rows(struct trainer *trainer, const void *theta, double *r, double *row, struct fit *fit)
{
	struct objective *residual = trainer->setup.residual;
	for (size_t i = 0; i < trainer->rows; i++) {
		const struct batch batch = { .data = trainer->setup.training, .first = i, .count = 1 };
		double value;
		const enum status status = residual->type->evaluate(residual, theta, &batch, trainer->setup.executor,
								    &value, trainer->gradient);
		if (status != OK) {
			return status;
		}
		for (size_t j = 0; j < fit->n; j++) {
			const bool held = is_held(trainer->setup.objective, theta, j);
			row[j] = held ? 0 : number_at(trainer->dtype, trainer->gradient, j);
		}
		row[fit->n] = value;
		fit->squares += value * value;
		squares_add(r, fit->n, row);
	}
	return OK;
}

enum status trainer_fit(struct trainer *trainer, const void *theta, struct fit *out)
{
	const size_t n = trainer->n, m = (size_t)trainer->rows;
	double *r = calloc(n * (n + 1) + 2 * n + 1, sizeof *r), *row = r + n * (n + 1);

	*out = (struct fit){ .n = n, .error = calloc(n, sizeof(double)) };
	enum status status = r == NULL || out->error == NULL ? E_MEMORY : fold_rows(trainer, theta, r, row, out);
	if (status == OK) {
		size_t free = n;
		for (size_t j = 0; j < n; j++) {
			const bool held = is_held(trainer->setup.objective, theta, j);
			r[j * (n + 1) + j] = held ? 1 : r[j * (n + 1) + j]; /* its column is 0 beside */
			free -= held;
		}
		out->freedom = m > free ? m - free : 0;
		squares_deviations(r, n, row, out->error);
		out->deviation = out->freedom > 0 ? sqrt(out->squares / (double)out->freedom) : (double)NAN;
		for (size_t j = 0; j < n; j++) {
			out->error[j] *= is_held(trainer->setup.objective, theta, j) ? (double)NAN : out->deviation;
		}
		const double spread = spread_of(trainer->setup.training);
		out->r2 = spread > 0 ? 1 - out->squares / spread : (double)NAN;
	} else {
		fit_fini(out);
	}
	free(r);
	return status;
}
