/* Expressions: how much of one is read, and that what is beyond costs nothing. */
#include <stdio.h>
#include <string.h>

#include "core/expression/syntax.h"
#include "tests/core/expression_point.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

/* `count` times `part` between `before` and `after`. */
static char *repeated(const char *before, const char *part, const char *after, size_t count)
{
	char *text = malloc(strlen(before) + count * strlen(part) + strlen(after) + 1);
	ck_assert_ptr_nonnull(text);
	strcpy(text, before);
	char *end = text + strlen(text);
	for (size_t i = 0; i < count; i++) {
		strcpy(end, part);
		end += strlen(part);
	}
	strcpy(end, after);
	return text;
}

START_TEST(a_hundred_levels_of_parentheses_are_read_and_one_more_is_not)
{
	static const char *const parts[][2] = { { "(", ")" }, { "tanh(", ")" }, { "-", "" }, { "2**", "" } };
	cJSON *variables = variables_of_the_dialect();
	struct point point;
	point_read(&point, variables);
	for (size_t i = 0; i < 4; i++) {
		for (size_t levels = EXPRESSION_DEPTH_MAX; levels <= EXPRESSION_DEPTH_MAX + 1; levels++) {
			char *open = repeated("", parts[i][0], i == 3 ? "0" : "x", levels);
			char *text = repeated(open, parts[i][1], "", levels);
			const enum status status = evaluate(&point, text);
			ck_assert_msg(status == (levels > EXPRESSION_DEPTH_MAX ? E_TOO_LARGE : OK), "%zu of %s: %d",
				      levels, parts[i][0], (int)status);
			free(open);
			free(text);
		}
	}
	point_free(&point);
	cJSON_Delete(variables);
}
END_TEST

START_TEST(more_indices_than_there_may_be_are_too_many_and_not_too_long)
{
	cJSON *variables = variables_of_the_dialect();
	struct point point;
	point_read(&point, variables);
	char *text = repeated("sum(A", "[:,:]", ")", EXPRESSION_NODES_MAX / 2 + 1);
	ck_assert_int_eq(evaluate(&point, text), E_TOO_LARGE);
	ck_assert_str_eq(point.error.text, "the expression has too many indices");
	free(text);
	point_free(&point);
	cJSON_Delete(variables);
}
END_TEST

START_TEST(each_of_many_names_is_its_own_variable)
{
	enum { MANY = 200 };
	struct expression_variable variable[MANY];
	struct expression_error error;
	char name[MANY][24];
	double numbers[MANY], value, gradient[MANY];
	for (size_t i = 0; i < MANY; i++) {
		snprintf(name[i], sizeof name[i], "v%zu", i);
		numbers[i] = 2.385 + (double)(i * i);
		variable[i] = (struct expression_variable){ .name = name[i], .values = &numbers[i] };
	}
	for (size_t i = 0; i < MANY; i++) {
		char text[64];
		snprintf(text, sizeof text, "v%zu - 2*'v%zu'", i, MANY - 1 - i);
		ck_assert_int_eq(expression_evaluate(text, strlen(text), variable, MANY, &value, gradient, &error), OK);
		ck_assert_double_eq(value, numbers[i] - 2 * numbers[MANY - 1 - i]);
		ck_assert_double_eq(gradient[i], 1);
	}
	ck_assert_int_eq(expression_evaluate("v200", 4, variable, MANY, &value, gradient, &error), E_INVALID);
	ck_assert_int_eq(expression_evaluate("v7 = 1; v7", 10, variable, MANY, &value, gradient, &error), E_INVALID);
	ck_assert_str_eq(error.text, "the name v7 means something already");
	ck_assert_int_eq(expression_evaluate("'v7\0' + 1", 9, variable, MANY, &value, gradient, &error), E_INVALID);
}
END_TEST

START_TEST(a_nul_in_a_quoted_name_is_no_end_of_it)
{
	static const char *const texts[] = { "'x\0'", "'sin\0'", "x + 'x\0\0'" };
	static const size_t lengths[] = { 4, 6, 9 };
	cJSON *variables = variables_of_the_dialect();
	struct point point;
	point_read(&point, variables);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(expression_evaluate(texts[i], lengths[i], point.variable, point.count, &point.value,
						     point.gradient, &point.error),
				 E_INVALID);
		ck_assert_uint_eq(point.error.position, i == 2 ? 4 : 0);
	}
	point_free(&point);
	cJSON_Delete(variables);
}
END_TEST

START_TEST(hostile_expressions_are_refused_before_they_cost_anything)
{
	cJSON *variables = variables_of_the_dialect();
	struct point point;
	point_read(&point, variables);
	char *texts[] = {
		repeated("", "(", "x", 5000),
		repeated("", "-", "x", 9000),
		repeated("x", "+x", "", 4000),
		repeated("x", "**x", "", 3000),
		repeated("x", "+x", "", 6000),
		repeated("", "exp(", "x", 2000),
		repeated("x", " ", "+", 20000),
		repeated("t=A;", "t=t@A;", "", 900),
		repeated("t=u;", "t=concat(t,t);", "sum(t)", 60),
		repeated("t=p;", "t=concat(t,t);", "sum(outer(t,t))", 12),
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		ck_assert_msg(evaluate(&point, texts[i]) != OK, "%.40s... was taken", texts[i]);
		ck_assert_msg(point.error.text[0] != '\0', "%.40s...: no sentence", texts[i]);
		free(texts[i]);
	}
	char *fits = repeated("x", "+x", "", 900);
	ck_assert_int_eq(evaluate(&point, fits), OK);
	ck_assert_double_eq_tol(point.gradient[0], 901, 1e-9);
	free(fits);
	point_free(&point);
	cJSON_Delete(variables);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/expression_limits");
	TCase *tests = tcase_create("all");
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, a_hundred_levels_of_parentheses_are_read_and_one_more_is_not);
	tcase_add_test(tests, more_indices_than_there_may_be_are_too_many_and_not_too_long);
	tcase_add_test(tests, each_of_many_names_is_its_own_variable);
	tcase_add_test(tests, a_nul_in_a_quoted_name_is_no_end_of_it);
	tcase_add_test(tests, hostile_expressions_are_refused_before_they_cost_anything);
	return suite_run(suite);
}
