/* The dense layer: f(X W + b). */
#include <stdio.h>

#include "core/graph/ops/ops.h"
#include "core/model/build.h"
#include "core/model/dense.h"
#include "core/model/tables.h"

size_t dense_append(struct graph *graph, size_t index, size_t x, size_t inputs, size_t units, double bound)
{
	char name[64];
	snprintf(name, sizeof name, "layers.%zu.weight", index);
	size_t weight = graph_parameter(graph, name, 2, (size_t[]){ inputs, units }, bound);
	snprintf(name, sizeof name, "layers.%zu.bias", index);
	size_t bias = graph_parameter(graph, name, 1, &units, 0);
	return graph_binary(graph, &op_add_bias, graph_binary(graph, &op_matmul, x, weight), bias);
}

static size_t build(struct graph *graph, const struct layer_config *config, size_t index, size_t x, size_t inputs,
		    size_t *outputs)
{
	size_t units = (size_t)settings_number(&config->settings, "units");
	double bound = config->activation->he ? he_bound(inputs) : glorot_bound(inputs, units);
	*outputs = units;
	return activation_append(graph, config, dense_append(graph, index, x, inputs, units, bound));
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
	.build = build,
};
