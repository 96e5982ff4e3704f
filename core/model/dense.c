/* The dense layer: f(X W + b). */
#include <stdio.h>

#include "core/graph/ops/ops.h"
#include "core/model/build.h"
#include "core/model/dense.h"
#include "core/model/tables.h"

size_t dense_append(struct graph *graph, const char *path, size_t x, size_t units, struct start_rule start)
{
	char name[64], text[128];
	if (graph->status != OK) {
		return NODE_NONE;
	}
	const struct shape *shape = &graph->node[x].shape;
	if (shape->rank != 1) {
		graph->status =
			error_set(&graph->error, E_INVALID,
				  "a dense layer takes rows of one dimension, not %s: put a flatten layer before it",
				  shape_text(shape, text));
		return NODE_NONE;
	}
	size_t extent[2] = { shape->extent[0], units };
	snprintf(name, sizeof name, "%s.weight", path);
	size_t weight = graph_parameter_start(graph, name, 2, extent, start);
	snprintf(name, sizeof name, "%s.bias", path);
	size_t bias = graph_parameter(graph, name, 1, &units, 0);
	return graph_binary(graph, &op_add_bias, graph_binary(graph, &op_matmul, x, weight), bias);
}

static size_t build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	size_t units = (size_t)settings_number(&config->settings, "units");
	size_t inputs = graph->status == OK ? graph->node[x].shape.extent[0] : 1;
	struct start_rule start = weight_start(config->init, &config->init_settings, config->activation, inputs, units);
	return activation_append(graph, config, dense_append(graph, path, x, units, start));
}

static const struct setting settings[] = {
	{ .name = "units",
	  .kind = SETTING_INTEGER,
	  .required = true,
	  .minimum = 1,
	  .maximum = 1048576,
	  .doc = "Columns of the layer's output." },
};

const struct layer_type layer_dense = {
	.name = "dense",
	.doc = "activation(X W + b), W of shape [inputs, units].",
	.source = "Rumelhart, Hinton, Williams 1986, Learning representations by back-propagating errors",
	.settings = settings,
	.setting_count = sizeof settings / sizeof settings[0],
	.activates = true,
	.weighs = true,
	.build = build,
};
