/* The golden optimizer paths through HTTP: the x and the loss of every update, at each case's tolerance. */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/blackbox/exact.h"
#include "tests/blackbox/golden_job.h"
#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

/* Steps in which a minimum is to be reached where the path is not compared. */
enum { MINIMUM_STEPS = 500 };

static glob_t files; /* found by main */

/* A closed-form function with its constants. */
static void add_function(cJSON *job, const cJSON *objective, const double *x0, size_t n)
{
	cJSON *model = exact_object(job, "model");
	cJSON_AddStringToObject(model, "type", "function");
	cJSON_AddStringToObject(model, "function", golden_string(objective, "kind"));
	cJSON_AddItemToObject(model, "initial_point", exact_list(x0, n));
	const cJSON *item = NULL;
	cJSON_ArrayForEach(item, objective)
	{
		static const char *const others[] = { "kind", "dim", "formula", "expr" };
		bool constant = true;
		for (size_t i = 0; i < sizeof others / sizeof *others; i++)
			constant = constant && strcmp(item->string, others[i]) != 0;
		if (constant)
			cJSON_AddItemToObject(model, item->string, cJSON_Duplicate(item, true));
	}
	cJSON *training = exact_object(job, "training");
	cJSON_AddStringToObject(training, "dtype", "float64");
}

/* The golden `logistic`: a logistic regression without an intercept (its last column is all ones). A scale of -1 that
 * is maximised is the same path as 1 minimised. */
static void add_logistic(cJSON *job, const cJSON *objective, const double *x0)
{
	struct golden_data data = { .targets = 1 };
	data.x = keep(golden_matrix(objective, "X", &data.rows, &data.features));
	data.y = keep(golden_array(objective, "y", NULL));
	golden_add_data(job, &data);
	cJSON *model = exact_object(job, "model");
	cJSON_AddStringToObject(model, "type", "logistic_regression");
	cJSON_AddFalseToObject(model, "intercept");
	cJSON_AddNumberToObject(model, "l2", golden_number(objective, "l2"));
	cJSON *initial = exact_object(model, "initial_parameters");
	cJSON_AddItemToArray(cJSON_AddArrayToObject(initial, "parameters"),
			     exact_tensor("weight", data.features, 1, x0));
	golden_add_training(job, 1);
}

/* Some of the logistic cases run as a model over data, the others as the function of that name. */
static bool over_data(const cJSON *objective, const cJSON *optimizer)
{
	const char *algorithm = golden_string(optimizer, "algorithm");
	return strcmp(golden_string(objective, "kind"), "logistic") == 0 &&
	       (strcmp(algorithm, "sgd") == 0 || strcmp(algorithm, "adam") == 0);
}

static const char *case_job(const cJSON *one, const double *x0, size_t n, double steps, double *sign)
{
	const cJSON *objective = golden_get(one, "objective"), *optimizer = golden_get(one, "optimizer");
	bool logistic = over_data(objective, optimizer);
	cJSON *job = cJSON_CreateObject();
	if (logistic)
		add_logistic(job, objective, x0);
	else
		add_function(job, objective, x0, n);
	*sign = logistic ? golden_number(objective, "scale") : 1;
	if (golden_flag(optimizer, "maximize") && *sign > 0)
		cJSON_AddStringToObject(job, "direction", "maximize");
	cJSON *training = cJSON_GetObjectItemCaseSensitive(job, "training");
	cJSON_DeleteItemFromObjectCaseSensitive(training, "steps");
	cJSON_AddNumberToObject(training, "steps", steps);
	golden_add_optimizer(job, optimizer);
	exact_run_all_steps(job);
	cJSON *recording = exact_object(job, "recording");
	cJSON_AddNumberToObject(recording, "every_steps", 1);
	cJSON_AddTrueToObject(recording, "parameters");
	return exact_take(job);
}

/* The vectors of a path at the steps that were recorded. */
static void check_vectors(const cJSON *one, const double *path, size_t n, double tolerance)
{
	size_t vectors;
	double *golden = golden_matrix(one, "trajectory", &vectors, NULL),
	       *at = golden_array(one, "record_steps", NULL);
	for (size_t k = 0; k < vectors; k++) {
		double far = golden_distance(path + (size_t)at[k] * n, golden + k * n, n);
		ck_assert_msg(far <= tolerance, "%s: x after step %g off by %g, %g allowed", golden_string(one, "name"),
			      at[k], far, tolerance);
	}
	free(golden);
	free(at);
}

