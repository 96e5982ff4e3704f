/* Models: built by name, their gradients right, what they refuse. Their trainings: test_golden_trainings.c. */
#include <math.h>

#include "core/base/random.h"
#include "core/objective/gradient_check.h"
#include "tests/core/modelling.h"
#include "tests/support/suite.h"

/* One trained or checked model: its name, its loss (NULL: the default) and its shapes. */
struct subject {
	const char *model, *loss;
	struct model_shape shape;
	const char *activation; /* of two hidden layers; NULL: none */
	double l1, l2;
	bool no_intercept, penalize_intercept;
};

static const struct subject subjects[] = {
	{ .model = "linear_regression", .shape = { .features = 5, .targets = 1 } },
	{ .model = "linear_regression", .shape = { .features = 1, .targets = 3 }, .l2 = 0.37, .no_intercept = true },
	{ .model = "linear_regression",
	  .loss = "squared_error",
	  .shape = { .features = 19, .targets = 2 },
	  .l1 = 0.21,
	  .l2 = 0.37,
	  .penalize_intercept = true },
	{ .model = "logistic_regression", .shape = { .features = 7, .classes = 2 } },
	{ .model = "logistic_regression", .shape = { .features = 33, .classes = 2 }, .l1 = 0.11, .l2 = 1.73 },
	{ .model = "softmax_regression", .shape = { .features = 4, .classes = 3 } },
	{ .model = "softmax_regression", .shape = { .features = 11, .classes = 10 }, .l2 = 0.19, .no_intercept = true },
	{ .model = "mlp", .shape = { .features = 6, .classes = 4 }, .activation = "relu" },
	{ .model = "mlp", .shape = { .features = 6, .classes = 2 }, .activation = "tanh", .l2 = 0.41 },
	{ .model = "mlp",
	  .loss = "bce_with_logits",
	  .shape = { .features = 3, .classes = 2 },
	  .activation = "sigmoid",
	  .l1 = 0.13 },
	{ .model = "mlp", .shape = { .features = 9, .targets = 2 }, .activation = "identity" },
	{ .model = "mlp", .shape = { .features = 5, .classes = 3 } },
	{ .model = "linear_regression", .loss = "mae", .shape = { .features = 5, .targets = 2 } },
	{ .model = "linear_regression", .loss = "huber", .shape = { .features = 5, .targets = 1 } },
	{ .model = "linear_regression", .loss = "smooth_l1", .shape = { .features = 5, .targets = 1 } },
	{ .model = "linear_regression", .loss = "quantile", .shape = { .features = 3, .targets = 1 } },
	{ .model = "linear_regression", .loss = "poisson", .shape = { .features = 2, .targets = 2 } },
	{ .model = "logistic_regression", .loss = "hinge", .shape = { .features = 7, .classes = 2 } },
	{ .model = "mlp", .loss = "squared_hinge", .shape = { .features = 4, .classes = 2 }, .activation = "gelu" },
	{ .model = "factorization_machine", .shape = { .features = 5, .targets = 1 }, .l2 = 0.19 },
	{ .model = "factorization_machine", .shape = { .features = 19, .classes = 2 }, .l1 = 0.13 },
	{ .model = "autoencoder", .shape = { .features = 5 }, .l2 = 0.19 },
	{ .model = "autoencoder", .loss = "huber", .shape = { .features = 9 }, .activation = "tanh", .l1 = 0.13 },
};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

static void start(struct modelling *model, const struct subject *subject)
{
	modelling_start(model, subject->model, subject->loss, &subject->shape);
	modelling_set(model, "l1", subject->l1);
	modelling_set(model, "l2", subject->l2);
	if (subject->activation != NULL) {
		modelling_layer(model, 7, subject->activation);
		modelling_layer(model, 3, subject->activation);
	}
	if (subject->no_intercept) {
		modelling_set(model, "intercept", 0);
	}
	if (subject->penalize_intercept) {
		modelling_set(model, "penalize_intercept", 1);
	}
}

