/*
 * Batch normalisation without scale and shift (Ioffe, Szegedy 2015, Batch normalization, algorithm 1 and 2): while
 * training by the batch's own mean and variance (divisor n) of each channel, else by running ones.
 *
 * Inputs: x, running mean, running variance (buffers). While training the buffers become (1 - momentum) times
 * themselves plus momentum times the batch's (variance with divisor n - 1; of one number it stays). The gradient is
 * that of the whole expression, through mean and variance too. Sums are in double, row after row. Threads share the
 * channels, which have nothing to do with one another.
 */
#include <math.h>
#include <string.h>

#include "core/base/dual.h"
#include "core/base/size.h"
#include "core/graph/ops/channel.h"
#include "core/graph/ops/ops.h"

enum { MOMENTUM, EPS };

/* A range of channels of a call. */
struct pass {
	const struct op_call *call;
	struct channels channels;
	size_t begin, end;
};

typedef void pass_function(const struct pass *pass);

/* Numbers that are worth a piece, some 20 us; channels on one cache line stay together. */
enum { PIECE_NUMBERS = 8192, LINE_DOUBLES = 8 };

struct sharing {
	struct pass all;
	pass_function *function;
	size_t pieces, unit; /* channels are cut between whole units */
};

static void run_piece(void *context, size_t index, size_t slot)
{
	const struct sharing *sharing = context;
	const size_t count = sharing->all.channels.count, unit = sharing->unit, units = (count - 1) / unit + 1;
	struct pass pass = sharing->all;
	(void)slot;
	pass.begin = index * units / sharing->pieces * unit;
	pass.end = (index + 1) * units / sharing->pieces * unit;
	pass.end = pass.end < count ? pass.end : count;
	sharing->function(&pass);
}

static void share(const struct op_call *call, pass_function *function)
{
	const struct channels channels = channels_of(&call->shape[0]);
	struct sharing sharing = {
		.all = { call, channels, 0, channels.count },
		.function = function,
		.unit = channels.area < LINE_DOUBLES ? LINE_DOUBLES : 1,
	};
	const size_t units = (channels.count - 1) / sharing.unit + 1;
	const size_t worth = call->rows * channels.count * channels.area / PIECE_NUMBERS;
	sharing.pieces = worth < units ? worth : units;
	if (call->executor == NULL || sharing.pieces < 2) {
		function(&sharing.all);
	} else {
		call->executor->run(call->executor, sharing.pieces, run_piece, &sharing);
	}
}

#define REAL_IS_FLOAT 1
#include "core/graph/ops/batch_norm.inc.c"
#define REAL_IS_FLOAT 0
#include "core/graph/ops/batch_norm.inc.c"
#define REAL_IS_DUAL
#define REAL_IS_FLOAT 0
#include "core/graph/ops/batch_norm.inc.c"
#undef REAL_IS_DUAL

static enum status batch_norm_shape(const struct shape *in, struct shape *out, struct error *error)
{
	char a[128], b[128];
	if (!channels_fit(&in[0]) || in[1].rowed || in[1].rank != 1 || in[1].extent[0] != in[0].extent[0] ||
	    !shape_equal(&in[1], &in[2])) {
		return error_set(error, E_INVALID, "batch_norm: rows %s and running statistics %s do not fit",
				 shape_text(&in[0], a), shape_text(&in[1], b));
	}
	*out = in[0];
	return OK;
}

static bool batch_norm_memory(const struct shape *shape, const double *attribute, struct op_memory *memory)
{
	(void)attribute; /* enough doubles in float32, and dual numbers among theirs */
	return size_multiply(shape[0].extent[0], 4 * sizeof(double) / sizeof(float), &memory->kept);
}

const struct graph_op op_batch_norm = {
	.name = "batch_norm",
	.doc = "y = (x - mean) / sqrt(variance + eps), a channel's mean and variance over the batch or, in evaluation, "
	       "running.",
	.kind = OP_ROWS,
	.arity = 3,
	.reverse_reads = READS_OUT,
	.couples = true,
	.memory = batch_norm_memory,
	.shape = batch_norm_shape,
	.forward = { batch_norm_forward_f32, batch_norm_forward_f64, batch_norm_forward_dual },
	.reverse = { batch_norm_reverse_f32, batch_norm_reverse_f64, batch_norm_reverse_dual },
};
