/* Reading JSON strictly: what is no JSON is refused with its place, whatever it is. */
#include <stdio.h>
#include <string.h>

#include "api/json.h"
#include "tests/support/suite.h"

static void check_refused(const char *body, size_t length, const char *expected)
{
	struct problem problem;
	cJSON *root;
	problem_init(&problem);
	ck_assert_msg(json_parse(body, length, &root, &problem) == E_INVALID, "accepted: %.40s", body);
	ck_assert_int_eq(problem_http_status(&problem), 400);
	ck_assert_msg(strstr(problem.detail, expected) != NULL, "%.40s: %s", body, problem.detail);
	problem_fini(&problem);
}

START_TEST(what_is_no_json_is_refused_with_line_and_column)
{
	static const struct {
		const char *body, *expected;
	} cases[] = {
		{ "", "body is empty" },
		{ " \n\t", "body is empty" },
		{ "{\"a\": 1,\n \"b\" 2}", "line 2, column 6: expected a colon after the key, found '2'" },
		{ "{\"a\": 01}", "does not begin with 0" },
		{ "{\"a\": 1.}", "line 1, column 9: expected a digit, found '}'" },
		{ "{\"a\": .5}", "expected a value" },
		{ "{\"a\": +5}", "expected a value" },
		{ "{\"a\": 1e}", "expected a digit" },
		{ "{\"a\": NaN}", "NaN and Infinity are no JSON numbers" },
		{ "{\"a\": -Infinity}", "expected a digit" },
		{ "{\"a\": 1} x", "expected the end of the body, found 'x'" },
		{ "{\"a\": 1}{}", "expected the end of the body" },
		{ "{'a': 1}", "expected a key in double quotes" },
		{ "{\"a\": 1,}", "expected a key in double quotes" },
		{ "[1,]", "expected a value" },
		{ "[1 2]", "expected a comma or ]" },
		{ "{\"a\": \"b\nc\"}", "line 1, column 9: a control character" },
		{ "{\"a\": \"b", "expected the closing quote of a string, but the body ends" },
		{ "{\"a\": \"\\x\"}", "after a backslash" },
		{ "{\"a\": \"\\u12g4\"}", "four hexadecimal digits" },
		{ "{\"a\": \"\\ud800\"}", "half of a surrogate pair" },
		{ "{\"a\": \"\\ud800\\u0041\"}", "half of a surrogate pair" },
		{ "{\"a\": \"\\udc00\"}", "half of a surrogate pair" },
		{ "{\"a\": \"\\u0000\"}", "NUL character" },
		{ "{\"a\": \"\xff\"}", "not UTF-8" },
		{ "{\"a\": \"\xc0\xaf\"}", "not UTF-8" },
		{ "{\"\xc3\xa9\": tru}", "line 1, column 7: expected a value" },
		{ "{\"a\": 1", "expected a comma or }, but the body ends" },
		{ "{\"a\": 1111111111111111111111111111111111111111111111111111111111111111}",
		  "more than 63 characters" },
		{ "// no\n{}", "expected a value" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		check_refused(cases[i].body, strlen(cases[i].body), cases[i].expected);
	}
	check_refused("{\"a\":\0 1}", 9, "found the byte 0x00");
	check_refused("[\"a\0b\"]", 7, "control character");
}
END_TEST

START_TEST(deep_nesting_is_refused_and_sixty_four_levels_are_not)
{
	char body[400];
	for (int depth = 60; depth < 70; depth++) {
		struct problem problem;
		cJSON *root = NULL;
		memset(body, '[', (size_t)depth);
		memset(body + depth, ']', (size_t)depth);
		problem_init(&problem);
		enum status status = json_parse(body, 2 * (size_t)depth, &root, &problem);
		ck_assert_int_eq(status, depth <= 64 ? OK : E_INVALID);
		cJSON_Delete(root);
		problem_fini(&problem);
	}
	char *deep = malloc(1000000);
	memset(deep, '[', 1000000);
	check_refused(deep, 1000000, "nested more than 64 levels deep");
	for (size_t i = 0; i < 999995; i += 5) {
		memcpy(deep + i, "{\"a\":", 5);
	}
	check_refused(deep, 999995, "nested more than 64 levels deep");
	free(deep);
}
END_TEST

START_TEST(too_many_values_are_sent_to_the_upload)
{
	size_t count = JSON_VALUES_MAX + 10, length = 2 * count + 1;
	char *body = malloc(length);
	struct problem problem;
	cJSON *root;
	for (size_t i = 0; i < count; i++) {
		memcpy(body + 1 + 2 * i, "1,", 2);
	}
	body[0] = '[';
	body[length - 1] = ']';
	problem_init(&problem);
	ck_assert_int_eq(json_parse(body, length, &root, &problem), E_INVALID);
	ck_assert_int_eq(problem_http_status(&problem), 413);
	ck_assert_ptr_nonnull(strstr(problem.detail, "upload the data as a dataset"));
	problem_fini(&problem);
	free(body);
}
END_TEST

START_TEST(what_is_json_is_read_whatever_follows_the_buffer)
{
	const char body[] = "\xEF\xBB\xBF {\"a\": [1, -0.5e-3, \"\\ud83d\\ude00\", true, null, {}]} \r\n garbage";
	size_t length = strstr(body, " garbage") - body;
	struct problem problem;
	cJSON *root;
	problem_init(&problem);
	ck_assert_int_eq(json_parse(body, length, &root, &problem), OK);
	ck_assert_double_eq(cJSON_GetObjectItem(root, "a")->child->next->valuedouble, -0.5e-3);
	ck_assert_str_eq(cJSON_GetObjectItem(root, "a")->child->next->next->valuestring, "\xf0\x9f\x98\x80");
	cJSON_Delete(root);
	problem_fini(&problem);
}
END_TEST

START_TEST(every_duplicate_key_is_named_with_its_pointer)
{
	const char body[] = "{\"a/b\": {\"~\": 1, \"c\": 2, \"~\": 3, \"~\": 4}, \"l\": [0, {\"x\": 1, \"x\": 1}], "
			    "\"A\": 1, \"a\": 2}";
	struct problem problem;
	struct arena *arena = arena_create();
	struct reader reader = { &problem, arena };
	cJSON *root;
	problem_init(&problem);
	ck_assert_int_eq(json_parse(body, strlen(body), &root, &problem), OK);
	json_duplicates(&reader, NULL, root);
	ck_assert_uint_eq(problem.faults, 2);
	ck_assert_str_eq(problem.fault[0].pointer, "/a~1b/~0");
	ck_assert_str_eq(problem.fault[1].pointer, "/l/1/x");
	ck_assert_int_eq(problem.fault[0].code, FAULT_DUPLICATE);
	cJSON_Delete(root);
	arena_destroy(arena);
	problem_fini(&problem);
}
END_TEST

START_TEST(an_object_of_many_keys_is_looked_through_quickly)
{
	struct text text;
	struct problem problem;
	struct arena *arena = arena_create();
	struct reader reader = { &problem, arena };
	cJSON *root;
	text_init(&text);
	text_puts(&text, "{\"k777\": 0");
	for (int i = 0; i < 300000; i++) {
		text_printf(&text, ",\"k%d\": 0", i);
	}
	text_puts(&text, "}");
	problem_init(&problem);
	ck_assert_int_eq(json_parse(text.data, text.length, &root, &problem), OK);
	json_duplicates(&reader, NULL, root);
	ck_assert_uint_eq(problem.faults_total, 1);
	ck_assert_str_eq(problem.fault[0].pointer, "/k777");
	cJSON_Delete(root);
	text_fini(&text);
	arena_destroy(arena);
	problem_fini(&problem);
}
END_TEST

START_TEST(a_hundred_thousand_unknown_fields_cost_little)
{
	struct text text;
	struct problem problem;
	struct arena *arena = arena_create();
	struct reader reader = { &problem, arena };
	struct field fields[] = { { .name = "key" } };
	cJSON *root;
	text_init(&text);
	text_puts(&text, "{\"key\": 2.385");
	for (int i = 0; i < 100000; i++) {
		text_printf(&text, ",\"kye%d\": 0", i);
	}
	text_puts(&text, "}");
	problem_init(&problem);
	ck_assert_int_eq(json_parse(text.data, text.length, &root, &problem), OK);
	ck_assert(read_object(&reader, NULL, root, fields, 1, NULL, NULL));
	ck_assert_double_eq(fields[0].item->valuedouble, 2.385);
	ck_assert_uint_eq(problem.faults, PROBLEM_FAULTS_MAX);
	ck_assert_uint_eq(problem.faults_total, 100000);
	ck_assert_str_eq(problem.fault[0].suggestion, "key");
	cJSON_Delete(root);
	text_fini(&text);
	arena_destroy(arena);
	problem_fini(&problem);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api/json");
	TCase *tcase = tcase_create("json");
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, what_is_no_json_is_refused_with_line_and_column);
	tcase_add_test(tcase, deep_nesting_is_refused_and_sixty_four_levels_are_not);
	tcase_add_test(tcase, too_many_values_are_sent_to_the_upload);
	tcase_add_test(tcase, what_is_json_is_read_whatever_follows_the_buffer);
	tcase_add_test(tcase, every_duplicate_key_is_named_with_its_pointer);
	tcase_add_test(tcase, an_object_of_many_keys_is_looked_through_quickly);
	tcase_add_test(tcase, a_hundred_thousand_unknown_fields_cost_little);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
