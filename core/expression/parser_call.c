/*
 * Calls in the syntax tree: arguments by place and by name, and those that belong to the call itself: axis, keepdims,
 * reduction.
 */
#include <string.h>

#include "core/expression/parser.h"

static const char an_axis[] = "an axis is a whole number, or None for all";

/* True or False, or as numbers 1 and 0. */
static bool parse_truth(struct parser *parser, bool *out)
{
	const struct token *token = &parser->lexer.token;
	const bool number = token->kind == TOKEN_NUMBER && (token->number == 0 || token->number == 1);
	if (!number && !token_is(token, "True") && !token_is(token, "False")) {
		parser_fail(parser, E_INVALID, "keepdims is True or False");
		return false;
	}
	*out = number ? token->number == 1 : token_is(token, "True");
	return lexer_next(&parser->lexer);
}

/* reduction=sum; the name behind the = is the current token. */
static bool parse_reduction(struct parser *parser, struct ast_node *node)
{
	static const char *const names[] = { "mean", "sum", "none", "batchmean" };
	const struct token *token = &parser->lexer.token;
	for (size_t i = 0; token->kind == TOKEN_NAME && i < sizeof names / sizeof *names; i++) {
		if (token->name_length == strlen(names[i]) && memcmp(token->name, names[i], token->name_length) == 0) {
			node->reduction = (uint8_t)(REDUCTION_MEAN + i);
			return lexer_next(&parser->lexer);
		}
	}
	parser_fail(parser, E_INVALID, "a reduction is mean, sum, none or batchmean");
	return false;
}

/* True and False as 1 and 0, which only the value of a named argument may be; else an expression. */
static size_t parse_setting(struct parser *parser)
{
	const struct token *token = &parser->lexer.token;
	struct ast_node node = { .kind = AST_NUMBER,
				 .position = (uint16_t)token->position,
				 .number = token_is(token, "True") };
	if (!token_is(token, "True") && !token_is(token, "False")) {
		return parser_expression(parser);
	}
	return lexer_next(&parser->lexer) ? parser_add(parser, node, NULL, 0) : BAD;
}

/* An argument of a call: its value, or BAD. Of axis=, keepdims= and reduction=, which the call's node takes,
 * *own is set. */
static size_t parse_argument(struct parser *parser, struct ast_node *call, bool *own)
{
	const struct lexer before = parser->lexer;
	const struct token *token = &before.token;
	*own = false;
	if (token->kind != TOKEN_NAME || token->quoted) {
		return parser_expression(parser);
	}
	if (!lexer_next(&parser->lexer)) {
		return BAD;
	}
	if (!is_operator(parser, '=')) {
		parser->lexer = before;
		return parser_expression(parser);
	}
	const bool axis = token_is(token, "axis"), reduction = token_is(token, "reduction");
	const bool keepdims = token_is(token, "keepdims");
	if ((axis && call->has_axis) || (reduction && call->reduction != REDUCTION_UNSAID) ||
	    (keepdims && call->keepdims_position > 0)) {
		parser->lexer = before;
		return parser_fail(parser, E_INVALID, "this argument is there already");
	}
	if (!lexer_next(&parser->lexer)) {
		return BAD;
	}
	if (axis) {
		*own = call->has_axis = true;
		call->axis_position = (uint16_t)token->position;
		if (token_is(&parser->lexer.token, "None")) {
			call->has_axis = false;
			return lexer_next(&parser->lexer) ? 0 : BAD;
		}
		return parser_integer(parser, an_axis, &call->axis) ? 0 : BAD;
	}
	if (keepdims) {
		*own = true;
		call->keepdims_position = (uint16_t)token->position;
		return parse_truth(parser, &call->keeps) ? 0 : BAD;
	}
	if (reduction) {
		*own = true;
		call->reduction_position = (uint16_t)token->position;
		return parse_reduction(parser, call) ? 0 : BAD;
	}
	const struct expression_function *function = expression_function_find(call->name, call->name_length);
	if (function != NULL && expression_argument_find(function, token->name, token->name_length) == function->most) {
		expression_no_argument(function, token, parser->lexer.error);
		return BAD;
	}
	size_t value = parse_setting(parser);
	struct ast_node named = { .kind = AST_NAMED,
				  .position = (uint16_t)token->position,
				  .name = token->name,
				  .name_length = (uint16_t)token->name_length };
	return value == BAD ? BAD : parser_add(parser, named, &value, 1);
}

/* name(a, b, ...); the ( is the current token. */
size_t parser_call(struct parser *parser, struct ast_node node)
{
	enum { ARGUMENTS_MAX = 32 };
	size_t argument[ARGUMENTS_MAX], count = 0;
	node.kind = AST_CALL;
	if (!lexer_next(&parser->lexer)) {
		return BAD;
	}
	while (!is_operator(parser, ')')) {
		if (count == ARGUMENTS_MAX) {
			return parser_fail(parser, E_INVALID, "a function takes at most 32 arguments");
		}
		bool own;
		size_t value = parse_argument(parser, &node, &own);
		if (value == BAD) {
			return BAD;
		}
		argument[count] = value;
		count += !own;
		if (is_operator(parser, ',')) {
			if (!lexer_next(&parser->lexer)) {
				return BAD;
			}
			if (is_operator(parser, ')')) {
				return parser_fail(parser, E_INVALID, "an argument is missing");
			}
		} else if (!is_operator(parser, ')')) {
			return parser_fail(parser, E_INVALID, "a , or a ) is missing");
		}
	}
	return lexer_next(&parser->lexer) ? parser_add(parser, node, argument, count) : BAD;
}
