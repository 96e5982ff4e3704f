#include "core/objective/graph_objective.h"

#include <stdlib.h>

#include "core/graph/plan.h"
#include "core/graph/start.h"

struct graph_objective {
	struct objective base;       /* first: the two are cast to one another */
	struct graph graph;          /* kept for its parameters */
	struct plan *plan, *product; /* product NULL: there are none */
	struct tensor *tensor;
	double *l1; /* [parameters] */
};

static struct graph_objective *of(struct objective *objective)
{
	return (struct graph_objective *)objective;
}

static enum status evaluate(struct objective *objective, const void *theta, const struct batch *batch,
			    struct executor *executor, double *value, void *gradient)
{
	plan_set_smooth(of(objective)->plan, objective->smooth);
	return plan_evaluate(of(objective)->plan, theta, batch, executor, value, gradient);
}

static enum status product(struct objective *objective, const void *theta, const void *v, const struct batch *batch,
			   struct executor *executor, void *out)
{
	return plan_product(of(objective)->product, theta, v, batch, executor, out);
}

static enum status predict(struct objective *objective, const void *theta, const struct batch *batch,
			   struct executor *executor, void *outputs)
{
	return plan_predict(of(objective)->plan, theta, batch, executor, outputs);
}

static void initialise(const struct objective *objective, uint64_t seed, void *theta)
{
	const struct graph *graph = &((const struct graph_objective *)objective)->graph;
	for (size_t p = 0; p < graph->parameters; p++) {
		const struct tensor *tensor = &graph->parameter[p].tensor;
		char *place = (char *)theta + tensor->offset * dtype_size(objective->dtype);
		start_write(&graph->parameter[p].start, tensor, objective->dtype, seed, place);
	}
}

static void settle(struct objective *objective, void *theta)
{
	plan_settle(of(objective)->plan, theta);
}

static void destroy(struct objective *objective)
{
	struct graph_objective *self = of(objective);
	plan_destroy(self->plan);
	plan_destroy(self->product);
	graph_fini(&self->graph);
	free(self->tensor);
	free(self->l1);
	free(self);
}

static const struct objective_type type_with_outputs = { .evaluate = evaluate,
							 .product = product,
							 .predict = predict,
							 .initialise = initialise,
							 .settle = settle,
							 .destroy = destroy };
static const struct objective_type type_without_outputs = {
	.evaluate = evaluate, .product = product, .initialise = initialise, .settle = settle, .destroy = destroy
};

static bool has_rows(const struct graph *graph)
{
	for (size_t i = 0; i < graph->nodes; i++) {
		if (graph->node[i].shape.rowed) {
			return true;
		}
	}
	return false;
}

enum status graph_objective_create(struct graph *graph, size_t root, size_t output, enum dtype dtype, size_t slots,
				   struct objective **out, struct error *error)
{
	struct plan *plan = NULL, *products = NULL;
	struct tensor *tensor = NULL;
	enum status status = plan_create(graph, root, output, dtype, slots, &plan, error);
	if (status == OK && graph->products) {
		status = plan_create_product(graph, root, dtype, slots, &products, error);
		status = status == E_UNSUPPORTED ? OK : status; /* differences of gradients will do */
	}
	struct graph_objective *self = calloc(1, sizeof *self);
	double *l1 = NULL;
	bool any = false;
	if (status == OK) {
		tensor = calloc(graph->parameters + 1, sizeof *tensor);
		l1 = calloc(graph->parameters + 1, sizeof *l1);
	}
	if (status == OK && (self == NULL || tensor == NULL || l1 == NULL)) {
		status = error_set(error, E_MEMORY, "out of memory for the model");
	}
	if (status != OK) {
		free(tensor);
		free(l1);
		free(self);
		plan_destroy(plan);
		plan_destroy(products);
		graph_fini(graph);
		return status;
	}
	size_t named = 0;
	for (int buffers = 0; buffers <= 1; buffers++) { /* in the order of theta */
		for (size_t p = 0; p < graph->parameters; p++) {
			if (graph->parameter[p].buffer == (buffers != 0)) {
				tensor[named++] = graph->parameter[p].tensor;
			}
		}
	}
	for (size_t p = 0; p < graph->parameters; p++) {
		l1[p] = plan_l1(plan, tensor[p].offset);
		any = any || l1[p] != 0;
	}
	self->base = (struct objective){
		.type = output != NODE_NONE ? &type_with_outputs : &type_without_outputs,
		.dtype = dtype,
		.n = graph->n,
		.buffers = graph->buffers,
		.tensors = graph->parameters,
		.tensor = tensor,
		.l1 = any ? l1 : NULL,
		.outputs = output != NODE_NONE ? shape_size(&graph->node[output].shape) : 0,
		.rowed = has_rows(graph),
		.products = products != NULL,
	};
	self->plan = plan;
	self->product = products;
	self->tensor = tensor;
	self->l1 = l1;
	self->graph = *graph;
	graph_init(graph);
	*out = &self->base;
	return OK;
}

enum status graph_objective_measure(const struct graph *graph, size_t root, size_t output, enum dtype dtype,
				    size_t slots, size_t *bytes, struct error *error)
{
	enum status status = plan_measure(graph, root, output, dtype, slots, bytes, error);
	size_t products = 0;
	if (status == OK && graph->products) {
		status = plan_measure_product(graph, root, dtype, slots, &products, error);
		status = status == E_UNSUPPORTED ? OK : status;
	}
	if (status == OK) {
		*bytes += products;
		*bytes += sizeof(struct graph_objective) + graph->node_room * sizeof(struct graph_node) +
			  graph->parameter_room * sizeof(struct graph_parameter) +
			  graph->parameters * (sizeof(struct tensor) + sizeof(double));
	}
	return status;
}
