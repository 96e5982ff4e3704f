/* What comes with the result: the rule that ended the job and what it saw, the certificate, advice in words. */
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

/* Whether some sentence of the advice has all of these words. */
static bool advised(const struct reply *job, const char *const *words)
{
	const cJSON *sentence = NULL;
	cJSON_ArrayForEach(sentence, get_at(job->json, "advice"))
	{
		bool all = true;
		for (size_t i = 0; words[i] != NULL; i++) {
			all = all && strstr(sentence->valuestring, words[i]) != NULL;
		}
		if (all) {
			return true;
		}
	}
	return false;
}

#define WORDS(...)                                                                                                     \
	(const char *const[])                                                                                          \
	{                                                                                                              \
		__VA_ARGS__, NULL                                                                                      \
	}

#define RAW_DATA                                                                                                       \
	"\"dataset\": {\"inline\": {\"columns\": [\"x\", \"z\", \"y\"], \"rows\": [[1, 1000, 3], "                     \
	"[2, 1500, 4], [3, 900, 7], [4.5, 1100, 8.385]]}, \"target\": \"y\", \"standardize\": %s}, "                   \
	"\"model\": {\"type\": \"linear_regression\"}, "

static const char *descent(const char *model, double rate, const char *rest)
{
	return text_of("{\"model\": %s, \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": %g}, %s}", model, rate,
		       rest);
}

/* An objective of x and y, from (1, 2) on, by what the service takes. */
static const char *formula(const char *text)
{
	return text_of("{\"model\": {\"type\": \"expression\", \"objective\": \"%s\", "
		       "\"parameters\": {\"x\": 1, \"y\": 2}}}",
		       text);
}

