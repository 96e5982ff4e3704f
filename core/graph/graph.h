/*
 * A graph of tensor operations: what a model computes, before any plan is made of it.
 *
 * Nodes are made in order, so a node's inputs always have smaller ids than itself. Leaves are the
 * features X, the target (numbers or class indices) and the parameters, which are pieces of the
 * flat vector theta in the order in which they were made. Every other node is an operation from
 * the table in core/graph/ops/.
 *
 * Errors stick: after the first one every builder function returns NODE_NONE and changes nothing,
 * so a builder reads like the formula and looks at graph->status once, at its end.
 *
 * It does not compute anything and holds no data: see core/graph/plan.h.
 */
#ifndef CORE_GRAPH_GRAPH_H
#define CORE_GRAPH_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/objective/objective.h"

enum { GRAPH_RANK = 4, GRAPH_ARITY = 3, GRAPH_ATTRIBUTES = 8 };
#define NODE_NONE SIZE_MAX

/* The shape of a node's value. A rowed value has one such tensor for each row of the batch; the row
 * dimension is not counted in `rank` and `extent`. */
struct shape {
	bool rowed;
	size_t classes; /* 0: real numbers; else class indices (int32) below this */
	size_t rank;    /* 0: a scalar */
	size_t extent[GRAPH_RANK];
};

/* Numbers in a value, or in one row of a rowed one. The graph checked that it fits. */
size_t shape_size(const struct shape *shape);
bool shape_equal(const struct shape *a, const struct shape *b);
/* "rows x [3, 4]" into text (at least 128 bytes), for messages. Returns text. */
const char *shape_text(const struct shape *shape, char text[128]);

enum node_kind { NODE_FEATURES, NODE_TARGET, NODE_LABEL, NODE_PARAMETER, NODE_OPERATION };

struct graph_op;

struct graph_node {
	enum node_kind kind;
	const struct graph_op *op;          /* of an operation */
	size_t input[GRAPH_ARITY];          /* node ids, op->arity of them */
	double attribute[GRAPH_ATTRIBUTES]; /* the constants that some operations take */
	struct shape shape;
	size_t parameter; /* of a parameter: its index */
	bool frozen;      /* of a parameter: this graph's gradient is not of it */
};

/* How the numbers of a parameter start, drawn by the run's seed. */
enum start_law {
	STARTS_AT,         /* all at `middle` */
	STARTS_UNIFORM,    /* in [middle - spread, middle + spread) */
	STARTS_NORMAL,     /* mean `middle`, standard deviation `spread` */
	STARTS_ORTHOGONAL, /* as a matrix [first dimension, the rest]: rows or columns, the fewer, orthogonal to one
			      another and of length `spread` */
};

struct start_rule {
	enum start_law law;
	double middle, spread;
};

struct graph_parameter {
	struct tensor tensor;
	struct start_rule start;
	bool unpenalized; /* a scale or shift: no weight */
	size_t node;
	/* No gradient is of it: what a layer keeps from batch to batch (running statistics). It lies behind all others
	 * in theta. */
	bool buffer;
};

struct graph {
	bool products;      /* its objective is wanted with products with the Hessian, where all operations have them */
	enum status status; /* of the first thing that failed */
	struct error error;
	size_t nodes, node_room;
	struct graph_node *node;
	size_t parameters, parameter_room;
	struct graph_parameter *parameter;
	bool again;  /* see graph_again */
	bool shared; /* its layers read several things of a row, one after another, with the same parameters */
	size_t next; /* the parameter that it gives out next */
	double start_products; /* that its parameters' starts take, see start.h */
	size_t n;              /* numbers in theta */
	size_t buffers;        /* how many of them, the last, are of buffers */
	size_t rows;           /* the most rows of a training batch; of use where rows couple. 0: not known */
	double *class_weight;  /* of operations that weigh classes: [classes], owned; NULL: there are none */
	bool freezes;          /* see graph_freeze */
	char place[64]; /* which part of a model the error is about, in the builder's words; "": it did not say */
};

void graph_init(struct graph *graph);
/* Frees what the graph holds; a graph that was only initialised is legal. */
void graph_fini(struct graph *graph);

/* Leaves; at most one of each of the first three. X [rows, features]; y [rows, targets]; class
 * indices [rows] below `classes`. All return the node's id. */
size_t graph_features(struct graph *graph, size_t features);
/* X with its columns read as a tensor of rank 1 to 3, row-major. */
size_t graph_features_as(struct graph *graph, size_t rank, const size_t *extent);
size_t graph_target(struct graph *graph, size_t targets);
size_t graph_label(struct graph *graph, size_t classes);
/* The next piece of theta, a tensor of rank 1 to 4. `name` is copied. It starts uniform
 * in [-bound, bound), with bound 0 at 0. */
size_t graph_parameter(struct graph *graph, const char *name, size_t rank, const size_t *extent, double bound);
/* The same by any rule. Orthogonal starts that would take many seconds are refused (E_INVALID). */
size_t graph_parameter_start(struct graph *graph, const char *name, size_t rank, const size_t *extent,
			     struct start_rule start);
/* A scale or shift that starts at `fill` and that penalties leave out. */
size_t graph_parameter_fill(struct graph *graph, const char *name, size_t rank, const size_t *extent, double fill);
/* A buffer of rank 1 that starts at `fill`. */
size_t graph_buffer(struct graph *graph, const char *name, size_t extent, double fill);
/* Whether what is made from here on are the parameters that are there, from the first on in the order in which they
 * were made: for a builder that draws the same layers again over other rows (shared weights). */
void graph_again(struct graph *graph, bool again);
/* The same from the parameter of that index on. */
void graph_again_from(struct graph *graph, size_t first);
/* Parameters made from now on are frozen: they take part, and the gradient by them is 0 and costs nothing. */
void graph_freeze(struct graph *graph, bool on);
/* Copies the weights of the classes [count], at most once in a graph. */
void graph_weigh_classes(struct graph *graph, const double *weight, size_t count);
/* Says, once, which part of the model failed, if anything did. Returns `id`. */
size_t graph_place(struct graph *graph, const char *place, size_t id);

/* An operation on op->arity inputs; its shape rule is asked, and its refusal sticks (E_INVALID). */
size_t graph_apply(struct graph *graph, const struct graph_op *op, const size_t *input, double attribute);
/* The same with all constants [GRAPH_ATTRIBUTES]. */
size_t graph_apply_constants(struct graph *graph, const struct graph_op *op, const size_t *input,
			     const double *attribute);
/* The same for one, two and three inputs. */
size_t graph_unary(struct graph *graph, const struct graph_op *op, size_t a);
size_t graph_binary(struct graph *graph, const struct graph_op *op, size_t a, size_t b);
size_t graph_ternary(struct graph *graph, const struct graph_op *op, size_t a, size_t b, size_t c);
/* factor * scalar. */
size_t graph_scale(struct graph *graph, double factor, size_t a);

#endif
