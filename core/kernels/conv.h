/*
 * Convolutions of small images, one table an instruction set: where the set has one, the images of a batch lie side by
 * side in the lanes of its registers (core/kernels/isa/conv.c), else nothing, and whoever asks multiplies by patches
 * (core/graph/ops/conv2d.c).
 *
 * Invariants
 *  1. An image's results and its gradient depend on that image and the weights alone, not on its place in the batch.
 *     Gradients of weights depend on the images in their order and on `rows`.
 *  2. Nothing is read or written beyond the arrays' ends; nothing is allocated.
 */
#ifndef CORE_KERNELS_CONV_H
#define CORE_KERNELS_CONV_H

#include <stdbool.h>
#include <stddef.h>

/* X [rows, channels, height, width], W [outputs, channels / groups, kernel], b [outputs], Z [rows, outputs, out];
 * two numbers are those of height and width. out >= 1 are the places of the window. */
struct conv {
	size_t channels, height, width, outputs, groups;
	size_t kernel[2], stride[2], padding[2], dilation[2], out[2];
};

/* Numbers of the given precision that a call scribbles on (cache line aligned), forward or reverse; 0: the images or
 * the weights are too large to lie side by side (or the set has no kernel): the call must not be made. It depends on
 * the shapes and the instruction set alone. */
size_t conv_scratch(const struct conv *conv);

struct conv_kernels {
	/* Z = W * X + b. */
	void (*forward_f32)(const struct conv *conv, size_t rows, const float *x, const float *w, const float *b,
			    float *z, float *scratch);
	void (*forward_f64)(const struct conv *conv, size_t rows, const double *x, const double *w, const double *b,
			    double *z, double *scratch);
	/* From d = dL/dZ: dx, dw, db (NULL: not wanted), added where `accumulate` of the same index says so. */
	void (*reverse_f32)(const struct conv *conv, size_t rows, const float *x, const float *w, const float *d,
			    float *dx, float *dw, float *db, const bool accumulate[3], float *scratch);
	void (*reverse_f64)(const struct conv *conv, size_t rows, const double *x, const double *w, const double *d,
			    double *dx, double *dw, double *db, const bool accumulate[3], double *scratch);
};

/* In the order of kernels_isa_index. */
extern const struct conv_kernels conv_baseline, conv_avx2, conv_avx512;
/* Of the active set. */
const struct conv_kernels *conv_active(void);

#endif
