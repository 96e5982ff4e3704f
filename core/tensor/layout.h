/* From a graph to the tables of a program: what layout.c, runs.c and lifetime.c share; private to core/tensor. */
#ifndef CORE_TENSOR_LAYOUT_H
#define CORE_TENSOR_LAYOUT_H

#include "core/tensor/program_internal.h"

/* What is found out about a node on the way. */
struct sort {
	bool root, output; /* needed by them */
	bool flows;        /* of the root a gradient may come to it */
	bool wanted;       /* and a parameter lies behind it */
	bool late;         /* a sum over rows lies behind it */
	bool weighs;       /* it is a mean weight of rows, or leads to one */
	signed char phase; /* of its step; -1: none (layout.c) */
	unsigned degree;   /* of a late plain value in the sums over rows: 0, 1, or 2 for more */
	unsigned step;     /* that computes it; UINT32_MAX: a leaf, a view, nobody */
	size_t base;       /* the node whose numbers a view shows, or itself */
	size_t from;       /* where in them */
};

struct layout {
	struct program *program;
	const struct tensor_graph *graph;
	struct sort *sort;
	bool overflow;
};

/* Numbers that are needed from time `start` to `end`, both included, and where they are put. */
struct lifetime {
	unsigned start, end; /* start UINT32_MAX: never */
	size_t size;
	size_t *where;
};

/* Puts them in one room, which grows as needed: numbers of the same size that do not live at the same time share a
 * place. times: all are below it. False: out of memory. */
bool lifetimes_place(const struct lifetime *item, size_t items, size_t times, size_t *room, bool *overflow);

/* A slice or shape of a plain value that lies in it as it is: nothing is computed. *from: where, in numbers. */
bool layout_is_view(const struct tensor_graph *graph, size_t id, size_t *from);
/* Orders the plain steps before and after the rows so that runs of element-wise operations stand together, and puts
 * what nobody outside a run reads in strips. False: out of memory. */
bool layout_find_runs(struct layout *layout);
/* Where rowed values, gradients and slopes lie; which contribution to a gradient is the first. */
bool layout_place_rows(struct layout *layout);
/* Bits 0 to 2: what the derivative of an operation reads of its inputs; 3: it reads the result (rules.c). */
unsigned tensor_reads(enum tensor_op op);

/* The form of a node's step, in the program's blocks (form.c); NULL: out of memory. */
const struct form *layout_form(struct layout *layout, const struct tensor_node *node);

#endif