/* Only where it ends: the path is the line search's own. */
static void check_minimum(const cJSON *one, const double *x, double loss, size_t n, double tolerance)
{
	const cJSON *minimum = golden_get(one, "minimum");
	const char *name = golden_string(one, "name");
	double least = golden_number(minimum, "loss"), *golden = golden_array(minimum, "x", NULL);
	ck_assert_msg(golden_close(&loss, &least, 1, tolerance), "%s: loss %.17g, not %.17g", name, loss, least);
	if (!strstr(name, "himmelblau")) /* four equal minima */
		ck_assert_msg(golden_close(x, golden, n, tolerance), "%s: x off by %g", name,
			      golden_distance(x, golden, n));
	free(golden);
}

static void check_case(const struct server *server, const cJSON *one)
{
	const char *name = golden_string(one, "name");
	bool minimum = strcmp(golden_string(one, "compare"), "minimum") == 0;
	bool bound = strncmp(name, "lbfgs_strong_wolfe", 18) == 0; /* torch's own search is one of many */
	double steps = minimum ? MINIMUM_STEPS : golden_number(one, "steps"),
	       tolerance = golden_number(one, "tolerance");
	size_t n, points, losses;
	double *x0 = golden_array(one, "x0", &n), sign;
	const struct reply *job = job_run(server, case_job(one, x0, n, steps, &sign));
	const struct reply *curve = client_get(
		server, text_of("/v1/jobs/%s/curve?series=train_loss,parameters", string_at(job->json, "id")));
	expect(curve, 200);
	const double *got = curve_series(curve, "train_loss", &points);
	const double *path = keep(golden_matrix(get_at(curve->json, "series"), "parameters", NULL, NULL));
	ck_assert_uint_eq(points, (size_t)steps + 1);
	if (minimum) {
		check_minimum(one, path + (points - 1) * n, got[points - 1], n, tolerance);
		free(x0);
		return;
	}
	double *loss = golden_array(one, "loss", &losses);
	ck_assert_uint_eq(points, losses);
	for (size_t i = 0; i < losses; i++)
		loss[i] *= sign;
	if (bound) {
		double least = loss[losses - 1];
		ck_assert_msg(got[losses - 1] <= least + tolerance * fmax(1, fabs(least)),
			      "%s: loss %.17g, above %.17g", name, got[losses - 1], least);
	} else {
		double far = golden_distance(got, loss, losses);
		ck_assert_msg(far <= tolerance, "%s: loss off by %g, %g allowed", name, far, tolerance);
		check_vectors(one, path, n, tolerance);
	}
	free(x0);
	free(loss);
}

START_TEST(every_update_agrees_with_the_reference)
{
	const char *path = strstr(files.gl_pathv[_i], "golden/optimizers/");
	cJSON *file = golden_load(path);
	const cJSON *cases = cJSON_GetObjectItemCaseSensitive(file, "cases"), *one = NULL;
	if (cases) { /* else objectives.json */
		struct server *server = server_start(FLAGS("--log-level", "warn"));
		ck_assert_int_ge(cJSON_GetArraySize(cases), 2);
		cJSON_ArrayForEach(one, cases) check_case(server, one);
		finish(server);
	}
	cJSON_Delete(file);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/golden_paths");
	TCase *tests = tcase_create("paths");
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, every_update_agrees_with_the_reference, 0, (int)files.gl_pathc);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	const char *folder = getenv("TESTS_DATA");
	char pattern[4096];
	snprintf(pattern, sizeof pattern, "%s/golden/optimizers/*.json", folder ? folder : "tests/data");
	if (glob(pattern, 0, NULL, &files) != 0) {
		fprintf(stderr, "no file is %s (tests start in the repository's top folder)\n", pattern);
		return EXIT_FAILURE;
	}
	int failed = blackbox_run(suite());
	globfree(&files);
	return failed;
}
