/*
 * g += X' d, and sums of columns.
 *
 * Row r goes to sum r mod 4 of its column; g[c] += (s0 + s1) + (s2 + s3). Columns are cut in tiles that fit the
 * registers; as columns do not meet, the cut changes no bits. Included by all.inc.c.
 */

/* Defines NAME(tile_<name>)(rows, x, ld, d, ones, next, g): g += the sums of the TYPE[VECTORS] columns from x on, but
 * for the first `skip` of them. ones: d counts as all ones. next: see NAME(ask_for). */
#define TILE(name, TYPE, VECTORS)                                                                                      \
	typedef TYPE NAME(unaligned_##name) __attribute__((aligned(sizeof(REAL)), may_alias));                         \
	static inline __attribute__((always_inline)) void NAME(tile_##name)(size_t rows, const REAL *x, size_t ld,     \
									    const REAL *d, bool ones,                  \
									    const REAL *next, size_t skip, REAL *g)    \
	{                                                                                                              \
		const size_t width = sizeof(TYPE) / sizeof(REAL);                                                      \
		TYPE sum[4][VECTORS] = { 0 };                                                                          \
		for (size_t r = 0; r < rows; r += 4) {                                                                 \
			if (next != NULL) {                                                                            \
				NAME(ask_for)(next + r * (ld - ld / 2), 4 * (ld - ld / 2));                            \
			}                                                                                              \
			UNROLL for (size_t i = 0; i < 4; i++)                                                          \
			{                                                                                              \
				if (i > 0 && r + i >= rows) {                                                          \
					break;                                                                         \
				}                                                                                      \
				UNROLL for (size_t v = 0; v < (VECTORS); v++)                                          \
				{                                                                                      \
					const REAL *at = x + (r + i) * ld + v * width;                                 \
					TYPE row = *(const NAME(unaligned_##name) *)at;                                \
					sum[i][v] += ones ? row : row * d[r + i];                                      \
				}                                                                                      \
			}                                                                                              \
		}                                                                                                      \
		TYPE total[VECTORS];                                                                                   \
		UNROLL for (size_t v = 0; v < (VECTORS); v++)                                                          \
		{                                                                                                      \
			total[v] = (sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v]);                                  \
		}                                                                                                      \
		REAL flat[sizeof(total) / (sizeof(REAL))];                                                             \
		memcpy(flat, total, sizeof flat);                                                                      \
		for (size_t c = skip; c < (VECTORS)*width; c++) {                                                      \
			g[c] += flat[c];                                                                               \
		}                                                                                                      \
	}
TILE(scalar, REAL, 1)
TILE(narrow, NAME(quarter), 1)
#if VECTOR_BYTES > 32
TILE(half, NAME(half), 1)
TILE(four, VEC, 4)
#endif
TILE(one, VEC, 1)
TILE(two, VEC, 2)
#undef TILE

/* Fewer columns than a vector has. */
static inline void NAME(few_columns)(size_t rows, size_t columns, const REAL *x, size_t ld, const REAL *d, bool ones,
				     REAL *g)
{
	const size_t narrow = sizeof(NAME(quarter)) / sizeof(REAL);
	size_t c = 0;
	if (columns < narrow) {
		for (; c < columns; c++) {
			NAME(tile_scalar)(rows, x + c, ld, d, ones, NULL, 0, g + c);
		}
		return;
	}
#if VECTOR_BYTES > 32
	if (c + 2 * narrow <= columns) {
		NAME(tile_half)(rows, x, ld, d, ones, NULL, 0, g);
		c += 2 * narrow;
	}
#endif
	for (; c + narrow <= columns; c += narrow) {
		NAME(tile_narrow)(rows, x + c, ld, d, ones, NULL, 0, g + c);
	}
	if (c < columns) { /* the last tile begins early */
		size_t begin = columns - narrow;
		NAME(tile_narrow)(rows, x + begin, ld, d, ones, NULL, c - begin, g + begin);
	}
}

static inline void NAME(weighted_columns)(size_t rows, size_t columns, const REAL *x, size_t ld, const REAL *d,
					  bool ones, const REAL *next, REAL *g)
{
	if (columns < VL) {
		NAME(few_columns)(rows, columns, x, ld, d, ones, g);
		return;
	}
	size_t c = 0;
#if VECTOR_BYTES > 32
	for (; c + 4 * VL <= columns; c += 4 * VL) {
		NAME(tile_four)(rows, x + c, ld, d, ones, next, 0, g + c);
		next = NULL; /* asked for by the first tile */
	}
#endif
	for (; c + 2 * VL <= columns; c += 2 * VL) {
		NAME(tile_two)(rows, x + c, ld, d, ones, next, 0, g + c);
		next = NULL;
	}
	for (; c + VL <= columns; c += VL) {
		NAME(tile_one)(rows, x + c, ld, d, ones, next, 0, g + c);
		next = NULL;
	}
	if (c < columns) {
		size_t begin = columns - VL;
		NAME(tile_one)(rows, x + begin, ld, d, ones, next, c - begin, g + begin);
	}
}

static void NAME(matvec_t)(size_t rows, size_t columns, const REAL *x, size_t ld, const REAL *d, REAL *g)
{
	NAME(weighted_columns)(rows, columns, x, ld, d, false, NULL, g);
}

static void NAME(matvec_t_ahead)(size_t rows, size_t columns, const REAL *x, size_t ld, const REAL *d, REAL *g,
				 const REAL *next)
{
	NAME(weighted_columns)(rows, columns, x, ld, d, false, next == NULL ? NULL : next + rows * (ld / 2), g);
}

static void NAME(column_sums)(size_t rows, size_t columns, const REAL *d, REAL *g)
{
	NAME(weighted_columns)(rows, columns, d, columns, NULL, true, NULL, g);
}
