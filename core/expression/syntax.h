/* Tokens and the syntax tree; private to core/expression. */
#ifndef CORE_EXPRESSION_SYNTAX_H
#define CORE_EXPRESSION_SYNTAX_H

#include "core/expression/expression.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NUMBER,
	TOKEN_NAME,
	TOKEN_OPERATOR, /* + - * / @ ^ ( ) [ ] , ; : . = < > */
	TOKEN_POWER,    /* ** and ^ */
	TOKEN_LESS_EQUAL,
	TOKEN_GREATER_EQUAL,
};

enum { NAME_MAX_LENGTH = 200 };

/* What a reader is told who combines comparisons. */
#define CONDITIONS_NEST "conditions are not combined but nested, as in where(x > 0, where(y > 0, a, b), b)"

struct token {
	enum token_kind kind;
	char symbol; /* of an operator */
	size_t position, length;
	double number;
	const char *name; /* in the text, without quotes */
	size_t name_length;
	bool quoted;
};

struct lexer {
	const char *text;
	size_t length, at;
	struct token token; /* the current one */
	struct expression_error *error;
};

/* Moves on to the next token. False, with the error set, where there is none. */
bool lexer_next(struct lexer *lexer);
/* Sets the error, unless there is one; returns false. */
bool syntax_fail(struct expression_error *error, enum status status, size_t position, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* AST_NAMED: an argument with its name, as in huber(z, y, delta=1.35); its child is the value. */
enum ast_kind { AST_NUMBER, AST_NAME, AST_NEGATE, AST_BINARY, AST_COMPARE, AST_CALL, AST_INDEX, AST_NAMED };

/* What a loss makes of its values, as torch has it: the mean over all of them unless said otherwise; of what weighs
 * classes divided by the sum of the weights. batchmean: their sum divided by the rows. */
enum reduction { REDUCTION_UNSAID, REDUCTION_MEAN, REDUCTION_SUM, REDUCTION_NONE, REDUCTION_BATCHMEAN };

/* One item of an index: u[2], u[1:3], A[:, 0], u[::-2]. Negative numbers count from the end. */
struct ast_range {
	bool range, has_start, has_stop;
	bool axis; /* None: a dimension of one element more */
	uint16_t position;
	int32_t start, stop, step;
};

/* Children have smaller indices than their parent: the tree is walked by walking the array. */
struct ast_node {
	uint8_t kind;  /* enum ast_kind */
	char symbol;   /* + - * / @ ^ ; < > and l, g for <= and >= */
	bool has_axis; /* of a call: axis=n */
	bool keeps;    /* keepdims=True */
	bool quoted;   /* of a name */
	uint16_t position, name_length;
	uint16_t first, count; /* children: link[first .. first + count) */
	uint16_t range, ranges;
	uint16_t axis_position, keepdims_position; /* of the second 0: not said */
	uint16_t reduction_position;
	uint8_t reduction; /* enum reduction, of a call: reduction=sum */
	int32_t axis;
	double number;
	const char *name; /* in the text */
};
_Static_assert(EXPRESSION_LENGTH_MAX <= UINT16_MAX && 2 * EXPRESSION_NODES_MAX <= UINT16_MAX, "places are 16 bits");

struct ast_binding {
	const char *name;
	uint16_t name_length, position, node;
	uint16_t next; /* with the same hash, made before; 0: none, else its index and 1 */
};

struct ast {
	struct ast_node *node;
	size_t nodes;
	uint16_t *link;
	size_t links;
	struct ast_range *range;
	size_t ranges;
	struct ast_binding *binding;
	size_t bindings;
	size_t root;
};

/* Reads a text. ast_free is to be called on failure too. */
bool ast_parse(struct ast *ast, const char *text, size_t length, struct expression_error *error);
void ast_free(struct ast *ast);

/* functions.c */
struct lowering;
struct expression_function;
struct call {
	const struct ast_node *node;
	const struct expression_function *function;
	size_t count;
	const size_t *value;      /* nodes of the graph */
	const uint16_t *argument; /* nodes of the tree */
};

enum { FORMULA_ARGUMENTS = 8 };
/* What a function is along an axis: a reduction `op`, or made of sums. */
enum along { ALONG_NOTHING, ALONG_OP, ALONG_MEAN, ALONG_VAR, ALONG_STD, ALONG_NORM, ALONG_CONCAT };

struct expression_function {
	const char *name;
	size_t least, most; /* arguments */
	bool element;       /* the operation `op`, element by element */
	enum tensor_op op;
	enum along along;
	bool reduces;  /* takes reduction=; of a formula: its values are still to be reduced */
	bool residual; /* takes residuals in the place of its first two arguments: the second is then NODE_NONE */
	size_t (*lower)(struct lowering *lowering, const struct call *call);
	const char *usage;
	/* The arguments' names, "z, y, delta", by which they may be given too (NULL: not), presets of those beyond
	 * `least`; of lower_formula: a text of them. */
	const char *names, *formula;
	double preset[FORMULA_ARGUMENTS];
};

extern const struct expression_function expression_functions[];
extern const size_t expression_function_count;
const struct expression_function *expression_function_find(const char *name, size_t length);
/* The place of the argument of that name; function->most: it has none. */
size_t expression_argument_find(const struct expression_function *function, const char *name, size_t length);
/* Says that the function has no argument of the token's name. */
void expression_no_argument(const struct expression_function *function, const struct token *token,
			    struct expression_error *error);

/* The tree of a function's formula, kept while a text is lowered. */
struct formula_tree {
	const struct expression_function *function;
	struct ast ast;
	struct formula_tree *next;
};

struct lowering {
	struct tensor_graph *graph;
	struct formula_tree **formulas; /* that were met so far */
	struct expression_scope *scope;
	const struct ast *ast;
	size_t *value;   /* node of the tree -> node of the graph */
	bool *turned;    /* node of the tree -> it is the transpose of that, with the rows last */
	uint32_t *place; /* [places] by hash: a symbol of the scope, and one; 0: none. NULL: there are few (names.c) */
	size_t places;
	struct expression_error *error;
};

static inline bool failed(const struct lowering *lowering)
{
	return lowering->graph->status != OK || lowering->error->status != OK;
}

static inline const struct shape *shape_of(const struct lowering *lowering, size_t id)
{
	return &lowering->graph->node[id].shape;
}

/* Says of an error that it is about rows of data beside one another, and what puts them there. Returns NODE_NONE. */
static inline size_t pairs_rows(struct lowering *lowering, const char *what)
{
	lowering->error->pairs = what;
	return NODE_NONE;
}

/* NODE_NONE after any error. */
static inline size_t apply2(struct lowering *lowering, enum tensor_op op, size_t a, size_t b)
{
	return failed(lowering) || a == NODE_NONE || b == NODE_NONE ? NODE_NONE
								    : tensor_binary(lowering->graph, op, a, b);
}

/* What operators and functions share (lower.c). All give NODE_NONE after an error of the graph. */
size_t lower_unary(struct lowering *lowering, enum tensor_op op, size_t a);
/* Of x[:, None] beside x, number by number: who writes the None means every row beside every other, which one row after
 * another is not. False, with the error set, where `value` has both. */
bool lower_apart(struct lowering *lowering, size_t position, const size_t *value, size_t count);
size_t lower_power(struct lowering *lowering, size_t a, size_t b);
size_t lower_product(struct lowering *lowering, size_t a, size_t b);
size_t lower_difference(struct lowering *lowering, size_t a, size_t b);
size_t lower_sum(struct lowering *lowering, size_t a);
size_t lower_mean(struct lowering *lowering, size_t a);
/* names.c: makes `place`. False: out of memory. */
bool names_index(struct lowering *lowering);
/* The symbol of the scope that has this name, or NULL. */
struct expression_symbol *names_find(const struct lowering *lowering, const char *name, size_t length);
/* nearest.c: says that it is unknown, and which name is near; `what` it should be. */
size_t lower_unknown(struct lowering *lowering, const struct ast_node *node, const char *what);
/* What is to be typed for the character that a text begins with, if that only looks like another (a minus sign of
 * print); NULL: it does not. *size: its bytes. */
const char *lookalike(const char *text, size_t length, size_t *size);
/* call.c */
size_t lower_call(struct lowering *lowering, const struct ast_node *node);
/* The values of a loss, reduced as its call says. weight: of each, by whose sum a mean is divided; NODE_NONE: none. */
size_t lower_reduced(struct lowering *lowering, const struct call *call, size_t each, size_t weight);
/* losses.c: those that are no formula. */
size_t lower_mse(struct lowering *lowering, const struct call *call);
size_t lower_squared_error(struct lowering *lowering, const struct call *call);
size_t lower_mae(struct lowering *lowering, const struct call *call);
size_t lower_huber(struct lowering *lowering, const struct call *call);
size_t lower_smooth_l1(struct lowering *lowering, const struct call *call);
size_t lower_gaussian_nll(struct lowering *lowering, const struct call *call);
size_t lower_bce(struct lowering *lowering, const struct call *call);
size_t lower_info_nce(struct lowering *lowering, const struct call *call);
size_t lower_hinge(struct lowering *lowering, const struct call *call);
size_t lower_logistic(struct lowering *lowering, const struct call *call);
size_t lower_cross_entropy(struct lowering *lowering, const struct call *call);
size_t lower_nll(struct lowering *lowering, const struct call *call);
size_t lower_multi_margin(struct lowering *lowering, const struct call *call);
/* index.c, axis.c, formula.c */
size_t lower_index(struct lowering *lowering, const struct ast_node *node);
size_t lower_axis(struct lowering *lowering, const struct call *call);
size_t lower_over_all(struct lowering *lowering, const struct call *call); /* var, std, norm */
size_t lower_formula(struct lowering *lowering, const struct call *call);
void formulas_free(struct formula_tree *formulas);
/* lower.c: what a tree means in a scope, into *result. */
void lower_tree(struct tensor_graph *graph, const struct ast *ast, struct expression_scope *scope,
		struct formula_tree **formulas, size_t *result, struct expression_error *error);

#endif
