/* Problem documents and what is known of datasets. */
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "api/dataset_info.h"
#include "api/problem.h"
#include "tests/support/suite.h"

START_TEST(a_problem_names_every_fault_at_once)
{
	struct problem problem;
	problem_init(&problem);
	ck_assert(!problem_any(&problem));
	problem_fault(&problem, "/optimizer/learnng_rate", FAULT_UNKNOWN_FIELD, "learning_rate",
		      (const char *[]){ "learning_rate", "beta1", NULL }, "unknown field, did you mean %s?",
		      "learning_rate");
	problem_fault(&problem, "/training/epochs", FAULT_OUT_OF_RANGE, NULL, NULL,
		      "epochs is 0, at least 1 is needed");
	ck_assert_int_eq(problem_http_status(&problem), 422);
	struct text text;
	text_init(&text);
	problem_render(&problem, "req-1", &text);
	ck_assert_str_eq(text.data,
			 "{\"type\":\"urn:descentd:problem:invalid\",\"title\":\"The request is understood but "
			 "wrong\",\"status\":422,"
			 "\"detail\":\"2 faults; `errors` says where\",\"instance\":\"req-1\",\"errors\":["
			 "{\"pointer\":\"/optimizer/learnng_rate\",\"code\":\"unknown_field\",\"detail\":\"unknown "
			 "field, did you mean "
			 "learning_rate?\",\"suggestion\":\"learning_rate\",\"allowed\":[\"learning_rate\",\"beta1\"]},"
			 "{\"pointer\":\"/training/epochs\",\"code\":\"out_of_range\",\"detail\":\"epochs is 0, at "
			 "least 1 is needed\"}]}\n");
	text_fini(&text);
	problem_fini(&problem);
}
END_TEST

START_TEST(a_problem_keeps_its_first_kind_and_counts_what_it_does_not_keep)
{
	struct problem problem;
	problem_init(&problem);
	for (int i = 0; i < 250; i++) {
		problem_parameter(&problem, "limit", FAULT_WRONG_TYPE, NULL, NULL, "fault %d", i);
	}
	problem_set(&problem, PROBLEM_CONFLICT, "late");
	ck_assert_int_eq(problem_http_status(&problem), 400);
	ck_assert_uint_eq(problem.faults, 100);
	ck_assert_uint_eq(problem.faults_total, 250);
	text_puts(&problem.extra, ",\"needed_bytes\":2385");
	struct text text;
	text_init(&text);
	problem_render(&problem, NULL, &text);
	cJSON *json = cJSON_Parse(text.data);
	ck_assert_ptr_nonnull(json);
	ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "errors")), 100);
	ck_assert_double_eq(cJSON_GetObjectItem(json, "errors_total")->valuedouble, 250);
	ck_assert_double_eq(cJSON_GetObjectItem(json, "needed_bytes")->valuedouble, 2385);
	ck_assert_str_eq(cJSON_GetObjectItem(json, "detail")->valuestring, "late");
	cJSON_Delete(json);
	text_fini(&text);
	problem_fini(&problem);
}
END_TEST

/* A table of a number column with awkward levels and a text column with awkward texts. */
static void make_info(struct dataset_info *info)
{
	memset(info, 0, sizeof *info);
	strcpy(info->id, "ds_2385");
	info->name = strdup("a \"name\"\n\x01");
	info->rows = (1ull << 60) + 1;
	info->bytes = 12345;
	memset(info->sha256, 'a', 64);
	info->created_at = 1795317845678;
	info->columns = 2;
	info->column = calloc(2, sizeof *info->column);
	info->column[0] = (struct column_info){ .name = strdup("x"),
						.minimum = -2.385,
						.maximum = 1e300,
						.mean = 1.0 / 3,
						.sd = 5e-324,
						.missing = 3,
						.distinct = -1,
						.level_count = 4 };
	info->column[0].level_number = calloc(4, sizeof(double));
	memcpy(info->column[0].level_number, (double[]){ -2.385, 0.1, 7, 9007199254740992.0 }, 4 * sizeof(double));
	info->column[1] = (struct column_info){
		.name = strdup("caf\xc3\xa9, \\"), .kind = COLUMN_TEXT, .distinct = 2, .level_count = 2
	};
	info->column[1].level_text = calloc(2, sizeof(char *));
	info->column[1].level_text[0] = strdup("");
	info->column[1].level_text[1] = strdup("a\tb\"\\");
}

START_TEST(a_saved_dataset_loads_to_the_same)
{
	struct dataset_info info, back;
	struct text text, again;
	make_info(&info);
	text_init(&text);
	text_init(&again);
	dataset_info_save(&info, &text);
	ck_assert_int_eq(dataset_info_load(text.data, text.length, &back), OK);
	dataset_info_save(&back, &again);
	ck_assert_str_eq(text.data, again.data);
	ck_assert_str_eq(back.name, info.name);
	ck_assert_ptr_null(back.target);
	ck_assert_uint_eq(back.rows, info.rows);
	ck_assert_double_eq(back.column[0].level_number[1], 0.1);
	ck_assert_str_eq(back.column[1].level_text[1], "a\tb\"\\");
	ck_assert_int_eq((int)back.column[0].distinct, -1);
	ck_assert_int_eq((int)dataset_info_find(&back, "caf\xc3\xa9, \\"), 1);
	ck_assert_int_eq((int)dataset_info_find(&back, "X"), -1);
	cJSON *json = cJSON_Parse(text.data);
	ck_assert_ptr_nonnull(json);
	cJSON_Delete(json);
	text.length = 0;
	dataset_info_render(&back, &text);
	json = cJSON_Parse(text.data);
	ck_assert_ptr_nonnull(json);
	ck_assert_str_eq(cJSON_GetObjectItem(json, "sha256")->valuestring, info.sha256);
	const cJSON *column = cJSON_GetObjectItem(json, "columns")->child;
	ck_assert(cJSON_IsNull(cJSON_GetObjectItem(column, "distinct")));
	ck_assert_double_eq(cJSON_GetObjectItem(column, "min")->valuedouble, -2.385);
	cJSON_Delete(json);
	dataset_info_fini(&info);
	dataset_info_fini(&back);
	text_fini(&text);
	text_fini(&again);
}
END_TEST

START_TEST(a_damaged_record_is_refused_whatever_is_cut_or_flipped)
{
	struct dataset_info info, back;
	struct text text;
	make_info(&info);
	text_init(&text);
	dataset_info_save(&info, &text);
	for (size_t cut = 0; cut < text.length; cut++) {
		ck_assert_int_eq(dataset_info_load(text.data, cut, &back), E_CORRUPT);
	}
	for (size_t i = 0; i < text.length; i++) {
		for (int flip = 1; flip < 256; flip <<= 1) {
			text.data[i] = (char)(text.data[i] ^ flip);
			if (dataset_info_load(text.data, text.length, &back) == OK) {
				dataset_info_fini(&back);
			}
			text.data[i] = (char)(text.data[i] ^ flip);
		}
	}
	dataset_info_fini(&info);
	text_fini(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api/problem");
	TCase *tcase = tcase_create("problem");
	tcase_add_test(tcase, a_problem_names_every_fault_at_once);
	tcase_add_test(tcase, a_problem_keeps_its_first_kind_and_counts_what_it_does_not_keep);
	tcase_add_test(tcase, a_saved_dataset_loads_to_the_same);
	tcase_add_test(tcase, a_damaged_record_is_refused_whatever_is_cut_or_flipped);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
