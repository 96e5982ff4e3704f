/*
 * Expressions at their limits, written to cost as much time and memory as a text can: what tests/core/test_hostile.c
 * and tests/bench/bench_hostile.c send through parser and planner. Each is made of a pattern in which $ stands for a
 * number that differs from part to part.
 */
#ifndef TESTS_SUPPORT_HOSTILE_H
#define TESTS_SUPPORT_HOSTILE_H

#include <stdio.h>
#include <string.h>

#include "core/expression/evaluate.h"

/* head, then `part` as often as the length allows (at most `most` times), each with a `close` at the end; then tail. */
struct hostile {
	const char *name, *head, *part, *close, *tail;
	size_t most;
};

/* clang-format off */
static const struct hostile hostile[] = {
	{ "parentheses", "", "(", ")", NULL, 98 },
	{ "parentheses, too deep", "", "(", ")", NULL, 0 },
	{ "signs", "", "-", "", "x", 0 },
	{ "sum of names", "x", "+x", "", "", 0 },
	{ "sum of distinct numbers", "0", "+$*x", "", "", 0 },
	{ "sum of distinct powers", "0", "+(x-$)**4", "", "", 0 },
	{ "sum of squares", "0", "+(x-$)**2", "", "", 0 },
	{ "long numbers", "0", "+0.$00000000000000000000000000001e-300*x", "", "", 0 },
	{ "hardtanh, chained", "b0=x", ";b%=hardtanh(b^+$)", "", ";b%", 0 },
	{ "hardtanh of distinct", "0", "+hardtanh(x+$)", "", "", 0 },
	{ "hardtanh of vectors", "0", "+sum(hardtanh(u+$))", "", "", 0 },
	{ "hardswish of distinct", "0", "+hardswish(x*$)", "", "", 0 },
	{ "kl of distinct", "0", "+kl(u,v+$)", "", "", 0 },
	{ "cosine of distinct", "0", "+cosine(u,v+$)", "", "", 0 },
	{ "gelu_tanh of distinct", "0", "+gelu_tanh(x+$)", "", "", 0 },
	{ "bce of distinct", "0", "+bce(x,x+$)", "", "", 0 },
	{ "huber, distinct", "0", "+huber(x,u,$)", "", "", 0 },
	{ "gaussian, distinct", "0", "+gaussian(u,v,$)", "", "", 0 },
	{ "softmax, distinct", "0", "+sum(softmax(u*$))", "", "", 0 },
	{ "cross entropy, distinct", "0", "+cross_entropy(u*$,1)", "", "", 0 },
	{ "smoothed cross entropy", "0", "+cross_entropy(u,1,$)", "", "", 0 },
	{ "std along axes", "0", "+sum(std(A+$,axis=0))", "", "", 0 },
	{ "norm along axes", "0", "+sum(norm(A+$,axis=1))", "", "", 0 },
	{ "reversed slices", "0", "+sum(u[::-1]*$)", "", "", 0 },
	{ "concat of many", "0", "+sum(concat(u,v,u,v,u,v,u,v,u,v,u,v,$))", "", "", 0 },
	{ "mean of columns", "0", "+sum(A[:,0]*$)", "", "", 0 },
	{ "slices", "0", "+sum(u[0:2]*$)", "", "", 0 },
	{ "items", "0", "+u[0]*$+A[1,2]", "", "", 0 },
	{ "names never seen", "0", "+n$", "", "", 0 },
	{ "functions never seen", "0", "+f$(x)", "", "", 0 },
	{ "statements", "", "a$=x*$;", "", "x", 0 },
	{ "statements that nobody reads", "", "a$=sum(softmax(A*$,axis=0)@u);", "", "x", 0 },
	{ "names of statements long ago", "", "a$=x;", "", "x", 0 },
	{ "statements by name", "c100=x;c101=x;", "a$=c100*c101;", "", "x", 0 },
	{ "doubling", "b0=x", ";b%=b^+b^", "", ";b%", 60 },
	{ "doubling of a vector", "b0=u", ";b%=b^*b^+u", "", ";sum(b%)", 0 },
	{ "concat, doubling", "b0=u", ";b%=concat(b^,b^)", "", ";sum(b%)", 0 },
	{ "outer of outers", "b0=u", ";b%=sum(outer(b^,u),axis=0)", "", ";sum(b%)", 0 },
	{ "outer, growing", "b0=concat(u,u,u,u,u,u,u,u,u,u,u,u,u,u,u,u,u,u,u,u,u,u,u,u)", ";b%=outer(b0+$,b0)@b0", "", ";sum(b%)", 0 },
	{ "exponentials", "c=concat(u,v,u,v,u,v,u,v,u,v);b0=outer(c,c)", ";b%=exp(-b^)+$", "", ";sum(b%)", 0 },
	{ "tangents", "c=concat(u,v,u,v,u,v,u,v,u,v);b0=outer(c,c)", ";b%=tan(b^)", "", ";sum(b%)", 0 },
	{ "powers of matrices", "c=concat(u,v,u,v,u,v,u,v);b0=outer(c,c)", ";b%=b^@b0", "", ";sum(b%)", 0 },
	{ "softmax of matrices", "c=concat(u,v,u,v,u,v,u,v);b0=outer(c,c)", ";b%=softmax(b^,axis=0)", "", ";sum(b%)", 0 },
	{ "products", "b0=u", ";b%=A@b^", "", ";sum(b%)", 0 },
	{ "where, chained", "", "where(x>$,x,", ")", "x", 95 },
	{ "where, distinct", "0", "+where(x>$,x,x*$)", "", "", 0 },
	{ "prod, distinct", "0", "+prod(u+$)", "", "", 0 },
	{ "power tower", "x", "**x", "", "", 95 },
	{ "powers, distinct", "0", "+(x*x)**$", "", "", 0 },
	{ "vectors of all kinds", "0", "+sum(exp(u*$)/(1+v**2))", "", "", 0 },
	{ "matrices of all kinds", "0", "+sum(tanh(A@v*$)+u[:2]@A)", "", "", 0 },
	{ "spaces", "x", "          ", "", "+x", 0 },
	{ "dots", "0", "+.1", "", "", 0 },
	{ "quoted", "0", "+`x`", "", "", 0 },
	{ "turned", "0", "+trace(A.T@A*$)", "", "", 0 },
	{ "maxima", "0", "+max(u+$)+min(v)", "", "", 0 },
	{ "stopping short", "", "(x+$*(", "", "", 0 },
};
/* clang-format on */
enum { HOSTILE = sizeof hostile / sizeof hostile[0] };