START_TEST(every_models_gradient_is_that_of_its_value)
{
	const struct subject *subject = &subjects[_i];
	struct modelling model;
	struct executor executor = executor_serial();
	start(&model, subject);
	struct objective *objective = modelling_build(&model, &subject->shape, DTYPE_FLOAT64, 1);
	struct data_view data = modelling_data(DTYPE_FLOAT64, 37, &subject->shape);
	double *theta = modelling_numbers(DTYPE_FLOAT64, objective->n, 0.9, 3);
	struct gradient_error worst;
	struct batch batch = { .data = &data, .first = 2, .count = 35 };
	ck_assert_int_eq(gradient_check(objective, theta, &batch, &executor, &worst), OK);
	ck_assert_msg(worst.error < 1e-6, "%s: d/dtheta[%zu] is %.12g, should be %.12g", subject->model, worst.index,
		      worst.analytic, worst.numeric);
	free(theta);
	modelling_free(&data);
	objective_destroy(objective);
}
END_TEST

START_TEST(value_alone_and_gradient_alone_are_those_of_both_together)
{
	const struct subject *subject = &subjects[_i];
	struct modelling model;
	struct executor executor = executor_serial();
	start(&model, subject);
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		struct objective *objective = modelling_build(&model, &subject->shape, dtype, 1);
		struct data_view data = modelling_data(dtype, 41, &subject->shape);
		struct batch batch = { .data = &data, .count = 41 };
		size_t bytes = objective->n * dtype_size(dtype);
		void *theta = modelling_numbers(dtype, objective->n, 0.9, 3), *both = malloc(bytes),
		     *alone = malloc(bytes);
		double value, other = 0;
		ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &value, both), OK);
		ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &other, NULL), OK);
		ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, NULL, alone), OK);
		ck_assert(value == other);
		ck_assert_mem_eq(both, alone, bytes);
		free(theta);
		free(both);
		free(alone);
		modelling_free(&data);
		objective_destroy(objective);
	}
}
END_TEST

START_TEST(float32_agrees_with_float64_to_its_precision)
{
	const struct subject *subject = &subjects[_i];
	struct modelling model;
	struct executor executor = executor_serial();
	double value[2], gradient64[512];
	float gradient32[512];
	start(&model, subject);
	for (enum dtype dtype = DTYPE_FLOAT32; dtype <= DTYPE_FLOAT64; dtype++) {
		struct objective *objective = modelling_build(&model, &subject->shape, dtype, 1);
		struct data_view data = modelling_data(dtype, 41, &subject->shape);
		struct batch batch = { .data = &data, .count = 41 };
		void *theta = modelling_numbers(dtype, objective->n, 0.9, 3);
		void *gradient = dtype == DTYPE_FLOAT32 ? (void *)gradient32 : (void *)gradient64;
		ck_assert_uint_le(objective->n, 512);
		ck_assert_int_eq(
			objective->type->evaluate(objective, theta, &batch, &executor, &value[dtype], gradient), OK);
		for (size_t i = 0; dtype == DTYPE_FLOAT64 && i < objective->n; i++) {
			ck_assert_double_le(fabs((double)gradient32[i] - gradient64[i]),
					    2e-5 * fmax(1, fabs(gradient64[i])));
		}
		free(theta);
		modelling_free(&data);
		objective_destroy(objective);
	}
	ck_assert_double_le(fabs(value[0] - value[1]), 1e-5 * fmax(1, fabs(value[1])));
}
END_TEST

START_TEST(measure_tells_the_parameters_that_build_makes)
{
	const struct subject *subject = &subjects[_i];
	struct modelling model;
	size_t parameters = 0, bytes = 0;
	start(&model, subject);
	struct objective *objective = modelling_build(&model, &subject->shape, DTYPE_FLOAT32, 3);
	ck_assert_int_eq(model_measure(&model.config, &subject->shape, DTYPE_FLOAT32, 3, &parameters, &bytes), OK);
	ck_assert_uint_eq(parameters, objective->n);
	ck_assert_uint_gt(bytes, parameters * sizeof(float));
	size_t sum = 0;
	for (size_t t = 0; t < objective->tensors; t++) {
		ck_assert_uint_eq(objective->tensor[t].offset, sum);
		sum += objective->tensor[t].size;
	}
	ck_assert_uint_eq(sum, objective->n);
	objective_destroy(objective);
}
END_TEST

