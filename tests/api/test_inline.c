/* Inline data as CSV: three forms, one importer. */
#include <stdio.h>
#include <string.h>

#include "tests/api/job_support.h"
#include "tests/support/suite.h"

static enum status read_inline(const char *data, struct inline_table *table, struct problem *problem)
{
	struct text body;
	struct job_draft *draft;
	text_init(&body);
	text_printf(&body, "{\"dataset\": {\"inline\": %s}, \"model\": {\"type\": \"mlp\"}}", data);
	ck_assert_int_eq(job_draft_read(body.data, body.length, &draft, problem), OK);
	ck_assert(job_draft_has_inline(draft));
	ck_assert_ptr_null(job_draft_dataset_id(draft));
	enum status status = job_draft_inline(draft, table, problem);
	job_draft_destroy(draft);
	text_fini(&body);
	return status;
}

static void check_csv(const char *data, const char *csv, const char *texts, const char *target)
{
	struct inline_table table;
	struct problem problem;
	problem_init(&problem);
	ck_assert_msg(read_inline(data, &table, &problem) == OK, "%s", data);
	ck_assert_str_eq(table.csv, csv);
	ck_assert_uint_eq(table.length, strlen(csv));
	ck_assert_uint_eq(table.columns, strlen(texts));
	for (size_t i = 0; i < table.columns; i++) {
		ck_assert_int_eq(table.text_column[i], texts[i] == 't');
	}
	ck_assert_pstr_eq(table.target, target);
	inline_table_fini(&table);
	problem_fini(&problem);
}

START_TEST(three_forms_become_one_csv)
{
	check_csv("{\"columns\": [\"x\", \"y\"], \"rows\": [[1, 2.385], [-0.0, 1e300]]}",
		  "\"x\",\"y\"\n1,2.385\n-0,1e+300\n", "nn", NULL);
	check_csv("[{\"x\": 1, \"y\": \"a\"}, {\"y\": \"b\", \"x\": 0.1}]", "\"x\",\"y\"\n1,\"a\"\n0.1,\"b\"\n", "nt",
		  NULL);
	check_csv("{\"columns\": [\"x\"], \"rows\": [[1], [2]], \"target\": [\"p\", \"q\"]}",
		  "\"x\",\"target\"\n1,\"p\"\n2,\"q\"\n", "nt", "target");
	check_csv("{\"columns\": [\"target\"], \"rows\": [[1], [2]], \"target\": [3, 4]}",
		  "\"target\",\"target_1\"\n1,3\n2,4\n", "nn", "target_1");
}
END_TEST

START_TEST(whole_numbers_that_a_double_holds_are_taken_to_the_last_digit)
{
	check_csv("{\"columns\": [\"9007199254740993\"], \"rows\": [[9007199254740992], [-9007199254740994], [1e17], "
		  "[100000000000000000], [9007199254740993.0], [\"9007199254740993\"]]}",
		  "\"9007199254740993\"\n9007199254740992\n-9007199254740994\n1e+17\n1e+17\n9007199254740992\n"
		  "\"9007199254740993\"\n",
		  "t", NULL);
}
END_TEST

START_TEST(texts_are_quoted_and_a_column_with_any_text_is_text)
{
	check_csv("{\"columns\": [\"a,\\\"b\\\"\"], \"rows\": [[\"say \\\"hi\\\",\\nyou\"], [7], [\" 1 \"]]}",
		  "\"a,\"\"b\"\"\"\n\"say \"\"hi\"\",\nyou\"\n7\n\" 1 \"\n", "t", NULL);
}
END_TEST

