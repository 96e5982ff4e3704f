/*
 * Small graphs of the operations of networks, by name: what the tests of their gradients, of their bits and of what
 * they refuse go through. A drawing goes from the features of a sketch to rowed numbers of any shape.
 */
#ifndef TESTS_CORE_NETWORK_DRAWINGS_H
#define TESTS_CORE_NETWORK_DRAWINGS_H

#include "core/graph/graph.h"
#include "core/graph/ops/ops.h"
#include "core/graph/ops/recurrent.h"
#include "core/graph/ops/window.h"

enum { CHANNELS = 4, HEIGHT = 5, WIDTH = 6, FEATURES = CHANNELS * HEIGHT * WIDTH, TARGETS = 2, ROWS = 7 };

struct sketch {
	struct graph graph;
	size_t x;
};

/* columns: of indices; 0: images; signals: the same numbers as signals [channels, height * width]. */
static void sketch_init(struct sketch *sketch, size_t columns, bool signals)
{
	graph_init(&sketch->graph);
	sketch->graph.rows = ROWS;
	if (signals) {
		sketch->x = graph_features_as(&sketch->graph, 2, (size_t[]){ CHANNELS, HEIGHT * WIDTH });
		return;
	}
	sketch->x = columns == 0 ? graph_features_as(&sketch->graph, 3, (size_t[]){ CHANNELS, HEIGHT, WIDTH })
				 : graph_features(&sketch->graph, columns);
}

static size_t filter(struct sketch *sketch, size_t x, size_t outputs, size_t inputs, size_t height, size_t width,
		     const double *attribute)
{
	struct graph *graph = &sketch->graph;
	size_t extent[4] = { outputs, inputs, height, width };
	size_t input[3] = { x, graph_parameter(graph, "w", 4, extent, 0.4),
			    graph_parameter(graph, "b", 1, extent, 0.3) };
	return graph_apply_constants(graph, &op_conv2d, input, attribute);
}

static const double plain[GRAPH_ATTRIBUTES] = { 1, 1, 0, 0, 1, 1 };

/* A convolution with a parameter behind its input too, by these constants. */
static size_t draw_conv(struct sketch *sketch, const double *attribute, size_t groups, size_t height, size_t width)
{
	size_t z = filter(sketch, sketch->x, CHANNELS, CHANNELS, 1, 1, plain);
	return filter(sketch, z, 2 * groups, CHANNELS / groups, height, width, attribute);
}

static size_t draw_same(struct sketch *sketch)
{
	return draw_conv(sketch, (const double[GRAPH_ATTRIBUTES]){ 1, 1, 1, 1, 1, 1 }, 1, 3, 3);
}

static size_t draw_strides(struct sketch *sketch)
{
	return draw_conv(sketch, (const double[GRAPH_ATTRIBUTES]){ 2, 3, 2, 1, 1, 2 }, 1, 3, 2);
}

static size_t draw_groups(struct sketch *sketch)
{
	return draw_conv(sketch, (const double[GRAPH_ATTRIBUTES]){ 1, 2, 0, 3, 2, 1 }, 2, 2, 3);
}

/* Padding beyond the image: some windows see nothing but zeros. */
static size_t draw_wide_padding(struct sketch *sketch)
{
	return draw_conv(sketch, (const double[GRAPH_ATTRIBUTES]){ 3, 2, 4, 5, 1, 3 }, 1, 2, 3);
}

static size_t draw_pool(struct sketch *sketch, const struct graph_op *op, size_t size, double stride, double padding,
			double count)
{
	const double attribute[GRAPH_ATTRIBUTES] = { stride, stride, padding,      padding,
						     count,  0,      (double)size, (double)size };
	size_t z = filter(sketch, sketch->x, 3, CHANNELS, 2, 2, plain);
	return graph_apply_constants(&sketch->graph, op, &z, attribute);
}

static size_t draw_max(struct sketch *sketch)
{
	return draw_pool(sketch, &op_max_pool2d, 2, 2, 0, 0);
}

