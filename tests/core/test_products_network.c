/*
 * Products with the Hessian of every operation of core/graph/ops: against differences of gradients, symmetric, the same
 * bits for any number of threads. The table is walked, so an operation without such products, or one that no case
 * draws, is found here. Then whole models, of every activation and loss.
 */
#include <math.h>

#include "core/graph/graph.h"
#include "core/graph/ops/ops.h"
#include "core/graph/ops/verdict.h"
#include "core/objective/graph_objective.h"
#include "tests/core/modelling.h"
#include "tests/core/network_drawings.h"
#include "tests/core/products.h"
#include "tests/support/suite.h"

/* Operations that the cases so far have drawn. */
static bool drawn[256];

static void note(const struct graph *graph)
{
	for (size_t i = 0; i < graph->nodes; i++) {
		for (size_t k = 0; graph->node[i].kind == NODE_OPERATION && k < graph_op_count; k++) {
			drawn[k] |= graph_ops[k] == graph->node[i].op;
		}
	}
}

static struct objective *finish(struct graph *graph, size_t root, const char *name)
{
	struct error error = { .text = "" };
	struct objective *objective = NULL;
	ck_assert_msg(graph->status == OK, "%s: %s", name, graph->error.text);
	note(graph);
	graph->products = true;
	ck_assert_msg(graph_objective_create(graph, root, NODE_NONE, DTYPE_FLOAT64, 3, &objective, &error) == OK,
		      "%s: %s", name, error.text);
	ck_assert_msg(objective->products, "%s has no products", name);
	return objective;
}

static struct objective *draw(const struct drawing_case *drawing)
{
	struct sketch sketch;
	sketch_init(&sketch, drawing->indices, drawing->signals);
	struct graph *graph = &sketch.graph;
	size_t z = graph_unary(graph, &op_flatten, drawing->draw(&sketch));
	size_t extent[2] = { graph->node[z].shape.extent[0], TARGETS };
	z = graph_unary(graph, &op_tanh,
			graph_binary(graph, &op_matmul, z, graph_parameter(graph, "last", 2, extent, 0.2)));
	return finish(graph, graph_binary(graph, &op_squared_error, z, graph_target(graph, TARGETS)), drawing->name);
}

static struct data_view rows_for(size_t indices, size_t features, size_t targets, size_t classes, size_t rows)
{
	struct model_shape shape = { .features = indices > 0 ? indices : features,
				     .targets = targets,
				     .classes = classes };
	struct data_view data = modelling_data(DTYPE_FLOAT64, rows, &shape);
	for (size_t i = 0; i < rows * shape.features && indices > 0; i++) {
		modelling_write(DTYPE_FLOAT64, (void *)(uintptr_t)data.x, i, (double)((i * 7 + i / 3) % 5));
	}
	return data;
}

static void check(struct objective *objective, const struct batch *batch, const char *name)
{
	const size_t n = objective->n - objective->buffers;
	struct executor executor = executor_serial();
	struct threads threads;
	threads_init(&threads, 3);
	double *theta = modelling_numbers(DTYPE_FLOAT64, objective->n, 0.6, 5);
	double *u = modelling_numbers(DTYPE_FLOAT64, n, 1, 22), *v = modelling_numbers(DTYPE_FLOAT64, n, 1, 23);
	double *one = calloc(2 * n, sizeof *one), *three = one + n;
	for (size_t i = n; i < objective->n; i++) { /* running statistics */
		theta[i] = 0.4 + fabs(theta[i]);
	}
	const double error = products_error(objective, theta, v, 2e-6, batch, &executor);
	const double asymmetry = products_asymmetry(objective, theta, u, v, batch, &executor);
	ck_assert_msg(error < 1e-6, "%s, %s: %.3g", name, batch->training ? "training" : "evaluation", error);
	ck_assert_msg(asymmetry < 1e-12, "%s: %.3g", name, asymmetry);
	ck_assert_int_eq(objective->type->product(objective, theta, v, batch, &executor, one), OK);
	ck_assert_int_eq(objective->type->product(objective, theta, v, batch, &threads.base, three), OK);
	ck_assert_msg(memcmp(one, three, n * sizeof *one) == 0, "%s: bits", name);
	free(theta);
	free(u);
	free(v);
	free(one);
}

