/*
 * Kernels: the loops that touch many numbers, as a table of functions, one table an instruction set.
 *
 * Every file in core/kernels/isa/ is compiled once an instruction set (baseline SSE2, AVX2, AVX-512);
 * kernels_active() is the table of the best one this processor has, or the one that was forced. No FMA contraction, and
 * reductions run over explicit fixed lanes added in a fixed order, so that all instruction sets give the same
 * bits for everything here (dense products through OpenBLAS, core/kernels/gemm.h, are another matter).
 * exp, log, log1p, tanh, sigmoid are our own polynomials, one text for body and tail: an element's result does
 * not depend on where in the array it stands. NaN and infinities behave as IEEE says.
 *
 * Shapes: X [rows, columns] row-major with row stride ld (in elements). Pointers of one call do not overlap unless
 * said. `sum` results are double in both precisions. "+=" outputs accumulate.
 */
#ifndef CORE_KERNELS_KERNELS_H
#define CORE_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Activations that are one loop each; X(name). What their constants a, b, c are: isa/activation.inc.c. */
/* clang-format off */
#define ACTIVATION_KERNELS(X) \
	X(leaky_relu) X(elu) X(gelu) X(gelu_tanh) X(silu) X(mish) X(softplus) X(log_sigmoid) \
	X(softsign) X(tanhshrink) X(hardtanh) X(hardsigmoid) X(hardswish) X(softshrink) X(hardshrink)
/* clang-format on */
#define ACTIVATION_INDEX(name) ACTIVATE_##name,
enum activation_kernel { ACTIVATION_KERNELS(ACTIVATION_INDEX) ACTIVATION_COUNT };
#undef ACTIVATION_INDEX

/* The members for one precision; R is float or double (W double), or both are dual numbers (core/kernels/dual.h, where
 * most are NULL). */
