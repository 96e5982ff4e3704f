/* Every closed-form function: against the golden values, its gradient against differences, its known minimum. */
#include <math.h>
#include <string.h>

#include "core/function/function.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

enum { SETTINGS = 8, DIMENSION = 16 };

/* The constants of a job: defaults, then what the golden objective names. */
struct constants {
	struct setting_value value[SETTINGS];
	struct settings settings;
	double *owned[SETTINGS];
	double prepared[16];
};

static void constants_read(struct constants *constants, const struct function_type *type, size_t n,
			   const cJSON *objective)
{
	memset(constants, 0, sizeof *constants);
	ck_assert_uint_le(type->setting_count, SETTINGS);
	settings_defaults(type->settings, type->setting_count, constants->value);
	constants->settings = (struct settings){ type->settings, type->setting_count, constants->value };
	for (size_t i = 0; objective != NULL && i < type->setting_count; i++) {
		const struct setting *setting = &type->settings[i];
		struct setting_value *value = &constants->value[i];
		if (!cJSON_HasObjectItem(objective, setting->name)) {
			ck_assert_msg(!setting->required, "%s needs %s", type->name, setting->name);
			continue;
		}
		value->given = true;
		if (setting->kind == SETTING_MATRIX) {
			constants->owned[i] = golden_matrix(objective, setting->name, &value->rows, &value->columns);
		} else if (setting->kind == SETTING_VECTOR) {
			constants->owned[i] = golden_array(objective, setting->name, &value->rows);
			value->columns = 1;
		} else {
			value->number = golden_number(objective, setting->name);
		}
		value->values = constants->owned[i];
	}
	if (type->prepare != NULL) {
		type->prepare(&constants->settings, n, constants->prepared);
	}
}

static void constants_free(struct constants *constants)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		free(constants->owned[i]);
	}
}

static double evaluate(const struct function_type *type, const struct constants *constants, size_t n, const double *x,
		       double *gradient)
{
	return type->evaluate_f64(&constants->settings, constants->prepared, n, x, gradient);
}

/* The gradient by differences of fourth order; error about 1e-9 of the numbers that the function is made of. */
static double difference(const struct function_type *type, const struct constants *constants, size_t n,
			 const double *at, size_t i)
{
	double x[DIMENSION], h = 1e-3;
	memcpy(x, at, n * sizeof *x);
	double f[4];
	const double steps[4] = { -2, -1, 1, 2 };
	for (size_t k = 0; k < 4; k++) {
		x[i] = at[i] + steps[k] * h;
		f[k] = evaluate(type, constants, n, x, NULL);
	}
	return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
}

static void check_point(const struct function_type *type, const struct constants *constants, const cJSON *point,
			double tolerance, const char *name)
{
	size_t n;
	double *x = golden_array(point, "x", &n), *expected = golden_array(point, "grad", NULL);
	double value = golden_number(point, "value"), gradient[DIMENSION], got;
	float x32[DIMENSION], gradient32[DIMENSION];
	double wide[DIMENSION];
	ck_assert_uint_le(n, DIMENSION);
	got = evaluate(type, constants, n, x, gradient);
	ck_assert_msg(golden_close(&got, &value, 1, tolerance), "%s: %.17g, not %.17g", name, got, value);
	ck_assert_msg(golden_close(gradient, expected, n, tolerance), "%s: gradient", name);
	ck_assert_msg(got == evaluate(type, constants, n, x, NULL), "%s: another value without its gradient", name);
	for (size_t i = 0; i < n; i++) {
		double scale = fmax(1.0, fmax(fabs(value), fabs(gradient[i])));
		ck_assert_msg(fabs(difference(type, constants, n, x, i) - gradient[i]) < 1e-6 * scale, "%s: slope %zu",
			      name, i);
		x32[i] = (float)x[i];
	}
	got = type->evaluate_f32(&constants->settings, constants->prepared, n, x32, gradient32);
	for (size_t i = 0; i < n; i++) {
		wide[i] = (double)gradient32[i];
	}
	ck_assert_msg(golden_close(&got, &value, 1, 1e-5), "%s in float: %.9g, not %.9g", name, got, value);
	ck_assert_msg(golden_distance(wide, expected, n) < 1e-5, "%s in float: gradient", name);
	free(x);
	free(expected);
}