/* While training and in evaluation. */
static void check_both(struct objective *objective, const struct data_view *data, size_t rows, const char *name)
{
	for (int training = 0; training <= 1; training++) {
		const struct batch batch = {
			.data = data, .count = rows, .training = training != 0, .seed = 2385, .step = 3
		};
		check(objective, &batch, name);
	}
	objective_destroy(objective);
}

static void check_drawings(void)
{
	for (size_t i = 0; i < DRAWINGS; i++) {
		const struct drawing_case *drawing = &drawings[i];
		struct objective *objective = draw(drawing);
		struct data_view data = rows_for(drawing->indices, FEATURES, TARGETS, 0, ROWS);
		check_both(objective, &data, ROWS, drawing->name);
		modelling_free(&data);
	}
}

enum { INPUTS = 5, OUTPUTS = 6, SOME = 40 };

/* OUTPUTS numbers a row, by two layers. */
static size_t outputs_of(struct graph *graph, size_t outputs)
{
	const size_t first[2] = { INPUTS, 7 }, second[2] = { 7, outputs };
	const size_t w = graph_parameter(graph, "w", 2, first, 0.5), b = graph_parameter(graph, "b", 1, first + 1, 0.5);
	const size_t h =
		graph_unary(graph, &op_tanh, graph_ternary(graph, &op_affine, graph_features(graph, INPUTS), w, b));
	return graph_binary(graph, &op_add_bias,
			    graph_binary(graph, &op_matmul, h, graph_parameter(graph, "v", 2, second, 0.5)),
			    graph_parameter(graph, "c", 1, second + 1, 0.5));
}

/* Every operation from rows to rows with one input: f of the outputs, squared. */
static void check_element(const struct graph_op *op, const double *attribute)
{
	struct graph graph;
	graph_init(&graph);
	graph.rows = SOME;
	size_t z = outputs_of(&graph, OUTPUTS);
	z = graph_apply_constants(&graph, op, &z, attribute);
	z = graph_unary(&graph, &op_flatten, z);
	const size_t extent[2] = { graph.node[z].shape.extent[0], TARGETS };
	z = graph_binary(&graph, &op_matmul, z, graph_parameter(&graph, "last", 2, extent, 0.5));
	struct objective *objective =
		finish(&graph, graph_binary(&graph, &op_squared_error, z, graph_target(&graph, TARGETS)), op->name);
	struct data_view data = rows_for(0, INPUTS, TARGETS, 0, SOME);
	check_both(objective, &data, SOME, op->name);
	modelling_free(&data);
}

