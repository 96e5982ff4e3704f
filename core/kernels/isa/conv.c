/*
 * Convolutions of one instruction set (core/kernels/conv.h). Compiled once a set with -DISA=...; empty but for AVX-512.
 *
 * Images lie side by side: lane l of a register is image l, so that one register is one number of as many images, every
 * load is whole whatever the window's stride and the image's width, and a number of the weights is the same for all
 * lanes. Input is laid out so with its padding, once a call; results are laid back by blocks of WIDTH x WIDTH. Then
 *
 *   forward   Z[o, t]  = sum over p of W[o, p] X[place t + offset p]       tiles of outputs x places, p innermost
 *   to W      dW[o, p] = sum over t of D[o, t] X[place t + offset p]       tiles of outputs x p, t innermost
 *   to X      dX[place t + offset p] += sum over o of W[o, p] D[o, t]      tiles of p x places, o innermost
 *
 * with the sums of a tile in registers: fused multiply-adds in the order of the innermost index. Layout: Krizhevsky
 * 2012, cuda-convnet (images innermost). Tiles: as in product.c.
 */
#include "core/kernels/conv.h"

#include <stdint.h>
#include <string.h>

#include "core/kernels/conv_layout.h"
#include "core/kernels/isa/isa.h"

#if defined(__AVX512F__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
/* Apart from the loops around them tiles keep their sums in registers. */
#define NOINLINE static __attribute__((noinline))

/* Tiles: the most outputs and the places forward, outputs and numbers of a patch to W, numbers of a patch to X. */
enum { PLACES = 4, FORWARD_OUTPUTS = 6, WEIGHT_OUTPUTS = 4, WEIGHT_PATCH = 6, IMAGE_PATCH = 6 };

/* `count` in nearly even parts of at most `most`: where part i begins. */
static inline size_t part(size_t count, size_t most, size_t i)
{
	size_t parts = (count - 1) / most + 1;
	return i * count / parts;
}

static inline size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* offset [patch]: of the numbers that a place covers, from where it begins; place [places]: where each begins. In
 * numbers of one image, laid out with its padding. */
static void find_offsets(const struct conv *conv, const struct conv_layout *l, uint32_t *offset, uint32_t *place)
{
	for (size_t c = 0; c < l->channels; c++) {
		for (size_t u = 0; u < conv->kernel[0]; u++) {
			for (size_t v = 0; v < conv->kernel[1]; v++) {
				*offset++ = (uint32_t)(c * l->plane + u * conv->dilation[0] * l->wide +
						       v * conv->dilation[1]);
			}
		}
	}
	for (size_t i = 0; i < conv->out[0]; i++) {
		for (size_t j = 0; j < conv->out[1]; j++) {
			*place++ = (uint32_t)(i * conv->stride[0] * l->wide + j * conv->stride[1]);
		}
	}
}

#define REAL_IS_FLOAT 1
#include "core/kernels/isa/conv.inc.c"
#define REAL_IS_FLOAT 0
#include "core/kernels/isa/conv.inc.c"

const struct conv_kernels OF_ISA(conv_) = { conv_forward_f32, conv_forward_f64, conv_reverse_f32, conv_reverse_f64 };
#else
const struct conv_kernels OF_ISA(conv_) = { NULL, NULL, NULL, NULL };
#endif
