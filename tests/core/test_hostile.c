/* Expressions at their limits (tests/support/hostile.h): what parser, planner and one evaluation of them hold. */
#include <stdlib.h>

#include "tests/support/allocation.h"
#include "tests/support/hostile.h"
#include "tests/support/suite.h"

enum { MEGABYTE = 1000 * 1000 };
static char text[EXPRESSION_LENGTH_MAX + 100];

static void expect_a_megabyte(const struct hostile *of, size_t parts)
{
	struct expression_error error;
	size_t length;
	allocation_watch(0);
	const enum status status = hostile_run(of, parts, text, &length, &error);
	ck_assert_msg(length <= EXPRESSION_LENGTH_MAX, "%s: %zu characters", of->name, length);
	ck_assert_msg(allocation.most < MEGABYTE, "%s, %zu characters: %zu bytes", of->name, length, allocation.most);
	ck_assert_msg(allocation.bytes == 0, "%s: %zu bytes are left", of->name, allocation.bytes);
	ck_assert_msg(status == OK || error.text[0] != '\0', "%s: no sentence", of->name);
	ck_assert_msg(error.position <= length, "%s: place %zu", of->name, error.position);
}

START_TEST(the_largest_that_is_taken_and_the_longest_that_is_refused_hold_less_than_a_megabyte)
{
	const struct hostile *of = &hostile[_i];
	expect_a_megabyte(of, hostile_parts(of, text));
	expect_a_megabyte(of, EXPRESSION_LENGTH_MAX);
}
END_TEST

static enum status evaluate(const char *of, struct expression_error *error)
{
	double gradient[HOSTILE_NUMBERS], value = 0;
	return expression_evaluate(of, strlen(of), hostile_variables, HOSTILE_VARIABLES, &value, gradient, error);
}

START_TEST(numbers_of_intermediate_values_hold_less_than_a_megabyte_or_are_refused_with_a_sentence)
{
	static const char *const large[] = {
		"b=concat(u,u,u,u,u,u,u,u);c=concat(b,b,b,b,b,b);d=outer(c,c);sum(d)",
		"b=concat(u,u,u,u,u,u,u,u);c=concat(b,b,b,b,b,b);d=outer(c,c);sum(d*d)+sum(exp(d))+sum(tanh(d.T))",
		"b=concat(u,u,u,u,u,u,u,u);c=concat(b,b,b,b,b,b);d=outer(c,c);sum(d@d)",
		"b=concat(u,u,u,u,u,u,u,u);c=concat(b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b);d=outer(c,c);sum(d@d@d)",
		"b=concat(u,u,u,u,u,u,u,u);c=concat(b,b,b,b,b,b,b,b,b,b,b,b,b,b,b,b);d=concat(c,c,c,c,c,c,c,c,c);"
		"h=outer(d,d)+outer(d,d)**2;g=concat(h,h,axis=0);sum(g)",
	};
	struct expression_error error;
	allocation_watch(0);
	const enum status status = evaluate(large[_i], &error);
	ck_assert_msg(allocation.most < MEGABYTE, "%s: %zu bytes", large[_i], allocation.most);
	ck_assert_int_eq(status, _i == 0 ? OK : E_TOO_LARGE);
	ck_assert(status == OK || strstr(error.text, "make it a job") != NULL);
}
END_TEST

START_TEST(functions_that_mean_too_many_operations_are_refused_where_the_limit_lies)
{
	struct expression_error error;
	const struct hostile chain = { .head = "b0=x", .part = ";b%=hardtanh(b^+$)", .close = "", .tail = ";b%" };
	size_t length;
	ck_assert_int_eq(hostile_run(&chain, 100, text, &length, &error), OK);
	ck_assert_int_eq(hostile_run(&chain, EXPRESSION_LENGTH_MAX, text, &length, &error), E_TOO_LARGE);
	ck_assert_ptr_nonnull(strstr(error.text, "more than 2000 operations"));
	ck_assert_uint_gt(error.position, 3000);
	ck_assert_uint_lt(error.position, length);
	/* Beyond it parts of the text are what is counted. */
	const struct hostile sum = { .head = "0", .part = "+x", .close = "", .tail = "" };
	ck_assert_int_eq(hostile_run(&sum, 999, text, &length, &error), OK);
	ck_assert_int_eq(hostile_run(&sum, 1000, text, &length, &error), E_TOO_LARGE);
	ck_assert_ptr_nonnull(strstr(error.text, "more than 2000 names, numbers, operators and calls"));
	ck_assert_uint_gt(error.position, 1990);
}
END_TEST

START_TEST(long_expressions_that_people_write_are_taken)
{
	struct expression_error error;
	size_t length;
	const struct hostile sum = { .head = "0", .part = "+0.$*(x-$)**2", .close = "", .tail = "" };
	ck_assert_int_eq(hostile_run(&sum, 200, text, &length, &error), OK);
	const struct hostile network = { .head = "b0=u",
					 .part = ";z%=A@b^+v;b%=gelu_tanh(z%)*0.5+hardswish(z%)+b^",
					 .close = "",
					 .tail = ";mse(b%,v)" };
	ck_assert_int_eq(hostile_run(&network, 20, text, &length, &error), OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/hostile");
	TCase *tests = tcase_create("all");
	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, the_largest_that_is_taken_and_the_longest_that_is_refused_hold_less_than_a_megabyte,
			    0, HOSTILE);
	tcase_add_loop_test(
		tests, numbers_of_intermediate_values_hold_less_than_a_megabyte_or_are_refused_with_a_sentence, 0, 5);
	tcase_add_test(tests, functions_that_mean_too_many_operations_are_refused_where_the_limit_lies);
	tcase_add_test(tests, long_expressions_that_people_write_are_taken);
	return suite_run(suite);
}
