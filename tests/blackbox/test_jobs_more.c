/* Jobs beyond the first: inline data, functions, lists, waiting, cancelling, early stopping, divergence. */
#include <math.h>
#include <string.h>

#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

/* Long enough that a test can catch it at work: 10^11 updates, of which a fast machine makes some 10^7 a second. */
#define ENDLESS                                                                                                        \
	"{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, 1]}, "           \
	"\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 1e-9}, "                                                \
	"\"training\": {\"steps\": 100000000000}, "                                                                    \
	"\"stopping\": {\"gradient_norm\": null, \"loss_change\": null, \"parameter_change\": null}}"

START_TEST(small_data_comes_inline_in_three_forms_with_the_same_result)
{
	struct server *server = server_start(NULL);
	const char *const forms[] = {
		"{\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[0.5, 1.1], [1.5, 2.9], [2.5, 5.2], [4, 8.1]]}, "
		"\"target\": \"y\"}",
		"{\"inline\": [{\"x\": 0.5, \"y\": 1.1}, {\"x\": 1.5, \"y\": 2.9}, {\"x\": 2.5, \"y\": 5.2}, {\"x\": "
		"4, \"y\": 8.1}], \"target\": \"y\"}",
		"{\"inline\": {\"columns\": [\"x\"], \"rows\": [[0.5], [1.5], [2.5], [4]], \"target\": [1.1, 2.9, 5.2, "
		"8.1]}}",
	};
	const char *id[3];
	for (size_t i = 0; i < 3; i++) {
		const char *json = text_of("{\"dataset\": %s, \"model\": {\"type\": \"linear_regression\"}, "
					   "\"training\": {\"dtype\": \"float64\"}}",
					   forms[i]);
		const struct reply *job = job_run(server, json);
		id[i] = string_at(job->json, "id");
		ck_assert_double_gt(number_at(job->json, "metrics.train_r2"), 0.99);
	}
	expect_same_results(server, id[0], server, id[1]);
	expect_same_results(server, id[0], server, id[2]);
	const struct reply *predicted =
		client_post(server, text_of("/v1/jobs/%s/predictions", id[0]), "{\"inputs\": [[3]]}");
	/* Least squares by hand: y = 0.02336 + 2.0243 x. */
	ck_assert_double_eq_tol(number_at(predicted->json, "predictions.0"), 6.0963, 0.02);
	ck_assert_ptr_null(find(predicted->json, "probabilities"));
	ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, "/v1/datasets")->json, "data")), 0);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, "/v1/datasets?inline=true")->json, "data")), 3);
	for (size_t i = 0; i < 3; i++)
		expect(client_delete(server, text_of("/v1/jobs/%s", id[i])), 204);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, "/v1/datasets?inline=true")->json, "data")), 0);
	finish(server);
}
END_TEST

START_TEST(a_post_can_wait_for_the_end_and_take_curve_and_weights_home)
{
	struct server *server = server_start(NULL);
	const struct call call = {
		.path = "/v1/jobs?include=curve,weights",
		.header = "Prefer: wait=60",
		.body = "{\"model\": {\"type\": \"function\", \"function\": \"himmelblau\", \"initial_point\": [-0.5, "
			"2.385]}, "
			"\"optimizer\": {\"type\": \"adam\", \"learning_rate\": 0.05}, \"training\": {\"steps\": "
			"2000}}",
	};
	const struct reply *job = client_call(server, &call);
	expect(job, 200);
	ck_assert_str_eq(string_at(job->json, "status"), "succeeded");
	const char *applied = reply_header(job, "Preference-Applied");
	ck_assert_msg(applied && strstr(applied, "wait"), "Preference-Applied: %s", applied ? applied : "none");
	double x = number_at(job->json, "weights.parameters.0.values.0"),
	       y = number_at(job->json, "weights.parameters.0.values.1");
	double p = x * x + y - 11, q = x + y * y - 7;
	ck_assert_double_lt(p * p + q * q, 1e-8);
	ck_assert_str_eq(string_at(job->json, "weights.parameters.0.name"), "x");
	ck_assert_str_eq(string_at(job->json, "weights.parameters.0.dtype"), "float64");
	ck_assert_double_eq_tol(number_at(job->json, "curve.series.train_loss.0"), 73.255753650625, 1e-12);
	const struct reply *waited = client_post(server, "/v1/jobs?wait=0.2", ENDLESS);
	expect(waited, 202);
	ck_assert_double_ge(waited->seconds, 0.2);
	ck_assert_double_lt(waited->seconds, 60); /* longer than that nobody waits, whatever is asked for */
	ck_assert_ptr_nonnull(reply_header(waited, "Retry-After"));
	finish(server);
}
END_TEST

