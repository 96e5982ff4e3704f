/* Operations of networks: gradients against differences while training and in evaluation, what batch statistics and
 * dropout do, and what does not fit. */
#include <math.h>

#include "core/graph/graph.h"
#include "core/graph/ops/ops.h"
#include "core/graph/ops/window.h"
#include "core/graph/start.h"
#include "core/objective/gradient_check.h"
#include "core/objective/graph_objective.h"
#include "tests/core/modelling.h"
#include "tests/support/suite.h"

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
	{ .name = "signal max", .draw = draw_signal_max, .signals = true },
	{ .name = "signal average", .draw = draw_signal_average, .signals = true },
};
enum { DRAWINGS = sizeof drawings / sizeof drawings[0] };

static struct objective *make(const struct drawing_case *drawing, enum dtype dtype, size_t slots)
{
	struct sketch sketch;
	struct error error = { .text = "" };
	struct objective *objective = NULL;
	sketch_init(&sketch, drawing->indices, drawing->signals);
	struct graph *graph = &sketch.graph;
	size_t z = graph_unary(graph, &op_flatten, drawing->draw(&sketch));
	ck_assert_msg(graph->status == OK, "%s: %s", drawing->name, graph->error.text);
	size_t extent[2] = { graph->node[z].shape.extent[0], TARGETS };
	z = graph_binary(graph, &op_matmul, z, graph_parameter(graph, "last", 2, extent, 0.2));
	size_t root = graph_binary(graph, &op_squared_error, z, graph_target(graph, TARGETS));
	ck_assert_msg(graph_objective_create(graph, root, z, dtype, slots, &objective, &error) == OK, "%s: %s",
		      drawing->name, error.text);
	return objective;
}

static struct data_view rows_for(const struct drawing_case *drawing, enum dtype dtype, size_t rows)
{
	struct model_shape shape = { .features = drawing->indices > 0 ? drawing->indices : FEATURES,
				     .targets = TARGETS };
	struct data_view data = modelling_data(dtype, rows, &shape);
	for (size_t i = 0; i < rows * shape.features && drawing->indices > 0; i++) {
		modelling_write(dtype, (void *)(uintptr_t)data.x, i, (double)((i * 7 + i / 3) % 5));
	}
	return data;
}

/* Case _i: a drawing, in evaluation or while training. */
START_TEST(gradients_are_the_derivatives_while_training_and_in_evaluation)
{
	const struct drawing_case *drawing = &drawings[_i / 2];
	struct executor executor = executor_serial();
	struct objective *objective = make(drawing, DTYPE_FLOAT64, 1);
	struct data_view data = rows_for(drawing, DTYPE_FLOAT64, ROWS);
	double *theta = modelling_numbers(DTYPE_FLOAT64, objective->n, 0.9, 5);
	for (size_t i = objective->n - objective->buffers; i < objective->n; i++) {
		theta[i] = 0.4 + fabs(theta[i]);
	}
	struct batch batch = { .data = &data, .count = ROWS, .training = _i % 2 == 1, .seed = 2385, .step = 3 };
	struct gradient_error worst;
	ck_assert_int_eq(gradient_check(objective, theta, &batch, &executor, &worst), OK);
	ck_assert_msg(worst.error < 1e-6, "%s: d/dtheta[%zu] is %.12g, should be %.12g", drawing->name, worst.index,
		      worst.analytic, worst.numeric);
	free(theta);
	modelling_free(&data);
	objective_destroy(objective);
}
END_TEST

