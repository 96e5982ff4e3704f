/* Optimizers and schedules of jobs: each fault with its place, what is refused and what to use instead, defaults. */
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

static const struct wrong wrongs[] = {
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"type\": \"adma\"}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "did you mean adam?" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"learnng_rate\": 1}}",
	  "/optimizer/learnng_rate", FAULT_UNKNOWN_FIELD, "did you mean learning_rate?" },
	{ CLASSES
	  "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"type\": \"adam\", \"dampening\": 0.1}}",
	  "/optimizer/dampening", FAULT_NOT_ALLOWED, "a setting of sgd, not of adam" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"ema_decay\": 1.1}}",
	  "/optimizer/ema_decay", FAULT_OUT_OF_RANGE, "below 1" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"learning_rate\": -1}}",
	  "/optimizer/learning_rate", FAULT_OUT_OF_RANGE, "out of range" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"learning_rate\": 1e400}}",
	  "/optimizer/learning_rate", FAULT_OUT_OF_RANGE, "too large" },
	{ CLASSES
	  "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"schedule\": {\"type\": \"cosin\"}}}",
	  "/optimizer/schedule/type", FAULT_NOT_ALLOWED, "did you mean cosine?" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"schedule\": {\"type\": "
		  "\"reduce_on_plateau\", \"metric\": \"validation_loss\"}}}",
	  "/optimizer/schedule/metric", FAULT_NOT_ALLOWED, "nothing is validated" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": \"muon\"}"), "/optimizer/type", FAULT_NOT_ALLOWED,
	  "use adamw" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"type\": \"rprop\", \"etas\": [1.2, 0.5]}}"),
	  "/optimizer/etas", FAULT_OUT_OF_RANGE, "shrinks" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"type\": \"sgdw\", \"schedule\": \"constant\", "
		   "\"eta_schedule\": \"cosine\"}}"),
	  "/optimizer/eta_schedule", FAULT_NOT_ALLOWED, "another word for schedule" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"type\": \"sgd\", \"eta_schedule\": \"cosine\"}}"),
	  "/optimizer/eta_schedule", FAULT_UNKNOWN_FIELD, "unknown" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"type\": \"sgd\", \"clip_eps\": -1e-6}}"),
	  "/optimizer/clip_eps", FAULT_OUT_OF_RANGE, "out of range" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"schedule\": \"chain\"}}"),
	  "/optimizer/schedule/schedules", FAULT_MISSING, "a list" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"schedule\": {\"type\": \"chain\", \"schedules\": "
		   "[\"cosine\", {\"type\": \"step\", \"step_size\": 0}]}}}"),
	  "/optimizer/schedule/schedules/1/step_size", FAULT_OUT_OF_RANGE, "at least 1" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"schedule\": {\"type\": \"chain\", \"schedules\": "
		   "[\"cosine\", \"chain\"]}}}"),
	  "/optimizer/schedule/schedules/1", FAULT_NOT_ALLOWED, "part of a chain" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"schedule\": {\"type\": \"chain\", \"milestones\": "
		   "[7, 3], \"schedules\": [\"cosine\", \"constant\", \"cosine\"]}}}"),
	  "/optimizer/schedule/milestones", FAULT_OUT_OF_RANGE, "2 rising whole numbers" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"type\": \"steepest_descent\"}, "
		  "\"training\": {\"batch_size\": 32}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "or use sgd or adam for mini-batches" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": \"barzilai_borwein\", "
		  "\"training\": {\"batch_size\": 32}}",
	  "/optimizer", FAULT_NOT_ALLOWED, "training.batch_size to \"full\"" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"type\": \"polyak\", \"schedule\": {\"type\": "
		   "\"step\", \"step_size\": 7}}}"),
	  "/optimizer/schedule", FAULT_NOT_ALLOWED, "no learning rate" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"type\": \"steepest_descent\", \"line_search\": "
		   "\"strong_wolfe\", \"c1\": 0.5, \"c2\": 0.4}}"),
	  "/optimizer/c2", FAULT_OUT_OF_RANGE, "greater than c1" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"type\": \"conjugate_gradient\", \"variant\": "
		   "\"linear\"}}"),
	  "/optimizer/type", FAULT_NOT_ALLOWED, "use lbfgs, or another variant" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"type\": \"conjugate_gradient\", "
		  "\"variant\": \"linear\"}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "needs a quadratic objective" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"type\": \"lbfgs\", "
		  "\"history_size\": 0}}",
	  "/optimizer/history_size", FAULT_OUT_OF_RANGE, "at least 1" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"type\": \"lbfgs\", "
		  "\"line_search_fn\": \"armijo\"}}",
	  "/optimizer/line_search_fn", FAULT_NOT_ALLOWED, "none of the words" },
	{ CLASSES
	  "\"model\": {\"type\": \"mlp\", \"layers\": [{\"units\": 300}]}, \"optimizer\": {\"type\": \"newton\"}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "use newton_cg or lbfgs" },
	{ CLASSES "\"model\": {\"type\": \"mlp\"}, \"optimizer\": {\"type\": \"coordinate_descent\"}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "use adam or lbfgs" },
	{ CLASSES "\"model\": {\"type\": \"mlp\"}, \"optimizer\": {\"type\": \"saga\"}}", "/optimizer/type",
	  FAULT_NOT_ALLOWED, "use adam or sgd for a network" },
	{ CLASSES "\"model\": {\"type\": \"mlp\"}, \"optimizer\": {\"type\": \"svrg\"}}", "/optimizer/type",
	  FAULT_NOT_ALLOWED, "svrg is for linear models" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"type\": \"svrg\"}}"), "/optimizer/type",
	  FAULT_NOT_ALLOWED, "svrg is for linear models" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"type\": \"normal_equations\"}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "use newton or lbfgs" },
	{ CLASSES "\"model\": {\"type\": \"softmax_regression\"}, \"optimizer\": {\"type\": \"normal_equations\"}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "solves least squares" },
	{ NUMBERS "\"model\": {\"type\": \"linear_regression\", \"l1\": 0.1}, \"optimizer\": {\"type\": "
		  "\"normal_equations\"}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "use coordinate_descent" },
	{ NUMBERS "\"model\": {\"type\": \"linear_regression\", \"l1\": 0.1}, \"optimizer\": {\"type\": "
		  "\"newton\"}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "use coordinate_descent" },
	{ NUMBERS "\"model\": {\"type\": \"linear_regression\", \"loss\": \"mae\"}, \"optimizer\": {\"type\": "
		  "\"coordinate_descent\"}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "a smooth loss" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\", \"loss\": \"hinge\"}, \"optimizer\": {\"type\": "
		  "\"coordinate_descent\"}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "give model.l2" },
	{ NUMBERS "\"model\": {\"type\": \"linear_regression\", \"loss\": \"poisson\"}, \"optimizer\": {\"type\": "
		  "\"saga\"}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "give optimizer.learning_rate" },
	{ NUMBERS "\"model\": {\"type\": \"linear_regression\"}, \"optimizer\": {\"type\": \"coordinate_descent\"}, "
		  "\"training\": "
		  "{\"batch_size\": 3}}",
	  "/optimizer/type", FAULT_NOT_ALLOWED, "training.batch_size" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"type\": \"barzilai_borwein\", \"variant\": 3}}"),
	  "/optimizer/variant", FAULT_OUT_OF_RANGE, "at most 2" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"optimizer\": {\"type\": \"trust_region\", \"initial_step\": 1}}"),
	  "/optimizer/initial_step", FAULT_NOT_ALLOWED, "not of trust_region" },
};

START_TEST(each_fault_of_an_optimizer_is_named_with_its_place)
{
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		people_wrong(&wrongs[i], &people);
	}
}
END_TEST

static const char fixed[] =
	CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimizer\": {\"type\": \"lbfgs\", "
		"\"line_search_fn\": null, \"max_iter\": 5, \"max_eval\": 25, \"tolerance_grad\": 1e-7, "
		"\"tolerance_change\": 1e-9, \"history_size\": 3, \"learning_rate\": 0.3}}";
static const char network[] =
	PEOPLE("\"target\": \"y\", \"features\": [\"a\", \"b\"]}, \"model\": {\"type\": \"mlp\"}, "
	       "\"optimizer\": \"lbfgs\"}");

/* What it resolves to, posted again, is the same. */
START_TEST(a_spec_with_a_fixed_step_or_a_search_resolves_to_itself)
{
	static const char *const bodies[] = { fixed, network };
	for (size_t i = 0; i < 2; i++) {
		struct job_spec *spec = people_right(bodies[i], &people),
				*again = people_right(spec->document, &people);
		ck_assert_str_eq(again->document, spec->document);
		job_spec_destroy(again);
		job_spec_destroy(spec);
	}
}
END_TEST

START_TEST(an_optimizer_that_compares_values_gets_every_row_unless_the_job_says_otherwise)
{
	struct job_spec *spec = people_right(network, &people);
	ck_assert_str_eq(spec->train.optimizer.type->name, "lbfgs");
	ck_assert_str_eq(settings_choice(&spec->train.optimizer.settings, "line_search_fn"), "strong_wolfe");
	ck_assert_uint_eq(spec->train.training.batch_size, 0); /* of a network 32 else */
	ck_assert_str_eq(spec->train.optimizer.schedule.type->name, "constant");
	job_spec_destroy(spec);
	spec = people_right(fixed, &people);
	ck_assert_str_eq(settings_choice(&spec->train.optimizer.settings, "line_search_fn"), "none");
	ck_assert_double_eq(settings_number(&spec->train.optimizer.settings, "max_eval"), 25);
	job_spec_destroy(spec);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api/job_optimizer");
	TCase *tcase = tcase_create("job_optimizer");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, each_fault_of_an_optimizer_is_named_with_its_place);
	tcase_add_test(tcase, a_spec_with_a_fixed_step_or_a_search_resolves_to_itself);
	tcase_add_test(tcase, an_optimizer_that_compares_values_gets_every_row_unless_the_job_says_otherwise);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
