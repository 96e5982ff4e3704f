/* The multilayer perceptron: hidden layers, an output layer without activation, a loss. */
#include "core/model/build.h"
#include "core/model/dense.h"
#include "core/model/tables.h"

static void draw(struct drawing *drawing, const struct model_config *config, const struct model_shape *shape)
{
	struct graph *graph = &drawing->graph;
	double l1 = settings_number(&config->settings, "l1"), l2 = settings_number(&config->settings, "l2");
	size_t z = drawing->features, width = shape->features;
	for (size_t i = 0; i < config->layer_count; i++) {
		const struct layer_config *layer = &config->layers[i];
		z = layer->type->build(graph, layer, i, z, width, &width);
	}
	size_t outputs = loss_outputs(config->loss, shape);
	z = dense_append(graph, config->layer_count, z, width, outputs, glorot_bound(width, outputs));
	drawing->output = z;
	drawing->root = config->loss->build(graph, &config->loss_settings, z, drawing->target);
	for (size_t p = 0; p < graph->parameters; p++) {
		if (graph->parameter[p].tensor.rank > 1) {
			drawing->root = add_penalty(graph, drawing->root, graph->parameter[p].node, l1, l2);
		}
	}
}

static enum status build(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			 size_t slots, struct objective **out, struct error *error)
{
	return build_drawing(draw, config, shape, dtype, slots, out, error);
}

static enum status measure(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			   size_t slots, size_t *parameters, size_t *bytes)
{
	return measure_drawing(draw, config, shape, dtype, slots, parameters, bytes);
}

static const struct loss_type *default_loss(const struct model_shape *shape)
{
	return shape->classes > 0 ? &loss_cross_entropy : &loss_mse;
}

static const struct loss_type *const losses[] = {
	&loss_cross_entropy, &loss_bce_with_logits, &loss_mse,   &loss_mae,           &loss_huber, &loss_smooth_l1,
	&loss_quantile,      &loss_poisson,         &loss_hinge, &loss_squared_hinge, NULL
};

static const struct setting settings[] = {
	{ .name = "l1",
	  .kind = SETTING_REAL,
	  .maximum = 1e100,
	  .doc = "Factor of the sum of absolute values of all layers' weights; biases are left out." },
	{ .name = "l2",
	  .kind = SETTING_REAL,
	  .maximum = 1e100,
	  .doc = "Twice the factor of the sum of squares of all layers' weights; biases are left out." },
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
	.setting_count = sizeof settings / sizeof settings[0],
	.losses = losses,
	.has_layers = true,
	.default_loss = default_loss,
	.build = build,
	.measure = measure,
};
