/* Sums over one block of predictions; included by evaluate.c once for float and once for double. */
#include "core/base/real.h"

/* How many of `rows` outputs z [rows, columns] name the right class: the largest, or with one column z > 0. */
static size_t NAME(count_right)(const REAL *z, size_t rows, size_t columns, const int32_t *label)
{
	size_t right = 0;
	for (size_t r = 0; r < rows; r++, z += columns) {
		size_t found = 0;
		if (columns == 1) {
			found = z[0] > 0;
		}
		for (size_t c = 1; c < columns; c++) {
			found = z[c] > z[found] ? c : found;
		}
		right += found == (size_t)label[r];
	}
	return right;
}

/* mean[c] = mean over the rows of y [rows, columns]; spread[c] = sum of (y - mean)^2. */
static void NAME(target_spread)(const REAL *y, size_t rows, size_t columns, double *mean, double *spread)
{
	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < columns; c++) {
			mean[c] += (double)y[r * columns + c];
		}
	}
	for (size_t c = 0; c < columns; c++) {
		mean[c] /= (double)rows;
	}
	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < columns; c++) {
			const double d = (double)y[r * columns + c] - mean[c];
			spread[c] += d * d;
		}
	}
}

/* squares[c] += sum of (p - y)^2; returns the sum of |p - y| over all columns. */
static double NAME(add_errors)(const REAL *p, const REAL *y, size_t rows, size_t columns, double *squares)
{
	double size = 0;
	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < columns; c++) {
			const double d = (double)p[r * columns + c] - (double)y[r * columns + c];
			squares[c] += d * d;
			size += fabs(d);
		}
	}
	return size;
}

#undef REAL_IS_FLOAT