/* Values by programs of ours in another language, from the definitions in Surjanovic and Bingham's Virtual library of
 * simulation experiments (sums from 1, powers and products as written there), in double. */
static const struct {
	const char *name;
	size_t n;
	double x[4], value;
} published[] = {
	{ "matyas", 2, { 2.385, -0.71 }, 2.4228124999999996 },
	{ "three_hump_camel", 2, { 2.385, -0.71 }, 6.888111174023139 },
	{ "mccormick", 2, { 2.385, -0.71 }, 6.221100708174578 },
	{ "zakharov", 4, { 2.385, -0.71, 0.385, -1.9 }, 73.82220775999998 },
	{ "zakharov", 1, { 2.385 }, 9.132525228164061 },
	{ "levy", 4, { 2.385, -0.71, 0.385, -1.9 }, 3.319459541961454 },
	{ "levy", 1, { 2.385 }, 0.9853034029361459 },
	{ "griewank", 4, { 2.385, -0.71, 0.385, -1.9 }, 1.3641563076289127 },
	{ "griewank", 1, { 2.385 }, 1.7286012487891727 },
};
enum { PUBLISHED = sizeof published / sizeof published[0] };

START_TEST(values_are_those_of_the_published_definitions)
{
	const struct function_type *type = function_find(published[_i].name);
	const size_t n = published[_i].n;
	const double *x = published[_i].x, value = published[_i].value;
	struct constants constants;
	double gradient[4];
	float x32[4], gradient32[4];
	ck_assert_msg(type != NULL, "%s", published[_i].name);
	constants_read(&constants, type, n, NULL);
	double got = evaluate(type, &constants, n, x, gradient);
	ck_assert_msg(fabs(got - value) <= 1e-14 * fabs(value), "%s: %.17g", type->name, got);
	ck_assert(got == evaluate(type, &constants, n, x, NULL));
	for (size_t i = 0; i < n; i++) {
		x32[i] = (float)x[i];
	}
	got = (double)type->evaluate_f32(&constants.settings, constants.prepared, n, x32, gradient32);
	ck_assert_msg(fabs(got - value) <= 1e-5 * fabs(value), "%s in float: %.9g", type->name, got);
	for (size_t i = 0; i < n; i++) {
		double scale = fmax(1, fmax(fabs(value), fabs(gradient[i])));
		ck_assert_msg(fabs(difference(type, &constants, n, x, i) - gradient[i]) < 1e-8 * scale, "%s: slope %zu",
			      type->name, i);
		ck_assert_msg(fabs((double)gradient32[i] - gradient[i]) < 1e-5 * scale, "%s in float: slope %zu",
			      type->name, i);
	}
}
END_TEST

START_TEST(values_and_gradients_are_those_of_the_golden_objectives)
{
	cJSON *file = golden_load("golden/optimizers/objectives.json");
	double tolerance = golden_number(file, "tolerance");
	const cJSON *item, *point;
	bool tried[32] = { false };
	cJSON_ArrayForEach(item, golden_get(file, "objectives"))
	{
		const cJSON *objective = golden_get(item, "objective");
		const struct function_type *type = function_find(golden_string(objective, "kind"));
		ck_assert_msg(type != NULL, "no function %s", golden_string(objective, "kind"));
		for (size_t i = 0; i < function_type_count; i++) {
			tried[i] = tried[i] || function_types[i] == type;
		}
		size_t n = (size_t)golden_number(objective, "dim");
		struct constants constants;
		constants_read(&constants, type, n, objective);
		if (type->check != NULL) {
			ck_assert_int_eq(type->check(&constants.settings, n, NULL), OK);
		}
		cJSON_ArrayForEach(point, golden_get(item, "points"))
		{
			check_point(type, &constants, point, tolerance, golden_string(item, "name"));
		}
		constants_free(&constants);
	}
	for (size_t i = 0; i < function_type_count; i++) {
		for (size_t k = 0; k < PUBLISHED; k++) {
			tried[i] = tried[i] || strcmp(published[k].name, function_types[i]->name) == 0;
		}
		ck_assert_msg(tried[i], "no golden objective for %s", function_types[i]->name);
	}
	cJSON_Delete(file);
}
END_TEST

