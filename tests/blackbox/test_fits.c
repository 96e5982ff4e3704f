/*
 * Curve fits, bounds and what any optimizer takes, through HTTP: certified values of NIST reached by
 * levenberg_marquardt with their standard deviations, bounds kept to and reported, averaged weights, refusals.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

static double relative(double found, double wanted)
{
	return fabs(found / wanted - 1);
}

/* {"b1": start[0], ...} */
static const char *parameters_of(const cJSON *start)
{
	const char *text = "";
	size_t k = 0;
	for (const cJSON *item = start->child; item != NULL; item = item->next, k++) {
		text = text_of("%s%s\"b%zu\": %.17g", text, k == 0 ? "" : ", ", k + 1, item->valuedouble);
	}
	return text;
}

static void check_set(const struct server *server, const cJSON *set, const cJSON *start, const char *optimizer,
		      double tolerance)
{
	char *rows = cJSON_PrintUnformatted(get_at(set, "rows"));
	const struct reply *job = job_run(
		server,
		text_of("{\"dataset\": {\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": %s}, \"target\": \"y\"}, "
			"\"model\": {\"type\": \"expression\", \"prediction\": \"%s\", \"parameters\": {%s}}, "
			"\"optimizer\": %s}",
			rows, string_at(set, "prediction"), parameters_of(start), optimizer));
	cJSON_free(rows);
	size_t n, k = 0;
	const double *found = job_weights(server, string_at(job->json, "id"), "last", &n);
	const char *name = string_at(set, "name");
	for (const cJSON *wanted = get_at(set, "certified")->child; wanted != NULL; wanted = wanted->next, k++) {
		const char *error = text_of("fit.standard_errors.%zu.values.0", k);
		const double deviation = number_at(set, text_of("deviations.%zu", k));
		ck_assert_msg(relative(found[k], wanted->valuedouble) < tolerance, "%s: b%zu = %.12g", name, k + 1,
			      found[k]);
		ck_assert_msg(relative(number_at(job->json, error), deviation) < 10 * tolerance,
			      "%s: deviation of b%zu", name, k + 1);
	}
	ck_assert_uint_eq(n, k);
	ck_assert_double_lt(relative(number_at(job->json, "fit.residual_sum_of_squares"),
				     number_at(set, "residual_sum_of_squares")),
			    1e-9);
	ck_assert_double_lt(relative(number_at(job->json, "fit.residual_standard_deviation"),
				     number_at(set, "residual_standard_deviation")),
			    1e-9);
	ck_assert_double_eq_tol(number_at(job->json, "fit.r2"), number_at(job->json, "metrics.train_r2"), 1e-12);
	ck_assert_double_eq(number_at(job->json, "fit.degrees_of_freedom"),
			    (double)cJSON_GetArraySize(get_at(set, "rows")) - (double)n);
}

START_TEST(certified_parameters_and_their_deviations_are_reached_from_both_starts)
{
	struct server *server = server_start(NULL);
	const cJSON *set = NULL;
	cJSON *sets = golden_load("nist/strd.json");
	cJSON_ArrayForEach(set, sets)
	{
		const cJSON *start = NULL;
		cJSON_ArrayForEach(start, get_at(set, "starts"))
		{
			check_set(server, set, start, "\"levenberg_marquardt\"", 1e-6);
		}
	}
	cJSON_Delete(sets);
	finish(server);
}
END_TEST

#define LINE(model, rest)                                                                                              \
	"{\"dataset\": {\"inline\": {\"columns\": [\"t\", \"y\"], \"rows\": [[0, 3.1], [1, 2.2], [2, 1.7], [3, 1.4], " \
	"[4, "                                                                                                         \
	"1.2], [5, 1.1]]}, \"target\": \"y\"}, \"model\": {" model "}, " rest "}"
#define DECAY                                                                                                          \
	"\"type\": \"expression\", \"prediction\": \"a*exp(-k*t) + c\", \"parameters\": {\"a\": 1, \"k\": 1, \"c\": "  \
	"0}"
