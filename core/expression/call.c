/*
 * Calls: arguments in their places, by position or by name, before a function's entry says what it means
 * (functions.c).
 */
#include <math.h>
#include <string.h>

#include "core/expression/syntax.h"

enum { ARGUMENTS_MAX = 32 };

void expression_no_argument(const struct expression_function *function, const struct token *token,
			    struct expression_error *error)
{
	const int shown = token->name_length < 80 ? (int)token->name_length : 80;
	const bool tanh_form = strcmp(function->name, "gelu") == 0;
	if (function->names == NULL && function->along == ALONG_NOTHING) {
		syntax_fail(error, E_INVALID, token->position, "the arguments of %s are given without names: %s%s",
			    function->name, function->usage, tanh_form ? ", or gelu_tanh(x)" : "");
	}
	syntax_fail(error, E_INVALID, token->position, "%s has no argument named %.*s: %s", function->name, shown,
		    token->name, function->usage);
}

static size_t wrong_count(struct lowering *lowering, const struct ast_node *node,
			  const struct expression_function *function, size_t count)
{
	size_t wanted = count < function->least ? function->least : function->most;
	const bool extreme = count == 2 && (function->op == TENSOR_max || function->op == TENSOR_min);
	syntax_fail(lowering->error, E_INVALID, node->position, "%s takes %s%zu argument%s, %zu given: %s%s",
		    function->name,
		    function->least == function->most ? ""
		    : count < function->least         ? "at least "
						      : "at most ",
		    wanted, wanted == 1 ? "" : "s", count, function->usage,
		    !extreme                     ? ""
		    : function->op == TENSOR_max ? "; the greater of two is maximum(x, y)"
						 : "; the lesser of two is minimum(x, y)");
	return NODE_NONE;
}

/* The arguments in their places: value [ARGUMENTS_MAX], presets where a place before a named one is left out. The
 * number of places filled; SIZE_MAX after an error. */
static size_t place_arguments(struct lowering *lowering, const struct ast_node *node,
			      const struct expression_function *function, size_t *value)
{
	const uint16_t *argument = lowering->ast->link + node->first;
	size_t count = 0;
	bool given[ARGUMENTS_MAX] = { false }, named = false;
	for (size_t k = 0; k < node->count; k++) {
		const struct ast_node *child = &lowering->ast->node[argument[k]];
		size_t at = child->kind == AST_NAMED
				    ? expression_argument_find(function, child->name, child->name_length)
				    : k;
		if ((named && child->kind != AST_NAMED) || given[at]) {
			syntax_fail(lowering->error, E_INVALID, child->position,
				    given[at] ? "this argument is there already"
					      : "an argument without a name cannot follow one with a name");
			return SIZE_MAX;
		}
		named = child->kind == AST_NAMED;
		given[at] = true;
		value[at] = lowering->value[argument[k]];
		count = at + 1 > count ? at + 1 : count;
	}
	if (named && function->residual && given[1] && count == 2) { /* y=2 is no delta */
		count = 3;
	}
	for (size_t k = 0; named && k < count; k++) {
		if (!given[k] && k == 1 && function->residual) {
			value[k] = NODE_NONE;
			continue;
		}
		if (!given[k] && k < function->least) {
			syntax_fail(lowering->error, E_INVALID, node->position, "argument %zu is missing: %s", k + 1,
				    function->usage);
			return SIZE_MAX;
		}
		value[k] = given[k] ? value[k] : tensor_number(lowering->graph, function->preset[k - function->least]);
	}
	return count;
}

/* What a number may be that is the setting of a loss or an activation. Those that are computed are not looked at. */
static const struct bound {
	const char *function, *argument;
	double least, most;
	bool above, below; /* the ends themselves are not allowed */
} bounds[] = {
	{ "quantile", "q", 0, 1, true, true },
	{ "poisson", "eps", 0, INFINITY, false, true },
	{ "poisson_nll", "eps", 0, INFINITY, false, true },
	{ "gaussian", "eps", 0, INFINITY, true, true },
	{ "gaussian_nll", "eps", 0, INFINITY, true, true },
	{ "focal", "gamma", 0, INFINITY, false, true },
	{ "focal", "alpha", -INFINITY, 1, true, false },
	{ "cross_entropy", "label_smoothing", 0, 1, false, false },
	{ "multi_margin", "p", 1, 2, false, false },
	{ "triplet_margin", "p", 0, INFINITY, true, true },
	{ "info_nce", "temperature", 0, INFINITY, true, true },
	{ "softshrink", "lambda", 0, INFINITY, false, true },
};

static bool is_within(const struct bound *bound, double x)
{
	return (bound->above ? x > bound->least : x >= bound->least) &&
	       (bound->below ? x < bound->most : x <= bound->most);
}

