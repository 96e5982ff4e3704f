/* Jobs: what is wrong is said all at once with its place; what is right comes back whole, and the same when POSTed
 * again. */
#include <cjson/cJSON.h>
#include <math.h>
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

static const char *const good[] = {
	PEOPLE("\"target\": \"label\", \"exclude\": \"three\"}, \"model\": {\"type\": \"logistic_regression\"}}"),
	PEOPLE("\"target\": \"two\", \"features\": [\"b\", \"a\"]}, \"model\": {\"type\": \"logistic_regression\", "
	       "\"l2\": 0.01}}"),
	PEOPLE("\"target\": \"three\", \"features\": [\"a\"], \"standardize\": false, \"validation_fraction\": 0.2}, "
	       "\"model\": "
	       "{\"type\": \"softmax_regression\"}, \"stopping\": {\"early_stopping\": {\"patience\": 3}}}"),
	PEOPLE("\"target\": [\"y\", \"a\"], \"features\": [\"b\"]}, \"model\": {\"type\": \"linear_regression\"}, "
	       "\"optimizer\": "
	       "{\"type\": \"sgd\", \"learning_rate\": 0.1, \"momentum\": 0.9, \"nesterov\": true, \"clip_grad_norm\": "
	       "2.385, "
	       "\"schedule\": {\"type\": \"step\", \"step_size\": 7, \"gamma\": 0.3, \"warmup_steps\": 5, \"per\": "
	       "\"epoch\"}}, "
	       "\"training\": {\"batch_size\": 32, \"epochs\": 9, \"steps\": 40, \"seed\": 9007199254740991, "
	       "\"dtype\": \"float64\", "
	       "\"shuffle\": false}}"),
	PEOPLE("\"target\": \"k\", \"exclude\": [\"label\", \"three\"], \"validation\": {\"id\": \"ds_people\"}}, "
	       "\"model\": {\"type\": "
	       "\"mlp\", \"loss\": \"cross_entropy\", \"layers\": [{\"type\": \"dense\", \"units\": 12, "
	       "\"activation\": \"tanh\"}, "
	       "{\"units\": 3}]}, \"recording\": {\"every_steps\": 3, \"parameters\": true}, \"name\": "
	       "\"caf\xc3\xa9\", \"metadata\": "
	       "{\"a\": \"b\"}, \"training\": {\"epochs\": 4}}"),
	PEOPLE("\"target\": \"y\", \"features\": [\"a\"]}, \"model\": {\"type\": \"mlp\"}}"),
	PEOPLE("\"target\": \"y\", \"features\": [\"a\", \"b\"]}, \"model\": {\"type\": \"linear_regression\", "
	       "\"initial_parameters\": "
	       "{\"job_id\": \"j\", \"parameters\": [{\"name\": \"bias\", \"values\": [2.385]}, {\"name\": \"weight\", "
	       "\"shape\": [2, 1], "
	       "\"dtype\": \"float32\", \"values\": [0.1, -3e-8]}]}}}"),
	PEOPLE("\"target\": \"y\", \"features\": [\"a\", \"b\"]}, \"model\": {\"type\": \"linear_regression\", "
	       "\"initial_parameters\": "
	       "{\"job_id\": \"job_1\", \"at\": \"best\"}}}"),
	"{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, 1], \"a\": "
	"2.385}}",
	"{\"model\": {\"type\": \"function\", \"function\": \"quadratic\", \"A\": [[2, 0.1], [0.1, 3]], \"b\": [1, "
	"-2], "
	"\"initial_point\": [1e300, 1], \"scale\": -0.5}, \"direction\": \"maximize\", \"stopping\": {\"target_loss\": "
	"-7, "
	"\"max_seconds\": 3.5, \"gradient_norm\": 0, \"loss_change\": null}, \"optimizer\": {\"type\": "
	"\"heavy_ball\"}}",
	"{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, 1]}, "
	"\"optimizer\": {"
	"\"schedule\": {\"type\": \"chain\", \"milestones\": [7], \"warmup_steps\": 2, \"schedules\": [\"cosine\", "
	"{\"type\": "
	"\"one_cycle\", \"max_momentum\": 0.9}]}}}",
	PEOPLE("\"target\": \"y\", \"features\": [\"a\", \"b\"]}, \"model\": {\"type\": \"linear_regression\", \"l2\": "
	       "0.1}, \"optimizer\": {\"type\": \"conjugate_gradient\", \"variant\": \"linear\"}}"),
};

