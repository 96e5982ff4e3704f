/*
 * The generative adversarial network: a generator G makes rows of latent vectors z, a discriminator D gives a verdict
 * on rows, and learns to tell those of the data from those of G, while G learns to be taken for the data.
 *
 *   D maximises   V = mean over x of log sigmoid(D(x)) + mean over z of log(1 - sigmoid(D(G(z))))
 *   G minimises   that (minimax), or what goes the same way with a steeper slope while D is ahead (non_saturating)
 *
 * Each is written as a loss that its player minimises: the discriminator's is -V. Three graphs over one theta =
 * [generator | discriminator]: D's loss (G frozen, D read twice), G's loss (D frozen), and G over given latent vectors.
 * The order in which they move is the trainer's (core/train/play.c).
 */
#include <stdio.h>
#include <string.h>

#include "core/base/latent.h"
#include "core/base/size.h"
#include "core/graph/ops/ops.h"
#include "core/graph/ops/verdict.h"
#include "core/model/build.h"
#include "core/model/dense.h"
#include "core/model/tables.h"
#include "core/objective/game.h"
#include "core/objective/graph_objective.h"

/* {law, a, b} of op_verdict: D's on real and on made rows, G's on its rows. */
struct game_terms {
	double real[3], fake[3], fooled[3];
	bool clips; /* D's parameters stay in a box: the setting weight_clip */
};

/* Which graph. */
enum view { VIEW_DISCRIMINATOR, VIEW_GENERATOR, VIEW_SAMPLER };

/* What a loss makes of verdicts. */
static size_t judged(struct graph *graph, const double term[3], size_t z)
{
	const double constants[GRAPH_ATTRIBUTES] = { term[0], term[1], term[2] };
	return graph_apply_constants(graph, &op_verdict, &z, constants);
}

/* Layers, then a dense one of `outputs`. */
static size_t network(struct graph *graph, const struct model_config *config, const struct network_config *network,
		      const char *path, size_t x, size_t outputs)
{
	char own[64];
	size_t z = layers_append(graph, network->layers, network->layer_count, path, x);
	snprintf(own, sizeof own, "%s.%zu", path, network->layer_count);
	if (graph->status != OK) {
		return NODE_NONE;
	}
	const struct shape *shape = &graph->node[z].shape;
	return graph_place(
		graph, path,
		dense_append(graph, own, z, outputs,
			     weight_start(config->init, &config->init_settings, NULL, shape->extent[0], outputs)));
}

static size_t noise(struct graph *graph, const struct model_config *config, enum latent_stream stream, size_t rows)
{
	const double constants[GRAPH_ATTRIBUTES] = { settings_number(&config->settings, "latent_size"),
						     settings_number(&config->settings, "latent_distribution"),
						     (double)stream };
	return graph_apply_constants(graph, &op_noise, &rows, constants);
}

/* l2 of the weights in [from, to) of the parameters. */
static size_t penalised(struct graph *graph, const struct model_config *config, size_t root, size_t from)
{
	const double l2 = settings_number(&config->settings, "l2");
	for (size_t p = from; p < graph->parameters; p++) {
		if (graph->parameter[p].tensor.rank > 1 && !graph->parameter[p].unpenalized &&
		    !graph->node[graph->parameter[p].node].frozen) {
			root = add_penalty(graph, root, graph->parameter[p].node, 0, l2);
		}
	}
	return root;
}

/* One of the graphs; *generator: numbers in the generator's part of theta. */
static void draw(struct drawing *drawing, const struct model_config *config, const struct model_shape *shape,
		 enum view view, size_t *generator)
{
	struct graph *graph = &drawing->graph;
	const struct game_terms *terms = config->loss->game;
	const bool d = view == VIEW_DISCRIMINATOR;
	const size_t latent = (size_t)settings_number(&config->settings, "latent_size");
	graph_init(graph);
	graph->rows = shape->rows;
	drawing->output = NODE_NONE;
	const size_t x = graph_features(graph, view == VIEW_SAMPLER ? latent : shape->features);
	const size_t z =
		view == VIEW_SAMPLER ? x : noise(graph, config, d ? LATENT_DISCRIMINATOR : LATENT_GENERATOR, x);
	graph_freeze(graph, d);
	const size_t made = network(graph, config, &config->generator, "generator", z, shape->features);
	*generator = graph->n;
	if (view == VIEW_SAMPLER) {
		drawing->output = made;
		drawing->root = judged(graph, (const double[]){ VERDICT_LINEAR, 1, 0 }, made);
		return;
	}
	const size_t first = graph->parameters;
	graph_freeze(graph, !d);
	const size_t fake = network(graph, config, &config->discriminator, "discriminator", made, 1);
	if (!d) {
		drawing->root = penalised(graph, config, judged(graph, terms->fooled, fake), 0);
		return;
	}
	graph_again_from(graph, first);
	drawing->output = network(graph, config, &config->discriminator, "discriminator", x, 1);
	drawing->root = graph_binary(graph, &op_add, judged(graph, terms->real, drawing->output),
				     judged(graph, terms->fake, fake));
	drawing->root = penalised(graph, config, drawing->root, 0);
}

