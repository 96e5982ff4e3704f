/*
 * Every loss of the catalog at given parameters, through the door: train_loss at step 0 beside the definition's value.
 * Five rows of two features, an output per column of W and b, and targets of each kind; the expected figures were
 * computed from the definitions with NumPy in float64. Losses of embeddings are in test_contrastive.c; games have no
 * train_loss.
 */
#include <stdio.h>
#include <string.h>

#include "tests/blackbox/jobs.h"

/* r: a number, c: a count, k: one of two classes, m: one of three, p and q: shares. */
#define CSV                                                                                                            \
	"a,b,r,c,k,m,p,q\n0.3,-1.2,1.5,0,0,0,0.2,0.8\n2.385,0.4,-0.25,3,1,2,1,0\n-0.7,1.9,3,1,1,1,0.5,0.5\n"           \
	"1.1,0.05,0.125,0,0,0,0.9,0.1\n-2.2,-0.6,7,7,1,2,0.3,0.7\n"

static const double weight[2][4] = { { 0.7, 0.2, -0.4, 0.1 }, { -1.3, 0.5, 0.9, -0.2 } };
static const double bias[4] = { 0.25, -0.1, 0.05, 0.3 };

static const struct {
	const char *model, *loss, *settings, *target;
	int outputs;
	double expected;
} cases[] = {
	{ "linear_regression", "mse", "", "r", 1, 18.53687005 },
	{ "linear_regression", "squared_error", "", "r", 1, 9.268435024999999 },
	{ "linear_regression", "mae", "", "r", 1, 3.243899999999999 },
	{ "linear_regression", "huber", ", \"delta\": 1.35", "r", 1, 3.563944999999999 },
	{ "linear_regression", "smooth_l1", ", \"beta\": 0.5", "r", 1, 2.9939 },
	{ "linear_regression", "quantile", ", \"q\": 0.9", "r", 1, 2.43959 },
	{ "linear_regression", "log_cosh", "", "r", 1, 2.653352131141134 },
	{ "linear_regression", "poisson", "", "c", 1, 3.3877401551571 },
	{ "linear_regression", "poisson", ", \"full\": true", "c", 1, 5.443209394089616 },
	{ "linear_regression", "gaussian", "", "pq", 4, 0.8885722978761914 },
	{ "linear_regression", "gaussian", ", \"full\": true", "pq", 4, 1.807510831080864 },
	{ "linear_regression", "kl", "", "pq", 2, 0.6788381367351625 },
	{ "mlp", "cosine", "", "pq", 2, 0.9266047249615497 },
	{ "linear_regression", "mse", "", "pq", 2, 1.925947925 },
	{ "logistic_regression", "log_loss", "", "k", 1, 1.480075153115763 },
	{ "logistic_regression", "log_loss", ", \"class_weight\": [0.5, 2]", "k", 1, 1.380436788800956 },
	{ "logistic_regression", "bce_with_logits", ", \"pos_weight\": 3", "k", 1, 3.07017372346704 },
	{ "mlp", "bce_with_logits", "", "k", 1, 1.480075153115763 },
	{ "logistic_regression", "hinge", "", "k", 1, 2.039 },
	{ "logistic_regression", "squared_hinge", "", "k", 1, 5.797324999999999 },
	{ "logistic_regression", "soft_margin", "", "k", 1, 1.480075153115763 },
	{ "logistic_regression", "focal", ", \"gamma\": 1.5, \"alpha\": 0.4", "k", 1, 0.5495807362254312 },
	{ "logistic_regression", "focal", ", \"alpha\": null", "k", 1, 1.033956364378126 },
	{ "softmax_regression", "cross_entropy", ", \"label_smoothing\": 0.2", "m", 3, 1.151450552472542 },
	{ "mlp", "cross_entropy", ", \"class_weight\": [0.5, 2, 1.3]", "m", 3, 1.299758619639933 },
	{ "softmax_regression", "multi_margin", "", "m", 3, 0.5123 },
	{ "mlp", "multi_margin", ", \"margin\": 0.7, \"p\": 2", "m", 3, 0.9616688833333331 },
};

/* The first `outputs` columns of W and b, as initial_parameters of the model. */
static const char *parameters(const char *model, int outputs)
{
	const char *layer = strcmp(model, "mlp") == 0 ? "layers.0." : "";
	char w[256] = "", b[128] = "";
	for (int i = 0; i < 2 * outputs; i++) {
		snprintf(w + strlen(w), sizeof w - strlen(w), "%s%g", i == 0 ? "" : ", ",
			 weight[i / outputs][i % outputs]);
	}
	for (int i = 0; i < outputs; i++) {
		snprintf(b + strlen(b), sizeof b - strlen(b), "%s%g", i == 0 ? "" : ", ", bias[i]);
	}
	return text_of("{\"parameters\": [{\"name\": \"%sweight\", \"shape\": [2, %d], \"values\": [%s]}, {\"name\": "
		       "\"%sbias\", \"shape\": [%d], \"values\": [%s]}]}",
		       layer, outputs, w, layer, outputs, b);
}

static const char *job_of(const char *dataset, size_t i)
{
	return text_of(
		"{\"dataset\": {\"id\": \"%s\", \"features\": [\"a\", \"b\"], \"standardize\": false, \"target\": %s}, "
		"\"model\": {\"type\": \"%s\"%s, \"loss\": {\"type\": \"%s\"%s}, \"initial_parameters\": %s}, "
		"\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 0.001}, \"training\": {\"steps\": 1, "
		"\"batch_size\": \"full\", \"dtype\": \"float64\"}}",
		dataset, strcmp(cases[i].target, "pq") == 0 ? "[\"p\", \"q\"]" : text_of("\"%s\"", cases[i].target),
		cases[i].model, strcmp(cases[i].model, "mlp") == 0 ? ", \"layers\": []" : "", cases[i].loss,
		cases[i].settings, parameters(cases[i].model, cases[i].outputs));
}

