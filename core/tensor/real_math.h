/* M(f) and K(x) of core/tensor/element.h for the precision that core/base/real.h chose. No include guard. */
#undef M
#undef K
#ifdef REAL_IS_DUAL
#define M(function) function##_dual
#define K(x)        ((double)(x))
#elif REAL_IS_FLOAT
#define M(function) function##f
#define K(x)        ((float)(x))
#else
#define M(function) function
#define K(x)        ((double)(x))
#endif
