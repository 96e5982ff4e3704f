/* Jobs of the model "expression": the same curve as the built-in model, a curve fit, predictions, jobs without data. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

#define STEPS                                                                                                          \
	"\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 0.1, \"momentum\": 0.9}, \"training\": {\"epochs\": "   \
	"60, "                                                                                                         \
	"\"batch_size\": %s, \"dtype\": \"float64\", \"seed\": 3}, \"stopping\": {\"gradient_norm\": null, "           \
	"\"loss_change\": null, \"parameter_change\": null}"

static void expect_close_curves(const struct server *server, const char *one, const char *other, double tolerance)
{
	const char *const names[] = { "train_loss", "gradient_norm" };
	const struct reply *a = client_get(server, text_of("/v1/jobs/%s/curve", one));
	const struct reply *b = client_get(server, text_of("/v1/jobs/%s/curve", other));
	for (size_t k = 0; k < 2; k++) {
		size_t n, m;
		const double *x = curve_series(a, names[k], &n), *y = curve_series(b, names[k], &m);
		ck_assert_uint_eq(n, m);
		ck_assert_uint_gt(n, 30);
		for (size_t i = 0; i < n; i++) {
			ck_assert(isnan(x[i]) == isnan(y[i]));
			ck_assert(isnan(x[i]) || golden_close(&y[i], &x[i], 1, tolerance));
		}
	}
}

START_TEST(a_model_written_as_an_expression_has_the_curve_of_the_built_in_one)
{
	struct server *server = server_start(NULL);
	const char *const batches[] = { "\"full\"", "16" };
	const char *iris = dataset_upload(server, "iris.csv", "target=target");
	for (size_t k = 0; k < 2; k++) {
		const char *steps = text_of(STEPS, batches[k]);
		const struct reply *softmax = job_run(
			server, text_of("{\"dataset\": {\"id\": \"%s\", \"standardize\": true}, \"model\": {\"type\": "
					"\"softmax_regression\", \"l2\": 0.02}, %s}",
					iris, steps));
		const struct reply *written = job_run(
			server,
			text_of("{\"dataset\": {\"id\": \"%s\", \"standardize\": true}, \"model\": {\"type\": "
				"\"expression\", \"objective\": \"cross_entropy(X @ W + b, y) + lam * sum(W**2)\", "
				"\"parameters\": {\"W\": {\"shape\": [4, 3]}, \"b\": {\"shape\": [3]}}, \"constants\": "
				"{\"lam\": 0.01}}, %s}",
				iris, steps));
		expect_close_curves(server, string_at(softmax->json, "id"), string_at(written->json, "id"), 1e-10);
	}
	finish(server);
}
END_TEST

/* y = 2 exp(-0.7 t) + 0.5 without noise. */
static const char *decay_csv(void)
{
	char *csv = keep(malloc(10000)), *end = csv + sprintf(csv, "time (s),y\n");
	for (int i = 0; i < 80; i++) {
		end += sprintf(end, "%.17g,%.17g\n", i / 16.0, 2 * exp(-0.7 * i / 16.0) + 0.5);
	}
	return csv;
}

#define FIT                                                                                                            \
	"{\"dataset\": {\"id\": \"%s\", \"target\": \"y\"}, \"model\": {\"type\": \"expression\", %s, \"columns\": "   \
	"{\"t\": \"time (s)\"}, \"parameters\": {\"a\": 1, \"k\": 1, \"c\": 0}}, \"optimizer\": {\"type\": \"adam\", " \
	"\"learning_rate\": 0.05}, \"training\": {\"epochs\": 6000}}"

START_TEST(a_curve_is_fitted_and_predicted_and_an_objective_alone_predicts_nothing)
{
	struct server *server = server_start(NULL);
	const char *data = dataset_upload_text(server, decay_csv(), "");
	const char *const forms[] = { "\"prediction\": \"a * exp(-k * t) + c\"",
				      "\"objective\": \"mean((y - (a * exp(-k * t) + c))**2)\"" };
	const double wanted[] = { 2, 0.7, 0.5 };
	for (size_t k = 0; k < 2; k++) {
		const struct reply *job = job_run(server, text_of(FIT, data, forms[k]));
		const char *id = string_at(job->json, "id");
		size_t n;
		const double *found = job_weights(server, id, "last", &n);
		ck_assert_uint_eq(n, 3);
		ck_assert_msg(golden_close(found, wanted, 3, 2e-3), "%g %g %g", found[0], found[1], found[2]);
		const struct reply *answer =
			client_post(server, text_of("/v1/jobs/%s/predictions", id), "{\"inputs\": [[0], [2.385]]}");
		if (k == 1) {
			expect_problem(answer, 422, "invalid");
			continue;
		}
		expect(answer, 200);
		ck_assert_double_eq_tol(number_at(answer->json, "predictions.1"), 2 * exp(-0.7 * 2.385) + 0.5, 2e-3);
		ck_assert_double_gt(number_at(job->json, "metrics.train_r2"), 0.999);
		const struct reply *spec = client_get(server, text_of("/v1/jobs/%s/spec", id));
		const struct reply *again = job_run(server, spec->body);
		expect_same_results(server, id, server, string_at(again->json, "id"));
	}
	finish(server);
}
END_TEST