static struct job_spec *resolve(const char *body)
{
	return people_right(body, &people);
}

START_TEST(a_spec_posted_as_it_stands_resolves_to_itself)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct job_spec *spec = resolve(good[i]), *again = resolve(spec->document);
		ck_assert_str_eq(again->document, spec->document);
		ck_assert_uint_eq(again->steps, spec->steps);
		ck_assert_uint_eq(again->memory_bytes, spec->memory_bytes);
		ck_assert(again->memory_bytes > 0);
		struct job_spec *loaded;
		struct problem problem;
		problem_init(&problem);
		ck_assert_int_eq(job_spec_load(spec->document, spec->document_length,
					       spec->has_dataset ? &people : NULL, &people, 2, &loaded, &problem),
				 OK);
		ck_assert_str_eq(loaded->document, spec->document);
		job_spec_destroy(loaded);
		job_spec_destroy(again);
		job_spec_destroy(spec);
		problem_fini(&problem);
	}
}
END_TEST

/* A value for each setting that has no default. */
static const char *required_settings(const struct schedule_type *type)
{
	static char text[256];
	text[0] = '\0';
	for (size_t i = 0; i < type->setting_count; i++) {
		const struct setting *setting = &type->settings[i];
		if (setting->required) {
			const size_t length = strlen(text);
			snprintf(text + length, sizeof text - length, ", \"%s\": %s", setting->name,
				 setting->kind == SETTING_VECTOR ? "[1]" : "1");
		}
	}
	if (type->chains) {
		return ", \"schedules\": [\"cosine\", \"wsd\"]";
	}
	return text;
}

/* What is in the tables can be named, and its defaults are a spec that can be posted again. */
START_TEST(every_optimizer_and_schedule_of_the_tables_is_one_of_the_service)
{
	static const char model[] =
		"{\"model\": {\"type\": \"function\", \"function\": \"matrix_lsq\", \"A\": [[1, 2], [3, "
		"5]], \"C\": [[1, 0.5], [2.385, 1]], \"initial_point\": [1, 2, 3, 4]}, ";
	static const char linear[] = PEOPLE("\"target\": \"y\", \"features\": [\"a\", \"b\"]}, \"model\": {\"type\": "
					    "\"linear_regression\"}, ");
	char body[512];
	for (size_t i = 0; i < optimizer_type_count + schedule_type_count; i++) {
		const bool optimizer = i < optimizer_type_count;
		const size_t k = i - (optimizer ? 0 : optimizer_type_count);
		if (optimizer && strcmp(optimizer_at(k)->name, "levenberg_marquardt") == 0) {
			continue; /* it wants rows: tests/blackbox/test_fits.c */
		}
		if (optimizer) {
			const struct optimizer_type *type = optimizer_at(k);
			struct objective none = { .n = 4 };
			struct setting_value value[OPTIMIZER_SETTINGS];
			settings_defaults(type->settings, type->setting_count, value);
			const struct settings settings = { type->settings, type->setting_count, value };
			const bool rows = type->suits != NULL && type->suits(&settings, &none, NULL) != OK;
			snprintf(body, sizeof body, "%s\"optimizer\": \"%s\"}", rows ? linear : model, type->name);
		} else {
			snprintf(body, sizeof body, "%s\"optimizer\": {\"schedule\": {\"type\": \"%s\"%s}}}", model,
				 schedule_types[k]->name, required_settings(schedule_types[k]));
		}
		struct job_spec *spec = resolve(body), *again = resolve(spec->document);
		ck_assert_str_eq(again->document, spec->document);
		ck_assert_str_eq(optimizer ? spec->train.optimizer.type->name
					   : spec->train.optimizer.schedule.type->name,
				 optimizer ? optimizer_at(k)->name : schedule_types[k]->name);
		job_spec_destroy(again);
		job_spec_destroy(spec);
	}
}
END_TEST

