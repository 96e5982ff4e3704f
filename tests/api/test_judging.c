/* Jobs judged against two datasets, and what a stored job keeps of its first judgement. */
#include <math.h>
#include <stdio.h>

#include "api/answers.h"
#include "tests/api/job_support.h"
#include "tests/support/suite.h"

#define PEOPLE(rest) "{\"dataset\": {\"id\": \"ds_people\", " rest

static struct dataset_info people;

static void set_up(void)
{
	people_make(&people);
}

static void tear_down(void)
{
	dataset_info_fini(&people);
}

START_TEST(a_class_that_only_the_validation_data_has_is_refused)
{
	static const char *const bodies[] = {
		PEOPLE("\"target\": \"k\", \"features\": [\"a\"], \"validation\": {\"id\": \"v\"}}, \"model\": "
		       "{\"type\": "
		       "\"softmax_regression\"}}"),
		PEOPLE("\"target\": \"three\", \"features\": [\"a\"], \"validation\": {\"id\": \"v\"}}, \"model\": "
		       "{\"type\": \"softmax_regression\"}}"),
	};
	static const char *const words[] = { "column k holds 2.385 there", "column three holds \"z\" there" };
	for (size_t i = 0; i < 2; i++) {
		struct dataset_info other;
		struct problem problem;
		struct job_draft *draft;
		struct job_spec *spec;
		people_make(&other);
		other.column[4].level_number[1] = 2.385;
		strcpy(other.column[8].level_text[2], "z");
		problem_init(&problem);
		ck_assert_int_eq(job_draft_read(bodies[i], strlen(bodies[i]), &draft, &problem), OK);
		ck_assert_int_eq(job_spec_resolve(draft, &people, &other, 2, &spec, &problem), E_INVALID);
		ck_assert_uint_eq(problem.faults, 1);
		ck_assert_str_eq(problem.fault[0].pointer, "/dataset/validation/id");
		ck_assert_ptr_nonnull(strstr(problem.fault[0].detail, words[i]));
		job_draft_destroy(draft);
		problem_fini(&problem);
		dataset_info_fini(&other);
	}
}
END_TEST

START_TEST(every_class_keeps_a_row_to_train_on)
{
	static const char body[] =
		PEOPLE("\"target\": \"three\", \"features\": [\"a\"], \"validation_fraction\": 0.5}, "
		       "\"model\": {\"type\": \"softmax_regression\"}}");
	struct problem problem;
	struct job_spec *spec;
	problem_init(&problem);
	people.rows = 5; /* of three classes: two can be spared, half would be three */
	ck_assert_int_eq(people_resolve(body, strlen(body), &people, &spec, &problem), OK);
	ck_assert_uint_eq(spec->validation_rows, 2);
	ck_assert_uint_eq(spec->training_rows, 3);
	ck_assert_ptr_nonnull(strstr(spec->warning[0], "2 rows validate instead of 3"));
	job_spec_destroy(spec);
	people.rows = 3;
	ck_assert_int_eq(people_resolve(body, strlen(body), &people, &spec, &problem), E_INVALID);
	ck_assert_str_eq(problem.fault[0].pointer, "/dataset/validation_fraction");
	problem_fini(&problem);
}
END_TEST

/* The pointer of the one fault of a body, "" without. */
static const char *fault_of(const char *body, struct problem *problem)
{
	struct job_spec *spec;
	problem_init(problem);
	enum status status = people_resolve(body, strlen(body), &people, &spec, problem);
	job_spec_destroy(spec);
	ck_assert_int_eq(status, problem->faults > 0 ? E_INVALID : OK);
	ck_assert_uint_le(problem->faults, 1);
	return problem->faults > 0 ? problem->fault[0].pointer : "";
}

START_TEST(values_that_the_precision_cannot_hold_are_refused)
{
	static const char as_it_is[] = PEOPLE("\"target\": \"y\", \"features\": [\"a\"], \"standardize\": false}, "
					      "\"model\": {\"type\": \"linear_regression\"}}");
	static const char wide[] =
		PEOPLE("\"target\": \"y\", \"features\": [\"a\"], \"standardize\": false}, \"model\": "
		       "{\"type\": \"linear_regression\"}, \"training\": {\"dtype\": \"float64\"}}");
	static const char standardized[] =
		PEOPLE("\"target\": \"y\", \"features\": [\"a\"]}, \"model\": {\"type\": \"linear_regression\"}}");
	struct problem problem;
	people.column[0].minimum = -1.5e300;
	ck_assert_str_eq(fault_of(as_it_is, &problem), "/training/dtype");
	ck_assert_ptr_nonnull(strstr(problem.fault[0].detail, "column a holds -1.5e+300"));
	problem_fini(&problem);
	ck_assert_str_eq(fault_of(wide, &problem), "");
	problem_fini(&problem);
	ck_assert_str_eq(fault_of(standardized, &problem), "");
	problem_fini(&problem);
	people.column[0].sd = (double)INFINITY;
	ck_assert_str_eq(fault_of(standardized, &problem), "/dataset/standardize");
	problem_fini(&problem);
	people.column[0].sd = 2.385;
	people.column[3].maximum = 1e39; /* the target */
	ck_assert_str_eq(fault_of(standardized, &problem), "/training/dtype");
	problem_fini(&problem);
}
END_TEST

