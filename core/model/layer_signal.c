/* Layers over signals [channels, length]: convolution and pooling. */
#include <math.h>
#include <stdio.h>

#include "core/graph/ops/ops.h"
#include "core/graph/ops/window.h"
#include "core/model/build.h"
#include "core/model/tables.h"

/* A number of steps along the signal into a constant of window.h; `still`: what stands for the height. */
static void take(const struct settings *settings, const char *name, double still, double *attribute)
{
	attribute[0] = still;
	attribute[1] = settings_number(settings, name);
}

static enum status check(const struct shape *shape, size_t groups, size_t outputs, struct error *error)
{
	char text[128];
	if (shape->rank != 2) {
		return error_set(error, E_INVALID,
				 "conv1d takes signals [channels, length], not %s: give a sequential model input_shape",
				 shape_text(shape, text));
	}
	if (shape->extent[0] % groups != 0 || outputs % groups != 0) {
		return error_set(error, E_INVALID,
				 "conv1d: %zu groups do not divide both %zu channels and %zu out_channels", groups,
				 shape->extent[0], outputs);
	}
	return OK;
}

static size_t conv1d_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	const struct settings *settings = &config->settings;
	size_t outputs = (size_t)settings_number(settings, "out_channels");
	size_t groups = (size_t)settings_number(settings, "groups");
	double attribute[GRAPH_ATTRIBUTES] = { 0 };
	char name[64];
	take(settings, "stride", 1, attribute + WINDOW_STRIDE);
	take(settings, "padding", 0, attribute + WINDOW_PADDING);
	take(settings, "dilation", 1, attribute + WINDOW_DILATION);
	take(settings, "kernel_size", 1, attribute + WINDOW_KERNEL);
	graph->status = check(&graph->node[x].shape, groups, outputs, &graph->error);
	if (graph->status != OK) {
		return NODE_NONE;
	}
	size_t kernel = (size_t)attribute[WINDOW_KERNEL + 1];
	size_t extent[3] = { outputs, graph->node[x].shape.extent[0] / groups, kernel };
	struct start_rule start = weight_start(config->init, &config->init_settings, config->activation,
					       extent[1] * kernel, outputs / groups * kernel);
	snprintf(name, sizeof name, "%s.weight", path);
	size_t weight = graph_parameter_start(graph, name, 3, extent, start);
	snprintf(name, sizeof name, "%s.bias", path);
	size_t bias = graph_parameter(graph, name, 1, &outputs, 0), input[3] = { x, weight, bias };
	return activation_append(graph, config,
				 weight == NODE_NONE || bias == NODE_NONE
					 ? NODE_NONE
					 : graph_apply_constants(graph, &op_conv1d, input, attribute));
}

static size_t pool_build(struct graph *graph, const struct layer_config *config, size_t x, const struct graph_op *op,
			 double count_pad)
{
	const bool own = !isnan(settings_number(&config->settings, "stride"));
	double attribute[GRAPH_ATTRIBUTES] = { 0 };
	take(&config->settings, "kernel_size", 1, attribute + WINDOW_KERNEL);
	take(&config->settings, own ? "stride" : "kernel_size", 1, attribute + WINDOW_STRIDE);
	take(&config->settings, "padding", 0, attribute + WINDOW_PADDING);
	attribute[WINDOW_DILATION] = count_pad; /* in the place of a dilation, see avg_pool2d */
	return graph_apply_constants(graph, op, &x, attribute);
}

static size_t max_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	(void)path;
	return pool_build(graph, config, x, &op_max_pool1d, 0);
}

static size_t avg_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	(void)path;
	return pool_build(graph, config, x, &op_avg_pool1d,
			  settings_bool(&config->settings, "count_include_pad") ? 1 : 0);
}

enum { LENGTH_MOST = 1048576, CHANNELS_MOST = 65536 };
#define WHOLE(name_, least, most, text)                                                                                \
	.name = name_, .kind = SETTING_INTEGER, .minimum = least, .maximum = most, .doc = text
#define KERNEL WHOLE("kernel_size", 1, LENGTH_MOST, "The window's length.")
#define PADDING                                                                                                        \
	{                                                                                                              \
		WHOLE("padding", 0, LENGTH_MOST, "Numbers that are added on each side.")                               \
	}
#define POOL_STRIDE                                                                                                    \
	{                                                                                                              \
		WHOLE("stride", 1, LENGTH_MOST, "Steps from one window to the next; kernel_size where not given."),    \
			.nullable = true, .preset = NAN                                                                \
	}

static const struct setting conv1d_settings[] = {
	{ WHOLE("out_channels", 1, CHANNELS_MOST, "Channels of the result: filters."), .required = true },
	{ KERNEL, .required = true },
	{ WHOLE("stride", 1, LENGTH_MOST, "Steps from one window to the next."), .preset = 1 },
	PADDING,
	{ WHOLE("dilation", 1, LENGTH_MOST, "Steps from one number within a window to the next."), .preset = 1 },
	{ WHOLE("groups", 1, CHANNELS_MOST, "Parts of the channels that do not see one another."), .preset = 1 },
};
static const struct setting max_settings[] = { { KERNEL, .preset = 2 }, POOL_STRIDE, PADDING };
static const struct setting avg_settings[] = {
	{ KERNEL, .preset = 2 },
	POOL_STRIDE,
	PADDING,
	{ .name = "count_include_pad",
	  .kind = SETTING_BOOL,
	  .preset = 1,
	  .maximum = 1,
	  .doc = "Whether the zeros of the padding count in the divisor." },
};

#define SETTINGS(table) .settings = table, .setting_count = sizeof table / sizeof table[0]

const struct layer_type layer_conv1d = {
	.name = "conv1d",
	.reads = READS_SIGNALS,
	.doc = "activation(convolution) of signals [channels, length]: cross-correlation with zero padding; weights "
	       "[out, in / groups, kernel].",
	.source = "Waibel et al. 1989, Phoneme recognition using time-delay neural networks; torch.nn.Conv1d",
	SETTINGS(conv1d_settings),
	.activates = true,
	.weighs = true,
	.build = conv1d_build,
};

const struct layer_type layer_max_pool1d = {
	.name = "max_pool1d",
	.reads = READS_SIGNALS,
	.doc = "The largest number of each window of signals [channels, length]; windows that are not complete are "
	       "dropped.",
	.source = "torch.nn.MaxPool1d",
	SETTINGS(max_settings),
	.build = max_build,
};

const struct layer_type layer_avg_pool1d = {
	.name = "avg_pool1d",
	.reads = READS_SIGNALS,
	.doc = "The mean of each window of signals [channels, length]; windows that are not complete are dropped.",
	.source = "torch.nn.AvgPool1d",
	SETTINGS(avg_settings),
	.build = avg_build,
};