START_TEST(three_words_are_a_whole_job)
{
	struct job_spec *spec = resolve(good[0]);
	ck_assert_str_eq(spec->model.type->name, "logistic_regression");
	ck_assert_str_eq(spec->train.optimizer.type->name, "newton");
	ck_assert_str_eq(spec->train.optimizer.schedule.type->name, "constant");
	ck_assert_uint_eq(spec->train.training.batch_size, 0);
	ck_assert_int_eq(spec->train.training.dtype, DTYPE_FLOAT32);
	ck_assert_double_eq(spec->train.stopping.gradient_norm, 1e-4);
	ck_assert(isnan(spec->train.optimizer.clip_grad_norm));
	ck_assert(isnan(spec->train.stopping.max_seconds));
	ck_assert_uint_eq(spec->steps, 1000);
	ck_assert_uint_eq(spec->train.recording.every_steps, 1);
	ck_assert_uint_eq(spec->class_count, 2);
	ck_assert_str_eq(spec->class_text[1], "yes");
	ck_assert_ptr_null(spec->class_number);
	ck_assert_uint_eq(spec->feature_count, 7);
	ck_assert_str_eq(spec->feature[2], "x/~y");
	ck_assert(spec->standardize);
	ck_assert_uint_eq(spec->warning_count, 1);
	ck_assert_ptr_nonnull(strstr(spec->warning[0], "x/~y and one"));
	job_spec_destroy(spec);
}
END_TEST

START_TEST(what_a_job_says_is_what_the_core_gets)
{
	struct job_spec *spec = resolve(good[3]);
	ck_assert_uint_eq(spec->target_count, 2);
	ck_assert_uint_eq(spec->target_column[0], 3);
	ck_assert_uint_eq(spec->shape.targets, 2);
	ck_assert_uint_eq(spec->shape.features, 1);
	ck_assert_double_eq(settings_number(&spec->train.optimizer.settings, "momentum"), 0.9);
	ck_assert(settings_bool(&spec->train.optimizer.settings, "nesterov"));
	ck_assert_double_eq(spec->train.optimizer.clip_grad_norm, 2.385);
	ck_assert_double_eq(settings_number(&spec->train.optimizer.schedule.settings, "gamma"), 0.3);
	ck_assert(spec->train.optimizer.schedule.per_epoch);
	ck_assert_uint_eq(spec->train.optimizer.schedule.warmup_steps, 5);
	ck_assert_uint_eq(spec->train.training.seed, 9007199254740991u);
	ck_assert_uint_eq(spec->steps, 40);
	ck_assert(isnan(spec->train.stopping.gradient_norm));
	job_spec_destroy(spec);
	spec = resolve(good[2]);
	ck_assert_uint_eq(spec->validation_rows, 30);
	ck_assert_uint_eq(spec->training_rows, 120);
	ck_assert(spec->train.stopping.early_stopping);
	ck_assert_int_eq(spec->train.stopping.early_metric, METRIC_VALIDATION_LOSS);
	ck_assert_uint_eq(spec->train.stopping.patience, 3);
	job_spec_destroy(spec);
	spec = resolve(good[6]);
	ck_assert_uint_eq(spec->initial_count, 3);
	ck_assert_double_eq_tol(spec->initial[0] * 10 + spec->initial[1] * 1e8 + spec->initial[2], 1 - 3 + 2.385,
				1e-12);
	job_spec_destroy(spec);
	spec = resolve(good[9]);
	ck_assert_int_eq(spec->train.direction, MAXIMIZE);
	ck_assert_double_eq(spec->model.scale, -0.5);
	ck_assert_double_eq(settings_get(&spec->model.function_settings, "A")->values[3], 3);
	ck_assert_int_eq(spec->train.training.dtype, DTYPE_FLOAT64);
	ck_assert(isnan(spec->train.stopping.gradient_norm));
	ck_assert(isnan(spec->train.stopping.loss_change));
	ck_assert_double_eq(spec->train.stopping.parameter_change, 1e-12);
	ck_assert_double_eq(spec->train.stopping.target_loss, -7);
	ck_assert_uint_eq(spec->train.recording.every_steps, 2);
	job_spec_destroy(spec);
}
END_TEST

