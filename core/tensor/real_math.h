/* M(f) and K(x) of core/tensor/element.h for the precision that core/base/real.h chose, and how the value of an
 * element-wise operation on a, b, c is computed. No include guard. */
#undef M
#undef K
#undef ELEMENT_VALUE
#define ELEMENT_VALUE(name, value) (value)
#ifdef REAL_IS_DUAL
#undef ELEMENT_VALUE
#define ELEMENT_VALUE(name, value) name##_of_duals(a, b, c)
#define M(function)                function##_dual
#define K(x)                       ((double)(x))
#elif REAL_IS_FLOAT
#define M(function) function##f
#define K(x)        ((float)(x))
#else
#define M(function) function
#define K(x)        ((double)(x))
#endif