START_TEST(the_table_is_well_formed)
{
	for (size_t i = 0; i < function_type_count; i++) {
		const struct function_type *type = function_types[i];
		ck_assert_ptr_eq(function_find(type->name), type);
		ck_assert_str_ne(type->doc, "");
		ck_assert_str_ne(type->source, "");
		ck_assert_uint_ge(type->minimum_dimension, 1);
		ck_assert(type->maximum_dimension == 0 || type->maximum_dimension >= type->minimum_dimension);
		for (size_t s = 0; s < type->setting_count; s++) {
			ck_assert_str_ne(type->settings[s].doc, "");
			ck_assert(type->settings[s].minimum < type->settings[s].maximum);
		}
	}
	ck_assert_ptr_null(function_find("no_such_function"));
}
END_TEST

/* A known place of the minimum, with default constants. */
START_TEST(a_known_minimum_has_its_value_and_no_slope)
{
	static const struct {
		const char *name;
		size_t n;
		double x[4];
	} known[] = {
		{ "rosenbrock", 4, { 1, 1, 1, 1 } }, { "himmelblau", 2, { 3, 2 } },
		{ "beale", 2, { 3, 0.5 } },          { "booth", 2, { 1, 3 } },
		{ "rastrigin", 4, { 0, 0, 0, 0 } },  { "ackley", 4, { 0, 0, 0, 0 } },
		{ "matyas", 2, { 0, 0 } },           { "three_hump_camel", 2, { 0, 0 } },
		{ "levy", 4, { 1, 1, 1, 1 } },       { "zakharov", 4, { 0, 0, 0, 0 } },
		{ "griewank", 4, { 0, 0, 0, 0 } },   { "mccormick", 2, { -0.54719755119659774, -1.5471975511965977 } },
	};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		const struct function_type *type = function_find(known[i].name);
		ck_assert_msg(type != NULL, "%s", known[i].name);
		struct constants constants;
		double gradient[4];
		constants_read(&constants, type, known[i].n, NULL);
		double value = evaluate(type, &constants, known[i].n, known[i].x, gradient);
		ck_assert_msg(fabs(value - type->minimum_value) < 1e-9, "%s: %.17g", known[i].name, value);
		for (size_t j = 0; j < known[i].n; j++) {
			ck_assert_msg(fabs(gradient[j]) < 1e-6, "%s: slope %zu is %g", known[i].name, j, gradient[j]);
		}
	}
}
END_TEST

START_TEST(a_quadratic_takes_a_matrix_that_is_not_symmetric)
{
	const struct function_type *type = function_find("quadratic");
	const double a[4] = { 2.385, 1.5, -0.25, 3.125 }, x[2] = { 0.7, -1.3 };
	struct constants constants;
	double gradient[2];
	constants_read(&constants, type, 2, NULL);
	constants.value[0] = (struct setting_value){ .values = a, .rows = 2, .columns = 2, .given = true };
	ck_assert_int_eq(type->check(&constants.settings, 2, NULL), OK);
	double value = evaluate(type, &constants, 2, x, gradient);
	double exact = 0.5 * (a[0] * 0.49 + (a[1] + a[2]) * 0.7 * -1.3 + a[3] * 1.69);
	ck_assert_double_le(fabs(value - exact), 1e-14);
	ck_assert_double_le(fabs(gradient[0] - (a[0] * x[0] + 0.5 * (a[1] + a[2]) * x[1])), 1e-14);
	ck_assert_double_le(fabs(gradient[1] - (a[3] * x[1] + 0.5 * (a[1] + a[2]) * x[0])), 1e-14);
}
END_TEST

