/*
 * From tokens to the syntax tree, by precedence climbing.
 *
 *   statements  name = expression; ...; expression
 *   expression  sum [< <= > >= sum]
 *   operators   + -, then * / @ (left to right), then unary - and +, then ** and ^ (right to left, whose right side
 *               may have a sign), then calls, indices and .T
 *
 * Calls: parser_call.c. Every function returns the index of its node, or BAD after an error.
 */
#include <stdlib.h>
#include <string.h>

#include "core/expression/parser.h"

static size_t parse_unary(struct parser *parser);

/* A level down: parentheses, a call's arguments, a sign, an exponent. The text itself is one more. */
static bool enter(struct parser *parser)
{
	if (parser->depth > EXPRESSION_DEPTH_MAX) {
		parser_fail(parser, E_TOO_LARGE, "the expression is nested too deeply");
		return false;
	}
	parser->depth++;
	return true;
}

static size_t add_binary(struct parser *parser, enum ast_kind kind, char symbol, size_t position, size_t a, size_t b)
{
	struct ast_node node = { .kind = (uint8_t)kind, .symbol = symbol, .position = (uint16_t)position };
	return a == BAD || b == BAD ? BAD : parser_add(parser, node, (size_t[]){ a, b }, 2);
}

static const char an_index[] = "an index is a whole number of at most 1e9, written out";

/* The : before a step is the current token; there may be none behind it. */
static bool parse_step(struct parser *parser, struct ast_range *range)
{
	if (!lexer_next(&parser->lexer)) {
		return false;
	}
	if (is_operator(parser, ',') || is_operator(parser, ']')) {
		return true;
	}
	if (!parser_integer(parser, an_index, &range->step)) {
		return false;
	}
	if (range->step == 0) {
		return syntax_fail(parser->lexer.error, E_INVALID, range->position, "a step of 0 goes nowhere");
	}
	return true;
}

static bool parse_range(struct parser *parser, struct ast_range *range)
{
	*range = (struct ast_range){ .position = (uint16_t)parser->lexer.token.position, .step = 1 };
	if (token_is(&parser->lexer.token, "None")) {
		range->axis = true;
		return lexer_next(&parser->lexer);
	}
	if (!is_operator(parser, ':')) {
		range->has_start = true;
		if (!parser_integer(parser, an_index, &range->start)) {
			return false;
		}
	}
	if (!is_operator(parser, ':')) {
		return true;
	}
	range->range = true;
	if (!lexer_next(&parser->lexer)) {
		return false;
	}
	range->has_stop = !is_operator(parser, ',') && !is_operator(parser, ']') && !is_operator(parser, ':');
	if (range->has_stop && !parser_integer(parser, an_index, &range->stop)) {
		return false;
	}
	return !is_operator(parser, ':') || parse_step(parser, range);
}

/* [2], [1:3], [0, :], [:, None] behind a value; the [ is the current token. */
static size_t parse_index(struct parser *parser, size_t target)
{
	struct ast *ast = parser->ast;
	struct ast_node node = { .kind = AST_INDEX,
				 .position = (uint16_t)parser->lexer.token.position,
				 .range = (uint16_t)ast->ranges };
	do {
		if (node.ranges == 2) {
			return parser_fail(parser, E_INVALID, "an index has at most two parts");
		}
		if (ast->ranges >= EXPRESSION_NODES_MAX) {
			return parser_fail(parser, E_TOO_LARGE, "the expression has too many indices");
		}
		if (!lexer_next(&parser->lexer) || !parse_range(parser, &ast->range[ast->ranges])) {
			return BAD;
		}
		ast->ranges++;
		node.ranges++;
	} while (is_operator(parser, ','));
	if (!is_operator(parser, ']')) {
		return parser_fail(parser, E_INVALID, "a ] is missing");
	}
	return lexer_next(&parser->lexer) ? parser_add(parser, node, &target, 1) : BAD;
}

/* FNV-1a (Fowler, Noll, Vo), the upper bits folded in. */
static size_t hash_name(const char *name, size_t length)
{
	uint32_t hash = 0x811c9dc5u;
	for (size_t i = 0; i < length; i++) {
		hash = (hash ^ (unsigned char)name[i]) * 0x01000193u;
	}
	return (hash ^ hash >> 16) % BUCKETS;
}

