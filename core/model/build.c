#include "core/model/build.h"

#include <stdio.h>
#include <string.h>

#include "core/graph/ops/ops.h"
#include "core/model/linear.h"
#include "core/model/tables.h"
#include "core/objective/graph_objective.h"

size_t loss_outputs(const struct loss_type *loss, const struct model_shape *shape)
{
	switch (loss->target) {
	case TARGET_BINARY:
		return 1;
	case TARGET_CLASS:
		return shape->classes;
	case TARGET_NUMBER:
		return shape->targets * (loss->per_target != 0 ? loss->per_target : 1);
	case TARGET_NONE:
	case TARGET_ANY:
		break;
	}
	return 0;
}

/* The classes that a loss weighs are all there are. */
static enum status check_weights(const struct model_config *config, const struct model_shape *shape,
				 struct error *error)
{
	const size_t given = model_class_weights(config);
	return given == 0 || given == shape->classes
		       ? OK
		       : error_set(error, E_INVALID, "class_weight has %zu numbers, and there are %zu classes", given,
				   shape->classes);
}

static enum status check(const struct model_config *config, const struct model_shape *shape, struct error *error)
{
	const char *loss = config->loss->name;
	if (shape->features == 0) {
		return error_set(error, E_INVALID, "the model needs at least one feature");
	}
	switch (model_target(config->type, config->loss, model_members(config))) {
	case TARGET_BINARY:
		return shape->classes == 2
			       ? check_weights(config, shape, error)
			       : error_set(error, E_INVALID, "%s needs a target of two classes; this one has %zu", loss,
					   shape->classes);
	case TARGET_CLASS:
		return shape->classes >= 2 ? check_weights(config, shape, error)
					   : error_set(error, E_INVALID,
						       "%s needs a target of two or more classes; this one has %zu",
						       loss, shape->classes);
	case TARGET_NUMBER:
		return shape->classes == 0 && shape->targets > 0
			       ? OK
			       : error_set(error, E_INVALID, "%s needs a target of numbers", loss);
	case TARGET_NONE:
		return OK; /* the row itself is the target, or holds all that is compared */
	case TARGET_ANY:
		break;
	}
	return error_set(error, E_INVALID, "%s is not a loss over data", loss);
}

/* How an input_shape of two numbers is read: as the first layer, in depth, that reads signals or images wants it. */
static enum layer_reading reading_of(const struct layer_config *layers, size_t count)
{
	enum layer_reading found = READS_ANY;
	for (size_t i = 0; i < count && found < READS_SIGNALS; i++) {
		enum layer_reading own = layers[i].type->reads;
		own = layers[i].layer_count > 0 ? reading_of(layers[i].layers, layers[i].layer_count) : own;
		found = own > READS_ANY ? own : found;
	}
	return found;
}

size_t point_shape(struct graph *graph, const struct model_config *config, size_t numbers, size_t extent[POINT_RANK])
{
	const struct setting_value *image =
		config->type->has_images ? settings_get(&config->settings, "input_shape") : NULL;
	size_t given = 1, rank = image != NULL ? image->rows : 0;
	bool whole = true;
	for (size_t i = 0; i < rank && rank <= POINT_RANK; i++) {
		extent[i] = (size_t)image->values[i];
		whole = whole && (double)extent[i] == image->values[i];
		given = extent[i] <= numbers / given ? given * extent[i] : numbers + 1;
	}
	if (rank == 0) {
		extent[0] = numbers;
		return 1;
	}
	if (rank > POINT_RANK || given != numbers || !whole) {
		graph->status = error_set(
			&graph->error, E_INVALID,
			"input_shape is one to three whole numbers, [channels, height, width], [height, width], "
			"[channels, length] or [steps, features], whose product is the number of features%s, "
			"%zu",
			model_members(config) > 1 ? " of a point" : "", numbers);
		graph_place(graph, "input_shape", NODE_NONE);
		return 0;
	}
	enum layer_reading reading = reading_of(config->layers, config->layer_count);
	if (rank == 2 && reading != READS_CHANNELS && reading != READS_SIGNALS) {
		extent[2] = extent[1];
		extent[1] = extent[0];
		extent[0] = 1;
		return 3;
	}
	return rank;
}

/* X as rows of numbers, or as signals or images where the model says so. Members of a row are shaped one by one. */
static size_t features_append(struct graph *graph, const struct model_config *config, const struct model_shape *shape)
{
	size_t extent[POINT_RANK];
	if (model_members(config) > 1) {
		return graph_features(graph, shape->features);
	}
	const size_t rank = point_shape(graph, config, shape->features, extent);
	return rank == 0 ? NODE_NONE : graph_features_as(graph, rank, extent);
}

