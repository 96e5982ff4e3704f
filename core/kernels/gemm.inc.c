#include "core/base/real.h"

void NAME(gemm)(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const REAL *a, size_t lda,
		const REAL *b, size_t ldb, bool accumulate, REAL *c, size_t ldc)
{
	assert(m <= INT_MAX && n <= INT_MAX && k <= INT_MAX && lda <= INT_MAX && ldb <= INT_MAX && ldc <= INT_MAX);
	gemm_init();
	BLAS_GEMM(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans,
		  (int)m, (int)n, (int)k, 1, a, (int)lda, b, (int)ldb, accumulate ? 1 : 0, c, (int)ldc);
}

#undef REAL_IS_FLOAT
