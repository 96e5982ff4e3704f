/*
 * From the syntax tree to nodes of a tensor graph: one pass over the tree's array, children first.
 *
 * Some forms are put in a better place on the way: log(1 + exp(z)) and log1p(exp(z)) become softplus(z), which does
 * not overflow, and with softplus(z) - y z or z = -y m one pass over the rows; powers with exponents 2, 3, 1/2 become
 * squares, cubes, roots, and squares of norms the sums that they are the roots of.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/expression/syntax.h"

/* z where the node is exp(z) or 1 + exp(z), NODE_NONE where it is something else. */
static size_t exponent_of(const struct tensor_graph *graph, size_t id, bool plus_one)
{
	const struct tensor_node *node = &graph->node[id];
	double one;
	if (!plus_one) {
		return node->op == TENSOR_exp ? node->input[0] : NODE_NONE;
	}
	for (size_t k = 0; node->op == TENSOR_add && k < 2; k++) {
		if (tensor_constant_value(graph, node->input[k], &one) && one == 1 &&
		    shape_equal(&node->shape, &graph->node[node->input[1 - k]].shape)) {
			return exponent_of(graph, node->input[1 - k], false);
		}
	}
	return NODE_NONE;
}

/* softplus(z); of a margin, -y z or -(y z), one operation. */
static size_t lower_softplus(struct tensor_graph *graph, size_t id)
{
	const struct tensor_node *node = graph->node, *z = &node[id];
	bool negated = z->op == TENSOR_neg;
	if (negated) {
		z = &node[z->input[0]];
	}
	size_t factor[2] = { z->input[0], z->input[1] };
	for (size_t k = 0; z->op == TENSOR_mul && !negated && k < 2; k++) {
		negated = node[factor[k]].op == TENSOR_neg;
		factor[k] = negated ? node[factor[k]].input[0] : factor[k];
	}
	if (z->op != TENSOR_mul || !negated || !shape_equal(&node[factor[0]].shape, &node[factor[1]].shape)) {
		return tensor_unary(graph, TENSOR_softplus, id);
	}
	if (tensor_arity(node[factor[0]].op) == 0) { /* the slope of the first is kept: not that of a column */
		return tensor_binary(graph, TENSOR_margin, factor[1], factor[0]);
	}
	return tensor_binary(graph, TENSOR_margin, factor[0], factor[1]);
}

/* a**2; of norm(r) or std(r) what the root is of, which adds up over rows where the root does not. */
static size_t lower_square(struct tensor_graph *graph, size_t a)
{
	const struct tensor_node *node = &graph->node[a];
	return node->op == TENSOR_root ? node->input[0] : tensor_unary(graph, TENSOR_square, a);
}

size_t lower_unary(struct lowering *lowering, enum tensor_op op, size_t a)
{
	if (failed(lowering) || a == NODE_NONE) {
		return NODE_NONE;
	}
	if (op == TENSOR_log || op == TENSOR_log1p) {
		size_t z = exponent_of(lowering->graph, a, op == TENSOR_log);
		if (z != NODE_NONE) {
			return lower_softplus(lowering->graph, z);
		}
	}
	if (op == TENSOR_softplus) {
		return lower_softplus(lowering->graph, a);
	}
	return op == TENSOR_square ? lower_square(lowering->graph, a) : tensor_unary(lowering->graph, op, a);
}

size_t lower_power(struct lowering *lowering, size_t a, size_t b)
{
	double exponent, base;
	if (failed(lowering)) {
		return NODE_NONE;
	}
	if (tensor_constant_value(lowering->graph, b, &exponent) && shape_of(lowering, b)->rank == 0 &&
	    !tensor_constant_value(lowering->graph, a, &base)) {
		if (exponent == 1) {
			return a;
		}
		if (exponent == 2) {
			return lower_square(lowering->graph, a);
		}
		enum tensor_op op = exponent == 3 ? TENSOR_cube : exponent == 0.5 ? TENSOR_sqrt : TENSOR_power;
		if (op != TENSOR_power) {
			return tensor_unary(lowering->graph, op, a);
		}
	}
	return tensor_binary(lowering->graph, TENSOR_power, a, b);
}

