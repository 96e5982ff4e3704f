/*
 * Layers whose window slides over images [channels, height, width] or signals [channels, length]: convolution, its
 * transpose, pooling. A signal's settings are a number where an image's are a pair; to the operations it is an image of
 * height 1 (core/graph/ops/window.h).
 */
#include <math.h>
#include <stdio.h>

#include "core/graph/ops/ops.h"
#include "core/graph/ops/window.h"
#include "core/model/build.h"
#include "core/model/tables.h"

/* One of the convolutions. */
struct convolution {
	const char *name, *takes;
	size_t dimensions; /* of a window */
	const struct graph_op *op;
	bool transposed; /* weights [in, out / groups, ...], not [out, in / groups, ...] */
};

struct pooling {
	size_t dimensions;
	const struct graph_op *op;
	bool pads; /* has the setting count_include_pad */
};

/* A setting, or where it is left open the one called `other`, into two constants of window.h: a pair, or a number along
 * the signal beside `still` for the height. */
static void take(const struct settings *settings, size_t dimensions, const char *name, const char *other, double still,
		 double *attribute)
{
	const struct setting_value *value = settings_get(settings, name);
	const bool open = dimensions == 2 ? value->rows != 2 : isnan(value->number);
	value = open ? settings_get(settings, other) : value;
	attribute[0] = dimensions == 2 ? value->values[0] : still;
	attribute[1] = dimensions == 2 ? value->values[1] : value->number;
}

static enum status check(const struct convolution *kind, const struct shape *shape, size_t groups, size_t outputs,
			 struct error *error)
{
	char text[128];
	if (shape->rank != kind->dimensions + 1) {
		return error_set(error, E_INVALID, "%s takes %s, not %s: give a sequential model input_shape",
				 kind->name, kind->takes, shape_text(shape, text));
	}
	if (shape->extent[0] % groups != 0 || outputs % groups != 0) {
		return error_set(error, E_INVALID,
				 "%s: %zu groups do not divide both %zu channels and %zu out_channels", kind->name,
				 groups, shape->extent[0], outputs);
	}
	return OK;
}

/* In fan_in of a transposed one each output number counts what reaches it at stride 1. */
static size_t convolve(struct graph *graph, const struct layer_config *config, const char *path, size_t x,
		       const struct convolution *kind)
{
	const struct settings *settings = &config->settings;
	const size_t outputs = (size_t)settings_number(settings, "out_channels"), n = kind->dimensions;
	const size_t groups = (size_t)settings_number(settings, "groups");
	double attribute[GRAPH_ATTRIBUTES] = { 0 }, kernel[2];
	char name[64];
	take(settings, n, "stride", "stride", 1, attribute + WINDOW_STRIDE);
	take(settings, n, "padding", "padding", 0, attribute + WINDOW_PADDING);
	take(settings, n, "dilation", "dilation", 1, attribute + WINDOW_DILATION);
	take(settings, n, "kernel_size", "kernel_size", 1, kernel);
	/* a transposed one has its kernel from its weights, see the operation */
	const char *last = kind->transposed ? "output_padding" : "kernel_size";
	take(settings, n, last, last, 1, attribute + WINDOW_KERNEL);
	graph->status = check(kind, &graph->node[x].shape, groups, outputs, &graph->error);
	if (graph->status != OK) {
		return NODE_NONE;
	}
	const size_t inputs = graph->node[x].shape.extent[0], places = (size_t)kernel[0] * (size_t)kernel[1];
	size_t extent[4] = { kind->transposed ? inputs : outputs, (kind->transposed ? outputs : inputs) / groups };
	for (size_t i = 0; i < n; i++) {
		extent[2 + i] = (size_t)kernel[2 - n + i];
	}
	const struct start_rule start = weight_start(config->init, &config->init_settings, config->activation,
						     inputs / groups * places, outputs / groups * places);
	snprintf(name, sizeof name, "%s.weight", path);
	const size_t weight = graph_parameter_start(graph, name, n + 2, extent, start);
	snprintf(name, sizeof name, "%s.bias", path);
	const size_t bias = graph_parameter(graph, name, 1, &outputs, 0), input[3] = { x, weight, bias };
	return activation_append(graph, config,
				 weight == NODE_NONE || bias == NODE_NONE
					 ? NODE_NONE
					 : graph_apply_constants(graph, kind->op, input, attribute));
}

