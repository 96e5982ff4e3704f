/* However a job ends, its curve ends with the point of its last step and its weights are there; a cancel acts at once.
 */
#include <string.h>
#include <time.h>

#include "tests/blackbox/jobs.h"

#define NO_RULES "\"stopping\": {\"gradient_norm\": null, \"loss_change\": null, \"parameter_change\": null}"

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

/* The ended job's curve goes to its last step. */
static const struct reply *expect_curve(const struct server *server, const struct reply *job)
{
	const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve", string_at(job->json, "id")));
	size_t n;
	expect(curve, 200);
	const double *step = curve_series(curve, "step", &n);
	ck_assert_uint_gt(n, 0);
	ck_assert_double_eq(number_at(curve->json, "points_total"), (double)n);
	ck_assert_double_eq(step[n - 1], number_at(job->json, "progress.step"));
	ck_assert(cJSON_IsNull(get_at(curve->json, "next_step")));
	return curve;
}

/* And its last weights are those of that step. */
static const struct reply *expect_complete(const struct server *server, const struct reply *job)
{
	const struct reply *weights =
		client_get(server, text_of("/v1/jobs/%s/weights?at=last", string_at(job->json, "id")));
	expect(weights, 200);
	ck_assert_double_eq(number_at(weights->json, "step"), number_at(job->json, "progress.step"));
	return expect_curve(server, job);
}

/* A job that records its first point, those of validation, and its last. */
static const char *endless(const char *dataset, const char *batch)
{
	return text_of("{\"dataset\": {\"id\": \"%s\", \"validation_fraction\": 0.2}, \"model\": {\"type\": \"mlp\", "
		       "\"loss\": \"cross_entropy\", \"layers\": [{\"type\": \"dense\", \"units\": 24, \"activation\": "
		       "\"tanh\"}]}, \"optimizer\": {\"type\": \"adam\", \"learning_rate\": 1e-6}, \"training\": "
		       "{\"steps\": 100000000, \"batch_size\": %s}, " NO_RULES
		       ", \"recording\": {\"every_steps\": 99999999}}",
		       dataset, batch);
}

static const char *const batches[] = { "16", "\"full\"" };

START_TEST(a_cancelled_job_ends_with_the_point_and_the_weights_of_its_last_step)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "digits.csv", "target=target");
	const char *id = job_post(server, endless(dataset, batches[_i]));
	job_reach(server, id, 30);
	/* 202 while it takes effect, 200 where it has by the time of the answer. */
	const int status = client_post(server, text_of("/v1/jobs/%s/cancel", id), "")->status;
	ck_assert_msg(status == 202 || status == 200, "status %d", status);
	const struct reply *job = job_wait(server, id);
	ck_assert_str_eq(string_at(job->json, "status"), "cancelled");
	ck_assert_str_eq(string_at(job->json, "stop_reason"), "cancelled");
	ck_assert_double_ge(number_at(job->json, "progress.step"), 30);
	ck_assert_double_gt(number_at(job->json, "metrics.train_loss"), 0);
	expect_complete(server, job);
	expect(client_get(server, text_of("/v1/jobs/%s/weights?at=best", id)), 200);
	finish(server);
}
END_TEST

START_TEST(a_job_that_max_job_seconds_ends_has_a_measured_last_point)
{
	struct server *server = server_start(FLAGS("--max-job-seconds", "0.3"));
	const char *dataset = dataset_upload(server, "digits.csv", "target=target");
	const struct reply *job = job_run(server, endless(dataset, batches[_i]));
	ck_assert_str_eq(string_at(job->json, "stop_reason"), "max_seconds");
	ck_assert_double_gt(number_at(job->json, "progress.step"), 0);
	const struct reply *curve = expect_complete(server, job);
	size_t n;
	const double *loss = curve_series(curve, "train_loss", &n);
	if (_i == 1) {
		ck_assert_double_gt(loss[n - 1], 0); /* of all rows */
	}
	expect(client_get(server, text_of("/v1/jobs/%s/weights?at=best", string_at(job->json, "id"))), 200);
	finish(server);
}
END_TEST

START_TEST(a_job_that_diverges_at_step_0_has_its_point_and_its_weights)
{
	struct server *server = server_start(NULL);
	const struct reply *job =
		job_wait(server, job_post(server, "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", "
						  "\"initial_point\": [1e200, 2.385]}}"));
	ck_assert_str_eq(string_at(job->json, "status"), "failed");
	ck_assert_str_eq(string_at(job->json, "stop_reason"), "diverged");
	ck_assert_double_eq(number_at(job->json, "progress.step"), 0);
	const struct reply *curve = expect_complete(server, job);
	ck_assert_str_eq(string_at(curve->json, "nonfinite.0.value"), "Infinity");
	const struct reply *weights = client_get(server, text_of("/v1/jobs/%s/weights", string_at(job->json, "id")));
	expect(weights, 200);
	ck_assert_str_eq(string_at(weights->json, "at"), "last");
	ck_assert_double_eq(number_at(weights->json, "parameters.0.values.0"), 1e200);
	finish(server);
}
END_TEST

START_TEST(a_cancel_in_the_pass_of_the_last_metrics_ends_the_job_at_once)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const char *dataset = dataset_upload(server, "digits.csv", "target=target");
	/* So that the pass takes its time, also where nothing slows it down. */
	const int units = blackbox_patience() > 1 ? 700 : 3000;
	const char *json = text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"mlp\", \"loss\": "
				   "\"cross_entropy\", \"layers\": [{\"type\": \"dense\", \"units\": %d}, {\"type\": "
				   "\"dense\", \"units\": %d}]}, \"training\": {\"steps\": 1, \"batch_size\": "
				   "\"full\"}}",
				   dataset, units, units);
	bool cancelled = false;
	for (int tries = 0; tries < CATCH_TRIES && !cancelled; tries++) {
		const char *id = job_post(server, json);
		const char *path = text_of("/v1/jobs/%s/curve?series=step", id);
		const struct reply *curve = client_get(server, path);
		for (; number_at(curve->json, "points_total") < 2; curve = client_get(server, path))
			nap();
		/* Both points are there: what is left are the metrics. 202 may come too late by a hair. */
		const int status = client_post(server, text_of("/v1/jobs/%s/cancel", id), "")->status;
		const struct reply *job = job_wait(server, id);
		cancelled = strcmp(string_at(job->json, "status"), "cancelled") == 0;
		ck_assert_msg(cancelled ? status == 202 || status == 200 : status == 202 || status == 409, "status %d",
			      status);
		ck_assert(cancelled || strcmp(string_at(job->json, "status"), "succeeded") == 0);
		expect_curve(server, job); /* the weights would be 200 MB of JSON */
	}
	ck_assert_msg(cancelled, "the metrics were always faster");
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/endings");
	TCase *tests = tcase_create("endings");
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, a_cancelled_job_ends_with_the_point_and_the_weights_of_its_last_step, 0, 2);
	tcase_add_loop_test(tests, a_job_that_max_job_seconds_ends_has_a_measured_last_point, 0, 2);
	tcase_add_test(tests, a_job_that_diverges_at_step_0_has_its_point_and_its_weights);
	tcase_add_test(tests, a_cancel_in_the_pass_of_the_last_metrics_ends_the_job_at_once);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
