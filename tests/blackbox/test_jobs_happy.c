/* The main job, as a user of curl walks through it: upload, train, look at the curve, fetch the weights, predict. */
#include <math.h>
#include <string.h>

#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

#define IRIS_JOB                                                                                                       \
	"{\"name\": \"iris\", \"dataset\": {\"id\": \"%s\", \"target\": \"target\"}, \"model\": {\"type\": "           \
	"\"softmax_regression\"}}"

START_TEST(a_dataset_is_uploaded_listed_previewed_and_deleted)
{
	struct server *server = server_start(NULL);
	const char *id = dataset_upload(server, "iris.csv", "name=iris&target=target");
	const struct reply *info = client_get(server, text_of("/v1/datasets/%s", id));
	expect(info, 200);
	ck_assert_double_eq(number_at(info->json, "rows"), 150);
	ck_assert_str_eq(string_at(info->json, "name"), "iris");
	ck_assert_str_eq(string_at(info->json, "target"), "target");
	ck_assert_uint_eq(strlen(string_at(info->json, "sha256")), 64);
	ck_assert_double_eq(number_at(info->json, "bytes"), 2769);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(info->json, "columns")), 5);
	ck_assert_str_eq(string_at(info->json, "columns.0.name"), "sepal_length_cm");
	ck_assert_double_eq_tol(number_at(info->json, "columns.0.mean"), 5.843333333333335, 1e-12);
	ck_assert_double_eq_tol(number_at(info->json, "columns.0.sd"), 0.8253012917851409, 1e-12);
	ck_assert_double_eq(number_at(info->json, "columns.2.min"), 1.0);
	ck_assert_double_eq(number_at(info->json, "columns.2.max"), 6.9);
	ck_assert_double_eq(number_at(info->json, "columns.4.distinct"), 3);
	const struct reply *rows = client_get(server, text_of("/v1/datasets/%s/rows?offset=148&limit=5", id));
	expect(rows, 200);
	ck_assert_double_eq(number_at(rows->json, "total"), 150);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(rows->json, "rows")), 2);
	ck_assert_double_eq(number_at(rows->json, "rows.1.0"), 5.9);
	const struct reply *list = client_get(server, "/v1/datasets");
	ck_assert_str_eq(string_at(list->json, "data.0.id"), id);
	const char *again = dataset_upload(server, "iris.csv", "name=again");
	ck_assert_str_ne(again, id);
	expect(client_delete(server, text_of("/v1/datasets/%s", id)), 204);
	expect_problem(client_get(server, text_of("/v1/datasets/%s", id)), 404, "not-found");
	/* The same bytes under another id are still there. */
	expect(client_get(server, text_of("/v1/datasets/%s/rows?limit=1", again)), 200);
	finish(server);
}
END_TEST

START_TEST(csv_is_read_with_quotes_crlf_and_a_byte_order_mark)
{
	struct server *server = server_start(NULL);
	const char *csv =
		"\xef\xbb\xbf\"the, length\",\"say \"\"kind\"\"\"\r\n1.5,\"red, bright\"\r\n-2.385e2,\"blue\nish\"\r\n";
	const char *id = dataset_upload_text(server, csv, "name=odd");
	const struct reply *info = client_get(server, text_of("/v1/datasets/%s", id));
	ck_assert_double_eq(number_at(info->json, "rows"), 2);
	ck_assert_str_eq(string_at(info->json, "columns.0.name"), "the, length");
	ck_assert_str_eq(string_at(info->json, "columns.1.name"), "say \"kind\"");
	const struct reply *rows = client_get(server, text_of("/v1/datasets/%s/rows", id));
	ck_assert_double_eq(number_at(rows->json, "rows.1.0"), -238.5);
	ck_assert_str_eq(string_at(rows->json, "rows.1.1"), "blue\nish");
	finish(server);
}
END_TEST

START_TEST(missing_and_ragged_values_are_refused_with_row_and_column)
{
	struct server *server = server_start(NULL);
	const char *const bad[] = { "a,b\n1,2\n3,\n", "a,b\n1,2\n3,4,5\n", "a,b\n1,2\n3\n" };
	for (size_t i = 0; i < 3; i++) {
		const struct call call = { .path = "/v1/datasets", .body = bad[i], .type = "text/csv" };
		const struct reply *reply = client_call(server, &call);
		expect_problem(reply, 422, NULL);
		ck_assert_msg(strstr(reply->body, "3") != NULL, "does not say where: %s", reply->body);
	}
	ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, "/v1/datasets")->json, "data")), 0);
	finish(server);
}
END_TEST