/* A mean: what it reads beside the outputs, and its constants. */
static const struct mean_case {
	const struct graph_op *op;
	size_t outputs, targets, classes;
	double attribute[GRAPH_ATTRIBUTES];
} means[] = {
	{ &op_squared_error, 2, 2, 0, { 0 } },
	{ &op_residual, 1, 1, 0, { 0 } },
	{ &op_bce_with_logits, 2, 2, 0, { 0 } },
	{ &op_bce_with_logits_label, 1, 0, 2, { 0 } },
	{ &op_cross_entropy, 3, 0, 3, { 0 } },
	{ &op_absolute_error, 2, 2, 0, { 0 } },
	{ &op_huber, 2, 2, 0, { 0.7 } },
	{ &op_quantile, 2, 2, 0, { 0.3 } },
	{ &op_poisson, 2, 2, 0, { 0 } },
	{ &op_hinge, 1, 0, 2, { 0 } },
	{ &op_squared_hinge, 1, 0, 2, { 0 } },
	{ &op_smooth_cross_entropy, 3, 0, 3, { 0.2 } },
	{ &op_kl_div, 3, 3, 0, { 0 } },
	{ &op_cosine, 3, 3, 0, { 0 } },
	{ &op_gaussian, 4, 2, 0, { 1e-6, 1 } },
	{ &op_weighted_cross_entropy, 3, 0, 3, { 0.1 } },
	{ &op_weighted_bce_label, 1, 0, 2, { 1.7 } },
	{ &op_contrastive, 6, 0, 2, { 2.385 } },
	{ &op_cosine_embedding, 6, 0, 2, { 0.1 } },
	{ &op_triplet_margin, 6, 0, 0, { 2.385, 2 } },
	{ &op_triplet_margin, 6, 0, 0, { 2.385, 2.7, 1 } },
	{ &op_triplet_margin, 6, 0, 0, { 2.385, 1 } },
	{ &op_info_nce, 6, 0, 0, { 0.7 } },
	{ &op_info_nce, 6, 0, 0, { 0.7, 1 } },
	{ &op_class_contrastive, 3, 0, 4, { 2.385 } },
	{ &op_class_cosine_embedding, 3, 0, 4, { 0.1 } },
	{ &op_class_triplet, 3, 0, 4, { 2.385, 2 } },
	{ &op_class_triplet, 3, 0, 4, { 2.385, 3, 1 } },
	{ &op_class_info_nce, 3, 0, 4, { 0.7 } },
	{ &op_verdict, 2, 0, 0, { VERDICT_SOFTPLUS, 0.8, -1.3 } },
	{ &op_verdict, 2, 0, 0, { VERDICT_SQUARE, 0.8, 0.4 } },
	{ &op_verdict, 2, 0, 0, { VERDICT_LINEAR, 0.8 } },
	{ &op_log_cosh, 2, 2, 0, { 0 } },
	{ &op_poisson_full, 2, 2, 0, { 1, 1, 1e-8 } },
	{ &op_poisson_full, 2, 2, 0, { 0, 1, 4.1 } },
	{ &op_positive_bce, 1, 0, 2, { 2.385 } },
	{ &op_focal, 1, 0, 2, { 2, 0.3 } },
	{ &op_focal, 1, 0, 2, { 0.7, -1 } },
	{ &op_multi_margin, 3, 0, 3, { 2.385, 1 } },
	{ &op_multi_margin, 3, 0, 3, { 2.385, 2 } },
};

static void check_mean(const struct mean_case *mean)
{
	static const double weight[] = { 0.7, 1.4, 2.385, 0.5 };
	struct graph graph;
	graph_init(&graph);
	graph.rows = SOME;
	size_t input[2] = { outputs_of(&graph, mean->outputs) };
	if (mean->op->arity == 2) {
		input[1] = mean->targets > 0 ? graph_target(&graph, mean->targets) : graph_label(&graph, mean->classes);
	}
	if (mean->op->weighted) {
		graph_weigh_classes(&graph, weight, mean->classes);
	}
	struct objective *objective =
		finish(&graph, graph_apply_constants(&graph, mean->op, input, mean->attribute), mean->op->name);
	struct data_view data = rows_for(0, INPUTS, mean->targets, mean->classes, SOME);
	for (size_t i = 0; i < SOME * mean->targets; i++) { /* none below 0: some losses take shares and counts */
		((double *)(uintptr_t)data.y)[i] = fabs(((double *)(uintptr_t)data.y)[i]);
	}
	check_both(objective, &data, SOME, mean->op->name);
	modelling_free(&data);
}

