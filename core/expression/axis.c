/*
 * Reductions along one axis, as numpy counts them: sum(A, axis=0), softmax(Z, axis=-1).
 *
 * Of a rowed value axis 0 goes over the rows, where only what is made of sums has a meaning batch by batch; the others
 * couple the rows, and are taken column by column. The other axes go within each row. A plain matrix is reduced row by
 * row, transposed first for axis 0.
 */
#include <string.h>

#include "core/expression/syntax.h"

static size_t matrix_in_rows(struct lowering *lowering, const struct call *call)
{
	syntax_fail(lowering->error, E_UNSUPPORTED, call->node->position,
		    "an axis of a matrix for each row cannot be reduced");
	return NODE_NONE;
}

static bool over_rows(const struct shape *shape, size_t axis)
{
	return shape->rowed && axis == 0;
}

#define ALL SIZE_MAX /* no axis: over all numbers, the rows included */

enum { COLUMNS_MAX = 256 }; /* each is an operation of its own */

/* `op` over all rows of each column, and the columns put together again, two and two. */
static size_t by_column(struct lowering *lowering, const struct call *call, enum tensor_op op, size_t a, size_t columns)
{
	size_t column[COLUMNS_MAX];
	if (columns > COLUMNS_MAX) {
		syntax_fail(lowering->error, E_UNSUPPORTED, call->node->position,
			    "%s along the rows is for at most %d columns, these are %zu", call->function->name,
			    COLUMNS_MAX, columns);
		return NODE_NONE;
	}
	for (size_t j = 0; j < columns && !failed(lowering); j++) {
		const size_t at[4] = { j, 1 };
		column[j] = tensor_slice(lowering->graph, a, at, (const bool[]){ true, false });
		column[j] = failed(lowering) ? NODE_NONE : tensor_whole(lowering->graph, op, column[j]);
	}
	if (columns == 1 && !failed(lowering)) {
		struct shape shape = *shape_of(lowering, column[0]);
		shape.rank = 1;
		shape.extent[0] = 1;
		return tensor_reshape(lowering->graph, column[0], &shape);
	}
	for (size_t left = columns; left > 1; left = (left + 1) / 2) {
		for (size_t j = 0; j < left / 2 && !failed(lowering); j++) {
			column[j] = tensor_binary(lowering->graph, TENSOR_concat, column[2 * j], column[2 * j + 1]);
		}
		column[left / 2] = left % 2 == 1 ? column[left - 1] : column[left / 2];
	}
	return failed(lowering) ? NODE_NONE : column[0];
}

