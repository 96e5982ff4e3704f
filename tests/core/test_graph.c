/* The graph: every operation's gradient, what the plan makes of unusual graphs, what it refuses. */
#include <math.h>

#include "core/graph/graph.h"
#include "core/graph/ops/ops.h"
#include "core/graph/plan.h"
#include "core/objective/gradient_check.h"
#include "core/objective/graph_objective.h"
#include "tests/core/modelling.h"
#include "tests/support/suite.h"

enum { FEATURES = 5, WIDTH = 3, CLASSES = 3, ROWS = 23 };

/* Leaves that the drawings below start from. */
struct leaves {
	struct graph graph;
	size_t x, y, output;
	bool classes, binary;
};

static size_t parameter(struct leaves *leaves, const char *name, size_t rows, size_t columns)
{
	size_t extent[2] = { rows, columns };
	return columns == 0 ? graph_parameter(&leaves->graph, name, 1, extent, 0.5)
			    : graph_parameter(&leaves->graph, name, 2, extent, 0.5);
}

static size_t product(struct leaves *leaves, size_t x, size_t inputs, size_t outputs)
{
	return graph_binary(&leaves->graph, &op_matmul, x, parameter(leaves, "w", inputs, outputs));
}

/* A scalar in which the operation stands, with parameters in front of it. */
static size_t draw_around(struct leaves *leaves, const struct graph_op *op)
{
	struct graph *graph = &leaves->graph;
	size_t z = NODE_NONE;
	if (op->kind == OP_SUM) {
		return graph_scale(graph, 1.7, graph_unary(graph, op, parameter(leaves, "w", 7, 2)));
	}
	if (op->kind == OP_SCALAR) {
		size_t a = graph_unary(graph, &op_sum_squares, parameter(leaves, "a", 4, 0));
		size_t b = graph_unary(graph, &op_sum_abs, parameter(leaves, "b", 3, 0));
		return graph_apply(graph, op, (size_t[]){ a, b }, -0.83);
	}
	if (op->kind == OP_MEAN) {
		leaves->binary = op == &op_bce_with_logits_label || op == &op_hinge || op == &op_squared_hinge ||
				 op == &op_positive_bce || op == &op_focal;
		leaves->classes = leaves->binary || op == &op_multi_margin || op == &op_cross_entropy ||
				  op == &op_smooth_cross_entropy;
		size_t target =
			leaves->classes ? graph_label(graph, leaves->binary ? 2 : CLASSES) : graph_target(graph, WIDTH);
		z = product(leaves, leaves->x, FEATURES, leaves->binary ? 1 : WIDTH);
		return graph_apply(graph, op, (size_t[]){ z, target }, 0.63);
	}
	leaves->y = graph_target(graph, WIDTH);
	if (op == &op_matmul) { /* twice, so that a gradient flows to X too */
		z = product(leaves, product(leaves, leaves->x, FEATURES, 4), 4, WIDTH);
	} else if (op == &op_affine) {
		size_t inner = product(leaves, leaves->x, FEATURES, 4);
		z = graph_ternary(graph, op, inner, parameter(leaves, "v", 4, WIDTH), parameter(leaves, "b", WIDTH, 0));
	} else if (op == &op_add_bias) { /* after tanh: not fused */
		z = graph_unary(graph, &op_tanh, product(leaves, leaves->x, FEATURES, WIDTH));
		z = graph_binary(graph, op, z, parameter(leaves, "b", WIDTH, 0));
	} else {
		const double constants[GRAPH_ATTRIBUTES] = { 0.71, 1.37, 0.93 };
		z = product(leaves, leaves->x, FEATURES, WIDTH);
		z = graph_apply_constants(graph, op, &z, constants);
	}
	return graph_binary(graph, &op_squared_error, z, leaves->y);
}

/* h = tanh(X W) is read by two losses and by two more operations: contributions meet in its gradient. */
static size_t draw_fork(struct leaves *leaves)
{
	struct graph *graph = &leaves->graph;
	size_t y = graph_target(graph, WIDTH);
	size_t h = graph_unary(graph, &op_tanh, product(leaves, leaves->x, FEATURES, WIDTH));
	size_t root = graph_binary(graph, &op_squared_error, h, y);
	size_t s = graph_unary(graph, &op_sigmoid, h), r = graph_unary(graph, &op_relu, h);
	size_t i = graph_unary(graph, &op_identity, h),
	       b = graph_binary(graph, &op_add_bias, h, parameter(leaves, "b", WIDTH, 0));
	root = graph_binary(graph, &op_add, root, graph_binary(graph, &op_bce_with_logits, h, y));
	root = graph_binary(graph, &op_add, root,
			    graph_scale(graph, 0.3, graph_binary(graph, &op_squared_error, s, y)));
	root = graph_binary(graph, &op_add, root,
			    graph_scale(graph, -1.3, graph_binary(graph, &op_squared_error, r, y)));
	root = graph_binary(graph, &op_add, root, graph_binary(graph, &op_squared_error, i, y));
	return graph_binary(graph, &op_add, root, graph_binary(graph, &op_squared_error, b, y));
}