START_TEST(every_loss_is_what_its_definition_says_at_the_first_step)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const char *data = dataset_upload_text(server, CSV, "");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct reply *job = job_run(server, job_of(data, i));
		const struct reply *curve =
			client_get(server, text_of("/v1/jobs/%s/curve?from_step=0&series=step,train_loss",
						   string_at(job->json, "id")));
		size_t n;
		const double *loss = curve_series(curve, "train_loss", &n);
		ck_assert_uint_eq(n, 2);
		ck_assert_msg(fabs(loss[0] - cases[i].expected) < 1e-12 * (1 + fabs(cases[i].expected)),
			      "%s%s of %s: %.17g, not %.17g", cases[i].loss, cases[i].settings, cases[i].model, loss[0],
			      cases[i].expected);
		ck_assert_msg(loss[1] < loss[0], "%s: a small step downhill does not lower it", cases[i].loss);
	}
	finish(server);
}
END_TEST

START_TEST(every_loss_of_the_catalog_is_among_these_but_for_embeddings_and_games)
{
	static const char *const elsewhere[] = { "contrastive",    "cosine_embedding", "triplet",       "info_nce",
						 "non_saturating", "minimax",          "least_squares", "wasserstein" };
	struct server *server = server_start(NULL);
	const cJSON *one;
	cJSON_ArrayForEach(one, get_at(client_get(server, "/v1/catalog")->json, "losses"))
	{
		const char *name = string_at(one, "name");
		bool found = false;
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
			found = found || strcmp(cases[i].loss, name) == 0;
		for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
			found = found || strcmp(elsewhere[i], name) == 0;
		ck_assert_msg(found, "%s has no value here", name);
	}
	finish(server);
}
END_TEST

/* What has no minimum, or no row that counts, is not trained. */
static const struct {
	const char *model, *target, *pointer, *piece;
} refused[] = {
	{ "\"type\": \"linear_regression\", \"loss\": \"poisson\"", "\"r\"", "/model/loss", "goes down to -0.25" },
	{ "\"type\": \"linear_regression\", \"loss\": \"kl\"", "[\"p\", \"r\"]", "/model/loss", "not negative" },
	{ "\"type\": \"linear_regression\", \"loss\": \"kl\"", "\"p\"", "/model/loss", "two targets or more" },
	{ "\"type\": \"mlp\", \"loss\": \"cosine\"", "\"r\"", "/model/loss", "two targets or more" },
	{ "\"type\": \"linear_regression\", \"loss\": \"hinge\"", "\"r\"", "/model/loss",
	  "it is a loss of logistic_regression, mlp" },
	{ "\"type\": \"mlp\", \"loss\": \"binary_cross_entropy\"", "\"k\"", "/model/loss",
	  "did you mean bce_with_logits?" },
	{ "\"type\": \"logistic_regression\", \"loss\": {\"type\": \"log_loss\", \"class_weight\": [0, 0]}", "\"k\"",
	  "/model/loss/class_weight", "one at least must be above 0" },
	{ "\"type\": \"logistic_regression\", \"loss\": \"mse\"", "\"k\"", "/model/loss",
	  "there is no loss 'mse' of logistic_regression" },
};

START_TEST(a_loss_that_the_data_do_not_suit_is_refused_with_the_reason)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const char *data = dataset_upload_text(server, CSV, "");
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		const struct reply *reply =
			client_post(server, "/v1/jobs",
				    text_of("{\"dataset\": {\"id\": \"%s\", \"target\": %s}, \"model\": {%s}}", data,
					    refused[i].target, refused[i].model));
		ck_assert_msg(reply->status == 422, "%s: %d", refused[i].model, reply->status);
		const cJSON *fault = get_at(reply->json, "errors.0");
		ck_assert_str_eq(string_at(fault, "pointer"), refused[i].pointer);
		ck_assert_msg(strstr(string_at(fault, "detail"), refused[i].piece) != NULL, "%s", reply->body);
	}
	finish(server);
}
END_TEST

START_TEST(counts_below_0_end_a_job_with_a_hint_at_log_input)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const char *data = dataset_upload_text(server, CSV, "");
	const char *id = job_post(
		server,
		text_of("{\"dataset\": {\"id\": \"%s\", \"features\": [\"a\", \"b\"], \"target\": \"c\"}, \"model\": "
			"{\"type\": \"linear_regression\", \"loss\": {\"type\": \"poisson\", \"log_input\": false}, "
			"\"initial_parameters\": %s}, \"optimizer\": {\"type\": \"sgd\"}}",
			data, parameters("linear_regression", 1)));
	const struct reply *job = job_wait(server, id);
	ck_assert_str_eq(string_at(job->json, "status"), "failed");
	ck_assert_msg(strstr(string_at(job->json, "error.hint"), "log_input") != NULL, "%s", job->body);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/losses");
	TCase *tests = tcase_create("losses");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, every_loss_is_what_its_definition_says_at_the_first_step);
	tcase_add_test(tests, every_loss_of_the_catalog_is_among_these_but_for_embeddings_and_games);
	tcase_add_test(tests, a_loss_that_the_data_do_not_suit_is_refused_with_the_reason);
	tcase_add_test(tests, counts_below_0_end_a_job_with_a_hint_at_log_input);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
