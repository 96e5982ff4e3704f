#include "core/search/squares.h"

#include <float.h>
#include <math.h>

void squares_add(double *r, size_t n, double *row)
{
	for (size_t i = 0; i < n; i++) {
		double *line = r + i * (n + 1);
		if (row[i] == 0) {
			continue;
		}
		const double size = hypot(line[i], row[i]), c = line[i] / size, s = row[i] / size;
		line[i] = size;
		for (size_t j = i + 1; j <= n; j++) {
			const double a = line[j], b = row[j];
			line[j] = c * a + s * b;
			row[j] = c * b - s * a;
		}
	}
}

double squares_column(const double *r, size_t n, size_t j)
{
	double size = 0;
	for (size_t i = 0; i <= j; i++) {
		size = hypot(size, r[i * (n + 1) + j]);
	}
	return size;
}

/* Whether row i says nothing beyond rounding of its column. */
static bool is_null(const double *r, size_t n, size_t i)
{
	return !(fabs(r[i * (n + 1) + i]) > 10 * (double)n * DBL_EPSILON * squares_column(r, n, i));
}

bool squares_solve(const double *r, size_t n, double *p)
{
	bool full = true;
	for (size_t i = n; i-- > 0;) {
		const double *line = r + i * (n + 1);
		double sum = -line[n];
		for (size_t j = i + 1; j < n; j++) {
			sum -= line[j] * p[j];
		}
		const bool null = is_null(r, n, i);
		p[i] = null ? 0 : sum / line[i];
		full = full && !null;
	}
	return full;
}

void squares_solve_transposed(const double *r, size_t n, const double *w, double *z)
{
	for (size_t i = 0; i < n; i++) {
		double sum = w[i];
		for (size_t j = 0; j < i; j++) {
			sum -= r[j * (n + 1) + i] * z[j];
		}
		z[i] = sum / r[i * (n + 1) + i];
	}
}

void squares_deviations(const double *r, size_t n, double *work, double *deviation)
{
	bool full = true;
	for (size_t i = 0; i < n; i++) {
		full = full && !is_null(r, n, i);
		deviation[i] = 0;
	}
	/* Column k of R^-1 by back substitution; row j of it squared and summed is element j of the diagonal. */
	for (size_t k = 0; k < n && full; k++) {
		for (size_t i = k + 1; i-- > 0;) {
			double sum = i == k ? 1 : 0;
			for (size_t j = i + 1; j <= k; j++) {
				sum -= r[i * (n + 1) + j] * work[j];
			}
			work[i] = sum / r[i * (n + 1) + i];
			deviation[i] = hypot(deviation[i], work[i]);
		}
	}
	for (size_t i = 0; i < n && !full; i++) {
		deviation[i] = (double)NAN;
	}
}