/* Value and gradient with one thread and three, in both precisions. */
START_TEST(bits_are_the_same_for_any_number_of_threads)
{
	const struct drawing_case *drawing = &drawings[_i];
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		struct objective *objective = make(drawing, dtype, 3);
		size_t bytes = objective->n * dtype_size(dtype);
		struct data_view data = rows_for(drawing, dtype, 700);
		bool couples = objective->buffers > 0;
		char *theta = calloc(1, bytes), *serial = calloc(1, bytes), *threaded = calloc(1, bytes);
		objective->type->initialise(objective, 7, theta);
		struct executor executor = executor_serial();
		struct threads threads;
		threads_init(&threads, 3);
		struct batch batch = {
			.data = &data, .count = couples ? ROWS : 700, .training = true, .seed = 9, .step = 4
		};
		double value[2];
		ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &value[0], serial), OK);
		ck_assert_int_eq(
			objective->type->evaluate(objective, theta, &batch, &threads.base, &value[1], threaded), OK);
		ck_assert_msg(value[0] == value[1] && memcmp(serial, threaded, bytes) == 0, "%s", drawing->name);
		ck_assert(isfinite(value[0]));
		free(theta);
		free(serial);
		free(threaded);
		modelling_free(&data);
		objective_destroy(objective);
	}
}
END_TEST

static const struct drawing_case *drawing_named(const char *name)
{
	for (size_t i = 0; i < DRAWINGS; i++) {
		if (strcmp(drawings[i].name, name) == 0) {
			return &drawings[i];
		}
	}
	ck_abort_msg("no drawing %s", name);
	return NULL;
}

static double value_of(struct objective *objective, const void *theta, const struct batch *batch, void *gradient)
{
	struct executor executor = executor_serial();
	double value;
	ck_assert_int_eq(objective->type->evaluate(objective, theta, batch, &executor, &value, gradient), OK);
	return value;
}

START_TEST(dropout_draws_by_seed_and_step_and_stays_away_in_evaluation)
{
	struct objective *objective = make(drawing_named("dropout"), DTYPE_FLOAT64, 1);
	struct data_view data = rows_for(drawing_named("dropout"), DTYPE_FLOAT64, ROWS);
	double *theta = modelling_numbers(DTYPE_FLOAT64, objective->n, 0.9, 5);
	struct batch batch = { .data = &data, .count = ROWS, .training = true, .seed = 2, .step = 3 };
	double first = value_of(objective, theta, &batch, NULL), again = value_of(objective, theta, &batch, NULL);
	ck_assert(first == again);
	batch.step = 4;
	ck_assert(value_of(objective, theta, &batch, NULL) != first);
	batch.step = 3;
	batch.seed = 5;
	ck_assert(value_of(objective, theta, &batch, NULL) != first);
	batch.training = false;
	double still = value_of(objective, theta, &batch, NULL);
	batch.seed = 2;
	ck_assert(value_of(objective, theta, &batch, NULL) == still);
	free(theta);
	modelling_free(&data);
	objective_destroy(objective);
}
END_TEST

/* Of many numbers the part that is kept is 1 - p within four standard deviations, and each is x / (1 - p). */
START_TEST(dropout_keeps_the_part_that_it_says)
{
	enum { N = 100000 };
	static float x[N], y[N], kept[N];
	const double p = 0.2385;
	const double attribute[GRAPH_ATTRIBUTES] = { p, 3 };
	const struct shape shape[GRAPH_ARITY + 1] = { { .rowed = true, .rank = 1, .extent = { 10 } } };
	struct op_call call = { .kernels = kernels_active(),
				.shape = shape,
				.attribute = attribute,
				.rows = N / 10,
				.in = { x },
				.out = y,
				.kept = kept,
				.training = true,
				.key = 11,
				.step = 2 };
	size_t count = 0;
	for (size_t i = 0; i < N; i++) {
		x[i] = 1.5f;
	}
	op_dropout.forward[DTYPE_FLOAT32](&call);
	for (size_t i = 0; i < N; i++) {
		ck_assert(y[i] == 0 || fabs((double)y[i] - 1.5 / (1 - p)) < 1e-6);
		count += y[i] != 0;
	}
	ck_assert(fabs((double)count / N - (1 - p)) < 4 * sqrt(p * (1 - p) / N));
	/* The second half by itself: what a row gets depends on its place alone. */
	static float half[N / 2];
	call.rows = N / 20;
	call.first = N / 20;
	call.in[0] = x + N / 2;
	call.out = half;
	op_dropout.forward[DTYPE_FLOAT32](&call);
	ck_assert_mem_eq(half, y + N / 2, sizeof half);
}
END_TEST