/* Says which argument is out of its bounds, and which those are. */
static bool within_bounds(struct lowering *lowering, const struct ast_node *node,
			  const struct expression_function *function, const size_t *value, size_t count)
{
	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
		const struct bound *bound = &bounds[i];
		if (strcmp(bound->function, function->name) != 0) {
			continue;
		}
		const size_t k = expression_argument_find(function, bound->argument, strlen(bound->argument));
		double x;
		if (k >= count || !tensor_constant_value(lowering->graph, value[k], &x) || is_within(bound, x)) {
			continue;
		}
		if (isinf(bound->most)) {
			return syntax_fail(lowering->error, E_INVALID, node->position, "%s of %s is %s %g, not %g",
					   bound->argument, function->name, bound->above ? "above" : "at least",
					   bound->least, x);
		}
		if (isinf(bound->least)) {
			return syntax_fail(lowering->error, E_INVALID, node->position, "%s of %s is at most %g, not %g",
					   bound->argument, function->name, bound->most, x);
		}
		return syntax_fail(lowering->error, E_INVALID, node->position, "%s of %s is between %g and %g, not %g",
				   bound->argument, function->name, bound->least, bound->most, x);
	}
	return true;
}

/* Only where takes a comparison, and it wants one first. */
static bool check_comparisons(struct lowering *lowering, const struct ast_node *node,
			      const struct expression_function *function)
{
	const uint16_t *argument = lowering->ast->link + node->first;
	for (size_t k = 0; k < node->count; k++) {
		const struct ast_node *child = &lowering->ast->node[argument[k]];
		bool condition = strcmp(function->name, "where") == 0 && k == 0;
		if (condition != (child->kind == AST_COMPARE)) {
			return syntax_fail(
				lowering->error, E_INVALID, child->position,
				condition ? "the first argument of where is a comparison, as in where(x > 0, a, b)"
					  : "a comparison may only be the first argument of where");
		}
	}
	return true;
}

/* sum(A, 0) is sum(A, axis=0), as numpy has it; of norm the second argument would be another one. */
static bool places_axis(const struct lowering *lowering, const struct ast_node *node,
			const struct expression_function *function, struct ast_node *named)
{
	const uint16_t *argument = lowering->ast->link + node->first;
	if (function->along == ALONG_NOTHING || function->along == ALONG_NORM || function->along == ALONG_CONCAT ||
	    node->count != 2 || node->has_axis) {
		return false;
	}
	const struct shape *shape = &lowering->graph->node[lowering->value[argument[0]]].shape;
	const struct ast_node *axis = &lowering->ast->node[argument[1]], *number = axis;
	if (axis->kind == AST_NEGATE) {
		number = &lowering->ast->node[lowering->ast->link[axis->first]];
	}
	if (number->kind != AST_NUMBER || number->number != floor(number->number) || number->number > 9 ||
	    shape->rank + shape->rowed == 0) {
		return false;
	}
	*named = *node;
	named->count = 1;
	named->has_axis = true;
	named->axis = (number == axis ? 1 : -1) * (int32_t)number->number;
	named->axis_position = axis->position;
	return true;
}

size_t lower_call(struct lowering *lowering, const struct ast_node *node)
{
	size_t value[ARGUMENTS_MAX];
	const struct expression_function *function = expression_function_find(node->name, node->name_length);
	if (function == NULL) {
		return lower_unknown(lowering, node, "function");
	}
	struct ast_node placed;
	node = places_axis(lowering, node, function, &placed) ? &placed : node;
	if (!check_comparisons(lowering, node, function)) {
		return NODE_NONE;
	}
	size_t count = place_arguments(lowering, node, function, value);
	if (count == SIZE_MAX || (lowering->graph->status != OK || lowering->error->status != OK)) {
		return NODE_NONE;
	}
	if (count < function->least || count > function->most) {
		return wrong_count(lowering, node, function, count);
	}
	const bool no_axis = node->has_axis && function->along == ALONG_NOTHING;
	if (no_axis ||
	    (node->keepdims_position > 0 && (function->along == ALONG_NOTHING || function->along == ALONG_CONCAT))) {
		syntax_fail(lowering->error, E_INVALID, no_axis ? node->axis_position : node->keepdims_position,
			    "%s takes no %s: %s", function->name, no_axis ? "axis" : "keepdims", function->usage);
		return NODE_NONE;
	}
	if (node->reduction != REDUCTION_UNSAID && !function->reduces) {
		syntax_fail(lowering->error, E_INVALID, node->reduction_position,
			    "%s takes no reduction, which is for losses: %s", function->name, function->usage);
		return NODE_NONE;
	}
	if (!within_bounds(lowering, node, function, value, count)) {
		return NODE_NONE;
	}
	if (function->element && !lower_apart(lowering, node->position, value, count)) {
		return NODE_NONE;
	}
	if (function->element) {
		return count == 1 ? lower_unary(lowering, function->op, value[0])
				  : tensor_apply(lowering->graph, function->op, value);
	}
	struct call call = { .node = node,
			     .function = function,
			     .count = count,
			     .value = value,
			     .argument = lowering->ast->link + node->first };
	const size_t result =
		node->has_axis || node->keeps ? lower_axis(lowering, &call) : function->lower(lowering, &call);
	if (function->reduces && lowering->graph->status != OK) { /* of what the loss is made of */
		syntax_fail(lowering->error, lowering->graph->status, node->position, "%s: %s", function->name,
			    lowering->graph->error.text);
	}
	return result;
}