/* `pattern` behind text[length]: $ is a number of three digits, % the number of the part, ^ the one before. */
static inline size_t hostile_append(char *text, size_t length, const char *pattern, size_t part)
{
	for (; pattern != NULL && *pattern != '\0' && length < EXPRESSION_LENGTH_MAX; pattern++) {
		char number[24] = { *pattern, '\0' };
		if (*pattern == '$' || *pattern == '%' || *pattern == '^') {
			snprintf(number, sizeof number, "%zu", part + (*pattern == '$' ? 100 : *pattern == '%'));
		}
		const size_t more = strlen(number);
		memcpy(text + length, number, more);
		length += more;
	}
	return length;
}

/* The text, of at most EXPRESSION_LENGTH_MAX characters, into room for 100 more than that, with at most `most` parts.
 * Returns its length. */
static inline size_t hostile_text(const struct hostile *of, size_t most, char *text)
{
	size_t length = hostile_append(text, 0, of->head, 0), parts = 0;
	const size_t tail = (of->tail != NULL ? strlen(of->tail) : 1) + 8, close = strlen(of->close);
	while (parts < most && (of->most == 0 || parts < of->most) &&
	       length + strlen(of->part) + 12 + tail + (parts + 1) * close < EXPRESSION_LENGTH_MAX) {
		length = hostile_append(text, length, of->part, parts++);
	}
	length = hostile_append(text, length, of->tail != NULL ? of->tail : "x", parts > 0 ? parts - 1 : 0);
	for (size_t i = 0; i < parts; i++) {
		length = hostile_append(text, length, of->close, 0);
	}
	text[length] = '\0';
	return length;
}

enum { HOSTILE_NUMBERS_MOST = 12 };
/* What they are about: two numbers of length 3 and 4, ... */
static const double hostile_numbers[HOSTILE_NUMBERS_MOST] = { 0.2385, -1.5,  2.25,  0.75, -0.5,  1.25,
							      3.5,    -2.75, 0.125, 1.5,  -0.25, 2 };
static const struct expression_variable hostile_variables[] = {
	{ "x", { .rank = 0 }, hostile_numbers },
	{ "u", { .rank = 1, .extent = { 3 } }, hostile_numbers },
	{ "v", { .rank = 1, .extent = { 3 } }, hostile_numbers },
	{ "A", { .rank = 2, .extent = { 3, 3 } }, hostile_numbers },
};
enum { HOSTILE_VARIABLES = sizeof hostile_variables / sizeof hostile_variables[0], HOSTILE_NUMBERS = 1 + 3 + 3 + 9 };

/* Evaluates the text of at most `most` parts; *length is that of the text. */
static inline enum status hostile_run(const struct hostile *of, size_t most, char *text, size_t *length,
				      struct expression_error *error)
{
	double gradient[HOSTILE_NUMBERS], value = 0;
	*length = hostile_text(of, most, text);
	return expression_evaluate(text, *length, hostile_variables, HOSTILE_VARIABLES, &value, gradient, error);
}

/* The most parts that are not too large: what costs most, as a text that is refused is often refused early. */
static inline size_t hostile_parts(const struct hostile *of, char *text)
{
	struct expression_error error;
	size_t length, fits = 0, too_many = EXPRESSION_LENGTH_MAX;
	while (too_many - fits > 1) {
		const size_t parts = (fits + too_many) / 2;
		if (hostile_run(of, parts, text, &length, &error) == E_TOO_LARGE) {
			too_many = parts;
		} else {
			fits = parts;
		}
	}
	return fits;
}

#endif
