/* dataset.generator: what is read, what is answered to settings that are wrong, and exact CSV. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/generated.h"
#include "tests/support/suite.h"

static enum status read_generator(const char *json, struct generator **out, struct problem *problem)
{
	char body[400];
	struct job_draft *draft;
	snprintf(body, sizeof body, "{\"dataset\": {\"generator\": %s}, \"model\": {\"type\": \"mlp\"}}", json);
	ck_assert_int_eq(job_draft_read(body, strlen(body), &draft, problem), OK);
	ck_assert(job_draft_has_generator(draft));
	enum status status = job_draft_generator(draft, out, problem);
	job_draft_destroy(draft);
	return status;
}

START_TEST(settings_are_read_and_defaults_filled_in)
{
	struct generator *generator;
	struct problem problem;
	problem_init(&problem);
	ck_assert_int_eq(read_generator("\"moons\"", &generator, &problem), OK);
	ck_assert_uint_eq(generator->shape.rows, 100);
	ck_assert_double_eq(generator->noise, 0);
	generator_destroy(generator);
	ck_assert_int_eq(read_generator("{\"type\": \"moons\", \"rows\": 1000, \"noise\": 0.1, \"seed\": 7}",
					&generator, &problem),
			 OK);
	ck_assert_uint_eq(generator->shape.rows, 1000);
	ck_assert_double_eq(generator->noise, 0.1);
	ck_assert_uint_eq(generator->seed, 7);
	generator_destroy(generator);
	problem_fini(&problem);
}
END_TEST

START_TEST(the_text_reads_back_to_the_very_numbers_piece_by_piece)
{
	struct generator *generator;
	struct problem problem;
	struct text csv;
	double cell[33 * 3], scratch[33 * 3];
	problem_init(&problem);
	text_init(&csv);
	ck_assert_int_eq(read_generator("{\"type\": \"blobs\", \"rows\": 33, \"seed\": 2385}", &generator, &problem),
			 OK);
	ck_assert_uint_eq(generated_piece(generator), 33);
	generator_fill(generator, 0, 33, cell);
	generated_header(generator, &csv);
	generated_rows(generator, 0, 10, scratch, &csv);
	generated_rows(generator, 10, 33, scratch, &csv);
	ck_assert(!text_failed(&csv) && strncmp(csv.data, "x1,x2,y\n", 8) == 0);
	char *at = csv.data + 8;
	for (size_t i = 0; i < 33 * 3; i++) {
		double value = strtod(at, &at);
		ck_assert_mem_eq(&value, &cell[i], sizeof value);
		ck_assert_int_eq(*at++, i % 3 == 2 ? '\n' : ',');
	}
	ck_assert_int_eq(*at, '\0');
	generator_destroy(generator);
	text_fini(&csv);
	problem_fini(&problem);
}
END_TEST

START_TEST(a_wide_table_comes_in_pieces_of_bounded_size)
{
	struct generator *generator;
	struct problem problem;
	problem_init(&problem);
	ck_assert_int_eq(read_generator("{\"type\": \"blobs\", \"rows\": 400, \"features\": 10000, \"centers\": 2}",
					&generator, &problem),
			 OK);
	ck_assert_uint_eq(generated_piece(generator), 6);
	generator_destroy(generator);
	problem_fini(&problem);
}
END_TEST

START_TEST(what_is_wrong_is_pointed_at_with_range_and_nearest_name)
{
	static const struct {
		const char *json, *pointer, *detail, *suggestion;
		enum fault_code code;
	} cases[] = {
		{ "7", "", "a name or an object", NULL, FAULT_WRONG_TYPE },
		{ "\"mons\"", "", "moons", "moons", FAULT_NOT_ALLOWED },
		{ "{\"type\": \"sparse_liner\"}", "/type", "sparse_linear", "sparse_linear", FAULT_NOT_ALLOWED },
		{ "{\"rows\": 10}", "/type", "generator", NULL, FAULT_MISSING },
		{ "{\"type\": \"moons\", \"rows\": 0}", "/rows", "at least 1", NULL, FAULT_OUT_OF_RANGE },
		{ "{\"type\": \"moons\", \"rows\": 1000001}", "/rows", "1000000", NULL, FAULT_OUT_OF_RANGE },
		{ "{\"type\": \"moons\", \"rows\": 2.5}", "/rows", "whole", NULL, FAULT_WRONG_TYPE },
		{ "{\"type\": \"moons\", \"rows\": \"many\"}", "/rows", "number", NULL, FAULT_WRONG_TYPE },
		{ "{\"type\": \"moons\", \"noise\": -0.1}", "/noise", "at least 0", NULL, FAULT_OUT_OF_RANGE },
		{ "{\"type\": \"moons\", \"noise\": null}", "/noise", "null", NULL, FAULT_WRONG_TYPE },
		{ "{\"type\": \"moons\", \"seed\": -1}", "/seed", "at least 0 and at most 9007199254740991", NULL,
		  FAULT_OUT_OF_RANGE },
		{ "{\"type\": \"moons\", \"nois\": 1}", "/nois", "", "noise", FAULT_UNKNOWN_FIELD },
		{ "{\"type\": \"moons\", \"n_samples\": 5}", "/n_samples",
		  "unknown field: known are type, rows, noise, shuffle, seed", NULL, FAULT_UNKNOWN_FIELD },
		{ "{\"type\": \"moons\", \"factor\": 0.5}", "/factor", "a setting of circles", NULL,
		  FAULT_NOT_ALLOWED },
		{ "{\"type\": \"circles\", \"factor\": 1}", "/factor", "below 1", NULL, FAULT_OUT_OF_RANGE },
		{ "{\"type\": \"blobs\", \"rows\": 1000000, \"features\": 5}", "/rows", "at most 833333", NULL,
		  FAULT_OUT_OF_RANGE },
		{ "{\"type\": \"blobs\", \"centers\": 1000, \"features\": 10000}", "/centers", "10000", NULL,
		  FAULT_OUT_OF_RANGE },
		{ "{\"type\": \"sparse_linear\", \"features\": 4}", "", "informative", NULL, FAULT_OUT_OF_RANGE },
		{ "{\"type\": \"linear\", \"features\": 3, \"coefficients\": [1, 2]}", "/coefficients", "3 are wanted",
		  NULL, FAULT_OUT_OF_RANGE },
		{ "{\"type\": \"linear\", \"coefficients\": []}", "/coefficients", "1 to", NULL, FAULT_OUT_OF_RANGE },
		{ "{\"type\": \"linear\", \"coefficients\": [1, \"2\"]}", "/coefficients/1", "number", NULL,
		  FAULT_WRONG_TYPE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char pointer[100];
		struct generator *generator;
		struct problem problem;
		problem_init(&problem);
		ck_assert_msg(read_generator(cases[i].json, &generator, &problem) == E_INVALID, "%s", cases[i].json);
		ck_assert_ptr_null(generator);
		const struct fault *fault = &problem.fault[0];
		snprintf(pointer, sizeof pointer, "/dataset/generator%s", cases[i].pointer);
		ck_assert_msg(problem.faults == 1 && strcmp(fault->pointer, pointer) == 0 &&
				      fault->code == cases[i].code && strstr(fault->detail, cases[i].detail) != NULL,
			      "%s: %zu %s: %s", cases[i].json, problem.faults, fault->pointer, fault->detail);
		ck_assert_pstr_eq(fault->suggestion, cases[i].suggestion);
		problem_fini(&problem);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api/generated");
	TCase *tcase = tcase_create("generated");
	tcase_add_test(tcase, settings_are_read_and_defaults_filled_in);
	tcase_add_test(tcase, the_text_reads_back_to_the_very_numbers_piece_by_piece);
	tcase_add_test(tcase, a_wide_table_comes_in_pieces_of_bounded_size);
	tcase_add_test(tcase, what_is_wrong_is_pointed_at_with_range_and_nearest_name);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
