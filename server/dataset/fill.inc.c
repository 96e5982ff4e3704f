/* Worker of fill.c, for one precision. See core/base/real.h. */
#include "core/base/real.h"

/* to[i] = (REAL)from[i]. Returns whether all are finite: what overflowed is not. */
static bool NAME(round_column)(const double *from, size_t n, REAL *to)
{
	unsigned wrong = 0;
	for (size_t i = 0; i < n; i++) {
		to[i] = (REAL)from[i];
		wrong |= (unsigned)!(REAL_FABS(to[i]) <= (REAL)REAL_LARGEST);
	}
	return wrong == 0;
}

/* A tile of `width` columns, column k at tile + k * WINDOW, into columns first_column.. of both parts. */
static void NAME(scatter)(const REAL *tile, size_t width, size_t rows, const uint32_t *place, uint64_t first_row,
			  size_t stride, REAL *training, REAL *validation)
{
	for (size_t i = 0; i < rows; i++) {
		uint64_t row = first_row + i;
		REAL *part = training;
		if (place != NULL) {
			uint32_t mine = place[row];
			part = (mine & SPLIT_VALIDATION) != 0 ? validation : training;
			row = mine & ~SPLIT_VALIDATION;
		}
		REAL *to = part + row * stride;
		for (size_t k = 0; k < width; k++) {
			to[k] = tile[k * WINDOW + i];
		}
	}
}

static enum status NAME(fill_tile)(const struct fill *fill, size_t first_column, size_t width, uint64_t first_row,
				   size_t rows, struct buffers *buffers, REAL *training, REAL *validation,
				   struct error *error)
{
	REAL *tile = buffers->tile;
	for (size_t k = 0; k < width; k++) {
		size_t column = first_column + k;
		double *value = buffers->value;
		table_read_numbers(fill->table, fill->column[column], first_row, rows, value);
		if (fill->mean != NULL) {
			standardise(value, rows, fill->mean[column], fill->std[column]);
		}
		if (!NAME(round_column)(value, rows, tile + k * WINDOW)) {
			return does_not_fit(fill, column, first_row, rows, REAL_DTYPE, buffers, error);
		}
	}
	NAME(scatter)
	(tile, width, rows, fill->place, first_row, fill->columns, training + first_column,
	 validation == NULL ? NULL : validation + first_column);
	return OK;
}
#undef REAL_LARGEST
#undef REAL_IS_FLOAT