#define HELD                                                                                                           \
	"\"type\": \"expression\", \"prediction\": \"a*exp(-k*t) + c\", \"parameters\": {\"a\": 1, \"k\": {\"init\": " \
	"0.385, "                                                                                                      \
	"\"max\": 0.5}, \"c\": {\"init\": 0, \"min\": -1}}"

START_TEST(an_objective_of_squares_is_fitted_as_its_prediction_is)
{
	static const char *const texts[] = { "mean((y - (a*exp(-k*t) + c))**2)",
					     "0.5*sum((a*exp(-k*t) + c - y)^2)/6",
					     "mse(y, a*exp(-k*t) + c)",
					     "r = y - (a*exp(-k*t) + c); norm(r)**2",
					     "r = a*exp(-k*t) + c - y; -mean(-2*r*r)*0.385",
					     "1.93 - (mean((y - (a*exp(-k*t) + c))**2) + 3)/-2.385" };
	struct server *server = server_start(NULL);
	const struct reply *wanted = job_run(server, LINE(DECAY, "\"optimizer\": \"levenberg_marquardt\""));
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		const struct reply *job = job_run(
			server,
			text_of(LINE("\"type\": \"expression\", \"objective\": \"%s\", \"parameters\": {\"a\": 1, "
				     "\"k\": 1, \"c\": 0}",
				     "\"optimizer\": \"levenberg_marquardt\""),
				texts[i]));
		size_t n;
		const double *a = job_weights(server, string_at(wanted->json, "id"), "last", &n);
		const double *b = job_weights(server, string_at(job->json, "id"), "last", &n);
		ck_assert(golden_close(b, a, n, 1e-9));
		ck_assert_double_lt(relative(number_at(job->json, "fit.standard_errors.1.values.0"),
					     number_at(wanted->json, "fit.standard_errors.1.values.0")),
				    1e-8);
		ck_assert_double_eq_tol(number_at(job->json, "fit.r2"), number_at(wanted->json, "fit.r2"), 1e-12);
	}
	finish(server);
}
END_TEST

/* Others than the target less a prediction: weights of the rows, another thing observed. References: scipy's curve_fit
 * with sigma = w**-0.5, numpy's lstsq of log(y), R2 of what was observed with its weights. */
#define START_A_K "\"parameters\": {\"a\": 1, \"k\": 1"
static const struct weighed {
	const char *model, *optimizer;
	double found[3], errors[3], r2;
} weighed[] = {
	{ "\"objective\": \"mean(exp(-t/2)*(y - (a*exp(-k*t) + c))**2)\", " START_A_K ", \"c\": 0}",
	  "levenberg_marquardt",
	  { 2.12970092, 0.54145613, 0.96889801 },
	  { 0.02438958973833005, 0.013095853979771406, 0.024540771157091006 },
	  0.9998858422130489 },
	{ "\"objective\": \"sum(((a*exp(-k*t) + c - y)/exp(t/4))**2)\", " START_A_K ", \"c\": 0}",
	  "levenberg_marquardt",
	  { 2.12970092, 0.54145613, 0.96889801 },
	  { 0.02438958973833005, 0.013095853979771406, 0.024540771157091006 },
	  0.9998858422130489 },
	{ "\"objective\": \"sum(w*(y - (a*exp(-k*t) + c))**2)\", \"columns\": {\"w\": \"v\"}, " START_A_K ", \"c\": 0}",
	  "lbfgs",
	  { 2.12970092, 0.54145613, 0.96889801 },
	  { 0.02438958973833005, 0.013095853979771406, 0.024540771157091006 },
	  0.9998858422130489 },
	{ "\"objective\": \"mean((log(y) - (a - k*t))**2)\", " START_A_K "}",
	  "levenberg_marquardt",
	  { 1.0245526458027765, 0.20551494524530825 },
	  { 0.06713402503486297, 0.022173638691141032 },
	  0.9555080485303814 },
};

