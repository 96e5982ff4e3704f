/*
 * One source, two precisions. No include guard: a worker is included twice.
 *
 *   #define REAL_IS_FLOAT 1
 *   #include "core/optim/adam.c"     -> REAL is float,  NAME(update) is update_f32
 *   #define REAL_IS_FLOAT 0
 *   #include "core/optim/adam.c"     -> REAL is double, NAME(update) is update_f64
 *
 * The worker includes this header first and ends with #undef REAL_IS_FLOAT.
 *
 * A third time with REAL_IS_DUAL defined, where a file can do with it: REAL is a number with its derivative along some
 * direction (core/base/dual.h), NAME(f) is f_dual. What compares numbers compares RE(x), their values; what adds up in
 * double adds up in WIDE, and calls WIDE_M(f) of it.
 */
#undef REAL
#undef REAL_C
#undef NAME
#undef REAL_SQRT
#undef REAL_FABS
#undef REAL_DTYPE
#undef WIDE
#undef WIDE_M
#undef RE
#ifdef REAL_IS_DUAL
#define REAL       double _Complex
#define WIDE       double _Complex
#define WIDE_M(f)  f##_dual
#define RE(x)      creal(x)
#define REAL_C(x)  x
#define NAME(name) name##_dual
#define REAL_SQRT  sqrt_dual
#define REAL_FABS  fabs_dual
#else
#define WIDE      double
#define WIDE_M(f) f
#define RE(x)     (x)
#if REAL_IS_FLOAT
#define REAL       float
#define REAL_C(x)  x##f
#define NAME(name) name##_f32
#define REAL_SQRT  sqrtf
#define REAL_FABS  fabsf
#define REAL_DTYPE DTYPE_FLOAT32
#else
#define REAL       double
#define REAL_C(x)  x
#define NAME(name) name##_f64
#define REAL_SQRT  sqrt
#define REAL_FABS  fabs
#define REAL_DTYPE DTYPE_FLOAT64
#endif
#endif
