#include "core/model/build.h"

#include <math.h>

#include "core/graph/ops/ops.h"
#include "core/objective/graph_objective.h"

size_t loss_outputs(const struct loss_type *loss, const struct model_shape *shape)
{
	switch (loss->target) {
	case TARGET_BINARY:
		return 1;
	case TARGET_CLASS:
		return shape->classes;
	case TARGET_NUMBER:
		return shape->targets;
	case TARGET_NONE:
	case TARGET_ANY:
		break;
	}
	return 0;
}

static enum status check(const struct model_config *config, const struct model_shape *shape, struct error *error)
{
	const char *loss = config->loss->name;
	if (shape->features == 0) {
		return error_set(error, E_INVALID, "the model needs at least one feature");
	}
	switch (config->loss->target) {
	case TARGET_BINARY:
		return shape->classes == 2
			       ? OK
			       : error_set(error, E_INVALID, "%s needs a target of two classes; this one has %zu", loss,
					   shape->classes);
	case TARGET_CLASS:
		return shape->classes >= 2 ? OK
					   : error_set(error, E_INVALID,
						       "%s needs a target of two or more classes; this one has %zu",
						       loss, shape->classes);
	case TARGET_NUMBER:
		return shape->classes == 0 && shape->targets > 0
			       ? OK
			       : error_set(error, E_INVALID, "%s needs a target of numbers", loss);
	case TARGET_NONE:
	case TARGET_ANY:
		break;
	}
	return error_set(error, E_INVALID, "%s is not a loss over data", loss);
}

static enum status start(struct drawing *drawing, model_draw *draw, const struct model_config *config,
			 const struct model_shape *shape, struct error *error)
{
	graph_init(&drawing->graph);
	enum status status = check(config, shape, error);
	if (status == OK) {
		drawing->features = graph_features(&drawing->graph, shape->features);
		drawing->target = config->loss->target == TARGET_NUMBER ? graph_target(&drawing->graph, shape->targets)
									: graph_label(&drawing->graph, shape->classes);
		draw(drawing, config, shape);
	}
	return status;
}

enum status build_drawing(model_draw *draw, const struct model_config *config, const struct model_shape *shape,
			  enum dtype dtype, size_t slots, struct objective **out, struct error *error)
{
	struct drawing drawing;
	enum status status = start(&drawing, draw, config, shape, error);
	if (status != OK) {
		graph_fini(&drawing.graph);
		return status;
	}
	return graph_objective_create(&drawing.graph, drawing.root, drawing.output, dtype, slots, out, error);
}

enum status measure_drawing(model_draw *draw, const struct model_config *config, const struct model_shape *shape,
			    enum dtype dtype, size_t slots, size_t *parameters, size_t *bytes)
{
	struct drawing drawing;
	enum status status = start(&drawing, draw, config, shape, NULL);
	if (status == OK) {
		status = graph_objective_measure(&drawing.graph, drawing.root, drawing.output, dtype, slots, bytes,
						 NULL);
		*parameters = drawing.graph.n;
	}
	graph_fini(&drawing.graph);
	return status;
}

size_t add_penalty(struct graph *graph, size_t root, size_t w, double l1, double l2)
{
	if (l1 != 0) {
		size_t norm = graph_scale(graph, l1, graph_unary(graph, &op_sum_abs, w));
		root = graph_binary(graph, &op_add, root, norm);
	}
	if (l2 != 0) {
		size_t squares = graph_scale(graph, 0.5 * l2, graph_unary(graph, &op_sum_squares, w));
		root = graph_binary(graph, &op_add, root, squares);
	}
	return root;
}

size_t activation_append(struct graph *graph, const struct layer_config *config, size_t x)
{
	const struct activation_type *type = config->activation;
	return type->build != NULL ? type->build(graph, &config->activation_settings, x)
				   : graph_unary(graph, type->op, x);
}

double he_bound(size_t inputs)
{
	return sqrt(6 / (double)inputs);
}

double glorot_bound(size_t inputs, size_t outputs)
{
	return sqrt(6 / ((double)inputs + (double)outputs));
}
