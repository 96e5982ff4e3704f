/*
 * Reductions along one axis, as numpy counts them: sum(A, axis=0), softmax(Z, axis=-1).
 *
 * Of a rowed value axis 0 goes over the rows, where only what is made of sums has a meaning batch by batch; the others
 * go within each row. A plain matrix is reduced row by row, transposed first for axis 0.
 */
#include <string.h>

#include "core/expression/syntax.h"

static const struct shape *shape_of(const struct lowering *lowering, size_t id)
{
	return &lowering->graph->node[id].shape;
}

static bool failed(const struct lowering *lowering)
{
	return lowering->graph->status != OK || lowering->error->status != OK;
}

static bool over_rows(const struct shape *shape, size_t axis)
{
	return shape->rowed && axis == 0;
}

/* `op` of each piece along the axis, which goes; softmax and its log keep it. */
static size_t reduce(struct lowering *lowering, const struct call *call, enum tensor_op op, size_t a, size_t axis)
{
	if (failed(lowering)) {
		return NODE_NONE;
	}
	const struct shape shape = *shape_of(lowering, a);
	const bool keeps = op == TENSOR_softmax || op == TENSOR_log_softmax;
	if (over_rows(&shape, axis)) {
		if (op != TENSOR_sum) {
			syntax_fail(
				lowering->error, E_UNSUPPORTED, call->node->position,
				"%s along the rows is not there: axis 0 of rows is for sum, mean, var, std and norm",
				call->function->name);
			return NODE_NONE;
		}
		return tensor_unary(lowering->graph, TENSOR_SUM_ROWS, a);
	}
	if (shape.rowed && shape.rank == 1) {
		return tensor_unary(lowering->graph, op, a);
	}
	if (shape.rowed) {
		syntax_fail(lowering->error, E_UNSUPPORTED, call->node->position,
			    "an axis of a matrix for each row cannot be reduced");
		return NODE_NONE;
	}
	a = axis == 0 ? tensor_unary(lowering->graph, TENSOR_transpose, a) : a;
	a = failed(lowering) ? NODE_NONE : tensor_by_row(lowering->graph, op, a);
	return axis == 0 && keeps && !failed(lowering) ? tensor_unary(lowering->graph, TENSOR_transpose, a) : a;
}

static size_t mean_of(struct lowering *lowering, const struct call *call, size_t a, size_t axis)
{
	if (failed(lowering)) {
		return NODE_NONE;
	}
	const struct shape shape = *shape_of(lowering, a);
	if (over_rows(&shape, axis)) {
		return tensor_unary(lowering->graph, TENSOR_MEAN_ROWS, a);
	}
	size_t sum = reduce(lowering, call, TENSOR_sum, a, axis);
	size_t count = tensor_number(lowering->graph, (double)shape.extent[axis - shape.rowed]);
	return failed(lowering) ? NODE_NONE : tensor_binary(lowering->graph, TENSOR_div, sum, count);
}

/* The mean of (a - its mean)^2. */
static size_t variance_of(struct lowering *lowering, const struct call *call, size_t a, size_t axis)
{
	size_t mean = mean_of(lowering, call, a, axis);
	if (failed(lowering)) {
		return NODE_NONE;
	}
	const struct shape shape = *shape_of(lowering, a);
	if (!shape.rowed && axis == 1) { /* back beside the rows of the matrix */
		const struct shape column = { .rank = 2, .extent = { shape.extent[0], 1 } };
		mean = tensor_reshape(lowering->graph, mean, &column);
	}
	size_t away = failed(lowering) ? NODE_NONE : tensor_binary(lowering->graph, TENSOR_sub, a, mean);
	size_t square = lower_unary(lowering, TENSOR_square, away);
	return mean_of(lowering, call, square, axis);
}

static size_t along(struct lowering *lowering, const struct call *call, size_t a, size_t axis)
{
	switch (call->function->along) {
	case ALONG_MEAN:
		return mean_of(lowering, call, a, axis);
	case ALONG_VAR:
		return variance_of(lowering, call, a, axis);
	case ALONG_STD:
		return lower_unary(lowering, TENSOR_root, variance_of(lowering, call, a, axis));
	case ALONG_NORM:
		a = lower_unary(lowering, TENSOR_square, a);
		return lower_unary(lowering, TENSOR_root, reduce(lowering, call, TENSOR_sum, a, axis));
	case ALONG_OP:
	case ALONG_NOTHING:
		break;
	}
	return reduce(lowering, call, call->function->op, a, axis);
}

size_t lower_axis(struct lowering *lowering, const struct call *call)
{
	const struct shape shape = *shape_of(lowering, call->value[0]);
	const long dims = (long)shape.rank + shape.rowed, said = call->node->axis, axis = said < 0 ? said + dims : said;
	char text[64];
	if (call->function->along == ALONG_NOTHING) {
		syntax_fail(lowering->error, E_INVALID, call->node->axis_position, "%s takes no axis: %s",
			    call->function->name, call->function->usage);
		return NODE_NONE;
	}
	if (axis < 0 || axis >= dims) {
		syntax_fail(lowering->error, E_INVALID, call->node->axis_position, "there is no axis %ld of %s", said,
			    tensor_shape_text(&shape, text));
		return NODE_NONE;
	}
	if (dims == 1) { /* over all of it */
		return call->function->lower(lowering, call);
	}
	return along(lowering, call, call->value[0], (size_t)axis);
}
