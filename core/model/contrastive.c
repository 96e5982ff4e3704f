/*
 * Embeddings learned from what is alike: an encoder, and a loss that brings like points together and keeps others
 * apart.
 *
 *   point -> layers -> (flattened) -> dense of embedding_size -> (unit length) -> compared
 *
 * Where the pairs come from (`pairs`)
 *   classes  a row is one point, the target its class: pairs and triplets are formed of the rows of each batch.
 *   rows     a row holds the members side by side, all features of the first, then all of the second, ...; the weights
 *            of the encoder are shared. A pair and whether it is alike (contrastive, cosine_embedding); anchor,
 *            positive and negative (triplet); query and key (info_nce).
 *
 * It predicts the embeddings of the members side by side. What a batch makes of pairs that it lacks (one row, one
 * class): core/graph/ops/compare.c.
 */
#include <math.h>
#include <string.h>

#include "core/graph/ops/ops.h"
#include "core/model/build.h"
#include "core/model/dense.h"
#include "core/model/tables.h"

static size_t embedding_size(const struct model_config *config)
{
	return (size_t)settings_number(&config->settings, "embedding_size");
}

static bool normalizes(const struct model_config *config)
{
	const double given = settings_number(&config->settings, "normalize");
	return isnan(given) ? config->loss->compares_directions : given != 0;
}

/* Member k of a row, as a tensor of the shape that the encoder reads. */
static size_t member(struct drawing *drawing, const struct model_config *config, size_t k, size_t members, size_t width)
{
	struct graph *graph = &drawing->graph;
	double attribute[GRAPH_ATTRIBUTES] = { (double)(k * width) };
	size_t extent[POINT_RANK];
	if (members == 1) {
		return drawing->features; /* shaped by build.c */
	}
	const size_t rank = point_shape(graph, config, width, extent);
	attribute[1] = (double)rank;
	for (size_t i = 0; i < rank; i++) {
		attribute[2 + i] = (double)extent[i];
	}
	return graph_apply_constants(graph, &op_columns, &drawing->features, attribute);
}

static size_t encode(struct graph *graph, const struct model_config *config, size_t x)
{
	size_t z = layers_append(graph, config->layers, config->layer_count, "layers", x);
	if (graph->status == OK && graph->node[z].shape.rank != 1) {
		z = graph_unary(graph, &op_flatten, z);
	}
	const size_t inputs = graph->status == OK ? graph->node[z].shape.extent[0] : 1, size = embedding_size(config);
	z = dense_append(graph, "embedding", z, size,
			 weight_start(config->init, &config->init_settings, NULL, inputs, size));
	return normalizes(config) ? graph_unary(graph, &op_unit, z) : z;
}

/* Rows of members are as long as some whole number of points. */
static void check_members(struct graph *graph, const struct model_config *config, size_t members, size_t features)
{
	if (graph->status == OK && features % members != 0) {
		graph->status = error_set(
			&graph->error, E_INVALID,
			"with %s a row holds %s side by side, so the number of features can be divided "
			"by %zu, and there are %zu: name the features, or use \"pairs\": \"classes\" "
			"where a row is one point",
			config->loss->name, members == 3 ? "an anchor, a positive and a negative" : "two points",
			members, features);
		graph_place(graph, "pairs", NODE_NONE);
	}
}

static void draw(struct drawing *drawing, const struct model_config *config, const struct model_shape *shape)
{
	struct graph *graph = &drawing->graph;
	const size_t members = model_members(config);
	size_t all = NODE_NONE;
	check_members(graph, config, members, shape->features);
	graph->shared = members > 1;
	for (size_t k = 0; k < members && graph->status == OK; k++) {
		graph_again(graph, k > 0);
		const size_t z = encode(graph, config, member(drawing, config, k, members, shape->features / members));
		all = k == 0 ? z : graph_binary(graph, &op_join, all, z);
	}
	graph_again(graph, false);
	drawing->output = all;
	drawing->root = members > 1 ? config->loss->build(graph, &config->loss_settings, all, drawing->target)
				    : config->loss->build_classes(graph, &config->loss_settings, all, drawing->target);
	penalize_weights(drawing, config);
}

static size_t outputs(const struct model_config *config, const struct model_shape *shape)
{
	(void)shape;
	return model_members(config) * embedding_size(config);
}

static const struct loss_type *const losses[] = { &loss_contrastive, &loss_triplet, &loss_info_nce,
						  &loss_cosine_embedding, NULL };

static const char *const pairs[] = { "auto", "classes", "rows", NULL };

static const struct setting settings[] = {
	{ .name = "pairs",
	  .kind = SETTING_CHOICE,
	  .choices = pairs,
	  .doc = "Where pairs come from. classes: rows are points, the target their class, and pairs and triplets are "
		 "formed of the rows of each batch. rows: a row holds its two (triplet: three) members side by side. "
		 "auto: classes where there is a target, else rows." },
	{ .name = "embedding_size",
	  .kind = SETTING_INTEGER,
	  .preset = 2,
	  .minimum = 1,
	  .maximum = 1048576,
	  .doc = "Numbers of an embedding." },
	{ .name = "normalize",
	  .kind = SETTING_BOOL,
	  .nullable = true,
	  .preset = NAN,
	  .maximum = 1,
	  .doc = "Whether embeddings are scaled to length 1. null: with info_nce and cosine_embedding, which compare "
		 "directions." },
	WEIGHT_PENALTIES,
	{ .name = "input_shape",
	  .kind = SETTING_VECTOR,
	  .minimum = 1,
	  .maximum = 1048576,
	  .doc = "How the columns of a point are read, row-major: [channels, height, width], [height, width] of one "
		 "channel, [channels, length] of a signal, [steps, features] of a sequence. Without it a point has one "
		 "dimension." },
};

const struct model_type model_contrastive = {
	.name = "contrastive",
	.doc = "Layers that give each point an embedding, learned from which points are alike: of pairs (contrastive), "
	       "triplets or one against many (info_nce), in rows or from classes. Predictions are the embeddings.",
	.source = "Hadsell, Chopra, LeCun 2006, Dimensionality reduction by learning an invariant mapping; Schroff, "
		  "Kalenichenko, Philbin 2015, FaceNet; van den Oord, Li, Vinyals 2018, Representation learning with "
		  "contrastive predictive coding",
	.target = TARGET_ANY,
	.settings = settings,
	.setting_count = sizeof settings / sizeof settings[0],
	.losses = losses,
	.has_layers = true,
	.has_images = true,
	.embeds = true,
	.activation = "relu",
	.outputs = outputs,
	.draw = draw,
};
