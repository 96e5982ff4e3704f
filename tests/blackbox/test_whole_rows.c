/*
 * Objectives that put rows beside one another, through HTTP: what they learn, what they are refused, what the dry run
 * says of them, and the same bits after a kill and with another number of threads.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

enum { SERIES = 150 };

/* y[t] = 0.7 y[t-1] + 0.3 + something that looks random; its rows as JSON. Kept. */
static const char *series_rows(double y[SERIES])
{
	char *json = keep(malloc(SERIES * 64 + 16)), *end = json;
	unsigned state = 2385;
	end += sprintf(end, "[");
	for (int t = 0; t < SERIES; t++) {
		state = state * 1664525u + 1013904223u;
		y[t] = (t == 0 ? 0.5 : 0.7 * y[t - 1] + 0.3) + (double)(state >> 16) / 65536 - 0.5;
		end += sprintf(end, "%s[%d, %.17g]", t == 0 ? "" : ", ", t, y[t]);
	}
	sprintf(end, "]");
	return json;
}

#define ON_SERIES                                                                                                      \
	"{\"dataset\": {\"inline\": {\"columns\": [\"t\", \"y\"], \"rows\": %s}, \"target\": \"y\"%s}, \"model\": "    \
	"{\"type\": \"expression\", \"objective\": \"%s\", \"parameters\": {%s}}%s}"
#define LAGGED "mean((y[1:] - a*y[:-1] - c)**2)"
#define SLOPE  "\"a\": 0, \"c\": 0"

START_TEST(an_autoregression_is_the_least_squares_of_a_row_on_the_one_before)
{
	struct server *server = server_start(NULL);
	double y[SERIES], sum[2] = { 0 }, square = 0, product = 0;
	const char *rows = series_rows(y);
	for (int t = 1; t < SERIES; t++) {
		sum[0] += y[t - 1];
		sum[1] += y[t];
		square += y[t - 1] * y[t - 1];
		product += y[t - 1] * y[t];
	}
	const double n = SERIES - 1, a = (product - sum[0] * sum[1] / n) / (square - sum[0] * sum[0] / n);
	const double wanted[] = { a, (sum[1] - a * sum[0]) / n };
	static const char *const rest[] = { "", ", \"optimizer\": \"newton\"", ", \"optimizer\": \"newton_cg\"",
					    ", \"optimizer\": {\"type\": \"adam\", \"learning_rate\": 0.02}, "
					    "\"training\": {\"steps\": 4000, \"batch_size\": 150}" };
	for (size_t k = 0; k < sizeof rest / sizeof *rest; k++) {
		const struct reply *job = job_run(server, text_of(ON_SERIES, rows, "", LAGGED, SLOPE, rest[k]));
		size_t count;
		const char *id = keep(strdup(string_at(job->json, "id")));
		const double *found = job_weights(server, id, "last", &count);
		ck_assert_uint_eq(count, 2);
		ck_assert_msg(golden_close(found, wanted, 2, k < 3 ? 1e-5 : 1e-3), "%s: %.9g, %.9g", rest[k], found[0],
			      found[1]);
		expect_problem(client_post(server, text_of("/v1/jobs/%s/predictions", id), "{\"inputs\": [[3]]}"), 422,
			       "invalid");
		expect(client_get(server, text_of("/v1/jobs/%s/surface?points=10000", id)), 200);
	}
	finish(server);
}
END_TEST

