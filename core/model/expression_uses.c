/*
 * What the value of an expression depends on: which parameters, the target, and whether that is an index.
 *
 * A parameter that the text names and that is simplified away counts as one that it does not name.
 */
#include "core/model/expression_uses.h"

#include <math.h>
#include <stdlib.h>

/* y itself, row by row or all rows of it. */
static bool is_target(const struct tensor_graph *graph, size_t id)
{
	const struct tensor_node *node = &graph->node[id];
	return node->op == TENSOR_TARGET ||
	       (node->op == TENSOR_stack && graph->node[node->input[0]].op == TENSOR_TARGET);
}

/* The number that y is compared with by y - c, under a condition; NaN: there is none. */
static double compared_with(const struct tensor_graph *graph, size_t id)
{
	double value;
	const struct tensor_node *node = &graph->node[id];
	while (node->op != TENSOR_sub && tensor_arity(node->op) > 0) {
		node = &graph->node[node->input[0]];
	}
	return node->op == TENSOR_sub && is_target(graph, node->input[0]) &&
			       tensor_constant_value(graph, node->input[1], &value)
		       ? value
		       : (double)NAN;
}

/* Whether an index is y, or y but for rows that are ignored (core/expression/losses.c). */
static bool is_class(const struct tensor_graph *graph, size_t id, double *ignored)
{
	const struct tensor_node *node = &graph->node[id];
	*ignored = (double)NAN;
	if (node->op != TENSOR_where) {
		return is_target(graph, id);
	}
	*ignored = compared_with(graph, node->input[0]);
	return !isnan(*ignored) && (is_target(graph, node->input[1]) || is_target(graph, node->input[2]));
}

/* The fewest of several; of those that ignore other rows than these nothing is known. */
static void take_pick(const struct tensor_graph *graph, const struct tensor_node *node, struct expression_uses *uses)
{
	const struct shape *shape = &graph->node[node->input[0]].shape;
	double ignored;
	if (!is_class(graph, node->input[1], &ignored) || shape->rank == 0) {
		return;
	}
	const size_t count = shape->extent[shape->rank - 1];
	const bool same = uses->picked == 0 || ignored == uses->ignored || (isnan(ignored) && isnan(uses->ignored));
	if (same && (uses->picked == 0 || count < uses->picked)) {
		uses->picked = count;
		uses->ignored = ignored;
	}
}

bool expression_uses_find(const struct tensor_graph *graph, size_t root, const struct expression_scope *scope,
			  struct expression_uses *uses)
{
	bool *seen = calloc(graph->nodes + 1, sizeof *seen);
	if (seen == NULL) {
		return false;
	}
	uses->target = false;
	uses->picked = 0;
	uses->ignored = (double)NAN;
	seen[root] = true;
	for (size_t id = root + 1; id-- > 0;) { /* inputs have smaller ids */
		const struct tensor_node *node = &graph->node[id];
		for (size_t k = 0; seen[id] && k < tensor_arity(node->op); k++) {
			seen[node->input[k]] = true;
		}
		uses->target = uses->target || (seen[id] && node->op == TENSOR_TARGET);
		if (seen[id] && node->op == TENSOR_pick) {
			take_pick(graph, node, uses);
		}
	}
	for (size_t i = 0, p = 0; uses->parameter != NULL && i < scope->symbols; i++) {
		if (scope->symbol[i].kind == SYMBOL_PARAMETER) {
			const size_t id = scope->symbol[i].node;
			uses->parameter[p++] = id != NODE_NONE && seen[id];
		}
	}
	free(seen);
	return true;
}