START_TEST(a_job_with_nothing_but_defaults_trains_iris_well)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "iris.csv", "target=target");
	const struct reply *made = client_post(server, "/v1/jobs", text_of(IRIS_JOB, dataset));
	/* 200 where the job has ended already */
	ck_assert_msg(made->status == 202 || made->status == 200, "status %d: %s", made->status, made->body);
	const char *id = string_at(made->json, "id");
	ck_assert_str_eq(reply_header(made, "Location"), text_of("/v1/jobs/%s", id));
	ck_assert_int_eq(reply_header(made, "Retry-After") != NULL, made->status == 202);
	ck_assert_uint_le(strlen(id), 40);
	const struct reply *job = job_wait(server, id);
	ck_assert_str_eq(string_at(job->json, "status"), "succeeded");
	ck_assert_str_eq(string_at(job->json, "name"), "iris");
	ck_assert_double_ge(number_at(job->json, "metrics.train_accuracy"), 0.95);
	ck_assert_double_lt(number_at(job->json, "metrics.train_loss"), 0.3);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(job->json, "classes")), 3);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(job->json, "features")), 4);
	ck_assert_double_eq(number_at(job->json, "attempt"), 1);
	ck_assert_double_eq(number_at(job->json, "progress.fraction"), 1);
	ck_assert(cJSON_IsNull(get_at(job->json, "error")));
	ck_assert(cJSON_IsNull(get_at(job->json, "pending")));
	ck_assert_ptr_null(reply_header(job, "Retry-After"));
	const char *const times[] = { "created_at", "updated_at", "started_at", "finished_at" };
	for (size_t i = 0; i < 4; i++) {
		const char *time = string_at(job->json, times[i]);
		ck_assert_msg(strlen(time) == 24 && time[10] == 'T' && time[19] == '.' && time[23] == 'Z', "%s", time);
	}
	finish(server);
}
END_TEST

START_TEST(the_spec_holds_every_default_and_can_be_posted_as_it_stands)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "iris.csv", "target=target");
	const char *first = string_at(job_run(server, text_of(IRIS_JOB, dataset))->json, "id");
	const struct reply *spec = client_get(server, text_of("/v1/jobs/%s/spec", first));
	expect(spec, 200);
	string_at(spec->json, "optimizer.type");
	string_at(spec->json, "optimizer.auto"); /* why it was chosen */
	string_at(spec->json, "training.dtype");
	number_at(spec->json, "training.seed");
	get_at(spec->json, "stopping.gradient_norm");
	number_at(spec->json, "recording.every_steps");
	ck_assert(cJSON_IsTrue(get_at(spec->json, "dataset.standardize")));
	const char *second = string_at(job_run(server, spec->body)->json, "id");
	ck_assert_str_ne(first, second);
	expect_same_results(server, first, server, second);
	const struct reply *other = client_get(server, text_of("/v1/jobs/%s/spec", second));
	ck_assert_str_eq(spec->body, other->body);
	finish(server);
}
END_TEST

static void expect_iris_curve(const struct reply *curve)
{
	const char *const names[] = { "step", "epoch", "seconds", "learning_rate", "train_loss", "gradient_norm" };
	size_t n;
	const double *step = curve_series(curve, "step", &n);
	ck_assert_uint_eq(n, 101);
	ck_assert_double_eq(number_at(curve->json, "points_total"), 101);
	for (size_t k = 0; k < 6; k++) {
		size_t m;
		curve_series(curve, names[k], &m);
		ck_assert_uint_eq(m, n);
	}
	for (size_t i = 0; i < n; i++)
		ck_assert_double_eq(step[i], (double)i);
	const double *loss = curve_series(curve, "train_loss", NULL);
	ck_assert_double_lt(loss[n - 1], 0.5 * loss[0]);
	ck_assert(cJSON_IsNull(get_at(curve->json, "next_step")));
	ck_assert(cJSON_IsFalse(get_at(curve->json, "thinned")));
	ck_assert_int_eq(cJSON_GetArraySize(get_at(curve->json, "nonfinite")), 0);
}

