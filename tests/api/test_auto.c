/* What a job gets that leaves its optimizer to the service, and what it is told of it. */
#include <stdio.h>

#include "tests/api/job_support.h"
#include "tests/support/suite.h"

static struct dataset_info people;

static void setup(void)
{
	people_make(&people);
}

static void teardown(void)
{
	dataset_info_fini(&people);
}

#define LINEAR(model)   NUMBERS "\"model\": {\"type\": \"linear_regression\"" model "}"
#define CLASSIFY(model) CLASSES "\"model\": {\"type\": \"logistic_regression\"" model "}"
#define FIT(model)      PEOPLE("\"target\": \"y\", \"features\": [\"a\"]}, \"model\": {\"type\": \"expression\", " model "}")

/* Bodies without their last brace. */
static const struct {
	const char *body, *type, *words;
} choices[] = {
	{ LINEAR(""), "normal_equations", "closed form" },
	{ LINEAR(", \"l2\": 0.385"), "normal_equations", "closed form" },
	{ LINEAR(", \"l1\": 0.02"), "coordinate_descent", "l1" },
	{ LINEAR(", \"loss\": \"huber\""), "newton", "Hessian" },
	{ LINEAR(", \"loss\": \"huber\", \"l1\": 0.02"), "coordinate_descent", "l1" },
	{ LINEAR(", \"loss\": \"mae\""), "adam", "corners" },
	{ LINEAR(", \"loss\": \"poisson\""), "newton", "Hessian" },
	{ LINEAR(", \"loss\": \"log_cosh\""), "adam", "no solver of linear models" },
	{ CLASSIFY(""), "newton", "Hessian" },
	{ CLASSIFY(", \"l1\": 0.01"), "coordinate_descent", "l1" },
	{ CLASSIFY(", \"loss\": \"hinge\", \"l2\": 0.01"), "coordinate_descent", "dual" },
	{ CLASSIFY(", \"loss\": \"hinge\""), "adam", "corners" },
	{ CLASSIFY("") ", \"training\": {\"batch_size\": 16}", "adam", "mini-batches" },
	{ CLASSIFY("") ", \"training\": {\"batch_size\": 150}", "newton", "Hessian" },
	{ CLASSIFY("") ", \"training\": {\"batch_size\": \"full\"}, \"optimizer\": \"auto\"", "newton", "Hessian" },
	{ CLASSIFY("") ", \"optimizer\": {\"type\": \"auto\"}", "newton", "Hessian" },
	{ CLASSIFY("") ", \"optimizer\": {\"learning_rate\": 0.2385}", "adam", "learning_rate" },
	{ CLASSIFY("") ", \"optimizer\": {\"type\": \"auto\", \"schedule\": \"cosine\"}", "adam", "schedule" },
	{ CLASSIFY("") ", \"optimizer\": {\"weight_decay\": 0.01}", "adam", "weight_decay" },
	{ CLASSIFY("") ", \"training\": {\"reduction\": \"sum\"}", "adam", "reduction" },
	{ CLASSES "\"model\": {\"type\": \"mlp\"}", "prodigy", "small network" },
	{ CLASSES "\"model\": {\"type\": \"mlp\", \"layers\": [{\"units\": 400}, {\"units\": 400}]}", "adam",
	  "large network" },
	{ FUNCTION("\"initial_point\": [-1.2, 1]}"), "lbfgs", "function" },
	{ FUNCTION("\"initial_point\": [-1.2, 1], \"min\": -2, \"max\": 1.5}"), "lbfgsb", "box" },
	{ FIT("\"prediction\": \"s*exp(-k*a)\", \"parameters\": {\"s\": 1, \"k\": 0.1}"), "levenberg_marquardt",
	  "squares" },
	{ FIT("\"prediction\": \"s*exp(-k*a)\", \"parameters\": {\"s\": {\"init\": 1, \"min\": 0}, \"k\": 0.1}"),
	  "lbfgsb", "box" },
	{ FIT("\"objective\": \"mean(abs(y - s*a))\", \"parameters\": {\"s\": 1}"), "lbfgs", "no noise" },
	{ FIT("\"objective\": \"max(y - s*a)\", \"parameters\": {\"s\": 1}"), "lbfgs", "couples" },
	{ FIT("\"objective\": \"mean(abs(y - s*a))\", \"parameters\": {\"s\": 1}") ", \"training\": {\"batch_size\": "
										   "16}",
	  "adam", "mini-batches" },
	{ "{\"model\": {\"type\": \"expression\", \"objective\": \"(u - 2.385)**4\", \"parameters\": {\"u\": 1}}",
	  "lbfgs", "no noise" },
};
enum { CHOICES = sizeof choices / sizeof choices[0] };

