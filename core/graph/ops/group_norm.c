/* Group normalisation without scale and shift: the channels of a row in groups side by side, each to mean 0 and
 * variance 1 (Wu, He 2018, Group normalization, eq. 1 to 3; the variance with divisor n, eps inside the root). A
 * group's numbers lie together, so it is layer normalisation of a row for each group. */
#include "core/base/size.h"
#include "core/graph/ops/channel.h"
#include "core/graph/ops/ops.h"

enum { EPS, GROUPS };

static void run(const struct op_call *call, op_function *function)
{
	const size_t groups = (size_t)call->attribute[GROUPS], numbers = shape_size(&call->shape[0]) / groups;
	const struct shape row = { .rowed = true, .rank = 1, .extent = { numbers } };
	const struct shape shape[GRAPH_ARITY + 1] = { [0] = row, [GRAPH_ARITY] = row };
	struct op_call own = *call;
	own.shape = shape;
	own.rows = call->rows * groups;
	function(&own);
}

#define FUNCTION(way, dtype, DTYPE)                                                                                    \
	static void group_norm_##way##_##dtype(const struct op_call *call)                                             \
	{                                                                                                              \
		run(call, op_layer_norm.way[DTYPE]);                                                                   \
	}
FUNCTION(forward, f32, DTYPE_FLOAT32)
FUNCTION(forward, f64, DTYPE_FLOAT64)
FUNCTION(forward, dual, NUMBERS_DUAL)
FUNCTION(reverse, f32, DTYPE_FLOAT32)
FUNCTION(reverse, f64, DTYPE_FLOAT64)
FUNCTION(reverse, dual, NUMBERS_DUAL)
#undef FUNCTION

static enum status group_norm_shape(const struct shape *in, const double *attribute, struct shape *out,
				    struct error *error)
{
	char text[128];
	if (!channels_fit(&in[0])) {
		return error_set(error, E_INVALID, "group_norm takes rows of channels, not %s",
				 shape_text(&in[0], text));
	}
	if (!(attribute[GROUPS] >= 1) || in[0].extent[0] % (size_t)attribute[GROUPS] != 0) {
		return error_set(error, E_INVALID, "group_norm: %g groups do not divide the %zu channels of %s",
				 attribute[GROUPS], in[0].extent[0], shape_text(&in[0], text));
	}
	*out = in[0];
	return OK;
}

/* As layer_norm for each group. */
static bool group_norm_memory(const struct shape *shape, const double *attribute, struct op_memory *memory)
{
	return op_layer_norm.memory(shape, attribute, memory) &&
	       size_multiply(memory->kept_row, (size_t)attribute[GROUPS], &memory->kept_row);
}

const struct graph_op op_group_norm = {
	.name = "group_norm",
	.doc = "y = (x - mean) / sqrt(variance + eps), mean and variance over a group of a row's channels.",
	.kind = OP_ROWS,
	.arity = 1,
	.reverse_reads = READS_OUT,
	.by_rows = true,
	.memory = group_norm_memory,
	.shape_with = group_norm_shape,
	.forward = { group_norm_forward_f32, group_norm_forward_f64, group_norm_forward_dual },
	.reverse = { group_norm_reverse_f32, group_norm_reverse_f64, group_norm_reverse_dual },
};
