/*
 * Dense products of one instruction set (core/kernels/product.h). Compiled once a set with -DISA=...; empty but for
 * AVX-512.
 *
 * The shape of the loops: k is cut in parts, B in panels of two vectors of columns; a panel's part is copied to where
 * it lies close together and stays in the first-level cache; over it go tiles of up to 13 rows of A', whose 26 vectors
 * of sums stay in registers. A' is read where it lies, a number at a time. Source: Goto and van de Geijn 2008, Anatomy
 * of high-performance matrix multiplication, section 4, without their copy of A, which rows as few as a batch's do not
 * repay.
 */
#include "core/kernels/product.h"

#include "core/kernels/isa/isa.h"

#if defined(__AVX512F__)
#include <immintrin.h>

enum {
	TILE_ROWS = 13,  /* 26 sums, two vectors of B and one number of A': 29 of 32 registers */
	PART_MOST = 256, /* of k: 32 KB of a panel */
};

#define REAL_IS_FLOAT 1
#include "core/kernels/isa/product.inc.c"
#define REAL_IS_FLOAT 0
#include "core/kernels/isa/product.inc.c"

const struct product_kernels OF_ISA(product_) = { product_f32, product_f64 };
#else
const struct product_kernels OF_ISA(product_) = { NULL, NULL };
#endif