START_TEST(tensors_are_named_and_shaped_as_the_contract_says)
{
	struct model_shape shape = { .features = 6, .classes = 4 };
	struct modelling model;
	modelling_start(&model, "mlp", NULL, &shape);
	modelling_layer(&model, 7, "relu");
	struct objective *objective = modelling_build(&model, &shape, DTYPE_FLOAT32, 1);
	const struct tensor *tensor = objective->tensor;
	ck_assert_uint_eq(objective->tensors, 4);
	ck_assert_str_eq(tensor[0].name, "layers.0.weight");
	ck_assert_uint_eq(tensor[0].rank, 2);
	ck_assert_uint_eq(tensor[0].shape[0], 6);
	ck_assert_uint_eq(tensor[0].shape[1], 7);
	ck_assert_str_eq(tensor[1].name, "layers.0.bias");
	ck_assert_uint_eq(tensor[1].rank, 1);
	ck_assert_str_eq(tensor[2].name, "layers.1.weight");
	ck_assert_uint_eq(tensor[2].shape[1], 4);
	ck_assert_str_eq(tensor[3].name, "layers.1.bias");
	ck_assert_uint_eq(objective->outputs, 4);
	ck_assert(objective->rowed);
	objective_destroy(objective);
	shape = (struct model_shape){ .features = 6, .classes = 2 };
	modelling_start(&model, "logistic_regression", NULL, &shape);
	objective = modelling_build(&model, &shape, DTYPE_FLOAT32, 1);
	ck_assert_str_eq(objective->tensor[0].name, "weight");
	ck_assert_uint_eq(objective->tensor[0].shape[0], 6);
	ck_assert_uint_eq(objective->tensor[0].shape[1], 1);
	ck_assert_str_eq(objective->tensor[1].name, "bias");
	ck_assert_uint_eq(objective->outputs, 1);
	objective_destroy(objective);
}
END_TEST

/* l1 sum |w| + 0.5 l2 sum w^2 on the weights, on the biases only when asked. */
START_TEST(penalties_leave_biases_out_unless_told_otherwise)
{
	struct model_shape shape = { .features = 2, .targets = 1 };
	struct executor executor = executor_serial();
	double x[2] = { 1.5, -2.25 }, theta[3] = { 2.385, -0.5, 1.75 }, gradient[3], plain[3], value, base;
	double y = theta[0] * x[0] + theta[1] * x[1] + theta[2] - 0.875;
	struct data_view data = { .dtype = DTYPE_FLOAT64, .rows = 1, .features = 2, .x = x, .targets = 1, .y = &y };
	struct batch batch = { .data = &data, .count = 1 };
	for (int with = 0; with < 2; with++) {
		struct modelling model;
		modelling_start(&model, "linear_regression", NULL, &shape);
		struct objective *objective = modelling_build(&model, &shape, DTYPE_FLOAT64, 1);
		ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &base, plain), OK);
		objective_destroy(objective);
		modelling_set(&model, "l1", 0.3);
		modelling_set(&model, "l2", 0.7);
		modelling_set(&model, "penalize_intercept", with);
		objective = modelling_build(&model, &shape, DTYPE_FLOAT64, 1);
		ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &value, gradient), OK);
		objective_destroy(objective);
		double penalty = 0.3 * (2.385 + 0.5) + 0.35 * (2.385 * 2.385 + 0.25);
		penalty += with ? 0.3 * 1.75 + 0.35 * 1.75 * 1.75 : 0;
		ck_assert_double_eq_tol(base, 0.875 * 0.875, 1e-12);
		ck_assert_double_eq_tol(value - base, penalty, 1e-12);
		ck_assert_double_eq_tol(gradient[0] - plain[0], 0.3 + 0.7 * 2.385, 1e-12);
		ck_assert_double_eq_tol(gradient[1] - plain[1], -0.3 - 0.7 * 0.5, 1e-12);
		ck_assert_double_eq_tol(gradient[2] - plain[2], with ? 0.3 + 0.7 * 1.75 : 0, 1e-12);
	}
}
END_TEST

START_TEST(squared_error_is_half_of_mse)
{
	struct model_shape shape = { .features = 3, .targets = 2 };
	struct executor executor = executor_serial();
	struct data_view data = modelling_data(DTYPE_FLOAT64, 9, &shape);
	struct batch batch = { .data = &data, .count = 9 };
	double value[2], *theta = modelling_numbers(DTYPE_FLOAT64, 8, 0.9, 3);
	const char *loss[2] = { "mse", "squared_error" };
	for (size_t i = 0; i < 2; i++) {
		struct modelling model;
		modelling_start(&model, "linear_regression", loss[i], &shape);
		struct objective *objective = modelling_build(&model, &shape, DTYPE_FLOAT64, 1);
		ck_assert_int_eq(objective->type->evaluate(objective, theta, &batch, &executor, &value[i], NULL), OK);
		objective_destroy(objective);
	}
	ck_assert_double_eq(0.5 * value[0], value[1]);
	free(theta);
	modelling_free(&data);
}
END_TEST

