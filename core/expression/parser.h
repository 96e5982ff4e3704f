/* The parts of the parser; private to core/expression. Functions that make a node return its index, or BAD after an
 * error, which is then set. */
#ifndef CORE_EXPRESSION_PARSER_H
#define CORE_EXPRESSION_PARSER_H

#include <string.h>

#include "core/expression/syntax.h"

#define BAD SIZE_MAX

enum { BUCKETS = 128 };

struct parser {
	struct lexer lexer;
	struct ast *ast;
	size_t depth, room;
	uint16_t bound[BUCKETS]; /* newest binding by hash: its index and 1; 0: none */
};

static inline bool token_is(const struct token *token, const char *word)
{
	return token->kind == TOKEN_NAME && !token->quoted && token->name_length == strlen(word) &&
	       memcmp(token->name, word, token->name_length) == 0;
}

static inline bool is_operator(const struct parser *parser, char symbol)
{
	return parser->lexer.token.kind == TOKEN_OPERATOR && parser->lexer.token.symbol == symbol;
}

/* Says what is wrong with the current token; returns BAD. */
size_t parser_fail(struct parser *parser, enum status status, const char *text);
/* A node behind all others; E_TOO_LARGE where there are too many. */
size_t parser_add(struct parser *parser, struct ast_node node, const size_t *child, size_t count);
/* A whole number, maybe with a sign; `what` says so where it is none. */
bool parser_integer(struct parser *parser, const char *what, int32_t *out);

size_t parser_expression(struct parser *parser);
/* name(a, b, ...); the ( is the current token. */
size_t parser_call(struct parser *parser, struct ast_node node);

#endif