START_TEST(maximize_climbs)
{
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(
		server,
		"{\"direction\": \"maximize\", \"model\": {\"type\": \"function\", \"function\": \"quadratic\", "
		"\"A\": [[-2, 0.5], [0.5, -1]], \"b\": [1, 2], \"c\": 3.5, \"initial_point\": [4, -3]}, "
		"\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 0.2}, \"training\": {\"steps\": 3000}}");
	size_t n;
	const double *x = job_weights(server, string_at(job->json, "id"), NULL, &n);
	/* A x = -b: x = (8/7, 18/7). */
	ck_assert_double_eq_tol(x[0], 8.0 / 7, 1e-5);
	ck_assert_double_eq_tol(x[1], 18.0 / 7, 1e-5);
	const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve", string_at(job->json, "id")));
	const double *loss = curve_series(curve, "train_loss", &n);
	ck_assert_double_lt(loss[0], 0);
	ck_assert_double_gt(loss[n - 1], loss[0]);
	finish(server);
}
END_TEST

START_TEST(lists_go_by_pages_newest_first_and_filter_by_name_and_status)
{
	struct server *server = server_start(NULL);
	for (int i = 0; i < 7; i++)
		job_run(server, text_of("{\"name\": \"run-%d\", \"model\": {\"type\": \"function\", \"function\": "
					"\"rosenbrock\", "
					"\"initial_point\": [-1.2, 1]}, \"training\": {\"steps\": 5}}",
					i));
	const char *path = "/v1/jobs?limit=3";
	int seen = 6, pages = 0;
	while (path) {
		const struct reply *page = client_get(server, path);
		expect(page, 200);
		const cJSON *job = NULL;
		cJSON_ArrayForEach(job, get_at(page->json, "data"))
			ck_assert_str_eq(string_at(job, "name"), text_of("run-%d", seen--));
		const cJSON *cursor = get_at(page->json, "next_cursor");
		pages++;
		if (cJSON_IsNull(cursor))
			break;
		const char *link = reply_header(page, "Link");
		ck_assert_msg(link && strstr(link, "rel=\"next\""), "Link: %s", link ? link : "none");
		path = text_of("/v1/jobs?limit=3&cursor=%s", cursor->valuestring);
	}
	ck_assert_int_eq(seen, -1);
	ck_assert_int_eq(pages, 3);
	const struct reply *named = client_get(server, "/v1/jobs?name=run-4");
	ck_assert_int_eq(cJSON_GetArraySize(get_at(named->json, "data")), 1);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, "/v1/jobs?status=queued,running")->json, "data")),
			 0);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, "/v1/jobs?status=succeeded")->json, "data")), 7);
	const struct reply *counts = client_get(server, "/v1/jobs/counts");
	ck_assert_double_eq(number_at(counts->json, "succeeded"), 7);
	ck_assert_double_eq(number_at(counts->json, "queued"), 0);
	finish(server);
}
END_TEST