START_TEST(batch_norm_renews_its_buffers_only_by_training_with_a_gradient)
{
	struct objective *objective = make(drawing_named("batch norm"), DTYPE_FLOAT64, 1);
	struct data_view data = rows_for(drawing_named("batch norm"), DTYPE_FLOAT64, ROWS + 1);
	size_t n = objective->n - objective->buffers;
	double theta[4096], gradient[4096];
	ck_assert_uint_le(objective->n, 4096);
	ck_assert_uint_eq(objective->buffers, 2 * CHANNELS);
	objective->type->initialise(objective, 3, theta);
	ck_assert(theta[n] == 0.3 && theta[n + CHANNELS] == 1.7);
	double mean = theta[n];
	struct batch batch = { .data = &data, .count = ROWS };
	value_of(objective, theta, &batch, gradient);
	objective->type->settle(objective, theta);
	ck_assert(theta[n] == mean);
	batch.training = true;
	value_of(objective, theta, &batch, NULL);
	objective->type->settle(objective, theta);
	ck_assert(theta[n] == mean);
	value_of(objective, theta, &batch, gradient);
	ck_assert(theta[n] == mean);
	objective->type->settle(objective, theta);
	ck_assert(theta[n] != mean);
	mean = theta[n];
	objective->type->settle(objective, theta);
	ck_assert(theta[n] == mean);
	/* More rows than were planned for are refused, not cut. */
	struct executor executor = executor_serial();
	batch.count = ROWS + 1;
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, NULL, gradient), E_TOO_LARGE);
	modelling_free(&data);
	objective_destroy(objective);
}
END_TEST

START_TEST(an_index_that_the_table_lacks_gives_nan_and_touches_nothing)
{
	const double wrong[] = { -1, 5, 0.5, 1e30, (double)NAN, (double)INFINITY };
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		const struct drawing_case *drawing = drawing_named("embedding");
		struct objective *objective = make(drawing, DTYPE_FLOAT64, 1);
		struct data_view data = rows_for(drawing, DTYPE_FLOAT64, ROWS);
		double *theta = modelling_numbers(DTYPE_FLOAT64, objective->n, 0.9, 5), gradient[256];
		((double *)(uintptr_t)data.x)[4] = wrong[i];
		struct batch batch = { .data = &data, .count = ROWS, .training = true };
		ck_assert(isnan(value_of(objective, theta, &batch, gradient)));
		free(theta);
		modelling_free(&data);
		objective_destroy(objective);
	}
}
END_TEST

START_TEST(windows_that_do_not_fit_are_refused_with_the_shape)
{
	const double wrong[][GRAPH_ATTRIBUTES] = { { 0, 1, 0, 0, 1, 1 }, { 1, 1, 0, 0, 0, 1 }, { 1, 1, 0, 0, 4, 1 } };
	for (size_t i = 0; i < 3; i++) {
		struct sketch sketch;
		sketch_init(&sketch, 0, false);
		filter(&sketch, sketch.x, 2, CHANNELS, 3, 3, wrong[i]);
		ck_assert_int_eq(sketch.graph.status, E_INVALID);
		ck_assert(i < 2 || strstr(sketch.graph.error.text, "rows x [4, 5, 6]") != NULL);
		graph_fini(&sketch.graph);
	}
}
END_TEST

static size_t refuse_output_padding(struct sketch *sketch)
{
	return draw_transpose(sketch, (const double[GRAPH_ATTRIBUTES]){ 2, 3, 0, 0, 1, 1, 0, 3 }, 1, false);
}

static size_t refuse_padding(struct sketch *sketch)
{
	return draw_transpose(sketch, (const double[GRAPH_ATTRIBUTES]){ 1, 1, 0, 4, 1, 1, 0, 0 }, 1, false);
}

