/*
 * Optimizers that are asked for what they cannot do, through HTTP: settings out of range, settings of another
 * optimizer, jobs that an optimizer is not for. Each is refused at its place with the reason and what to use instead.
 */
#include <string.h>

#include "tests/blackbox/jobs.h"

#define ON(optimizer)                                                                                                  \
	"{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, 1]}, "           \
	"\"optimizer\": {\"type\": " optimizer "}}"
#define WITH(model, optimizer, training)                                                                               \
	"{\"dataset\": {\"inline\": {\"columns\": [\"a\", \"b\", \"y\"], \"rows\": [[1, 2.385, \"u\"], [2, 1, "        \
	"\"v\"], "                                                                                                     \
	"[3, 5, \"u\"], [4, 1.5, \"v\"]]}, \"target\": \"y\"}, \"model\": {\"type\": " model                           \
	"}, \"optimizer\": {\"type\": " optimizer "}, \"training\": {" training "}}"
#define LOGISTIC "\"logistic_regression\""
#define LASSO    "\"logistic_regression\", \"l1\": 0.2385"
#define NETWORK  "\"mlp\", \"loss\": \"cross_entropy\""
#define BATCHES  "\"batch_size\": 2"

/* Each text must stand in the detail. */
static const struct {
	const char *body, *pointer, *code, *texts[3];
} refusals[] = {
	/* Out of range: the number, the range, what it is. */
	{ ON("\"adam\", \"learning_rate\": -0.2385"),
	  "/optimizer/learning_rate",
	  "out_of_range",
	  { "-0.2385", "above 0", "Length of a step" } },
	{ ON("\"adam\", \"betas\": [0.9, 1]"),
	  "/optimizer/betas/1",
	  "out_of_range",
	  { "1 is out of range", "at least 0 and below 1", "moment" } },
	{ ON("\"sgd\", \"momentum\": 1.385"),
	  "/optimizer/momentum",
	  "out_of_range",
	  { "1.385", "at least 0 and below 1" } },
	{ ON("\"lbfgs\", \"history_size\": 0"),
	  "/optimizer/history_size",
	  "out_of_range",
	  { "0 is out of range", "at least 1 and at most 1000", "Pairs" } },
	{ ON("\"rmsprop\", \"alpha\": -1e-300"), "/optimizer/alpha", "out_of_range", { "-1e-300", "at least 0" } },
	{ ON("\"steepest_descent\", \"backtrack\": 1"),
	  "/optimizer/backtrack",
	  "out_of_range",
	  { "above 0 and below 1", "armijo" } },
	{ ON("\"steepest_descent\", \"line_search\": \"strong_wolfe\", \"c1\": 0.95"),
	  "/optimizer/c2",
	  "out_of_range",
	  { "c2 must be greater than c1" } },
	{ ON("\"steepest_descent\", \"line_search\": \"wolfe\""),
	  "/optimizer/line_search",
	  "not_allowed",
	  { "'wolfe'" } },
	{ ON("\"adam\", \"clip_grad_norm\": 0"), "/optimizer/clip_grad_norm", "out_of_range", { "above 0" } },
	/* A setting of another optimizer: whose it is. */
	{ ON("\"adam\", \"rho\": 0.9"), "/optimizer/rho", "not_allowed", { "adadelta", "not of adam" } },
	{ ON("\"sgd\", \"betas\": [0.9, 0.99]"), "/optimizer/betas", "not_allowed", { "adamw", "not of sgd" } },
	{ ON("\"lbfgs\", \"momentum\": 0.9"), "/optimizer/momentum", "not_allowed", { "heavy_ball", "not of lbfgs" } },
	{ ON("\"steepest_descent\", \"learning_rate\": 0.1"),
	  "/optimizer/learning_rate",
	  "not_allowed",
	  { "not of steepest_descent" } },
	{ ON("\"adam\", \"f_star\": 0"), "/optimizer/f_star", "not_allowed", { "polyak", "not of adam" } },
	/* A line search compares values: with mini-batches they are of different functions. */
	{ WITH(LOGISTIC, "\"steepest_descent\"", BATCHES),
	  "/optimizer/type",
	  "not_allowed",
	  { "all rows", "full", "use sgd or adam" } },
	{ WITH(LOGISTIC, "\"conjugate_gradient\"", BATCHES),
	  "/optimizer/type",
	  "not_allowed",
	  { "all rows", "use sgd or adam" } },
	{ WITH(NETWORK, "\"lbfgs\"", BATCHES), "/optimizer/type", "not_allowed", { "all rows", "use sgd or adam" } },
	{ WITH(LOGISTIC, "\"newton\"", BATCHES), "/optimizer/type", "not_allowed", { "all rows", "use sgd or adam" } },
	/* Models that an optimizer is not for. */
	{ WITH(NETWORK, "\"levenberg_marquardt\"", ""),
	  "/optimizer/type",
	  "not_allowed",
	  { "cross_entropy", "sum of squares", "use lbfgs" } },
	{ WITH("\"softmax_regression\"", "\"levenberg_marquardt\"", ""),
	  "/optimizer/type",
	  "not_allowed",
	  { "cross_entropy", "use lbfgs or newton" } },
	{ WITH(NETWORK, "\"coordinate_descent\"", ""),
	  "/optimizer/type",
	  "not_allowed",
	  { "linear models", "use adam or lbfgs" } },
	{ WITH(NETWORK, "\"saga\"", BATCHES),
	  "/optimizer/type",
	  "not_allowed",
	  { "linear models", "use adam or sgd" } },
	{ WITH(NETWORK, "\"normal_equations\"", ""),
	  "/optimizer/type",
	  "not_allowed",
	  { "least squares", "use lbfgs" } },
	{ WITH(LOGISTIC, "\"normal_equations\"", ""),
	  "/optimizer/type",
	  "not_allowed",
	  { "least squares", "use newton or lbfgs" } },
	{ WITH("\"logistic_regression\", \"loss\": \"hinge\"", "\"newton\"", ""),
	  "/optimizer/type",
	  "not_allowed",
	  { "corners", "squared_hinge" } },
	{ ON("\"coordinate_descent\""), "/optimizer/type", "not_allowed", { "linear models", "use adam or lbfgs" } },
	{ ON("\"muon\""), "/optimizer/type", "not_allowed", { "matrices", "use adamw" } },
	{ WITH(LOGISTIC, "\"muon\"", ""), "/optimizer/type", "not_allowed", { "matrices", "use adamw" } },
	{ ON("\"conjugate_gradient\", \"variant\": \"linear\""),
	  "/optimizer/type",
	  "not_allowed",
	  { "quadratic", "use lbfgs" } },
	/* l1 that would end without zeros. */
	{ WITH(LASSO, "\"rprop\"", ""), "/optimizer/type", "not_allowed", { "sign", "fista", "exact zeros" } },
	{ WITH(LASSO, "\"lamb\"", ""), "/optimizer/type", "not_allowed", { "tensor", "fista", "exact zeros" } },
	{ WITH(LASSO, "\"conjugate_gradient\"", ""), "/optimizer/type", "not_allowed", { "lbfgs", "exact zeros" } },
	{ WITH(LASSO, "\"newton\"", ""), "/optimizer/type", "not_allowed", { "coordinate_descent", "exact zeros" } },
	{ WITH(LASSO, "\"steepest_descent\", \"line_search\": \"exact\"", ""),
	  "/optimizer/type",
	  "not_allowed",
	  { "use armijo" } },
};