/* One W in two layers and in a penalty, activations on top of each other. */
static size_t draw_shared(struct leaves *leaves)
{
	struct graph *graph = &leaves->graph;
	size_t y = graph_target(graph, FEATURES), w = parameter(leaves, "w", FEATURES, FEATURES);
	size_t b = parameter(leaves, "b", FEATURES, 0);
	size_t h = graph_binary(graph, &op_add_bias, graph_binary(graph, &op_matmul, leaves->x, w), b);
	h = graph_unary(graph, &op_tanh, graph_unary(graph, &op_sigmoid, graph_unary(graph, &op_identity, h)));
	h = graph_binary(graph, &op_add_bias, graph_binary(graph, &op_matmul, h, w), b);
	size_t root = graph_binary(graph, &op_squared_error, h, y);
	size_t squares = graph_unary(graph, &op_sum_squares, w);
	return graph_binary(graph, &op_add, root,
			    graph_binary(graph, &op_add, squares, graph_scale(graph, 0.2, squares)));
}

/* The product itself is read beside its sum with a bias, so that the two may not be fused. */
static size_t draw_product_read_twice(struct leaves *leaves)
{
	struct graph *graph = &leaves->graph;
	size_t y = graph_target(graph, WIDTH), z = product(leaves, leaves->x, FEATURES, WIDTH);
	size_t sum = graph_binary(graph, &op_add_bias, z, parameter(leaves, "b", WIDTH, 0));
	size_t root = graph_binary(graph, &op_squared_error, graph_unary(graph, &op_tanh, sum), y);
	return graph_binary(graph, &op_add, root, graph_binary(graph, &op_squared_error, z, y));
}

/* A parameter that nobody reads, beside one that a penalty alone reads. */
static size_t draw_idle(struct leaves *leaves)
{
	struct graph *graph = &leaves->graph;
	size_t y = graph_target(graph, WIDTH), idle = parameter(leaves, "idle", 6, 0),
	       lone = parameter(leaves, "lone", 2, 0);
	(void)idle;
	size_t root = graph_binary(graph, &op_squared_error, product(leaves, leaves->x, FEATURES, WIDTH), y);
	return graph_binary(graph, &op_add, graph_unary(graph, &op_sum_squares, lone), root);
}

/* Plans the drawing, checks its gradient at an odd point, in one block and in several. */
static void check_gradient(struct leaves *leaves, size_t root, const char *name)
{
	struct model_shape shape = { .features = FEATURES };
	struct executor executor = executor_serial();
	struct objective *objective = NULL;
	struct error error = { .text = "" };
	struct gradient_error worst;
	for (size_t i = 0; i < leaves->graph.nodes; i++) {
		shape.targets += leaves->graph.node[i].kind == NODE_TARGET ? leaves->graph.node[i].shape.extent[0] : 0;
		shape.classes += leaves->graph.node[i].kind == NODE_LABEL ? leaves->graph.node[i].shape.classes : 0;
	}
	ck_assert_int_eq(graph_objective_create(&leaves->graph, root, NODE_NONE, DTYPE_FLOAT64, 1, &objective, &error),
			 OK);
	struct data_view data = modelling_data(DTYPE_FLOAT64, ROWS, &shape);
	double *theta = modelling_numbers(DTYPE_FLOAT64, objective->n, 0.9, 5);
	struct batch batch = { .data = &data, .count = ROWS };
	ck_assert_int_eq(gradient_check(objective, theta, &batch, &executor, &worst), OK);
	ck_assert_msg(worst.error < 1e-6, "%s: d/dtheta[%zu] is %.12g, should be %.12g", name, worst.index,
		      worst.analytic, worst.numeric);
	free(theta);
	modelling_free(&data);
	objective_destroy(objective);
}

static void leaves_init(struct leaves *leaves)
{
	*leaves = (struct leaves){ .output = NODE_NONE };
	graph_init(&leaves->graph);
	leaves->x = graph_features(&leaves->graph, FEATURES);
}

/* Those over images and with more inputs: tests/core/test_network_ops.c; those that compare: test_compare.c;
 * of games: test_gan.c. */