START_TEST(predictions_are_the_outputs_before_the_link)
{
	struct model_shape shape = { .features = 2, .classes = 2 };
	struct modelling model;
	struct executor executor = executor_serial();
	modelling_start(&model, "logistic_regression", NULL, &shape);
	struct objective *objective = modelling_build(&model, &shape, DTYPE_FLOAT64, 1);
	double x[6] = { 1.5, -2.25, 0.5, 4.125, -3, 2.5 }, theta[3] = { 2.385, -0.5, 1.75 }, z[3] = { 0 };
	uint32_t index[2] = { 2, 1 };
	struct data_view data = { .dtype = DTYPE_FLOAT64, .rows = 3, .features = 2, .x = x };
	struct batch batch = { .data = &data, .count = 3 };
	ck_assert_int_eq(objective->type->predict(objective, theta, &batch, &executor, z), OK);
	for (size_t r = 0; r < 3; r++) {
		ck_assert_double_eq_tol(z[r], 2.385 * x[2 * r] - 0.5 * x[2 * r + 1] + 1.75, 1e-12);
	}
	double two = z[1], three = z[2];
	batch = (struct batch){ .data = &data, .index = index, .count = 2 };
	ck_assert_int_eq(objective->type->predict(objective, theta, &batch, &executor, z), OK);
	ck_assert_double_eq(z[0], three);
	ck_assert_double_eq(z[1], two);
	objective_destroy(objective);
}
END_TEST

START_TEST(initial_weights_lie_in_the_bounds_of_their_papers_and_biases_are_zero)
{
	struct model_shape shape = { .features = 24, .classes = 3 };
	struct modelling model;
	modelling_start(&model, "mlp", NULL, &shape);
	modelling_layer(&model, 30, "relu");
	modelling_layer(&model, 20, "tanh");
	struct objective *wide = modelling_build(&model, &shape, DTYPE_FLOAT64, 1);
	struct objective *narrow = modelling_build(&model, &shape, DTYPE_FLOAT32, 1);
	double *theta = calloc(wide->n, sizeof *theta), bound[3] = { sqrt(6.0 / 24), sqrt(6.0 / 50), sqrt(6.0 / 23) };
	float *rounded = calloc(wide->n, sizeof *rounded);
	wide->type->initialise(wide, 7, theta);
	narrow->type->initialise(narrow, 7, rounded);
	for (size_t t = 0; t < wide->tensors; t++) {
		const struct tensor *tensor = &wide->tensor[t];
		double largest = 0;
		for (size_t i = tensor->offset; i < tensor->offset + tensor->size; i++) {
			largest = fmax(largest, fabs(theta[i]));
			ck_assert(rounded[i] == (float)theta[i]);
		}
		if (tensor->rank == 1) {
			ck_assert_double_eq(largest, 0);
		} else {
			ck_assert_double_le(largest, bound[t / 2]);
			ck_assert_double_ge(largest, 0.8 * bound[t / 2]);
		}
	}
	double first = theta[0];
	wide->type->initialise(wide, 8, theta);
	ck_assert(theta[0] != first);
	free(theta);
	free(rounded);
	objective_destroy(wide);
	objective_destroy(narrow);
}
END_TEST

START_TEST(linear_models_start_at_zero)
{
	struct model_shape shape = { .features = 5, .classes = 3 };
	struct modelling model;
	double theta[18], zero[18] = { 0 };
	modelling_start(&model, "softmax_regression", NULL, &shape);
	struct objective *objective = modelling_build(&model, &shape, DTYPE_FLOAT64, 1);
	memset(theta, 1, sizeof theta);
	objective->type->initialise(objective, 3, theta);
	ck_assert_mem_eq(theta, zero, sizeof theta);
	objective_destroy(objective);
}
END_TEST