static const struct wrong wrongs[] = {
	{ "[]", "", FAULT_WRONG_TYPE, "a job is an object" },
	{ "{}", "/model", FAULT_MISSING, "needs a model" },
	{ "{\"model\": {}}", "/model/type", FAULT_MISSING, "say which model" },
	{ "{\"model\": {\"type\": \"mpl\"}}", "/model/type", FAULT_NOT_ALLOWED, "did you mean mlp?" },
	{ "{\"model\": {\"type\": 7}}", "/model/type", FAULT_WRONG_TYPE, "a string is wanted" },
	{ "{\"model\": {\"type\": \"mlp\"}}", "/dataset", FAULT_MISSING, "needs a dataset" },
	{ "{\"model\": {\"type\": \"mlp\"}, \"dataset\": {}}", "/dataset", FAULT_MISSING, "give the id" },
	{ "{\"model\": {\"type\": \"mlp\"}, \"dataset\": {\"id\": \"ds_x\"}}", "/dataset/id", FAULT_NOT_FOUND,
	  "no dataset 'ds_x'" },
	{ "{\"model\": {\"type\": \"mlp\"}, \"dataset\": {\"id\": \"ds_x\", \"inline\": []}}", "/dataset/id",
	  FAULT_NOT_ALLOWED, "not both" },
	{ PEOPLE("\"target\": \"lable\"}, \"model\": {\"type\": \"mlp\"}}"), "/dataset/target", FAULT_NOT_FOUND,
	  "did you mean label?" },
	{ PEOPLE("\"features\": [\"a\"]}, \"model\": {\"type\": \"mlp\"}}"), "/dataset/target", FAULT_MISSING,
	  "which column" },
	{ PEOPLE("\"target\": \"y\", \"features\": [\"a\", \"y\"]}, \"model\": {\"type\": \"mlp\"}}"),
	  "/dataset/features/1", FAULT_NOT_ALLOWED, "it cannot be a feature too" },
	{ PEOPLE("\"target\": \"y\", \"features\": [\"a\", \"a\"]}, \"model\": {\"type\": \"mlp\"}}"),
	  "/dataset/features/1", FAULT_DUPLICATE, "named twice" },
	{ PEOPLE("\"target\": \"y\", \"features\": [\"a\", \"label\"]}, \"model\": {\"type\": \"mlp\"}}"),
	  "/dataset/features/1", FAULT_NOT_ALLOWED, "one-hot encoding is not available yet" },
	{ PEOPLE("\"target\": \"y\", \"features\": []}, \"model\": {\"type\": \"mlp\"}}"), "/dataset/features",
	  FAULT_MISSING, "no column is left" },
	{ PEOPLE("\"target\": \"y\", \"features\": [\"a\"], \"categorical\": [\"k\"]}, \"model\": {\"type\": "
		 "\"mlp\"}}"),
	  "/dataset/categorical", FAULT_NOT_ALLOWED, "not available yet" },
	{ PEOPLE("\"target\": \"y\", \"features\": [\"a\"], \"missing\": \"mean\"}, \"model\": {\"type\": \"mlp\"}}"),
	  "/dataset/missing", FAULT_NOT_ALLOWED, "not available yet" },
	{ PEOPLE("\"target\": \"y\", \"features\": [\"a\"], \"validation_fraction\": 1}, \"model\": {\"type\": "
		 "\"mlp\"}}"),
	  "/dataset/validation_fraction", FAULT_OUT_OF_RANGE, "at least 0 and below 1" },
	{ PEOPLE("\"target\": \"y\", \"features\": [\"a\"], \"validation_fraction\": 0.999}, \"model\": {\"type\": "
		 "\"mlp\"}}"),
	  "/dataset/validation_fraction", FAULT_OUT_OF_RANGE, "none to train on" },
	{ PEOPLE("\"target\": \"y\", \"features\": [\"a\"], \"validation\": {\"id\": \"ds_z\"}}, \"model\": {\"type\": "
		 "\"mlp\"}}"),
	  "/dataset/validation/id", FAULT_NOT_FOUND, "no dataset" },
	{ PEOPLE("\"target\": \"one\", \"features\": [\"a\"]}, \"model\": {\"type\": \"softmax_regression\"}}"),
	  "/dataset/target", FAULT_NOT_ALLOWED, "one class only" },
	{ PEOPLE("\"target\": \"three\", \"features\": [\"a\"]}, \"model\": {\"type\": \"logistic_regression\"}}"),
	  "/dataset/target", FAULT_NOT_ALLOWED, "use softmax_regression" },
	{ PEOPLE("\"target\": \"label\", \"features\": [\"a\"]}, \"model\": {\"type\": \"linear_regression\"}}"),
	  "/dataset/target", FAULT_NOT_ALLOWED, "holds text" },
	{ PEOPLE("\"target\": \"y\", \"features\": [\"a\"]}, \"model\": {\"type\": \"softmax_regression\"}}"),
	  "/dataset/target", FAULT_NOT_ALLOWED, "too many for classes" },
	{ PEOPLE("\"target\": [\"k\", \"two\"], \"features\": [\"a\"]}, \"model\": {\"type\": "
		 "\"softmax_regression\"}}"),
	  "/dataset/target", FAULT_NOT_ALLOWED, "one target" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\", \"layers\": []}}", "/model/layers", FAULT_NOT_ALLOWED,
	  "belongs to mlp" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\", \"loss\": \"log_los\"}}", "/model/loss",
	  FAULT_NOT_ALLOWED, "did you mean log_loss?" },
	{ CLASSES "\"model\": {\"type\": \"mlp\", \"layers\": [{\"units\": 0}]}}", "/model/layers/0/units",
	  FAULT_OUT_OF_RANGE, "at least 1" },
	{ CLASSES "\"model\": {\"type\": \"mlp\", \"layers\": [{\"activation\": \"relu\"}]}}", "/model/layers/0/units",
	  FAULT_MISSING, "needed" },
	{ CLASSES "\"model\": {\"type\": \"mlp\", \"layers\": [{\"units\": 2, \"activation\": \"rleu\"}]}}",
	  "/model/layers/0/activation", FAULT_NOT_ALLOWED, "did you mean relu?" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"training\": {\"seed\": 9007199254740992}}",
	  "/training/seed", FAULT_OUT_OF_RANGE, "2^53" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"training\": {\"seed\": 9007199254740993}}",
	  "/training/seed", FAULT_OUT_OF_RANGE, "2^53" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"training\": {\"epochs\": 2.5}}",
	  "/training/epochs", FAULT_WRONG_TYPE, "a whole number" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"training\": {\"epochs\": 0}}", "/training/epochs",
	  FAULT_OUT_OF_RANGE, "at least 1" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"training\": {\"epochs\": 9007199254740991, "
		  "\"batch_size\": 1}}",
	  "/training/epochs", FAULT_OUT_OF_RANGE, "2^53" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"training\": {\"batch_size\": \"half\"}}",
	  "/training/batch_size", FAULT_NOT_ALLOWED, "\"full\"" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"training\": {\"dtype\": \"float16\"}}",
	  "/training/dtype", FAULT_NOT_ALLOWED, "float32" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"training\": {\"restarts\": 1001}}",
	  "/training/restarts", FAULT_OUT_OF_RANGE, "1000" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"stopping\": {\"early_stopping\": {\"metric\": "
		  "\"validation_loss\"}}}",
	  "/stopping/early_stopping/metric", FAULT_NOT_ALLOWED, "nothing is validated" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"stopping\": {\"gradient_norm\": \"small\"}}",
	  "/stopping/gradient_norm", FAULT_WRONG_TYPE, "a number is wanted, a string was given" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"recording\": {\"every_steps\": 0}}",
	  "/recording/every_steps", FAULT_OUT_OF_RANGE, "at least 1" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"direction\": \"up\"}", "/direction",
	  FAULT_NOT_ALLOWED, "none of the words" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"metadata\": {\"a\": 1}}", "/metadata/a",
	  FAULT_WRONG_TYPE, "a string" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"name\": 1}", "/name", FAULT_WRONG_TYPE,
	  "a string" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\"}, \"optimiser\": {}}", "/optimiser",
	  FAULT_UNKNOWN_FIELD, "did you mean optimizer?" },
	{ CLASSES
	  "\"model\": {\"type\": \"logistic_regression\", \"initial_parameters\": [{\"name\": \"weight\", \"values\": "
	  "[1,2,3,4,5,6,7]}]}}",
	  "/model/initial_parameters", FAULT_MISSING, "the tensor bias is missing" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\", \"initial_parameters\": {\"parameters\": [{\"name\": "
		  "\"weight\", \"values\": "
		  "[1,2,3,4,5,6]}, {\"name\": \"bias\", \"values\": [0]}]}}}",
	  "/model/initial_parameters/parameters/0/values", FAULT_OUT_OF_RANGE, "7 numbers are wanted, 6 were given" },
	{ CLASSES "\"model\": {\"type\": \"logistic_regression\", \"initial_parameters\": {\"parameters\": [{\"name\": "
		  "\"weight\", \"values\": [1,2,3,4,5,6,-1e39]}, {\"name\": \"bias\", \"values\": [0]}]}}}",
	  "/model/initial_parameters/parameters/0/values/6", FAULT_OUT_OF_RANGE, "float32" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"dataset\": {\"id\": \"ds_people\"}}"), "/dataset", FAULT_NOT_ALLOWED,
	  "without a dataset" },
	{ FUNCTION("\"a\": 2}}"), "/model/initial_point", FAULT_MISSING, "where to begin" },
	{ FUNCTION("\"initial_point\": [1, \"2\"]}}"), "/model/initial_point/1", FAULT_WRONG_TYPE,
	  "a number is wanted" },
	{ FUNCTION("\"initial_point\": [1]}}"), "/model/initial_point", FAULT_OUT_OF_RANGE, "the initial point has 1" },
	{ FUNCTION("\"initial_point\": [1, 2], \"loss\": \"mse\"}}"), "/model/loss", FAULT_NOT_ALLOWED, "belongs to" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"training\": {\"epochs\": 3}}"), "/training/epochs", FAULT_NOT_ALLOWED,
	  "give steps" },
	{ FUNCTION("\"initial_point\": [1, 2]}, \"recording\": {\"parameters\": true}, \"training\": {\"steps\": "
		   "1000000000}, \"stopping\": 0}"),
	  "/stopping", FAULT_WRONG_TYPE, "an object" },
	{ "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrok\", \"initial_point\": [1, 2]}}",
	  "/model/function", FAULT_NOT_ALLOWED, "did you mean rosenbrock?" },
	{ "{\"model\": {\"type\": \"function\", \"function\": \"quadratic\", \"A\": [[1, 2], [3]], \"initial_point\": "
	  "[1, 2]}}",
	  "/model/A/1", FAULT_OUT_OF_RANGE, "2 numbers are wanted" },
	{ "{\"model\": {\"type\": \"function\", \"function\": \"quadratic\", \"A\": [[1]], \"initial_point\": [1, 2]}}",
	  "/model", FAULT_OUT_OF_RANGE, "A must be 2 x 2" },
};

