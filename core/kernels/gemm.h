/*
 * Dense products: our own kernels, or OpenBLAS with one thread a call. Which one is chosen depends on the shapes and
 * the instruction set alone (core/kernels/gemm.c).
 *
 * Whoever may use an executor calls gemm_shared; whoever is a piece of one already calls gemm.
 */
#ifndef CORE_KERNELS_GEMM_H
#define CORE_KERNELS_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/exec.h"

/* C [m,n] = A' B' + (accumulate ? C : 0), A' = A [m,k] or the transpose of A [k,m], B' likewise; all row-major, leading
 * dimensions lda, ldb, ldc in elements. With k = 0 the product is 0. */
void gemm_f32(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
	      const float *b, size_t ldb, bool accumulate, float *c, size_t ldc);
void gemm_f64(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const double *a, size_t lda,
	      const double *b, size_t ldb, bool accumulate, double *c, size_t ldc);

/* The same product, cut in tiles of C that the executor's threads share where it is worth a hand-over. The cut depends
 * on m, n and k alone: the same bits for any executor. executor NULL: gemm, which may have other bits. */
void gemm_shared_f32(struct executor *executor, bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
		     const float *a, size_t lda, const float *b, size_t ldb, bool accumulate, float *c, size_t ldc);
void gemm_shared_f64(struct executor *executor, bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k,
		     const double *a, size_t lda, const double *b, size_t ldb, bool accumulate, double *c, size_t ldc);

/* Settings that the library reads from the environment when it is loaded: to be called before other threads run. */
void gemm_settings(void);

/* Loads OpenBLAS (30 MB of library: a few milliseconds), which the first product would otherwise do, and returns the
 * name of its kernel ("SkylakeX"; static), or NULL when it cannot be loaded: nothing may then be multiplied.
 * Thread-safe. */
const char *gemm_init(void);

#endif
