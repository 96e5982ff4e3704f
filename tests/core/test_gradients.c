/*
 * The gradient of every loss under every model that takes it, and of every activation, against differences of values
 * (float64, component by component, 1e-6 relative). Operations are in test_graph.c, functions in test_objective.c,
 * what expressions are made of in test_expression.c.
 */
#include <math.h>

#include "core/objective/gradient_check.h"
#include "tests/core/modelling.h"
#include "tests/support/suite.h"

enum { ROWS = 29, FEATURES = 5 };

static struct model_shape shape_for(const struct loss_type *loss)
{
	struct model_shape shape = { .features = FEATURES };
	shape.targets = loss->target == TARGET_NUMBER ? 2 : 0;
	shape.classes = loss->target == TARGET_NUMBER ? 0 : loss->target == TARGET_BINARY ? 2 : 4;
	return shape;
}

/* Numbers within 1 of 0, or of the least that is allowed, that are not a special case of the formula. */
static void odd_settings(const struct settings *settings, struct setting_value *value)
{
	for (size_t i = 0; i < settings->count; i++) {
		if (settings->table[i].kind == SETTING_REAL) {
			value[i].number = 0.385 + fmax(0, settings->table[i].minimum);
		}
	}
}

/* Builds and checks; false when the model does not take the shape. */
static bool check(const struct modelling *model, const struct model_shape *shape, const char *what)
{
	struct objective *objective = NULL;
	struct executor executor = executor_serial();
	struct gradient_error worst;
	struct error error;
	const struct model_type *type = model->config.type;
	if (model_build(&model->config, shape, DTYPE_FLOAT64, 1, &objective, &error) != OK) {
		return false;
	}
	struct data_view data = modelling_data(DTYPE_FLOAT64, ROWS, shape);
	for (size_t i = 0; i < ROWS * shape->targets && model->config.loss->nonnegative; i++) {
		((double *)(uintptr_t)data.y)[i] = fabs(((const double *)data.y)[i]);
	}
	struct batch batch = { .data = &data, .count = ROWS };
	double *theta = modelling_numbers(DTYPE_FLOAT64, objective->n, 0.7, 17);
	ck_assert_int_eq(gradient_check(objective, theta, &batch, &executor, &worst), OK);
	ck_assert_msg(worst.error < 1e-6, "%s of %s: d/dtheta[%zu] is %.12g, should be %.12g", what, type->name,
		      worst.index, worst.analytic, worst.numeric);
	free(theta);
	modelling_free(&data);
	objective_destroy(objective);
	return true;
}

/* An expression has its own test. */
static bool takes(const struct model_type *model, const struct loss_type *loss)
{
	const bool other = strcmp(model->name, "expression") != 0;
	for (size_t i = 0; other && model->losses != NULL && model->losses[i] != NULL; i++) {
		if (model->losses[i] == loss) {
			return true;
		}
	}
	return false;
}

START_TEST(every_losss_gradient_is_that_of_its_value_in_every_model)
{
	const struct loss_type *loss = loss_types[_i];
	const struct model_shape shape = shape_for(loss);
	size_t checked = 0;
	for (size_t m = 0; m < model_type_count; m++) {
		for (int odd = 0; takes(model_types[m], loss) && odd < 2; odd++) {
			struct modelling model;
			modelling_start(&model, model_types[m]->name, loss->name, &shape);
			if (strcmp(model_types[m]->name, "mlp") == 0) {
				modelling_layer(&model, 4, "tanh");
			}
			static const double weight[] = { 0.385, 1.7, 0, 2.1 };
			for (size_t i = 0; odd && i < loss->setting_count; i++) {
				if (loss->settings[i].kind == SETTING_VECTOR) {
					model.loss_value[i].values = weight;
					model.loss_value[i].rows = shape.classes;
				}
			}
			if (odd) {
				odd_settings(&model.config.loss_settings, model.loss_value);
			}
			checked += check(&model, &shape, loss->name);
		}
	}
	ck_assert_msg(checked > 0, "%s: no model was built with it", loss->name);
}
END_TEST

START_TEST(every_activations_gradient_is_that_of_its_value)
{
	const struct model_shape shape = { .features = FEATURES, .targets = 2 };
	const char *name = activation_types[_i]->name;
	for (int odd = 0; odd < 2; odd++) {
		struct modelling model;
		modelling_start(&model, "mlp", "mse", &shape);
		modelling_layer(&model, 6, name);
		modelling_layer(&model, 3, name);
		for (size_t i = 0; odd && i < 2; i++) {
			odd_settings(&model.layer[i].activation_settings, model.activation_value[i]);
		}
		ck_assert_msg(check(&model, &shape, name), "%s was refused", name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gradients");
	TCase *tests = tcase_create("differences");
	tcase_add_loop_test(tests, every_losss_gradient_is_that_of_its_value_in_every_model, 0, (int)loss_type_count);
	tcase_add_loop_test(tests, every_activations_gradient_is_that_of_its_value, 0, (int)activation_type_count);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