START_TEST(weights_and_what_is_observed_count_in_errors_and_r2)
{
	struct server *server = server_start(NULL);
	for (size_t i = 0; i < sizeof weighed / sizeof weighed[0]; i++) {
		const struct weighed *wanted = &weighed[i];
		const struct reply *job = job_run(
			server,
			text_of("{\"dataset\": {\"inline\": {\"columns\": [\"t\", \"v\", \"y\"], \"rows\": [[0, 1, "
				"3.1], [1, %.17g, 2.2], [2, %.17g, 1.7], [3, %.17g, 1.4], [4, %.17g, 1.2], [5, %.17g, "
				"1.1]]}, \"target\": \"y\"}, \"model\": {\"type\": \"expression\", %s}}",
				exp(-0.5), exp(-1), exp(-1.5), exp(-2), exp(-2.5), wanted->model));
		size_t n;
		const double *found = job_weights(server, string_at(job->json, "id"), "last", &n);
		ck_assert_str_eq(string_at(job->json, "spec.optimizer.type"), wanted->optimizer);
		for (size_t k = 0; k < n; k++) {
			const char *error = text_of("fit.standard_errors.%zu.values.0", k);
			ck_assert_double_lt(relative(found[k], wanted->found[k]), 1e-6);
			ck_assert_double_lt(relative(number_at(job->json, error), wanted->errors[k]), 1e-5);
		}
		ck_assert_double_eq_tol(number_at(job->json, "fit.r2"), wanted->r2, 1e-9);
	}
	finish(server);
}
END_TEST

/* Standard errors of the others as in the fit without (numpy, from J'J at the minimum). */
static const struct undetermined {
	const char *prediction, *parameters;
	double errors[4]; /* 0: none */
	const char *warning;
} undetermined[] = {
	{ "a*exp(-k*t) + c",
	  "\"q\": 2.385, \"a\": 1, \"k\": 1, \"c\": 0",
	  { 0, 0.01918398548947318, 0.012547206865136032, 0.01837534460890412 },
	  "determine q: changed by itself it" },
	{ "a*q*exp(-k*t) + c",
	  "\"a\": 1, \"k\": 1, \"c\": 0, \"q\": 2",
	  { 0, 0.012547206865136032, 0.01837534460890412, 0 },
	  "determine a, q: changed by itself or together" },
	{ "a*exp(-k*t) + q[0] - q[1]",
	  "\"a\": 1, \"q\": [0, 0.385], \"k\": 1",
	  { 0.01918398548947318, 0, 0, 0.012547206865136032 },
	  "determine q[0], q[1]:" },
};

START_TEST(what_the_data_do_not_determine_has_no_error_and_takes_none_from_the_others)
{
	struct server *server = server_start(NULL);
	for (size_t i = 0; i < sizeof undetermined / sizeof undetermined[0]; i++) {
		const struct undetermined *wanted = &undetermined[i];
		const struct reply *job = job_run(
			server, text_of(LINE("\"type\": \"expression\", \"prediction\": \"%s\", \"parameters\": {%s}",
					     "\"optimizer\": \"levenberg_marquardt\""),
					wanted->prediction, wanted->parameters));
		size_t k = 0;
		for (const cJSON *one = get_at(job->json, "fit.standard_errors")->child; one != NULL; one = one->next) {
			for (const cJSON *v = cJSON_GetObjectItem(one, "values")->child; v != NULL; v = v->next, k++) {
				ck_assert(cJSON_IsNull(v) == (wanted->errors[k] == 0));
				ck_assert(cJSON_IsNull(v) || relative(v->valuedouble, wanted->errors[k]) < 1e-5);
			}
		}
		ck_assert_uint_eq(k, 4);
		ck_assert_double_eq(number_at(job->json, "fit.degrees_of_freedom"), 3);
		const char *warnings = keep(cJSON_PrintUnformatted(get_at(job->json, "warnings")));
		ck_assert_ptr_nonnull(strstr(warnings, wanted->warning));
	}
	finish(server);
}
END_TEST