/* Noise through a layer, penalties, scalars. */
static void check_penalties(void)
{
	struct graph graph;
	graph_init(&graph);
	graph.rows = SOME;
	const size_t x = graph_features(&graph, INPUTS), extent[2] = { 3, 2 };
	const size_t z = graph_apply_constants(&graph, &op_noise, &x, (const double[GRAPH_ATTRIBUTES]){ 3, 0, 0 });
	const size_t w = graph_parameter(&graph, "w", 2, extent, 0.5);
	const size_t loss = graph_binary(&graph, &op_squared_error,
					 graph_unary(&graph, &op_tanh, graph_binary(&graph, &op_matmul, z, w)),
					 graph_target(&graph, 2));
	const size_t l2 = graph_scale(&graph, 0.3, graph_unary(&graph, &op_sum_squares, w));
	const size_t l1 = graph_scale(&graph, 0.2, graph_unary(&graph, &op_sum_abs, w));
	const size_t root = graph_binary(&graph, &op_add, loss, graph_binary(&graph, &op_add, l2, l1));
	struct objective *objective = finish(&graph, root, "penalties");
	struct data_view data = rows_for(0, INPUTS, 2, 0, SOME);
	check_both(objective, &data, SOME, "penalties");
	modelling_free(&data);
}

START_TEST(every_operation_has_the_product_of_its_differences)
{
	static const double constants[GRAPH_ATTRIBUTES] = { 0.35, 0.2, 0.9 };
	ck_assert_uint_le(graph_op_count, sizeof drawn / sizeof *drawn);
	check_drawings();
	check_penalties();
	for (size_t i = 0; i < sizeof means / sizeof *means; i++) {
		check_mean(&means[i]);
	}
	check_element(&op_columns, (const double[GRAPH_ATTRIBUTES]){ 1, 2, 2, 2 });
	for (size_t k = 0; k < graph_op_count; k++) {
		const struct graph_op *op = graph_ops[k];
		if (op->kind == OP_ROWS && op->arity == 1 && !drawn[k]) {
			check_element(op, constants);
		}
	}
	for (size_t k = 0; k < graph_op_count; k++) {
		ck_assert_msg(drawn[k], "no case here draws %s", graph_ops[k]->name);
		ck_assert_msg(graph_ops[k]->kind == OP_SCALAR || graph_ops[k]->forward[NUMBERS_DUAL] != NULL,
			      "%s has no entry of dual numbers", graph_ops[k]->name);
		ck_assert_msg(graph_ops[k]->reverse[DTYPE_FLOAT64] == NULL ||
				      graph_ops[k]->reverse[NUMBERS_DUAL] != NULL,
			      "%s has no way back in dual numbers", graph_ops[k]->name);
	}
}
END_TEST

/* --- models --- */

enum { COLUMNS = 5 };

static const char *const network_losses[] = {
	"mse",      "mae",      "huber",           "smooth_l1", "quantile",      "poisson",      "cosine",
	"gaussian", "log_loss", "bce_with_logits", "hinge",     "squared_hinge", "cross_entropy"
};

/* Products of a model: against differences, symmetric, the same bits for any number of threads. */
static void check_model(const struct modelling *model, const struct model_shape *wanted, const char *name,
			double tolerance)
{
	struct model_shape shape = *wanted;
	struct executor executor = executor_serial();
	struct threads threads;
	threads_init(&threads, 3);
	struct data_view data = modelling_data(DTYPE_FLOAT64, shape.rows, &shape);
	const struct batch batch = { .data = &data, .count = shape.rows, .training = true, .seed = 7, .step = 3 };
	size_t parameters, bytes, more;
	ck_assert_int_eq(model_measure(&model->config, &shape, DTYPE_FLOAT64, 3, &parameters, &bytes), OK);
	shape.products = true;
	ck_assert_int_eq(model_measure(&model->config, &shape, DTYPE_FLOAT64, 3, &parameters, &more), OK);
	struct objective *objective = modelling_build(model, &shape, DTYPE_FLOAT64, 3);
	const size_t n = objective->n;
	ck_assert_msg(objective->products, "%s", name);
	ck_assert_uint_gt(more, bytes);
	double *theta = modelling_numbers(DTYPE_FLOAT64, n, 0.6, 21), *u = modelling_numbers(DTYPE_FLOAT64, n, 1, 22);
	double *v = modelling_numbers(DTYPE_FLOAT64, n, 1, 23), *one = calloc(2 * n, sizeof *one), *three = one + n;
	const double error = products_error(objective, theta, v, 1e-6, &batch, &executor);
	const double asymmetry = products_asymmetry(objective, theta, u, v, &batch, &executor);
	ck_assert_msg(error < tolerance, "%s: %.3g", name, error);
	ck_assert_msg(asymmetry < 1e-12, "%s: %.3g", name, asymmetry);
	ck_assert_int_eq(objective->type->product(objective, theta, v, &batch, &executor, one), OK);
	ck_assert_int_eq(objective->type->product(objective, theta, v, &batch, &threads.base, three), OK);
	ck_assert_msg(memcmp(one, three, n * sizeof *one) == 0, "%s", name);
	objective_destroy(objective);
	modelling_free(&data);
	free(theta);
	free(u);
	free(v);
	free(one);
}