START_TEST(a_job_that_did_not_converge_says_what_to_change)
{
	struct server *server = server_start(NULL);
	const char *steep = "{\"type\": \"function\", \"function\": \"quadratic\", \"A\": [[1, 0], [0, 100000]], "
			    "\"initial_point\": [1, 2.385]}";
	const char *hill = "{\"type\": \"function\", \"function\": \"quadratic\", \"A\": [[-1, 0], [0, -2.385]], "
			   "\"initial_point\": [1, 1]}";
	const char *valley = "{\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, 1]}";
	const char *saddle = "{\"type\": \"function\", \"function\": \"quadratic\", \"A\": [[1, 0], [0, -2]], "
			     "\"initial_point\": [1, 0]}";
	const struct {
		const char *job, *const *words;
	} cases[] = {
		{ descent(steep, 3e-5, "\"training\": {\"steps\": 5000}"),
		  WORDS("too large", "oscillates", "2/lambda_max = 2e-05", "3e-05") },
		{ descent(steep, 2.2e-5, "\"training\": {\"steps\": 50}"), WORDS("too large", "2/lambda_max = 2e-05") },
		{ descent(steep, 1e-5, "\"training\": {\"steps\": 300}"),
		  WORDS("condition number", "1.0e+05", "lbfgs") },
		{ text_of("{%s\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 1e-7}, \"training\": {\"steps\": "
			  "200}}",
			  text_of(RAW_DATA, "false")),
		  WORDS("condition number", "Standardise") },
		{ text_of("{%s\"direction\": \"maximize\", \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": "
			  "0.01}, "
			  "\"training\": {\"steps\": 20}}",
			  text_of(RAW_DATA, "true")),
		  WORDS("maximize", "is a loss", "\"minimize\"") },
		{ descent(hill, 0.3, "\"training\": {\"steps\": 5000}"), WORDS("without bound", "\"maximize\"") },
		{ descent(valley, 0.1, "\"training\": {\"steps\": 5000}"), WORDS("too large", "lambda_max") },
		{ descent(valley, 0.001, "\"training\": {\"steps\": 1000}"), WORDS("still falling", "more steps") },
		{ descent(valley, 1e-9, "\"training\": {\"steps\": 1000}"), WORDS("larger learning_rate") },
		{ descent(saddle, 0.1, "\"training\": {\"steps\": 1000}"), WORDS("saddle", "initial_point") },
		{ formula("sqrt(x - 2.385) + y**2"), WORDS("not finite at the initial parameters", "init") },
		{ formula("2*x - y"), WORDS("falls without bound", "bounds") },
		{ "{\"model\": {\"type\": \"expression\", \"objective\": \"x\", \"parameters\": {\"x\": 2.385}}, "
		  "\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 0.01}, \"training\": {\"steps\": 100}}",
		  WORDS("still falling", "or a larger learning_rate.") },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct reply *job = job_wait(server, job_post(server, cases[i].job));
		ck_assert_msg(advised(job, cases[i].words), "case %zu: %s", i, job->body);
		if (strcmp(string_at(job->json, "status"), "failed") == 0) {
			ck_assert_str_eq(string_at(job->json, "error.hint"), string_at(job->json, "advice.0"));
		}
	}
	/* the same when somebody ends it */
	const char *id = job_post(server, descent(valley, 1e-12,
						  "\"training\": {\"steps\": 1000000000}, \"recording\": "
						  "{\"every_steps\": 100000}"));
	job_reach(server, id, 1000000);
	client_post(server, text_of("/v1/jobs/%s/cancel", id), "");
	const struct reply *job = job_wait(server, id);
	ck_assert_msg(advised(job, WORDS("still falling when the job was cancelled")), "%s", job->body);
	job = job_run(server, bowl("\"training\": {\"steps\": 5000}"));
	ck_assert_int_eq(cJSON_GetArraySize(get_at(job->json, "advice")), 0);
	/* where nothing bends any more, rounding is no saddle */
	for (int seed = 1; seed <= 5; seed += 2) {
		job = job_run(
			server,
			text_of("{\"dataset\": {\"generator\": {\"type\": \"blobs\", \"rows\": 150, \"seed\": %d}}, "
				"\"model\": {\"type\": \"expression\", \"objective\": \"cross_entropy(X @ W + b, y)\", "
				"\"parameters\": {\"W\": {\"shape\": [2, 3]}, \"b\": {\"shape\": [3]}}}, "
				"\"optimizer\": \"lbfgs\", \"training\": {\"steps\": 200, \"dtype\": \"float32\"}}",
				seed));
		ck_assert_msg(!advised(job, WORDS("saddle")), "%s", job->body);
	}
	/* who lets the rate decay already is not told to do so; corners are no plateau */
	for (int decays = 0; decays < 2; decays++) {
		for (int full = 0; full < 2; full++) {
			job = job_run(
				server,
				text_of("{\"dataset\": {\"generator\": {\"type\": \"linear\", \"rows\": 500, "
					"\"features\": 3, "
					"\"noise\": 2, \"seed\": 3}}, \"model\": {\"type\": \"linear_regression\", "
					"\"loss\": {\"type\": \"quantile\", \"q\": 0.9}}, \"optimizer\": {\"type\": "
					"\"adam\", "
					"\"learning_rate\": 0.05, \"schedule\": \"%s\"}, \"training\": {\"steps\": "
					"2000, "
					"\"batch_size\": %s}, \"stopping\": {\"loss_change\": 0}}",
					decays ? "cosine" : "constant",
					full ? "\"full\", \"dtype\": \"float64\"" : "50"));
			ck_assert_msg(advised(job, WORDS("schedule cosine")) == !decays &&
					      !advised(job, WORDS("plateau")),
				      "%s", job->body);
		}
	}
	finish(server);
}
END_TEST

START_TEST(a_certificate_comes_with_the_result)
{
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(server, bowl("\"training\": {\"steps\": 5000}"));
	/* Steps of 0.1 leave 1 - 0.1 of x and 1 - 0.4 of y. */
	ck_assert_double_eq_tol(number_at(job->json, "certificate.lambda_max"), 4, 1e-9);
	ck_assert_double_eq_tol(number_at(job->json, "certificate.largest_stable_learning_rate"), 0.5, 1e-9);
	ck_assert_double_eq_tol(number_at(job->json, "certificate.condition_number"), 4, 1e-8);
	ck_assert_str_eq(string_at(job->json, "certificate.convergence.type"), "linear");
	ck_assert_double_eq_tol(number_at(job->json, "certificate.convergence.factor"), 0.9, 1e-6);
	ck_assert_double_le(number_at(job->json, "certificate.gradient_norm"), 1e-5);
	ck_assert(cJSON_IsNull(get_at(job->json, "certificate.duality_gap")));
	job = job_run(server, text_of("{" DATA "\"model\": {\"type\": \"linear_regression\", \"l2\": 0.02385}, "
				      "\"optimizer\": {\"type\": \"lbfgs\"}, \"training\": {\"dtype\": \"float64\"}}",
				      ""));
	ck_assert_double_le(number_at(job->json, "certificate.duality_gap"), 1e-12);
	ck_assert_double_le(number_at(job->json, "certificate.closed_form_distance"), 1e-6);
	ck_assert_double_eq_tol(number_at(job->json, "certificate.dual_value"),
				number_at(job->json, "metrics.train_loss"), 1e-12);
	finish(server);
}
END_TEST

