/* Rows picked and a row added to every row. Included by all.inc.c. */

static void NAME(gather_rows)(size_t rows, size_t columns, const REAL *x, const uint32_t *index, REAL *out)
{
	enum { AHEAD = 4096 }; /* bytes on their way meanwhile: rows lie anywhere, which no prefetcher foresees */
	size_t ahead = AHEAD / (columns * sizeof(REAL)) + 1;
	for (size_t r = 0; r < rows; r++) {
		const REAL *row = x + (size_t)index[r] * columns;
		if (r + ahead < rows) {
			NAME(ask_for)
			(x + (size_t)index[r + ahead] * columns, columns * sizeof(REAL) < 2 * AHEAD ? columns : 64);
		}
		if (columns >= 2 * LANES) {
			memcpy(out + r * columns, row, columns * sizeof(REAL));
			continue;
		}
		for (size_t c = 0; c < columns; c++) {
			out[r * columns + c] = row[c];
		}
	}
}

static void NAME(add_row)(size_t rows, size_t columns, REAL *z, const REAL *b)
{
	for (size_t r = 0; r < rows; r++) {
		IVDEP for (size_t c = 0; c < columns; c++)
		{
			z[r * columns + c] += b[c];
		}
	}
}
