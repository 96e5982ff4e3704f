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

#ifndef ISA
#error "compiled by the rule for instruction sets, with -DISA=..."
#endif
#define PASTE(a, b)   a##b
#define JOIN(a, b)    PASTE(a, b)
#define PRODUCT_TABLE JOIN(product_, ISA)

#if defined(__AVX512F__)
#include <immintrin.h>

#define UNROLL _Pragma("GCC unroll 16")

enum {
	TILE_ROWS = 13,  /* 26 sums, two vectors of B and one number of A': 29 of 32 registers */
	PART_MOST = 256, /* of k: 32 KB of a panel */
};

typedef int32_t index_f32 __attribute__((vector_size(64)));
typedef int64_t index_f64 __attribute__((vector_size(64)));

#define REAL_IS_FLOAT 1
#define WIDTH         16
#define VEC           __m512
#define MASK          __mmask16
#define INDEX         index_f32
#define INDEX_LANE    int32_t
#define V(operation)  _mm512_##operation##_ps
#include "core/kernels/isa/product.inc.c"
#define REAL_IS_FLOAT 0
#define WIDTH         8
#define VEC           __m512d
#define MASK          __mmask8
#define INDEX         index_f64
#define INDEX_LANE    int64_t
#define V(operation)  _mm512_##operation##_pd
#include "core/kernels/isa/product.inc.c"

const struct product_kernels PRODUCT_TABLE = { product_f32, product_f64 };
#else
const struct product_kernels PRODUCT_TABLE = { NULL, NULL };
#endif