static size_t draw_max_overlap(struct sketch *sketch)
{
	return draw_pool(sketch, &op_max_pool2d, 3, 2, 1, 0);
}

static size_t draw_average(struct sketch *sketch)
{
	return draw_pool(sketch, &op_avg_pool2d, 3, 2, 1, 1);
}

static size_t draw_average_without_padding(struct sketch *sketch)
{
	return draw_pool(sketch, &op_avg_pool2d, 3, 2, 1, 0);
}

static size_t scaled(struct sketch *sketch, size_t rank, size_t y)
{
	const size_t extent[3] = { CHANNELS, HEIGHT, WIDTH };
	size_t g = graph_parameter(&sketch->graph, "g", rank, extent, 0.5);
	return graph_ternary(&sketch->graph, &op_scale_shift, y, g,
			     graph_parameter(&sketch->graph, "h", rank, extent, 0.5));
}

static size_t normed(struct sketch *sketch, size_t z)
{
	struct graph *graph = &sketch->graph;
	size_t channels = graph->node[z].shape.extent[0];
	size_t input[3] = { z, graph_buffer(graph, "m", channels, 0.3), graph_buffer(graph, "v", channels, 1.7) };
	return graph_apply_constants(graph, &op_batch_norm, input, (const double[GRAPH_ATTRIBUTES]){ 0.1, 1e-5 });
}

static size_t draw_batch_norm(struct sketch *sketch)
{
	return scaled(sketch, 1, normed(sketch, filter(sketch, sketch->x, CHANNELS, CHANNELS, 1, 1, plain)));
}

/* The normalised numbers are read twice, and what is normalised too. */
static size_t draw_batch_norm_forked(struct sketch *sketch)
{
	size_t z = filter(sketch, sketch->x, CHANNELS, CHANNELS, 1, 1, plain), y = normed(sketch, z);
	return graph_binary(&sketch->graph, &op_add_rows, graph_binary(&sketch->graph, &op_add_rows, y, z),
			    graph_unary(&sketch->graph, &op_tanh, y));
}

static size_t draw_layer_norm(struct sketch *sketch)
{
	size_t z = filter(sketch, sketch->x, CHANNELS, CHANNELS, 1, 1, plain);
	return scaled(sketch, 3, graph_apply(&sketch->graph, &op_layer_norm, &z, 1e-5));
}

/* x is read by the sum and by two branches. */
static size_t draw_residual(struct sketch *sketch)
{
	struct graph *graph = &sketch->graph;
	size_t z = filter(sketch, sketch->x, CHANNELS, CHANNELS, 1, 1, plain);
	size_t a = graph_unary(
		graph, &op_tanh,
		filter(sketch, z, CHANNELS, CHANNELS, 3, 3, (const double[GRAPH_ATTRIBUTES]){ 1, 1, 1, 1, 1, 1 }));
	size_t b = graph_apply(graph, &op_layer_norm, &z, 1e-3);
	return graph_binary(graph, &op_add_rows, graph_binary(graph, &op_add_rows, z, a), b);
}

static size_t draw_dropout(struct sketch *sketch)
{
	size_t z = filter(sketch, sketch->x, CHANNELS, CHANNELS, 1, 1, plain);
	return graph_apply_constants(&sketch->graph, &op_dropout, &z, (const double[GRAPH_ATTRIBUTES]){ 0.3, 5 });
}

static size_t draw_embedding(struct sketch *sketch)
{
	size_t table = graph_parameter(&sketch->graph, "t", 2, (size_t[]){ 5, 4 }, 0.5);
	return graph_binary(&sketch->graph, &op_embedding, sketch->x, table);
}

/* x is read beside its own tanh, and once more. */
static size_t draw_join(struct sketch *sketch)
{
	struct graph *graph = &sketch->graph;
	size_t z = graph_unary(graph, &op_flatten, filter(sketch, sketch->x, CHANNELS, CHANNELS, 1, 1, plain));
	size_t both = graph_binary(graph, &op_join, z, graph_unary(graph, &op_tanh, z));
	return graph_binary(graph, &op_join, z, both);
}

