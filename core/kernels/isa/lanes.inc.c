/*
 * Vectors as wide as the instruction set's registers, and the fixed lanes that make all sets agree.
 *
 * A row or an array is cut in groups of LANES numbers (64 bytes): number i goes to lane i mod LANES. A group is PACK
 * vectors of VL lanes. Lanes are added by halves: l and l + LANES/2, then l and l + LANES/4, ... down to one; on a
 * narrow set the first halvings are additions of whole vectors, on a wide one shuffles: the same sums. Included by
 * all.inc.c.
 */
#define VL    (VECTOR_BYTES / (REAL_IS_FLOAT ? 4 : 8))
#define LANES (64 / (REAL_IS_FLOAT ? 4 : 8))
#define VEC   NAME(vec)

typedef REAL NAME(vec) __attribute__((vector_size(VECTOR_BYTES)));
typedef REAL NAME(unaligned) __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));
#if REAL_IS_FLOAT
typedef int32_t NAME(mask) __attribute__((vector_size(VECTOR_BYTES)));
#else
typedef int64_t NAME(mask) __attribute__((vector_size(VECTOR_BYTES)));
#endif

/* Parts of a vector, for what is narrower than one. */
typedef REAL NAME(quarter) __attribute__((vector_size(16)));
#if VECTOR_BYTES > 32
typedef REAL NAME(half) __attribute__((vector_size(32)));
#endif

static inline VEC NAME(load)(const REAL *x)
{
	return *(const NAME(unaligned) *)x;
}

static inline void NAME(store)(REAL *y, VEC v)
{
	*(NAME(unaligned) *)y = v;
}

#if VL == 16
#define INDICES(F, h)                                                                                                  \
	F(0, h), F(1, h), F(2, h), F(3, h), F(4, h), F(5, h), F(6, h), F(7, h), F(8, h), F(9, h), F(10, h), F(11, h),  \
		F(12, h), F(13, h), F(14, h), F(15, h)
#elif VL == 8
#define INDICES(F, h) F(0, h), F(1, h), F(2, h), F(3, h), F(4, h), F(5, h), F(6, h), F(7, h)
#elif VL == 4
#define INDICES(F, h) F(0, h), F(1, h), F(2, h), F(3, h)
#else
#define INDICES(F, h) F(0, h), F(1, h)
#endif

/* Lane i of fold_h(a, b), for a power of two h: where bit h of i is clear a[i] + a[i + h], where it is set b[i - h] +
 * b[i]. */
#define NEAR(i, h) ((i) & (h) ? VL + (i) : (i))
#define FAR(i, h)  ((i) & (h) ? VL + (i) - (h) : (i) + (h))
#define FOLD(h)                                                                                                        \
	static inline VEC NAME(fold_##h)(VEC a, VEC b)                                                                 \
	{                                                                                                              \
		return __builtin_shuffle(a, b, (NAME(mask)){ INDICES(NEAR, h) }) +                                     \
		       __builtin_shuffle(a, b, (NAME(mask)){ INDICES(FAR, h) });                                       \
	}
#if VL >= 16
FOLD(8)
#endif
#if VL >= 8
FOLD(4)
#endif
#if VL >= 4
FOLD(2)
#endif
FOLD(1)
#undef NEAR
#undef FAR
#undef FOLD

/* Lane i of the result is the sum of the lanes of row[i], for VL vectors, each the sum of its halves already where a
 * group is several vectors. Overwrites row. */
static inline VEC NAME(sum_rows)(VEC row[VL])
{
#if VL >= 16
	UNROLL for (size_t i = 0; i < 8; i++)
	{
		row[i] = NAME(fold_8)(row[i], row[i + 8]);
	}
#endif
#if VL >= 8
	UNROLL for (size_t i = 0; i < 4; i++)
	{
		row[i] = NAME(fold_4)(row[i], row[i + 4]);
	}
#endif
#if VL >= 4
	UNROLL for (size_t i = 0; i < 2; i++)
	{
		row[i] = NAME(fold_2)(row[i], row[i + 2]);
	}
#endif
	return NAME(fold_1)(row[0], row[1]);
}

/* One group's vectors added by halves to one vector. */
static inline VEC NAME(sum_pack)(const VEC group[PACK])
{
#if PACK == 4
	return (group[0] + group[2]) + (group[1] + group[3]);
#elif PACK == 2
	return group[0] + group[1];
#else
	return group[0];
#endif
}

/* Asks the processor to bring `count` numbers from x on into the cache. A hint: x may be any address. */
static inline __attribute__((always_inline)) void NAME(ask_for)(const REAL *x, size_t count)
{
	const char *at = (const char *)x;
	for (size_t byte = 0; byte < count * sizeof(REAL); byte += 64) {
		__builtin_prefetch(at + byte, 0, 3);
	}
}