/* A name: of a statement before, of a function that is called, or of the scope. */
static size_t parse_name(struct parser *parser)
{
	const struct token *token = &parser->lexer.token;
	struct ast_node node = { .kind = AST_NAME,
				 .position = (uint16_t)token->position,
				 .name = token->name,
				 .name_length = (uint16_t)token->name_length,
				 .quoted = token->quoted };
	bool quoted = token->quoted;
	if (!lexer_next(&parser->lexer)) {
		return BAD;
	}
	if (!quoted && is_operator(parser, '(')) {
		return parser_call(parser, node);
	}
	const struct ast_binding *binding = parser->ast->binding;
	for (size_t i = parser->bound[hash_name(node.name, node.name_length)]; i > 0; i = binding->next) {
		binding = &parser->ast->binding[i - 1];
		if (binding->name_length == node.name_length &&
		    memcmp(binding->name, node.name, node.name_length) == 0) {
			return binding->node;
		}
	}
	return parser_add(parser, node, NULL, 0);
}

static size_t parse_primary(struct parser *parser)
{
	const struct token *token = &parser->lexer.token;
	if (token->kind == TOKEN_NUMBER) {
		struct ast_node node = { .kind = AST_NUMBER,
					 .position = (uint16_t)token->position,
					 .number = token->number };
		return lexer_next(&parser->lexer) ? parser_add(parser, node, NULL, 0) : BAD;
	}
	if (token->kind == TOKEN_NAME) {
		return parse_name(parser);
	}
	if (token->kind == TOKEN_END) {
		return parser_fail(parser, E_INVALID, "the expression ends where a value is missing");
	}
	if (!is_operator(parser, '(')) {
		return parser_fail(parser, E_INVALID, "a value is missing here");
	}
	if (!lexer_next(&parser->lexer)) {
		return BAD;
	}
	size_t value = parser_expression(parser);
	if (value != BAD && !is_operator(parser, ')')) {
		return parser_fail(parser, E_INVALID, "a ) is missing");
	}
	return value != BAD && lexer_next(&parser->lexer) ? value : BAD;
}

static size_t parse_postfix(struct parser *parser)
{
	size_t value = parse_primary(parser);
	while (value != BAD && (is_operator(parser, '[') || is_operator(parser, '.'))) {
		if (is_operator(parser, '[')) {
			value = parse_index(parser, value);
			continue;
		}
		struct ast_node node = { .kind = AST_CALL,
					 .position = (uint16_t)parser->lexer.token.position,
					 .name = "transpose",
					 .name_length = 9 };
		if (!lexer_next(&parser->lexer)) {
			return BAD;
		}
		if (parser->lexer.token.kind != TOKEN_NAME || parser->lexer.token.name_length != 1 ||
		    parser->lexer.token.name[0] != 'T') {
			return parser_fail(
				parser, E_INVALID,
				"only .T may follow a point; a function is called by its name alone, as in sin(x) "
				"or sum(u)");
		}
		value = lexer_next(&parser->lexer) ? parser_add(parser, node, &value, 1) : BAD;
	}
	return value;
}

static size_t parse_power(struct parser *parser)
{
	size_t base = parse_postfix(parser);
	if (base == BAD || parser->lexer.token.kind != TOKEN_POWER) {
		return base;
	}
	size_t position = parser->lexer.token.position;
	if (!lexer_next(&parser->lexer) || !enter(parser)) {
		return BAD;
	}
	size_t exponent = parse_unary(parser);
	parser->depth--;
	return add_binary(parser, AST_BINARY, '^', position, base, exponent);
}

static size_t parse_unary(struct parser *parser)
{
	size_t value = BAD;
	if (!is_operator(parser, '-') && !is_operator(parser, '+')) {
		return parse_power(parser);
	}
	if (!enter(parser)) {
		return BAD;
	}
	bool minus = is_operator(parser, '-');
	struct ast_node node = { .kind = AST_NEGATE, .position = (uint16_t)parser->lexer.token.position };
	if (lexer_next(&parser->lexer)) {
		value = parse_unary(parser);
	}
	if (minus && value != BAD) {
		value = parser_add(parser, node, &value, 1);
	}
	parser->depth--;
	return value;
}

static size_t parse_term(struct parser *parser)
{
	size_t value = parse_unary(parser);
	while (value != BAD && (is_operator(parser, '*') || is_operator(parser, '/') || is_operator(parser, '@'))) {
		struct token token = parser->lexer.token;
		if (!lexer_next(&parser->lexer)) {
			return BAD;
		}
		value = add_binary(parser, AST_BINARY, token.symbol, token.position, value, parse_unary(parser));
	}
	return value;
}

static size_t parse_sum(struct parser *parser)
{
	size_t value = parse_term(parser);
	while (value != BAD && (is_operator(parser, '+') || is_operator(parser, '-'))) {
		struct token token = parser->lexer.token;
		if (!lexer_next(&parser->lexer)) {
			return BAD;
		}
		value = add_binary(parser, AST_BINARY, token.symbol, token.position, value, parse_term(parser));
	}
	return value;
}

