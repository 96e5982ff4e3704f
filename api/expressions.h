/* POST /v1/expressions/evaluate: value and gradient of an expression at a point. */
#ifndef API_EXPRESSIONS_H
#define API_EXPRESSIONS_H

#include "api/json.h"
#include "api/problem.h"
#include "core/expression/expression.h"

/* Reads {"expression", "variables": {name: number | [..] | [[..]]}} and writes {"value", "gradient"}. OK, or E_INVALID
 * with `problem` set, E_MEMORY. */
enum status expressions_evaluate(const char *body, size_t length, struct text *out, struct problem *problem);
/* Bytes that this takes at most of such a body; an evaluation itself is bounded. */
uint64_t expressions_memory(const char *body, size_t length);

/* Notes what is wrong with the expression at `pointer`, with its place counted in characters. */
void expression_fault(struct problem *problem, const char *pointer, const char *text,
		      const struct expression_error *error);

/* A number, a list of numbers or a list of such lists, of at most `limit` numbers in all; values lie in the arena.
 * False when it is something else (noted). */
bool tensor_read(struct reader *reader, const struct at *at, const cJSON *item, size_t limit, struct shape *shape,
		 const double **values);

#endif