/* Layers that cannot play, anywhere in a network. */
static enum status check_layers(const struct layer_config *layers, size_t count, const char *path,
				struct model_fault *fault)
{
	enum status status = OK;
	for (size_t i = 0; i < count && status == OK; i++) {
		char own[64];
		snprintf(own, sizeof own, "%s.layers.%zu", path, i);
		const bool batch_norm = layers[i].type == &layer_batch_norm;
		if (batch_norm || layers[i].type->indexes) {
			memcpy(fault->place, own, sizeof own);
			return error_set(
				&fault->error, E_INVALID,
				batch_norm ? "batch_norm keeps statistics of the rows that it sees, and both networks "
					     "of a "
					     "game run in the turns of both players, on different rows: use layer_norm"
					   : "an embedding has no gradient by the numbers that it reads, so a "
					     "generator could not learn through it");
		}
		status = check_layers(layers[i].layers, layers[i].layer_count, own, fault);
	}
	return status;
}

/* "generator.2" of a graph, the name of tensors, as "generator.layers.2" of the job. */
static void name_place(char place[64])
{
	const char *dot = strchr(place, '.');
	char job[64];
	if (dot == NULL) {
		return;
	}
	snprintf(job, sizeof job, "%.*s.layers%.40s", (int)(dot - place), place, dot);
	memcpy(place, job, sizeof job);
}

static enum status check(const struct model_config *config, const struct model_shape *shape, struct model_fault *fault)
{
	const struct network_config *networks[] = { &config->generator, &config->discriminator };
	const char *const names[] = { "generator", "discriminator" };
	fault->place[0] = '\0';
	for (size_t i = 0; i < 2; i++) {
		const enum status status = check_layers(networks[i]->layers, networks[i]->layer_count, names[i], fault);
		if (status != OK) {
			return status;
		}
	}
	struct drawing drawing;
	size_t generator;
	draw(&drawing, config, shape, VIEW_DISCRIMINATOR, &generator);
	const enum status status = drawing.graph.status;
	fault->error = drawing.graph.error;
	memcpy(fault->place, drawing.graph.place, sizeof fault->place);
	name_place(fault->place);
	graph_fini(&drawing.graph);
	return status;
}

static enum status build(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			 size_t slots, struct objective **out, struct error *error)
{
	struct model_fault fault;
	struct game game = { .latent = (size_t)settings_number(&config->settings, "latent_size"),
			     .law = (enum latent_law)settings_number(&config->settings, "latent_distribution"),
			     .discriminator_steps =
				     (uint64_t)settings_number(&config->settings, "discriminator_steps") };
	struct objective *made[] = { NULL, NULL, NULL };
	size_t generator = 0;
	enum status status = check(config, shape, &fault);
	if (status != OK) {
		return error_set(error, status, "%s", fault.error.text);
	}
	for (int view = VIEW_DISCRIMINATOR; view <= VIEW_SAMPLER && status == OK; view++) {
		struct drawing drawing;
		draw(&drawing, config, shape, (enum view)view, &generator);
		status = graph_objective_create(&drawing.graph, drawing.root, drawing.output, dtype, slots, &made[view],
						error);
	}
	if (status != OK) {
		for (size_t i = 0; i < 3; i++) {
			objective_destroy(made[i]);
		}
		return status;
	}
	game.player[DISCRIMINATOR].objective = made[VIEW_DISCRIMINATOR];
	game.player[GENERATOR].objective = made[VIEW_GENERATOR];
	game.sampler = made[VIEW_SAMPLER];
	if (config->loss->game->clips) {
		game.player[DISCRIMINATOR].clip = settings_number(&config->loss_settings, "weight_clip");
	}
	status = game_objective_create(&game, generator, slots, out, error);
	if (status == OK) {
		(*out)->link = model_link(config);
	}
	return status;
}

static enum status measure(const struct model_config *config, const struct model_shape *shape, enum dtype dtype,
			   size_t slots, size_t *parameters, size_t *bytes)
{
	size_t sum = 0, generator;
	enum status status = OK;
	for (int view = VIEW_DISCRIMINATOR; view <= VIEW_SAMPLER && status == OK; view++) {
		struct drawing drawing;
		size_t own = 0;
		draw(&drawing, config, shape, (enum view)view, &generator);
		status =
			graph_objective_measure(&drawing.graph, drawing.root, drawing.output, dtype, slots, &own, NULL);
		if (view == VIEW_DISCRIMINATOR && status == OK) {
			*parameters = drawing.graph.n;
			own += game_objective_bytes(drawing.graph.n, drawing.graph.parameters, dtype);
		}
		graph_fini(&drawing.graph);
		status = status == OK && !size_add(sum, own, &sum) ? E_TOO_LARGE : status;
	}
	*bytes = sum;
	return status;
}

static size_t outputs(const struct model_config *config, const struct model_shape *shape)
{
	(void)config;
	(void)shape;
	return 1;
}

/* --- losses --- */

