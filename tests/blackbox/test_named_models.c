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
	const char *bent = "[{\"type\": \"dense\", \"units\": 32, \"activation\": \"tanh\"}, "
			   "{\"type\": \"dense\", \"units\": 16, \"activation\": \"tanh\"}]";
	const struct reply *line = job_run(server, RING("[]", "")),
			   *job = job_run(server, text_of(RING("%s", ""), bent));
	ck_assert_double_gt(number_at(line->json, "metrics.train_loss"), 0.45);
	ck_assert_double_lt(number_at(job->json, "metrics.train_loss"), 0.1);
	/* Encoder, code, decoder: shapes that mirror one another. */
	size_t n;
	const char *id = string_at(job->json, "id");
	static const struct {
		const char *name;
		size_t size;
	} tensors[] = {
		{ "layers.0.weight", 2 * 32 }, { "layers.1.weight", 32 * 16 },  { "code.weight", 16 },
		{ "decoder.0.weight", 16 },    { "decoder.1.weight", 16 * 32 }, { "decoder.2.weight", 32 * 2 }
	};
	for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
		job_tensor(server, id, tensors[i].name, &n);
		ck_assert_uint_eq(n, tensors[i].size);
	}
	/* The spec can be posted again. */
	const char *spec = keep(cJSON_PrintUnformatted(get_at(job->json, "spec")));
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

/* --- matrix_factorization --- */

enum { USERS = 30, ITEMS = 20 };

/* Ratings of rank two around 3, with biases; no formula of the model's is as smooth. */
static double rating(size_t user, size_t item)
{
	const double u = (double)user, i = (double)item;
	return 3 + 0.5 * sin(2.385 * u) + 0.4 * cos(1.7 * i) + sin(u) * cos(2 * i) - 0.8 * cos(1.3 * u) * sin(3.1 * i);
}

/* A third of the cells is kept back. */
static bool kept_back(size_t user, size_t item)
{
	return (user * 7 + item * 11 + user * item) % 3 == 0;
}

static const char *ratings(void)
{
	char *csv = text_of("user,item,rating\n");
	for (size_t u = 0; u < USERS; u++) {
		for (size_t i = 0; i < ITEMS; i++) {
			if (!kept_back(u, i)) {
				csv = text_of("%s%zu,%zu,%.6f\n", csv, u, i, rating(u, i));
			}
		}
	}
	return csv;
}

#define RATINGS(settings)                                                                                              \
	"{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"matrix_factorization\", " settings "}, "              \
	"\"optimizer\": {\"type\": \"lbfgs\"}, \"training\": {\"dtype\": \"float64\", \"batch_size\": \"full\", "      \
	"\"epochs\": 500}}"

START_TEST(ratings_that_were_kept_back_are_predicted)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload_text(server, ratings(), "target=rating");
	const struct reply *job = job_run(
		server, text_of(RATINGS("\"users\": 30, \"items\": 20, \"factors\": 2, \"l2\": 1e-5"), dataset));
	ck_assert(cJSON_IsFalse(get_at(job->json, "spec.dataset.standardize")));
	char *inputs = text_of("[");
	for (size_t u = 0; u < USERS; u++) {
		for (size_t i = 0; i < ITEMS; i++) {
			inputs = text_of("%s%s[%zu, %zu]", inputs, u + i > 0 ? ", " : "", u, i);
		}
	}
	const struct reply *reply = predict(server, job, text_of("%s]", inputs));
	double squares = 0, spread = 0, count = 0;
	for (size_t u = 0; u < USERS; u++) {
		for (size_t i = 0; i < ITEMS; i++) {
			if (kept_back(u, i)) {
				const double z = number_at(reply->json, text_of("predictions.%zu", u * ITEMS + i));
				squares += pow(z - rating(u, i), 2);
				spread += pow(rating(u, i) - 3, 2);
				count++;
			}
		}
	}
	ck_assert_double_gt(sqrt(spread / count), 0.5);
	ck_assert_double_lt(sqrt(squares / count), 0.05);
	/* A user that nobody has is no number. */
	reply = predict(server, job, "[[30, 2], [3, 1]]");
	ck_assert(cJSON_IsNull(get_at(reply->json, "predictions.0")));
	ck_assert_ptr_nonnull(strstr(string_at(reply->json, "warnings.0"), "1 row has a number that names nothing"));
	ck_assert_double_eq_tol(number_at(reply->json, "predictions.1"), rating(3, 1), 0.2);
	size_t n;
	job_tensor(server, string_at(job->json, "id"), "users", &n);
	ck_assert_uint_eq(n, 2 * USERS);
	job_tensor(server, string_at(job->json, "id"), "items.bias", &n);
	ck_assert_uint_eq(n, ITEMS);
	finish(server);
}
END_TEST

