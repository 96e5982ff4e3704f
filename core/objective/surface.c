#include "core/objective/surface.h"

#include <assert.h>
#include <math.h>

/* A width below this part of the coordinate's size, or of the other's width, shows nothing. */
static const double THIN = 1e-6;
static const double MARGIN = 0.25;

void surface_ranges(const double *points, size_t count, struct surface_range range[2])
{
	double low[2] = { INFINITY, INFINITY }, high[2] = { -INFINITY, -INFINITY }, width[2];
	for (size_t i = 0; i < count; i++) {
		const double *point = points + 2 * i;
		if (fabs(point[0]) <= SURFACE_FAR && fabs(point[1]) <= SURFACE_FAR) {
			for (size_t k = 0; k < 2; k++) {
				low[k] = fmin(low[k], point[k]);
				high[k] = fmax(high[k], point[k]);
			}
		}
	}
	for (size_t k = 0; k < 2; k++) {
		if (low[k] > high[k]) {
			low[k] = high[k] = 0; /* there is no such point */
		}
		width[k] = high[k] - low[k];
	}
	const double widest = fmax(width[0], width[1]);
	for (size_t k = 0; k < 2; k++) {
		const double size = fmax(fabs(low[k]), fabs(high[k]));
		const bool thin = width[k] <= THIN * fmax(size, widest);
		const double least = fmax(widest > 0 ? widest : 2, 2 * THIN * size);
		const double half = 0.5 * (thin ? least : width[k]) + MARGIN * (thin ? least : width[k]);
		const double middle = low[k] + 0.5 * width[k];
		range[k] = (struct surface_range){ middle - half, middle + half };
	}
}

void surface_axis(const struct surface_range *range, size_t count, enum dtype dtype, double *out)
{
	assert(count >= 2);
	for (size_t i = 0; i < count; i++) {
		const double t = (double)i / (double)(count - 1);
		const double at = (1 - t) * range->low + t * range->high;
		out[i] = dtype == DTYPE_FLOAT32 ? (double)(float)at : at;
	}
}

enum status surface_at(struct objective *objective, const struct batch *batch, struct executor *executor,
		       const double theta[2], double *value, double gradient[2])
{
	double point[2], slope[2]; /* large enough for either precision */
	assert(objective->n == 2 && objective->buffers == 0);
	dtype_convert(DTYPE_FLOAT64, theta, objective->dtype, point, 2);
	const enum status status = objective->type->evaluate(objective, point, objective->rowed ? batch : NULL,
							     executor, value, gradient != NULL ? slope : NULL);
	if (status == OK && gradient != NULL) {
		dtype_convert(objective->dtype, slope, DTYPE_FLOAT64, gradient, 2);
	}
	return status;
}