START_TEST(networks_of_every_activation_have_the_products_of_their_differences)
{
	struct model_shape shape = { .features = COLUMNS, .targets = 2, .rows = 700 };
	for (size_t i = 0; i < activation_type_count; i++) {
		struct modelling model;
		modelling_start(&model, "mlp", "mse", &shape);
		modelling_layer(&model, 7, activation_types[i]->name);
		modelling_layer(&model, 4, "tanh");
		modelling_set(&model, "l2", 0.03);
		check_model(&model, &shape, activation_types[i]->name, 1e-6);
	}
}
END_TEST

START_TEST(networks_of_every_loss_have_the_products_of_their_differences)
{
	for (size_t i = 0; i < sizeof network_losses / sizeof *network_losses; i++) {
		const struct loss_type *loss = loss_find(network_losses[i]);
		struct model_shape shape = { .features = COLUMNS, .rows = 700 };
		struct modelling model;
		shape.targets = loss->target == TARGET_NUMBER ? 2 : 0;
		shape.classes = loss->target == TARGET_NUMBER ? 0 : loss->target == TARGET_BINARY ? 2 : 3;
		modelling_start(&model, "mlp", loss->name, &shape);
		modelling_layer(&model, 7, "tanh");
		modelling_layer(&model, 6, "gelu");
		check_model(&model, &shape, loss->name, 1e-6);
	}
}
END_TEST

/* Losses whose curvature X'DX does not know, and classes with weights. */
START_TEST(linear_models_without_a_form_of_their_own_have_products_too)
{
	static const struct {
		const char *type, *loss;
		size_t targets, classes;
		bool weighs;
	} models[] = { { "linear_regression", "log_cosh", 2, 0, false },
		       { "logistic_regression", "focal", 0, 2, false },
		       { "softmax_regression", "cross_entropy", 0, 3, true } };
	for (size_t i = 0; i < 3; i++) {
		struct model_shape shape = {
			.features = COLUMNS, .rows = 700, .targets = models[i].targets, .classes = models[i].classes
		};
		static const double weights[] = { 1, 2.385, 0.5 };
		struct modelling model;
		modelling_start(&model, models[i].type, models[i].loss, &shape);
		if (models[i].weighs) {
			const struct settings *settings = &model.config.loss_settings;
			struct setting_value *value =
				&model.loss_value[settings_get(settings, "class_weight") - settings->value];
			value->values = weights;
			value->rows = 3;
		}
		check_model(&model, &shape, models[i].loss, 1e-6);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/products_network");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, every_operation_has_the_product_of_its_differences);
	tcase_add_test(tests, networks_of_every_activation_have_the_products_of_their_differences);
	tcase_add_test(tests, networks_of_every_loss_have_the_products_of_their_differences);
	tcase_add_test(tests, linear_models_without_a_form_of_their_own_have_products_too);
	return suite_run(suite);
}