START_TEST(bounds_are_kept_to_and_those_that_hold_are_listed)
{
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(server, LINE(HELD, "\"optimizer\": \"lbfgsb\""));
	size_t n;
	const double *x = job_weights(server, string_at(job->json, "id"), "last", &n);
	ck_assert_double_eq(x[1], 0.5);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(job->json, "active_bounds")), 1);
	ck_assert_str_eq(string_at(job->json, "active_bounds.0.parameter"), "k");
	ck_assert_str_eq(string_at(job->json, "active_bounds.0.bound"), "max");
	ck_assert(cJSON_IsNull(get_at(job->json, "fit.standard_errors.1.values.0")));
	ck_assert_double_gt(number_at(job->json, "fit.standard_errors.0.values.0"), 0);
	ck_assert_double_eq(number_at(job->json, "fit.degrees_of_freedom"), 4); /* six rows, two free parameters */
	/* With k fixed this is a line in exp(-k t): by projected descent as well. */
	const struct reply *adam = job_run(
		server,
		LINE(HELD,
		     "\"optimizer\": {\"type\": \"adam\", \"learning_rate\": 0.05}, \"training\": {\"epochs\": 4000}"));
	const double *y = job_weights(server, string_at(adam->json, "id"), "last", &n);
	ck_assert(golden_close(y, x, n, 1e-4));
	const struct reply *spec = client_get(server, text_of("/v1/jobs/%s/spec", string_at(job->json, "id")));
	const struct reply *again = job_run(server, spec->body);
	expect_same_results(server, string_at(job->json, "id"), server, string_at(again->json, "id"));
	finish(server);
}
END_TEST

/* Minima on the edge of the box, by hand: with x = u <= 1 held Rosenbrock's valley gives y = u^2; with y = v held
 * 2 (x - 1) + 400 x (x^2 - v) = 0. */
START_TEST(a_function_is_minimised_within_its_box)
{
	static const struct {
		const char *box;
		double x, y;
	} cases[] = { { "\"max\": [0.8, 2]", 0.8, 0.64 },
		      { "\"min\": -2, \"max\": 0.5", 0.5, 0.25 },
		      { "\"min\": [null, -7], \"max\": [null, 0.5]", 0.7085595037611401, 0.5 },
		      { "\"min\": [1.2, null]", 1.2, 1.44 },
		      { "\"min\": -30, \"max\": 30", 1, 1 } };
	struct server *server = server_start(NULL);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *point = i == 3 ? "[1.385, -0.385]" : "[-1.2, 0.385]";
		const struct reply *job =
			job_run(server, text_of("{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", "
						"\"initial_point\": %s, %s}, \"optimizer\": \"lbfgsb\"}",
						point, cases[i].box));
		size_t n;
		const double *x = job_weights(server, string_at(job->json, "id"), "last", &n);
		ck_assert_double_eq_tol(x[0], cases[i].x, 1e-7);
		ck_assert_double_eq_tol(x[1], cases[i].y, 1e-7);
		const int active = cJSON_GetArraySize(get_at(job->json, "active_bounds"));
		ck_assert_int_eq(active, i == 4 ? 0 : 1);
		ck_assert_double_lt(number_at(job->json, "metrics.gradient_norm"),
				    1e-5); /* of the projected gradient */
	}
	finish(server);
}
END_TEST

#define SMALL                                                                                                          \
	"\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": %.17g, %s}, \"training\": {\"batch_size\": 2, "         \
	"\"steps\": 25, "                                                                                              \
	"\"dtype\": \"float64\"}"

