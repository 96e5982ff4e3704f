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

enum { GRAPH_RANK = 4, GRAPH_ARITY = 3, GRAPH_ATTRIBUTES = 3 };
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
};

struct graph_parameter {
	struct tensor tensor;
	double bound; /* starts uniform in [-bound, bound); 0: starts at zero */
	size_t node;
};

struct graph {
	enum status status; /* of the first thing that failed */
	struct error error;
	size_t nodes, node_room;
	struct graph_node *node;
	size_t parameters, parameter_room;
	struct graph_parameter *parameter;
	size_t n; /* numbers in theta */
};

void graph_init(struct graph *graph);
/* Frees what the graph holds; a graph that was only initialised is legal. */
void graph_fini(struct graph *graph);

/* Leaves; at most one of each of the first three. X [rows, features]; y [rows, targets]; class
 * indices [rows] below `classes`. All return the node's id. */
size_t graph_features(struct graph *graph, size_t features);
size_t graph_target(struct graph *graph, size_t targets);
size_t graph_label(struct graph *graph, size_t classes);
/* The next piece of theta, a tensor of rank 1 to 4. `name` is copied. bound: see graph_parameter. */
size_t graph_parameter(struct graph *graph, const char *name, size_t rank, const size_t *extent, double bound);

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
