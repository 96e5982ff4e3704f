/* An objective that is a planned graph: what every model over data is. */
#ifndef CORE_OBJECTIVE_GRAPH_OBJECTIVE_H
#define CORE_OBJECTIVE_GRAPH_OBJECTIVE_H

#include "core/graph/graph.h"
#include "core/objective/objective.h"

/* Plans `root` of `graph` with the outputs `output` (core/graph/plan.h). Takes the graph's content: it is
 * finished (graph_fini) here, on failure too. *out is returned owned. Errors as plan_create. */
enum status graph_objective_create(struct graph *graph, size_t root, size_t output, enum dtype dtype, size_t slots,
				   struct objective **out, struct error *error);

/* The bytes that graph_objective_create takes. The graph is borrowed. Errors as plan_create. */
enum status graph_objective_measure(const struct graph *graph, size_t root, size_t output, enum dtype dtype,
				    size_t slots, size_t *bytes, struct error *error);

#endif