START_TEST(an_expression_needs_no_dataset)
{
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(
		server,
		"{\"model\": {\"type\": \"expression\", \"objective\": \"(1 - u[0])**2 + 100*(u[1] - u[0]^2)^2\", "
		"\"parameters\": {\"u\": [-1.2, 1]}}, \"optimizer\": {\"type\": \"adam\", \"learning_rate\": 0.02}, "
		"\"training\": {\"steps\": 6000}}");
	size_t n;
	const double *found = job_weights(server, string_at(job->json, "id"), "last", &n), wanted[] = { 1, 1 };
	ck_assert_uint_eq(n, 2);
	ck_assert(golden_close(found, wanted, 2, 1e-3));
	ck_assert_str_eq(string_at(job->json, "spec.training.dtype"), "float64");
	finish(server);
}
END_TEST

/* Newton's steps with exact products: as many as on the built-in function, for fewer gradients, and at the end each
 * error is in proportion to the square of the one before. */
START_TEST(newton_converges_quadratically_on_an_expression_in_the_steps_of_the_built_in_function)
{
	static const char *const optimizers[] = { "newton", "newton_cg" };
	struct server *server = server_start(NULL);
	for (size_t i = 0; i < 2; i++) {
		const struct reply *job = job_run(
			server,
			text_of("{\"model\": {\"type\": \"expression\", \"objective\": \"100*(y - x**2)**2 + "
				"(1 - x)**2\", \"parameters\": {\"x\": -1.2, \"y\": 1}}, \"optimizer\": \"%s\"}",
				optimizers[i]));
		const char *id = keep(strdup(string_at(job->json, "id")));
		const double steps = number_at(job->json, "progress.step");
		const double gradients = number_at(job->json, "progress.evaluations.gradient");
		ck_assert_str_eq(string_at(job->json, "stop_reason"), "gradient_norm");
		ck_assert_double_le(number_at(job->json, "metrics.train_loss"), 1e-25);
		job = job_run(server, text_of("{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", "
					      "\"initial_point\": [-1.2, 1]}, \"optimizer\": \"%s\"}",
					      optimizers[i]));
		ck_assert_double_eq(number_at(job->json, "progress.step"), steps);
		ck_assert_double_lt(gradients, number_at(job->json, "progress.evaluations.gradient"));
		if (i == 0) {
			size_t n;
			const double *loss =
				curve_series(client_get(server, text_of("/v1/jobs/%s/curve", id)), "train_loss", &n);
			/* f is in proportion to the square of the distance. */
			ck_assert_uint_gt(n, 10);
			ck_assert_double_le(loss[n - 2], 1e4 * loss[n - 3] * loss[n - 3]);
			ck_assert_double_le(loss[n - 3], 1e4 * loss[n - 4] * loss[n - 4]);
		}
	}
	finish(server);
}
END_TEST

START_TEST(parameters_begin_by_any_law_and_the_spec_says_all_of_it)
{
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(
		server,
		"{\"model\": {\"type\": \"expression\", \"objective\": \"sum(A**2) + sum(b**2) + sum(c**2) + d**2\", "
		"\"parameters\": {\"A\": {\"shape\": [3, 3], \"init\": {\"type\": \"orthogonal\", \"gain\": 2}}, "
		"\"b\": {\"shape\": [4], \"init\": {\"type\": \"uniform\", \"low\": 2.385, \"high\": 3}}, "
		"\"c\": {\"shape\": [2], \"init\": \"normal\"}, \"d\": {\"init\": \"he_uniform\", \"min\": -9}}}, "
		"\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 1e-12}, \"training\": {\"steps\": 1}}");
	size_t n;
	const double *theta = job_weights(server, string_at(job->json, "id"), "last", &n);
	ck_assert_uint_eq(n, 16);
	for (size_t i = 0; i < 9; i++) {
		double product = 0;
		for (size_t k = 0; k < 3; k++) {
			product += theta[i / 3 * 3 + k] * theta[i % 3 * 3 + k];
		}
		ck_assert_double_eq_tol(product, i % 4 == 0 ? 4 : 0, 1e-9);
	}
	for (size_t i = 9; i < 13; i++) {
		ck_assert(theta[i] > 2.384 && theta[i] < 3);
	}
	ck_assert(theta[13] != 0 && fabs(theta[13]) < 0.5 && fabs(theta[15]) < sqrt(6));
	const cJSON *spec = get_at(job->json, "spec");
	ck_assert_str_eq(string_at(spec, "model.parameters.c.init.type"), "normal");
	ck_assert_double_eq(number_at(spec, "model.parameters.c.init.std"), 0.05);
	ck_assert_double_eq(number_at(spec, "model.parameters.d.min"), -9);
	/* What the spec says is a whole job: the same one. */
	char *text = keep(cJSON_PrintUnformatted(spec));
	const struct reply *again = job_run(server, text);
	const double *other = job_weights(server, string_at(again->json, "id"), "last", &n);
	ck_assert_mem_eq(theta, other, n * sizeof *theta);
	expect_fault(client_post(server, "/v1/jobs",
				 "{\"model\": {\"type\": \"expression\", \"objective\": \"b @ b\", \"parameters\": "
				 "{\"b\": {\"shape\": [4], \"init\": \"orthogonal\"}}}}"),
		     "/model/parameters/b/init", "not_allowed");
	finish(server);
}
END_TEST

