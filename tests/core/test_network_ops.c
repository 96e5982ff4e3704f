/* Operations of networks: gradients against differences while training and in evaluation, what batch statistics and
 * dropout do, and what does not fit. */
#include <math.h>

#include "core/graph/graph.h"
#include "core/graph/ops/ops.h"
#include "core/graph/start.h"
#include "core/model/tables.h"
#include "core/objective/gradient_check.h"
#include "core/objective/graph_objective.h"
#include "tests/core/modelling.h"
#include "tests/core/network_drawings.h"
#include "tests/support/suite.h"

/* rows: 0, or those of a batch that a batch norm behind the drawing makes one block. */
static struct objective *make_coupled(const struct drawing_case *drawing, enum dtype dtype, size_t slots, size_t rows)
{
	struct sketch sketch;
	struct error error = { .text = "" };
	struct objective *objective = NULL;
	sketch_init(&sketch, drawing->indices, drawing->signals);
	struct graph *graph = &sketch.graph;
	graph->rows = rows > 0 ? rows : graph->rows;
	size_t z = graph_unary(graph, &op_flatten, drawing->draw(&sketch));
	ck_assert_msg(graph->status == OK, "%s: %s", drawing->name, graph->error.text);
	if (rows > 0) {
		const size_t numbers = graph->node[z].shape.extent[0];
		const size_t input[3] = { z, graph_buffer(graph, "middle", numbers, 0.3),
					  graph_buffer(graph, "spread", numbers, 1.7) };
		z = graph_apply_constants(graph, &op_batch_norm, input, (const double[GRAPH_ATTRIBUTES]){ 0.1, 1e-5 });
	}
	size_t extent[2] = { graph->node[z].shape.extent[0], TARGETS };
	z = graph_binary(graph, &op_matmul, z, graph_parameter(graph, "last", 2, extent, 0.2));
	size_t root = graph_binary(graph, &op_squared_error, z, graph_target(graph, TARGETS));
	ck_assert_msg(graph_objective_create(graph, root, z, dtype, slots, &objective, &error) == OK, "%s: %s",
		      drawing->name, error.text);
	return objective;
}

static struct objective *make(const struct drawing_case *drawing, enum dtype dtype, size_t slots)
{
	return make_coupled(drawing, dtype, slots, 0);
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

/* A batch of one block is large enough here to be cut by rows and by channels: one, two and three threads. */
START_TEST(threads_share_a_batch_that_couples_with_the_same_bits)
{
	enum { MANY = 1283 };
	const struct drawing_case *drawing = &drawings[_i];
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		struct objective *objective = make_coupled(drawing, dtype, 3, MANY);
		size_t bytes = objective->n * dtype_size(dtype);
		struct data_view data = rows_for(drawing, dtype, MANY);
		char *theta = calloc(1, bytes), *serial = calloc(1, bytes), *threaded = calloc(1, bytes);
		struct batch batch = { .data = &data, .count = MANY, .training = true, .seed = 9, .step = 4 };
		double value[2];
		objective->type->initialise(objective, 7, theta);
		struct executor executor = executor_serial();
		ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &value[0], serial), OK);
		for (size_t slots = 2; slots <= 3; slots++) {
			struct threads threads;
			threads_init(&threads, slots);
			struct executor *own = &threads.base;
			ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, own, &value[1], threaded),
					 OK);
			ck_assert_msg(value[0] == value[1] && memcmp(serial, threaded, bytes) == 0, "%s",
				      drawing->name);
		}
		ck_assert(isfinite(value[0]));
		free(theta);
		free(serial);
		free(threaded);
		modelling_free(&data);
		objective_destroy(objective);
	}
}
END_TEST

/* Sums over the rows of pieces are added to the whole: the slope along one direction against a difference. */
START_TEST(the_gradient_of_a_shared_batch_is_its_derivative)
{
	enum { MANY = 1283 };
	const double h = 1e-6;
	const struct drawing_case *drawing = &drawings[_i];
	struct objective *objective = make_coupled(drawing, DTYPE_FLOAT64, 1, MANY);
	struct executor executor = executor_serial();
	struct data_view data = rows_for(drawing, DTYPE_FLOAT64, MANY);
	struct batch batch = { .data = &data, .count = MANY, .training = true, .seed = 9, .step = 4 };
	const size_t n = objective->n, trained = n - objective->buffers;
	double *theta = modelling_numbers(DTYPE_FLOAT64, n, 0.9, 5), *gradient = calloc(n, sizeof *gradient);
	double *way = modelling_numbers(DTYPE_FLOAT64, n, 1, 11), value[2], slope = 0, norm = 0;
	ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &value[0], gradient), OK);
	for (size_t i = 0; i < trained; i++) {
		slope += gradient[i] * way[i];
		norm += gradient[i] * gradient[i];
	}
	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < trained; i++) {
			theta[i] += (side == 0 ? 1 : -2) * h * way[i];
		}
		ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &value[side], NULL),
				 OK);
	}
	const double difference = (value[0] - value[1]) / (2 * h);
	ck_assert_msg(fabs(slope - difference) <= 1e-4 * sqrt(norm), "%s: the slope is %.12g, should be %.12g",
		      drawing->name, slope, difference);
	free(theta);
	free(way);
	free(gradient);
	modelling_free(&data);
	objective_destroy(objective);
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

/* torch.nn.init: xavier_normal_(w, gain), kaiming_uniform_(w, nonlinearity="relu", mode). */
START_TEST(a_gain_and_the_fan_that_counts_can_be_said)
{
	const struct {
		const struct init_type *type;
		struct setting_value value;
		double spread;
	} cases[] = {
		{ &init_xavier_normal, { .number = 1.385 }, 1.385 * sqrt(2.0 / 240) },
		{ &init_xavier_uniform, { .number = 0.2385 }, 0.2385 * sqrt(6.0 / 240) },
		{ &init_he_uniform, { .number = 1 }, sqrt(6.0 / 90) },
		{ &init_he_normal, { .number = 1 }, sqrt(2.0 / 90) },
		{ &init_he_normal, { .number = 0 }, sqrt(2.0 / 150) },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct init_type *type = cases[i].type;
		ck_assert_uint_eq(type->setting_count, 1);
		const struct settings settings = { type->settings, 1, (struct setting_value *)&cases[i].value };
		const struct start_rule rule = type->rule(&settings, 150, 90);
		ck_assert_msg(fabs(rule.spread - cases[i].spread) <= 1e-15, "%s: %.17g", type->name, rule.spread);
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
	tcase_add_loop_test(gradients, threads_share_a_batch_that_couples_with_the_same_bits, 0, DRAWINGS);
	tcase_add_loop_test(gradients, the_gradient_of_a_shared_batch_is_its_derivative, 0, DRAWINGS);
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
	tcase_add_test(starts, a_gain_and_the_fan_that_counts_can_be_said);
	tcase_add_test(starts, orthogonal_starts_are_orthogonal);
	suite_add_tcase(suite, starts);
	return suite_run(suite);
}