static bool is_elsewhere(const struct graph_op *op)
{
	const struct graph_op *const list[] = { &op_conv2d,
						&op_max_pool2d,
						&op_avg_pool2d,
						&op_batch_norm,
						&op_scale_shift,
						&op_embedding,
						&op_conv1d,
						&op_max_pool1d,
						&op_avg_pool1d,
						&op_conv_transpose2d,
						&op_group_norm,
						&op_prelu,
						&op_affine_steps,
						&op_rnn,
						&op_gru,
						&op_lstm,
						&op_add_rows,
						&op_kl_div,
						&op_gaussian,
						&op_weighted_cross_entropy,
						&op_weighted_bce_label,
						&op_poisson_full,
						&op_join,
						&op_noise,
						&op_verdict,
						&op_interactions,
						&op_pair_product,
						&op_pair_sum,
						&op_columns,
						&op_contrastive,
						&op_cosine_embedding,
						&op_class_cosine_embedding,
						&op_triplet_margin,
						&op_info_nce,
						&op_class_contrastive,
						&op_class_triplet,
						&op_class_info_nce };
	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
		if (list[i] == op) {
			return true;
		}
	}
	return false;
}

START_TEST(every_operations_reverse_is_the_derivative_of_its_forward)
{
	if (is_elsewhere(graph_ops[_i])) {
		return;
	}
	struct leaves leaves;
	leaves_init(&leaves);
	size_t root = draw_around(&leaves, graph_ops[_i]);
	ck_assert_msg(leaves.graph.status == OK, "%s: %s", graph_ops[_i]->name, leaves.graph.error.text);
	check_gradient(&leaves, root, graph_ops[_i]->name);
}
END_TEST

static size_t (*const drawings[])(struct leaves *) = { draw_fork, draw_shared, draw_product_read_twice, draw_idle };

START_TEST(gradients_of_forks_shared_and_idle_parameters_are_right)
{
	struct leaves leaves;
	leaves_init(&leaves);
	size_t root = drawings[_i](&leaves);
	ck_assert_msg(leaves.graph.status == OK, "%s", leaves.graph.error.text);
	check_gradient(&leaves, root, "drawing");
}
END_TEST

START_TEST(every_operation_is_found_by_its_name)
{
	for (size_t i = 0; i < graph_op_count; i++) {
		ck_assert_ptr_eq(graph_op_find(graph_ops[i]->name), graph_ops[i]);
	}
	ck_assert_ptr_null(graph_op_find("mat_mul"));
}
END_TEST

START_TEST(shapes_that_do_not_fit_are_refused_with_both_in_the_sentence)
{
	struct leaves leaves;
	leaves_init(&leaves);
	size_t w = parameter(&leaves, "w", FEATURES + 1, WIDTH);
	ck_assert_uint_eq(graph_binary(&leaves.graph, &op_matmul, leaves.x, w), NODE_NONE);
	ck_assert_int_eq(leaves.graph.status, E_INVALID);
	ck_assert_ptr_nonnull(strstr(leaves.graph.error.text, "rows x [5]"));
	ck_assert_ptr_nonnull(strstr(leaves.graph.error.text, "[6, 3]"));
	graph_fini(&leaves.graph);
}
END_TEST

/* Which operation gets which wrong inputs. */
START_TEST(every_operation_refuses_inputs_of_the_wrong_kind)
{
	for (size_t i = 0; i < graph_op_count; i++) {
		const struct graph_op *op = graph_ops[i];
		struct leaves leaves;
		leaves_init(&leaves);
		size_t b = parameter(&leaves, "b", FEATURES, 0), label = graph_label(&leaves.graph, 4);
		size_t scalar = graph_unary(&leaves.graph, &op_sum_abs, b);
		size_t wrong = op->kind == OP_SCALAR ? b : op->kind == OP_ROWS ? scalar : label;
		size_t input[GRAPH_ARITY] = { wrong, label, label };
		ck_assert_uint_eq(graph_apply(&leaves.graph, op, input, 1), NODE_NONE);
		ck_assert_msg(leaves.graph.status == E_INVALID, "%s", op->name);
		ck_assert_uint_gt(strlen(leaves.graph.error.text), 10);
		graph_fini(&leaves.graph);
	}
}
END_TEST

START_TEST(the_first_error_sticks_and_comes_out_of_the_plan)
{
	struct leaves leaves;
	struct plan *plan = NULL;
	struct error error = { .status = OK };
	leaves_init(&leaves);
	graph_unary(&leaves.graph, &op_sum_abs, leaves.x);
	size_t after = parameter(&leaves, "w", 3, 0);
	ck_assert_uint_eq(after, NODE_NONE);
	ck_assert_uint_eq(graph_scale(&leaves.graph, 2, after), NODE_NONE);
	ck_assert_int_eq(plan_create(&leaves.graph, 0, NODE_NONE, DTYPE_FLOAT64, 1, &plan, &error), E_INVALID);
	ck_assert_str_eq(error.text, leaves.graph.error.text);
	ck_assert_ptr_null(plan);
	graph_fini(&leaves.graph);
}
END_TEST