START_TEST(cancel_takes_effect_at_once_on_running_and_queued_jobs)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const char *running = job_post(server, ENDLESS), *queued = job_post(server, ENDLESS);
	job_reach(server, running, 1);
	const struct reply *second = client_get(server, text_of("/v1/jobs/%s", queued));
	ck_assert_str_eq(string_at(second->json, "status"), "queued");
	ck_assert_double_eq(number_at(second->json, "queue_position"), 1);
	expect_problem(client_delete(server, text_of("/v1/jobs/%s", running)), 409, "conflict");
	const struct reply *now = client_post(server, text_of("/v1/jobs/%s/cancel", queued), "");
	ck_assert_msg(now->status == 200 || now->status == 202, "%d: %s", now->status, now->body);
	ck_assert_str_eq(string_at(now->json, "status"), "cancelled");
	const struct reply *soon = client_post(server, text_of("/v1/jobs/%s/cancel", running), "");
	ck_assert_msg(soon->status == 200 || soon->status == 202, "%d: %s", soon->status, soon->body);
	/* Of itself it would go on for a minute and more. */
	const struct reply *job = job_wait(server, running);
	ck_assert_double_lt(number_at(job->json, "progress.fraction"), 1);
	ck_assert_str_eq(string_at(job->json, "status"), "cancelled");
	ck_assert_str_eq(string_at(job->json, "stop_reason"), "cancelled");
	ck_assert_double_gt(number_at(job->json, "progress.step"), 0);
	size_t n;
	job_weights(server, running, NULL, &n);
	ck_assert_uint_eq(n, 2);
	expect(client_post(server, text_of("/v1/jobs/%s/cancel", running), ""), 200);
	expect(client_delete(server, text_of("/v1/jobs/%s", running)), 204);
	finish(server);
}
END_TEST

START_TEST(early_stopping_keeps_the_best_weights)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "digits.csv", "target=target");
	const struct reply *job = job_run(
		server,
		text_of("{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.2}, \"model\": {\"type\": \"mlp\", "
			"\"loss\": \"cross_entropy\", \"layers\": [{\"type\": \"dense\", \"units\": 32, "
			"\"activation\": \"relu\"}]}, "
			"\"optimizer\": {\"type\": \"adam\", \"learning_rate\": 0.02}, "
			"\"training\": {\"epochs\": 200, \"batch_size\": 64, \"seed\": "
			"7}, "
			"\"stopping\": {\"early_stopping\": {\"metric\": "
			"\"validation_loss\", \"patience\": 3}}}",
			dataset));
	ck_assert_str_eq(string_at(job->json, "stop_reason"), "early_stopping");
	ck_assert_double_gt(number_at(job->json, "metrics.validation_accuracy"), 0.9);
	double best = number_at(job->json, "best.step"), last = number_at(job->json, "progress.step");
	ck_assert_double_lt(best, last);
	const char *id = string_at(job->json, "id");
	const struct reply *at = client_get(server, text_of("/v1/jobs/%s/weights", id));
	ck_assert_str_eq(string_at(at->json, "at"), "best");
	ck_assert_double_eq(number_at(at->json, "step"), best);
	size_t n, m;
	const double *a = job_weights(server, id, "best", &n), *b = job_weights(server, id, "last", &m);
	ck_assert_uint_eq(n, m);
	ck_assert_int_ne(memcmp(a, b, n * sizeof *a), 0);
	/* best.value is the smallest of the curve's validation losses, at that step. */
	const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve", id));
	size_t points;
	const double *step = curve_series(curve, "step", &points), *loss = curve_series(curve, "validation_loss", NULL);
	double least = (double)INFINITY, where = -1;
	for (size_t i = 0; i < points; i++)
		if (loss[i] < least) {
			least = loss[i];
			where = step[i];
		}
	ck_assert_double_eq(where, best);
	ck_assert_double_eq(least, number_at(job->json, "best.value"));
	finish(server);
}
END_TEST

