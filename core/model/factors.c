/*
 * Models of factors: the matrix factorization of ratings, a user's and an item's number being the features, and the
 * factorization machine over any features. Both give one number a row.
 */
#include "core/graph/ops/ops.h"
#include "core/model/build.h"
#include "core/model/tables.h"

static size_t setting(const struct model_config *config, const char *name)
{
	return (size_t)settings_number(&config->settings, name);
}

static const struct start_rule drawn = { .law = STARTS_NORMAL, .spread = 0.1 };

/* The loss, and penalties on every parameter but the last one made, which is the intercept. */
static void finish(struct drawing *drawing, const struct model_config *config, size_t z)
{
	struct graph *graph = &drawing->graph;
	const double l1 = settings_number(&config->settings, "l1"), l2 = settings_number(&config->settings, "l2");
	const size_t one = 1, intercept = graph_parameter(graph, "intercept", 1, &one, 0);
	drawing->output = graph_binary(graph, &op_add_bias, z, intercept);
	drawing->root = config->loss->build(graph, &config->loss_settings, drawing->output, drawing->target);
	for (size_t p = 0; p + 1 < graph->parameters; p++) {
		drawing->root = add_penalty(graph, drawing->root, graph->parameter[p].node, l1, l2);
	}
}

/* z = mu + a_u + b_i + p_u q_i */
static void draw_matrix(struct drawing *drawing, const struct model_config *config, const struct model_shape *shape)
{
	struct graph *graph = &drawing->graph;
	const size_t users = setting(config, "users"), items = setting(config, "items"), k = setting(config, "factors");
	if (shape->features != 2 || shape->targets != 1) {
		graph->status = error_set(&graph->error, E_INVALID,
					  "matrix_factorization takes two features, the numbers of the user and of the "
					  "item, and one target; here are %zu and %zu",
					  shape->features, shape->targets);
		return;
	}
	const size_t p = graph_parameter_start(graph, "users", 2, (size_t[]){ users, k }, drawn);
	const size_t q = graph_parameter_start(graph, "items", 2, (size_t[]){ items, k }, drawn);
	const size_t a = graph_parameter(graph, "users.bias", 1, &users, 0);
	const size_t b = graph_parameter(graph, "items.bias", 1, &items, 0);
	const size_t product = graph_ternary(graph, &op_pair_product, drawing->features, p, q);
	const size_t sum = graph_ternary(graph, &op_pair_sum, drawing->features, a, b);
	finish(drawing, config, graph_binary(graph, &op_add_rows, product, sum));
}

/* z = mu + X w + sum over i < j of x_i x_j v_i v_j */
static void draw_machine(struct drawing *drawing, const struct model_config *config, const struct model_shape *shape)
{
	struct graph *graph = &drawing->graph;
	const size_t n = shape->features, outputs = loss_outputs(config->loss, shape);
	if (outputs != 1) {
		graph->status =
			error_set(&graph->error, E_INVALID,
				  "factorization_machine gives one number a row; here are %zu targets", outputs);
		return;
	}
	const size_t w = graph_parameter(graph, "weight", 2, (size_t[]){ n, 1 }, 0);
	const size_t v = graph_parameter_start(graph, "factors", 2, (size_t[]){ n, setting(config, "factors") }, drawn);
	const size_t linear = graph_binary(graph, &op_matmul, drawing->features, w);
	const size_t pairs = graph_binary(graph, &op_interactions, drawing->features, v);
	finish(drawing, config, graph_binary(graph, &op_add_rows, linear, pairs));
}

static const struct loss_type *machine_loss(const struct model_shape *shape)
{
	return shape->classes > 0 ? &loss_bce_with_logits : &loss_mse;
}

static const struct loss_type *const matrix_losses[] = { &loss_mse, &loss_mae, &loss_huber, NULL };
static const struct loss_type *const machine_losses[] = { &loss_mse, &loss_bce_with_logits, &loss_log_loss,
							  &loss_mae, &loss_huber,           NULL };

#define COUNT(word, text)                                                                                              \
	{                                                                                                              \
		.name = word, .kind = SETTING_INTEGER, .required = true, .minimum = 1, .maximum = 16777216,            \
		.doc = text                                                                                            \
	}
#define SHARED                                                                                                         \
	{ .name = "l1",                                                                                                \
	  .kind = SETTING_REAL,                                                                                        \
	  .maximum = 1e100,                                                                                            \
	  .doc = "Factor of the sum of absolute values of all parameters but the intercept." },                        \
		{ .name = "l2",                                                                                        \
		  .kind = SETTING_REAL,                                                                                \
		  .maximum = 1e100,                                                                                    \
		  .doc = "Twice the factor of the sum of squares of all parameters but the intercept." },              \
	{                                                                                                              \
		.name = "factors", .kind = SETTING_INTEGER, .preset = 8, .minimum = 1, .maximum = 65536,               \
		.doc = "Length of a vector of factors."                                                                \
	}

static const struct setting machine_settings[] = { SHARED };
static const struct setting matrix_settings[] = {
	SHARED,
	COUNT("users", "Users: the first feature is a whole number from 0 to this less one."),
	COUNT("items", "Items: the second feature is a whole number from 0 to this less one."),
};

const struct model_type model_matrix_factorization = {
	.name = "matrix_factorization",
	.doc = "A rating as mean + bias of the user + bias of the item + product of their factors; the features are "
	       "the "
	       "numbers of user and item.",
	.source = "Koren, Bell, Volinsky 2009, Matrix factorization techniques for recommender systems, eq. 4",
	.target = TARGET_NUMBER,
	.settings = matrix_settings,
	.setting_count = sizeof matrix_settings / sizeof matrix_settings[0],
	.losses = matrix_losses,
	.indexes = true,
	.draw = draw_matrix,
};

const struct model_type model_factorization_machine = {
	.name = "factorization_machine",
	.doc = "A linear model plus a product of factors for every pair of features; a number, or one of two classes.",
	.source = "Rendle 2010, Factorization machines, eq. 1",
	.target = TARGET_ANY,
	.settings = machine_settings,
	.setting_count = sizeof machine_settings / sizeof machine_settings[0],
	.losses = machine_losses,
	.default_loss = machine_loss,
	.draw = draw_machine,
};
