/* Jobs of several runs: each end is listed, the best is answered, each has a curve, and an interruption changes
 * nothing. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "tests/blackbox/jobs.h"

#define OFF "\"stopping\": {\"gradient_norm\": null, \"loss_change\": null, \"parameter_change\": null}"

static const char *hills =
	"{\"model\": {\"type\": \"function\", \"function\": \"rastrigin\", \"initial_point\": [3.1, 2.385]}, "
	"\"optimizer\": {\"type\": \"lbfgs\"}, \"training\": {\"restarts\": 7, \"seed\": 3}}";

/* Runs long enough that they are met at work, of a size that a test can wait for: some 20,000 steps a run. */
static const char *slow(const char *optimizer)
{
	return text_of(
		"{\"model\": {\"type\": \"function\", \"function\": \"styblinski_tang\", \"initial_point\": [0.385, 1, "
		"2, "
		"-1, 0.1, 0.2, 0.3, 0.4]}, \"optimizer\": {\"type\": \"%s\", \"learning_rate\": 1e-6}, \"training\": "
		"{\"restarts\": 4, \"steps\": 400000, \"seed\": 11}, " OFF "}",
		optimizer);
}

static const cJSON *entry_at(const struct reply *job, size_t k)
{
	return get_at(job->json, text_of("restarts.%zu", k));
}

START_TEST(every_end_is_listed_and_the_best_is_the_answer)
{
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(server, hills);
	const char *id = string_at(job->json, "id");
	const size_t best = (size_t)number_at(job->json, "best_restart");
	double least = INFINITY;
	ck_assert_int_eq(cJSON_GetArraySize(get_at(job->json, "restarts")), 7);
	ck_assert_double_eq(number_at(entry_at(job, 0), "start.0"), 3.1);
	for (size_t k = 0; k < 7; k++) {
		const cJSON *entry = entry_at(job, k);
		ck_assert_double_eq(number_at(entry, "restart"), (double)k);
		ck_assert_double_eq(number_at(entry, "seed"), 3 + (double)k);
		ck_assert_double_le(number_at(entry, "loss"), number_at(entry, "start_loss"));
		ck_assert_double_le(fabs(number_at(entry, "start.1")), 5.12);
		least = fmin(least, number_at(entry, "loss"));
		/* Each has its curve, from its start to its end. */
		size_t n;
		const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve?restart=%zu", id, k));
		const double *loss = curve_series(curve, "train_loss", &n), *step = curve_series(curve, "step", NULL);
		ck_assert_double_eq(number_at(curve->json, "restart"), (double)k);
		ck_assert_double_eq(loss[0], number_at(entry, "start_loss"));
		ck_assert_double_eq(loss[n - 1], number_at(entry, "loss"));
		ck_assert_double_eq(step[0], 0);
		ck_assert_double_eq(step[n - 1], number_at(entry, "step"));
		ck_assert(cJSON_IsNull(get_at(curve->json, "next_step")));
	}
	ck_assert_double_eq(number_at(entry_at(job, best), "loss"), least);
	ck_assert_double_eq(number_at(job->json, "metrics.train_loss"), least);
	size_t n;
	const double *weights = job_weights(server, id, "last", &n);
	ck_assert_double_eq(weights[0], number_at(entry_at(job, best), "end.0"));
	ck_assert_double_eq(weights[1], number_at(entry_at(job, best), "end.1"));
	const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve?series=train_loss", id));
	ck_assert_double_eq(number_at(curve->json, "restart"), (double)best);
	/* The spec can be posted again. */
	const char *spec = keep(cJSON_PrintUnformatted(get_at(job->json, "spec")));
	expect_same_results(server, id, server, string_at(job_run(server, spec)->json, "id"));
	finish(server);
}
END_TEST

START_TEST(a_network_starts_from_as_many_seeds)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "iris.csv", "target=target");
#define NETWORK                                                                                                        \
	"{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"mlp\", \"loss\": \"cross_entropy\", \"layers\": "     \
	"[{\"type\": \"dense\", \"units\": 3}]}, \"training\": {\"epochs\": 4, \"batch_size\": 16, %s}}"
	const struct reply *job = job_run(server, text_of(NETWORK, dataset, "\"seed\": 5, \"restarts\": 3"));
	for (size_t k = 0; k < 3; k++) {
		/* Run k is what a job of that seed does. */
		const struct reply *one = job_run(server, text_of(NETWORK, dataset, text_of("\"seed\": %zu", 5 + k)));
		ck_assert_double_eq(number_at(entry_at(job, k), "loss"), number_at(one->json, "metrics.train_loss"));
	}
	ck_assert_double_ne(number_at(entry_at(job, 0), "start.0"), number_at(entry_at(job, 1), "start.0"));
	finish(server);
}
END_TEST

