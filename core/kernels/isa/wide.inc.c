/*
 * Registers of AVX-512 in one precision, for product.inc.c and conv.inc.c, which include this once for float and once
 * for double.
 *
 *   VEC       a register of WIDTH numbers
 *   MASK      which of its lanes
 *   INDEX     a number of a lane, INDEX_LANE, for each of them
 *   V(add)    _mm512_add_ps or _mm512_add_pd
 */
#include "core/base/real.h"

#undef WIDTH
#undef VEC
#undef MASK
#undef INDEX
#undef INDEX_LANE
#undef V
#if REAL_IS_FLOAT
#define WIDTH        16
#define VEC          __m512
#define MASK         __mmask16
#define INDEX_LANE   int32_t
#define V(operation) _mm512_##operation##_ps
#else
#define WIDTH        8
#define VEC          __m512d
#define MASK         __mmask8
#define INDEX_LANE   int64_t
#define V(operation) _mm512_##operation##_pd
#endif
#define INDEX NAME(lane_numbers)

typedef INDEX_LANE INDEX __attribute__((vector_size(64)));

/* Rows become columns: lane l of row[i] is lane i of what row[l] was. By halves: with
 * h = WIDTH / 2 the corners of h x h change places, with h / 2 those of each of them, and so on. */
static inline __attribute__((always_inline)) void NAME(transpose)(VEC row[WIDTH])
{
	UNROLL for (size_t h = WIDTH / 2; h > 0; h /= 2)
	{
		INDEX first = { 0 }, second = { 0 }; /* filled below; tsan's build cannot tell */
		UNROLL for (size_t l = 0; l < WIDTH; l++)
		{
			first[l] = (INDEX_LANE)(l & h ? WIDTH + l - h : l);
			second[l] = (INDEX_LANE)(l & h ? WIDTH + l : l + h);
		}
		UNROLL for (size_t i = 0; i < WIDTH; i++)
		{
			if ((i & h) == 0) {
				VEC a = row[i], b = row[i + h];
				row[i] = __builtin_shuffle(a, b, first);
				row[i + h] = __builtin_shuffle(a, b, second);
			}
		}
	}
}
