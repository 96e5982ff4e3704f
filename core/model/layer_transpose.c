/* Transposed convolution as a layer: what makes a larger image of a smaller one. */
#include <stdio.h>

#include "core/graph/ops/ops.h"
#include "core/graph/ops/window.h"
#include "core/model/build.h"
#include "core/model/tables.h"

static const double pair_zeros[] = { 0, 0 }, pair_ones[] = { 1, 1 };

static enum status check(const struct shape *shape, size_t groups, size_t outputs, struct error *error)
{
	char text[128];
	if (shape->rank != 3) {
		return error_set(error, E_INVALID,
				 "conv_transpose2d takes images [channels, height, width], not %s: give a sequential "
				 "model input_shape",
				 shape_text(shape, text));
	}
	if (shape->extent[0] % groups != 0 || outputs % groups != 0) {
		return error_set(error, E_INVALID,
				 "conv_transpose2d: %zu groups do not divide both %zu channels and %zu out_channels",
				 groups, shape->extent[0], outputs);
	}
	return OK;
}

/* In fan_in each output number counts what reaches it at stride 1. */
static size_t build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	const struct settings *settings = &config->settings;
	size_t outputs = (size_t)settings_number(settings, "out_channels");
	size_t groups = (size_t)settings_number(settings, "groups");
	double attribute[GRAPH_ATTRIBUTES] = { 0 }, kernel[2];
	char name[64];
	take_pair(settings, "stride", "stride", attribute + WINDOW_STRIDE);
	take_pair(settings, "padding", "padding", attribute + WINDOW_PADDING);
	take_pair(settings, "dilation", "dilation", attribute + WINDOW_DILATION);
	take_pair(settings, "output_padding", "output_padding", attribute + WINDOW_KERNEL); /* see the operation */
	take_pair(settings, "kernel_size", "kernel_size", kernel);
	graph->status = check(&graph->node[x].shape, groups, outputs, &graph->error);
	if (graph->status != OK) {
		return NODE_NONE;
	}
	size_t inputs = graph->node[x].shape.extent[0];
	size_t extent[4] = { inputs, outputs / groups, (size_t)kernel[0], (size_t)kernel[1] };
	size_t places = extent[2] * extent[3];
	struct start_rule start = weight_start(config->init, &config->init_settings, config->activation,
					       inputs / groups * places, extent[1] * places);
	snprintf(name, sizeof name, "%s.weight", path);
	size_t weight = graph_parameter_start(graph, name, 4, extent, start);
	snprintf(name, sizeof name, "%s.bias", path);
	size_t bias = graph_parameter(graph, name, 1, &outputs, 0), input[3] = { x, weight, bias };
	return activation_append(graph, config,
				 weight == NODE_NONE || bias == NODE_NONE
					 ? NODE_NONE
					 : graph_apply_constants(graph, &op_conv_transpose2d, input, attribute));
}

enum { SIDE_MOST = 4096, CHANNELS_MOST = 65536 };
#define PAIR(name_, least, values, text)                                                                               \
	{                                                                                                              \
		.name = name_, .kind = SETTING_PAIR, .preset_values = values, .length = 2, .minimum = least,           \
		.maximum = SIDE_MOST, .doc = text                                                                      \
	}

static const struct setting settings[] = {
	{ .name = "out_channels",
	  .kind = SETTING_INTEGER,
	  .required = true,
	  .minimum = 1,
	  .maximum = CHANNELS_MOST,
	  .doc = "Channels of the result." },
	{ .name = "kernel_size",
	  .kind = SETTING_PAIR,
	  .required = true,
	  .minimum = 1,
	  .maximum = SIDE_MOST,
	  .doc = "Height and width of what each number is spread over." },
	PAIR("stride", 1, pair_ones, "Steps in the result from one number to the next."),
	PAIR("padding", 0, pair_zeros, "Rows and columns that are cut off on each side of the result."),
	PAIR("output_padding", 0, pair_zeros,
	     "Rows and columns more, below and on the right; smaller than the stride."),
	PAIR("dilation", 1, pair_ones, "Steps from one number of the kernel to the next."),
	{ .name = "groups",
	  .kind = SETTING_INTEGER,
	  .preset = 1,
	  .minimum = 1,
	  .maximum = CHANNELS_MOST,
	  .doc = "Parts of the channels that do not see one another." },
};

const struct layer_type layer_conv_transpose2d = {
	.name = "conv_transpose2d",
	.doc = "activation(transposed convolution), the linear map whose transpose is conv2d's: sides (in - 1) stride "
	       "- "
	       "2 padding + dilation (kernel - 1) + output_padding + 1; weights [in, out / groups, height, width].",
	.source = "Zeiler, Krishnan, Taylor, Fergus 2010, Deconvolutional networks; torch.nn.ConvTranspose2d",
	.settings = settings,
	.setting_count = sizeof settings / sizeof settings[0],
	.activates = true,
	.weighs = true,
	.reads = READS_IMAGES,
	.build = build,
};
