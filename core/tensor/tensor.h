/*
 * A graph of general tensor operations: what a user's expression means, before any plan is made of it.
 *
 * Where core/graph/ knows the few operations that built-in models need and runs each in one pass, this knows numpy's:
 * element-wise with broadcasting, reductions, products, slices, over scalars, vectors and matrices.
 *
 * A value may be *rowed*: one such tensor for each row of the batch, the row dimension coming first and not being
 * counted in `rank` (struct shape in core/graph/graph.h). A column of the data is a rowed scalar, the features X are a
 * rowed vector. What adds up over rows, TENSOR_SUM_ROWS and TENSOR_MEAN_ROWS, makes a plain value of a rowed one;
 * so does TENSOR_stack, which keeps all of them.
 *
 * Nodes are made in order: inputs have smaller ids. The same operation on the same inputs is the same node, and an
 * operation on constant scalars is a constant. Errors stick, as in core/graph/graph.h.
 */
#ifndef CORE_TENSOR_TENSOR_H
#define CORE_TENSOR_TENSOR_H

#include "core/graph/graph.h"
#include "core/tensor/element.h"
#include "core/tensor/operations.h"

enum tensor_op {
	TENSOR_CONSTANT,  /* pool[at[0]...] */
	TENSOR_PARAMETER, /* theta[at[0]...] */
	TENSOR_FEATURES,  /* X: rowed [features] */
	TENSOR_COLUMN,    /* column at[0] of X: rowed [] */
	TENSOR_TARGET,    /* y: rowed [], or [targets] of several */
#define TENSOR_MEMBER(name, arity, value, da, db, dc) TENSOR_##name,
	ELEMENTS(TENSOR_MEMBER)
#undef TENSOR_MEMBER
#define TENSOR_MEMBER(name, text, arity, rule, stem) TENSOR_##name,
		TENSOR_OPERATIONS(TENSOR_MEMBER)
#undef TENSOR_MEMBER
			TENSOR_OPS
};

struct tensor_node {
	uint16_t op;   /* enum tensor_op */
	bool whole;    /* a reduction over all rows at once */
	bool constant; /* of constants alone */
	bool varies;   /* a parameter lies behind it */
	unsigned input[3], at[4];
	struct shape shape;
};

struct tensor_graph {
	enum status status; /* of the first thing that failed */
	struct error error;
	size_t nodes, node_room, node_limit; /* node_limit: beside the parameters; 0: none */
	struct tensor_node *node;
	double *pool; /* numbers of the constants */
	size_t pooled, pool_room;
	size_t parameters, parameter_room;
	struct tensor *parameter; /* as the objective shows them: a scalar has the shape [1] */
	size_t n;                 /* numbers in theta */
	size_t features, targets;
	bool scores;      /* what a program writes for each row may read the target */
	char pairs[200];  /* why rows are stacked, of a graph in which they are */
	unsigned *bucket; /* node ids + 1 by hash */
	size_t buckets;
};

void tensor_graph_init(struct tensor_graph *graph);
void tensor_graph_fini(struct tensor_graph *graph);

extern const unsigned char tensor_arities[TENSOR_OPS];
static inline size_t tensor_arity(enum tensor_op op)
{
	return tensor_arities[op];
}
const char *tensor_op_name(enum tensor_op op); /* as it is written: "+", "softmax" */
static inline bool tensor_is_element(enum tensor_op op)
{
	return op >= TENSOR_neg && op <= TENSOR_clip;
}

/* Leaves. shape: of rank 0 to 2, not rowed. */
size_t tensor_number(struct tensor_graph *graph, double value);
size_t tensor_array(struct tensor_graph *graph, const struct shape *shape, const double *values);
size_t tensor_parameter(struct tensor_graph *graph, const char *name, const struct shape *shape);
size_t tensor_features(struct tensor_graph *graph, size_t features);
size_t tensor_column(struct tensor_graph *graph, size_t features, size_t column);
size_t tensor_target(struct tensor_graph *graph, size_t targets);

/* An operation on tensor_arity(op) inputs; E_INVALID with both shapes where they do not fit. A rowed scalar times a
 * rowed vector goes row by row, which numpy would write r[:, None] * X. */
size_t tensor_apply(struct tensor_graph *graph, enum tensor_op op, const size_t *input);
size_t tensor_unary(struct tensor_graph *graph, enum tensor_op op, size_t a);
size_t tensor_binary(struct tensor_graph *graph, enum tensor_op op, size_t a, size_t b);
/* A reduction of a rowed value over all its rows. */
size_t tensor_whole(struct tensor_graph *graph, enum tensor_op op, size_t a);
/* A reduction of each row of a plain matrix; softmax and its log keep the shape. */
size_t tensor_by_row(struct tensor_graph *graph, enum tensor_op op, size_t a);
/* Element ranges; drop[d]: dimension d has one element and goes. Of a rowed vector at[0], at[1] are of the row. */
size_t tensor_slice(struct tensor_graph *graph, size_t a, const size_t at[4], const bool drop[2]);
/* Every step-th of the first dimension of a plain value, `count` from `start` on; step may be negative. */
size_t tensor_stride(struct tensor_graph *graph, size_t a, size_t start, size_t count, int step);
size_t tensor_reshape(struct tensor_graph *graph, size_t a, const struct shape *shape);
/* A leaf over rows as a plain value [rows] or [rows, extent]: all rows are one dimension like any other, and a program
 * runs over just so many, whole. */
size_t tensor_stack(struct tensor_graph *graph, size_t a, size_t rows);

/* What an evaluation of all nodes goes through, of a rowed value one row. made: numbers of values; touched: the same,
 * but of an operation that is not element-wise at least those of its first input; products: multiplications of matrix
 * products. */
struct tensor_work {
	double operations, made, touched, products;
};
struct tensor_work tensor_work(const struct tensor_graph *graph);

/* The value of a constant scalar node; false when it is none. */
bool tensor_constant_value(const struct tensor_graph *graph, size_t id, double *value);
/* "[3, 4]", "[rows]", "[rows, 3]", "a number"; into text (at least 64 bytes). Returns text. */
const char *tensor_shape_text(const struct shape *shape, char text[64]);

#endif