size_t parser_expression(struct parser *parser)
{
	if (!enter(parser)) {
		return BAD;
	}
	size_t value = parse_sum(parser);
	struct token token = parser->lexer.token;
	char symbol = token.kind == TOKEN_LESS_EQUAL                         ? 'l'
		      : token.kind == TOKEN_GREATER_EQUAL                    ? 'g'
		      : is_operator(parser, '<') || is_operator(parser, '>') ? token.symbol
									     : '\0';
	if (value != BAD && symbol != '\0') {
		value = lexer_next(&parser->lexer)
				? add_binary(parser, AST_COMPARE, symbol, token.position, value, parse_sum(parser))
				: BAD;
	}
	parser->depth--;
	return value;
}

/* Binds `node`, which must be a name, to the expression behind the = that is the current token. */
static bool parse_binding(struct parser *parser, const struct token *name)
{
	struct ast *ast = parser->ast;
	struct ast_binding binding = { name->name, (uint16_t)name->name_length, (uint16_t)name->position, 0, 0 };
	if (ast->bindings >= EXPRESSION_NODES_MAX) {
		parser_fail(parser, E_TOO_LARGE, "the expression has too many statements");
		return false;
	}
	if (!lexer_next(&parser->lexer)) {
		return false;
	}
	const size_t value = parser_expression(parser);
	if (value == BAD) {
		return false;
	}
	binding.node = (uint16_t)value;
	uint16_t *bound = &parser->bound[hash_name(binding.name, binding.name_length)];
	binding.next = *bound;
	ast->binding[ast->bindings++] = binding;
	*bound = (uint16_t)ast->bindings;
	if (!is_operator(parser, ';')) {
		parser_fail(parser, E_INVALID, "a ; is missing, and behind it the expression that is meant");
		return false;
	}
	return lexer_next(&parser->lexer);
}

static bool parse_statements(struct parser *parser)
{
	for (;;) {
		struct lexer before = parser->lexer;
		if (before.token.kind == TOKEN_NAME && !before.token.quoted) {
			if (!lexer_next(&parser->lexer)) {
				return false;
			}
			if (is_operator(parser, '=')) {
				if (!parse_binding(parser, &before.token)) {
					return false;
				}
				continue;
			}
			parser->lexer = before;
		}
		parser->ast->root = parser_expression(parser);
		if (parser->ast->root == BAD) {
			return false;
		}
		if (parser->lexer.token.kind == TOKEN_END) {
			return true;
		}
		parser_fail(parser, E_INVALID,
			    is_operator(parser, ')')   ? "this ) closes nothing"
			    : is_operator(parser, ']') ? "this ] closes nothing"
			    : is_operator(parser, ';') ? "an expression before a ; needs a name, as in z = x + 1; z**2"
			    : is_operator(parser, '=') ? "only a name may stand before ="
						       : "an operator is missing here");
		return false;
	}
}

bool ast_parse(struct ast *ast, const char *text, size_t length, struct expression_error *error)
{
	struct parser parser = { .lexer = { .text = text, .length = length, .error = error }, .ast = ast };
	*ast = (struct ast){ .nodes = 0 };
	if (length > EXPRESSION_LENGTH_MAX) {
		return syntax_fail(error, E_TOO_LARGE, EXPRESSION_LENGTH_MAX, "an expression has at most %d characters",
				   EXPRESSION_LENGTH_MAX);
	}
	/* Each token makes at most one node, one link and so on. */
	size_t room = length + 2 < EXPRESSION_NODES_MAX ? length + 2 : EXPRESSION_NODES_MAX;
	parser.room = 2 * room;
	ast->node = malloc(room * sizeof *ast->node);
	ast->link = malloc(parser.room * sizeof *ast->link);
	ast->range = malloc((room + 1) * sizeof *ast->range);
	ast->binding = malloc((room + 1) * sizeof *ast->binding);
	if (ast->node == NULL || ast->link == NULL || ast->range == NULL || ast->binding == NULL) {
		return syntax_fail(error, E_MEMORY, 0, "out of memory for the expression");
	}
	if (!lexer_next(&parser.lexer)) {
		return false;
	}
	if (parser.lexer.token.kind == TOKEN_END) {
		return syntax_fail(error, E_INVALID, 0, "the expression is empty");
	}
	return parse_statements(&parser);
}

void ast_free(struct ast *ast)
{
	free(ast->node);
	free(ast->link);
	free(ast->range);
	free(ast->binding);
}
