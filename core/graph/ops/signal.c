/*
 * Convolution and pooling of signals [channels, length]: those of images [channels, 1, length], on the same memory.
 * Weights [out, in / groups, kernel] are those of a kernel of height 1. Constants are those of window.h; what they say
 * of heights is 1, and 0 for the padding.
 */
#include <string.h>

#include "core/graph/ops/ops.h"
#include "core/graph/ops/window.h"

/* A shape with a dimension of 1 at place `at`. */
static struct shape with_height(const struct shape *shape, size_t at)
{
	struct shape tall = *shape;
	memmove(tall.extent + at + 1, tall.extent + at, (shape->rank - at) * sizeof *tall.extent);
	tall.extent[at] = 1;
	tall.rank++;
	return tall;
}

/* The shapes of the operation on images. Of what has no signal and no weights of rank 3 they stay what they are. */
static void as_images(const struct shape *shape, struct shape out[GRAPH_ARITY + 1])
{
	for (size_t i = 0; i <= GRAPH_ARITY; i++) {
		const bool signal = shape[i].rowed && shape[i].rank == 2, weight = i == 1 && shape[i].rank == 3;
		out[i] = signal ? with_height(&shape[i], 1) : weight ? with_height(&shape[i], 2) : shape[i];
	}
}

static void run(const struct op_call *call, op_function *function)
{
	struct shape shape[GRAPH_ARITY + 1];
	struct op_call image = *call;
	as_images(call->shape, shape);
	image.shape = shape;
	function(&image);
}

/* The result of an operation on images without its height. `what` is its name; window: of the constants. */
static enum status signal_shape(const char *what, const struct shape *in, const struct window *window, size_t outputs,
				struct shape *out, struct error *error)
{
	char text[128];
	if (window->out[0] != 1 || window->out[1] == 0) {
		return error_set(error, E_INVALID,
				 "%s: a window of %zu (dilation %zu) does not fit into signals %s with padding %zu",
				 what, window->kernel[1], window->dilation[1], shape_text(in, text),
				 window->padding[1]);
	}
	*out = (struct shape){ .rowed = true, .rank = 2, .extent = { outputs, window->out[1] } };
	return OK;
}

static enum status not_signals(const char *what, const struct shape *in, struct error *error)
{
	char text[128];
	return error_set(error, E_INVALID,
			 "%s takes signals [channels, length], not %s: give a sequential model input_shape", what,
			 shape_text(in, text));
}

static bool is_signal(const struct shape *shape)
{
	return shape->rowed && shape->classes == 0 && shape->rank == 2;
}

static enum status conv1d_shape(const struct shape *in, const double *attribute, struct shape *out, struct error *error)
{
	char a[128], b[128];
	double own[GRAPH_ATTRIBUTES];
	if (!is_signal(&in[0])) {
		return not_signals("conv1d", &in[0], error);
	}
	if (in[1].rowed || in[1].rank != 3 || in[2].rowed || in[2].rank != 1 || in[2].extent[0] != in[1].extent[0] ||
	    in[0].extent[0] % in[1].extent[1] != 0 || in[1].extent[0] % (in[0].extent[0] / in[1].extent[1]) != 0) {
		return error_set(error, E_INVALID, "conv1d: signals %s and weights %s do not fit",
				 shape_text(&in[0], a), shape_text(&in[1], b));
	}
	memcpy(own, attribute, sizeof own);
	own[WINDOW_KERNEL] = 1;
	own[WINDOW_KERNEL + 1] = (double)in[1].extent[2];
	const struct shape image = with_height(&in[0], 1);
	const struct window window = window_of(&image, own);
	enum status status = signal_shape("conv1d", &in[0], &window, in[1].extent[0], out, error);
	return status == OK ? window_padding("conv1d", &window, error) : status;
}