START_TEST(each_fault_is_named_with_its_place)
{
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		people_wrong(&wrongs[i], &people);
	}
}
END_TEST

START_TEST(all_faults_come_at_once)
{
	const char body[] =
		PEOPLE("\"target\": \"label\", \"exclud\": [\"three\"], \"standardize\": 1}, \"model\": {\"type\": "
		       "\"logistic_regression\", \"l2\": -1}, \"optimizer\": {\"type\": \"adam\", \"beta9\": 1}, "
		       "\"training\": "
		       "{\"epochs\": \"7\", \"seed\": -1}, \"stopping\": {\"gradient_norm\": -1}, \"recording\": []}");
	struct problem problem;
	struct job_spec *spec;
	problem_init(&problem);
	ck_assert_int_eq(people_resolve(body, strlen(body), &people, &spec, &problem), E_INVALID);
	/* exclud, standardize, three among the features, l2, beta9, epochs, seed, gradient_norm, recording */
	ck_assert_uint_eq(problem.faults, 9);
	problem_fini(&problem);
	/* Duplicates stop a job, but do not hide the rest. */
	const char twice[] = "{\"model\": {\"type\": \"mlp\", \"type\": \"mlp\"}, \"optimizr\": 1, \"dataset\": "
			     "{\"id\": \"ds_people\"}}";
	problem_init(&problem);
	ck_assert_int_eq(people_resolve(twice, strlen(twice), &people, &spec, &problem), E_INVALID);
	ck_assert_uint_eq(problem.faults, 2);
	ck_assert_str_eq(problem.fault[0].pointer, "/model/type");
	ck_assert_str_eq(problem.fault[1].suggestion, "optimizer");
	problem_fini(&problem);
}
END_TEST

