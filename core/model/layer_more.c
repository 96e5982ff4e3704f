/* Layers that normalise, drop, look up, rearrange and nest. */
#include <stdio.h>
#include <string.h>

#include "core/graph/ops/ops.h"
#include "core/model/build.h"
#include "core/model/tables.h"

size_t scale_shift(struct graph *graph, const char *path, size_t rank, const size_t *extent, size_t y)
{
	char name[64];
	snprintf(name, sizeof name, "%s.weight", path);
	size_t weight = graph_parameter_fill(graph, name, rank, extent, 1);
	snprintf(name, sizeof name, "%s.bias", path);
	size_t bias = graph_parameter_fill(graph, name, rank, extent, 0);
	return graph_ternary(graph, &op_scale_shift, y, weight, bias);
}

static size_t batch_norm_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	char name[64];
	const struct shape shape = graph->node[x].shape;
	if (graph->shared) {
		graph->status =
			error_set(&graph->error, E_INVALID,
				  "batch_norm keeps one set of statistics, and here the members of a row pass one "
				  "after another: use layer_norm");
		return NODE_NONE;
	}
	const double attribute[GRAPH_ATTRIBUTES] = { settings_number(&config->settings, "momentum"),
						     settings_number(&config->settings, "eps") };
	snprintf(name, sizeof name, "%s.running_mean", path);
	size_t mean = graph_buffer(graph, name, shape.extent[0], 0);
	snprintf(name, sizeof name, "%s.running_var", path);
	size_t variance = graph_buffer(graph, name, shape.extent[0], 1), input[3] = { x, mean, variance };
	size_t y = variance == NODE_NONE ? NODE_NONE : graph_apply_constants(graph, &op_batch_norm, input, attribute);
	return scale_shift(graph, path, 1, shape.extent, y);
}

static size_t layer_norm_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	const struct shape shape = graph->node[x].shape;
	size_t y = graph_apply(graph, &op_layer_norm, &x, settings_number(&config->settings, "eps"));
	return scale_shift(graph, path, shape.rank, shape.extent, y);
}

/* The layer's number in what is drawn is that of its node: no two layers share it. */
static size_t dropout_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	const double attribute[GRAPH_ATTRIBUTES] = { settings_number(&config->settings, "p"), (double)graph->nodes };
	(void)path;
	return graph_apply_constants(graph, &op_dropout, &x, attribute);
}

static size_t embedding_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	char name[64];
	size_t extent[2] = { (size_t)settings_number(&config->settings, "num_embeddings"),
			     (size_t)settings_number(&config->settings, "embedding_dim") };
	struct start_rule start = { .law = STARTS_NORMAL, .spread = 1 };
	if (config->init != NULL) {
		start = weight_start(config->init, &config->init_settings, NULL, extent[0], extent[1]);
	}
	snprintf(name, sizeof name, "%s.weight", path);
	return graph_binary(graph, &op_embedding, x, graph_parameter_start(graph, name, 2, extent, start));
}

static size_t flatten_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	(void)config, (void)path;
	return graph_unary(graph, &op_flatten, x);
}

static size_t activation_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	(void)path;
	return activation_append(graph, config, x);
}

static size_t residual_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	char own[64], a[128], b[128];
	snprintf(own, sizeof own, "%s.layers", path);
	size_t y = layers_append(graph, config->layers, config->layer_count, own, x);
	if (graph->status != OK) {
		return NODE_NONE;
	}
	const struct shape *from = &graph->node[x].shape, *to = &graph->node[y].shape;
	if (!shape_equal(from, to)) {
		graph->status =
			error_set(&graph->error, E_INVALID,
				  "residual: its layers make %s of %s; the two are added, so they must be alike",
				  shape_text(to, a), shape_text(from, b));
		return NODE_NONE;
	}
	return activation_append(graph, config, graph_binary(graph, &op_add_rows, x, y));
}

#define EPS                                                                                                            \
	{                                                                                                              \
		.name = "eps", .kind = SETTING_REAL, .preset = 1e-5, .open_minimum = true, .maximum = 1,               \
		.doc = "Is added to the variance."                                                                     \
	}
static const struct setting batch_norm_settings[] = {
	{ .name = "momentum",
	  .kind = SETTING_REAL,
	  .preset = 0.1,
	  .minimum = 0,
	  .maximum = 1,
	  .doc = "The part of each batch in the running mean and variance." },
	EPS,
};
static const struct setting layer_norm_settings[] = { EPS };
static const struct setting dropout_settings[] = {
	{ .name = "p",
	  .kind = SETTING_REAL,
	  .preset = 0.5,
	  .minimum = 0,
	  .maximum = 1,
	  .open_maximum = true,
	  .doc = "The probability that a number is dropped." },
};
static const struct setting embedding_settings[] = {
	{ .name = "num_embeddings",
	  .kind = SETTING_INTEGER,
	  .required = true,
	  .minimum = 1,
	  .maximum = 16777216, /* whole numbers that a float32 holds */
	  .doc = "Rows of the table: the indices are 0 to this less one." },
	{ .name = "embedding_dim",
	  .kind = SETTING_INTEGER,
	  .required = true,
	  .minimum = 1,
	  .maximum = 65536,
	  .doc = "Columns of the table." },
};

#define SETTINGS(table) .settings = table, .setting_count = sizeof table / sizeof table[0]

const struct layer_type layer_batch_norm = {
	.name = "batch_norm",
	.doc = "g (x - mean) / sqrt(var + eps) + b of each channel: while training by the batch's mean and variance, "
	       "else by "
	       "running ones.",
	.source = "Ioffe, Szegedy 2015, Batch normalization; torch.nn.BatchNorm2d",
	SETTINGS(batch_norm_settings),
	.build = batch_norm_build,
};

const struct layer_type layer_layer_norm = {
	.name = "layer_norm",
	.doc = "g (x - mean) / sqrt(var + eps) + b, mean and variance over the numbers of a row.",
	.source = "Ba, Kiros, Hinton 2016, Layer normalization; torch.nn.LayerNorm",
	SETTINGS(layer_norm_settings),
	.build = layer_norm_build,
};

const struct layer_type layer_dropout = {
	.name = "dropout",
	.doc = "While training each number is 0 with probability p, else divided by 1 - p; x itself in evaluation.",
	.source = "Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014; torch.nn.Dropout",
	SETTINGS(dropout_settings),
	.build = dropout_build,
};

const struct layer_type layer_embedding = {
	.name = "embedding",
	.doc = "Each column holds whole numbers, which name rows of a table: [columns, embedding_dim]; it starts "
	       "normal.",
	.source = "Bengio, Ducharme, Vincent, Jauvin 2003, A neural probabilistic language model; torch.nn.Embedding",
	SETTINGS(embedding_settings),
	.weighs = true,
	.indexes = true,
	.build = embedding_build,
};

const struct layer_type layer_flatten = {
	.name = "flatten",
	.doc = "The numbers of a row in one dimension, row-major.",
	.source = "torch.nn.Flatten",
	.build = flatten_build,
};

const struct layer_type layer_activation = {
	.name = "activation",
	.doc = "An activation as a layer of its own; also {\"type\": \"relu\"}, by the name of any of them.",
	.source = "tf.keras.layers.Activation",
	.activates = true,
	.build = activation_build,
};

const struct layer_type layer_residual = {
	.name = "residual",
	.doc = "activation(x + layers(x)); what the layers make has the shape of x.",
	.source = "He, Zhang, Ren, Sun 2016, Deep residual learning for image recognition, eq. 1",
	.activates = true,
	.nests = true,
	.build = residual_build,
};