START_TEST(a_sum_of_losses_is_the_mean_times_the_rows_and_penalties_are_as_ever)
{
	struct server *server = server_start(NULL);
	/* mean of two rows + l2 / 2 w^2, times 2, is their sum + 2 l2 / 2 w^2. */
	const struct reply *mean =
		job_run(server, text_of(LINE("\"type\": \"linear_regression\", \"l2\": 0.385", SMALL), 0.02,
					"\"momentum\": 0.5"));
	const struct reply *sum = job_run(server, text_of(LINE("\"type\": \"linear_regression\", \"l2\": 0.77", SMALL),
							  0.01, "\"momentum\": 0.5, \"reduction\": \"sum\""));
	size_t n;
	const double *a = job_weights(server, string_at(mean->json, "id"), "last", &n);
	const double *b = job_weights(server, string_at(sum->json, "id"), "last", &n);
	ck_assert(golden_close(b, a, n, 1e-12));
	const double penalty = 0.385 * a[0] * a[0] / 2;
	ck_assert_double_eq_tol(number_at(sum->json, "metrics.train_loss"),
				6 * (number_at(mean->json, "metrics.train_loss") - penalty) + 2 * penalty, 1e-10);
	/* An expression likewise, drawn with replacement: the same rows in both. */
	mean = job_run(server, text_of(LINE(DECAY, SMALL), 0.02, "\"sampling\": \"replacement\""));
	sum = job_run(server,
		      text_of(LINE(DECAY, SMALL), 0.01, "\"sampling\": \"replacement\", \"reduction\": \"sum\""));
	a = job_weights(server, string_at(mean->json, "id"), "last", &n);
	b = job_weights(server, string_at(sum->json, "id"), "last", &n);
	ck_assert(golden_close(b, a, n, 1e-12));
	finish(server);
}
END_TEST

#define AVERAGED                                                                                                       \
	LINE("\"type\": \"linear_regression\"", "\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 0.0385, %s}, "  \
						"\"training\": {\"epochs\": 12, \"dtype\": "                           \
						"\"float64\"}, \"recording\": {\"parameters\": true}")

START_TEST(averaged_weights_are_answered_beside_the_last)
{
	struct server *server = server_start(NULL);
	static const char *const settings[] = { "\"ema_decay\": 0.785", "\"averaging\": true",
						"\"averaging\": {\"from_step\": 8}" };
	for (size_t k = 0; k < 3; k++) {
		const struct reply *job = job_run(server, text_of(AVERAGED, settings[k]));
		const char *id = string_at(job->json, "id");
		const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve?series=parameters", id));
		size_t n;
		double wanted[2] = { 0, 0 };
		for (int t = k == 2 ? 8 : 1; t <= 12; t++) {
			for (int i = 0; i < 2; i++) {
				const double x = number_at(curve->json, text_of("series.parameters.%d.%d", t, i));
				wanted[i] = k == 0   ? (t == 1 ? x : 0.785 * wanted[i] + 0.215 * x)
					    : k == 1 ? wanted[i] + x / 12
						     : wanted[i] + x / 5;
			}
		}
		const double *found = job_weights(server, id, "averaged", &n);
		ck_assert(golden_close(found, wanted, 2, 1e-12));
		const double *last = job_weights(server, id, "last", &n);
		ck_assert_double_ne(found[0], last[0]);
	}
	const struct reply *plain = job_run(server, text_of(AVERAGED, "\"momentum\": 0"));
	const char *path = text_of("/v1/jobs/%s/weights?at=averaged", string_at(plain->json, "id"));
	expect_problem(client_get(server, path), 409, NULL);
	finish(server);
}
END_TEST

