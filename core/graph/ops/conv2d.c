/*
 * Convolution of images, as networks mean it: cross-correlation with zero padding. Small images lie side by side where
 * the instruction set has kernels for it (core/kernels/conv.h); otherwise row by row as one product of the
 * weights with the image's patches (Chellapilla, Puri, Simard 2006, High performance convolutional neural networks for
 * document processing), and dual numbers always. Patches are laid out anew in both directions: keeping them would cost
 * kernel times the image.
 */
#include <string.h>

#include "core/base/size.h"
#include "core/graph/ops/ops.h"
#include "core/graph/ops/window.h"
#include "core/kernels/conv.h"
#include "core/kernels/dual.h"
#include "core/kernels/gemm.h"

/* The kernel's size stands in the weights' shape [out, in / groups, height, width]. */
static void read_kernel(const struct shape *weight, const double *attribute, double *own)
{
	memcpy(own, attribute, GRAPH_ATTRIBUTES * sizeof *own);
	own[WINDOW_KERNEL] = (double)weight->extent[2];
	own[WINDOW_KERNEL + 1] = (double)weight->extent[3];
}

static struct window window_with(const struct shape *in, const double *attribute)
{
	double own[GRAPH_ATTRIBUTES];
	read_kernel(&in[1], attribute, own);
	return window_of(&in[0], own);
}

/* The same as kernels take it. */
static struct conv conv_of(const struct window *window, const struct shape *weight)
{
	struct conv conv = {
		.channels = window->channels,
		.height = window->height,
		.width = window->width,
		.outputs = weight->extent[0],
		.groups = window->channels / weight->extent[1],
	};
	memcpy(conv.kernel, window->kernel, sizeof conv.kernel);
	memcpy(conv.stride, window->stride, sizeof conv.stride);
	memcpy(conv.padding, window->padding, sizeof conv.padding);
	memcpy(conv.dilation, window->dilation, sizeof conv.dilation);
	memcpy(conv.out, window->out, sizeof conv.out);
	return conv;
}

/* Whether patches are the image itself. */
static bool is_plain(const struct window *window)
{
	return window->kernel[0] == 1 && window->kernel[1] == 1 && window->stride[0] == 1 && window->stride[1] == 1 &&
	       window->padding[0] == 0 && window->padding[1] == 0;
}

/* The places of one row of the window's path that lie inside: out positions [first, last) with
 * 0 <= position * stride + offset - padding < size. */
static void inside(size_t size, size_t stride, size_t offset, size_t padding, size_t out, size_t *first, size_t *last)
{
	size_t begin = offset >= padding ? 0 : (padding - offset + stride - 1) / stride;
	size_t end = size + padding <= offset ? 0 : (size + padding - offset - 1) / stride + 1;
	*last = end < out ? end : out;
	*first = begin < *last ? begin : *last;
}

#define REAL_IS_FLOAT 1
#include "core/graph/ops/conv2d.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/conv2d.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/conv2d.inc.c"
#undef REAL_IS_DUAL

static enum status conv2d_shape(const struct shape *in, const double *attribute, struct shape *out, struct error *error)
{
	char a[128], b[128];
	double own[GRAPH_ATTRIBUTES];
	struct window window;
	if (in[1].rowed || in[1].rank != 4 || in[2].rowed || in[2].rank != 1 || in[2].extent[0] != in[1].extent[0]) {
		return error_set(error, E_INVALID, "conv2d: weights %s and bias %s do not fit", shape_text(&in[1], a),
				 shape_text(&in[2], b));
	}
	read_kernel(&in[1], attribute, own);
	enum status status = window_read("conv2d", &in[0], own, &window, error);
	status = status == OK ? window_padding("conv2d", &window, error) : status;
	if (status != OK) {
		return status;
	}
	if (window.channels % in[1].extent[1] != 0 || in[1].extent[0] % (window.channels / in[1].extent[1]) != 0) {
		return error_set(error, E_INVALID, "conv2d: images %s and weights %s do not fit", shape_text(&in[0], a),
				 shape_text(&in[1], b));
	}
	*out = (struct shape){ .rowed = true, .rank = 3, .extent = { in[1].extent[0], window.out[0], window.out[1] } };
	return OK;
}

static bool conv2d_memory(const struct shape *shape, const double *attribute, struct op_memory *memory)
{
	struct window window = window_with(shape, attribute);
	const struct conv conv = conv_of(&window, &shape[1]);
	const size_t *weight = shape[1].extent;
	size_t patch, places;
	memory->scratch = memory->in_duals ? 0 : conv_scratch(&conv);
	return memory->scratch != 0 || (size_multiply(window.out[0], window.out[1], &places) &&
					size_multiply(weight[1] * weight[2], weight[3], &patch) &&
					size_multiply(patch, places, &memory->scratch));
}

const struct graph_op op_conv2d = {
	.name = "conv2d",
	.doc = "Z[o, i, j] = b[o] + sum over c, u, v of W[o, c, u, v] X[c, i s - p + u d, j s - p + v d], zeros "
	       "outside.",
	.kind = OP_ROWS,
	.arity = 3,
	.reverse_reads = READS_IN_0 | READS_IN_1,
	.by_parts = true,
	.memory = conv2d_memory,
	.shape_with = conv2d_shape,
	.forward = { conv2d_forward_f32, conv2d_forward_f64, conv2d_forward_dual },
	.reverse = { conv2d_reverse_f32, conv2d_reverse_f64, conv2d_reverse_dual },
};