START_TEST(a_batch_larger_than_the_data_is_all_of_it_with_a_warning)
{
	struct job_spec *spec = resolve(
		PEOPLE("\"target\": \"y\", \"features\": [\"a\"]}, \"model\": {\"type\": \"linear_regression\"}, "
		       "\"training\": {\"batch_size\": 151, \"epochs\": 2}}"));
	ck_assert_uint_eq(spec->train.training.batch_size, 0);
	ck_assert_uint_eq(spec->steps, 2);
	ck_assert_uint_eq(spec->warning_count, 1);
	ck_assert_ptr_nonnull(strstr(spec->warning[0], "150 training rows"));
	job_spec_destroy(spec);
}
END_TEST

START_TEST(a_spec_is_shown_with_long_arrays_elided)
{
	struct text text, shown;
	text_init(&text);
	text_init(&shown);
	text_puts(&text, "{\"a\":\"[\\\"1,2\",\"f\":[\"x\",\"y\"],\"short\":[[1,2],[-3e+5,4.5]],\"long\":[0");
	for (int i = 1; i < 257; i++) {
		text_printf(&text, ",%d", i);
	}
	text_puts(&text, "],\"rows\":[[0");
	for (int i = 1; i < 400; i++) {
		text_puts(&text, i % 20 == 0 ? "],[1" : ",1");
	}
	text_puts(&text, "]]}");
	ck_assert_int_eq(job_spec_elide(text.data, text.length, &shown), OK);
	ck_assert_ptr_nonnull(strstr(shown.data, "{\"a\":\"[\\\"1,2\",\"f\":[\"x\",\"y\"],\"short\":[[1,2],[-3e+5,4.5]]"
						 ",\"long\":{\"elided\":257,\"sha256\":\""));
	ck_assert_ptr_nonnull(strstr(shown.data, "\"},\"rows\":{\"elided\":400,\"sha256\":\""));
	cJSON *json = cJSON_Parse(shown.data);
	ck_assert_ptr_nonnull(json);
	cJSON_Delete(json);
	text_fini(&text);
	text_fini(&shown);
}
END_TEST

