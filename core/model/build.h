/* What the builders of models over data share; private to core/model. */
#ifndef CORE_MODEL_BUILD_H
#define CORE_MODEL_BUILD_H

#include "core/graph/graph.h"
#include "core/model/model.h"

/* A model as a graph, drawn by model_type.draw. */
struct drawing {
	struct graph graph;
	size_t features, target; /* the data leaves; without a target the features themselves */
	size_t output;           /* outputs before the link function */
	size_t root;             /* the objective */
};

/* The dimensions of a point of so many numbers, as input_shape says, else one: returned, with their extents; 0 and an
 * error in the graph where they do not fit. */
enum { POINT_RANK = 3 };
size_t point_shape(struct graph *graph, const struct model_config *config, size_t numbers, size_t extent[POINT_RANK]);

/* Outputs that a loss wants: one for a binary loss, one a class, one a target. */
size_t loss_outputs(const struct loss_type *loss, const struct model_shape *shape);

/* root + l1 sum |w| + 0.5 l2 sum w^2 of one parameter. */
size_t add_penalty(struct graph *graph, size_t root, size_t w, double l1, double l2);

/* Adds the penalties by the settings l1 and l2 of every weight of the layers so far to the root. */
void penalize_weights(struct drawing *drawing, const struct model_config *config);

/* The settings that it reads. */
#define WEIGHT_PENALTIES                                                                                               \
	{ .name = "l1",                                                                                                \
	  .kind = SETTING_REAL,                                                                                        \
	  .maximum = 1e100,                                                                                            \
	  .doc = "Factor of the sum of absolute values of all layers' weights; biases are left out." },                \
	{                                                                                                              \
		.name = "l2", .kind = SETTING_REAL, .maximum = 1e100,                                                  \
		.doc = "Twice the factor of the sum of squares of all layers' weights; biases are left out."           \
	}

/* The layer's activation of x, with its settings. */
size_t activation_append(struct graph *graph, const struct layer_config *config, size_t x);

/* Layers one after the other on node x, numbered from 0 under `path` ("layers"). The first that does not fit is the
 * graph's place. */
size_t layers_append(struct graph *graph, const struct layer_config *layers, size_t count, const char *path, size_t x);

/* The start of weights that make each of `fan_out` numbers from `fan_in`: by the layer's init, else as its activation
 * (NULL: none) wants it, uniform after He where that is relu or the like, else after Glorot. */
struct start_rule weight_start(const struct init_type *init, const struct settings *settings,
			       const struct activation_type *activation, size_t fan_in, size_t fan_out);

/* g y + b with <path>.weight, one, and <path>.bias, zero, of that shape: what follows a normalisation. */
size_t scale_shift(struct graph *graph, const char *path, size_t rank, const size_t *extent, size_t y);

#endif