#define HUNDRED_STEPS                                                                                                  \
	"{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"softmax_regression\"}, "                              \
	"\"optimizer\": {\"type\": \"adam\", \"learning_rate\": 0.05}, "                                               \
	"\"training\": {\"batch_size\": \"full\", \"epochs\": 100}, "                                                  \
	"\"stopping\": {\"gradient_norm\": null, \"loss_change\": 0, \"parameter_change\": null}}"

START_TEST(the_curve_comes_as_json_from_any_step_and_as_csv)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "iris.csv", "target=target");
	const struct reply *job = job_run(server, text_of(HUNDRED_STEPS, dataset));
	ck_assert_str_eq(string_at(job->json, "stop_reason"), "epochs");
	const char *path = text_of("/v1/jobs/%s/curve", string_at(job->json, "id"));
	expect_iris_curve(client_get(server, path));
	const struct reply *tail = client_get(server, text_of("%s?from_step=99&series=step,train_loss", path));
	size_t n;
	curve_series(tail, "train_loss", &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_ptr_null(find(tail->json, "series.gradient_norm"));
	const struct reply *by_query = client_get(server, text_of("%s?format=csv", path));
	const struct call accept = { .path = path, .header = "Accept: text/csv" };
	const struct reply *by_accept = client_call(server, &accept);
	expect(by_query, 200);
	ck_assert_str_eq(by_query->body, by_accept->body);
	ck_assert_int_eq(strncmp(reply_header(by_query, "Content-Type"), "text/csv", 8), 0);
	ck_assert_int_eq(strncmp(by_query->body, "step,", 5), 0);
	size_t lines = 0;
	for (const char *c = by_query->body; *c; c++)
		lines += *c == '\n';
	ck_assert_uint_eq(lines, 102);
	finish(server);
}
END_TEST

START_TEST(a_curve_can_be_waited_for_while_the_job_runs)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "digits.csv", "target=target");
	const char *id = job_post(server, text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"mlp\"}, "
						  "\"training\": {\"epochs\": 20, \"batch_size\": 16}, "
						  "\"recording\": {\"every_steps\": 100}}",
						  dataset));
	double next = 0, last = -1;
	size_t points = 0, rounds = 0;
	for (;;) {
		const struct reply *curve =
			client_get(server, text_of("/v1/jobs/%s/curve?from_step=%.0f&wait=20", id, next));
		expect(curve, 200);
		size_t n;
		const double *step = curve_series(curve, "step", &n);
		for (size_t i = 0; i < n; i++, points++) {
			ck_assert_double_gt(step[i], last);
			last = step[i];
		}
		ck_assert_uint_lt(rounds++, 2000);
		if (cJSON_IsNull(get_at(curve->json, "next_step")))
			break;
		ck_assert_ptr_nonnull(reply_header(curve, "Retry-After"));
		next = number_at(curve->json, "next_step");
	}
	ck_assert_double_eq(last, 20 * 113);
	ck_assert_uint_ge(points, 23);
	finish(server);
}
END_TEST

START_TEST(weights_have_names_shapes_and_the_transforms_of_their_inputs)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "iris.csv", "target=target");
	const char *id = string_at(job_run(server, text_of(HUNDRED_STEPS, dataset))->json, "id");
	const struct reply *weights = client_get(server, text_of("/v1/jobs/%s/weights", id));
	expect(weights, 200);
	ck_assert_str_eq(string_at(weights->json, "parameters.0.name"), "weight");
	ck_assert_double_eq(number_at(weights->json, "parameters.0.shape.0"), 4);
	ck_assert_double_eq(number_at(weights->json, "parameters.0.shape.1"), 3);
	ck_assert_str_eq(string_at(weights->json, "parameters.0.dtype"), "float32");
	ck_assert_str_eq(string_at(weights->json, "parameters.1.name"), "bias");
	ck_assert_double_eq(number_at(weights->json, "step"), 100);
	ck_assert_str_eq(string_at(weights->json, "at"), "last");
	ck_assert_str_eq(string_at(weights->json, "features.2.name"), "petal_length_cm");
	ck_assert_double_eq_tol(number_at(weights->json, "features.2.mean"), 3.758, 1e-9);
	ck_assert_double_eq_tol(number_at(weights->json, "features.2.std"), 1.7594040657753032, 1e-9);
	ck_assert_str_eq(reply_header(weights, "Content-Disposition"), text_of("attachment; filename=\"%s.json\"", id));
	const struct reply *job = client_get(server, text_of("/v1/jobs/%s?include=weights,curve", id));
	ck_assert_double_eq(number_at(job->json, "weights.parameters.0.values.0"),
			    number_at(weights->json, "parameters.0.values.0"));
	ck_assert_double_eq(number_at(job->json, "curve.series.step.100"), 100);
	finish(server);
}
END_TEST