/* Factors read by two products of one X. */
static size_t draw_interactions(struct sketch *sketch)
{
	struct graph *graph = &sketch->graph;
	const size_t x = graph_unary(graph, &op_flatten, sketch->x), n = CHANNELS * HEIGHT * WIDTH;
	const size_t v = graph_parameter(graph, "v", 2, (size_t[]){ n, 3 }, 0.5);
	const size_t z = graph_binary(graph, &op_interactions, x, v);
	return graph_binary(graph, &op_join, z,
			    graph_unary(graph, &op_tanh, graph_binary(graph, &op_interactions, x, v)));
}

/* Both tables once for users and items, once the other way round. */
static size_t draw_pairs(struct sketch *sketch)
{
	struct graph *graph = &sketch->graph;
	const size_t p = graph_parameter(graph, "p", 2, (size_t[]){ 5, 3 }, 0.5),
		     q = graph_parameter(graph, "q", 2, (size_t[]){ 6, 3 }, 0.5);
	const size_t five = 5, six = 6, a = graph_parameter(graph, "a", 1, &five, 0.5),
		     b = graph_parameter(graph, "b", 1, &six, 0.5);
	const size_t product = graph_ternary(graph, &op_pair_product, sketch->x, p, q);
	const size_t sum = graph_ternary(graph, &op_pair_sum, sketch->x, a, b);
	return graph_binary(graph, &op_join, graph_binary(graph, &op_add_rows, product, sum),
			    graph_unary(graph, &op_tanh, graph_ternary(graph, &op_pair_product, sketch->x, q, p)));
}

/* The images of a transposed convolution of what a 1 x 1 convolution makes, and are read once more: `forked`, so that
 * its gradient is added to another. */
static size_t draw_transpose(struct sketch *sketch, const double *attribute, size_t groups, bool forked)
{
	struct graph *graph = &sketch->graph;
	size_t z = filter(sketch, sketch->x, CHANNELS, CHANNELS, 1, 1, plain), outputs = 2 * groups;
	size_t extent[4] = { CHANNELS, 2, 3, 2 };
	size_t input[3] = { z, graph_parameter(graph, "tw", 4, extent, 0.4),
			    graph_parameter(graph, "tb", 1, &outputs, 0.3) };
	size_t y =
		graph_unary(graph, &op_flatten, graph_apply_constants(graph, &op_conv_transpose2d, input, attribute));
	return forked ? graph_binary(graph, &op_join, graph_unary(graph, &op_flatten, z), y) : y;
}

static size_t draw_transposed(struct sketch *sketch)
{
	return draw_transpose(sketch, (const double[GRAPH_ATTRIBUTES]){ 2, 3, 1, 2, 1, 1, 1, 2 }, 1, false);
}

static size_t draw_transposed_groups(struct sketch *sketch)
{
	return draw_transpose(sketch, (const double[GRAPH_ATTRIBUTES]){ 1, 2, 0, 0, 2, 3, 0, 1 }, 2, true);
}

static size_t draw_group_norm(struct sketch *sketch)
{
	size_t z = filter(sketch, sketch->x, CHANNELS, CHANNELS, 1, 1, plain);
	return scaled(
		sketch, 1,
		graph_apply_constants(&sketch->graph, &op_group_norm, &z, (const double[GRAPH_ATTRIBUTES]){ 1e-5, 2 }));
}

/* One slope for all, then one for each channel. */
static size_t draw_prelu(struct sketch *sketch)
{
	const size_t one = 1, all = CHANNELS;
	size_t z = filter(sketch, sketch->x, CHANNELS, CHANNELS, 1, 1, plain);
	z = graph_binary(&sketch->graph, &op_prelu, z, graph_parameter(&sketch->graph, "a", 1, &one, 0.5));
	return graph_binary(&sketch->graph, &op_prelu, z, graph_parameter(&sketch->graph, "c", 1, &all, 0.5));
}

