/*
 * z = X w + bias.
 *
 * From LANES columns on: lane l of a row holds sum_k X[r, l + k LANES] w[l + k LANES], k ascending, then the remaining
 * columns stand in the last lanes; the lanes are added by halves (lanes.inc.c), bias last. VL rows are summed together,
 * by a transposing tree, so that adding up the lanes costs two shuffles a row. With fewer columns: the bias, then
 * column by column. Included by all.inc.c.
 */

/* Rows whose products are held in registers at a time: 8 vectors of sums in every set. */
#define ROWS_HELD (8 / PACK)

/* held[g] = the lanes of row g, for ROWS_HELD rows. keep: mask of the last group when columns is no multiple of LANES.
 */
static inline void NAME(products)(size_t columns, const REAL *const row[ROWS_HELD], const REAL *w,
				  const NAME(mask) keep[PACK], VEC held[ROWS_HELD])
{
	VEC sum[ROWS_HELD][PACK];
	UNROLL for (size_t p = 0; p < PACK; p++)
	{
		VEC factor = NAME(load)(w + p * VL);
		UNROLL for (size_t g = 0; g < ROWS_HELD; g++)
		{
			sum[g][p] = NAME(load)(row[g] + p * VL) * factor;
		}
	}
	for (size_t c = LANES; c + LANES <= columns; c += LANES) {
		UNROLL for (size_t p = 0; p < PACK; p++)
		{
			VEC factor = NAME(load)(w + c + p * VL);
			UNROLL for (size_t g = 0; g < ROWS_HELD; g++)
			{
				sum[g][p] += NAME(load)(row[g] + c + p * VL) * factor;
			}
		}
	}
	if (columns % LANES != 0) {
		size_t c = columns - LANES; /* the last group begins early, and its first lanes are masked */
		UNROLL for (size_t p = 0; p < PACK; p++)
		{
			VEC factor = NAME(load)(w + c + p * VL);
			UNROLL for (size_t g = 0; g < ROWS_HELD; g++)
			{
				VEC product = NAME(load)(row[g] + c + p * VL) * factor;
				sum[g][p] += (VEC)((NAME(mask))product & keep[p]);
			}
		}
	}
	UNROLL for (size_t g = 0; g < ROWS_HELD; g++)
	{
		held[g] = NAME(sum_pack)(sum[g]);
	}
}

static void NAME(matvec_wide)(size_t rows, size_t columns, const REAL *x, size_t ld, const REAL *w, REAL bias, REAL *z,
			      const REAL *next)
{
	NAME(mask) keep[PACK];
	for (size_t l = 0; l < LANES && columns % LANES != 0; l++) {
		keep[l / VL][l % VL] = l >= LANES - columns % LANES ? -1 : 0;
	}
	for (size_t r = 0; r < rows; r += VL) {
		if (next != NULL) {
			NAME(ask_for)(next + r * (ld / 2), VL * (ld / 2));
		}
		VEC sum[VL];
		UNROLL for (size_t i = 0; i < VL; i += ROWS_HELD)
		{
			const REAL *row[ROWS_HELD];
			UNROLL for (size_t g = 0; g < ROWS_HELD; g++)
			{
				size_t wanted = r + i + g;
				row[g] = x +
					 (wanted < rows ? wanted : rows - 1) * ld; /* beyond the end: any row will do */
			}
			NAME(products)(columns, row, w, keep, sum + i);
		}
		VEC result = NAME(sum_rows)(sum) + bias;
		if (rows - r >= VL) {
			NAME(store)(z + r, result);
		} else {
			memcpy(z + r, &result, (rows - r) * sizeof(REAL));
		}
	}
}

/* Unrolled for each number of columns by NAME(matvec). */
static inline __attribute__((always_inline)) void NAME(matvec_narrow)(size_t rows, size_t columns, const REAL *x,
								      size_t ld, const REAL *w, REAL bias, REAL *z)
{
	REAL factor[LANES];
	for (size_t c = 0; c < columns; c++) {
		factor[c] = w[c];
	}
	for (size_t r = 0; r < rows; r++) {
		REAL sum = bias;
		UNROLL for (size_t c = 0; c < columns; c++)
		{
			sum += x[r * ld + c] * factor[c];
		}
		z[r] = sum;
	}
}

static void NAME(matvec)(size_t rows, size_t columns, const REAL *x, size_t ld, const REAL *w, REAL bias, REAL *z)
{
	switch (columns) {
#define CASE(c)                                                                                                        \
	case c:                                                                                                        \
		NAME(matvec_narrow)(rows, c, x, ld, w, bias, z);                                                       \
		break;
		CASE(0)
		CASE(1)
		CASE(2)
		CASE(3)
		CASE(4)
		CASE(5)
		CASE(6)
		CASE(7)
#if LANES == 16
		CASE(8)
		CASE(9)
		CASE(10)
		CASE(11)
		CASE(12)
		CASE(13)
		CASE(14)
		CASE(15)
#endif
#undef CASE
	default:
		NAME(matvec_wide)(rows, columns, x, ld, w, bias, z, NULL);
	}
}

static void NAME(matvec_ahead)(size_t rows, size_t columns, const REAL *x, size_t ld, const REAL *w, REAL bias, REAL *z,
			       const REAL *next)
{
	if (columns < LANES) {
		NAME(matvec)(rows, columns, x, ld, w, bias, z);
	} else {
		NAME(matvec_wide)(rows, columns, x, ld, w, bias, z, next);
	}
}
#undef ROWS_HELD
