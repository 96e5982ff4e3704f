/*
 * g += X' d, and sums of columns.
 *
 * Row r goes to sum r mod 4 of its column; g[c] += (s0 + s1) + (s2 + s3). Columns are cut in tiles that fit the
 * registers; as columns do not meet, the cut changes no bits. Included by all.inc.c.
 */

/* Defines NAME(tile)(rows, x, ld, d, sum): the sums of `VECTORS` vectors of columns from x on; ones: d counts as all
 * ones. */
#define TILE(tile, TYPE, UNALIGNED, VECTORS)                                                                           \
	static inline __attribute__((always_inline)) void NAME(tile)(size_t rows, const REAL *x, size_t ld,            \
								     const REAL *d, bool ones, TYPE total[VECTORS])    \
	{                                                                                                              \
		const size_t width = sizeof(TYPE) / sizeof(REAL);                                                      \
		TYPE sum[4][VECTORS] = { 0 };                                                                          \
		size_t r = 0;                                                                                          \
		for (; r + 4 <= rows; r += 4) {                                                                        \
			UNROLL for (size_t i = 0; i < 4; i++)                                                          \
			{                                                                                              \
				UNROLL for (size_t v = 0; v < (VECTORS); v++)                                          \
				{                                                                                      \
					TYPE row = *(const UNALIGNED *)(x + (r + i) * ld + v * width);                 \
					sum[i][v] += ones ? row : row * d[r + i];                                      \
				}                                                                                      \
			}                                                                                              \
		}                                                                                                      \
		UNROLL for (size_t i = 0; i < 3; i++)                                                                  \
		{                                                                                                      \
			if (r + i < rows) {                                                                            \
				UNROLL for (size_t v = 0; v < (VECTORS); v++)                                          \
				{                                                                                      \
					TYPE row = *(const UNALIGNED *)(x + (r + i) * ld + v * width);                 \
					sum[i][v] += ones ? row : row * d[r + i];                                      \
				}                                                                                      \
			}                                                                                              \
		}                                                                                                      \
		UNROLL for (size_t v = 0; v < (VECTORS); v++)                                                          \
		{                                                                                                      \
			total[v] = (sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v]);                                  \
		}                                                                                                      \
	}
TILE(tile_two, VEC, NAME(unaligned), 2)
TILE(tile_one, VEC, NAME(unaligned), 1)
TILE(tile_scalar, REAL, REAL, 1)
#undef TILE

static inline __attribute__((always_inline)) void NAME(weighted_columns)(size_t rows, size_t columns, const REAL *x,
									 size_t ld, const REAL *d, bool ones, REAL *g)
{
	size_t c = 0;
	for (; c + 2 * VL <= columns; c += 2 * VL) {
		VEC total[2];
		NAME(tile_two)(rows, x + c, ld, d, ones, total);
		NAME(store)(g + c, NAME(load)(g + c) + total[0]);
		NAME(store)(g + c + VL, NAME(load)(g + c + VL) + total[1]);
	}
	for (; c + VL <= columns; c += VL) {
		VEC total[1];
		NAME(tile_one)(rows, x + c, ld, d, ones, total);
		NAME(store)(g + c, NAME(load)(g + c) + total[0]);
	}
	for (; c < columns; c++) {
		REAL total[1];
		NAME(tile_scalar)(rows, x + c, ld, d, ones, total);
		g[c] += total[0];
	}
}

static void NAME(matvec_t)(size_t rows, size_t columns, const REAL *x, size_t ld, const REAL *d, REAL *g)
{
	NAME(weighted_columns)(rows, columns, x, ld, d, false, g);
}

static void NAME(column_sums)(size_t rows, size_t columns, const REAL *d, REAL *g)
{
	NAME(weighted_columns)(rows, columns, d, columns, NULL, true, g);
}