/* a + b; X @ w + b is one operation. */
static size_t lower_sum_of(struct lowering *lowering, size_t a, size_t b)
{
	const struct tensor_graph *graph = lowering->graph;
	for (size_t k = 0; k < 2; k++) {
		const struct tensor_node *product = &graph->node[k == 0 ? a : b];
		const struct shape *bias = shape_of(lowering, k == 0 ? b : a);
		if (product->op == TENSOR_matmul && product->shape.rowed && product->shape.rank == 0 && !bias->rowed &&
		    bias->rank == 0) {
			const size_t input[] = { product->input[0], product->input[1], k == 0 ? b : a };
			return tensor_apply(lowering->graph, TENSOR_affine, input);
		}
	}
	return tensor_binary(lowering->graph, TENSOR_add, a, b);
}

/* a - b; softplus(z) - y z, the logistic loss, is one operation. */
size_t lower_difference(struct lowering *lowering, size_t a, size_t b)
{
	if (failed(lowering) || a == NODE_NONE || b == NODE_NONE) {
		return NODE_NONE;
	}
	const struct tensor_node *plus = &lowering->graph->node[a], *product = &lowering->graph->node[b];
	for (size_t k = 0; plus->op == TENSOR_softplus && product->op == TENSOR_mul && k < 2; k++) {
		size_t z = product->input[k], y = product->input[1 - k];
		if (z == plus->input[0] && shape_equal(shape_of(lowering, z), shape_of(lowering, y))) {
			return tensor_binary(lowering->graph, TENSOR_logistic, z, y);
		}
	}
	return tensor_binary(lowering->graph, TENSOR_sub, a, b);
}

size_t lower_sum(struct lowering *lowering, size_t a)
{
	if (failed(lowering) || a == NODE_NONE) {
		return NODE_NONE;
	}
	struct shape shape = *shape_of(lowering, a);
	if (shape.rank > 0) {
		a = tensor_unary(lowering->graph, TENSOR_sum, a);
	}
	return shape.rowed ? tensor_unary(lowering->graph, TENSOR_SUM_ROWS, a) : a;
}

size_t lower_mean(struct lowering *lowering, size_t a)
{
	if (failed(lowering) || a == NODE_NONE) {
		return NODE_NONE;
	}
	struct shape shape = *shape_of(lowering, a);
	size_t count = shape_size(&shape);
	if (shape.rank > 0) {
		a = tensor_unary(lowering->graph, TENSOR_sum, a);
		if (!failed(lowering) && count > 1) {
			size_t divisor = tensor_number(lowering->graph, (double)count);
			a = failed(lowering) ? NODE_NONE : tensor_binary(lowering->graph, TENSOR_div, a, divisor);
		}
	}
	return shape.rowed && a != NODE_NONE ? tensor_unary(lowering->graph, TENSOR_MEAN_ROWS, a) : a;
}

/* a @ b. Two vectors over rows: a sum over rows; a vector over rows and X: sums over rows of each column. */
size_t lower_product(struct lowering *lowering, size_t a, size_t b)
{
	if (failed(lowering)) {
		return NODE_NONE;
	}
	const struct shape *left = shape_of(lowering, a), *right = shape_of(lowering, b);
	if (left->rowed && right->rowed && left->rank == 0) {
		size_t product = tensor_binary(lowering->graph, TENSOR_mul, a, b);
		return failed(lowering) ? NODE_NONE : tensor_unary(lowering->graph, TENSOR_SUM_ROWS, product);
	}
	return tensor_binary(lowering->graph, TENSOR_matmul, a, b);
}

/* --- names --- */

static bool is_named(const struct ast_node *node, const char *name)
{
	return node->name_length > 0 && *name == *node->name && strlen(name) == node->name_length &&
	       memcmp(name, node->name, node->name_length) == 0;
}