static size_t refuse_groups(struct sketch *sketch)
{
	return graph_apply_constants(&sketch->graph, &op_group_norm, &sketch->x,
				     (const double[GRAPH_ATTRIBUTES]){ 1e-5, 3 });
}

static size_t refuse_slopes(struct sketch *sketch)
{
	const size_t three = 3;
	return graph_binary(&sketch->graph, &op_prelu, sketch->x, graph_parameter(&sketch->graph, "a", 1, &three, 0));
}

static size_t refuse_kernel(struct sketch *sketch)
{
	size_t extent[3] = { 2, CHANNELS, 9 };
	size_t input[3] = { sketch->x, graph_parameter(&sketch->graph, "w", 3, extent, 0.4),
			    graph_parameter(&sketch->graph, "b", 1, extent, 0.3) };
	return graph_apply_constants(&sketch->graph, &op_conv1d, input,
				     (const double[GRAPH_ATTRIBUTES]){ 1, 1, 0, 2, 1, 5, 1, 9 });
}

static size_t refuse_pooling(struct sketch *sketch)
{
	return graph_apply_constants(&sketch->graph, &op_max_pool1d, &sketch->x,
				     (const double[GRAPH_ATTRIBUTES]){ 1, 2, 0, 2, 0, 0, 1, 3 });
}

START_TEST(constants_that_do_not_fit_are_refused_with_what_they_are)
{
	const struct {
		size_t (*draw)(struct sketch *);
		bool signals;
		const char *piece;
	} wrong[] = {
		{ refuse_output_padding, false, "output_padding of 3 is not below the stride, 3" },
		{ refuse_padding, false, "padding of 4 leaves nothing" },
		{ refuse_groups, false, "3 groups do not divide the 4 channels" },
		{ refuse_slopes, false, "rows x [4, 5, 6] and slopes [3]" },
		{ refuse_kernel, true,
		  "a window of 9 (dilation 5) does not fit into signals rows x [4, 30] with padding 2" },
		{ refuse_pooling, true, "padding 2 is more than half of the window 3" },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct sketch sketch;
		sketch_init(&sketch, 0, wrong[i].signals);
		wrong[i].draw(&sketch);
		ck_assert_int_eq(sketch.graph.status, E_INVALID);
		ck_assert_msg(strstr(sketch.graph.error.text, wrong[i].piece) != NULL, "%s", sketch.graph.error.text);
		graph_fini(&sketch.graph);
	}
}
END_TEST

/* Mean and variance of a weight matrix [fan_in, fan_out] by each rule within four standard errors; bounds of the
 * uniform ones. */
START_TEST(initialisers_have_the_mean_and_variance_that_they_say)
{
	const struct init_type *type = init_types[_i];
	enum { IN = 150, OUT = 90, N = IN * OUT };
	struct setting_value value[4];
	settings_defaults(type->settings, type->setting_count, value);
	const struct settings settings = { type->settings, type->setting_count, value };
	struct start_rule rule = type->rule(&settings, IN, OUT);
	const char *name = type->name;
	double expected = strncmp(name, "xavier", 6) == 0   ? 2.0 / (IN + OUT)
			  : strncmp(name, "he", 2) == 0     ? 2.0 / IN
			  : strncmp(name, "lecun", 5) == 0  ? 1.0 / IN
			  : strcmp(name, "normal") == 0     ? 0.05 * 0.05
			  : strcmp(name, "uniform") == 0    ? 0.05 * 0.05 / 3
			  : strcmp(name, "orthogonal") == 0 ? 1.0 / IN
							    : 0;
	const struct tensor tensor = { .rank = 2, .shape = { IN, OUT }, .size = N };
	static float narrow[N];
	static double wide[N];
	double sum = 0, squares = 0, most = 0, fourth = 3;
	start_write(&rule, &tensor, DTYPE_FLOAT64, 2385, wide);
	start_write(&rule, &tensor, DTYPE_FLOAT32, 2385, narrow);
	for (size_t i = 0; i < N; i++) {
		sum += wide[i];
		squares += wide[i] * wide[i];
		most = fmax(most, fabs(wide[i]));
		ck_assert_double_eq_tol((double)narrow[i], wide[i], 1e-5);
	}
	if (strcmp(name, "ones") == 0) {
		ck_assert_double_eq(sum, N);
		return;
	}
	ck_assert_msg(fabs(sum / N) <= 4 * sqrt(expected / N), "%s: mean %g", name, sum / N);
	ck_assert_msg(fabs(squares / N - expected) <= 4 * expected * sqrt((fourth - 1) / N), "%s: variance %g, not %g",
		      name, squares / N, expected);
	if (rule.law == STARTS_UNIFORM) {
		ck_assert_msg(most < sqrt(3 * expected) && most > 0.99 * sqrt(3 * expected), "%s: up to %g", name,
			      most);
	}
}
END_TEST