START_TEST(what_an_optimizer_cannot_do_is_refused_with_the_reason_and_what_to_use)
{
	struct server *server = server_start(NULL);
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		for (int dry = 0; dry < 2; dry++) {
			const struct reply *reply =
				client_post(server, dry == 0 ? "/v1/jobs" : "/v1/jobs?dry_run=true", refusals[i].body);
			const cJSON *fault = expect_fault(reply, refusals[i].pointer, refusals[i].code);
			for (size_t k = 0; k < 3 && refusals[i].texts[k] != NULL; k++) {
				ck_assert_msg(strstr(string_at(fault, "detail"), refusals[i].texts[k]) != NULL,
					      "%zu: '%s' does not say '%s'", i, string_at(fault, "detail"),
					      refusals[i].texts[k]);
			}
		}
	}
	ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, "/v1/jobs")->json, "data")), 0);
	finish(server);
}
END_TEST

/* What the catalog says of l1 is so. */
START_TEST(an_optimizer_takes_l1_where_the_catalog_says_so)
{
	struct server *server = server_start(NULL);
	const cJSON *list = cJSON_Duplicate(get_at(client_get(server, "/v1/catalog")->json, "optimizers"), true);
	const cJSON *entry;
	ck_assert_int_gt(cJSON_GetArraySize(list), 40);
	cJSON_ArrayForEach(entry, list)
	{
		const char *name = string_at(entry, "name");
		const struct reply *reply =
			client_post(server, "/v1/jobs?dry_run=true", text_of(WITH(LASSO, "\"%s\"", ""), name));
		const bool taken = cJSON_IsTrue(get_at(entry, "l1"));
		ck_assert_msg((reply->status == 200) == taken, "%s: %s", name, reply->body);
		if (!taken) {
			expect_fault(reply, "/optimizer/type", "not_allowed");
		}
	}
	/* What is chosen for a job that names none takes it too. */
	const char *const models[] = { LASSO, NETWORK ", \"l1\": 0.01", "\"softmax_regression\", \"l1\": 0.01" };
	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		const struct reply *reply =
			client_post(server, "/v1/jobs?dry_run=true", text_of(WITH("%s", "\"auto\"", ""), models[i]));
		ck_assert_msg(reply->status == 200, "%s: %s", models[i], reply->body);
	}
	cJSON_Delete((cJSON *)(uintptr_t)list);
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("refusals");
	TCase *tests = tcase_create("refusals");
	tcase_add_test(tests, what_an_optimizer_cannot_do_is_refused_with_the_reason_and_what_to_use);
	tcase_add_test(tests, an_optimizer_takes_l1_where_the_catalog_says_so);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	return blackbox_run(suite);
}