/* Waits until the job is at work on this run, or on a later one, or has ended. */
static void reach_run(const struct server *server, const char *id, int run)
{
	for (;;) {
		const struct reply *job = client_get(server, text_of("/v1/jobs/%s", id));
		const char *status = string_at(job->json, "status");
		const cJSON *now = find(job->json, "progress.restart");
		const bool there =
			cJSON_IsNumber(now) && now->valuedouble >= run && number_at(job->json, "progress.step") > 0;
		if (there || (strcmp(status, "queued") != 0 && strcmp(status, "running") != 0))
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
}

START_TEST(a_kill_in_the_middle_of_a_run_changes_nothing)
{
	struct server *whole = server_start(FLAGS("--threads", "2"));
	struct server *server = server_start(FLAGS("--checkpoint-seconds", "0.01", "--threads", "1"));
	const char *const optimizers[] = { "adam", "sgd" };
	for (size_t i = 0; i < 2; i++) {
		const struct reply *expected = job_run(whole, slow(optimizers[i]));
		const char *id = job_post(server, slow(optimizers[i]));
		for (int cut = 0; cut < 3; cut++) {
			reach_run(server, id, cut);
			if (cut == 1) {
				server_terminate(server, NULL);
			} else {
				server_kill(server);
			}
			server_restart(server, FLAGS("--checkpoint-seconds", "0.01", "--threads", "1"));
		}
		const struct reply *job = job_wait(server, id);
		ck_assert_str_eq(string_at(job->json, "status"), "succeeded");
		expect_same_results(whole, string_at(expected->json, "id"), server, id);
		ck_assert(cJSON_Compare(get_at(expected->json, "restarts"), get_at(job->json, "restarts"), true));
		ck_assert_double_eq(number_at(expected->json, "best_restart"), number_at(job->json, "best_restart"));
	}
	server_destroy(whole);
	finish(server);
}
END_TEST

START_TEST(a_cancel_and_the_end_of_time_answer_the_best_so_far)
{
	struct server *server = server_start(NULL);
#define ENDLESS                                                                                                        \
	"{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, 1]}, "           \
	"\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 1e-9}, \"training\": {\"restarts\": 1000, "             \
	"\"steps\": 1000000}, \"stopping\": {\"gradient_norm\": null, \"loss_change\": null, "                         \
	"\"parameter_change\": null%s}}"
	const struct reply *job = job_run(server, text_of(ENDLESS, ", \"max_seconds\": 0.385"));
	ck_assert_str_eq(string_at(job->json, "stop_reason"), "max_seconds");
	ck_assert_double_ge(number_at(job->json, "stop_value"), 0.385);
	ck_assert_int_lt(cJSON_GetArraySize(get_at(job->json, "restarts")), 1000);
	const char *id = job_post(server, text_of(ENDLESS, ""));
	reach_run(server, id, 2);
	client_post(server, text_of("/v1/jobs/%s/cancel", id), "");
	job = job_wait(server, id);
	ck_assert_str_eq(string_at(job->json, "status"), "cancelled");
	const size_t best = (size_t)number_at(job->json, "best_restart");
	size_t n;
	const double *weights = job_weights(server, id, "last", &n);
	ck_assert_double_eq(weights[0], number_at(entry_at(job, best), "end.0"));
	finish(server);
}
END_TEST

START_TEST(wrong_numbers_of_runs_are_refused)
{
	struct server *server = server_start(NULL);
#define VALLEY                                                                                                         \
	"{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [1, 2]}, "              \
	"\"training\": {%s}%s}"
	const char *const wrong[] = { "\"restarts\": 0", "\"restarts\": 1001", "\"restarts\": 2.5",
				      "\"restarts\": \"3\"", "\"restarts\": 2, \"steps\": 1099511627776" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		expect_fault(client_post(server, "/v1/jobs", text_of(VALLEY, wrong[i], "")), "/training/restarts",
			     NULL);
	}
	expect_fault(
		client_post(server, "/v1/jobs",
			    text_of(VALLEY, "\"restarts\": 2",
				    ", \"optimizer\": {\"type\": \"sgd\", \"schedule\": {\"type\": \"lr_finder\"}}")),
		"/training/restarts", "not_allowed");
	const struct reply *job = job_run(server, text_of(VALLEY, "\"steps\": 3", ""));
	ck_assert_ptr_null(find(job->json, "restarts"));
	const char *id = string_at(job->json, "id");
	expect(client_get(server, text_of("/v1/jobs/%s/curve?restart=0", id)), 200);
	expect_problem(client_get(server, text_of("/v1/jobs/%s/curve?restart=1", id)), 400, NULL);
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("restarts");
	TCase *tests = tcase_create("restarts");
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, every_end_is_listed_and_the_best_is_the_answer);
	tcase_add_test(tests, a_network_starts_from_as_many_seeds);
	tcase_add_test(tests, a_kill_in_the_middle_of_a_run_changes_nothing);
	tcase_add_test(tests, a_cancel_and_the_end_of_time_answer_the_best_so_far);
	tcase_add_test(tests, wrong_numbers_of_runs_are_refused);
	return blackbox_run(suite);
}