/* `op` of each piece along the axis, which goes; softmax and its log keep it. ALL: a sum of all numbers. */
static size_t reduce(struct lowering *lowering, const struct call *call, enum tensor_op op, size_t a, size_t axis)
{
	if (failed(lowering)) {
		return NODE_NONE;
	}
	if (axis == ALL) {
		return lower_sum(lowering, a);
	}
	const struct shape shape = *shape_of(lowering, a);
	const bool keeps = op == TENSOR_softmax || op == TENSOR_log_softmax;
	if (over_rows(&shape, axis)) {
		return op == TENSOR_sum  ? tensor_unary(lowering->graph, TENSOR_SUM_ROWS, a)
		       : shape.rank == 1 ? by_column(lowering, call, op, a, shape.extent[0])
					 : matrix_in_rows(lowering, call);
	}
	if (shape.rowed && shape.rank == 1) {
		return tensor_unary(lowering->graph, op, a);
	}
	if (shape.rowed) {
		return matrix_in_rows(lowering, call);
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
	if (axis == ALL) {
		return lower_mean(lowering, a);
	}
	const struct shape shape = *shape_of(lowering, a);
	if (over_rows(&shape, axis)) {
		return tensor_unary(lowering->graph, TENSOR_MEAN_ROWS, a);
	}
	size_t sum = reduce(lowering, call, TENSOR_sum, a, axis);
	size_t count = tensor_number(lowering->graph, (double)shape.extent[axis - shape.rowed]);
	return failed(lowering) ? NODE_NONE : tensor_binary(lowering->graph, TENSOR_div, sum, count);
}

/* The setting of a call, its second argument: a number that the text says, of ddof by name (behind a value numpy has
 * the axis). False: it is none. */
static bool setting_of(struct lowering *lowering, const struct call *call, double *out)
{
	const struct ast_node *said = call->count > 1 ? &lowering->ast->node[call->argument[1]] : NULL;
	const bool order = call->function->along == ALONG_NORM;
	*out = call->function->preset[0];
	if (said == NULL) {
		return true;
	}
	if ((!order && said->kind != AST_NAMED) || !tensor_constant_value(lowering->graph, call->value[1], out) ||
	    shape_of(lowering, call->value[1])->rank > 0 || (order && !(*out > 0))) {
		return syntax_fail(lowering->error, E_INVALID, said->position,
				   order ? "ord is a number above 0: %s" : "ddof is a number, given by name: %s",
				   call->function->usage);
	}
	return true;
}

/* How many numbers a mean along the axis is taken of. Of rows they are counted, whatever is in them. */
static size_t count_along(struct lowering *lowering, const struct call *call, size_t a, size_t axis)
{
	const struct shape shape = *shape_of(lowering, a);
	if (!shape.rowed || (axis != ALL && axis > 0)) {
		const size_t size = axis == ALL ? shape_size(&shape) : shape.extent[axis - shape.rowed];
		return tensor_number(lowering->graph, (double)size);
	}
	size_t one = apply2(lowering, TENSOR_less, a, a);
	one = apply2(lowering, TENSOR_add, one, tensor_number(lowering->graph, 1));
	return reduce(lowering, call, TENSOR_sum, one, axis);
}

/* The sum of (a - its mean)^2, divided by how many they are less ddof. */
static size_t variance_of(struct lowering *lowering, const struct call *call, size_t a, size_t axis)
{
	double ddof;
	size_t mean = setting_of(lowering, call, &ddof) ? mean_of(lowering, call, a, axis) : NODE_NONE;
	if (failed(lowering)) {
		return NODE_NONE;
	}
	const struct shape shape = *shape_of(lowering, a);
	if (!shape.rowed && axis == 1) { /* back beside the rows of the matrix */
		const struct shape column = { .rank = 2, .extent = { shape.extent[0], 1 } };
		mean = tensor_reshape(lowering->graph, mean, &column);
	}
	size_t square = lower_unary(lowering, TENSOR_square, apply2(lowering, TENSOR_sub, a, mean));
	if (ddof == 0 || failed(lowering)) {
		return mean_of(lowering, call, square, axis);
	}
	size_t sum = reduce(lowering, call, TENSOR_sum, square, axis);
	size_t count = failed(lowering) ? NODE_NONE : count_along(lowering, call, a, axis);
	count = failed(lowering) ? NODE_NONE
				 : apply2(lowering, TENSOR_sub, count, tensor_number(lowering->graph, ddof));
	return apply2(lowering, TENSOR_div, sum, count);
}

/* sum(|a|^p)^(1/p) */
static size_t norm_of(struct lowering *lowering, const struct call *call, size_t a, size_t axis)
{
	double p;
	const struct shape *shape = shape_of(lowering, a);
	if (!setting_of(lowering, call, &p)) {
		return NODE_NONE;
	}
	if (call->count > 1 && axis == ALL && shape->rank + shape->rowed > 1) {
		syntax_fail(lowering->error, E_UNSUPPORTED, call->node->position,
			    "norm takes ord along an axis, or of a vector: of a matrix it would be another norm");
		return NODE_NONE;
	}
	if (p == 2) {
		a = lower_unary(lowering, TENSOR_square, a);
		return lower_unary(lowering, TENSOR_root, reduce(lowering, call, TENSOR_sum, a, axis));
	}
	a = lower_unary(lowering, TENSOR_abs, a);
	if (p != 1 && !failed(lowering)) {
		a = lower_power(lowering, a, tensor_number(lowering->graph, p));
	}
	size_t sum = failed(lowering) ? NODE_NONE : reduce(lowering, call, TENSOR_sum, a, axis);
	return p == 1 || failed(lowering) ? sum : lower_power(lowering, sum, tensor_number(lowering->graph, 1 / p));
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
		return norm_of(lowering, call, a, axis);
	case ALONG_OP:
	case ALONG_CONCAT:
	case ALONG_NOTHING:
		break;
	}
	return reduce(lowering, call, call->function->op, a, axis);
}

