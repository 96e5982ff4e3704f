/*
 * The autoencoder: dense layers down to a code, the same layers in reverse order up to the row again, a loss between
 * the row and what became of it. No target: the features are both.
 *
 *   x -> layers -> code -> layers mirrored -> x again
 *
 * It predicts the code and the row side by side (LINK_CODE). Without hidden layers and with mse its minimum is that of
 * principal components.
 */
#include <stdio.h>

#include "core/graph/ops/ops.h"
#include "core/model/build.h"
#include "core/model/dense.h"
#include "core/model/tables.h"

static size_t code_size(const struct model_config *config)
{
	return (size_t)settings_number(&config->settings, "code_size");
}

/* A layer without activation: the code, and the row that comes out. */
static size_t plain(struct graph *graph, const struct model_config *config, const char *path, size_t x, size_t units)
{
	const size_t inputs = graph->status == OK ? graph->node[x].shape.extent[0] : 1;
	return dense_append(graph, path, x, units,
			    weight_start(config->init, &config->init_settings, NULL, inputs, units));
}

/* Only what has a mirror image may be a layer here. */
static void check_layers(struct graph *graph, const struct model_config *config)
{
	char place[64];
	for (size_t i = 0; i < config->layer_count && graph->status == OK; i++) {
		if (config->layers[i].type != &layer_dense) {
			snprintf(place, sizeof place, "layers.%zu", i);
			graph->status =
				error_set(&graph->error, E_INVALID,
					  "an autoencoder mirrors its layers, so they are dense, and this one is %s",
					  config->layers[i].type->name);
			graph_place(graph, place, NODE_NONE);
		}
	}
}

static void draw(struct drawing *drawing, const struct model_config *config, const struct model_shape *shape)
{
	struct graph *graph = &drawing->graph;
	const size_t hidden = config->layer_count;
	char path[64];
	check_layers(graph, config);
	size_t z = layers_append(graph, config->layers, hidden, "layers", drawing->features);
	const size_t code = z = plain(graph, config, "code", z, code_size(config));
	for (size_t i = 0; i < hidden && graph->status == OK; i++) {
		snprintf(path, sizeof path, "decoder.%zu", i);
		z = layer_dense.build(graph, &config->layers[hidden - 1 - i], path, z);
	}
	snprintf(path, sizeof path, "decoder.%zu", hidden);
	z = plain(graph, config, path, z, shape->features);
	drawing->output = graph_binary(graph, &op_join, code, z);
	drawing->root = config->loss->build(graph, &config->loss_settings, z, drawing->target);
	penalize_weights(drawing, config);
}

static size_t outputs(const struct model_config *config, const struct model_shape *shape)
{
	return code_size(config) + shape->features;
}

static const struct loss_type *const losses[] = { &loss_mse, &loss_mae, &loss_huber, &loss_smooth_l1, NULL };

static const struct setting settings[] = {
	WEIGHT_PENALTIES,
	{ .name = "code_size",
	  .kind = SETTING_INTEGER,
	  .preset = 2,
	  .minimum = 1,
	  .maximum = 1048576,
	  .doc = "Numbers of a code." },
};

const struct model_type model_autoencoder = {
	.name = "autoencoder",
	.doc = "Dense layers down to a code and, mirrored, up to the row again; learns from the features alone. "
	       "Predictions are the codes and the reconstructions.",
	.source =
		"Hinton, Salakhutdinov 2006, Reducing the dimensionality of data with neural networks; without hidden "
		"layers: Baldi, Hornik 1989",
	.target = TARGET_NONE,
	.settings = settings,
	.setting_count = sizeof settings / sizeof settings[0],
	.losses = losses,
	.has_layers = true,
	.encodes = true,
	.activation = "relu",
	.outputs = outputs,
	.draw = draw,
};
