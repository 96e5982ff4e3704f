/* Recurrent layers over sequences [steps, features]: one operation for what the inputs give to the gates, one for the
 * steps. Tensors, their order and their gates are torch's: weight_ih, weight_hh, bias_ih, bias_hh. */
#include <math.h>
#include <stdio.h>

#include "core/graph/ops/ops.h"
#include "core/graph/ops/recurrent.h"
#include "core/model/build.h"
#include "core/model/tables.h"

/* Products that an orthogonal start of the recurrent weights may take, twice: about a second, since columns lie apart.
 */
static const double ORTHOGONAL_PRODUCTS = 1e8;

/* Orthogonal columns; of very many units numbers of the same size instead, which are nearly so. */
static struct start_rule recurrent_start(double gates, double units)
{
	if (gates * units * units <= ORTHOGONAL_PRODUCTS / units) {
		return (struct start_rule){ .law = STARTS_ORTHOGONAL, .spread = 1 };
	}
	return (struct start_rule){ .law = STARTS_NORMAL, .spread = 1 / sqrt(gates * units) };
}

/* A tensor <path>.<name> of one or two dimensions; columns 0: one. */
static size_t tensor(struct graph *graph, const char *path, const char *name, size_t rows, size_t columns,
		     struct start_rule start)
{
	char full[64];
	snprintf(full, sizeof full, "%s.%s", path, name);
	return graph_parameter_start(graph, full, columns == 0 ? 1 : 2, (size_t[]){ rows, columns }, start);
}

static size_t build(struct graph *graph, const struct layer_config *config, const char *path, size_t x,
		    const struct graph_op *op, size_t cells)
{
	char text[128];
	const struct settings *settings = &config->settings;
	const struct shape *shape = &graph->node[x].shape;
	const size_t units = (size_t)settings_number(settings, "units"), gates = cells * units;
	double attribute[GRAPH_ATTRIBUTES] = { 0 };
	if (shape->rank != 2) {
		graph->status = error_set(&graph->error, E_INVALID,
					  "%s takes sequences [steps, features], not %s: give a sequential model "
					  "input_shape, or let the layer before it return sequences",
					  op->name, shape_text(shape, text));
		return NODE_NONE;
	}
	attribute[RECURRENT_SEQUENCES] = settings_bool(settings, "return_sequences") ? 1 : 0;
	attribute[RECURRENT_ACTIVATION] = settings_number(settings, "activation");
	const struct start_rule zero = { .law = STARTS_AT };
	const size_t inputs = shape->extent[1];
	size_t weight = tensor(graph, path, "weight_ih", gates, inputs,
			       weight_start(config->init, &config->init_settings, NULL, inputs, units));
	size_t recurrent =
		tensor(graph, path, "weight_hh", gates, units, recurrent_start((double)cells, (double)units));
	size_t bias = tensor(graph, path, "bias_ih", gates, 0, zero);
	size_t inner = tensor(graph, path, "bias_hh", gates, 0, zero);
	if (graph->status != OK) {
		return NODE_NONE;
	}
	size_t input[3] = { graph_ternary(graph, &op_affine_steps, x, weight, bias), recurrent, inner };
	return graph->status == OK ? graph_apply_constants(graph, op, input, attribute) : NODE_NONE;
}

static size_t rnn_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	return build(graph, config, path, x, &op_rnn, 1);
}

static size_t gru_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	return build(graph, config, path, x, &op_gru, 3);
}

static size_t lstm_build(struct graph *graph, const struct layer_config *config, const char *path, size_t x)
{
	return build(graph, config, path, x, &op_lstm, 4);
}

static const char *const activations[] = { [SQUASH_TANH] = "tanh",
					   [SQUASH_RELU] = "relu",
					   [SQUASH_SIGMOID] = "sigmoid",
					   [SQUASH_IDENTITY] = "identity",
					   NULL };

static const struct setting settings[] = {
	{ .name = "units",
	  .kind = SETTING_INTEGER,
	  .required = true,
	  .minimum = 1,
	  .maximum = 65536,
	  .doc = "Numbers of the state h." },
	{ .name = "activation", .kind = SETTING_CHOICE, .choices = activations, .doc = "f; the gates are sigmoids." },
	{ .name = "return_sequences",
	  .kind = SETTING_BOOL,
	  .maximum = 1,
	  .doc = "Whether the result is h of every step, [steps, units], or of the last one, [units]." },
};

#define SHAPES                                                                                                         \
	" Rows are sequences [steps, features], which start from zeros; tensors weight_ih [gates units, features], "   \
	"weight_hh [gates units, units], bias_ih, bias_hh [gates units]; the recurrent weights start orthogonal, of "  \
	"some 300 units and more normal, of the same size."
#define LAYER(cell, text, from)                                                                                        \
	const struct layer_type layer_##cell = {                                                                       \
		.name = #cell,                                                                                         \
		.doc = text SHAPES,                                                                                    \
		.source = from,                                                                                        \
		.settings = settings,                                                                                  \
		.setting_count = sizeof settings / sizeof settings[0],                                                 \
		.weighs = true,                                                                                        \
		.reads = READS_SIGNALS,                                                                                \
		.build = cell##_build,                                                                                 \
	}

LAYER(rnn, "h = f(W_ih x + b_ih + W_hh h + b_hh).", "Elman 1990, Finding structure in time; torch.nn.RNN");
LAYER(gru, "Gates r, u, n: n = f(W_in x + b_in + r (W_hn h + b_hn)), h = (1 - u) n + u h, r and u sigmoids.",
      "Cho et al. 2014, Learning phrase representations using RNN encoder-decoder; torch.nn.GRU (r behind the "
      "product)");
LAYER(lstm, "Gates i, v, g, o: c = v c + i g, h = o f(c), g = f of its part, i, v and o sigmoids.",
      "Hochreiter, Schmidhuber 1997, Long short-term memory; Gers, Schmidhuber, Cummins 2000; torch.nn.LSTM");
