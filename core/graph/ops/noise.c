/*
 * Noise: a latent vector for each row, drawn from counters (core/base/latent.h): (seed, step, player, place in the
 * batch). Of the rows it is given only their number counts. An evaluation that is no step of training has seed and step
 * 0: the same vectors every time.
 */
#include "core/base/latent.h"
#include "core/graph/ops/ops.h"

enum { WIDTH, LAW, STREAM };

static enum status noise_shape(const struct shape *in, const double *attribute, struct shape *out, struct error *error)
{
	if (!in[0].rowed) {
		return error_set(error, E_INVALID, "noise is drawn for rows");
	}
	*out = (struct shape){ .rowed = true, .rank = 1, .extent = { (size_t)attribute[WIDTH] } };
	return OK;
}

static void draw(const struct op_call *call, enum dtype dtype, void *out)
{
	const size_t width = call->shape[GRAPH_ARITY].extent[0];
	latent_draw((enum latent_law)call->attribute[LAW], call->key, (enum latent_stream)call->attribute[STREAM],
		    call->step, (uint64_t)call->first * width, call->rows * width, dtype, out);
}

static void noise_forward_f32(const struct op_call *call)
{
	draw(call, DTYPE_FLOAT32, call->out);
}

static void noise_forward_f64(const struct op_call *call)
{
	draw(call, DTYPE_FLOAT64, call->out);
}

/* The numbers of float64, drawn into the second half of what they become, without a derivative. */
static void noise_forward_dual(const struct op_call *call)
{
	const size_t n = call->rows * call->shape[GRAPH_ARITY].extent[0];
	double *to = call->out, *from = to + n;
	draw(call, DTYPE_FLOAT64, from);
	for (size_t i = 0; i < n; i++) {
		const double number = from[i];
		to[2 * i] = number;
		to[2 * i + 1] = 0;
	}
}

const struct graph_op op_noise = {
	.name = "noise",
	.doc = "A vector of random numbers for each row.",
	.kind = OP_ROWS,
	.arity = 1,
	.by_rows = true,
	.shape_with = noise_shape,
	.forward = { noise_forward_f32, noise_forward_f64, noise_forward_dual },
};
