#include "core/objective/gradient_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The cube root of DBL_EPSILON. */
static const double relative_step = 6.055454452393343e-06;

/* *derivative of f by coordinate i; x is left as it was. */
static enum status difference(struct objective *objective, double *x, size_t i, const struct batch *batch,
			      struct executor *executor, double *derivative)
{
	double at = x[i], above, below, upper, lower;
	double h = relative_step * fmax(1, fabs(at));
	upper = at + h;
	lower = at - h;
	x[i] = upper;
	enum status status = objective->type->evaluate(objective, x, batch, executor, &above, NULL);
	x[i] = lower;
	if (status == OK) {
		status = objective->type->evaluate(objective, x, batch, executor, &below, NULL);
	}
	x[i] = at;
	if (status == OK) {
		*derivative = (above - below) / (upper - lower);
	}
	return status;
}

enum status gradient_check(struct objective *objective, const double *theta, const struct batch *batch,
			   struct executor *executor, struct gradient_error *worst)
{
	size_t n = objective->n;
	double value, largest = 1;
	if (objective->dtype != DTYPE_FLOAT64) {
		return E_UNSUPPORTED;
	}
	double *x = calloc(n + 1, sizeof *x), *gradient = calloc(n + 1, sizeof *gradient);
	enum status status = x != NULL && gradient != NULL ? OK : E_MEMORY;
	if (status == OK) {
		memcpy(x, theta, n * sizeof *x);
		status = objective->type->evaluate(objective, x, batch, executor, &value, gradient);
	}
	*worst = (struct gradient_error){ .error = 0 };
	for (size_t i = 0; status == OK && i < n; i++) {
		double numeric = 0;
		status = difference(objective, x, i, batch, executor, &numeric);
		double error = fabs(gradient[i] - numeric);
		largest = fmax(largest, fabs(numeric));
		if (!(error <= worst->error)) { /* NaN is the worst */
			*worst = (struct gradient_error){
				.error = error, .index = i, .analytic = gradient[i], .numeric = numeric
			};
		}
	}
	worst->error /= largest;
	free(gradient);
	free(x);
	return status;
}
