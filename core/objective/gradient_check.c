#include "core/objective/gradient_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/objective/game.h"

/* Far above eps^(1/5) the formula's own error would show, far below it that of the values. */
static const double relative_step = 5e-5;
/* For a coordinate near a kink, the end of what f is defined on, or where f turns within the step: what is left of the
 * digits still tells 1e-5 of a derivative as large as f. */
static const double smaller_steps[] = { 5e-5, 5e-7, 5e-9, 5e-11 };
/* Of the slopes to either side: about sqrt(eps), where the errors of f and of the formula are alike. */
static const double side_step = 1e-8;
/* A derivative that is smaller than this share of the value has no digits in a difference. */
static const double share_of_value = 5e-5;

/* f at x with coordinate i moved to `at` (of a game: what its player minimises); *largest grows to |f|. */
static enum status value_at(struct objective *objective, double *x, size_t i, double at, const struct batch *batch,
			    struct executor *executor, double *value, double *largest)
{
	const double kept = x[i];
	struct objective *one = objective_of(objective, i);
	x[i] = at;
	enum status status = one->type->evaluate(one, x, batch, executor, value, NULL);
	x[i] = kept;
	*largest = fmax(*largest, fabs(*value));
	return status;
}

/* *derivative of f by coordinate i, *largest of the values that it is made of; x is left as it was. */
static enum status difference(struct objective *objective, double *x, size_t i, double step, const struct batch *batch,
			      struct executor *executor, double *derivative, double *largest)
{
	static const double factor[] = { 8, -1 };
	const double at = x[i], h = step * fmax(1, fabs(at));
	double sum = 0;
	enum status status = OK;
	*largest = 0;
	for (int k = 1; status == OK && k <= 2; k++) {
		double above = 0, below = 0;
		status = value_at(objective, x, i, at + k * h, batch, executor, &above, largest);
		if (status == OK) {
			status = value_at(objective, x, i, at - k * h, batch, executor, &below, largest);
		}
		sum += factor[k - 1] * (above - below);
	}
	*derivative = sum / (12 * h);
	return status;
}

/* |a - b| in units of the larger of them, or of the least derivative that the differences can tell. */
static double relative_error(double analytic, double numeric, double largest)
{
	const double scale = fmax(fmax(fabs(analytic), fabs(numeric)), share_of_value * largest);
	return analytic == numeric ? 0 : fabs(analytic - numeric) / scale;
}

enum status gradient_check(struct objective *objective, const double *theta, const struct batch *batch,
			   struct executor *executor, struct gradient_error *worst)
{
	size_t n = objective->n - objective->buffers;
	double value;
	if (objective->dtype != DTYPE_FLOAT64) {
		return E_UNSUPPORTED;
	}
	double *x = calloc(objective->n + 1, sizeof *x), *gradient = calloc(n + 1, sizeof *gradient);
	enum status status = x != NULL && gradient != NULL ? OK : E_MEMORY;
	if (status == OK) {
		memcpy(x, theta, objective->n * sizeof *x);
		status = objective->type->evaluate(objective, x, batch, executor, &value, gradient);
	}
	*worst = (struct gradient_error){ .error = 0 };
	for (size_t i = 0; status == OK && i < n; i++) {
		double numeric = 0, largest;
		status = difference(objective, x, i, relative_step, batch, executor, &numeric, &largest);
		double error = relative_error(gradient[i], numeric, largest);
		if (!(error <= worst->error)) { /* NaN is the worst */
			*worst = (struct gradient_error){
				.error = error, .index = i, .analytic = gradient[i], .numeric = numeric
			};
		}
	}
	free(gradient);
	free(x);
	return status;
}

/* At a kink, or where the derivative is next to 0 and its digits are those of the rounding: a subgradient lies between
 * the slopes to either side. Then *found says so. */