START_TEST(warnings_are_taken_over_from_a_report)
{
	static const char body[] = PEOPLE("\"target\": \"label\", \"features\": [\"a\", \"x/~y\"]}, \"model\": "
					  "{\"type\": \"logistic_regression\"}}");
	struct job_spec *spec;
	struct problem problem;
	problem_init(&problem);
	int status = (int)people_resolve(body, strlen(body), &people, &spec, &problem);
	if (status != OK) {
		ck_abort_msg("%s", problem.faults > 0 ? problem.fault[0].detail : "");
	}
	size_t own = spec->warning_count;
	job_spec_keep_warnings(spec, NULL);
	job_spec_keep_warnings(spec, ",\"warnings\":[]");
	job_spec_keep_warnings(spec, ",\"warnings\":[\"cut");
	ck_assert_uint_eq(spec->warning_count, own);
	job_spec_keep_warnings(spec, ",\"metrics\":{},\"warnings\":[\"one\",2.385,\"two\"]");
	ck_assert_uint_eq(spec->warning_count, 2);
	ck_assert_str_eq(spec->warning[1], "two");
	job_spec_destroy(spec);
	problem_fini(&problem);
}
END_TEST

/* {"parameters": {parameter: 1}, "columns": {n0: "a", n1: ...}} of `renames` names over data with many columns. */
static void name_columns(const char *parameter, size_t renames, struct text *body)
{
	text_puts(body, PEOPLE("\"target\": \"y\", \"exclude\": [\"label\", \"three\"]}, \"model\": {\"type\": "
			       "\"expression\", \"objective\": "
			       "\"mean((y - c4999*b_)**2) + sum(X**2)*0\", \"parameters\": {"));
	text_printf(body, "\"%s\": 1}, \"columns\": {", parameter);
	for (size_t i = 0; i < renames; i++) {
		text_printf(body, "%s\"n%zu\": \"%s%zu\"", i == 0 ? "" : ", ", i, renames < 256 ? "c" : "q", i);
	}
	text_puts(body, "}}}");
}

static void many_columns(struct dataset_info *info, size_t count)
{
	people_make(info);
	info->column = realloc(info->column, (info->columns + count) * sizeof *info->column);
	for (size_t i = 0; i < count; i++) {
		char name[16];
		snprintf(name, sizeof name, "c%zu", i);
		people_column(&info->column[info->columns++], name, -1, 2.385, 0);
	}
}

START_TEST(names_are_told_apart_among_thousands_of_columns)
{
	enum { FINE, TAKEN, RENAMED, TOO_MANY };
	static const struct {
		const char *parameter, *pointer, *words;
		size_t renames;
	} cases[] = {
		[FINE] = { "b_", "", "", 0 },
		[TAKEN] = { "c4321", "/model/", "c4321", 0 },
		[RENAMED] = { "n7", "/model/", "n7", 255 },
		[TOO_MANY] = { "b_", "/model/columns", "at most 256 names", 3000 },
	};
	struct dataset_info info;
	struct problem problem;
	struct job_spec *spec;
	struct text body;
	many_columns(&info, 5000);
	text_init(&body);
	problem_init(&problem);
	name_columns(cases[_i].parameter, cases[_i].renames, &body);
	const enum status status = people_resolve(body.data, body.length, &info, &spec, &problem);
	ck_assert_msg(status == (_i == FINE ? OK : E_INVALID) && problem.faults_total == (_i != FINE), "%d, %zu: %s",
		      status, problem.faults_total, problem.faults > 0 ? problem.fault[problem.faults - 1].detail : "");
	if (_i != FINE) {
		ck_assert_msg(strncmp(problem.fault[0].pointer, cases[_i].pointer, strlen(cases[_i].pointer)) == 0 &&
				      strstr(problem.fault[0].detail, cases[_i].words) != NULL,
			      "%s: %s", problem.fault[0].pointer, problem.fault[0].detail);
	}
	job_spec_destroy(spec);
	problem_fini(&problem);
	text_fini(&body);
	dataset_info_fini(&info);
}
END_TEST

START_TEST(fields_of_other_models_are_not_among_those_that_are_allowed)
{
	static const char *const bodies[] = {
		NUMBERS "\"model\": {\"type\": \"linear_regression\", \"zz\": 1}}",
		FUNCTION("\"initial_point\": [1, 2.385], \"zz\": 1}}"),
	};
	static const char *const foreign[] = { "layers", "generator", "objective", "init" };
	for (size_t i = 0; i < 2; i++) {
		struct problem problem;
		struct job_spec *spec;
		problem_init(&problem);
		ck_assert_int_eq(people_resolve(bodies[i], strlen(bodies[i]), &people, &spec, &problem), E_INVALID);
		ck_assert_str_eq(problem.fault[0].pointer, "/model/zz");
		ck_assert_ptr_nonnull(problem.fault[0].allowed[0]);
		for (char **name = problem.fault[0].allowed; *name != NULL; name++) {
			for (size_t k = 0; k < 4; k++) {
				ck_assert_str_ne(*name, foreign[k]);
			}
		}
		problem_fini(&problem);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api/judging");
	TCase *tcase = tcase_create("judging");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_class_that_only_the_validation_data_has_is_refused);
	tcase_add_test(tcase, every_class_keeps_a_row_to_train_on);
	tcase_add_test(tcase, values_that_the_precision_cannot_hold_are_refused);
	tcase_add_test(tcase, fields_of_other_models_are_not_among_those_that_are_allowed);
	tcase_add_test(tcase, warnings_are_taken_over_from_a_report);
	tcase_add_loop_test(tcase, names_are_told_apart_among_thousands_of_columns, 0, 4);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
