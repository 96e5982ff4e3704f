/*
 * Dense products: our own kernels where the instruction set has some (core/kernels/product.h), OpenBLAS with one thread
 * a call where it has none and for B transposed, and plain loops for tiny shapes.
 *
 * Tiny shapes: B' is copied to rows of whole 16-byte vectors, filled up with zeros; then four rows of C at a time are
 * held in registers while p = 0, 1, ... k-1 is added up in that order. So an element of C does not depend on where a
 * tile ends.
 */
#include "core/kernels/gemm.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "core/kernels/blas.h"
#include "core/kernels/dual.h"
#include "core/kernels/kernels.h"
#include "core/kernels/product.h"

/* Up to this many products, counted with n filled up to whole vectors, a call of OpenBLAS costs more than the work
 * (tests/bench/bench_kernels.c: about as much from 150 x 3 x 16 on). */
enum { TINY_PRODUCTS = 4096 };
/* Numbers in the copy of B', which is on the stack. */
enum { PACKED = 2048 };

void gemm_settings(void)
{
	blas_settings();
}

const char *gemm_init(void)
{
	const struct blas *blas = blas_get();
	return blas != NULL ? blas->core : NULL;
}

static const struct product_kernels *product_active(void)
{
	static const struct product_kernels *const sets[] = { &product_baseline, &product_avx2, &product_avx512 };
	return sets[kernels_isa_index()];
}

/* Shared products. A piece has at least this many multiplications (some 5 us), and at most so many pieces are made: few
 * enough for the hand-overs, enough for the threads of a desk. Each piece copies its columns of B', so it gets rows
 * that repay that; columns are cut where the copy's panels end. */
enum { PIECE_PRODUCTS = 1 << 19, PIECES_MOST = 32, PIECE_ROWS = 96, PANEL_BYTES = 128 };

/* Tiles of C: `down` times `across`. */
struct cut {
	size_t down, across;
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static struct cut choose_cut(size_t m, size_t panels, double products)
{
	size_t pieces =
		products < (double)PIECES_MOST * PIECE_PRODUCTS ? (size_t)(products / PIECE_PRODUCTS) : PIECES_MOST;
	if (pieces < 2) {
		return (struct cut){ 1, 1 };
	}
	size_t across = least(pieces, panels), down = least(pieces / across, m / PIECE_ROWS);
	return (struct cut){ down > 1 ? down : 1, across };
}

/* x rounded up to a multiple of `unit`; whether m x (n rounded up) x k is for our own loops. */
static size_t round_up(size_t x, size_t unit)
{
	return (x + unit - 1) / unit * unit;
}

static bool tiny(size_t m, size_t padded, size_t k)
{
	return m <= TINY_PRODUCTS && padded <= PACKED && k <= PACKED && k * padded <= PACKED &&
	       m * padded * k <= TINY_PRODUCTS;
}

#define REAL_IS_FLOAT 1
#define BLAS_GEMM     sgemm
#include "core/kernels/gemm.inc.c"
#undef BLAS_GEMM
#define REAL_IS_FLOAT 0
#define BLAS_GEMM     dgemm
#include "core/kernels/gemm.inc.c"
#undef BLAS_GEMM
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/kernels/gemm.inc.c"
