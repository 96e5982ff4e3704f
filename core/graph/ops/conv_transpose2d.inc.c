/* Worker of conv_transpose2d.c: in[0] = X [rows, c, h, w], in[1] = W [c, o / groups, kh, kw], in[2] = b [o], out = Z
 * [rows, o, oh, ow]; scratch = that of conv2d, its bias of zeros [c], one image of X. */
#include "core/base/real.h"

#undef REAL_NUMBERS
#ifdef REAL_IS_DUAL
#define REAL_NUMBERS NUMBERS_DUAL
#else
#define REAL_NUMBERS REAL_DTYPE
#endif

/* A call of conv2d on `rows` rows, with the memory of this one; shape [GRAPH_ARITY + 1] lasts as long. */
static struct op_call NAME(as_conv2d)(const struct op_call *call, struct shape *shape)
{
	turned(call->shape, shape);
	return (struct op_call){ .kernels = call->kernels,
				 .shape = shape,
				 .attribute = call->attribute,
				 .rows = call->rows,
				 .executor = call->executor,
				 .training = call->training,
				 .kept = call->kept,
				 .scratch = call->scratch };
}

/* Where the scratch of conv2d ends. */
static REAL *NAME(behind)(const struct op_call *call, const struct shape *shape)
{
	struct op_memory memory = { .in_duals = (int)REAL_NUMBERS == (int)NUMBERS_DUAL };
	op_conv2d.memory(shape, call->attribute, &memory);
	return (REAL *)call->scratch + memory.scratch;
}

static void NAME(conv_transpose2d_forward)(const struct op_call *call)
{
	struct shape shape[GRAPH_ARITY + 1];
	struct op_call conv = NAME(as_conv2d)(call, shape);
	const REAL *b = call->in[2];
	REAL *z = call->out;
	conv.in[1] = call->in[1];
	conv.d_out = (void *)(uintptr_t)call->in[0]; /* conv2d only reads it */
	conv.d_in[0] = call->out;
	op_conv2d.reverse[REAL_NUMBERS](&conv);
	const struct shape *out = &call->shape[GRAPH_ARITY];
	size_t area = out->extent[1] * out->extent[2];
	for (size_t r = 0; r < call->rows; r++) {
		for (size_t o = 0; o < out->extent[0]; o++) {
			for (size_t i = 0; i < area; i++) {
				*z++ += b[o];
			}
		}
	}
}

/* dX (+)= the convolution of D, image by image where it is added. */
static void NAME(image_gradient)(const struct op_call *call, struct op_call conv, REAL *room)
{
	size_t inputs = call->shape[0].extent[0], image = shape_size(&call->shape[0]);
	size_t result = shape_size(&call->shape[GRAPH_ARITY]);
	REAL *zeros = room, *part = room + inputs, *dx = call->d_in[0];
	memset(zeros, 0, inputs * sizeof *zeros);
	conv.in[0] = call->d_out;
	conv.in[1] = call->in[1];
	conv.in[2] = zeros;
	conv.out = dx;
	if (!call->accumulate[0]) {
		op_conv2d.forward[REAL_NUMBERS](&conv);
		return;
	}
	conv.rows = 1;
	conv.out = part;
	for (size_t r = 0; r < call->rows; r++, dx += image) {
		conv.in[0] = (const REAL *)call->d_out + r * result;
		op_conv2d.forward[REAL_NUMBERS](&conv);
		call->kernels->NAME(add)(image, part, dx);
	}
}

/* db (+)= sum over rows and places of D, row after row in double. */
static void NAME(bias_gradient)(const struct op_call *call)
{
	const struct shape *out = &call->shape[GRAPH_ARITY];
	size_t area = out->extent[1] * out->extent[2], image = out->extent[0] * area;
	REAL *db = call->d_in[2];
	for (size_t o = 0; o < out->extent[0] && db != NULL; o++) {
		WIDE sum = call->accumulate[2] ? (WIDE)db[o] : 0;
		for (size_t r = 0; r < call->rows; r++) {
			const REAL *d = (const REAL *)call->d_out + r * image + o * area;
			WIDE lane[4] = { 0 };
			for (size_t i = 0; i < area; i++) {
				lane[i % 4] += (WIDE)d[i];
			}
			sum += (lane[0] + lane[2]) + (lane[1] + lane[3]);
		}
		db[o] = (REAL)sum;
	}
}

static void NAME(conv_transpose2d_reverse)(const struct op_call *call)
{
	struct shape shape[GRAPH_ARITY + 1];
	struct op_call conv = NAME(as_conv2d)(call, shape);
	NAME(bias_gradient)(call);
	if (call->d_in[0] != NULL) {
		NAME(image_gradient)(call, conv, NAME(behind)(call, shape));
	}
	if (call->d_in[1] != NULL) { /* the weights' gradient of conv2d, which X is the gradient behind */
		conv.in[0] = call->d_out;
		conv.in[1] = call->in[1];
		conv.d_out = (void *)(uintptr_t)call->in[0];
		conv.d_in[1] = call->d_in[1];
		conv.accumulate[1] = call->accumulate[1];
		op_conv2d.reverse[REAL_NUMBERS](&conv);
	}
}

#undef REAL_IS_FLOAT