static size_t pool(struct graph *graph, const struct layer_config *config, size_t x, const struct pooling *kind)
{
	const struct settings *settings = &config->settings;
	double attribute[GRAPH_ATTRIBUTES] = { 0 };
	take(settings, kind->dimensions, "kernel_size", "kernel_size", 1, attribute + WINDOW_KERNEL);
	take(settings, kind->dimensions, "stride", "kernel_size", 1, attribute + WINDOW_STRIDE);
	take(settings, kind->dimensions, "padding", "padding", 0, attribute + WINDOW_PADDING);
	if (kind->pads) { /* in the place of a dilation, see avg_pool2d */
		attribute[WINDOW_DILATION] = settings_bool(settings, "count_include_pad") ? 1 : 0;
	}
	return graph_apply_constants(graph, kind->op, &x, attribute);
}

/* --- tables of settings, in which SIGNAL is a number and IMAGE a pair --- */

static const double pair_zeros[] = { 0, 0 }, pair_ones[] = { 1, 1 }, pair_twos[] = { 2, 2 };

enum { LENGTH_MOST = 1048576, SIDE_MOST = 4096, CHANNELS_MOST = 65536 };

#define WHOLE(name_, least, most, text)                                                                                \
	.name = name_, .kind = SETTING_INTEGER, .minimum = least, .maximum = most, .doc = text

#define SIGNAL(name_, least, text) WHOLE(name_, least, LENGTH_MOST, text)
#define SIGNAL_zeros               .preset = 0
#define SIGNAL_ones                .preset = 1
#define SIGNAL_twos                .preset = 2
#define SIGNAL_open                .nullable = true, .preset = NAN
#define SIGNAL_window              "The window's length."
#define SIGNAL_added               "Numbers that are added on each side."

#define IMAGE(name_, least, text)                                                                                      \
	.name = name_, .kind = SETTING_PAIR, .minimum = least, .maximum = SIDE_MOST, .doc = text
#define IMAGE_zeros  .preset_values = pair_zeros, .length = 2
#define IMAGE_ones   .preset_values = pair_ones, .length = 2
#define IMAGE_twos   .preset_values = pair_twos, .length = 2
#define IMAGE_open   .preset_values = NULL
#define IMAGE_window "The window's height and width."
#define IMAGE_added  "Rows and columns that are added on each side."

#define CHANNELS(text)                                                                                                 \
	{                                                                                                              \
		WHOLE("out_channels", 1, CHANNELS_MOST, text), .required = true                                        \
	}
#define GROUPS                                                                                                         \
	{                                                                                                              \
		WHOLE("groups", 1, CHANNELS_MOST, "Parts of the channels that do not see one another."), .preset = 1   \
	}