START_TEST(a_diverged_job_fails_says_where_and_keeps_its_curve)
{
	struct server *server = server_start(NULL);
	const char *id = job_post(server, "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", "
					  "\"initial_point\": [-1.2, 1]}, \"optimizer\": {\"type\": \"sgd\", "
					  "\"learning_rate\": 2.385}, \"training\": {\"steps\": 1000}}");
	const struct reply *job = job_wait(server, id);
	ck_assert_str_eq(string_at(job->json, "status"), "failed");
	ck_assert_str_eq(string_at(job->json, "stop_reason"), "diverged");
	ck_assert_double_gt(number_at(job->json, "error.step"), 0);
	ck_assert_ptr_nonnull(strstr(string_at(job->json, "error.hint"), "learning"));
	const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve", id));
	ck_assert_double_eq_tol(number_at(curve->json, "series.train_loss.0"), 24.2, 1e-12);
	size_t n;
	curve_series(curve, "step", &n);
	ck_assert_uint_ge(n, 2);
	finish(server);
}
END_TEST

START_TEST(a_dry_run_estimates_and_stores_nothing)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "iris.csv", "target=target");
	const char *json =
		text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"mlp\", \"loss\": \"cross_entropy\", "
			"\"layers\": "
			"[{\"type\": \"dense\", \"units\": 16}]}, \"training\": {\"epochs\": 3, \"batch_size\": 32}}",
			dataset);
	const struct reply *dry = client_post(server, "/v1/jobs?dry_run=true", json);
	expect(dry, 200);
	ck_assert_double_eq(number_at(dry->json, "estimate.parameters"), 4 * 16 + 16 + 16 * 3 + 3);
	ck_assert_double_eq(number_at(dry->json, "estimate.steps"), 15);
	ck_assert_double_gt(number_at(dry->json, "estimate.memory_bytes"), 0);
	ck_assert_str_eq(string_at(dry->json, "spec.model.type"), "mlp");
	ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, "/v1/jobs")->json, "data")), 0);
	finish(server);
}
END_TEST

/* Model, dataset, the parameters checked, elements of the first. */
static const struct {
	const char *json, *name;
	int parameters, checked;
} gradients[] = {
	{ "\"model\": {\"type\": \"mlp\", \"loss\": \"cross_entropy\", \"layers\": [{\"type\": \"dense\", "
	  "\"units\": 7, \"activation\": \"relu\"}]}, \"dataset\": {\"generator\": {\"type\": \"moons\", \"rows\": "
	  "300}}",
	  "layers.0.weight", 4, 14 },
	{ "\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, 2.385]}", "x", 1,
	  2 },
	{ "\"dataset\": {\"inline\": {\"columns\": [\"t\", \"y\"], \"rows\": [[0, 3.1], [1, 2.2], [2, 1.7]]}, "
	  "\"target\": \"y\"}, \"model\": {\"type\": \"expression\", \"prediction\": \"a*exp(-k*t)\", "
	  "\"parameters\": {\"a\": 2.385, \"k\": 0.7}}",
	  "a", 2, 1 },
	/* Rows that couple, in more of them than a batch of the job has. */
	{ "\"dataset\": {\"generator\": {\"type\": \"moons\", \"rows\": 200, \"noise\": 0.1}}, \"model\": {\"type\": "
	  "\"sequential\", \"layers\": [{\"type\": \"dense\", \"units\": 5}, {\"type\": \"batch_norm\"}, {\"type\": "
	  "\"activation\", \"activation\": \"tanh\"}, "
	  "{\"type\": \"dropout\", \"p\": 0.3}]}, \"training\": {\"batch_size\": 16}",
	  "layers.0.weight", 6, 10 },
};

START_TEST(a_dry_run_holds_the_gradient_against_differences)
{
	struct server *server = server_start(NULL);
	const struct reply *dry = client_post(server, "/v1/jobs?dry_run=true",
					      text_of("{\"gradient_check\": true, %s}", gradients[_i].json));
	expect(dry, 200);
	ck_assert(cJSON_IsTrue(get_at(dry->json, "gradient_check.passed")));
	ck_assert_double_lt(number_at(dry->json, "gradient_check.worst.relative_error"), 1e-6);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(dry->json, "gradient_check.parameters")), gradients[_i].parameters);
	ck_assert_str_eq(string_at(dry->json, "gradient_check.parameters.0.name"), gradients[_i].name);
	ck_assert_double_eq(number_at(dry->json, "gradient_check.parameters.0.checked"), gradients[_i].checked);
	finish(server);
}
END_TEST