START_TEST(a_dry_run_answers_spec_estimate_and_warnings)
{
	struct job_spec *spec = resolve(good[0]);
	struct text text;
	text_init(&text);
	job_spec_render_dry_run(spec, NULL, &text);
	cJSON *json = cJSON_Parse(text.data);
	ck_assert_double_eq(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "estimate"), "parameters")->valuedouble, 8);
	ck_assert_double_eq(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "estimate"), "steps")->valuedouble, 1000);
	ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(json, "warnings")), 1);
	ck_assert(cJSON_IsObject(cJSON_GetObjectItem(json, "spec")));
	cJSON_Delete(json);
	text_fini(&text);
	job_spec_destroy(spec);
}
END_TEST

static uint64_t random_state = 2385;
static uint64_t random_bits(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 2685821657736338717u;
}

/* One change somewhere: a byte, a cut, a piece doubled, a word of JSON put in. */
static size_t mutate(char *body, size_t length, size_t room)
{
	static const char *const words[] = {
		"null", "[]", "{}", "1e400", "-1", "\"\"", "true", "0", "9007199254740993", "[[[1]]]", ",", "\"type\":"
	};
	size_t at = random_bits() % (length + 1);
	const char *word = words[random_bits() % (sizeof words / sizeof words[0])];
	switch (random_bits() % 4) {
	case 0:
		if (at < length) {
			body[at] = (char)(random_bits() & 0xFF);
		}
		return length;
	case 1: {
		size_t gone = random_bits() % 8;
		gone = gone > length - at ? length - at : gone;
		memmove(body + at, body + at + gone, length - at - gone);
		return length - gone;
	}
	case 2: {
		/* The value after the next colon becomes another one. */
		char *colon = memchr(body + at, ':', length - at);
		size_t size = strlen(word);
		if (colon == NULL) {
			return length;
		}
		size_t from = (size_t)(colon - body) + 1, to = from;
		while (to < length && strchr(",}]", body[to]) == NULL) {
			to++;
		}
		if (length - (to - from) + size > room) {
			return length;
		}
		memmove(body + from + size, body + to, length - to);
		memcpy(body + from, word, size);
		return length - (to - from) + size;
	}
	default: {
		size_t piece = random_bits() % 40;
		piece = piece > length - at ? length - at : piece;
		if (length + piece > room) {
			return length;
		}
		memmove(body + at + piece, body + at, length - at);
		return length + piece;
	}
	}
}