#define CONVOLUTION(KIND)                                                                                              \
	CHANNELS("Channels of the result: filters."), { KIND("kernel_size", 1, KIND##_window), .required = true },     \
		{ KIND("stride", 1, "Steps from one window to the next."), KIND##_ones },                              \
		{ KIND("padding", 0, KIND##_added), KIND##_zeros },                                                    \
		{ KIND("dilation", 1, "Steps from one number within a window to the next."), KIND##_ones }, GROUPS

#define POOLING(KIND)                                                                                                  \
	{ KIND("kernel_size", 1, KIND##_window), KIND##_twos },                                                        \
		{ KIND("stride", 1, "Steps from one window to the next; kernel_size where not given."), KIND##_open }, \
	{                                                                                                              \
		KIND("padding", 0, KIND##_added), KIND##_zeros                                                         \
	}

#define COUNT_INCLUDE_PAD                                                                                              \
	{                                                                                                              \
		.name = "count_include_pad", .kind = SETTING_BOOL, .preset = 1, .maximum = 1,                          \
		.doc = "Whether the zeros of the padding count in the divisor."                                        \
	}

static const struct setting conv1d_settings[] = { CONVOLUTION(SIGNAL) };
static const struct setting conv2d_settings[] = { CONVOLUTION(IMAGE) };
static const struct setting pool1d_settings[] = { POOLING(SIGNAL), COUNT_INCLUDE_PAD };
static const struct setting pool2d_settings[] = { POOLING(IMAGE), COUNT_INCLUDE_PAD };
static const struct setting conv_transpose2d_settings[] = {
	CHANNELS("Channels of the result."),
	{ IMAGE("kernel_size", 1, "Height and width of what each number is spread over."), .required = true },
	{ IMAGE("stride", 1, "Steps in the result from one number to the next."), IMAGE_ones },
	{ IMAGE("padding", 0, "Rows and columns that are cut off on each side of the result."), IMAGE_zeros },
	{ IMAGE("output_padding", 0, "Rows and columns more, below and on the right; smaller than the stride."),
	  IMAGE_zeros },
	{ IMAGE("dilation", 1, "Steps from one number of the kernel to the next."), IMAGE_ones },
	GROUPS,
};

#define SETTINGS(table) .settings = table, .setting_count = sizeof table / sizeof table[0]
/* Of a pooling by the largest number, which has no divisor. */
#define SETTINGS_BUT_LAST(table) .settings = table, .setting_count = sizeof table / sizeof table[0] - 1

/* --- the layers --- */

static size_t conv1d_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	return convolve(graph, config, path, x,
			&(struct convolution){ "conv1d", "signals [channels, length]", 1, &op_conv1d, false });
}

static size_t conv2d_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	return convolve(graph, config, path, x,
			&(struct convolution){ "conv2d", "images [channels, height, width]", 2, &op_conv2d, false });
}

static size_t conv_transpose2d_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	return convolve(graph, config, path, x,
			&(struct convolution){ "conv_transpose2d", "images [channels, height, width]", 2,
					       &op_conv_transpose2d, true });
}

#define POOL(name, ...)                                                                                                \
	static size_t name##_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x) \
	{                                                                                                              \
		(void)path;                                                                                            \
		return pool(graph, config, x, &(struct pooling){ __VA_ARGS__ });                                       \
	}
POOL(max_pool1d, 1, &op_max_pool1d, false)
POOL(avg_pool1d, 1, &op_avg_pool1d, true)
POOL(max_pool2d, 2, &op_max_pool2d, false)
POOL(avg_pool2d, 2, &op_avg_pool2d, true)

const struct layer_type layer_conv1d = {
	.name = "conv1d",
	.reads = READS_SIGNALS,
	.doc = "activation(convolution) of signals [channels, length]: cross-correlation with zero padding; weights "
	       "[out, in / groups, kernel].",
	.source = "Waibel et al. 1989, Phoneme recognition using time-delay neural networks; torch.nn.Conv1d",
	.activates = true,
	.weighs = true,
	SETTINGS(conv1d_settings),
	.build = conv1d_build,
};

const struct layer_type layer_max_pool1d = {
	.name = "max_pool1d",
	.reads = READS_SIGNALS,
	.doc = "The largest number of each window of signals [channels, length]; windows that are not complete are "
	       "dropped.",
	.source = "torch.nn.MaxPool1d",
	SETTINGS_BUT_LAST(pool1d_settings),
	.build = max_pool1d_build,
};

const struct layer_type layer_avg_pool1d = {
	.name = "avg_pool1d",
	.reads = READS_SIGNALS,
	.doc = "The mean of each window of signals [channels, length]; windows that are not complete are dropped.",
	.source = "torch.nn.AvgPool1d",
	SETTINGS(pool1d_settings),
	.build = avg_pool1d_build,
};

const struct layer_type layer_conv2d = {
	.name = "conv2d",
	.reads = READS_IMAGES,
	.doc = "activation(convolution): cross-correlation with zero padding; weights [out, in / groups, height, "
	       "width].",
	.source = "LeCun, Bottou, Bengio, Haffner 1998, Gradient-based learning applied to document recognition; "
		  "torch.nn.Conv2d",
	.activates = true,
	.weighs = true,
	SETTINGS(conv2d_settings),
	.build = conv2d_build,
};

const struct layer_type layer_max_pool2d = {
	.name = "max_pool2d",
	.reads = READS_IMAGES,
	.doc = "The largest number of each window; windows that are not complete are dropped.",
	.source = "Ranzato, Huang, Boureau, LeCun 2007; torch.nn.MaxPool2d",
	SETTINGS_BUT_LAST(pool2d_settings),
	.build = max_pool2d_build,
};

const struct layer_type layer_avg_pool2d = {
	.name = "avg_pool2d",
	.reads = READS_IMAGES,
	.doc = "The mean of each window; windows that are not complete are dropped.",
	.source = "LeCun, Bottou, Bengio, Haffner 1998, Gradient-based learning applied to document recognition; "
		  "torch.nn.AvgPool2d",
	SETTINGS(pool2d_settings),
	.build = avg_pool2d_build,
};

const struct layer_type layer_conv_transpose2d = {
	.name = "conv_transpose2d",
	.doc = "activation(transposed convolution), the linear map whose transpose is conv2d's: sides (in - 1) stride "
	       "- "
	       "2 padding + dilation (kernel - 1) + output_padding + 1; weights [in, out / groups, height, width].",
	.source = "Zeiler, Krishnan, Taylor, Fergus 2010, Deconvolutional networks; torch.nn.ConvTranspose2d",
	.activates = true,
	.weighs = true,
	.reads = READS_IMAGES,
	SETTINGS(conv_transpose2d_settings),
	.build = conv_transpose2d_build,
};