/* Signals: a convolution in groups, then another of what it made. */
static size_t draw_signals(struct sketch *sketch)
{
	struct graph *graph = &sketch->graph;
	size_t few[3] = { 6, CHANNELS / 2, 4 }, more[3] = { 5, 6, 3 };
	size_t first[3] = { sketch->x, graph_parameter(graph, "w", 3, few, 0.4),
			    graph_parameter(graph, "b", 1, few, 0.3) };
	size_t z = graph_apply_constants(graph, &op_conv1d, first,
					 (const double[GRAPH_ATTRIBUTES]){ 1, 2, 0, 3, 1, 3, 1, 4 });
	size_t second[3] = { z, graph_parameter(graph, "v", 3, more, 0.4), graph_parameter(graph, "a", 1, more, 0.3) };
	return graph_apply_constants(graph, &op_conv1d, second,
				     (const double[GRAPH_ATTRIBUTES]){ 1, 1, 0, 1, 1, 1, 1, 3 });
}

/* Of few numbers, so that no two of a window are as close as the steps of the differences. */
static size_t draw_signal_pool(struct sketch *sketch, const struct graph_op *op, double count)
{
	struct graph *graph = &sketch->graph;
	size_t extent[3] = { 1, CHANNELS, 4 };
	size_t input[3] = { sketch->x, graph_parameter(graph, "w", 3, extent, 0.4),
			    graph_parameter(graph, "b", 1, extent, 0.3) };
	size_t z = graph_apply_constants(graph, &op_conv1d, input,
					 (const double[GRAPH_ATTRIBUTES]){ 1, 2, 0, 3, 1, 3, 1, 4 });
	return graph_apply_constants(graph, op, &z, (const double[GRAPH_ATTRIBUTES]){ 1, 4, 0, 1, count, 0, 1, 3 });
}

static size_t draw_signal_max(struct sketch *sketch)
{
	return draw_signal_pool(sketch, &op_max_pool1d, 0);
}

static size_t draw_signal_average(struct sketch *sketch)
{
	return draw_signal_pool(sketch, &op_avg_pool1d, 1);
}

/* A recurrent layer over node x, which has `inputs` features a step. */
static size_t recur(struct sketch *sketch, const struct graph_op *op, size_t gates, size_t x, size_t units,
		    const double *attribute)
{
	struct graph *graph = &sketch->graph;
	const size_t ih[2] = { gates * units, graph->node[x].shape.extent[1] }, hh[2] = { gates * units, units };
	size_t z = graph_ternary(graph, &op_affine_steps, x, graph_parameter(graph, "ih", 2, ih, 0.3),
				 graph_parameter(graph, "bi", 1, ih, 0.3));
	size_t input[3] = { z, graph_parameter(graph, "hh", 2, hh, 0.4), graph_parameter(graph, "bh", 1, hh, 0.3) };
	return graph_apply_constants(graph, op, input, attribute);
}

/* Sequences of sequences: what the first layer makes is read by the second, of which the last step counts, and once
 * more beside it, as the activation `squash` has it in both. */
static size_t draw_recurrent(struct sketch *sketch, const struct graph_op *op, size_t gates, double squash)
{
	struct graph *graph = &sketch->graph;
	size_t each = recur(sketch, op, gates, sketch->x, 5, (const double[GRAPH_ATTRIBUTES]){ 1, squash });
	size_t last = recur(sketch, op, gates, each, 3, (const double[GRAPH_ATTRIBUTES]){ 0, squash });
	return graph_binary(graph, &op_join, graph_unary(graph, &op_flatten, graph_unary(graph, &op_tanh, each)), last);
}

static size_t draw_rnn(struct sketch *sketch)
{
	return draw_recurrent(sketch, &op_rnn, 1, SQUASH_TANH);
}

static size_t draw_rnn_identity(struct sketch *sketch)
{
	return draw_recurrent(sketch, &op_rnn, 1, SQUASH_IDENTITY);
}