START_TEST(what_is_wrong_with_an_expression_is_pointed_at)
{
	static const struct {
		const char *model, *more, *pointer, *code;
		int position;
	} cases[] = {
		{ "\"objective\": \"mean((y - a*tt)**2)\", \"parameters\": {\"a\": 1}", "", "/model/objective",
		  "not_found", 12 },
		{ "\"objective\": \"sqrt(mean((y - a*t)**2))\", \"parameters\": {\"a\": 1}",
		  ", \"training\": {\"batch_size\": 8}", "/training/batch_size", "not_allowed", -1 },
		{ "\"objective\": \"mean(y)\", \"prediction\": \"t\", \"parameters\": {\"a\": 1}", "",
		  "/model/objective", "not_allowed", -1 },
		{ "\"objective\": \"a\", \"parameters\": {\"exp\": 1}", "", "/model/parameters/exp", "not_allowed",
		  -1 },
		{ "\"objective\": \"mean(t)\", \"parameters\": {\"t\": 1}", "", "/model/parameters/t", "duplicate",
		  -1 },
		{ "\"objective\": \"a\", \"parameters\": {\"a\": {\"min\": 2, \"max\": 1}}", "",
		  "/model/parameters/a/min", NULL, -1 },
		{ "\"objective\": \"a\"", "", "/model/parameters", "missing", -1 },
		{ "\"objective\": \"a\", \"parameters\": {\"a\": {\"init\": 1, \"trainable\": false}}", "",
		  "/model/parameters", "missing", -1 },
		{ "\"objective\": \"sum(a)\", \"parameters\": {\"a\": {\"init\": [1, 2.385], \"min\": [2, 0]}}", "",
		  "/model/parameters/a/init", "out_of_range", -1 },
		{ "\"objective\": \"a\", \"loss\": \"mse\", \"parameters\": {\"a\": 1}", "", "/model/loss",
		  "not_allowed", -1 },
		{ "\"objective\": \"a\", \"parameters\": {\"a\": {\"shape\": [2, 2, 2]}}", "",
		  "/model/parameters/a/shape", "out_of_range", -1 },
		{ "\"objective\": \"a\", \"parameters\": {\"a\": 1}, \"columns\": {\"q\": \"nothing\"}", "",
		  "/model/columns/q", "not_found", -1 },
		{ "\"objective\": \"a\", \"parameters\": {\"a\": 1}, \"constants\": {\"t\": 2.385}", "",
		  "/model/constants/t", "duplicate", -1 },
		{ "\"objective\": \"a\", \"parameters\": {\"a\": 1}, \"constants\": {\"X\": 2.385}", "",
		  "/model/constants/X", "duplicate", -1 },
		{ "\"objective\": \"cross_entropy(concat(a*t, t), y)\", \"parameters\": {\"a\": 1}", "",
		  "/model/objective", "not_allowed", -1 },
		{ "\"objective\": \"quantile(a*t, y, q=2)\", \"parameters\": {\"a\": 1}", "", "/model/objective",
		  "not_allowed", 0 },
		{ "\"objective\": 3, \"parameters\": {\"a\": 1}", "", "/model/objective", "wrong_type", -1 },
		{ "\"objective\": \"a\", \"parameters\": {\"a\": \"1\"}", "", "/model/parameters/a", "wrong_type", -1 },
		{ "\"objective\": \"a\", \"parameters\": 7", "", "/model/parameters", "wrong_type", -1 },
	};
	struct server *server = server_start(NULL);
	const char *data =
		dataset_upload_text(server, "t,y\n0.5,1\n2.385,3\n4,0.25\n5,9\n6,1\n7,3\n8,2\n9,2\n10,4\n11,5\n", "");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct reply *reply = client_post(server, "/v1/jobs",
							text_of("{\"dataset\": {\"id\": \"%s\", \"target\": \"y\"}, "
								"\"model\": {\"type\": \"expression\", %s}%s}",
								data, cases[i].model, cases[i].more));
		const cJSON *fault = expect_fault(reply, cases[i].pointer, cases[i].code);
		ck_assert_msg(cJSON_GetArraySize(get_at(reply->json, "errors")) == 1, "%s: more than one fault",
			      cases[i].model);
		if (cases[i].position >= 0) {
			ck_assert_int_eq((int)number_at(fault, "position"), cases[i].position);
		}
	}
	finish(server);
}
END_TEST