START_TEST(a_target_that_the_loss_cannot_take_is_refused)
{
	static const struct subject wrong[] = {
		{ .model = "linear_regression", .shape = { .features = 3, .classes = 2 } },
		{ .model = "linear_regression", .shape = { .features = 3 } },
		{ .model = "linear_regression", .shape = { .targets = 1 } },
		{ .model = "logistic_regression", .shape = { .features = 3, .classes = 3 } },
		{ .model = "logistic_regression", .shape = { .features = 3, .targets = 1 } },
		{ .model = "softmax_regression", .shape = { .features = 3, .classes = 1 } },
		{ .model = "mlp", .loss = "bce_with_logits", .shape = { .features = 3, .classes = 3 } },
		{ .model = "mlp", .loss = "cross_entropy", .shape = { .features = 3, .targets = 2 } },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct modelling model;
		struct objective *objective = NULL;
		struct error error = { .status = OK };
		size_t parameters, bytes;
		start(&model, &wrong[i]);
		ck_assert_int_eq(model_build(&model.config, &wrong[i].shape, DTYPE_FLOAT64, 1, &objective, &error),
				 E_INVALID);
		ck_assert_int_eq(error.status, E_INVALID);
		ck_assert_ptr_null(objective);
		ck_assert_int_eq(model_measure(&model.config, &wrong[i].shape, DTYPE_FLOAT64, 1, &parameters, &bytes),
				 E_INVALID);
	}
}
END_TEST

START_TEST(a_model_that_no_machine_can_hold_is_refused_before_it_is_built)
{
	struct model_shape shape = { .features = 2147483647, .targets = 2147483647 };
	struct modelling model;
	struct objective *objective = NULL;
	struct error error;
	size_t parameters, bytes;
	modelling_start(&model, "linear_regression", NULL, &shape);
	ck_assert_int_eq(model_measure(&model.config, &shape, DTYPE_FLOAT64, 1, &parameters, &bytes), E_TOO_LARGE);
	ck_assert_int_eq(model_build(&model.config, &shape, DTYPE_FLOAT64, 1, &objective, &error), E_TOO_LARGE);
	shape.features = (size_t)1 << 40;
	ck_assert_int_eq(model_measure(&model.config, &shape, DTYPE_FLOAT64, 1, &parameters, &bytes), E_TOO_LARGE);
	/* 8 TB: can be measured, not allocated everywhere; measure alone is asked. */
	shape = (struct model_shape){ .features = 1048576, .targets = 1048576 };
	ck_assert_int_eq(model_measure(&model.config, &shape, DTYPE_FLOAT64, 1, &parameters, &bytes), OK);
	ck_assert_uint_eq(parameters, 1048577ull * 1048576);
	/* Parameters and gradient are the run's; the objective's own are rows of both widths. */
	ck_assert_uint_gt(bytes, 2 * 1048576 * 8);
}
END_TEST

START_TEST(every_name_is_found_and_an_unknown_one_is_not)
{
	for (size_t i = 0; i < model_type_count; i++) {
		ck_assert_ptr_eq(model_find(model_types[i]->name), model_types[i]);
	}
	for (size_t i = 0; i < loss_type_count; i++) {
		ck_assert_ptr_eq(loss_find(loss_types[i]->name), loss_types[i]);
	}
	ck_assert_ptr_null(model_find("linear_regresion"));
	ck_assert_ptr_null(loss_find("mean"));
	ck_assert_ptr_null(activation_find("Relu"));
	ck_assert_ptr_null(layer_find(""));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("models");
	TCase *gradients = tcase_create("gradients");
	tcase_add_loop_test(gradients, every_models_gradient_is_that_of_its_value, 0, SUBJECTS);
	tcase_add_loop_test(gradients, value_alone_and_gradient_alone_are_those_of_both_together, 0, SUBJECTS);
	tcase_add_loop_test(gradients, float32_agrees_with_float64_to_its_precision, 0, SUBJECTS);
	tcase_add_loop_test(gradients, measure_tells_the_parameters_that_build_makes, 0, SUBJECTS);
	suite_add_tcase(suite, gradients);
	TCase *contract = tcase_create("contract");
	tcase_add_test(contract, tensors_are_named_and_shaped_as_the_contract_says);
	tcase_add_test(contract, penalties_leave_biases_out_unless_told_otherwise);
	tcase_add_test(contract, squared_error_is_half_of_mse);
	tcase_add_test(contract, predictions_are_the_outputs_before_the_link);
	tcase_add_test(contract, initial_weights_lie_in_the_bounds_of_their_papers_and_biases_are_zero);
	tcase_add_test(contract, linear_models_start_at_zero);
	tcase_add_test(contract, a_target_that_the_loss_cannot_take_is_refused);
	tcase_add_test(contract, a_model_that_no_machine_can_hold_is_refused_before_it_is_built);
	tcase_add_test(contract, every_name_is_found_and_an_unknown_one_is_not);
	suite_add_tcase(suite, contract);
	return suite_run(suite);
}
