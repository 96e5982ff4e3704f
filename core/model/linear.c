#include "core/model/linear.h"

#include "core/graph/ops/ops.h"
#include "core/model/build.h"

/* loss(X W + b) + l1 sum |w| + 0.5 l2 sum w^2 */
void linear_draw(struct drawing *drawing, const struct model_config *config, const struct model_shape *shape)
{
	struct graph *graph = &drawing->graph;
	const struct settings *settings = &config->settings;
	double l1 = settings_number(settings, "l1"), l2 = settings_number(settings, "l2");
	size_t outputs = loss_outputs(config->loss, shape), bias = NODE_NONE;
	size_t weight = graph_parameter(graph, "weight", 2, (size_t[]){ shape->features, outputs }, 0);
	drawing->output = graph_binary(graph, &op_matmul, drawing->features, weight);
	if (settings_bool(settings, "intercept")) {
		bias = graph_parameter(graph, "bias", 1, &outputs, 0);
		drawing->output = graph_binary(graph, &op_add_bias, drawing->output, bias);
	}
	drawing->root = config->loss->build(graph, &config->loss_settings, drawing->output, drawing->target);
	drawing->root = add_penalty(graph, drawing->root, weight, l1, l2);
	if (settings_bool(settings, "intercept") && settings_bool(settings, "penalize_intercept")) {
		drawing->root = add_penalty(graph, drawing->root, bias, l1, l2);
	}
}

void linear_describe(const struct model_config *config, const struct model_shape *shape, struct linear_form *form)
{
	const struct settings *settings = &config->settings;
	if (config->loss->describe == NULL || model_class_weights(config) > 0) {
		return; /* solvers of their own know of no weights */
	}
	config->loss->describe(&config->loss_settings, &form->loss);
	form->features = shape->features;
	form->outputs = loss_outputs(config->loss, shape);
	form->intercept = settings_bool(settings, "intercept");
	form->penalize_intercept = form->intercept && settings_bool(settings, "penalize_intercept");
	form->l1 = settings_number(settings, "l1");
	form->l2 = settings_number(settings, "l2");
	if (config->loss->target == TARGET_NUMBER) { /* a mean over the targets */
		form->loss.factor /= (double)form->outputs;
	}
}

const struct setting linear_settings[LINEAR_SETTINGS] = {
	{ .name = "l1",
	  .kind = SETTING_REAL,
	  .maximum = 1e100,
	  .doc = "Factor of the sum of absolute values of the weights: exact zeros, with the optimizers that take "
		 "it." },
	{ .name = "l2",
	  .kind = SETTING_REAL,
	  .maximum = 1e100,
	  .doc = "Twice the factor of the sum of squares of the weights." },
	{ .name = "intercept", .kind = SETTING_BOOL, .preset = 1, .maximum = 1, .doc = "Whether there is a bias." },
	{ .name = "penalize_intercept",
	  .kind = SETTING_BOOL,
	  .maximum = 1,
	  .doc = "Whether l1 and l2 are for the bias too." },
};