/* Tall and wide, in both precisions. */
START_TEST(orthogonal_starts_are_orthogonal)
{
	const size_t shapes[][2] = { { 40, 12 }, { 12, 40 }, { 23, 23 }, { 1, 7 } };
	for (size_t s = 0; s < 4; s++) {
		size_t rows = shapes[s][0], columns = shapes[s][1], few = rows < columns ? rows : columns;
		const struct tensor tensor = { .rank = 2, .shape = { rows, columns }, .size = rows * columns };
		const struct start_rule rule = { .law = STARTS_ORTHOGONAL, .spread = 1.385 };
		double wide[1024];
		float narrow[1024];
		start_write(&rule, &tensor, DTYPE_FLOAT64, 7, wide);
		start_write(&rule, &tensor, DTYPE_FLOAT32, 7, narrow);
		for (size_t i = 0; i < few * few; i++) {
			double product = 0, short_product = 0, wanted = i / few == i % few ? 1.385 * 1.385 : 0;
			for (size_t k = 0; k < rows * columns / few; k++) {
				size_t a = rows <= columns ? i / few * columns + k : k * columns + i / few;
				size_t b = rows <= columns ? i % few * columns + k : k * columns + i % few;
				product += wide[a] * wide[b];
				short_product += (double)narrow[a] * (double)narrow[b];
			}
			ck_assert_double_eq_tol(product, wanted, 1e-13);
			ck_assert_double_eq_tol(short_product, wanted, 1e-6);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("network_ops");
	TCase *gradients = tcase_create("gradients");
	tcase_set_timeout(gradients, 60);
	tcase_add_loop_test(gradients, gradients_are_the_derivatives_while_training_and_in_evaluation, 0, 2 * DRAWINGS);
	tcase_add_loop_test(gradients, bits_are_the_same_for_any_number_of_threads, 0, DRAWINGS);
	suite_add_tcase(suite, gradients);
	TCase *training = tcase_create("training");
	tcase_add_test(training, dropout_draws_by_seed_and_step_and_stays_away_in_evaluation);
	tcase_add_test(training, dropout_keeps_the_part_that_it_says);
	tcase_add_test(training, batch_norm_renews_its_buffers_only_by_training_with_a_gradient);
	tcase_add_test(training, an_index_that_the_table_lacks_gives_nan_and_touches_nothing);
	tcase_add_test(training, windows_that_do_not_fit_are_refused_with_the_shape);
	tcase_add_test(training, constants_that_do_not_fit_are_refused_with_what_they_are);
	suite_add_tcase(suite, training);
	TCase *starts = tcase_create("initialisers");
	tcase_add_loop_test(starts, initialisers_have_the_mean_and_variance_that_they_say, 0, (int)init_type_count);
	tcase_add_test(starts, orthogonal_starts_are_orthogonal);
	suite_add_tcase(suite, starts);
	return suite_run(suite);
}
