/* Layers over images [channels, height, width]: convolution and pooling. */
#include <stdio.h>

#include "core/graph/ops/ops.h"
#include "core/graph/ops/window.h"
#include "core/model/build.h"
#include "core/model/tables.h"

static const double pair_zeros[] = { 0, 0 }, pair_ones[] = { 1, 1 }, pair_twos[] = { 2, 2 };

void take_pair(const struct settings *settings, const char *name, const char *other, double *attribute)
{
	const struct setting_value *value = settings_get(settings, name);
	value = value->rows == 2 ? value : settings_get(settings, other);
	attribute[0] = value->values[0];
	attribute[1] = value->values[1];
}

static size_t conv2d_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	const struct settings *settings = &config->settings;
	size_t outputs = (size_t)settings_number(settings, "out_channels");
	size_t groups = (size_t)settings_number(settings, "groups");
	double attribute[GRAPH_ATTRIBUTES] = { 0 };
	char name[64], text[128];
	take_pair(settings, "stride", "stride", attribute + WINDOW_STRIDE);
	take_pair(settings, "padding", "padding", attribute + WINDOW_PADDING);
	take_pair(settings, "dilation", "dilation", attribute + WINDOW_DILATION);
	take_pair(settings, "kernel_size", "kernel_size", attribute + WINDOW_KERNEL);
	const struct shape *shape = &graph->node[x].shape;
	size_t channels = shape->extent[0];
	if (shape->rank != 3) {
		graph->status =
			error_set(&graph->error, E_INVALID,
				  "conv2d takes images [channels, height, width], not %s: give a sequential model "
				  "input_shape",
				  shape_text(shape, text));
		return NODE_NONE;
	}
	if (channels % groups != 0 || outputs % groups != 0) {
		graph->status =
			error_set(&graph->error, E_INVALID,
				  "conv2d: %zu groups divide neither or one only of %zu channels and %zu out_channels",
				  groups, channels, outputs);
		return NODE_NONE;
	}
	size_t extent[4] = { outputs, channels / groups, (size_t)attribute[WINDOW_KERNEL],
			     (size_t)attribute[WINDOW_KERNEL + 1] };
	size_t places = extent[2] * extent[3];
	struct start_rule start = weight_start(config->init, &config->init_settings, config->activation,
					       extent[1] * places, outputs / groups * places);
	snprintf(name, sizeof name, "%s.weight", path);
	size_t weight = graph_parameter_start(graph, name, 4, extent, start);
	snprintf(name, sizeof name, "%s.bias", path);
	size_t bias = graph_parameter(graph, name, 1, &outputs, 0), input[3] = { x, weight, bias };
	return activation_append(graph, config,
				 weight == NODE_NONE || bias == NODE_NONE
					 ? NODE_NONE
					 : graph_apply_constants(graph, &op_conv2d, input, attribute));
}

static size_t pool_build(struct graph *graph, const struct layer_config *config, size_t x, const struct graph_op *op,
			 double count_pad)
{
	double attribute[GRAPH_ATTRIBUTES] = { 0 };
	take_pair(&config->settings, "kernel_size", "kernel_size", attribute + WINDOW_KERNEL);
	take_pair(&config->settings, "stride", "kernel_size", attribute + WINDOW_STRIDE);
	take_pair(&config->settings, "padding", "padding", attribute + WINDOW_PADDING);
	attribute[WINDOW_DILATION] = count_pad; /* in the place of a dilation, see avg_pool2d */
	return graph_apply_constants(graph, op, &x, attribute);
}

static size_t max_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	(void)path;
	return pool_build(graph, config, x, &op_max_pool2d, 0);
}

static size_t avg_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	(void)path;
	return pool_build(graph, config, x, &op_avg_pool2d,
			  settings_bool(&config->settings, "count_include_pad") ? 1 : 0);
}

enum { SIDE_MOST = 4096 };
#define KERNEL                                                                                                         \
	.name = "kernel_size", .kind = SETTING_PAIR, .minimum = 1, .maximum = SIDE_MOST,                               \
	.doc = "The window's height and width."
#define PADDING                                                                                                        \
	{                                                                                                              \
		.name = "padding", .kind = SETTING_PAIR, .preset_values = pair_zeros, .length = 2, .minimum = 0,       \
		.maximum = SIDE_MOST, .doc = "Rows and columns that are added on each side."                           \
	}
#define POOL_STRIDE                                                                                                    \
	{                                                                                                              \
		.name = "stride", .kind = SETTING_PAIR, .minimum = 1, .maximum = SIDE_MOST,                            \
		.doc = "Steps from one window to the next; kernel_size where not given."                               \
	}

static const struct setting conv2d_settings[] = {
	{ .name = "out_channels",
	  .kind = SETTING_INTEGER,
	  .required = true,
	  .minimum = 1,
	  .maximum = 65536,
	  .doc = "Channels of the result: filters." },
	{ KERNEL, .required = true },
	{ .name = "stride",
	  .kind = SETTING_PAIR,
	  .preset_values = pair_ones,
	  .length = 2,
	  .minimum = 1,
	  .maximum = SIDE_MOST,
	  .doc = "Steps from one window to the next." },
	PADDING,
	{ .name = "dilation",
	  .kind = SETTING_PAIR,
	  .preset_values = pair_ones,
	  .length = 2,
	  .minimum = 1,
	  .maximum = SIDE_MOST,
	  .doc = "Steps from one number within a window to the next." },
	{ .name = "groups",
	  .kind = SETTING_INTEGER,
	  .preset = 1,
	  .minimum = 1,
	  .maximum = 65536,
	  .doc = "Parts of the channels that do not see one another." },
};
static const struct setting max_settings[] = { { KERNEL, .preset_values = pair_twos, .length = 2 },
					       POOL_STRIDE,
					       PADDING };
static const struct setting avg_settings[] = {
	{ KERNEL, .preset_values = pair_twos, .length = 2 },
	POOL_STRIDE,
	PADDING,
	{ .name = "count_include_pad",
	  .kind = SETTING_BOOL,
	  .preset = 1,
	  .maximum = 1,
	  .doc = "Whether the zeros of the padding count in the divisor." },
};

#define SETTINGS(table) .settings = table, .setting_count = sizeof table / sizeof table[0]

const struct layer_type layer_conv2d = {
	.name = "conv2d",
	.reads = READS_IMAGES,
	.doc = "activation(convolution): cross-correlation with zero padding; weights [out, in / groups, height, "
	       "width].",
	.source = "LeCun, Bottou, Bengio, Haffner 1998, Gradient-based learning applied to document recognition; "
		  "torch.nn.Conv2d",
	SETTINGS(conv2d_settings),
	.activates = true,
	.weighs = true,
	.build = conv2d_build,
};

const struct layer_type layer_max_pool2d = {
	.name = "max_pool2d",
	.reads = READS_IMAGES,
	.doc = "The largest number of each window; windows that are not complete are dropped.",
	.source = "Ranzato, Huang, Boureau, LeCun 2007; torch.nn.MaxPool2d",
	SETTINGS(max_settings),
	.build = max_build,
};

const struct layer_type layer_avg_pool2d = {
	.name = "avg_pool2d",
	.reads = READS_IMAGES,
	.doc = "The mean of each window; windows that are not complete are dropped.",
	.source = "LeCun, Bottou, Bengio, Haffner 1998, Gradient-based learning applied to document recognition; "
		  "torch.nn.AvgPool2d",
	SETTINGS(avg_settings),
	.build = avg_build,
};