/* A column has the name of a function or a number: in quotes it is the column, without them nobody could tell. */
static size_t lower_hidden(struct lowering *lowering, const struct ast_node *node)
{
	const int length = (int)node->name_length;
	const bool function = expression_function_find(node->name, node->name_length) != NULL;
	syntax_fail(lowering->error, E_INVALID, node->position,
		    "%.*s is %s and a column of the data: write \"%.*s\" for the column%s", length, node->name,
		    function ? "a function" : "a number", length, node->name,
		    function              ? ""
		    : is_named(node, "e") ? ", exp(1) for the number"
					  : ", 2*arcsin(1) for the number");
	return NODE_NONE;
}

/* What the data bring along: rowed, or all rows of it. */
static size_t lower_data(struct lowering *lowering, const struct expression_symbol *symbol)
{
	struct tensor_graph *graph = lowering->graph;
	const struct expression_scope *scope = lowering->scope;
	const size_t leaf = symbol->kind == SYMBOL_COLUMN     ? tensor_column(graph, scope->features, symbol->column)
			    : symbol->kind == SYMBOL_FEATURES ? tensor_features(graph, scope->features)
							      : tensor_target(graph, scope->targets);
	return scope->rows == 0 || leaf == NODE_NONE ? leaf : tensor_stack(graph, leaf, scope->rows);
}

static size_t lower_name(struct lowering *lowering, const struct ast_node *node)
{
	struct tensor_graph *graph = lowering->graph;
	struct expression_symbol *symbol = names_find(lowering, node->name, node->name_length);
	if (symbol != NULL) {
		const bool column = symbol->kind == SYMBOL_COLUMN || symbol->kind == SYMBOL_TARGET;
		if (!node->quoted && column && expression_reserved(symbol->name)) {
			return lower_hidden(lowering, node);
		}
		switch (symbol->node != NODE_NONE ? SYMBOL_PARAMETER : symbol->kind) {
		case SYMBOL_CONSTANT:
			symbol->node = tensor_array(graph, &symbol->shape, symbol->values);
			break;
		case SYMBOL_COLUMN:
		case SYMBOL_FEATURES:
		case SYMBOL_TARGET:
			symbol->node = lower_data(lowering, symbol);
			break;
		case SYMBOL_PARAMETER:
			break;
		}
		return symbol->node;
	}
	if (!node->quoted && is_named(node, "pi")) {
		return tensor_number(graph, M_PI);
	}
	return !node->quoted && is_named(node, "e") ? tensor_number(graph, M_E) : lower_unknown(lowering, node, "name");
}

/* --- operators --- */

/* a.T @ b over rows: sums over the rows of a b, or of a[:, None] * b[None, :]. */
static size_t lower_turned_product(struct lowering *lowering, const struct ast_node *node, size_t a, size_t b)
{
	const struct shape left = *shape_of(lowering, a), right = *shape_of(lowering, b);
	if (!right.rowed || left.rank != 1 || right.rank > 1) {
		char x[64];
		syntax_fail(lowering->error, E_INVALID, node->position,
			    "a transpose with the rows last, @, and %s do not fit: the right side needs the rows first",
			    tensor_shape_text(&right, x));
		return pairs_rows(lowering, "a transpose has the rows last");
	}
	if (right.rank == 1) {
		const struct shape column = { .rowed = true, .rank = 2, .extent = { left.extent[0], 1 } };
		const struct shape row = { .rowed = true, .rank = 2, .extent = { 1, right.extent[0] } };
		a = tensor_reshape(lowering->graph, a, &column);
		b = tensor_reshape(lowering->graph, b, &row);
	}
	size_t product = failed(lowering) ? NODE_NONE : tensor_binary(lowering->graph, TENSOR_mul, a, b);
	return failed(lowering) ? NODE_NONE : tensor_unary(lowering->graph, TENSOR_SUM_ROWS, product);
}

static size_t lower_times_itself(struct tensor_graph *graph, size_t a)
{
	const bool root = graph->node[a].op == TENSOR_root;
	return root ? graph->node[a].input[0] : tensor_binary(graph, TENSOR_mul, a, a);
}