START_TEST(ratings_of_what_is_not_there_are_refused)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload_text(server, ratings(), "target=rating");
	const char *jobs = "/v1/jobs?dry_run=true";
	expect_fault(client_post(server, jobs, text_of(RATINGS("\"users\": 29, \"items\": 20"), dataset)),
		     "/model/users", "out_of_range");
	expect_fault(client_post(server, jobs, text_of(RATINGS("\"users\": 30, \"items\": 19"), dataset)),
		     "/model/items", "out_of_range");
	expect_fault(client_post(server, jobs, text_of(RATINGS("\"users\": 30"), dataset)), "/model/items", "missing");
	const char *iris = dataset_upload(server, "iris.csv", "target=petal_width_cm");
	const struct reply *reply = client_post(server, jobs, text_of(RATINGS("\"users\": 30, \"items\": 20"), iris));
	ck_assert_ptr_nonnull(strstr(string_at(expect_fault(reply, "/model", NULL), "detail"), "two features"));
	reply = client_post(server, jobs,
			    text_of("{\"dataset\": {\"id\": \"%s\", \"standardize\": true}, \"model\": {\"type\": "
				    "\"matrix_factorization\", \"users\": 30, \"items\": 20}}",
				    dataset));
	expect_fault(reply, "/dataset/standardize", "not_allowed");
	finish(server);
}
END_TEST

/* --- factorization_machine --- */

START_TEST(a_factorization_machine_learns_products_that_a_linear_model_cannot)
{
	struct server *server = server_start(NULL);
	char *csv = text_of("a,b,c,y,class\n");
	for (size_t r = 0; r < 200; r++) {
		const double i = (double)r, a = sin(i * 1.3), b = cos(i * 2.1), c = sin(i * 3.7);
		const double y = 2.385 * a * b - 1.5 * b * c;
		csv = text_of("%s%.6f,%.6f,%.6f,%.6f,%s\n", csv, a, b, c, y, y > 0 ? "up" : "down");
	}
	const char *dataset = dataset_upload_text(server, csv, "");
#define MACHINE(model, target, without)                                                                                \
	text_of("{\"dataset\": {\"id\": \"%s\", \"target\": \"" target "\", \"exclude\": [\"" without                  \
		"\"]}, \"model\": {\"type\": \"" model "\"}, \"optimizer\": {\"type\": \"adam\", \"learning_rate\": "  \
		"0.02}, \"training\": {\"epochs\": 600, \"seed\": 4}}",                                                \
		dataset)
	const struct reply *line = job_run(server, MACHINE("linear_regression", "y", "class"));
	const struct reply *job = job_run(server, MACHINE("factorization_machine", "y", "class"));
	ck_assert_double_lt(number_at(line->json, "metrics.train_r2"), 0.3);
	ck_assert_double_gt(number_at(job->json, "metrics.train_r2"), 0.999);
	const struct reply *reply = predict(server, job, "[[0.5, 0.5, 0.25]]");
	ck_assert_double_eq_tol(number_at(reply->json, "predictions.0"), 2.385 * 0.25 - 1.5 * 0.125, 0.05);
	line = job_run(server, MACHINE("logistic_regression", "class", "y"));
	job = job_run(server, MACHINE("factorization_machine", "class", "y"));
	ck_assert_str_eq(string_at(job->json, "spec.model.loss.type"), "bce_with_logits");
	ck_assert_double_lt(number_at(line->json, "metrics.train_accuracy"), 0.75);
	ck_assert_double_gt(number_at(job->json, "metrics.train_accuracy"), 0.95);
	reply = predict(server, job, "[[0.5, 0.5, 0.25], [-0.5, 0.5, 0.25]]");
	ck_assert_str_eq(string_at(reply->json, "predictions.0"), "up");
	ck_assert_str_eq(string_at(reply->json, "predictions.1"), "down");
	/* log_loss is that loss by another name; null is no activation. */
	job = client_post(
		server, "/v1/jobs?dry_run=true",
		text_of("{\"dataset\": {\"id\": \"%s\", \"target\": \"class\", \"exclude\": [\"y\"]}, \"model\": "
			"{\"type\": \"factorization_machine\", \"loss\": \"log_loss\"}}",
			dataset));
	expect(job, 200);
	ck_assert_str_eq(string_at(job->json, "spec.model.loss.type"), "log_loss");
	job = client_post(
		server, "/v1/jobs?dry_run=true",
		text_of("{\"dataset\": {\"id\": \"%s\", \"target\": \"class\", \"exclude\": [\"y\"]}, \"model\": "
			"{\"type\": \"mlp\", \"layers\": [{\"type\": \"dense\", \"units\": 3, \"activation\": null}, "
			"{\"type\": \"dense\", \"units\": 3}]}}",
			dataset));
	expect(job, 200);
	ck_assert_str_eq(string_at(job->json, "spec.model.layers.0.activation"), "identity");
	ck_assert_str_eq(string_at(job->json, "spec.model.layers.1.activation"), "relu");
	/* It gives one number a row. */
	const char *iris = dataset_upload(server, "iris.csv", "target=target");
	reply = client_post(server, "/v1/jobs",
			    text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"factorization_machine\", "
				    "\"loss\": \"bce_with_logits\"}}",
				    iris));
	ck_assert_ptr_nonnull(
		strstr(string_at(expect_fault(reply, "/dataset/target", NULL), "detail"), "softmax_regression"));
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blackbox/named_models");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, a_linear_autoencoder_finds_the_principal_components);
	tcase_add_test(tests, hidden_layers_bend_what_a_line_cannot);
	tcase_add_test(tests, an_autoencoder_refuses_what_has_no_mirror_image);
	tcase_add_test(tests, ratings_that_were_kept_back_are_predicted);
	tcase_add_test(tests, ratings_of_what_is_not_there_are_refused);
	tcase_add_test(tests, a_factorization_machine_learns_products_that_a_linear_model_cannot);
	return blackbox_run(suite);
}
