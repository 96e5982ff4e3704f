/*
 * Mean and spread. Sums run over a fixed number of lanes, joined in a fixed order, so that they vectorise and still
 * give the same bits everywhere.
 */
#include "server/dataset/moments.h"

#include <math.h>

enum { LANES = 8 };

static double join(const double lane[LANES])
{
	return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

static double sum_of_shifted(const double *x, size_t n, double shift)
{
	double lane[LANES] = { 0 };
	size_t i = 0;
	for (; i + LANES <= n; i += LANES) {
		for (size_t k = 0; k < LANES; k++) {
			lane[k] += x[i + k] - shift;
		}
	}
	for (size_t k = 0; i < n; i++, k++) {
		lane[k] += x[i] - shift;
	}
	return join(lane);
}

static double sum_of_squares(const double *x, size_t n, double shift, double mean)
{
	double lane[LANES] = { 0 };
	size_t i = 0;
	for (; i + LANES <= n; i += LANES) {
		for (size_t k = 0; k < LANES; k++) {
			double d = (x[i + k] - shift) - mean;
			lane[k] += d * d;
		}
	}
	for (size_t k = 0; i < n; i++, k++) {
		double d = (x[i] - shift) - mean;
		lane[k] += d * d;
	}
	return join(lane);
}

static void update_range(struct moments *moments, const double *x, size_t n)
{
	double lowest[LANES], highest[LANES];
	for (size_t k = 0; k < LANES; k++) {
		lowest[k] = moments->count == 0 ? x[0] : moments->minimum;
		highest[k] = moments->count == 0 ? x[0] : moments->maximum;
	}
	for (size_t i = 0; i < n; i++) {
		size_t k = i % LANES;
		lowest[k] = x[i] < lowest[k] ? x[i] : lowest[k];
		highest[k] = x[i] > highest[k] ? x[i] : highest[k];
	}
	moments->minimum = lowest[0];
	moments->maximum = highest[0];
	for (size_t k = 1; k < LANES; k++) {
		moments->minimum = lowest[k] < moments->minimum ? lowest[k] : moments->minimum;
		moments->maximum = highest[k] > moments->maximum ? highest[k] : moments->maximum;
	}
}

void moments_add(struct moments *moments, const double *x, size_t n)
{
	if (n == 0) {
		return;
	}
	update_range(moments, x, n);
	if (moments->count == 0) {
		moments->shift = x[0];
	}
	double mean = sum_of_shifted(x, n, moments->shift) / (double)n;
	double m2 = sum_of_squares(x, n, moments->shift, mean);
	double before = (double)moments->count;
	double total = before + (double)n;
	double delta = mean - moments->mean;
	if (moments->count == 0) {
		moments->mean = mean;
		moments->m2 = m2;
	} else {
		moments->mean += delta * ((double)n / total);
		moments->m2 += m2 + delta * delta * (before * ((double)n / total));
	}
	moments->count += n;
}

double moments_mean(const struct moments *moments)
{
	return moments->shift + moments->mean;
}

double moments_sd(const struct moments *moments)
{
	return moments->count == 0 ? 0 : sqrt(moments->m2 / (double)moments->count);
}