/* One number a row as a column, by a None: x[:, None], or a function of it, number by number. */
static bool is_none_column(const struct tensor_graph *graph, size_t id)
{
	for (int k = 0; k < 32; k++) {
		const struct tensor_node *node = &graph->node[id];
		const size_t first = node->input[0];
		if (!node->shape.rowed || node->shape.rank != 1 || node->shape.extent[0] != 1) {
			return false;
		}
		if (node->op == TENSOR_reshape) {
			return graph->node[first].shape.rowed && graph->node[first].shape.rank == 0;
		}
		if (!tensor_is_element(node->op)) {
			return false;
		}
		const bool second = tensor_arity(node->op) > 1 && graph->node[first].shape.rank == 0;
		id = second ? node->input[1] : first;
	}
	return false;
}

bool lower_apart(struct lowering *lowering, size_t position, const size_t *value, size_t count)
{
	bool column = false, number = false;
	for (size_t k = 0; k < count; k++) {
		const struct shape *shape = shape_of(lowering, value[k]);
		number = number || (shape->rowed && shape->rank == 0);
		column = column || is_none_column(lowering->graph, value[k]);
	}
	if (!column || !number) {
		return true;
	}
	syntax_fail(lowering->error, E_UNSUPPORTED, position,
		    "a column made by None puts each row beside every other: leave the None out for one number a row");
	pairs_rows(lowering, "a column made by None puts each row beside every other");
	return false;
}

static size_t lower_binary(struct lowering *lowering, const struct ast_node *node)
{
	size_t a = lowering->value[lowering->ast->link[node->first]];
	size_t b = lowering->value[lowering->ast->link[node->first + 1]];
	if (node->symbol != '@' && !lower_apart(lowering, node->position, (size_t[]){ a, b }, 2)) {
		return NODE_NONE;
	}
	if (lowering->turned[lowering->ast->link[node->first]]) {
		return lower_turned_product(lowering, node, a, b);
	}
	/* clang-format off */
	switch (node->symbol) {
	case '+': return lower_sum_of(lowering, a, b);
	case '-': return lower_difference(lowering, a, b);
	case '*': return a == b ? lower_times_itself(lowering->graph, a) : tensor_binary(lowering->graph, TENSOR_mul, a, b);
	case '/': return tensor_binary(lowering->graph, TENSOR_div, a, b);
	case '@': return lower_product(lowering, a, b);
	case '^': return lower_power(lowering, a, b);
	case '<': return tensor_binary(lowering->graph, TENSOR_less, a, b);
	case '>': return tensor_binary(lowering->graph, TENSOR_less, b, a);
	case 'l': return tensor_binary(lowering->graph, TENSOR_less_equal, a, b);
	default: return tensor_binary(lowering->graph, TENSOR_less_equal, b, a);
	}
	/* clang-format on */
}

static bool is_transpose(const struct ast_node *node)
{
	return node->kind == AST_CALL && node->name_length == 9 && memcmp(node->name, "transpose", 9) == 0;
}

/* A transpose with the rows last may be multiplied from the right, or transposed back. */
static bool may_turn(struct lowering *lowering, const struct ast_node *node, size_t k)
{
	if (!lowering->turned[lowering->ast->link[node->first + k]] || is_transpose(node) ||
	    (node->kind == AST_BINARY && node->symbol == '@' && k == 0)) {
		return true;
	}
	syntax_fail(lowering->error, E_UNSUPPORTED, node->position,
		    "the transpose of what has the rows first may only stand left of @, as in X.T @ y");
	pairs_rows(lowering, "a transpose has the rows last");
	return false;
}

static size_t lower_node(struct lowering *lowering, const struct ast_node *node)
{
	for (size_t k = 0; k < node->count; k++) {
		const struct ast_node *child = &lowering->ast->node[lowering->ast->link[node->first + k]];
		if (!may_turn(lowering, node, k)) {
			return NODE_NONE;
		}
		if (child->kind == AST_COMPARE && node->kind != AST_CALL) {
			syntax_fail(lowering->error, E_INVALID, child->position,
				    "a comparison may only be the first argument of where");
			return NODE_NONE;
		}
	}
	switch (node->kind) {
	case AST_NUMBER:
		return tensor_number(lowering->graph, node->number);
	case AST_NAME:
		return lower_name(lowering, node);
	case AST_NEGATE:
		return tensor_unary(lowering->graph, TENSOR_neg, lowering->value[lowering->ast->link[node->first]]);
	case AST_BINARY:
	case AST_COMPARE:
		return lower_binary(lowering, node);
	case AST_CALL:
		return lower_call(lowering, node);
	case AST_INDEX:
		return lower_index(lowering, node);
	case AST_NAMED:
		return lowering->value[lowering->ast->link[node->first]];
	}
	return NODE_NONE;
}