START_TEST(mini_batches_and_other_rows_are_refused_with_the_reason_and_the_dry_run_says_it)
{
	static const char reason[] = "rows are picked by their place (character 8)";
	struct server *server = server_start(NULL);
	double y[SERIES];
	const char *rows = series_rows(y);
	const struct reply *reply =
		client_post(server, "/v1/jobs?dry_run=true",
			    text_of(ON_SERIES, rows, "", LAGGED, SLOPE, ", \"gradient_check\": true"));
	expect(reply, 200);
	ck_assert_str_eq(string_at(reply->json, "estimate.runs_whole"), reason);
	ck_assert_str_eq(string_at(reply->json, "spec.training.batch_size"), "full");
	ck_assert(cJSON_IsTrue(get_at(reply->json, "gradient_check.passed")));
	ck_assert_double_eq(number_at(reply->json, "gradient_check.rows"), SERIES);
	reply = client_post(server, "/v1/jobs",
			    text_of(ON_SERIES, rows, "", LAGGED, SLOPE, ", \"training\": {\"batch_size\": 32}"));
	expect_problem(reply, 422, "invalid");
	ck_assert_str_eq(string_at(reply->json, "errors.0.pointer"), "/training/batch_size");
	ck_assert_ptr_nonnull(strstr(string_at(reply->json, "errors.0.detail"), reason));
	static const struct {
		const char *objective, *parameters, *reason;
	} split[] = {
		{ LAGGED, SLOPE, "rows are picked by their place" },
		{ "mean((y - m)**2)", "\"m\": {\"shape\": [150]}", "shapes [rows] and [150] do not fit for -" },
		{ "mean((y - m)**2)", "\"m\": {\"shape\": [120]}", "shapes [rows] and [120] do not fit for -" },
	};
	for (size_t k = 0; k < 3; k++) {
		reply = client_post(server, "/v1/jobs",
				    text_of(ON_SERIES, rows, ", \"validation_fraction\": 0.2", split[k].objective,
					    split[k].parameters, ""));
		expect_problem(reply, 422, "invalid");
		ck_assert_str_eq(string_at(reply->json, "errors.0.pointer"), "/dataset/validation_fraction");
		ck_assert_ptr_nonnull(strstr(string_at(reply->json, "errors.0.detail"), split[k].reason));
	}
	/* What can be taken apart says nothing. */
	reply = client_post(server, "/v1/jobs?dry_run=true",
			    text_of(ON_SERIES, rows, "", "mean((y - a - c*t)**2)", SLOPE, ""));
	expect(reply, 200);
	ck_assert(cJSON_IsNull(get_at(reply->json, "estimate.runs_whole")));
	finish(server);
}
END_TEST

#define KERNEL                                                                                                         \
	"{\"dataset\": {\"generator\": {\"type\": \"sine\", \"rows\": %d, \"noise\": 0.1}}, \"model\": {\"type\": "    \
	"\"expression\", \"objective\": \"K = exp(-4*(X - X.T)**2); f = K @ m; mean((y - f)**2) + 0.01*m @ f\", "      \
	"\"parameters\": {\"m\": {\"shape\": [%d]}}}, \"optimizer\": %s}"
#define MAP                                                                                                            \
	"{\"dataset\": {\"inline\": {\"columns\": [\"a\", \"b\"], \"rows\": [[0, 0], [1, 0.3], [2, -1], [0.4, "        \
	"2.385], "                                                                                                     \
	"[-1, 1], [3, 3], [-2, 0.5], [1.5, 1.5]]}}, \"model\": {\"type\": \"expression\", \"objective\": "             \
	"\"s = sum(Z**2, axis=1); t = sum(X**2, axis=1); mean((s[:, None] + s[None, :] - 2*Z @ Z.T - t[:, None] - "    \
	"t[None, :] + 2*X @ X.T)**2)\", \"parameters\": {\"Z\": {\"shape\": [8, 2], \"init\": {\"type\": "             \
	"\"normal\", \"std\": 1}}}}%s}"

START_TEST(a_kernel_and_a_map_of_distances_are_learned)
{
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(server, text_of(KERNEL, 60, 60, "\"newton_cg\""));
	ck_assert_double_lt(number_at(job->json, "metrics.gradient_norm"), 1e-6);
	const double loss = number_at(job->json, "metrics.train_loss");
	ck_assert_msg(loss > 0.05 && loss < 0.15, "%g", loss); /* a half where nothing is learned */
	job = job_run(server, text_of(MAP, ", \"training\": {\"steps\": 3000, \"restarts\": 4}"));
	ck_assert_double_lt(number_at(job->json, "metrics.train_loss"), 1e-6);
	finish(server);
}
END_TEST

