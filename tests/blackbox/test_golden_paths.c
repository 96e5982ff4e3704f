/* The golden optimizer paths through HTTP: the x and the loss of every update, at each case's tolerance. */
#include <string.h>

#include "tests/blackbox/exact.h"
#include "tests/blackbox/golden_job.h"
#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

static const char *const files[] = {
	"sgd",
	"sgd_momentum",
	"sgd_dampening",
	"sgd_nesterov",
	"sgd_weight_decay",
	"sgd_momentum_weight_decay",
	"sgd_nesterov_weight_decay",
	"sgd_maximize",
	"sgd_clip_norm",
	"sgd_clip_value",
	"momentum_buffer",
	"momentum_buffer_decaying_lr",
	"momentum_velocity",
	"momentum_velocity_decaying_lr",
	"momentum_scaled",
	"momentum_scaled_decaying_lr",
	"nesterov_lookahead",
	"nesterov_lookahead_decaying_lr",
	"adam",
	"adam_amsgrad",
	"adam_eps",
	"adam_maximize",
	"adam_weight_decay",
};
enum { FILES = sizeof files / sizeof *files };

/* A closed-form function with its constants. */
static void add_function(cJSON *job, const cJSON *objective, const double *x0, size_t n)
{
	cJSON *model = exact_object(job, "model");
	cJSON_AddStringToObject(model, "type", "function");
	cJSON_AddStringToObject(model, "function", golden_string(objective, "kind"));
	cJSON_AddItemToObject(model, "initial_point", exact_list(x0, n));
	static const char *const constants[] = { "A", "a", "b", "c", "scale" };
	for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
		const cJSON *value = cJSON_GetObjectItemCaseSensitive(objective, constants[i]);
		if (value)
			cJSON_AddItemToObject(model, constants[i], cJSON_Duplicate(value, true));
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

static bool known(const char *kind)
{
	static const char *const kinds[] = { "quadratic", "rosenbrock", "himmelblau", "logistic" };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

static const char *case_job(const cJSON *one, const double *x0, size_t n, double *sign)
{
	const cJSON *objective = golden_get(one, "objective"), *optimizer = golden_get(one, "optimizer");
	bool logistic = strcmp(golden_string(objective, "kind"), "logistic") == 0;
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
	cJSON_AddNumberToObject(training, "steps", golden_number(one, "steps"));
	golden_add_optimizer(job, optimizer);
	exact_run_all_steps(job);
	cJSON *recording = exact_object(job, "recording");
	cJSON_AddNumberToObject(recording, "every_steps", 1);
	cJSON_AddTrueToObject(recording, "parameters");
	return exact_take(job);
}

static void check_path(const struct server *server, const cJSON *one)
{
	const char *name = golden_string(one, "name");
	size_t n, points, losses, vectors;
	double *x0 = golden_array(one, "x0", &n), sign, tolerance = golden_number(one, "tolerance");
	const struct reply *job = job_run(server, case_job(one, x0, n, &sign));
	const struct reply *curve = client_get(
		server, text_of("/v1/jobs/%s/curve?series=train_loss,parameters", string_at(job->json, "id")));
	expect(curve, 200);
	const double *got = curve_series(curve, "train_loss", &points);
	double *loss = golden_array(one, "loss", &losses);
	ck_assert_uint_eq(points, losses);
	for (size_t i = 0; i < losses; i++)
		loss[i] *= sign;
	double far = golden_distance(got, loss, losses);
	ck_assert_msg(far <= tolerance, "%s: loss off by %g, %g allowed", name, far, tolerance);
	const double *path = keep(golden_matrix(get_at(curve->json, "series"), "parameters", NULL, NULL));
	double *golden = golden_matrix(one, "trajectory", &vectors, NULL),
	       *at = golden_array(one, "record_steps", NULL);
	for (size_t k = 0; k < vectors; k++) {
		far = golden_distance(path + (size_t)at[k] * n, golden + k * n, n);
		ck_assert_msg(far <= tolerance, "%s: x after step %g off by %g, %g allowed", name, at[k], far,
			      tolerance);
	}
	free(x0);
	free(loss);
	free(golden);
	free(at);
}

START_TEST(every_update_agrees_with_the_reference)
{
	struct server *server = server_start(FLAGS("--log-level", "warn"));
	cJSON *file = golden_load(text_of("golden/optimizers/%s.json", files[_i]));
	const cJSON *one = NULL;
	unsigned checked = 0;
	cJSON_ArrayForEach(one, golden_get(file, "cases"))
	{
		if (!known(golden_string(golden_get(one, "objective"), "kind")))
			continue;
		check_path(server, one);
		checked++;
	}
	ck_assert_uint_ge(checked, 3);
	cJSON_Delete(file);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/golden_paths");
	TCase *tests = tcase_create("paths");
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, every_update_agrees_with_the_reference, 0, FILES);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
