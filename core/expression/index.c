/*
 * Indices and slices, as Python counts them: u[2], A[-1], X[:, 1:3], u[::-2], u[:, None].
 *
 * A range is one operation; with a step it is one for each element, put together again. Of rowed values the rows are
 * never picked: that part of the index is the colon.
 */
#include "core/expression/syntax.h"

/* The elements that one part of an index means: *first and *count among `extent`. */
static bool resolve_range(struct lowering *lowering, const struct ast_range *range, size_t extent, size_t *first,
			  size_t *count)
{
	long n = (long)extent, start = range->has_start ? range->start : 0;
	long stop = range->has_stop ? range->stop : n;
	start += start < 0 ? n : 0;
	stop += stop < 0 ? n : 0;
	if (range->step < 0) { /* from behind: those between the stop and the start */
		const long last = range->has_start ? start : n - 1;
		start = range->has_stop ? stop + 1 : 0;
		stop = last + 1;
	}
	if (!range->range) {
		stop = start + 1;
	} else { /* as in Python, ranges are cut to what is there */
		start = start < 0 ? 0 : start > n ? n : start;
		stop = stop > n ? n : stop;
	}
	if (start < 0 || stop > n || stop <= start) {
		return syntax_fail(lowering->error, E_INVALID, range->position,
				   range->range ? "the range is empty: there are %zu elements, counted from 0"
						: "there is no such element: there are %zu, counted from 0",
				   extent);
	}
	*first = (size_t)start;
	*count = (size_t)(stop - start);
	return true;
}

enum { STEPPED_MAX = 256 }; /* each is an operation of its own */

/* Every step-th of dimension d, from the last one on where step is negative, put together again two and two, or of a
 * plain value that has many one operation. Of a plain matrix's columns as rows of its transpose. */
static size_t step_through(struct lowering *lowering, const struct ast_range *range, size_t a, size_t d)
{
	size_t piece[STEPPED_MAX], count = 0;
	if (d == 1 && !failed(lowering)) {
		a = tensor_unary(lowering->graph, TENSOR_transpose, a);
	}
	if (failed(lowering)) {
		return NODE_NONE;
	}
	const struct shape shape = *shape_of(lowering, a);
	const long n = (long)shape.extent[0], by = range->step > 0 ? range->step : -(long)range->step;
	const size_t all = (size_t)((n - 1) / by + 1);
	if (!shape.rowed && all > STEPPED_MAX) {
		const size_t first = range->step > 0 ? 0 : (size_t)n - 1;
		a = tensor_stride(lowering->graph, a, first, all, range->step);
		return d == 1 && !failed(lowering) ? tensor_unary(lowering->graph, TENSOR_transpose, a) : a;
	}
	for (long i = range->step > 0 ? 0 : n - 1; i >= 0 && i < n && !failed(lowering); i += range->step) {
		const size_t at[4] = { (size_t)i, 1, 0, shape.rank > 1 ? shape.extent[1] : 0 };
		if (count == STEPPED_MAX) {
			syntax_fail(lowering->error, E_UNSUPPORTED, range->position,
				    "a range with a step has at most %d elements", STEPPED_MAX);
			return NODE_NONE;
		}
		piece[count++] = tensor_slice(lowering->graph, a, at, (const bool[]){ false, false });
	}
	for (; count > 1 && !failed(lowering); count = (count + 1) / 2) {
		for (size_t j = 0; j < count / 2 && !failed(lowering); j++) {
			piece[j] = tensor_binary(lowering->graph, TENSOR_concat, piece[2 * j], piece[2 * j + 1]);
		}
		piece[count / 2] = piece[count % 2 == 1 ? count - 1 : count / 2];
	}
	a = failed(lowering) ? NODE_NONE : piece[0];
	return d == 1 && !failed(lowering) ? tensor_unary(lowering->graph, TENSOR_transpose, a) : a;
}

/* a with what `ranges` ranges pick, none of which is None. */
static size_t pick_ranges(struct lowering *lowering, const struct ast_node *node, size_t a,
			  const struct ast_range *range, size_t ranges)
{
	struct shape shape = *shape_of(lowering, a);
	size_t at[4] = { 0 };
	bool drop[2] = { false, false };
	char text[64];
	if (ranges > shape.rank + shape.rowed) {
		syntax_fail(lowering->error, E_INVALID, node->position,
			    shape.rank + shape.rowed == 0 ? "%s cannot be indexed"
							  : "%s has no %zu dimensions to index",
			    tensor_shape_text(&shape, text), ranges);
		return NODE_NONE;
	}
	if (shape.rowed) {
		if (!range->range || range->has_start || range->has_stop || range->step != 1) {
			syntax_fail(lowering->error, E_UNSUPPORTED, range->position,
				    "single rows cannot be picked: write : for the rows, as in X[:, 0]");
			return pairs_rows(lowering, "rows are picked by their place");
		}
		range++;
		ranges--;
	}
	for (size_t d = 0; d < shape.rank; d++) {
		at[2 * d + 1] = shape.extent[d];
		if (d < ranges) {
			if (!resolve_range(lowering, &range[d], shape.extent[d], &at[2 * d], &at[2 * d + 1])) {
				return NODE_NONE;
			}
			drop[d] = !range[d].range;
		}
	}
	if (ranges == 0) {
		return a;
	}
	a = tensor_slice(lowering->graph, a, at, drop);
	for (size_t d = 0, left = 0; d < shape.rank && !failed(lowering); left += !drop[d++]) {
		if (d < ranges && range[d].step != 1) {
			a = step_through(lowering, &range[d], a, left);
		}
	}
	return a;
}

/* Dimensions of one element among those that the ranges leave: x[:, None], x[None, :]. */
static size_t add_axes(struct lowering *lowering, const struct ast_range *range, size_t ranges, size_t a)
{
	const struct shape from = *shape_of(lowering, a);
	struct shape shape = { .rowed = from.rowed };
	size_t left = 0;
	for (size_t i = 0; i < ranges; i++) {
		const bool rows = from.rowed && i == 0;
		if (rows && range[i].axis) {
			syntax_fail(lowering->error, E_UNSUPPORTED, range[i].position,
				    "the rows come first: no dimension can be put before them");
			return pairs_rows(lowering, "None puts the rows last");
		}
		if (range[i].axis) {
			shape.extent[shape.rank++] = 1;
		} else if (range[i].range && !rows) {
			shape.extent[shape.rank++] = from.extent[left++];
		}
	}
	while (left < from.rank) {
		shape.extent[shape.rank++] = from.extent[left++];
	}
	if (shape.rank + shape.rowed > 2) {
		char text[64];
		syntax_fail(lowering->error, E_INVALID, range[0].position,
			    "a value has at most two dimensions: None adds one to %s", tensor_shape_text(&from, text));
		return NODE_NONE;
	}
	return tensor_reshape(lowering->graph, a, &shape);
}

size_t lower_index(struct lowering *lowering, const struct ast_node *node)
{
	const struct ast_range *range = lowering->ast->range + node->range;
	struct ast_range picked[2];
	size_t count = 0, a = lowering->value[lowering->ast->link[node->first]];
	for (size_t i = 0; i < node->ranges; i++) {
		if (!range[i].axis) {
			picked[count++] = range[i];
		}
	}
	a = count > 0 ? pick_ranges(lowering, node, a, picked, count) : a;
	return count == node->ranges || failed(lowering) ? a : add_axes(lowering, range, node->ranges, a);
}