size_t lower_over_all(struct lowering *lowering, const struct call *call)
{
	return along(lowering, call, call->value[0], ALL);
}

/* The axis that went is there again with one element, except that of the rows: what is left broadcasts as it is. */
static size_t keep(struct lowering *lowering, const struct shape *from, size_t axis, bool all, size_t reduced)
{
	if (failed(lowering) || shape_of(lowering, reduced)->rank == from->rank ||
	    (from->rowed && (all || axis == 0))) {
		return reduced;
	}
	struct shape shape = *from;
	for (size_t d = 0; d < shape.rank; d++) {
		shape.extent[d] = all || d + from->rowed == axis ? 1 : shape.extent[d];
	}
	return tensor_reshape(lowering->graph, reduced, &shape);
}

/* Matrices beside one another: those of their transposes below one another. Within rows there is nothing to turn. */
static size_t concat_along(struct lowering *lowering, const struct call *call, size_t axis)
{
	const struct shape first = *shape_of(lowering, call->value[0]);
	if (first.rowed && axis == 0) {
		syntax_fail(lowering->error, E_UNSUPPORTED, call->node->axis_position, "rows cannot be added to rows");
		return pairs_rows(lowering, "rows are added to rows");
	}
	if (first.rowed || axis == 0) {
		return call->function->lower(lowering, call);
	}
	size_t value[32];
	struct call turned = *call;
	turned.value = value;
	for (size_t i = 0; i < call->count; i++) {
		value[i] =
			failed(lowering) ? NODE_NONE : tensor_unary(lowering->graph, TENSOR_transpose, call->value[i]);
	}
	const size_t all = failed(lowering) ? NODE_NONE : call->function->lower(lowering, &turned);
	return failed(lowering) ? NODE_NONE : tensor_unary(lowering->graph, TENSOR_transpose, all);
}

size_t lower_axis(struct lowering *lowering, const struct call *call)
{
	const struct shape shape = *shape_of(lowering, call->value[0]);
	const long dims = (long)shape.rank + shape.rowed, said = call->node->axis, axis = said < 0 ? said + dims : said;
	char text[64];
	if (!call->node->has_axis) {
		return keep(lowering, &shape, 0, true, call->function->lower(lowering, call));
	}
	if (axis < 0 || axis >= dims) {
		const bool extreme = call->function->op == TENSOR_max || call->function->op == TENSOR_min;
		syntax_fail(lowering->error, E_INVALID, call->node->axis_position, "there is no axis %ld of %s%s%s%s",
			    said, tensor_shape_text(&shape, text), extreme ? "; element by element there is " : "",
			    extreme ? call->function->name : "", extreme ? "imum(x, y)" : "");
		return NODE_NONE;
	}
	if (call->function->along == ALONG_CONCAT) {
		return concat_along(lowering, call, (size_t)axis);
	}
	const size_t reduced = dims == 1 ? call->function->lower(lowering, call) /* over all of it */
					 : along(lowering, call, call->value[0], (size_t)axis);
	return call->node->keeps ? keep(lowering, &shape, (size_t)axis, false, reduced) : reduced;
}
