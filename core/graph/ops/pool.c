/*
 * Pooling of images: the largest number or the mean of each window, channel by channel. Padding counts as minus
 * infinity for the largest, as zeros for the mean (in its divisor only with count_include_pad). Of equal numbers the
 * first in row-major order gets the gradient, as in torch; NaN is larger than anything.
 */
#include <math.h>
#include <string.h>

#include "core/base/dual.h"
#include "core/graph/ops/ops.h"
#include "core/graph/ops/window.h"

/* The rows of the image that a window at place `at` covers: [first, last), which may be empty. */
static void covered(const struct window *window, size_t axis, size_t at, size_t *first, size_t *last)
{
	size_t begin = at * window->stride[axis], end = begin + window->kernel[axis];
	size_t size = axis == 0 ? window->height : window->width, padding = window->padding[axis];
	*first = begin > padding ? begin - padding : 0;
	*last = end > padding ? end - padding : 0;
	*last = *last < size ? *last : size;
}

/* The divisor of a mean along one axis: numbers inside the padded image. */
static size_t divisor(const struct window *window, size_t axis, size_t at)
{
	size_t begin = at * window->stride[axis], end = begin + window->kernel[axis];
	size_t size = (axis == 0 ? window->height : window->width) + 2 * window->padding[axis];
	return (end < size ? end : size) - begin;
}

/* Attributes of avg_pool2d: a window has no dilation, so its place holds count_include_pad. */
enum { COUNT_INCLUDE_PAD = WINDOW_DILATION };

static struct window pool_window(const struct shape *image, const double *attribute)
{
	double own[GRAPH_ATTRIBUTES];
	memcpy(own, attribute, sizeof own);
	own[WINDOW_DILATION] = own[WINDOW_DILATION + 1] = 1;
	return window_of(image, own);
}

#define REAL_IS_FLOAT 1
#include "core/graph/ops/pool.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/pool.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/pool.inc.c"
#undef REAL_IS_DUAL

static enum status pool_shape(const char *name, const struct shape *in, const double *attribute, struct shape *out,
			      struct error *error)
{
	struct window window;
	double own[GRAPH_ATTRIBUTES];
	memcpy(own, attribute, sizeof own);
	own[WINDOW_DILATION] = own[WINDOW_DILATION + 1] = 1;
	enum status status = window_read(name, &in[0], own, &window, error);
	if (status != OK) {
		return status;
	}
	if (window.height > INT32_MAX / window.width) {
		return error_set(error, E_TOO_LARGE, "%s: images of %zu x %zu are too large to remember a place in",
				 name, window.height, window.width);
	}
	for (size_t i = 0; i < 2; i++) {
		if (2 * window.padding[i] > window.kernel[i]) {
			return error_set(error, E_INVALID, "%s: padding %zu is more than half of the window %zu", name,
					 window.padding[i], window.kernel[i]);
		}
	}
	*out = (struct shape){ .rowed = true, .rank = 3, .extent = { window.channels, window.out[0], window.out[1] } };
	return OK;
}

static enum status max_shape(const struct shape *in, const double *attribute, struct shape *out, struct error *error)
{
	return pool_shape("max_pool2d", in, attribute, out, error);
}

static enum status avg_shape(const struct shape *in, const double *attribute, struct shape *out, struct error *error)
{
	return pool_shape("avg_pool2d", in, attribute, out, error);
}

/* Where each largest number was, as an index into its row. */
static bool max_memory(const struct shape *shape, const double *attribute, struct op_memory *memory)
{
	(void)attribute;
	memory->kept_row = shape_size(&shape[GRAPH_ARITY]);
	return true;
}

const struct graph_op op_max_pool2d = {
	.name = "max_pool2d",
	.doc = "The largest number of each window of each channel; its gradient goes to the first that is so large.",
	.kind = OP_ROWS,
	.arity = 1,
	.by_rows = true,
	.memory = max_memory,
	.shape_with = max_shape,
	.forward = { max_pool2d_forward_f32, max_pool2d_forward_f64, max_pool2d_forward_dual },
	.reverse = { max_pool2d_reverse_f32, max_pool2d_reverse_f64, max_pool2d_reverse_dual },
};

const struct graph_op op_avg_pool2d = {
	.name = "avg_pool2d",
	.doc = "The mean of each window of each channel.",
	.kind = OP_ROWS,
	.arity = 1,
	.by_rows = true,
	.shape_with = avg_shape,
	.forward = { avg_pool2d_forward_f32, avg_pool2d_forward_f64, avg_pool2d_forward_dual },
	.reverse = { avg_pool2d_reverse_f32, avg_pool2d_reverse_f64, avg_pool2d_reverse_dual },
};
