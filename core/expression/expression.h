/*
 * Expressions: an objective as on paper, `mean((y - (a * exp(-k * t) + c))**2)`, made a tensor graph.
 *
 *   text -> tokens (lexer.c) -> syntax tree (parser.c) -> nodes of a tensor graph (lower.c)
 *
 * Names are numpy's and scipy.special's (functions.c lists them). Several statements, `z = X @ w; mean(z**2)`, the last
 * one being the result. Every error has the place of the character where it lies, counted from 0 in bytes, and a
 * sentence. A text costs at most a time and a memory that its limits bound.
 */
#ifndef CORE_EXPRESSION_EXPRESSION_H
#define CORE_EXPRESSION_EXPRESSION_H

#include "core/base/setting.h"
#include "core/tensor/tensor.h"

/* Of a text: characters, parentheses and calls within one another, names, numbers, operators and calls. Of what it
 * means: operations, columns and numbers of the graph, functions written out. */
enum {
	EXPRESSION_LENGTH_MAX = 10000,
	EXPRESSION_DEPTH_MAX = 100,
	EXPRESSION_NODES_MAX = 2000,
	EXPRESSION_OPERATIONS_MAX = 2000,
};

enum symbol_kind { SYMBOL_PARAMETER, SYMBOL_CONSTANT, SYMBOL_COLUMN, SYMBOL_FEATURES, SYMBOL_TARGET };

/* A name that an expression may use. Borrows its name and values. */
struct expression_symbol {
	const char *name;
	enum symbol_kind kind;
	struct shape shape;   /* of a parameter or constant */
	const double *values; /* of a constant */
	size_t column;        /* of a column: its index in X */
	size_t node;          /* where it is in the graph; NODE_NONE before its first use */
};

struct expression_scope {
	struct expression_symbol *symbol;
	size_t symbols;
	size_t features, targets; /* columns of X and y */
	/* 0: rows come first and are not counted. Else X is a matrix [rows, features] like any other, y and a column
	 * are vectors [rows], and a text means what it means in numpy: what is taken of all rows at once may be
	 * anything. */
	size_t rows;
};

struct expression_error {
	enum status status; /* E_INVALID, E_UNSUPPORTED, E_TOO_LARGE, E_MEMORY */
	size_t position;
	char text[512];
	char suggestion[64]; /* "" : none */
	const char *pairs;   /* of what puts rows of data beside one another, a few words of it; NULL: it does not */
};

/* The characters of a text in UTF-8 before the byte `position`, for a person to count. */
size_t expression_character(const char *text, size_t position);

/* Appends what `text` means to the graph; *result is its node. Parameters that the graph lacks are appended in the
 * order of the scope. On failure the graph is to be thrown away. */
enum status expression_build(struct tensor_graph *graph, const char *text, size_t length,
			     struct expression_scope *scope, size_t *result, struct expression_error *error);

/* The loss of that name (mse, cross_entropy, ...) of `count` nodes, the settings of a model's loss being the arguments
 * of the same names. *left_out: the first setting that has no argument and is not its default, or NULL. NODE_NONE after
 * that, an error of the graph, and for a name that is none. */
size_t expression_loss(struct tensor_graph *graph, const char *name, const size_t *value, size_t count,
		       const struct settings *settings, const char **left_out);

/* A function that an expression may call: "huber(z, y, delta=1, reduction=mean)", and what it is. */
struct expression_card {
	const char *name, *doc;
	char signature[128];
};
/* False when there are no more. */
bool expression_card(size_t index, struct expression_card *card);

/* Whether a name is that of a function or of a number (pi, e), which no parameter or constant may have. A symbol that
 * has it is found by its name in quotes alone. */
bool expression_reserved(const char *name);

#endif
