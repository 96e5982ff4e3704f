/* An objective that is a program over general tensors: what a user's expression is. */
#ifndef CORE_OBJECTIVE_TENSOR_OBJECTIVE_H
#define CORE_OBJECTIVE_TENSOR_OBJECTIVE_H

#include "core/graph/graph.h"
#include "core/objective/objective.h"
#include "core/tensor/program.h"

/* How numbers of a parameter begin: values (NULL: zeros), all the same, or drawn by the seed. */
enum start_kind { START_VALUES, START_FILL, START_RULE };
struct start {
	enum start_kind kind;
	double fill;
	const double *values;   /* borrowed for this call */
	struct start_rule rule; /* core/graph/start.h */
};

/* Takes the program, and `product`, the same one for products with its Hessian (NULL: it has none). start:
 * [graph->parameters]; NULL: the objective is not initialised, nor evaluated. rowed: the objective is evaluated over
 * rows. *out is returned owned. E_MEMORY; the programs are destroyed then. */
enum status tensor_objective_create(struct program *program, struct program *product, const struct tensor_graph *graph,
				    const struct start *start, size_t outputs, enum dtype dtype, bool rowed,
				    struct objective **out, struct error *error);
/* The bytes that it takes beside the program. */
size_t tensor_objective_bytes(const struct tensor_graph *graph);

#endif
