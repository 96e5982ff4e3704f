/*
 * Dense products of our own, one table an instruction set: C = A' B' (+ C) where the set has fused multiply-add over
 * 64-byte registers, else nothing (core/kernels/gemm.h then asks OpenBLAS).
 *
 * Invariants
 *  1. An element of C depends on its row of A', its column of B' and k alone, not on m, n or where a tile ends: it is a
 *     chain of fused multiply-adds over p = 0, 1, ... within each part of k, the parts added in order.
 *  2. Nothing is read or written beyond the arrays' ends.
 */
#ifndef CORE_KERNELS_PRODUCT_H
#define CORE_KERNELS_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

struct product_kernels {
	/* C [m,n] = A' B' + (accumulate ? C : 0); A' = A [m,k], or the transpose of A [k,m]; B' = B [k,n] likewise;
	 * m, n, k >= 1. NULL: this set has none. */
	void (*gemm_f32)(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
			 const float *b, size_t ldb, bool accumulate, float *c, size_t ldc);
	void (*gemm_f64)(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const double *a, size_t lda,
			 const double *b, size_t ldb, bool accumulate, double *c, size_t ldc);
};

/* In the order of kernels_isa_index. */
extern const struct product_kernels product_baseline, product_avx2, product_avx512;

#endif
