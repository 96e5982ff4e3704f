/* Products in one precision; product.c includes this once for float and once for double. */
#include "core/kernels/isa/wide.inc.c"

/* The columns of a panel, and which of its two vectors' lanes they fill. */
struct NAME(columns) {
	size_t count; /* 1 .. 2 WIDTH */
	MASK keep[2];
};

static inline struct NAME(columns) NAME(columns_of)(size_t left)
{
	size_t count = left < 2 * WIDTH ? left : 2 * WIDTH;
	size_t low = count < WIDTH ? count : WIDTH, high = count - low;
	return (struct NAME(columns)){
		.count = count,
		.keep = { (MASK)((1u << low) - 1), (MASK)((1u << high) - 1) },
	};
}

/* packed [count, 2 WIDTH] = `count` rows of a panel of B, zeros after its last column. */
static void NAME(pack)(size_t count, const struct NAME(columns) * columns, const REAL *b, size_t ldb, REAL *packed)
{
	for (size_t p = 0; p < count; p++) {
		const REAL *row = b + p * ldb;
		V(store)(packed + p * 2 * WIDTH, V(maskz_loadu)(columns->keep[0], row));
		V(store)(packed + p * 2 * WIDTH + WIDTH, V(maskz_loadu)(columns->keep[1], row + WIDTH));
	}
}

/* The same from the transpose of B: b[j * ldb + p]. */
static void NAME(pack_transposed)(size_t count, const struct NAME(columns) * columns, const REAL *b, size_t ldb,
				  REAL *packed)
{
	for (size_t v = 0; v < 2; v++) {
		for (size_t p = 0; p < count; p += WIDTH) {
			size_t length = count - p < WIDTH ? count - p : WIDTH;
			MASK keep = (MASK)((1u << length) - 1);
			VEC row[WIDTH];
			UNROLL for (size_t i = 0; i < WIDTH; i++)
			{
				size_t j = v * WIDTH + i;
				row[i] = j < columns->count ? V(maskz_loadu)(keep, b + j * ldb + p) : V(setzero)();
			}
			NAME(transpose)(row);
			REAL *to = packed + p * 2 * WIDTH + v * WIDTH;
			UNROLL for (size_t i = 0; i < WIDTH; i++)
			{
				if (i < length) {
					V(store)(to + i * 2 * WIDTH, row[i]);
				}
			}
		}
	}
}

/* C[0..rows) (+)= A' B over k products, `vectors` (1 or 2) vectors of columns. A'[i, p] = a[i * row_step + p * step];
 * packed [k, 2 WIDTH]. */
static inline __attribute__((always_inline)) void NAME(tile)(size_t rows, size_t vectors, size_t k, const REAL *a,
							     size_t row_step, size_t step, const REAL *packed,
							     bool accumulate, REAL *c, size_t ldc, const MASK keep[2])
{
	VEC sum[TILE_ROWS][2];
	UNROLL for (size_t i = 0; i < rows; i++)
	{
		sum[i][0] = sum[i][1] = V(setzero)();
		__builtin_prefetch(c + i * ldc, 1);
		if (vectors == 2) {
			__builtin_prefetch(c + i * ldc + WIDTH, 1);
		}
	}
	for (size_t p = 0; p < k; p++) {
		VEC low = V(load)(packed + p * 2 * WIDTH), high = V(load)(packed + p * 2 * WIDTH + WIDTH);
		UNROLL for (size_t i = 0; i < rows; i++)
		{
			VEC number = V(set1)(a[i * row_step + p * step]);
			sum[i][0] = V(fmadd)(number, low, sum[i][0]);
			if (vectors == 2) {
				sum[i][1] = V(fmadd)(number, high, sum[i][1]);
			}
		}
	}
	UNROLL for (size_t i = 0; i < rows; i++)
	{
		UNROLL for (size_t v = 0; v < vectors; v++)
		{
			REAL *to = c + i * ldc + v * WIDTH;
			VEC before = accumulate ? V(maskz_loadu)(keep[v], to) : V(setzero)();
			V(mask_storeu)(to, keep[v], accumulate ? V(add)(before, sum[i][v]) : sum[i][v]);
		}
	}
}

/* Each number of rows has code of its own, so that sums stay in registers. */
static void NAME(tile_rows)(size_t rows, size_t k, const REAL *a, size_t row_step, size_t step, const REAL *packed,
			    bool accumulate, REAL *c, size_t ldc, const struct NAME(columns) * columns)
{
	const MASK keep[2] = { columns->keep[0], columns->keep[1] };
	bool narrow = columns->count <= WIDTH;
	switch (rows) {
#define CASE(r)                                                                                                        \
	case r:                                                                                                        \
		if (narrow) {                                                                                          \
			NAME(tile)(r, 1, k, a, row_step, step, packed, accumulate, c, ldc, keep);                      \
		} else {                                                                                               \
			NAME(tile)(r, 2, k, a, row_step, step, packed, accumulate, c, ldc, keep);                      \
		}                                                                                                      \
		break;
		CASE(1)
		CASE(2)
		CASE(3)
		CASE(4)
		CASE(5)
		CASE(6)
		CASE(7)
		CASE(8)
		CASE(9)
		CASE(10)
		CASE(11)
		CASE(12)
		CASE(13)
#undef CASE
	default:
		break;
	}
}

static void NAME(product)(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const REAL *a, size_t lda,
			  const REAL *b, size_t ldb, bool accumulate, REAL *c, size_t ldc)
{
	_Alignas(64) REAL packed[PART_MOST * 2 * WIDTH];
	size_t row_step = transpose_a ? 1 : lda, step = transpose_a ? lda : 1;
	size_t parts = (k - 1) / PART_MOST + 1, part = (k - 1) / parts + 1;
	size_t tiles = (m - 1) / TILE_ROWS + 1, tile = m / tiles, longer = m % tiles;
	for (size_t begin = 0; begin < k; begin += part) {
		size_t count = k - begin < part ? k - begin : part;
		for (size_t j = 0; j < n; j += 2 * WIDTH) {
			struct NAME(columns) columns = NAME(columns_of)(n - j);
			if (transpose_b) {
				NAME(pack_transposed)(count, &columns, b + j * ldb + begin, ldb, packed);
			} else {
				NAME(pack)(count, &columns, b + begin * ldb + j, ldb, packed);
			}
			/* The tiles are as even as can be: the first ones have a row more. */
			size_t i = 0;
			for (size_t t = 0; t < tiles; t++) {
				size_t rows = tile + (t < longer ? 1 : 0);
				NAME(tile_rows)
				(rows, count, a + i * row_step + begin * step, row_step, step, packed,
				 accumulate || begin > 0, c + i * ldc + j, ldc, &columns);
				i += rows;
			}
		}
	}
}

#undef REAL_IS_FLOAT
