#include "core/base/real.h"

#ifndef REAL_IS_DUAL
#define VEC NAME(vec)
typedef REAL VEC __attribute__((vector_size(16)));

enum { NAME(WIDTH) = sizeof(VEC) / sizeof(REAL) };

/* packed[p, :] = B'[p, :], zeros after the n-th column. */
static void NAME(pack)(bool transpose_b, size_t n, size_t k, const REAL *b, size_t ldb, REAL *packed)
{
	size_t row_step = transpose_b ? 1 : ldb, step = transpose_b ? ldb : 1;
	for (size_t p = 0; p < k; p++) {
		const REAL *row = b + p * row_step;
		for (size_t j = 0; j < n; j += NAME(WIDTH)) {
			for (size_t i = 0; i < NAME(WIDTH); i++) { /* a fixed number of times, so that it unrolls */
				*packed++ = j + i < n ? row[(j + i) * step] : 0;
			}
		}
	}
}

/* C[i.., j..] for up to 4 rows and one vector of columns; A'[i, p] = a[i * row_step + p * step]. Writes `rows` x
 * `columns`. */
static inline void NAME(tile)(size_t rows, size_t columns, size_t k, const REAL *a, size_t row_step, size_t step,
			      const VEC *packed, size_t vectors, bool accumulate, REAL *c, size_t ldc)
{
	/* Rows that are not there: the last one again. */
	const REAL *a1 = a + (rows > 1 ? row_step : 0);
	const REAL *a2 = a1 + (rows > 2 ? row_step : 0);
	const REAL *a3 = a2 + (rows > 3 ? row_step : 0);
	VEC sum0 = { 0 }, sum1 = { 0 }, sum2 = { 0 }, sum3 = { 0 };
	for (size_t p = 0; p < k; p++) {
		VEC row = packed[p * vectors];
		sum0 += a[p * step] * row;
		sum1 += a1[p * step] * row;
		sum2 += a2[p * step] * row;
		sum3 += a3[p * step] * row;
	}
	const VEC sum[4] = { sum0, sum1, sum2, sum3 };
	REAL flat[4 * sizeof(VEC) / sizeof(REAL)];
	memcpy(flat, sum, sizeof flat);
	for (size_t i = 0; i < rows; i++) {
		const REAL *from = flat + i * NAME(WIDTH);
		REAL *to = c + i * ldc;
		for (size_t j = 0; j < NAME(WIDTH); j++) { /* a fixed number of times, so that it unrolls */
			if (j < columns) {
				to[j] = accumulate ? to[j] + from[j] : from[j];
			}
		}
	}
}

static void NAME(gemm_tiny)(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const REAL *a, size_t lda,
			    const REAL *b, size_t ldb, bool accumulate, REAL *c, size_t ldc)
{
	VEC packed[PACKED / NAME(WIDTH)];
	const size_t width = NAME(WIDTH);
	size_t padded = round_up(n, width);
	size_t row_step = transpose_a ? 1 : lda, step = transpose_a ? lda : 1;
	NAME(pack)(transpose_b, n, k, b, ldb, (REAL *)packed);
	for (size_t i = 0; i < m; i += 4) {
		size_t rows = m - i < 4 ? m - i : 4;
		for (size_t j = 0; j < n; j += width) {
			size_t columns = n - j < width ? n - j : width;
			NAME(tile)
			(rows, columns, k, a + i * row_step, row_step, step, packed + j / width, padded / width,
			 accumulate, c + i * ldc + j, ldc);
		}
	}
}

void NAME(gemm)(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const REAL *a, size_t lda,
		const REAL *b, size_t ldb, bool accumulate, REAL *c, size_t ldc)
{
	if (m == 0 || n == 0) {
		return;
	}
	if (tiny(m, round_up(n, NAME(WIDTH)), k)) {
		NAME(gemm_tiny)(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, accumulate, c, ldc);
		return;
	}
	const struct product_kernels *product = product_active();
	if (product->NAME(gemm) != NULL && k > 0) {
		product->NAME(gemm)(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, accumulate, c, ldc);
		return;
	}
	assert(m <= INT_MAX && n <= INT_MAX && k <= INT_MAX && lda <= INT_MAX && ldb <= INT_MAX && ldc <= INT_MAX);
	const struct blas *blas = blas_get();
	assert(blas != NULL);
	blas->BLAS_GEMM(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans,
			(int)m, (int)n, (int)k, 1, a, (int)lda, b, (int)ldb, accumulate ? 1 : 0, c, (int)ldc);
}

#undef VEC
#endif

struct NAME(shared) {
	bool transpose_a, transpose_b, accumulate;
	size_t m, n, k, lda, ldb, ldc, panel;
	const REAL *a, *b;
	REAL *c;
	struct cut cut;
};

/* A piece: one tile of C, those of the same rows one after the other. */
static void NAME(shared_piece)(void *context, size_t index, size_t slot)
{
	const struct NAME(shared) *s = context;
	size_t panels = (s->n - 1) / s->panel + 1, i = index / s->cut.across, j = index % s->cut.across;
	size_t top = i * s->m / s->cut.down, bottom = (i + 1) * s->m / s->cut.down;
	size_t left = j * panels / s->cut.across * s->panel;
	size_t right = least((j + 1) * panels / s->cut.across * s->panel, s->n);
	(void)slot;
	NAME(gemm)
	(s->transpose_a, s->transpose_b, bottom - top, right - left, s->k, s->a + top * (s->transpose_a ? 1 : s->lda),
	 s->lda, s->b + left * (s->transpose_b ? s->ldb : 1), s->ldb, s->accumulate, s->c + top * s->ldc + left,
	 s->ldc);
}

void NAME(gemm_shared)(struct executor *executor, bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
		       const REAL *a, size_t lda, const REAL *b, size_t ldb, bool accumulate, REAL *c, size_t ldc)
{
	struct NAME(shared) shared = {
		.transpose_a = transpose_a,
		.transpose_b = transpose_b,
		.accumulate = accumulate,
		.m = m,
		.n = n,
		.k = k,
		.lda = lda,
		.ldb = ldb,
		.ldc = ldc,
		.panel = PANEL_BYTES / sizeof(REAL),
		.a = a,
		.b = b,
		.c = c,
		.cut = { 1, 1 },
	};
	if (executor != NULL && m > 0 && n > 0) {
		shared.cut = choose_cut(m, (n - 1) / shared.panel + 1, (double)m * (double)n * (double)k);
	}
	size_t pieces = shared.cut.down * shared.cut.across;
	if (pieces == 1) {
		NAME(gemm)(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, accumulate, c, ldc);
	} else {
		executor->run(executor, pieces, NAME(shared_piece), &shared);
	}
}

#undef REAL_IS_FLOAT