START_TEST(predictions_are_those_that_the_weights_make)
{
	struct server *server = server_start(NULL);
	const char *dataset = dataset_upload(server, "iris.csv", "target=target");
	const char *id = string_at(job_run(server, text_of(HUNDRED_STEPS, dataset))->json, "id");
	const char *path = text_of("/v1/jobs/%s/predictions", id);
	const struct reply *reply =
		client_post(server, path, "{\"inputs\": [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]}");
	expect(reply, 200);
	ck_assert_double_eq(number_at(reply->json, "predictions.0"), 0);
	ck_assert_double_eq(number_at(reply->json, "predictions.1"), 2);
	double p[3] = { number_at(reply->json, "probabilities.1.0"), number_at(reply->json, "probabilities.1.1"),
			number_at(reply->json, "probabilities.1.2") };
	ck_assert_double_eq_tol(p[0] + p[1] + p[2], 1, 1e-6);
	/* The same by hand: z = ((x - mean)/std) W + b. */
	const struct reply *weights = client_get(server, text_of("/v1/jobs/%s/weights", id));
	const double x[4] = { 6.3, 3.3, 6.0, 2.5 };
	for (int k = 0; k < 3; k++) {
		double z = number_at(weights->json, text_of("parameters.1.values.%d", k));
		for (int j = 0; j < 4; j++)
			z += (x[j] - number_at(weights->json, text_of("features.%d.mean", j))) /
			     number_at(weights->json, text_of("features.%d.std", j)) *
			     number_at(weights->json, text_of("parameters.0.values.%d", 3 * j + k));
		ck_assert_double_eq_tol(number_at(reply->json, text_of("outputs.1.%d", k)), z, 1e-4);
	}
	const struct reply *by_name =
		client_post(server, path,
			    "{\"inputs\": [{\"petal_width_cm\": 0.2, \"sepal_width_cm\": 3.5, "
			    "\"petal_length_cm\": 1.4, \"sepal_length_cm\": 5.1, \"other\": 7}]}");
	expect(by_name, 200);
	ck_assert_double_eq(number_at(by_name->json, "outputs.0.1"), number_at(reply->json, "outputs.0.1"));
	const struct reply *columns =
		client_post(server, path,
			    "{\"columns\": [\"petal_width_cm\", \"sepal_width_cm\", \"petal_length_cm\", "
			    "\"sepal_length_cm\", \"target\"], \"inputs\": [[0.2, 3.5, 1.4, 5.1, 0]]}");
	expect(columns, 200);
	ck_assert_double_eq(number_at(columns->json, "outputs.0.1"), number_at(reply->json, "outputs.0.1"));
	ck_assert_double_eq(number_at(columns->json, "metrics.accuracy"), 1);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/jobs_happy");
	TCase *tests = tcase_create("main job");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_dataset_is_uploaded_listed_previewed_and_deleted);
	tcase_add_test(tests, csv_is_read_with_quotes_crlf_and_a_byte_order_mark);
	tcase_add_test(tests, missing_and_ragged_values_are_refused_with_row_and_column);
	tcase_add_test(tests, a_job_with_nothing_but_defaults_trains_iris_well);
	tcase_add_test(tests, the_spec_holds_every_default_and_can_be_posted_as_it_stands);
	tcase_add_test(tests, the_curve_comes_as_json_from_any_step_and_as_csv);
	tcase_add_test(tests, a_curve_can_be_waited_for_while_the_job_runs);
	tcase_add_test(tests, weights_have_names_shapes_and_the_transforms_of_their_inputs);
	tcase_add_test(tests, predictions_are_those_that_the_weights_make);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
