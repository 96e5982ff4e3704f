/*
 * Windows that slide over images [channels, height, width]: what convolution and pooling share. Private to
 * core/graph/ops.
 *
 * Constants of such an operation, in its node's attributes: stride, padding, dilation and kernel, each for height and
 * width in that order. out = floor((in + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
 */
#ifndef CORE_GRAPH_OPS_WINDOW_H
#define CORE_GRAPH_OPS_WINDOW_H

#include "core/graph/op.h"

enum window_attribute { WINDOW_STRIDE = 0, WINDOW_PADDING = 2, WINDOW_DILATION = 4, WINDOW_KERNEL = 6 };

struct window {
	size_t channels, height, width; /* of the image */
	size_t kernel[2], stride[2], padding[2], dilation[2];
	size_t out[2]; /* places of the window: height, width */
};

/* Reads the constants and the image's shape. E_INVALID with the shape in the sentence where there is no image, where a
 * stride or a kernel is 0, or where the window is larger than the padded image. `name` is the operation's. */
enum status window_read(const char *name, const struct shape *image, const double *attribute, struct window *window,
			struct error *error);
/* Of a convolution: E_INVALID where the padding is far beyond what is padded and what slides over it. Such zeros are of
 * no use, and a million of them keep a step from ending. */
enum status window_padding(const char *name, const struct window *window, struct error *error);
/* Of an operation whose constants window_read has accepted. */
struct window window_of(const struct shape *image, const double *attribute);

#endif