/* The type, and the word in the document after "auto". */
static void check_choice(const struct job_spec *spec, const char *type, const char *words, const char *body)
{
	const char *why = strstr(spec->document, "\"auto\":\"");
	ck_assert_msg(strcmp(spec->train.optimizer.type->name, type) == 0, "%s: %s", body,
		      spec->train.optimizer.type->name);
	ck_assert_msg(why != NULL && strncmp(why + 8, type, strlen(type)) == 0 && strstr(why, words) != NULL, "%s: %s",
		      body, why);
}

START_TEST(a_job_that_leaves_the_optimizer_open_gets_what_suits_it_and_the_reason)
{
	char body[2000];
	snprintf(body, sizeof body, "%s}", choices[_i].body);
	struct job_spec *spec = people_right(body, &people), *again = people_right(spec->document, &people);
	check_choice(spec, choices[_i].type, choices[_i].words, body);
	ck_assert_str_eq(again->document, spec->document);
	job_spec_destroy(again);
	job_spec_destroy(spec);
}
END_TEST

START_TEST(a_job_that_names_its_optimizer_is_told_no_reason)
{
	static const char *const bodies[] = {
		CLASSIFY("") ", \"optimizer\": \"newton\"}",
		CLASSIFY("") ", \"optimizer\": {\"type\": \"newton\", \"auto\": \"lbfgs: of another spec\"}}",
		CLASSIFY("") ", \"optimizer\": {\"type\": \"newton\", \"auto\": null}}",
	};
	for (size_t i = 0; i < 3; i++) {
		struct job_spec *spec = people_right(bodies[i], &people);
		ck_assert_msg(strstr(spec->document, "\"auto\":null") != NULL, "%s", bodies[i]);
		job_spec_destroy(spec);
	}
}
END_TEST

START_TEST(many_rows_get_mini_batches)
{
	people.rows = 2000000000;
	struct job_spec *spec = people_right(CLASSIFY("") "}", &people);
	check_choice(spec, "adam", "small batches", "2e9 rows");
	ck_assert_uint_gt(spec->train.training.batch_size, 0);
	ck_assert_str_eq(spec->train.optimizer.schedule.type->name, "cosine");
	job_spec_destroy(spec);
}
END_TEST

START_TEST(a_chosen_solver_stops_late_enough_for_six_digits_of_the_weights)
{
	struct job_spec *spec =
		people_right(CLASSIFY(", \"l2\": 0.0001") ", \"training\": {\"dtype\": \"float64\"}}", &people);
	ck_assert_double_le(spec->train.stopping.gradient_norm, 1e-6 * 0.0001);
	job_spec_destroy(spec);
	spec = people_right(CLASSIFY(", \"l2\": 0.0001") ", \"training\": {\"dtype\": \"float64\"}, \"optimizer\": "
							 "\"newton\"}",
			    &people);
	ck_assert_double_eq(spec->train.stopping.gradient_norm, 1e-8);
	job_spec_destroy(spec);
}
END_TEST

START_TEST(a_setting_that_nobody_has_is_compared_with_those_of_adam)
{
	static const struct wrong wrongs[] = {
		{ CLASSIFY("") ", \"optimizer\": {\"learnng_rate\": 1}}", "/optimizer/learnng_rate",
		  FAULT_UNKNOWN_FIELD, "did you mean learning_rate?" },
		{ CLASSIFY("") ", \"optimizer\": {\"type\": \"auto\", \"momentum\": 0.9}}", "/optimizer/momentum",
		  FAULT_NOT_ALLOWED, "not of adam" },
		{ CLASSIFY("") ", \"optimizer\": {\"type\": \"newton\", \"auto\": 1}}", "/optimizer/auto",
		  FAULT_WRONG_TYPE, "string" },
	};
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		people_wrong(&wrongs[i], &people);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api/auto");
	TCase *tests = tcase_create("auto");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, a_job_that_leaves_the_optimizer_open_gets_what_suits_it_and_the_reason, 0, CHOICES);
	tcase_add_test(tests, a_job_that_names_its_optimizer_is_told_no_reason);
	tcase_add_test(tests, many_rows_get_mini_batches);
	tcase_add_test(tests, a_chosen_solver_stops_late_enough_for_six_digits_of_the_weights);
	tcase_add_test(tests, a_setting_that_nobody_has_is_compared_with_those_of_adam);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
