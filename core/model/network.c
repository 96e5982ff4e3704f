/* Networks: layers, an output layer without activation, a loss. The multilayer perceptron names its hidden layers; a
 * sequential network may read images, and its last layer may be the output layer already. */
#include <stdio.h>

#include "core/graph/ops/ops.h"
#include "core/model/build.h"
#include "core/model/dense.h"
#include "core/model/tables.h"

/* The last layer is the output layer already: a dense one of as many units as the loss wants, without activation. */
static bool ends_in_outputs(const struct model_config *config, size_t outputs)
{
	const struct layer_config *last = config->layer_count > 0 ? &config->layers[config->layer_count - 1] : NULL;
	return config->type == &model_sequential && last != NULL && last->type == &layer_dense &&
	       last->activation == &activation_identity && (size_t)settings_number(&last->settings, "units") == outputs;
}

/* The output layer that is added: it flattens what is not of one dimension. */
static size_t output_append(struct graph *graph, const struct model_config *config, size_t x, size_t outputs)
{
	char path[64];
	if (graph->status != OK) {
		return NODE_NONE;
	}
	if (graph->node[x].shape.rank != 1) {
		x = graph_unary(graph, &op_flatten, x);
	}
	size_t inputs = graph->status == OK ? graph->node[x].shape.extent[0] : 1;
	snprintf(path, sizeof path, "layers.%zu", config->layer_count);
	struct start_rule start = weight_start(config->init, &config->init_settings, NULL, inputs, outputs);
	return dense_append(graph, path, x, outputs, start);
}

static void draw(struct drawing *drawing, const struct model_config *config, const struct model_shape *shape)
{
	struct graph *graph = &drawing->graph;
	size_t outputs = loss_outputs(config->loss, shape);
	size_t z = layers_append(graph, config->layers, config->layer_count, "layers", drawing->features);
	if (!ends_in_outputs(config, outputs)) {
		z = output_append(graph, config, z, outputs);
	}
	drawing->output = z;
	drawing->root = config->loss->build(graph, &config->loss_settings, z, drawing->target);
	penalize_weights(drawing, config);
}

static const struct loss_type *default_loss(const struct model_shape *shape)
{
	return shape->classes > 0 ? &loss_cross_entropy : &loss_mse;
}

static const struct loss_type *const losses[] = {
	&loss_cross_entropy, &loss_bce_with_logits, &loss_log_loss,  &loss_mse,          &loss_squared_error,
	&loss_mae,           &loss_huber,           &loss_smooth_l1, &loss_quantile,     &loss_poisson,
	&loss_hinge,         &loss_squared_hinge,   &loss_kl,        &loss_cosine,       &loss_gaussian,
	&loss_log_cosh,      &loss_soft_margin,     &loss_focal,     &loss_multi_margin, NULL
};

enum { MLP_SETTINGS = 2 };

/* Those of mlp are the first of those of sequential. */
static const struct setting settings[] = {
	WEIGHT_PENALTIES,
	{ .name = "input_shape",
	  .kind = SETTING_VECTOR,
	  .minimum = 1,
	  .maximum = 1048576,
	  .doc = "How the columns of a row are read, row-major: [channels, height, width]; two numbers are [channels, "
		 "length] or [steps, features] where the first layer that needs to know reads signals or sequences, "
		 "else "
		 "[height, width] of one channel. Without it a row has one dimension." },
};

const struct model_type model_mlp = {
	.name = "mlp",
	.doc = "A network of layers with an output layer added: one unit a class or target, one for bce_with_logits "
	       "and the hinges.",
	.source =
		"Rumelhart, Hinton, Williams 1986, Learning representations by back-propagating errors; weights start "
		"as He et al. 2015 (relu) or Glorot, Bengio 2010 (the others) say, biases at zero",
	.target = TARGET_ANY,
	.settings = settings,
	.setting_count = MLP_SETTINGS,
	.losses = losses,
	.has_layers = true,
	.activation = "relu",
	.default_loss = default_loss,
	.draw = draw,
};

const struct model_type model_sequential = {
	.name = "sequential",
	.doc = "A network of layers of any type, for images too. A last dense layer without activation that has as "
	       "many "
	       "units as the loss wants is the output layer; else one is added.",
	.source =
		"LeCun, Bottou, Bengio, Haffner 1998, Gradient-based learning applied to document recognition; weights "
		"start as those of mlp",
	.target = TARGET_ANY,
	.settings = settings,
	.setting_count = sizeof settings / sizeof settings[0],
	.losses = losses,
	.has_layers = true,
	.has_images = true,
	.activation = "identity",
	.default_loss = default_loss,
	.draw = draw,
};