static enum status pool_shape(const char *what, const struct graph_op *op, const struct shape *in,
			      const double *attribute, struct shape *out, struct error *error)
{
	double own[GRAPH_ATTRIBUTES];
	if (!is_signal(&in[0])) {
		return not_signals(what, &in[0], error);
	}
	memcpy(own, attribute, sizeof own);
	own[WINDOW_DILATION] = own[WINDOW_DILATION + 1] = 1;
	const struct shape image = with_height(&in[0], 1);
	const struct window window = window_of(&image, own);
	struct shape pooled;
	enum status status = signal_shape(what, &in[0], &window, in[0].extent[0], out, error);
	if (status == OK && 2 * window.padding[1] > window.kernel[1]) {
		return error_set(error, E_INVALID, "%s: padding %zu is more than half of the window %zu", what,
				 window.padding[1], window.kernel[1]);
	}
	return status == OK ? op->shape_with(&image, attribute, &pooled, error) : status;
}

static enum status max_pool1d_shape(const struct shape *in, const double *attribute, struct shape *out,
				    struct error *error)
{
	return pool_shape("max_pool1d", &op_max_pool2d, in, attribute, out, error);
}

static enum status avg_pool1d_shape(const struct shape *in, const double *attribute, struct shape *out,
				    struct error *error)
{
	return pool_shape("avg_pool1d", &op_avg_pool2d, in, attribute, out, error);
}

/* An operation by that on images. */
#define FUNCTION(name, image, way, dtype, DTYPE)                                                                       \
	static void name##_##way##_##dtype(const struct op_call *call)                                                 \
	{                                                                                                              \
		run(call, op_##image.way[DTYPE]);                                                                      \
	}
#define BY_IMAGES(name, image)                                                                                         \
	FUNCTION(name, image, forward, f32, DTYPE_FLOAT32)                                                             \
	FUNCTION(name, image, forward, f64, DTYPE_FLOAT64)                                                             \
	FUNCTION(name, image, forward, dual, NUMBERS_DUAL)                                                             \
	FUNCTION(name, image, reverse, f32, DTYPE_FLOAT32)                                                             \
	FUNCTION(name, image, reverse, f64, DTYPE_FLOAT64)                                                             \
	FUNCTION(name, image, reverse, dual, NUMBERS_DUAL)                                                             \
	static bool name##_memory(const struct shape *shape, const double *attribute, struct op_memory *memory)        \
	{                                                                                                              \
		struct shape own[GRAPH_ARITY + 1];                                                                     \
		as_images(shape, own);                                                                                 \
		return op_##image.memory == NULL || op_##image.memory(own, attribute, memory);                         \
	}
BY_IMAGES(conv1d, conv2d)
BY_IMAGES(max_pool1d, max_pool2d)
BY_IMAGES(avg_pool1d, avg_pool2d)
#undef BY_IMAGES
#undef FUNCTION

#define SIGNAL(name_, arity_, reads, shared, text)                                                                     \
	const struct graph_op op_##name_ = {                                                                           \
		.name = #name_,                                                                                        \
		.doc = text,                                                                                           \
		.kind = OP_ROWS,                                                                                       \
		.arity = arity_,                                                                                       \
		.reverse_reads = reads,                                                                                \
		.shared = true,                                                                                        \
		.memory = name_##_memory,                                                                              \
		.shape_with = name_##_shape,                                                                           \
		.forward = { name_##_forward_f32, name_##_forward_f64, name_##_forward_dual },                         \
		.reverse = { name_##_reverse_f32, name_##_reverse_f64, name_##_reverse_dual },                         \
	}

SIGNAL(conv1d, 3, READS_IN_0 | READS_IN_1, by_parts,
       "Z[o, i] = b[o] + sum over c, u of W[o, c, u] X[c, i s - p + u d], zeros outside.");
SIGNAL(max_pool1d, 1, 0, by_rows,
       "The largest number of each window of each channel; its gradient goes to the first so large.");
SIGNAL(avg_pool1d, 1, 0, by_rows, "The mean of each window of each channel.");
