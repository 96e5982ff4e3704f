/*
 * Products of matrices of dual numbers, by real ones of their parts:
 *
 *   (A + i h S) (B + i h T) = A B + i h (A T + S B)
 *
 * The product of two tangents, which is below rounding, is not computed, nor that of a part without any (rows of data).
 * Matrices are taken apart in blocks that the stack has room for; C is made a block at a time.
 *
 * Invariant: what is cut depends on m, n and k alone.
 */
#include <string.h>

#include "core/kernels/dual.h"
#include "core/kernels/gemm.h"

/* A block of A is up to BLOCK x DEPTH, one of B DEPTH x BLOCK: 320 KB of stack. Products so small go by loops. */
enum { BLOCK = 64, DEPTH = 128, SMALL = 512 };

/* Values and tangents of a block; `moves`: a tangent is not 0. */
struct parts {
	bool moves;
	double value[BLOCK * DEPTH], tangent[BLOCK * DEPTH];
};

static void take_apart(size_t rows, size_t columns, const dual *from, size_t ld, struct parts *to)
{
	double *value = to->value, *tangent = to->tangent, moves = 0;
	for (size_t i = 0; i < rows; i++, from += ld, value += columns, tangent += columns) {
		for (size_t j = 0; j < columns; j++) {
			value[j] = creal(from[j]);
			tangent[j] = cimag(from[j]);
		}
		for (size_t j = 0; j < columns; j++) {
			moves = tangent[j] != 0 ? 1 : moves;
		}
	}
	to->moves = moves != 0;
}

/* C [m, n] (+)= A' B' of two blocks, their rows side by side. */
static void multiply(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const struct parts *a,
		     const struct parts *b, bool accumulate, dual *c, size_t ldc)
{
	const size_t lda = transpose_a ? m : k, ldb = transpose_b ? k : n;
	double value[BLOCK * BLOCK], tangent[BLOCK * BLOCK];
	gemm_f64(transpose_a, transpose_b, m, n, k, a->value, lda, b->value, ldb, false, value, n);
	if (b->moves) {
		gemm_f64(transpose_a, transpose_b, m, n, k, a->value, lda, b->tangent, ldb, false, tangent, n);
	}
	if (a->moves) {
		gemm_f64(transpose_a, transpose_b, m, n, k, a->tangent, lda, b->value, ldb, b->moves, tangent, n);
	}
	if (!a->moves && !b->moves) {
		memset(tangent, 0, m * n * sizeof *tangent);
	}
	for (size_t i = 0; i < m; i++, c += ldc) {
		for (size_t j = 0; j < n; j++) {
			const dual part = CMPLX(value[i * n + j], tangent[i * n + j]);
			c[j] = accumulate ? c[j] + part : part;
		}
	}
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void gemm_dual(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const dual *a, size_t lda,
	       const dual *b, size_t ldb, bool accumulate, dual *c, size_t ldc)
{
	struct parts of_a, of_b;
	if (k == 0 || (double)m * (double)n * (double)k <= SMALL) {
		gemm_loops_dual(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, accumulate, c, ldc);
		return;
	}
	for (size_t j = 0; j < n; j += BLOCK) {
		const size_t columns = least(n - j, BLOCK);
		for (size_t p = 0; p < k; p += DEPTH) {
			const size_t depth = least(k - p, DEPTH);
			const dual *right = transpose_b ? b + j * ldb + p : b + p * ldb + j;
			take_apart(transpose_b ? columns : depth, transpose_b ? depth : columns, right, ldb, &of_b);
			for (size_t i = 0; i < m; i += BLOCK) {
				const size_t rows = least(m - i, BLOCK);
				const dual *left = transpose_a ? a + p * lda + i : a + i * lda + p;
				take_apart(transpose_a ? depth : rows, transpose_a ? rows : depth, left, lda, &of_a);
				multiply(transpose_a, transpose_b, rows, columns, depth, &of_a, &of_b,
					 accumulate || p > 0, c + i * ldc + j, ldc);
			}
		}
	}
}

void gemm_loops_dual(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const dual *a, size_t lda,
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
