/*
 * A graph on its way to a plan: rewritten (fused, split) and analysed, not yet laid out; private to core/graph.
 */
#ifndef CORE_GRAPH_DRAFT_H
#define CORE_GRAPH_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/graph/graph.h"

struct draft_node {
	struct graph_node node;
	bool for_root, for_output; /* who needs it; nobody: it is dead */
	bool wanted;               /* its gradient is: a parameter lies behind it */
	size_t uses;               /* by nodes that are alive */
	size_t reader;             /* the last of them */
	double coefficient;        /* of a scalar: d(root) / d(it) */
	/* filled by the layout */
	bool written;                   /* a contribution to its gradient was planned already */
	size_t value, gradient, scalar; /* places; 0: none */
};

struct draft {
	size_t nodes;
	struct draft_node *node;
	size_t *of; /* node of the graph -> node of the draft */
	size_t root, output;
};

/* Rewrites and analyses. E_MEMORY, E_INVALID, E_UNSUPPORTED. draft_free is to be called on failure too. */
enum status draft_make(struct draft *draft, const struct graph *graph, size_t root, size_t output, struct error *error);
void draft_free(struct draft *draft);

bool draft_alive(const struct draft_node *node);
bool draft_is(const struct draft_node *node, int op_kind); /* an operation of that enum op_kind */
size_t draft_arity(const struct draft_node *node);         /* 0 for leaves */

#endif
