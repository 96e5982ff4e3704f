/*
 * Transposed convolution: the linear map whose transpose conv2d is, with the same weights [in, out / groups, height,
 * width] (Zeiler, Krishnan, Taylor, Fergus 2010, Deconvolutional networks). So it goes forward by the gradient of
 * conv2d, and backward by conv2d itself: conv2d takes the larger images Z to the smaller X here.
 *
 * Constants are those of window.h; in the place of the kernel, which stands in the weights' shape, they hold the
 * output padding: rows and columns below and right of Z that no window of conv2d would need.
 * out = (in - 1) stride - 2 padding + dilation (kernel - 1) + output padding + 1.
 */
#include <string.h>

#include "core/base/size.h"
#include "core/graph/ops/ops.h"
#include "core/graph/ops/window.h"

enum { OUTPUT_PADDING = WINDOW_KERNEL };

/* The shapes of conv2d: images Z, weights, a bias for each channel of X, X. */
static void turned(const struct shape *shape, struct shape out[GRAPH_ARITY + 1])
{
	memset(out, 0, (GRAPH_ARITY + 1) * sizeof *out);
	out[0] = shape[GRAPH_ARITY];
	out[1] = shape[1];
	out[2] = (struct shape){ .rank = 1, .extent = { shape[0].extent[0] } };
	out[GRAPH_ARITY] = shape[0];
}

static bool conv_transpose2d_memory(const struct shape *shape, const double *attribute, struct op_memory *memory)
{
	struct shape own[GRAPH_ARITY + 1];
	turned(shape, own);
	return op_conv2d.memory(own, attribute, memory) &&
	       size_add(memory->scratch, shape[0].extent[0], &memory->scratch) &&
	       size_add(memory->scratch, shape_size(&shape[0]), &memory->scratch);
}

#define REAL_IS_FLOAT 1
#include "core/graph/ops/conv_transpose2d.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/conv_transpose2d.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/conv_transpose2d.inc.c"
#undef REAL_IS_DUAL

static enum status check(const struct shape *in, struct error *error)
{
	char a[128], b[128];
	if (!in[0].rowed || in[0].classes != 0 || in[0].rank != 3) {
		return error_set(error, E_INVALID,
				 "conv_transpose2d takes rows of images [channels, height, width], not %s",
				 shape_text(&in[0], a));
	}
	if (in[1].rowed || in[1].rank != 4 || in[1].extent[0] != in[0].extent[0] || in[2].rowed || in[2].rank != 1 ||
	    in[2].extent[0] % in[1].extent[1] != 0 || in[0].extent[0] % (in[2].extent[0] / in[1].extent[1]) != 0) {
		return error_set(error, E_INVALID, "conv_transpose2d: images %s and weights %s do not fit",
				 shape_text(&in[0], a), shape_text(&in[1], b));
	}
	return OK;
}

static enum status conv_transpose2d_shape(const struct shape *in, const double *attribute, struct shape *out,
					  struct error *error)
{
	char text[128];
	enum status status = check(in, error);
	*out = (struct shape){ .rowed = true, .rank = 3, .extent = { in[2].extent[0] } };
	for (size_t i = 0; i < 2 && status == OK; i++) {
		size_t stride = (size_t)attribute[WINDOW_STRIDE + i], padding = (size_t)attribute[WINDOW_PADDING + i];
		size_t dilation = (size_t)attribute[WINDOW_DILATION + i];
		size_t more = (size_t)attribute[OUTPUT_PADDING + i];
		size_t size, span = dilation * (in[1].extent[2 + i] - 1) + more + 1;
		if (stride == 0 || dilation == 0 || more >= stride) {
			return error_set(error, E_INVALID,
					 "conv_transpose2d: an output_padding of %zu is not below the stride, %zu",
					 more, stride);
		}
		if (!size_multiply(in[0].extent[1 + i] - 1, stride, &size) || !size_add(size, span, &size)) {
			return error_set(error, E_TOO_LARGE, "conv_transpose2d: the result is too large");
		}
		if (size <= 2 * padding) {
			return error_set(
				error, E_INVALID,
				"conv_transpose2d: of images %s a padding of %zu leaves nothing: the result has "
				"%zu numbers along that side before it",
				shape_text(&in[0], text), padding, size);
		}
		out->extent[1 + i] = size - 2 * padding;
	}
	return status;
}

const struct graph_op op_conv_transpose2d = {
	.name = "conv_transpose2d",
	.doc = "Z[o, i s - p + u d, j s - p + v d] += W[c, o, u, v] X[c, i, j] for all c, i, j, u, v, from b[o] on.",
	.kind = OP_ROWS,
	.arity = 3,
	.reverse_reads = READS_IN_0 | READS_IN_1,
	.by_parts = true,
	.memory = conv_transpose2d_memory,
	.shape_with = conv_transpose2d_shape,
	.forward = { conv_transpose2d_forward_f32, conv_transpose2d_forward_f64, conv_transpose2d_forward_dual },
	.reverse = { conv_transpose2d_reverse_f32, conv_transpose2d_reverse_f64, conv_transpose2d_reverse_dual },
};
