/* What all parts of the parser do: say what is wrong at the current token, add a node, read a whole number. */
#include <math.h>

#include "core/expression/parser.h"

/* Whether the current token is another language's way of choosing, where this one has where(). */
static const char *choice(const struct parser *parser)
{
	const struct token *token = &parser->lexer.token;
	const bool compares = token->kind == TOKEN_LESS_EQUAL || token->kind == TOKEN_GREATER_EQUAL ||
			      (token->kind == TOKEN_OPERATOR && (token->symbol == '<' || token->symbol == '>'));
	if (compares || token_is(token, "and") || token_is(token, "or")) {
		return CONDITIONS_NEST;
	}
	return token_is(token, "if") ? "a choice is written where(condition, a, b)" : NULL;
}

size_t parser_fail(struct parser *parser, enum status status, const char *text)
{
	const struct token *token = &parser->lexer.token;
	size_t size;
	if (choice(parser) != NULL) {
		syntax_fail(parser->lexer.error, status, token->position, "%s: %s", text, choice(parser));
	}
	const char *typed =
		token->kind == TOKEN_NAME && !token->quoted ? lookalike(token->name, token->name_length, &size) : NULL;
	if (typed != NULL) {
		syntax_fail(parser->lexer.error, status, token->position, "write %s for the character %.*s", typed,
			    (int)size, token->name);
	}
	syntax_fail(parser->lexer.error, status, token->position, "%s", text);
	return BAD;
}

size_t parser_add(struct parser *parser, struct ast_node node, const size_t *child, size_t count)
{
	struct ast *ast = parser->ast;
	if (ast->nodes >= EXPRESSION_NODES_MAX || ast->links + count > parser->room) {
		syntax_fail(
			parser->lexer.error, E_TOO_LARGE, node.position,
			"the expression has more than %d names, numbers, operators and calls: this one is beyond the "
			"limit",
			EXPRESSION_NODES_MAX);
		return BAD;
	}
	node.first = (uint16_t)ast->links;
	node.count = (uint16_t)count;
	for (size_t k = 0; k < count; k++) {
		ast->link[ast->links + k] = (uint16_t)child[k];
	}
	ast->links += count;
	ast->node[ast->nodes] = node;
	return ast->nodes++;
}

bool parser_integer(struct parser *parser, const char *what, int32_t *out)
{
	bool negative = is_operator(parser, '-');
	if (negative && !lexer_next(&parser->lexer)) {
		return false;
	}
	const struct token *token = &parser->lexer.token;
	if (token->kind != TOKEN_NUMBER || token->number != floor(token->number) || token->number > 1e9) {
		parser_fail(parser, E_INVALID, what);
		return false;
	}
	*out = (negative ? -1 : 1) * (int32_t)token->number;
	return lexer_next(&parser->lexer);
}
