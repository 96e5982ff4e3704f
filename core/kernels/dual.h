/*
 * Kernels on dual numbers (core/base/dual.h): plain loops, one table for all instruction sets, with what products with
 * the Hessian call. Shapes as in core/kernels/kernels.h and core/kernels/gemm.h.
 */
#ifndef CORE_KERNELS_DUAL_H
#define CORE_KERNELS_DUAL_H

#include "core/base/dual.h"
#include "core/exec.h"
#include "core/kernels/kernels.h"

/* Only members of dual numbers are set, and of them not those that give values: sums of losses, norms. */
extern const struct kernels kernels_dual;

/* As the products of core/kernels/gemm.h. */
void gemm_dual(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const dual *a, size_t lda,
	       const dual *b, size_t ldb, bool accumulate, dual *c, size_t ldc);
void gemm_shared_dual(struct executor *executor, bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
		      const dual *a, size_t lda, const dual *b, size_t ldb, bool accumulate, dual *c, size_t ldc);
/* The same by plain loops. */
void gemm_loops_dual(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const dual *a, size_t lda,
		     const dual *b, size_t ldb, bool accumulate, dual *c, size_t ldc);

#endif