static enum status check_sides(struct objective *objective, double *x, size_t i, const struct batch *batch,
			       struct executor *executor, struct gradient_error *found)
{
	const double at = x[i], h = side_step * fmax(1, fabs(at));
	double here = 0, above = 0, below = 0, largest = 0;
	enum status status = value_at(objective, x, i, at, batch, executor, &here, &largest);
	if (status == OK) {
		status = value_at(objective, x, i, at + h, batch, executor, &above, &largest);
	}
	if (status == OK) {
		status = value_at(objective, x, i, at - h, batch, executor, &below, &largest);
	}
	const double left = (here - below) / h, right = (above - here) / h, g = found->analytic;
	const double slack = GRADIENT_TOLERANCE * fmax(fmax(fabs(left), fabs(right)), share_of_value * largest);
	if (status == OK && g >= fmin(left, right) - slack && g <= fmax(left, right) + slack) {
		*found = (struct gradient_error){ .index = i,
						  .analytic = g,
						  .numeric = found->numeric,
						  .sided = true,
						  .left = left,
						  .right = right };
	}
	return status;
}

/* Element i of the tensor: the best of some steps, else the slopes to either side. */
static enum status check_element(struct objective *objective, double *x, const double *gradient, size_t i,
				 const struct batch *batch, struct executor *executor, struct gradient_error *found)
{
	enum status status = OK;
	for (size_t k = 0; k < sizeof smaller_steps / sizeof *smaller_steps && status == OK; k++) {
		double numeric = 0, largest;
		status = difference(objective, x, i, smaller_steps[k], batch, executor, &numeric, &largest);
		double error = relative_error(gradient[i], numeric, largest);
		if (k == 0 || error < found->error || isnan(found->error)) {
			*found = (struct gradient_error){
				.error = error, .index = i, .analytic = gradient[i], .numeric = numeric
			};
		}
		if (found->error <= GRADIENT_TOLERANCE) {
			return OK;
		}
	}
	return status == OK ? check_sides(objective, x, i, batch, executor, found) : status;
}

static enum status check_tensor(struct objective *objective, const struct tensor *tensor, double *x,
				const double *gradient, const struct batch *batch, struct executor *executor,
				size_t most, struct gradient_check_tensor *out)
{
	enum status status = OK;
	*out = (struct gradient_check_tensor){ .checked = 0 };
	if (tensor->offset >= objective->n - objective->buffers) {
		return OK;
	}
	const size_t count = tensor->size < most ? tensor->size : most;
	for (size_t k = 0; k < count && status == OK; k++) {
		struct gradient_error found = { .error = 0 };
		size_t i = count == 1 ? 0 : (size_t)((double)k * (double)(tensor->size - 1) / (double)(count - 1));
		status = check_element(objective, x, gradient, tensor->offset + i, batch, executor, &found);
		found.index = i;
		if (k == 0 || !(found.error <= out->worst.error)) { /* NaN is the worst */
			out->worst = found;
		}
		out->checked++;
	}
	return status;
}

enum status gradient_check_tensors(struct objective *objective, const double *theta, const struct batch *batch,
				   struct executor *executor, size_t most, struct gradient_check_tensor *out)
{
	double value;
	if (objective->dtype != DTYPE_FLOAT64) {
		return E_UNSUPPORTED;
	}
	double *x = calloc(objective->n + 1, sizeof *x);
	double *gradient = calloc(objective->n - objective->buffers + 1, sizeof *gradient);
	enum status status = x != NULL && gradient != NULL ? OK : E_MEMORY;
	if (status == OK) {
		memcpy(x, theta, objective->n * sizeof *x);
		status = objective->type->evaluate(objective, x, batch, executor, &value, gradient);
	}
	for (size_t t = 0; t < objective->tensors && status == OK; t++) {
		status = check_tensor(objective, &objective->tensor[t], x, gradient, batch, executor, most, &out[t]);
	}
	free(gradient);
	free(x);
	return status;
}
