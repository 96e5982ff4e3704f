#include "core/objective/tensor_objective.h"

#include <stdlib.h>
#include <string.h>

#include "core/graph/start.h"

struct tensor_objective {
	struct objective base; /* first: the two are cast to one another */
	struct program *program, *product;
	struct tensor *tensor;
	struct start *start;
	double *values; /* [n] those of START_VALUES */
};

static struct tensor_objective *of(struct objective *objective)
{
	return (struct tensor_objective *)objective;
}

static enum status evaluate(struct objective *objective, const void *theta, const struct batch *batch,
			    struct executor *executor, double *value, void *gradient)
{
	return program_evaluate(of(objective)->program, theta, batch, executor, value, gradient);
}

static enum status product(struct objective *objective, const void *theta, const void *v, const struct batch *batch,
			   struct executor *executor, void *out)
{
	return program_product(of(objective)->product, theta, v, batch, executor, out);
}

static enum status predict(struct objective *objective, const void *theta, const struct batch *batch,
			   struct executor *executor, void *outputs)
{
	return program_predict(of(objective)->program, theta, batch, executor, outputs);
}

/* Number i of theta is drawn from counter i: the same in both precisions, to rounding. */
static void initialise(const struct objective *objective, uint64_t seed, void *theta)
{
	const struct tensor_objective *self = (const struct tensor_objective *)objective;
	for (size_t p = 0; p < objective->tensors; p++) {
		const struct tensor *tensor = &self->tensor[p];
		const struct start *start = &self->start[p];
		void *place = (char *)theta + tensor->offset * dtype_size(objective->dtype);
		if (start->kind == START_VALUES) {
			dtype_convert(DTYPE_FLOAT64, self->values + tensor->offset, objective->dtype, place,
				      tensor->size);
			continue;
		}
		const struct start_rule fill = { .law = STARTS_AT, .middle = start->fill };
		start_write(start->kind == START_FILL ? &fill : &start->rule, tensor, objective->dtype, seed, place);
	}
}

static void destroy(struct objective *objective)
{
	struct tensor_objective *self = of(objective);
	program_destroy(self->program);
	program_destroy(self->product);
	free(self->tensor);
	free(self->start);
	free(self->values);
	free(self);
}

static const struct objective_type type_with_outputs = {
	.evaluate = evaluate, .product = product, .predict = predict, .initialise = initialise, .destroy = destroy
};
static const struct objective_type type_without_outputs = {
	.evaluate = evaluate, .product = product, .initialise = initialise, .destroy = destroy
};

size_t tensor_objective_bytes(const struct tensor_graph *graph)
{
	return sizeof(struct tensor_objective) + graph->parameters * (sizeof(struct tensor) + sizeof(struct start)) +
	       graph->n * sizeof(double);
}

enum status tensor_objective_create(struct program *program, struct program *product, const struct tensor_graph *graph,
				    const struct start *start, size_t outputs, enum dtype dtype, bool rowed,
				    struct objective **out, struct error *error)
{
	struct tensor_objective *self = calloc(1, sizeof *self);
	if (self == NULL) {
		program_destroy(program);
		program_destroy(product);
		return error_set(error, E_MEMORY, "out of memory for the model");
	}
	self->program = program;
	self->product = product;
	self->tensor = calloc(graph->parameters + 1, sizeof *self->tensor);
	self->start = calloc(graph->parameters + 1, sizeof *self->start);
	self->values = calloc(start != NULL ? graph->n + 1 : 1, sizeof *self->values);
	if (self->tensor == NULL || self->start == NULL || self->values == NULL) {
		destroy(&self->base);
		return error_set(error, E_MEMORY, "out of memory for the model");
	}
	for (size_t p = 0; p < graph->parameters; p++) {
		const struct tensor *tensor = &graph->parameter[p];
		self->tensor[p] = *tensor;
		if (start == NULL) {
			continue;
		}
		self->start[p] = start[p];
		if (start[p].kind == START_VALUES && start[p].values != NULL) {
			memcpy(self->values + tensor->offset, start[p].values, tensor->size * sizeof(double));
		}
		self->start[p].values = NULL;
	}
	self->base = (struct objective){
		.type = outputs > 0 ? &type_with_outputs : &type_without_outputs,
		.dtype = dtype,
		.n = graph->n,
		.tensors = graph->parameters,
		.tensor = self->tensor,
		.outputs = outputs,
		.rowed = rowed,
		.products = product != NULL,
	};
	*out = &self->base;
	return OK;
}
