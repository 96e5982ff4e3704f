/* Models by name, through HTTP: what each of them learned, on data whose answer is known. */
#include <math.h>
#include <string.h>

#include "tests/blackbox/jobs.h"

static const struct reply *predict(const struct server *server, const struct reply *job, const char *inputs)
{
	const struct reply *reply = client_post(server, text_of("/v1/jobs/%s/predictions", string_at(job->json, "id")),
						text_of("{\"inputs\": %s}", inputs));
	expect(reply, 200);
	return reply;
}

/* --- autoencoder --- */

/* Jacobi's method on X'X / n, X = (iris - mean) / std: the eigenvalues 0.0207148 and 0.1467569 are left out, over 4
 * columns. */
static const double iris_residual = 0.041867928;

START_TEST(a_linear_autoencoder_finds_the_principal_components)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "iris.csv", "target=target");
	const struct reply *job = job_run(
		server,
		text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"autoencoder\", \"layers\": []}, "
			"\"optimizer\": {\"type\": \"lbfgs\"}, \"training\": {\"dtype\": \"float64\", \"seed\": "
			"3, \"batch_size\": \"full\"}}",
			dataset));
	ck_assert_double_eq_tol(number_at(job->json, "metrics.train_loss"), iris_residual, 1e-8);
	/* The target of the upload is no feature, which is said. */
	ck_assert(cJSON_IsNull(get_at(job->json, "spec.dataset.target")));
	ck_assert_int_eq(cJSON_GetArraySize(get_at(job->json, "features")), 4);
	ck_assert_ptr_nonnull(strstr(string_at(job->json, "warnings.0"), "target"));
	/* Reconstructions are in the data's units, the error in the model's. */
	const struct reply *reply = predict(server, job, "[[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]");
	static const double rows[2][4] = { { 5.1, 3.5, 1.4, 0.2 }, { 6.7, 3.0, 5.2, 2.3 } };
	const struct reply *weights = client_get(server, text_of("/v1/jobs/%s/weights", string_at(job->json, "id")));
	for (size_t i = 0; i < 2; i++) {
		double error = 0;
		ck_assert_int_eq(cJSON_GetArraySize(get_at(reply->json, text_of("codes.%zu", i))), 2);
		ck_assert_int_eq(cJSON_GetArraySize(get_at(reply->json, text_of("outputs.%zu", i))), 6);
		for (size_t k = 0; k < 4; k++) {
			const double again = number_at(reply->json, text_of("predictions.%zu.%zu", i, k));
			const double std = number_at(weights->json, text_of("features.%zu.std", k));
			ck_assert_double_eq_tol(again, rows[i][k], 0.6);
			error += pow((again - rows[i][k]) / std, 2) / 4;
		}
		ck_assert_double_eq_tol(number_at(reply->json, text_of("reconstruction_errors.%zu", i)), error, 1e-9);
	}
	finish(server);
}
END_TEST

START_TEST(hidden_layers_bend_what_a_line_cannot)
{
	struct server *server = server_start(NULL);
	/* A ring in one number: a line leaves half of the variance, so 0.5 a column; a bent code far less. */
#define RING(layers, more)                                                                                             \
	"{\"dataset\": {\"generator\": {\"type\": \"ring\", \"rows\": 300, \"seed\": 5}}, \"model\": {\"type\": "      \
	"\"autoencoder\", \"code_size\": 1, \"layers\": " layers "}, \"optimizer\": {\"type\": \"adam\", "             \
	"\"learning_rate\": 0.01}, \"training\": {\"epochs\": 200, \"batch_size\": 32, \"seed\": 2" more "}}"
	const char *bent = "[{\"type\": \"dense\", \"units\": 32, \"activation\": \"tanh\"}]";
	const struct reply *line = job_run(server, RING("[]", "")),
			   *job = job_run(server, text_of(RING("%s", ""), bent));
	ck_assert_double_gt(number_at(line->json, "metrics.train_loss"), 0.45);
	ck_assert_double_lt(number_at(job->json, "metrics.train_loss"), 0.1);
	/* Encoder, code, decoder: shapes that mirror one another. */
	size_t n;
	const char *id = string_at(job->json, "id");
	job_tensor(server, id, "layers.0.weight", &n);
	ck_assert_uint_eq(n, 2 * 32);
	job_tensor(server, id, "code.weight", &n);
	ck_assert_uint_eq(n, 32);
	job_tensor(server, id, "decoder.0.weight", &n);
	ck_assert_uint_eq(n, 32);
	job_tensor(server, id, "decoder.1.weight", &n);
	ck_assert_uint_eq(n, 32 * 2);
	/* The spec can be posted again. */
	const char *spec = cJSON_PrintUnformatted(get_at(job->json, "spec"));
	expect_same_results(server, id, server, string_at(job_run(server, spec)->json, "id"));
	finish(server);
}
END_TEST

START_TEST(an_autoencoder_refuses_what_has_no_mirror_image)
{
	struct server *server = server_start(NULL);
#define CODE(model) "{\"dataset\": {\"generator\": \"ring\"}, \"model\": {\"type\": \"autoencoder\", " model "}}"
	expect_fault(client_post(server, "/v1/jobs", CODE("\"layers\": [\"flatten\"]")), "/model/layers/0", NULL);
	expect_fault(client_post(server, "/v1/jobs",
				 CODE("\"layers\": [{\"type\": \"dense\", \"units\": 3}, {\"type\": \"dropout\"}]")),
		     "/model/layers/1", "out_of_range");
	expect_fault(client_post(server, "/v1/jobs", CODE("\"code_size\": 0")), "/model/code_size", "out_of_range");
	expect_fault(client_post(server, "/v1/jobs", CODE("\"loss\": \"cross_entropy\"")), "/model/loss", NULL);
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blackbox/named_models");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 60 * blackbox_patience());
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, a_linear_autoencoder_finds_the_principal_components);
	tcase_add_test(tests, hidden_layers_bend_what_a_line_cannot);
	tcase_add_test(tests, an_autoencoder_refuses_what_has_no_mirror_image);
	return blackbox_run(suite);
}