START_TEST(no_mutilated_body_does_any_harm)
{
	enum { ROOM = 4096, ROUNDS = 6000 };
	size_t accepted = 0, malformed = 0, invalid = 0;
	for (size_t k = 0; k < ROUNDS; k++) {
		const char *original = good[k % (sizeof good / sizeof good[0])];
		char *body = malloc(ROOM);
		size_t length = strlen(original);
		memcpy(body, original, length);
		for (size_t i = random_bits() % 4 + 1; i > 0; i--) {
			length = mutate(body, length, ROOM);
		}
		/* The very size, so that a sanitizer sees any read past the end. */
		char *exact = malloc(length + 1);
		memcpy(exact, body, length);
		exact = realloc(exact, length == 0 ? 1 : length);
		struct problem problem;
		struct job_spec *spec;
		problem_init(&problem);
		enum status status = people_resolve(exact, length, &people, &spec, &problem);
		ck_assert(status == OK || status == E_INVALID);
		ck_assert((status == E_INVALID) == problem_any(&problem));
		if (status == OK) {
			struct job_spec *again = resolve(spec->document);
			ck_assert_str_eq(again->document, spec->document);
			job_spec_destroy(again);
			accepted++;
		} else if (problem.kind == PROBLEM_MALFORMED) {
			malformed++;
		} else {
			struct text text;
			text_init(&text);
			problem_render(&problem, "r", &text);
			cJSON *json = cJSON_Parse(text.data);
			ck_assert_msg(json != NULL, "%s", text.data);
			cJSON_Delete(json);
			text_fini(&text);
			invalid++;
		}
		job_spec_destroy(spec);
		problem_fini(&problem);
		free(exact);
		free(body);
	}
	/* Each road was taken. */
	ck_assert(accepted > 50 && malformed > 500 && invalid > 500);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api/job_spec");
	TCase *tcase = tcase_create("job_spec");
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_spec_posted_as_it_stands_resolves_to_itself);
	tcase_add_test(tcase, every_optimizer_and_schedule_of_the_tables_is_one_of_the_service);
	tcase_add_test(tcase, three_words_are_a_whole_job);
	tcase_add_test(tcase, what_a_job_says_is_what_the_core_gets);
	tcase_add_test(tcase, each_fault_is_named_with_its_place);
	tcase_add_test(tcase, all_faults_come_at_once);
	tcase_add_test(tcase, a_batch_larger_than_the_data_is_all_of_it_with_a_warning);
	tcase_add_test(tcase, a_spec_is_shown_with_long_arrays_elided);
	tcase_add_test(tcase, a_dry_run_answers_spec_estimate_and_warnings);
	tcase_add_test(tcase, no_mutilated_body_does_any_harm);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
