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
static bool is_null(const double *r, size_t n, size_t i, double rounding)
{
	return !(fabs(r[i * (n + 1) + i]) > 10 * (double)n * rounding * squares_column(r, n, i));
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
		const bool null = is_null(r, n, i, DBL_EPSILON);
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

/* Rows that say nothing of their own parameter are turned into those below, and are 0 then. The rank. row: [n + 1]. */
static size_t drop_null(double *r, size_t n, double rounding, double *row)
{
	size_t rank = 0;
	for (size_t i = 0; i < n; i++) {
		double *line = r + i * (n + 1);
		if (!is_null(r, n, i, rounding)) {
			rank++;
			continue;
		}
		for (size_t j = 0; j <= n; j++) {
			row[j] = j > i ? line[j] : 0;
			line[j] = 0;
		}
		squares_add(r, n, row);
	}
	return rank;
}

/* x with R x = 0 but in row k, where it is 1 (of a row that was dropped: x itself is 1): by back substitution. */
static void solve_column(const double *r, size_t n, size_t k, double *x)
{
	const bool null = r[k * (n + 1) + k] == 0;
	for (size_t i = k + 1; i-- > 0;) {
		const double diagonal = r[i * (n + 1) + i];
		double sum = i == k ? 1 : 0;
		for (size_t j = i + 1; j <= k; j++) {
			sum -= r[i * (n + 1) + j] * x[j];
		}
		x[i] = diagonal != 0 ? sum / diagonal : i == k && null ? 1 : 0;
	}
}

/* Marks those that have a part beyond rounding in the direction x [k + 1], in which J says nothing. */
static void mark(size_t k, const double *x, const double *column, double rounding, double *deviation)
{
	double most = 0;
	for (size_t j = 0; j <= k; j++) {
		most = fmax(most, fabs(x[j]) * column[j]);
	}
	for (size_t j = 0; j <= k; j++) {
		if (j == k || fabs(x[j]) * column[j] > sqrt(rounding) * most) {
			deviation[j] = (double)NAN;
		}
	}
}

size_t squares_deviations(double *r, size_t n, double rounding, double *work, double *deviation)
{
	double *x = work, *column = work + n;
	const size_t rank = drop_null(r, n, rounding, work);
	for (size_t i = 0; i < n; i++) {
		column[i] = squares_column(r, n, i);
		deviation[i] = 0;
	}
	/* Column k of R^-1; row j of it squared and summed is element j of the diagonal. */
	for (size_t k = 0; k < n; k++) {
		solve_column(r, n, k, x);
		if (r[k * (n + 1) + k] == 0) {
			mark(k, x, column, rounding, deviation);
			continue;
		}
		for (size_t i = k + 1; i-- > 0;) {
			deviation[i] = isnan(deviation[i]) ? deviation[i] : hypot(deviation[i], x[i]);
		}
	}
	return rank;
}