START_TEST(what_is_no_table_is_refused_with_its_place)
{
	static const struct {
		const char *data, *pointer;
		enum fault_code code;
	} cases[] = {
		{ "7", "/dataset/inline", FAULT_WRONG_TYPE },
		{ "[]", "/dataset/inline", FAULT_WRONG_TYPE },
		{ "[1]", "/dataset/inline", FAULT_WRONG_TYPE },
		{ "[{}]", "/dataset/inline/0", FAULT_MISSING },
		{ "[{\"x\": 1}, {\"y\": 2, \"x\": 1}]", "/dataset/inline/1/y", FAULT_UNKNOWN_FIELD },
		{ "[{\"x\": 1, \"y\": 1}, {\"x\": 2}]", "/dataset/inline/1/y", FAULT_MISSING },
		{ "[{\"x\": null}]", "/dataset/inline/0/x", FAULT_NOT_ALLOWED },
		{ "[{\"x\": \"\"}]", "/dataset/inline/0/x", FAULT_NOT_ALLOWED },
		{ "[{\"x\": [1]}]", "/dataset/inline/0/x", FAULT_WRONG_TYPE },
		{ "[{\"x\": true}]", "/dataset/inline/0/x", FAULT_WRONG_TYPE },
		{ "{\"columns\": [\"x\"]}", "/dataset/inline", FAULT_MISSING },
		{ "{\"columns\": [\"x\", \"x\"], \"rows\": []}", "/dataset/inline/columns/1", FAULT_DUPLICATE },
		{ "{\"columns\": [\"\"], \"rows\": []}", "/dataset/inline/columns/0", FAULT_DUPLICATE },
		{ "{\"columns\": [], \"rows\": []}", "/dataset/inline/columns", FAULT_MISSING },
		{ "{\"columns\": [\"x\", 2], \"rows\": []}", "/dataset/inline/columns/1", FAULT_WRONG_TYPE },
		{ "{\"columns\": [\"x\"], \"rows\": [[1], [1, 2]]}", "/dataset/inline/rows/1", FAULT_WRONG_TYPE },
		{ "{\"columns\": [\"x\"], \"rows\": [[1], {}]}", "/dataset/inline/rows/1", FAULT_WRONG_TYPE },
		{ "{\"columns\": [\"x\"], \"rows\": [[1e999]]}", "/dataset/inline/rows/0/0", FAULT_OUT_OF_RANGE },
		{ "{\"columns\": [\"x\"], \"rows\": [[1], [9007199254740993]]}", "/dataset/inline/rows/1/0",
		  FAULT_OUT_OF_RANGE },
		{ "{\"columns\": [\"7\\\"8\", \"y\"], \"rows\": [[\"1\\\\\", -18446744073709551615]]}",
		  "/dataset/inline/rows/0/1", FAULT_OUT_OF_RANGE },
		{ "{\"columns\": [\"x\"], \"rows\": [[\"a\"], [2.5e0], [12345678901234567]]}",
		  "/dataset/inline/rows/2/0", FAULT_OUT_OF_RANGE },
		{ "{\"columns\": [\"x\"], \"rows\": [[1]], \"target\": [9007199254740993]}", "/dataset/inline/target/0",
		  FAULT_OUT_OF_RANGE },
		{ "[{\"x\": 1}, {\"x\": 9007199254740995}]", "/dataset/inline/1/x", FAULT_OUT_OF_RANGE },
		{ "{\"columns\": [\"x\"], \"rows\": [[1]], \"target\": [1, 2]}", "/dataset/inline/target",
		  FAULT_OUT_OF_RANGE },
		{ "{\"columns\": [\"x\"], \"rows\": [[1]], \"target\": [null]}", "/dataset/inline/target/0",
		  FAULT_NOT_ALLOWED },
		{ "{\"columns\": [\"x\"], \"rows\": [[1]], \"target\": \"x\"}", "/dataset/inline/target",
		  FAULT_WRONG_TYPE },
		{ "{\"columns\": [\"x\"], \"rows\": [[1]], \"taget\": []}", "/dataset/inline/taget",
		  FAULT_UNKNOWN_FIELD },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct inline_table table;
		struct problem problem;
		problem_init(&problem);
		ck_assert_msg(read_inline(cases[i].data, &table, &problem) == E_INVALID, "%s", cases[i].data);
		ck_assert_msg(problem.faults == 1 && strcmp(problem.fault[0].pointer, cases[i].pointer) == 0 &&
				      problem.fault[0].code == cases[i].code,
			      "%s: %zu %s %s", cases[i].data, problem.faults, problem.fault[0].pointer,
			      problem.fault[0].detail);
		problem_fini(&problem);
	}
}
END_TEST

START_TEST(the_spec_of_an_inline_job_names_the_dataset_and_holds_no_rows)
{
	const char body[] = "{\"dataset\": {\"inline\": {\"columns\": [\"a\"], \"rows\": [[1], [2]], \"target\": [1, "
			    "2]}}, \"model\": "
			    "{\"type\": \"linear_regression\"}}";
	struct dataset_info info = { .rows = 2, .columns = 2, .is_inline = true };
	struct problem problem;
	struct job_draft *draft;
	struct job_spec *spec;
	strcpy(info.id, "ds_inline");
	info.column = calloc(2, sizeof *info.column);
	people_column(&info.column[0], "a", 1, 2, 2);
	people_column(&info.column[1], "target", 1, 2, 2);
	problem_init(&problem);
	ck_assert_int_eq(job_draft_read(body, strlen(body), &draft, &problem), OK);
	ck_assert_int_eq(job_spec_resolve(draft, &info, NULL, 1, &spec, &problem), OK);
	ck_assert_str_eq(spec->dataset_id, "ds_inline");
	ck_assert_str_eq(spec->target[0], "target");
	ck_assert_ptr_nonnull(
		strstr(spec->document, "\"dataset\":{\"id\":\"ds_inline\",\"target\":\"target\",\"features\":[\"a\"]"));
	ck_assert_ptr_null(strstr(spec->document, "inline\":"));
	job_spec_destroy(spec);
	job_draft_destroy(draft);
	dataset_info_fini(&info);
	problem_fini(&problem);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api/inline");
	TCase *tcase = tcase_create("inline");
	tcase_add_test(tcase, three_forms_become_one_csv);
	tcase_add_test(tcase, whole_numbers_that_a_double_holds_are_taken_to_the_last_digit);
	tcase_add_test(tcase, texts_are_quoted_and_a_column_with_any_text_is_text);
	tcase_add_test(tcase, what_is_no_table_is_refused_with_its_place);
	tcase_add_test(tcase, the_spec_of_an_inline_job_names_the_dataset_and_holds_no_rows);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