START_TEST(a_root_that_is_no_scalar_is_refused)
{
	struct leaves leaves;
	struct plan *plan = NULL;
	struct error error;
	leaves_init(&leaves);
	size_t z = product(&leaves, leaves.x, FEATURES, WIDTH);
	ck_assert_int_eq(plan_create(&leaves.graph, z, NODE_NONE, DTYPE_FLOAT64, 1, &plan, &error), E_INVALID);
	ck_assert_int_eq(plan_create(&leaves.graph, leaves.x, NODE_NONE, DTYPE_FLOAT64, 1, &plan, &error), E_INVALID);
	graph_fini(&leaves.graph);
}
END_TEST

START_TEST(a_loss_against_a_computed_target_is_refused_rather_than_half_differentiated)
{
	struct leaves leaves;
	struct plan *plan = NULL;
	struct error error;
	leaves_init(&leaves);
	size_t a = product(&leaves, leaves.x, FEATURES, WIDTH), b = product(&leaves, leaves.x, FEATURES, WIDTH);
	size_t root = graph_binary(&leaves.graph, &op_squared_error, a, b);
	ck_assert_int_eq(plan_create(&leaves.graph, root, NODE_NONE, DTYPE_FLOAT64, 1, &plan, &error), E_UNSUPPORTED);
	graph_fini(&leaves.graph);
}
END_TEST

START_TEST(a_tensor_whose_size_overflows_is_too_large)
{
	struct leaves leaves;
	leaves_init(&leaves);
	size_t extent[3] = { 2147483647, 2147483647, 2147483647 };
	ck_assert_uint_eq(graph_parameter(&leaves.graph, "w", 3, extent, 0), NODE_NONE);
	ck_assert_int_eq(leaves.graph.status, E_TOO_LARGE);
	graph_fini(&leaves.graph);
}
END_TEST

/* W of 2^62 numbers twice, and the third no longer fits. */
START_TEST(parameters_whose_sum_overflows_are_too_many)
{
	struct leaves leaves;
	leaves_init(&leaves);
	for (int i = 0; i < 4; i++) {
		parameter(&leaves, "w", 2147483647, 2147483647);
	}
	ck_assert_int_eq(leaves.graph.status, OK);
	parameter(&leaves, "w", 2147483647, 2147483647);
	ck_assert_int_eq(leaves.graph.status, E_TOO_LARGE);
	graph_fini(&leaves.graph);
}
END_TEST

START_TEST(the_size_of_a_block_follows_from_the_shapes)
{
	for (size_t slots = 1; slots < 8; slots += 3) {
		struct leaves leaves;
		struct plan *plan = NULL;
		struct error error;
		graph_init(&leaves.graph);
		size_t x = graph_features(&leaves.graph, 784), y = graph_target(&leaves.graph, 10);
		size_t root = graph_binary(&leaves.graph, &op_squared_error, product(&leaves, x, 784, 10), y);
		ck_assert_int_eq(plan_create(&leaves.graph, root, NODE_NONE, DTYPE_FLOAT32, slots, &plan, &error), OK);
		ck_assert_uint_eq(plan_block_rows(plan), 128);
		plan_destroy(plan);
		graph_fini(&leaves.graph);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("graph");
	TCase *gradients = tcase_create("gradients");
	tcase_add_loop_test(gradients, every_operations_reverse_is_the_derivative_of_its_forward, 0,
			    (int)graph_op_count);
	tcase_add_loop_test(gradients, gradients_of_forks_shared_and_idle_parameters_are_right, 0,
			    sizeof drawings / sizeof drawings[0]);
	suite_add_tcase(suite, gradients);
	TCase *refusals = tcase_create("refusals");
	tcase_add_test(refusals, every_operation_is_found_by_its_name);
	tcase_add_test(refusals, shapes_that_do_not_fit_are_refused_with_both_in_the_sentence);
	tcase_add_test(refusals, every_operation_refuses_inputs_of_the_wrong_kind);
	tcase_add_test(refusals, the_first_error_sticks_and_comes_out_of_the_plan);
	tcase_add_test(refusals, a_root_that_is_no_scalar_is_refused);
	tcase_add_test(refusals, a_loss_against_a_computed_target_is_refused_rather_than_half_differentiated);
	tcase_add_test(refusals, a_tensor_whose_size_overflows_is_too_large);
	tcase_add_test(refusals, parameters_whose_sum_overflows_are_too_many);
	tcase_add_test(refusals, the_size_of_a_block_follows_from_the_shapes);
	suite_add_tcase(suite, refusals);
	return suite_run(suite);
}