#define KERNEL_MEMBERS(R, W, S)                                                                                        \
	/* z[r] = bias + sum_c X[r,c] w[c]    (columns small enough for w to stay in L1: any number works) */          \
	void (*matvec_##S)(size_t rows, size_t columns, const R *x, size_t ld, const R *w, R bias, R *z);              \
	/* g[c] += sum_r d[r] X[r,c] */                                                                                \
	void (*matvec_t_##S)(size_t rows, size_t columns, const R *x, size_t ld, const R *d, R *g);                    \
	/* The same bits as matvec and matvec_t, and meanwhile they bring a first and a second half of the block       \
	 * `next` [rows, ld] into the first-level cache: a pass over memory whose blocks of 8 to 16 KB call both, with \
	 * the block that this thread takes next, never waits for memory. next: NULL, or any address (a hint). */      \
	void (*matvec_ahead_##S)(size_t rows, size_t columns, const R *x, size_t ld, const R *w, R bias, R *z,         \
				 const R *next);                                                                       \
	void (*matvec_t_ahead_##S)(size_t rows, size_t columns, const R *x, size_t ld, const R *d, R *g,               \
				   const R *next);                                                                     \
	/* out[r,:] = X[index[r],:] */                                                                                 \
	void (*gather_rows_##S)(size_t rows, size_t columns, const R *x, const uint32_t *index, R *out);               \
	/* The largest of each 2 x 2 numbers of images [height, width], and where in the image it is: Z, where         \
	 * [images, height / 2, width / 2]. Of equal numbers the first in row-major order, NaN before all */           \
	void (*max_quarters_##S)(size_t images, size_t height, size_t width, const R *x, R *z, int32_t *where);        \
	/* Z[r,c] += b[c] */                                                                                           \
	void (*add_row_##S)(size_t rows, size_t columns, R * z, const R *b);                                           \
	/* g[c] += sum_r D[r,c] */                                                                                     \
	void (*column_sums_##S)(size_t rows, size_t columns, const R *d, R *g);                                        \
	/* element-wise y = f(x); x and y may be the same array */                                                     \
	void (*relu_##S)(size_t n, const R *x, R *y);                                                                  \
	void (*tanh_##S)(size_t n, const R *x, R *y);                                                                  \
	void (*sigmoid_##S)(size_t n, const R *x, R *y);                                                               \
	void (*exp_##S)(size_t n, const R *x, R *y);                                                                   \
	void (*log_##S)(size_t n, const R *x, R *y);                                                                   \
	/* dx = dy f'(.) from y = f(x); dx may be dy. relu'(0) = 0 */                                                  \
	void (*relu_back_##S)(size_t n, const R *y, const R *dy, R *dx);                                               \
	void (*tanh_back_##S)(size_t n, const R *y, const R *dy, R *dx);                                               \
	void (*sigmoid_back_##S)(size_t n, const R *y, const R *dy, R *dx);                                            \
	/* y = f(x), and dx = dy f'(x); constant [3]; y and dy may be x and dx */                                      \
	void (*activate_##S[ACTIVATION_COUNT])(size_t n, const double *constant, const R *x, R *y);                    \
	void (*activate_back_##S[ACTIVATION_COUNT])(size_t n, const double *constant, const R *x, const R *dy, R *dx); \
	/* Losses: return sum over elements (rows) of the loss when want_sum, else 0; d (may be NULL) =                \
	 * scale * dloss/dz; d may be z. y: target. label: class index.                                                \
	 * bce: log(1 + exp(z)) - y z, stable for any z. */                                                            \
	W (*bce_logits_##S)(size_t n, const R *z, const R *y, R scale, R *d, bool want_sum);                           \
	W (*bce_logits_label_##S)(size_t n, const R *z, const int32_t *label, R scale, R *d, bool want_sum);           \
	/* The terms of bce, one by one: loss = log(1 + exp(z)) - y z (y NULL: 0) and slope = dloss / dz (NULL: not    \
	 * wanted); of margin loss = log(1 + exp(-a b)) and slope = dloss / da */                                      \
	void (*softplus_##S)(size_t n, const R *z, const R *y, R *loss, R *slope);                                     \
	void (*margin_##S)(size_t n, const R *a, const R *b, R *loss, R *slope);                                       \
	/* sum of (z - y)^2; d = scale * 2 (z - y) */                                                                  \
	W (*squared_error_##S)(size_t n, const R *z, const R *y, R scale, R *d, bool want_sum);                        \
	/* sum over rows of logsumexp(z) - z[label]; D = scale * (softmax(z) - onehot) */                              \
	W(*softmax_xent_##S)                                                                                           \
	(size_t rows, size_t classes, const R *z, const int32_t *label, R scale, R *d, bool want_sum);                 \
	/* vectors */                                                                                                  \
	W (*dot_##S)(size_t n, const R *x, const R *y);                                                                \
	W (*sum_squares_##S)(size_t n, const R *x);                                                                    \
	W (*sum_squared_difference_##S)(size_t n, const R *x, const R *y);                                             \
	W (*sum_abs_##S)(size_t n, const R *x);                                                                        \
	void (*add_##S)(size_t n, const R *x, R *y);       /* y += x */                                                \
	void (*axpy_##S)(size_t n, R a, const R *x, R *y); /* y += a x */                                              \
	/* out = a x + b y; out may be x or y */                                                                       \
	void (*combine_##S)(size_t n, R a, const R *x, R b, const R *y, R *out);                                       \
	void (*axpy_sign_##S)(size_t n, R a, const R *x, R *y); /* y += a sign(x), sign(0) = 0 */                      \
	void (*scale_##S)(size_t n, R a, R * x);                /* x *= a */                                           \
	void (*clamp_##S)(size_t n, R limit, R * x);            /* x = min(max(x, -limit), limit); NaN stays */        \
	bool (*all_finite_##S)(size_t n, const R *x);

struct kernels {
	const char *isa; /* "baseline", "avx2", "avx512" */
	KERNEL_MEMBERS(float, double, f32)
	KERNEL_MEMBERS(double, double, f64)
	KERNEL_MEMBERS(double _Complex, double _Complex, dual)
};

/* The table in use; found out at the first call unless kernels_select came before. Never NULL. */
const struct kernels *kernels_active(void);
/* Forces an instruction set by name (NULL: the best). False when the name is unknown or the processor lacks it. To be
 * called before any other thread runs. */
bool kernels_select(const char *isa);
/* Index of the active set in the order baseline, avx2, avx512: for other tables that are compiled once a set. */
size_t kernels_isa_index(void);

#endif