static const struct {
	const char *body, *pointer, *detail;
} refusals[] = {
	{ LINE("\"type\": \"linear_regression\", \"l2\": 0.1", "\"optimizer\": \"levenberg_marquardt\""), "/optimizer",
	  "l2" },
	{ LINE("\"type\": \"linear_regression\", \"loss\": \"mae\"", "\"optimizer\": \"levenberg_marquardt\""),
	  "/optimizer", "mae" },
	{ LINE(HELD, "\"optimizer\": \"levenberg_marquardt\""), "/optimizer", "use lbfgsb" },
	{ LINE(HELD, "\"optimizer\": {\"type\": \"conjugate_gradient\"}"), "/optimizer/type", "use lbfgsb" },
	{ LINE(HELD, "\"optimizer\": \"newton\""), "/optimizer", "use lbfgsb" },
	{ LINE(DECAY, "\"optimizer\": {\"type\": \"sgd\", \"reduction\": \"total\"}"), "/optimizer/reduction", "none" },
	{ LINE(DECAY, "\"optimizer\": {\"type\": \"sgd\", \"sampling\": \"replacement\"}"), "/optimizer/sampling",
	  "batch_size" },
	{ LINE(DECAY, "\"optimizer\": {\"type\": \"lbfgs\", \"reduction\": \"sum\"}"), "/optimizer/reduction", "mean" },
	{ LINE(DECAY, "\"optimizer\": {\"type\": \"lbfgs\", \"weight_decay\": 0.1}"), "/optimizer/weight_decay",
	  "adamw" },
	{ LINE(DECAY, "\"optimizer\": {\"type\": \"adam\", \"ema_decay\": 1}"), "/optimizer/ema_decay", "below 1" },
	{ LINE(DECAY, "\"optimizer\": {\"type\": \"adam\", \"ema_decay\": 0.9, \"averaging\": true}"),
	  "/optimizer/averaging", "either" },
	{ LINE(DECAY, "\"optimizer\": {\"type\": \"adam\", \"averaging\": 3}"), "/optimizer/averaging", "polyak" },
	{ "{\"model\": {\"type\": \"function\", \"function\": \"booth\", \"initial_point\": [1, 2], \"min\": [2, 3], "
	  "\"max\": "
	  "1}}",
	  "/model/min", "greater than max" },
	{ "{\"model\": {\"type\": \"function\", \"function\": \"booth\", \"initial_point\": [1, 2], \"max\": [0, 5]}}",
	  "/model/initial_point", "outside of its bounds" },
	{ "{\"model\": {\"type\": \"function\", \"function\": \"booth\", \"initial_point\": [1, 2], \"max\": [1, 2, "
	  "3]}}",
	  "/model/max", "2 numbers" },
	{ "{\"model\": {\"type\": \"function\", \"function\": \"booth\", \"initial_point\": [1, 2]}, \"optimizer\": "
	  "\"levenberg_marquardt\"}",
	  "/optimizer", "no rows" },
	{ "{\"model\": {\"type\": \"expression\", \"objective\": \"a**2\", \"parameters\": {\"a\": {\"init\": 3, "
	  "\"min\": 4}}}}",
	  "/model/parameters/a/init", "outside of its bounds" },
};

START_TEST(what_does_not_go_together_is_refused_with_what_to_use)
{
	struct server *server = server_start(NULL);
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		const struct reply *reply = client_post(server, "/v1/jobs?dry_run=true", refusals[i].body);
		const cJSON *fault = expect_fault(reply, refusals[i].pointer, NULL);
		ck_assert_msg(strstr(string_at(fault, "detail"), refusals[i].detail) != NULL, "%zu: %s", i,
			      string_at(fault, "detail"));
	}
	const char *iris = dataset_upload(server, "iris.csv", "target=target");
	const struct reply *reply =
		client_post(server, "/v1/jobs",
			    text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"softmax_regression\"}, "
				    "\"optimizer\": {\"type\": \"levenberg_marquardt\"}}",
				    iris));
	const cJSON *fault = expect_fault(reply, "/optimizer/type", "not_allowed");
	ck_assert_ptr_nonnull(strstr(string_at(fault, "detail"), "use lbfgs"));
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fits");
	TCase *tests = tcase_create("fits");
	tcase_add_test(tests, certified_parameters_and_their_deviations_are_reached_from_both_starts);
	tcase_add_test(tests, an_objective_of_squares_is_fitted_as_its_prediction_is);
	tcase_add_test(tests, weights_and_what_is_observed_count_in_errors_and_r2);
	tcase_add_test(tests, what_the_data_do_not_determine_has_no_error_and_takes_none_from_the_others);
	tcase_add_test(tests, bounds_are_kept_to_and_those_that_hold_are_listed);
	tcase_add_test(tests, a_function_is_minimised_within_its_box);
	tcase_add_test(tests, a_sum_of_losses_is_the_mean_times_the_rows_and_penalties_are_as_ever);
	tcase_add_test(tests, averaged_weights_are_answered_beside_the_last);
	tcase_add_test(tests, what_does_not_go_together_is_refused_with_what_to_use);
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	return blackbox_run(suite);
}
