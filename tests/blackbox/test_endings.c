/* How a job ends: each rule with the value that it saw, and the weights that are there whatever ended it. */
#include <math.h>
#include <string.h>

#include "tests/blackbox/jobs.h"

#define OFF "\"gradient_norm\": null, \"loss_change\": null, \"parameter_change\": null"
#define DATA                                                                                                           \
	"\"dataset\": {\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[0.5, 1.1], [1.5, 2.9], [2.385, 5.2], "    \
	"[4, 8.1], [5, 9.7], [6, 12.3], [7, 13.6], [8, 16.4]]}, \"target\": \"y\"%s}, "

/* A bowl of two parameters, f = 0.5 (x^2 + 4 y^2), by plain descent. */
static const char *bowl(const char *rest)
{
	return text_of(
		"{\"model\": {\"type\": \"function\", \"function\": \"quadratic\", \"A\": [[1, 0], [0, 4]], "
		"\"initial_point\": [2.385, 1]}, \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 0.1}, %s}",
		rest);
}

/* The job ended so; value and limit NAN: must be null. Both sets of weights are there. */
static const struct reply *expect_ending(const struct server *server, const char *id, const char *reason)
{
	const struct reply *job = client_get(server, text_of("/v1/jobs/%s", id));
	ck_assert_msg(strcmp(string_at(job->json, "stop_reason"), reason) == 0, "%s instead of %s", job->body, reason);
	const char *const at[] = { "last", "best" };
	for (size_t i = 0; i < 2; i++) {
		const struct reply *weights = client_get(server, text_of("/v1/jobs/%s/weights?at=%s", id, at[i]));
		expect(weights, 200);
		ck_assert_str_eq(string_at(weights->json, "at"), at[i]);
	}
	return job;
}

static void expect_rule(const struct server *server, const char *json, const char *reason, double limit)
{
	const char *id = job_post(server, json);
	job_wait(server, id);
	const struct reply *job = expect_ending(server, id, reason);
	const double value = number_at(job->json, "stop_value");
	ck_assert_double_eq_tol(number_at(job->json, "stop_limit"), limit, 1e-12 * limit);
	if (strcmp(reason, "max_seconds") == 0 || strcmp(reason, "steps") == 0 || strcmp(reason, "epochs") == 0 ||
	    strcmp(reason, "early_stopping") == 0) {
		ck_assert_double_ge(value, limit);
	} else {
		ck_assert_double_le(value, limit);
		ck_assert_double_ge(value, 0);
	}
}

START_TEST(each_rule_says_what_it_saw_and_what_its_limit_was)
{
	struct server *server = server_start(NULL);
	const struct {
		const char *job, *reason;
		double limit;
	} cases[] = {
		{ bowl("\"stopping\": {\"gradient_norm\": 0.02385}"), "gradient_norm", 0.02385 },
		{ bowl("\"stopping\": {\"loss_change\": 0.002385, \"gradient_norm\": null}"), "loss_change", 0.002385 },
		{ bowl("\"stopping\": {\"parameter_change\": 0.02385, \"gradient_norm\": null}"), "parameter_change",
		  0.02385 },
		{ bowl("\"stopping\": {\"target_loss\": 0.2385}"), "target_loss", 0.2385 },
		{ bowl("\"training\": {\"steps\": 7}"), "steps", 7 },
		{ bowl("\"training\": {\"steps\": 1000000000}, \"stopping\": {" OFF ", \"max_seconds\": 0.2385}"),
		  "max_seconds", 0.2385 },
		{ text_of("{" DATA "\"model\": {\"type\": \"linear_regression\"}, \"training\": {\"epochs\": 3, "
			  "\"batch_size\": 3}}",
			  ""),
		  "epochs", 3 },
		{ text_of("{" DATA "\"model\": {\"type\": \"linear_regression\"}, \"training\": {\"epochs\": 5000}, "
			  "\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 0.385}, "
			  "\"stopping\": {" OFF ", \"early_stopping\": {\"patience\": 4, \"metric\": "
			  "\"validation_loss\"}}}",
			  ", \"validation_fraction\": 0.25"),
		  "early_stopping", 4 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		expect_rule(server, cases[i].job, cases[i].reason, cases[i].limit);
	}
	finish(server);
}
END_TEST

START_TEST(a_cancelled_and_a_diverged_job_keep_best_and_last_and_name_no_value)
{
	struct server *server = server_start(NULL);
	const char *id = job_post(server, bowl("\"training\": {\"steps\": 1000000000}, \"stopping\": {" OFF "}"));
	job_reach(server, id, 10);
	client_post(server, text_of("/v1/jobs/%s/cancel", id), "");
	job_wait(server, id);
	ck_assert(cJSON_IsNull(get_at(expect_ending(server, id, "cancelled")->json, "stop_value")));
	id = job_post(server, "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": "
			      "[-1.2, 1]}, \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 2.385}}");
	job_wait(server, id);
	ck_assert(cJSON_IsNull(get_at(expect_ending(server, id, "diverged")->json, "stop_limit")));
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("endings");
	TCase *ends = tcase_create("ends");
	suite_add_tcase(suite, ends);
	tcase_set_timeout(ends, 60 * blackbox_patience());
	tcase_add_test(ends, each_rule_says_what_it_saw_and_what_its_limit_was);
	tcase_add_test(ends, a_cancelled_and_a_diverged_job_keep_best_and_last_and_name_no_value);
	return blackbox_run(suite);
}
