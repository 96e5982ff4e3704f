#include "core/linear/row_loss.h"

#include <math.h>

#include "core/kernels/kernels.h"

/* Element by element: d is z - y, f the factor, a the constant. */
#define ROW_LOSS(name, first, second)                                                                                  \
	void row_##name(const struct row_loss *loss, size_t rows, size_t m, const double *z, const double *y,          \
			double *slope, double *bend)                                                                   \
	{                                                                                                              \
		const double f = loss->factor, a = loss->constant;                                                     \
		(void)a;                                                                                               \
		for (size_t i = 0; i < rows * m; i++) {                                                                \
			const double d = z[i] - y[i], size = fabs(d);                                                  \
			(void)size;                                                                                    \
			slope[i] = f * (first);                                                                        \
			if (bend != NULL) {                                                                            \
				bend[i] = f * (second);                                                                \
			}                                                                                              \
		}                                                                                                      \
	}
ROW_LOSS(squares, 2 * d, 2)
ROW_LOSS(absolute, (d > 0 ? 1 : d < 0 ? -1 : d), 0)
ROW_LOSS(huber, (d > a ? a : d < -a ? -a : d), (size <= a ? 1 : 0))
ROW_LOSS(quantile, (d > 0 ? 1 - a : d < 0 ? -a : d), 0)
#undef ROW_LOSS

void row_poisson(const struct row_loss *loss, size_t rows, size_t m, const double *z, const double *y, double *slope,
		 double *bend)
{
	const double f = loss->factor;
	kernels_active()->exp_f64(rows * m, z, slope);
	for (size_t i = 0; i < rows * m; i++) {
		const double grown = slope[i];
		slope[i] = f * (grown - y[i]);
		if (bend != NULL) {
			bend[i] = f * grown;
		}
	}
}

void row_logistic(const struct row_loss *loss, size_t rows, size_t m, const double *z, const double *y, double *slope,
		  double *bend)
{
	const double f = loss->factor;
	kernels_active()->sigmoid_f64(rows * m, z, slope);
	for (size_t i = 0; i < rows * m; i++) {
		const double p = slope[i];
		slope[i] = f * (p - y[i]);
		if (bend != NULL) {
			bend[i] = f * p * (1 - p);
		}
	}
}

void row_hinge(const struct row_loss *loss, size_t rows, size_t m, const double *z, const double *y, double *slope,
	       double *bend)
{
	for (size_t i = 0; i < rows * m; i++) {
		const double s = y[i] != 0 ? 1 : -1, miss = 1 - s * z[i];
		slope[i] = miss <= 0 ? 0 : miss > 0 ? -loss->factor * s : miss;
		if (bend != NULL) {
			bend[i] = 0;
		}
	}
}

void row_squared_hinge(const struct row_loss *loss, size_t rows, size_t m, const double *z, const double *y,
		       double *slope, double *bend)
{
	for (size_t i = 0; i < rows * m; i++) {
		const double s = y[i] != 0 ? 1 : -1, miss = 1 - s * z[i];
		slope[i] = miss <= 0 ? 0 : -2 * loss->factor * s * miss;
		if (bend != NULL) {
			bend[i] = miss <= 0 ? 0 : 2 * loss->factor;
		}
	}
}

/* p = softmax(z) of one row. */
static void softmax(size_t m, const double *z, double *p)
{
	double most = z[0], sum = 0;
	for (size_t c = 1; c < m; c++) {
		most = z[c] > most ? z[c] : most;
	}
	for (size_t c = 0; c < m; c++) {
		p[c] = exp(z[c] - most);
		sum += p[c];
	}
	for (size_t c = 0; c < m; c++) {
		p[c] /= sum;
	}
}

void row_cross_entropy(const struct row_loss *loss, size_t rows, size_t m, const double *z, const double *y,
		       double *slope, double *bend)
{
	const double f = loss->factor, e = loss->constant;
	for (size_t r = 0; r < rows; r++) {
		double *s = slope + r * m;
		softmax(m, z + r * m, s);
		for (size_t c = 0; c < m; c++) {
			if (bend != NULL) {
				bend[r * m + c] = s[c];
			}
			s[c] = f * (s[c] - e / (double)m - (c == (size_t)y[r] ? 1 - e : 0));
		}
	}
}