START_TEST(running_statistics_are_no_part_of_a_gradient)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "iris.csv", "target=target");
	const char *json =
		text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"mlp\", \"loss\": "
			"\"cross_entropy\", \"layers\": [{\"type\": \"dense\", \"units\": 5}, {\"type\": "
			"\"batch_norm\"}]}, \"training\": {\"epochs\": 3, \"batch_size\": 30, \"restarts\": 2}}",
			dataset);
	const struct reply *one = job_run(server, json), *two = job_run(server, json);
	ck_assert_double_gt(number_at(one->json, "certificate.lambda_max"), 0);
	ck_assert_double_gt(number_at(one->json, "certificate.gradient_norm"), 0);
	ck_assert(cJSON_Compare(get_at(one->json, "certificate"), get_at(two->json, "certificate"), true));
	finish(server);
}
END_TEST

START_TEST(a_range_test_suggests_a_learning_rate)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "iris.csv", "target=target");
	const char *const batches[] = { "\"full\"", "16" };
	for (size_t i = 0; i < 2; i++) {
		const char *job =
			text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"mlp\"}, \"optimizer\": "
				"{\"type\": \"sgd\", \"schedule\": {\"type\": \"lr_finder\", \"end_lr\": 1000}}, "
				"\"training\": {\"batch_size\": %s}}",
				dataset, batches[i]);
		const struct reply *one = job_run(server, job), *two = job_run(server, job);
		ck_assert_str_eq(string_at(one->json, "stop_reason"), "lr_finder");
		const double suggested = number_at(one->json, "lr_finder.suggested_learning_rate");
		ck_assert_double_gt(suggested, 1e-5);
		ck_assert_double_lt(suggested, number_at(one->json, "lr_finder.exploded_learning_rate"));
		ck_assert_double_eq(suggested, number_at(two->json, "lr_finder.suggested_learning_rate"));
		expect_same_results(server, string_at(one->json, "id"), server, string_at(two->json, "id"));
		/* A training at that rate goes down. */
		const struct reply *trained = job_run(
			server,
			text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"mlp\"}, \"optimizer\": "
				"{\"type\": \"sgd\", \"learning_rate\": %.17g}, \"training\": {\"epochs\": 200}}",
				dataset, suggested));
		ck_assert_double_lt(number_at(trained->json, "metrics.train_loss"), 1);
	}
	expect_fault(
		client_post(server, "/v1/jobs",
			    "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [1, "
			    "2]}, "
			    "\"optimizer\": {\"type\": \"sgd\", \"schedule\": {\"type\": \"lr_finder\", \"start_lr\": "
			    "20}}}"),
		"/optimizer/schedule/end_lr", "out_of_range");
	expect_fault(client_post(server, "/v1/jobs",
				 "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", "
				 "\"initial_point\": [1, 2]}, "
				 "\"optimizer\": {\"type\": \"lbfgs\", \"line_search\": \"strong_wolfe\", "
				 "\"schedule\": {\"type\": "
				 "\"lr_finder\", \"smoothing\": 1}}}"),
		     "/optimizer/schedule/smoothing", "out_of_range");
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("certificates");
	TCase *ends = tcase_create("ends");
	suite_add_tcase(suite, ends);
	tcase_set_timeout(ends, 60);
	tcase_add_test(ends, each_rule_says_what_it_saw_and_what_its_limit_was);
	tcase_add_test(ends, a_cancelled_and_a_diverged_job_keep_best_and_last_and_name_no_value);
	tcase_add_test(ends, a_job_that_did_not_converge_says_what_to_change);
	tcase_add_test(ends, a_certificate_comes_with_the_result);
	tcase_add_test(ends, running_statistics_are_no_part_of_a_gradient);
	tcase_add_test(ends, a_range_test_suggests_a_learning_rate);
	return blackbox_run(suite);
}