static bool check_bindings(struct lowering *lowering)
{
	for (size_t i = 0; i < lowering->ast->bindings; i++) {
		const struct ast_binding *binding = &lowering->ast->binding[i];
		struct ast_node name = { .name = binding->name, .name_length = binding->name_length };
		bool taken = is_named(&name, "pi") || is_named(&name, "e") ||
			     expression_function_find(name.name, name.name_length) != NULL;
		if (taken || names_find(lowering, name.name, name.name_length) != NULL) {
			return syntax_fail(lowering->error, E_INVALID, binding->position,
					   "the name %.*s means something already", (int)name.name_length, name.name);
		}
	}
	return true;
}

static void lower(struct lowering *lowering, size_t *result)
{
	const struct ast *ast = lowering->ast;
	for (size_t i = 0; i < lowering->scope->symbols; i++) {
		struct expression_symbol *symbol = &lowering->scope->symbol[i];
		if (symbol->kind == SYMBOL_PARAMETER && symbol->node == NODE_NONE) {
			symbol->node = tensor_parameter(lowering->graph, symbol->name, &symbol->shape);
		}
	}
	check_bindings(lowering);
	for (size_t i = 0; i < ast->nodes && !failed(lowering); i++) {
		lowering->turned[i] = false;
		lowering->value[i] = lower_node(lowering, &ast->node[i]);
		if (lowering->graph->status != OK) {
			syntax_fail(lowering->error, lowering->graph->status, ast->node[i].position, "%s",
				    lowering->graph->error.text);
		}
	}
	if (!failed(lowering) && ast->node[ast->root].kind == AST_COMPARE) {
		syntax_fail(lowering->error, E_INVALID, ast->node[ast->root].position,
			    "a comparison may only be the first argument of where");
	}
	if (!failed(lowering) && lowering->turned[ast->root]) {
		syntax_fail(lowering->error, E_INVALID, ast->node[ast->root].position,
			    "the result has the rows last: it is neither a number nor one value for each row");
	}
	if (!failed(lowering)) {
		*result = lowering->value[ast->root];
	}
}

void lower_tree(struct tensor_graph *graph, const struct ast *ast, struct expression_scope *scope,
		struct formula_tree **formulas, size_t *result, struct expression_error *error)
{
	struct lowering lowering = { .graph = graph, .formulas = formulas, .scope = scope, .ast = ast, .error = error };
	lowering.value = malloc((ast->nodes + 1) * sizeof *lowering.value);
	lowering.turned = malloc((ast->nodes + 1) * sizeof *lowering.turned);
	if (lowering.value == NULL || lowering.turned == NULL || !names_index(&lowering)) {
		syntax_fail(error, E_MEMORY, 0, "out of memory for the expression");
	} else {
		lower(&lowering, result);
	}
	free(lowering.value);
	free(lowering.turned);
	free(lowering.place);
}

enum status expression_build(struct tensor_graph *graph, const char *text, size_t length,
			     struct expression_scope *scope, size_t *result, struct expression_error *error)
{
	struct ast ast;
	struct formula_tree *formulas = NULL;
	*error = (struct expression_error){ .status = OK };
	graph->node_limit = EXPRESSION_OPERATIONS_MAX;
	if (ast_parse(&ast, text, length, error)) {
		lower_tree(graph, &ast, scope, &formulas, result, error);
	}
	formulas_free(formulas);
	ast_free(&ast);
	if (error->status == OK && graph->status != OK) { /* a parameter that the text does not name had no memory */
		syntax_fail(error, graph->status, 0, "%s", graph->error.text);
	}
	return error->status;
}