START_TEST(a_column_named_as_a_number_or_a_function_is_the_column_in_quotes_alone)
{
	static const char data[] = "\"dataset\": {\"inline\": {\"columns\": [\"e\", \"max\", \"y\"], \"rows\": "
				   "[[1, 5, 4.5], [2, -1, 3.5], [3, 0, 6], [4, 2.385, 9.1925]]}, \"target\": \"y\"}";
	struct server *server = server_start(NULL);
	const struct reply *job =
		job_run(server, text_of("{%s, \"model\": {\"type\": \"expression\", \"objective\": "
					"\"mean((y - a*'e' - b*'max')**2)\", \"parameters\": {\"a\": 1, \"b\": 1}}}",
					data));
	size_t n;
	const double *theta = job_weights(server, string_at(job->json, "id"), "last", &n);
	ck_assert_double_eq_tol(theta[0], 2, 1e-6);
	ck_assert_double_eq_tol(theta[1], 0.5, 1e-6);
	const struct reply *bare =
		client_post(server, "/v1/jobs",
			    text_of("{%s, \"model\": {\"type\": \"expression\", \"objective\": \"mean((y - a*e)**2)\", "
				    "\"parameters\": {\"a\": 1}}}",
				    data));
	const cJSON *fault = expect_fault(bare, "/model/objective", "not_allowed");
	ck_assert_ptr_nonnull(strstr(string_at(fault, "detail"), "write \"e\" for the column, exp(1) for the number"));
	finish(server);
}
END_TEST

START_TEST(what_an_objective_makes_of_names_is_warned_of_and_no_more)
{
	static const struct {
		const char *objective, *words;
	} cases[] = {
		{ "mean((y - X @ w)**2)", "nothing depends on the parameter b" },
		{ "mean((y - X @ w - b)**2)", "y is the number of its class, 0 to 2" },
		{ "cross_entropy(concat(X @ w, b + X @ w, 0*(X @ w)), y)", NULL },
	};
	static const char form[] =
		"{\"dataset\": {\"inline\": {\"columns\": [\"p\", \"q\", \"y\"], \"rows\": [[1, 5, \"a\"], "
		"[2, -1, \"b\"], [3, 0, \"c\"], [4, 2.385, \"a\"]]}, \"target\": \"y\"}, \"model\": {\"type\": "
		"\"expression\", \"objective\": \"%s\", \"parameters\": {\"w\": {\"shape\": [2]}, \"b\": 1}}}";
	struct server *server = server_start(NULL);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct reply *reply =
			client_post(server, "/v1/jobs?dry_run=true", text_of(form, cases[i].objective));
		const char *warnings = keep(cJSON_PrintUnformatted(get_at(reply->json, "warnings")));
		ck_assert_msg(cases[i].words != NULL ? strstr(warnings, cases[i].words) != NULL
						     : strcmp(warnings, "[]") == 0,
			      "%s: %s", cases[i].objective, warnings);
		ck_assert_double_eq(number_at(reply->json, "spec.model.parameters.w.init"), 0);
	}
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blackbox/expression_jobs");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 120);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, a_model_written_as_an_expression_has_the_curve_of_the_built_in_one);
	tcase_add_test(tests, a_curve_is_fitted_and_predicted_and_an_objective_alone_predicts_nothing);
	tcase_add_test(tests, an_expression_needs_no_dataset);
	tcase_add_test(tests, newton_converges_quadratically_on_an_expression_in_the_steps_of_the_built_in_function);
	tcase_add_test(tests, parameters_begin_by_any_law_and_the_spec_says_all_of_it);
	tcase_add_test(tests, what_is_wrong_with_an_expression_is_pointed_at);
	tcase_add_test(tests, a_column_named_as_a_number_or_a_function_is_the_column_in_quotes_alone);
	tcase_add_test(tests, what_an_objective_makes_of_names_is_warned_of_and_no_more);
	return blackbox_run(suite);
}