START_TEST(a_quadratic_whose_shapes_do_not_fit_is_refused_with_figures)
{
	const struct function_type *type = function_find("quadratic");
	static const double numbers[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct constants constants;
	struct error error;
	constants_read(&constants, type, 2, NULL);
	ck_assert_int_eq(type->check(&constants.settings, 2, &error), E_INVALID);
	constants.value[0] = (struct setting_value){ .values = numbers, .rows = 3, .columns = 2 };
	ck_assert_int_eq(type->check(&constants.settings, 2, &error), E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "3 x 2"));
	constants.value[0].rows = 2;
	constants.value[1] = (struct setting_value){ .values = numbers, .rows = 5, .columns = 1 };
	ck_assert_int_eq(type->check(&constants.settings, 2, &error), E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "5"));
	constants.value[1].rows = 2;
	ck_assert_int_eq(type->check(&constants.settings, 2, &error), OK);
}
END_TEST

START_TEST(functions_over_matrices_refuse_shapes_that_do_not_fit)
{
	static const double numbers[12] = { 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1 };
	const struct function_type *logistic = function_find("logistic"), *lsq = function_find("matrix_lsq");
	const struct setting_value three_by_two = { .values = numbers, .rows = 3, .columns = 2 };
	struct constants constants;
	struct error error;
	constants_read(&constants, logistic, 2, NULL);
	ck_assert_int_eq(logistic->check(&constants.settings, 2, &error), E_INVALID);
	constants.value[0] = three_by_two;
	constants.value[1] = (struct setting_value){ .values = numbers, .rows = 4, .columns = 1 };
	ck_assert_int_eq(logistic->check(&constants.settings, 2, &error), E_INVALID);
	constants.value[1].rows = 3;
	ck_assert_int_eq(logistic->check(&constants.settings, 3, &error), E_INVALID);
	ck_assert_int_eq(logistic->check(&constants.settings, 2, &error), OK);
	constants_read(&constants, lsq, 8, NULL);
	ck_assert_int_eq(lsq->check(&constants.settings, 8, &error), E_INVALID);
	constants.value[0] = three_by_two;
	constants.value[1] = (struct setting_value){ .values = numbers, .rows = 3, .columns = 4 };
	ck_assert_int_eq(lsq->check(&constants.settings, 8, &error), OK);
	ck_assert_int_eq(lsq->check(&constants.settings, 7, &error), E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "2 x 4"));
	constants.value[2] = (struct setting_value){ .values = (const double[]){ 4, 2 }, .rows = 2, .columns = 1 };
	ck_assert_int_eq(lsq->check(&constants.settings, 8, &error), E_INVALID);
	constants.value[1].rows = 2;
	ck_assert_int_eq(lsq->check(&constants.settings, 8, &error), E_INVALID);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/function");
	TCase *cases = tcase_create("function");
	tcase_add_test(cases, values_and_gradients_are_those_of_the_golden_objectives);
	tcase_add_loop_test(cases, values_are_those_of_the_published_definitions, 0, PUBLISHED);
	tcase_add_test(cases, the_table_is_well_formed);
	tcase_add_test(cases, a_known_minimum_has_its_value_and_no_slope);
	tcase_add_test(cases, a_quadratic_takes_a_matrix_that_is_not_symmetric);
	tcase_add_test(cases, a_quadratic_whose_shapes_do_not_fit_is_refused_with_figures);
	tcase_add_test(cases, functions_over_matrices_refuse_shapes_that_do_not_fit);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