static const struct reply *checked(const struct server *server, const char *objective, const char *parameters)
{
	return client_post(
		server, "/v1/jobs?dry_run=true&gradient_check=true",
		text_of("{\"model\": {\"type\": \"expression\", \"objective\": \"%s\", \"parameters\": {%s}}}",
			objective, parameters));
}

START_TEST(no_right_gradient_fails_its_check)
{
	static const struct {
		const char *objective, *parameters;
		bool sided;
		double left, right;
	} cases[] = {
		{ "a**2 + sum(maximum(w, 2.385))", "\"a\": 1, \"w\": [1, 3, 2.385]", false, 0, 0 },
		{ "relu(w - 2.385)", "\"w\": 2.385", true, 0, 1 },
		{ "2*max(w)", "\"w\": [3, 3, 3]", true, 0, 2 },
		{ "sin(1e6*x)", "\"x\": 1", false, 0, 0 },
		{ "sqrt(x)", "\"x\": {\"init\": 1e-9, \"min\": 0}", false, 0, 0 },
	};
	struct server *server = server_start(NULL);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct reply *dry = checked(server, cases[i].objective, cases[i].parameters);
		expect(dry, 200);
		ck_assert_msg(cJSON_IsTrue(get_at(dry->json, "gradient_check.passed")), "%s", dry->body);
		ck_assert_msg(cases[i].sided == (find(dry->json, "gradient_check.parameters.0.one_sided") != NULL),
			      "%s", dry->body);
		if (cases[i].sided) {
			ck_assert_double_eq_tol(number_at(dry->json, "gradient_check.parameters.0.one_sided.0"),
						cases[i].left, 1e-6);
			ck_assert_double_eq_tol(number_at(dry->json, "gradient_check.parameters.0.one_sided.1"),
						cases[i].right, 1e-6);
		}
	}
	/* At the minimum the differences are rounding. */
	const struct reply *dry = client_post(server, "/v1/jobs?dry_run=true&gradient_check=true",
					      "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", "
					      "\"initial_point\": [1, 1]}}");
	ck_assert_msg(cJSON_IsTrue(get_at(dry->json, "gradient_check.passed")), "%s", dry->body);
	finish(server);
}
END_TEST

START_TEST(what_differences_cannot_tell_fails_the_check_and_is_named)
{
	struct server *server = server_start(NULL);
	const struct reply *dry = checked(server, "a**2 + sum(log(w))", "\"a\": 1, \"w\": [1, 3, -2.385]");
	expect(dry, 200);
	ck_assert(cJSON_IsFalse(get_at(dry->json, "gradient_check.passed")));
	ck_assert(cJSON_IsNull(get_at(dry->json, "gradient_check.worst.numeric")));
	dry = checked(server, "a**2 + sqrt(w[2])", "\"a\": 1, \"w\": [1, 3, 0]");
	expect(dry, 200);
	ck_assert(cJSON_IsFalse(get_at(dry->json, "gradient_check.passed")));
	ck_assert_str_eq(string_at(dry->json, "gradient_check.worst.name"), "w");
	ck_assert_double_eq(number_at(dry->json, "gradient_check.worst.index.0"), 2);
	ck_assert(cJSON_IsNull(get_at(dry->json, "gradient_check.rows")));
	finish(server);
}
END_TEST

START_TEST(a_job_that_runs_checks_no_gradient)
{
	struct server *server = server_start(NULL);
	const char *json = text_of("{\"gradient_check\": true, %s}", gradients[1].json);
	const struct reply *refused = client_post(server, "/v1/jobs", json);
	expect(refused, 422);
	ck_assert_str_eq(string_at(refused->json, "errors.0.pointer"), "/gradient_check");
	refused = client_post(server, "/v1/jobs?dry_run=true",
			      text_of("{\"gradient_check\": 2.385, %s}", gradients[1].json));
	expect(refused, 422);
	finish(server);
}
END_TEST

