/* Layers that know of channels, the first dimension of a row: normalisation of groups of them, and a rectifier with a
 * slope for each. */
#include <stdio.h>

#include "core/graph/ops/ops.h"
#include "core/model/build.h"
#include "core/model/tables.h"

static size_t group_norm_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	const struct shape shape = graph->node[x].shape;
	const double attribute[GRAPH_ATTRIBUTES] = { settings_number(&config->settings, "eps"),
						     settings_number(&config->settings, "groups") };
	size_t y = graph_apply_constants(graph, &op_group_norm, &x, attribute);
	return y != NODE_NONE && settings_bool(&config->settings, "affine")
		       ? scale_shift(graph, path, 1, shape.extent, y)
		       : y;
}

static size_t prelu_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	char name[64];
	const size_t each = settings_bool(&config->settings, "per_channel") ? graph->node[x].shape.extent[0] : 1;
	snprintf(name, sizeof name, "%s.weight", path);
	size_t slope =
		graph_parameter_fill(graph, name, 1, &each, settings_number(&config->settings, "negative_slope"));
	return slope == NODE_NONE ? NODE_NONE : graph_binary(graph, &op_prelu, x, slope);
}

static const struct setting group_norm_settings[] = {
	{ .name = "groups",
	  .kind = SETTING_INTEGER,
	  .required = true,
	  .minimum = 1,
	  .maximum = 65536,
	  .doc = "Groups of channels side by side; they divide the channels." },
	{ .name = "eps",
	  .kind = SETTING_REAL,
	  .preset = 1e-5,
	  .open_minimum = true,
	  .maximum = 1,
	  .doc = "Is added to the variance." },
	{ .name = "affine",
	  .kind = SETTING_BOOL,
	  .preset = 1,
	  .maximum = 1,
	  .doc = "Whether a weight and a bias for each channel follow." },
};
static const struct setting prelu_settings[] = {
	{ .name = "negative_slope",
	  .kind = SETTING_REAL,
	  .preset = 0.25,
	  .minimum = -1e6,
	  .maximum = 1e6,
	  .doc = "Where the slopes below 0 start." },
	{ .name = "per_channel",
	  .kind = SETTING_BOOL,
	  .preset = 0,
	  .maximum = 1,
	  .doc = "A slope for each channel instead of one for all." },
};

#define SETTINGS(table) .settings = table, .setting_count = sizeof table / sizeof table[0]

const struct layer_type layer_group_norm = {
	.name = "group_norm",
	.doc = "g (x - mean) / sqrt(var + eps) + b, mean and variance over a group of a row's channels, g and b for "
	       "each "
	       "channel.",
	.source = "Wu, He 2018, Group normalization; torch.nn.GroupNorm",
	SETTINGS(group_norm_settings),
	.reads = READS_CHANNELS,
	.build = group_norm_build,
};

const struct layer_type layer_prelu = {
	.name = "prelu",
	.doc = "x above 0, else a x, the slope a learned with the weights.",
	.source = "He, Zhang, Ren, Sun 2015, Delving deep into rectifiers, eq. 1; torch.nn.PReLU",
	SETTINGS(prelu_settings),
	.build = prelu_build,
};
