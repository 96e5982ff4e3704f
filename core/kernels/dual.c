#include "core/kernels/dual.h"

static void matvec_ahead(size_t rows, size_t columns, const dual *x, size_t ld, const dual *w, dual bias, dual *z,
			 const dual *next)
{
	(void)next;
	for (size_t r = 0; r < rows; r++) {
		dual sum = bias;
		for (size_t c = 0; c < columns; c++) {
			sum += x[r * ld + c] * w[c];
		}
		z[r] = sum;
	}
}

static void matvec_t_ahead(size_t rows, size_t columns, const dual *x, size_t ld, const dual *d, dual *g,
			   const dual *next)
{
	(void)next;
	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < columns; c++) {
			g[c] += d[r] * x[r * ld + c];
		}
	}
}

static void add(size_t n, const dual *x, dual *y)
{
	for (size_t i = 0; i < n; i++) {
		y[i] += x[i];
	}
}

const struct kernels kernels_dual = {
	.isa = "dual",
	.matvec_ahead_dual = matvec_ahead,
	.matvec_t_ahead_dual = matvec_t_ahead,
	.add_dual = add,
};

void gemm_dual(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const dual *a, size_t lda,
	       const dual *b, size_t ldb, bool accumulate, dual *c, size_t ldc)
{
	for (size_t i = 0; i < m; i++) {
		dual *row = c + i * ldc;
		for (size_t j = 0; j < n; j++) {
			row[j] = accumulate ? row[j] : 0;
		}
		for (size_t p = 0; p < k; p++) {
			const dual factor = transpose_a ? a[p * lda + i] : a[i * lda + p];
			const dual *from = transpose_b ? b + p : b + p * ldb;
			const size_t step = transpose_b ? ldb : 1;
			for (size_t j = 0; j < n; j++) {
				row[j] += factor * from[j * step];
			}
		}
	}
}
