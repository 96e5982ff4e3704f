/*
 * Functions that are written in the dialect itself: losses and activations by name, each a formula of its arguments,
 * of which the last may have presets. What a loss says is one value for each number or row, reduced behind it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/expression/syntax.h"

/* The names in "z, y, q", into symbols that are those nodes. */
static void name_arguments(const char *names, char room[][16], struct expression_symbol *symbol, const size_t *value,
			   size_t count)
{
	for (size_t k = 0; k < count; k++) {
		size_t length = strcspn(names, ",");
		memcpy(room[k], names, length);
		room[k][length] = '\0';
		symbol[k] = (struct expression_symbol){ .name = room[k], .kind = SYMBOL_CONSTANT, .node = value[k] };
		names += length + strspn(names + length, ", ");
	}
}

/* The tree of a function's formula; NULL, with the error set, when there is no memory. */
static const struct ast *tree_of(struct formula_tree **formulas, const struct expression_function *function,
				 struct expression_error *error)
{
	for (struct formula_tree *tree = *formulas; tree != NULL; tree = tree->next) {
		if (tree->function == function) {
			return &tree->ast;
		}
	}
	struct formula_tree *tree = malloc(sizeof *tree);
	if (tree == NULL) {
		syntax_fail(error, E_MEMORY, 0, "out of memory for the expression");
		return NULL;
	}
	*tree = (struct formula_tree){ .function = function, .next = *formulas };
	*formulas = tree;
	return ast_parse(&tree->ast, function->formula, strlen(function->formula), error) ? &tree->ast : NULL;
}

void formulas_free(struct formula_tree *formulas)
{
	for (struct formula_tree *tree = formulas, *next; tree != NULL; tree = next) {
		next = tree->next;
		ast_free(&tree->ast);
		free(tree);
	}
}

size_t lower_formula(struct lowering *lowering, const struct call *call)
{
	const struct expression_function *function = call->function;
	struct expression_symbol symbol[FORMULA_ARGUMENTS];
	struct expression_error error = { .status = OK };
	char room[FORMULA_ARGUMENTS][16];
	size_t value[FORMULA_ARGUMENTS], result = NODE_NONE;
	for (size_t k = 0; k < function->most; k++) {
		value[k] = k < call->count ? call->value[k]
					   : tensor_number(lowering->graph, function->preset[k - function->least]);
	}
	if (lowering->graph->status != OK) {
		return NODE_NONE;
	}
	name_arguments(function->names, room, symbol, value, function->most);
	struct expression_scope scope = { .symbol = symbol, .symbols = function->most };
	const struct ast *tree = tree_of(lowering->formulas, function, &error);
	if (tree != NULL) {
		lower_tree(lowering->graph, tree, &scope, lowering->formulas, &result, &error);
	}
	if (error.status != OK) {
		syntax_fail(lowering->error, error.status, call->node->position, "%s: %s", function->name, error.text);
		return NODE_NONE;
	}
	return function->reduces ? lower_reduced(lowering, call, result, NODE_NONE) : result;
}
