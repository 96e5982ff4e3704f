/* Sums and multiples of scalars: how an objective is put together from a loss and its penalties. */
#include "core/graph/ops/ops.h"

static enum status scalars_shape(const struct shape *in, size_t arity, struct shape *out, struct error *error)
{
	char text[128];
	for (size_t i = 0; i < arity; i++) {
		if (in[i].rowed || in[i].rank != 0) {
			return error_set(error, E_INVALID, "add and scale take scalars, not %s",
					 shape_text(&in[i], text));
		}
	}
	*out = (struct shape){ .rank = 0 };
	return OK;
}

static enum status add_shape(const struct shape *in, struct shape *out, struct error *error)
{
	return scalars_shape(in, 2, out, error);
}

static enum status scale_shape(const struct shape *in, struct shape *out, struct error *error)
{
	return scalars_shape(in, 1, out, error);
}

static double add_value(const double *in, double attribute)
{
	(void)attribute;
	return in[0] + in[1];
}

static void add_reverse(double d_out, double attribute, double *d_in)
{
	(void)attribute;
	d_in[0] = d_out;
	d_in[1] = d_out;
}

static double scale_value(const double *in, double attribute)
{
	return attribute * in[0];
}

static void scale_reverse(double d_out, double attribute, double *d_in)
{
	d_in[0] = attribute * d_out;
}

const struct graph_op op_add = {
	.name = "add",
	.doc = "a + b of two scalars.",
	.kind = OP_SCALAR,
	.arity = 2,
	.shape = add_shape,
	.scalar = add_value,
	.scalar_reverse = add_reverse,
};

const struct graph_op op_scale = {
	.name = "scale",
	.doc = "a constant times a scalar.",
	.kind = OP_SCALAR,
	.arity = 1,
	.shape = scale_shape,
	.scalar = scale_value,
	.scalar_reverse = scale_reverse,
};