START_TEST(a_dataset_that_a_job_needs_is_not_deleted_and_an_ended_job_does_without)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const char *blocker = job_post(server, ENDLESS);
	const char *dataset = dataset_upload(server, "iris.csv", "target=target");
	const char *id = job_post(
		server,
		text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"softmax_regression\"}}", dataset));
	const struct reply *refused = client_delete(server, text_of("/v1/datasets/%s", dataset));
	expect_problem(refused, 409, "conflict");
	ck_assert_str_eq(string_at(refused->json, "jobs.0"), id);
	client_post(server, text_of("/v1/jobs/%s/cancel", blocker), "");
	ck_assert_str_eq(string_at(job_wait(server, id)->json, "status"), "succeeded");
	expect(client_delete(server, text_of("/v1/datasets/%s", dataset)), 204);
	const struct reply *predicted =
		client_post(server, text_of("/v1/jobs/%s/predictions", id), "{\"inputs\": [[5.1, 3.5, 1.4, 0.2]]}");
	expect(predicted, 200);
	ck_assert_double_eq(number_at(predicted->json, "predictions.0"), 0);
	finish(server);
}
END_TEST

/* Plain gradient descent on iris in float64; model: further members of the model. Returns the job's id. */
static const char *descend(const struct server *server, const char *dataset, int epochs, const char *model)
{
	const struct reply *job = job_run(
		server, text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"softmax_regression\"%s}, "
				"\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 0.2}, "
				"\"training\": {\"batch_size\": \"full\", \"epochs\": %d, \"dtype\": \"float64\"}}",
				dataset, model, epochs));
	return string_at(job->json, "id");
}

START_TEST(training_goes_on_from_the_parameters_of_another_job)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "iris.csv", "target=target");
	const char *half = descend(server, dataset, 10, "");
	const char *from = text_of(", \"initial_parameters\": {\"job_id\": \"%s\", \"at\": \"last\"}", half);
	const char *rest = descend(server, dataset, 10, from);
	const char *whole = descend(server, dataset, 20, "");
	size_t n, m;
	const double *a = job_weights(server, rest, NULL, &n), *b = job_weights(server, whole, NULL, &m);
	ck_assert_uint_eq(n, m);
	ck_assert_int_eq(memcmp(a, b, n * sizeof *a), 0);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/jobs_more");
	TCase *tests = tcase_create("jobs");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, small_data_comes_inline_in_three_forms_with_the_same_result);
	tcase_add_test(tests, a_post_can_wait_for_the_end_and_take_curve_and_weights_home);
	tcase_add_test(tests, maximize_climbs);
	tcase_add_test(tests, lists_go_by_pages_newest_first_and_filter_by_name_and_status);
	tcase_add_test(tests, cancel_takes_effect_at_once_on_running_and_queued_jobs);
	tcase_add_test(tests, early_stopping_keeps_the_best_weights);
	tcase_add_test(tests, a_diverged_job_fails_says_where_and_keeps_its_curve);
	tcase_add_test(tests, a_dry_run_estimates_and_stores_nothing);
	tcase_add_loop_test(tests, a_dry_run_holds_the_gradient_against_differences, 0,
			    sizeof gradients / sizeof gradients[0]);
	tcase_add_test(tests, no_right_gradient_fails_its_check);
	tcase_add_test(tests, what_differences_cannot_tell_fails_the_check_and_is_named);
	tcase_add_test(tests, a_job_that_runs_checks_no_gradient);
	tcase_add_test(tests, a_dataset_that_a_job_needs_is_not_deleted_and_an_ended_job_does_without);
	tcase_add_test(tests, training_goes_on_from_the_parameters_of_another_job);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