static enum status start(struct drawing *drawing, const struct model_config *config, const struct model_shape *shape,
			 struct error *error)
{
	graph_init(&drawing->graph);
	enum status status = check(config, shape, error);
	if (status == OK) {
		drawing->graph.rows = shape->rows;
		struct linear_form form = { 0 };
		if (config->type->linear) {
			linear_describe(config, shape, &form);
		}
		drawing->graph.products = shape->products && form.loss.derive == NULL; /* else it has X'DX */
		drawing->features = features_append(&drawing->graph, config, shape);
		const enum target_kind kind = model_target(config->type, config->loss, model_members(config));
		drawing->target = kind == TARGET_NONE     ? drawing->features
				  : kind == TARGET_NUMBER ? graph_target(&drawing->graph, shape->targets)
							  : graph_label(&drawing->graph, shape->classes);
		config->type->draw(drawing, config, shape);
	}
	return status;
}

enum status model_build(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			size_t slots, struct objective **out, struct error *error)
{
	const struct model_type *type = config->type;
	struct drawing drawing;
	if (type->maker != NULL) {
		return type->maker->build(config, shape, dtype, slots, out, error);
	}
	enum status status = start(&drawing, config, shape, error);
	if (status != OK) {
		graph_fini(&drawing.graph);
		return status;
	}
	status = graph_objective_create(&drawing.graph, drawing.root, drawing.output, dtype, slots, out, error);
	if (status == OK) {
		(*out)->link = model_link(config);
		(*out)->quadratic = model_is_quadratic(config);
		(*out)->unscored = type->embeds;
		if (type->linear) {
			linear_describe(config, shape, &(*out)->linear);
		}
	}
	return status;
}

enum status model_measure(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			  size_t slots, size_t *parameters, size_t *bytes)
{
	const struct model_maker *maker = config->type->maker;
	struct drawing drawing;
	if (maker != NULL) {
		return maker->measure(config, shape, dtype, slots, parameters, bytes);
	}
	enum status status = start(&drawing, config, shape, NULL);
	if (status == OK) {
		status = graph_objective_measure(&drawing.graph, drawing.root, drawing.output, dtype, slots, bytes,
						 NULL);
		*parameters = drawing.graph.n;
	}
	graph_fini(&drawing.graph);
	return status;
}

enum status model_check(const struct model_config *config, const struct model_shape *shape, struct model_fault *fault)
{
	const struct model_maker *maker = config->type->maker;
	struct drawing drawing;
	if (maker != NULL) {
		return maker->check != NULL ? maker->check(config, shape, fault) : OK;
	}
	enum status status = start(&drawing, config, shape, &fault->error);
	fault->place[0] = '\0';
	if (status == OK && drawing.graph.status != OK) {
		status = drawing.graph.status;
		fault->error = drawing.graph.error;
		memcpy(fault->place, drawing.graph.place, sizeof fault->place);
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

void penalize_weights(struct drawing *drawing, const struct model_config *config)
{
	const double l1 = settings_number(&config->settings, "l1"), l2 = settings_number(&config->settings, "l2");
	const struct graph *graph = &drawing->graph;
	for (size_t p = 0; p < graph->parameters; p++) {
		if (graph->parameter[p].tensor.rank > 1 && !graph->parameter[p].unpenalized) {
			drawing->root = add_penalty(&drawing->graph, drawing->root, graph->parameter[p].node, l1, l2);
		}
	}
}

size_t activation_append(struct graph *graph, const struct layer_config *config, size_t x)
{
	if (graph->status != OK) {
		return NODE_NONE;
	}
	const struct activation_type *type = config->activation;
	return type->build != NULL ? type->build(graph, &config->activation_settings, x)
				   : graph_unary(graph, type->op, x);
}

struct start_rule weight_start(const struct init_type *init, const struct settings *settings,
			       const struct activation_type *activation, size_t fan_in, size_t fan_out)
{
	const struct init_type *preset = activation != NULL && activation->he ? &init_he_uniform : &init_xavier_uniform;
	return init != NULL ? init->rule(settings, fan_in, fan_out) : preset->rule(NULL, fan_in, fan_out);
}

size_t layers_append(struct graph *graph, const struct layer_config *layers, size_t count, const char *path, size_t x)
{
	for (size_t i = 0; i < count && graph->status == OK; i++) {
		char own[64];
		snprintf(own, sizeof own, "%s.%zu", path, i);
		x = graph_place(graph, own, layers[i].type->build(graph, &layers[i], own, x));
	}
	return x;
}