static const struct game_terms minimax = { .real = { VERDICT_SOFTPLUS, 1, -1 },
					   .fake = { VERDICT_SOFTPLUS, 1, 1 },
					   .fooled = { VERDICT_SOFTPLUS, -1, 1 } };
static const struct game_terms non_saturating = { .real = { VERDICT_SOFTPLUS, 1, -1 },
						  .fake = { VERDICT_SOFTPLUS, 1, 1 },
						  .fooled = { VERDICT_SOFTPLUS, 1, -1 } };
static const struct game_terms least_squares = { .real = { VERDICT_SQUARE, 0.5, 1 },
						 .fake = { VERDICT_SQUARE, 0.5, 0 },
						 .fooled = { VERDICT_SQUARE, 0.5, 1 } };
static const struct game_terms wasserstein = { .real = { VERDICT_LINEAR, -1, 0 },
					       .fake = { VERDICT_LINEAR, 1, 0 },
					       .fooled = { VERDICT_LINEAR, -1, 0 },
					       .clips = true };

static const struct setting wasserstein_settings[] = {
	{ .name = "weight_clip",
	  .kind = SETTING_REAL,
	  .preset = 0.06,
	  .minimum = 0,
	  .open_minimum = true,
	  .maximum = 1e6,
	  .doc = "After each update of the discriminator its parameters are brought into [-c, c]. Small ones leave "
		 "little for the generator to learn from, large ones let it collapse; the paper, with larger networks, "
		 "took 0.01." },
};

const struct loss_type loss_non_saturating = {
	.name = "non_saturating",
	.doc = "Discriminator: -mean log D(x) - mean log(1 - D(G(z))). Generator: -mean log D(G(z)).",
	.source = "Goodfellow et al. 2014, Generative adversarial nets, section 3",
	.target = TARGET_NONE,
	.link = LINK_REAL,
	.game = &non_saturating,
};

const struct loss_type loss_minimax = {
	.name = "minimax",
	.doc = "Discriminator: -mean log D(x) - mean log(1 - D(G(z))). Generator: mean log(1 - D(G(z))).",
	.source = "Goodfellow et al. 2014, Generative adversarial nets, eq. 1 and algorithm 1",
	.target = TARGET_NONE,
	.link = LINK_REAL,
	.game = &minimax,
};

const struct loss_type loss_least_squares = {
	.name = "least_squares",
	.doc = "Discriminator: mean (D(x) - 1)^2 / 2 + mean D(G(z))^2 / 2. Generator: mean (D(G(z)) - 1)^2 / 2.",
	.source = "Mao et al. 2017, Least squares generative adversarial networks, eq. 2 and 9",
	.target = TARGET_NONE,
	.link = LINK_SCORE,
	.game = &least_squares,
};

const struct loss_type loss_wasserstein = {
	.name = "wasserstein",
	.doc = "Discriminator (critic): mean D(G(z)) - mean D(x), its parameters clipped. Generator: -mean D(G(z)).",
	.source = "Arjovsky, Chintala, Bottou 2017, Wasserstein generative adversarial networks, algorithm 1",
	.target = TARGET_NONE,
	.settings = wasserstein_settings,
	.setting_count = sizeof wasserstein_settings / sizeof wasserstein_settings[0],
	.link = LINK_SCORE,
	.game = &wasserstein,
};

static const struct loss_type *const losses[] = { &loss_non_saturating, &loss_minimax, &loss_least_squares,
						  &loss_wasserstein, NULL };

static const char *const laws[] = { [LATENT_NORMAL] = "normal", [LATENT_UNIFORM] = "uniform", NULL };

static const struct setting settings[] = {
	{ .name = "l2",
	  .kind = SETTING_REAL,
	  .maximum = 1e100,
	  .doc = "Twice the factor of the sum of squares of all layers' weights, each player's in its own loss; biases "
		 "are left out." },
	{ .name = "latent_size",
	  .kind = SETTING_INTEGER,
	  .preset = 8,
	  .minimum = 1,
	  .maximum = 65536,
	  .doc = "Numbers of a latent vector, of which the generator makes a row." },
	{ .name = "latent_distribution",
	  .kind = SETTING_CHOICE,
	  .choices = laws,
	  .doc = "How latent vectors are drawn: standard normal, or uniform in [-1, 1)." },
	{ .name = "discriminator_steps",
	  .kind = SETTING_INTEGER,
	  .preset = 1,
	  .minimum = 1,
	  .maximum = 1000,
	  .doc = "Updates of the discriminator, each on a batch of its own, to one of the generator." },
};

static const struct model_maker maker = { .build = build, .measure = measure, .check = check };

const struct model_type model_gan = {
	.name = "gan",
	.doc = "A generator that makes rows of noise and a discriminator that tells them from the data's, trained in "
	       "turn; learns from the features alone. Predictions are the discriminator's verdicts; samples are made "
	       "on demand.",
	.source = "Goodfellow et al. 2014, Generative adversarial nets, algorithm 1",
	.target = TARGET_NONE,
	.settings = settings,
	.setting_count = sizeof settings / sizeof settings[0],
	.losses = losses,
	.plays = true,
	.activation = "relu",
	.outputs = outputs,
	.maker = &maker,
};