START_TEST(what_is_between_rows_and_rows_counts_as_memory_before_it_is_taken)
{
	struct server *server = server_start(FLAGS("--memory", "64MiB"));
	const struct reply *reply = client_post(server, "/v1/jobs", text_of(KERNEL, 3000, 3000, "\"lbfgs\""));
	expect_problem(reply, 422, "needs-too-much-memory");
	ck_assert_ptr_nonnull(strstr(string_at(reply->json, "detail"), "MiB"));
	job_run(server, text_of(KERNEL, 30, 30, "\"lbfgs\""));
	finish(server);
}
END_TEST

START_TEST(a_gradient_check_of_what_would_take_minutes_is_refused_at_once)
{
	static const char json[] =
		"{\"dataset\": {\"generator\": {\"type\": \"moons\", \"rows\": %d}}, \"model\": {\"type\": "
		"\"expression\", \"objective\": \"K = X @ X.T / 2385; mean(exp(a*K) @ K @ K @ K @ K @ K @ K)\", "
		"\"parameters\": {\"a\": 1}}, \"gradient_check\": true}";
	struct server *server = server_start(FLAGS("--memory", "64GiB"));
	const struct reply *reply = client_post(server, "/v1/jobs?dry_run=true", text_of(json, 3000));
	expect_problem(reply, 422, "invalid");
	ck_assert_str_eq(string_at(reply->json, "errors.0.pointer"), "/dataset");
	ck_assert_ptr_nonnull(strstr(string_at(reply->json, "errors.0.detail"), "all 3000 rows at once"));
	reply = client_post(server, "/v1/jobs?dry_run=true", text_of(json, 40));
	expect(reply, 200);
	ck_assert(cJSON_IsTrue(get_at(reply->json, "gradient_check.passed")));
	finish(server);
}
END_TEST

START_TEST(killed_and_gone_on_with_other_threads_it_ends_with_the_same_bits)
{
	static const char *const threads[] = { "1", "3" };
	struct server *server = server_start(FLAGS("--workers", "1", "--threads", "1", "--checkpoint-seconds", "1000"));
	const char *json = text_of(KERNEL, 40, 40,
				   "{\"type\": \"adam\", \"learning_rate\": 0.002385}, \"training\": "
				   "{\"steps\": 4000}, \"stopping\": {\"gradient_norm\": null, "
				   "\"loss_change\": null, \"parameter_change\": null}");
	struct results expected;
	results_take(server, job_post(server, json), &expected);
	const char *id = NULL;
	for (int k = 0; k < 2; k++) {
		server_kill(server);
		server_restart(server,
			       FLAGS("--workers", "1", "--threads", threads[k], "--checkpoint-seconds", "0.05"));
		id = id == NULL ? job_post(server, json) : id;
		if (k == 0) {
			job_reach(server, id, expected.step / 3);
		}
	}
	expect_results(server, id, &expected);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/whole_rows");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, an_autoregression_is_the_least_squares_of_a_row_on_the_one_before);
	tcase_add_test(tests, mini_batches_and_other_rows_are_refused_with_the_reason_and_the_dry_run_says_it);
	tcase_add_test(tests, a_kernel_and_a_map_of_distances_are_learned);
	tcase_add_test(tests, what_is_between_rows_and_rows_counts_as_memory_before_it_is_taken);
	tcase_add_test(tests, a_gradient_check_of_what_would_take_minutes_is_refused_at_once);
	tcase_add_test(tests, killed_and_gone_on_with_other_threads_it_ends_with_the_same_bits);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