static size_t draw_gru(struct sketch *sketch)
{
	return draw_recurrent(sketch, &op_gru, 3, SQUASH_TANH);
}

static size_t draw_gru_sigmoid(struct sketch *sketch)
{
	return draw_recurrent(sketch, &op_gru, 3, SQUASH_SIGMOID);
}

static size_t draw_lstm(struct sketch *sketch)
{
	return draw_recurrent(sketch, &op_lstm, 4, SQUASH_TANH);
}

static size_t draw_lstm_identity(struct sketch *sketch)
{
	return draw_recurrent(sketch, &op_lstm, 4, SQUASH_IDENTITY);
}

/* The first sequences are read by two layers: a gradient is added to another. */
static size_t draw_recurrent_forked(struct sketch *sketch)
{
	struct graph *graph = &sketch->graph;
	const double last[GRAPH_ATTRIBUTES] = { 0 };
	size_t x = recur(sketch, &op_rnn, 1, sketch->x, 6, (const double[GRAPH_ATTRIBUTES]){ 1 });
	size_t gru = recur(sketch, &op_gru, 3, x, 2, last), lstm = recur(sketch, &op_lstm, 4, x, 3, last);
	/* Gates are any sequences: those that the others read too. */
	size_t extent[2] = { 6, 6 };
	size_t w = graph_parameter(graph, "fw", 2, extent, 0.4), b = graph_parameter(graph, "fb", 1, extent, 0.3);
	size_t one = graph_apply_constants(graph, &op_rnn, (size_t[]){ x, w, b }, last);
	return graph_binary(graph, &op_join, graph_binary(graph, &op_join, gru, lstm), one);
}

static const struct drawing_case {
	const char *name;
	size_t (*draw)(struct sketch *);
	size_t indices; /* columns of them; 0: images */
	bool signals;
} drawings[] = {
	{ .name = "same", .draw = draw_same },
	{ .name = "strides", .draw = draw_strides },
	{ .name = "groups", .draw = draw_groups },
	{ .name = "wide padding", .draw = draw_wide_padding },
	{ .name = "max", .draw = draw_max },
	{ .name = "max overlap", .draw = draw_max_overlap },
	{ .name = "average", .draw = draw_average },
	{ .name = "average without padding", .draw = draw_average_without_padding },
	{ .name = "batch norm", .draw = draw_batch_norm },
	{ .name = "batch norm forked", .draw = draw_batch_norm_forked },
	{ .name = "layer norm", .draw = draw_layer_norm },
	{ .name = "residual", .draw = draw_residual },
	{ .name = "dropout", .draw = draw_dropout },
	{ .name = "join", .draw = draw_join },
	{ .name = "embedding", .draw = draw_embedding, .indices = 3 },
	{ .name = "interactions", .draw = draw_interactions },
	{ .name = "pairs", .draw = draw_pairs, .indices = 2 },
	{ .name = "transposed", .draw = draw_transposed },
	{ .name = "transposed groups", .draw = draw_transposed_groups },
	{ .name = "group norm", .draw = draw_group_norm },
	{ .name = "prelu", .draw = draw_prelu },
	{ .name = "signals", .draw = draw_signals, .signals = true },
	{ .name = "rnn", .draw = draw_rnn, .signals = true },
	{ .name = "rnn, identity", .draw = draw_rnn_identity, .signals = true },
	{ .name = "gru", .draw = draw_gru, .signals = true },
	{ .name = "gru, sigmoid", .draw = draw_gru_sigmoid, .signals = true },
	{ .name = "lstm", .draw = draw_lstm, .signals = true },
	{ .name = "lstm, identity", .draw = draw_lstm_identity, .signals = true },
	{ .name = "recurrent, forked", .draw = draw_recurrent_forked, .signals = true },
	{ .name = "signal max", .draw = draw_signal_max, .signals = true },
	{ .name = "signal average", .draw = draw_signal_average, .signals = true },
};
enum { DRAWINGS = sizeof drawings / sizeof drawings[0] };

#endif
