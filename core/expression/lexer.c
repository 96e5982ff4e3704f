#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/expression/syntax.h"

bool syntax_fail(struct expression_error *error, enum status status, size_t position, const char *format, ...)
{
	if (error->status != OK) {
		return false;
	}
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	error->status = status;
	error->position = position;
	return false;
}

size_t expression_character(const char *text, size_t position)
{
	size_t count = 0;
	for (size_t i = 0; i < position && text[i] != '\0'; i++) {
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	}
	return count;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* Letters, digits and _ of ASCII, and whatever is not ASCII. */
static bool is_name(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80 || is_digit(c);
}

static int at(const struct lexer *lexer, size_t ahead)
{
	return lexer->at + ahead < lexer->length ? (unsigned char)lexer->text[lexer->at + ahead] : -1;
}

static size_t digits(struct lexer *lexer)
{
	size_t count = 0;
	for (; is_digit(at(lexer, 0)); lexer->at++) {
		count++;
	}
	return count;
}

/* 12, 1.5, .5, 2.5E2, 1e-3 */
static bool read_number(struct lexer *lexer)
{
	size_t begin = lexer->at, count = digits(lexer);
	char copy[EXPRESSION_LENGTH_MAX + 1];
	if (at(lexer, 0) == '.') {
		lexer->at++;
		count += digits(lexer);
	}
	bool whole = count > 0;
	if (whole && (at(lexer, 0) == 'e' || at(lexer, 0) == 'E')) {
		lexer->at++;
		lexer->at += at(lexer, 0) == '+' || at(lexer, 0) == '-';
		whole = digits(lexer) > 0;
	}
	size_t length = lexer->at - begin;
	if (whole && at(lexer, 0) != '.' && is_name(at(lexer, 0))) {
		return syntax_fail(lexer->error, E_INVALID, begin,
				   "this is not a number; a product is written with *, as in 2*x");
	}
	if (!whole || length >= sizeof copy || at(lexer, 0) == '.') { /* a text is no longer than a copy */
		return syntax_fail(lexer->error, E_INVALID, begin, "this is not a number");
	}
	memcpy(copy, lexer->text + begin, length);
	copy[length] = '\0';
	lexer->token.kind = TOKEN_NUMBER;
	lexer->token.number = strtod(copy, NULL);
	if (!isfinite(lexer->token.number)) {
		return syntax_fail(lexer->error, E_INVALID, begin, "the number %.40s%s is too large", copy,
				   length > 40 ? "..." : "");
	}
	return true;
}

static bool read_quoted(struct lexer *lexer, int quote)
{
	size_t begin = lexer->at + 1;
	for (lexer->at++; at(lexer, 0) != quote; lexer->at++) {
		if (at(lexer, 0) < 0) {
			return syntax_fail(lexer->error, E_INVALID, begin - 1, "the quoted name does not end");
		}
	}
	lexer->token.kind = TOKEN_NAME;
	lexer->token.quoted = true;
	lexer->token.name = lexer->text + begin;
	lexer->token.name_length = lexer->at - begin;
	lexer->at++;
	return true;
}

static bool read_name(struct lexer *lexer)
{
	size_t begin = lexer->at;
	while (is_name(at(lexer, 0))) {
		lexer->at++;
	}
	lexer->token.kind = TOKEN_NAME;
	lexer->token.name = lexer->text + begin;
	lexer->token.name_length = lexer->at - begin;
	return true;
}

static bool read_operator(struct lexer *lexer, int c)
{
	struct token *token = &lexer->token;
	token->kind = TOKEN_OPERATOR;
	token->symbol = (char)c;
	lexer->at++;
	if (c == '^' || (c == '*' && at(lexer, 0) == '*')) {
		token->kind = TOKEN_POWER;
		lexer->at += c == '*';
	} else if ((c == '<' || c == '>') && at(lexer, 0) == '=') {
		token->kind = c == '<' ? TOKEN_LESS_EQUAL : TOKEN_GREATER_EQUAL;
		lexer->at++;
	} else if (c == '=' && at(lexer, 0) == '=') {
		return syntax_fail(lexer->error, E_INVALID, lexer->at - 1,
				   "== has no gradient; where() takes <, <=, > and >=");
	}
	return true;
}

/* A character that is not the language's: what to write instead, where that is known. */
static bool refuse(struct lexer *lexer, int c)
{
	static const struct {
		char character;
		const char *instead;
	} known[] = {
		{ '&', CONDITIONS_NEST },
		{ '|', CONDITIONS_NEST },
		{ '#', "an expression has no comments" },
		{ '?', "write where(condition, a, b)" },
		{ '%', "there is no remainder here" },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (c == known[i].character) {
			return syntax_fail(lexer->error, E_INVALID, lexer->at,
					   "the character %c means nothing here: %s", c, known[i].instead);
		}
	}
	if (c > 32 && c < 127) {
		return syntax_fail(lexer->error, E_INVALID, lexer->at, "the character %c means nothing here", c);
	}
	return syntax_fail(lexer->error, E_INVALID, lexer->at, "the character %d means nothing here", c);
}

bool lexer_next(struct lexer *lexer)
{
	while (isspace(at(lexer, 0))) {
		lexer->at++;
	}
	int c = at(lexer, 0);
	bool good = true;
	lexer->token = (struct token){ .kind = TOKEN_END, .position = lexer->at };
	if (c < 0) {
		return true;
	}
	if (is_digit(c) || (c == '.' && is_digit(at(lexer, 1)))) {
		good = read_number(lexer);
	} else if (is_name(c)) {
		good = read_name(lexer);
	} else if (c == '"' || c == '\'' || c == '`') {
		good = read_quoted(lexer, c);
	} else if (c != 0 && strchr("+-*/@^()[],;:.=<>", c) != NULL) {
		good = read_operator(lexer, c);
	} else if (c == '!' && at(lexer, 1) == '=') {
		good = syntax_fail(lexer->error, E_INVALID, lexer->at,
				   "!= has no gradient; where() takes <, <=, > and >=");
	} else {
		good = refuse(lexer, c);
	}
	lexer->token.length = lexer->at - lexer->token.position;
	if (good && lexer->token.kind == TOKEN_NAME &&
	    (lexer->token.name_length == 0 || lexer->token.name_length > NAME_MAX_LENGTH)) {
		good = syntax_fail(lexer->error, E_INVALID, lexer->token.position,
				   "a name has between 1 and %d characters", NAME_MAX_LENGTH);
	}
	return good;
}
