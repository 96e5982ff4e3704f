/* Jobs on generated data, through HTTP. */
#include <math.h>
#include <string.h>

#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"
#include "tests/support/suite.h"

#define MOONS                                                                                                          \
	"{\"dataset\": {\"generator\": {\"type\": \"moons\", \"rows\": 1000, \"noise\": 0.1, \"seed\": 7}, "           \
	"\"validation_fraction\": 0.2}, \"model\": {\"type\": \"mlp\", \"loss\": \"cross_entropy\", \"layers\": "      \
	"[{\"type\": \"dense\", \"units\": 16}]}, \"optimizer\": {\"type\": \"adam\", \"learning_rate\": 0.02}, "      \
	"\"training\": {\"epochs\": 60, \"batch_size\": 32, \"seed\": 3}}"

static int datasets(const struct server *server)
{
	return cJSON_GetArraySize(get_at(client_get(server, "/v1/datasets?inline=true")->json, "data"));
}

START_TEST(an_mlp_tells_the_moons_apart_and_the_same_job_has_the_same_bits)
{
	struct server *server = server_start(NULL);
	const struct reply *one = job_run(server, MOONS), *two = job_run(server, MOONS);
	ck_assert_double_gt(number_at(one->json, "metrics.validation_accuracy"), 0.95);
	expect_same_results(server, string_at(one->json, "id"), server, string_at(two->json, "id"));
	const char *id = string_at(one->json, "spec.dataset.id");
	const struct reply *dataset = client_get(server, text_of("/v1/datasets/%s", id));
	ck_assert_double_eq(number_at(dataset->json, "rows"), 1000);
	ck_assert_str_eq(string_at(dataset->json, "target"), "y");
	ck_assert_double_eq(number_at(dataset->json, "columns.2.mean"), 0.5);
	ck_assert_int_eq(datasets(server), 2);
	finish(server);
}
END_TEST

START_TEST(the_weights_of_linear_data_are_found)
{
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(
		server,
		"{\"dataset\": {\"generator\": {\"type\": \"linear\", \"rows\": 500, \"bias\": 0.75, "
		"\"coefficients\": [2.385, -1, 0.5], \"seed\": 11}, \"standardize\": false}, \"model\": {\"type\": "
		"\"linear_regression\"}, \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 0.3}, "
		"\"training\": {\"dtype\": \"float64\", \"batch_size\": \"full\", \"steps\": 400}}");
	static const double expected[] = { 2.385, -1, 0.5, 0.75 };
	size_t n;
	const double *w = job_weights(server, string_at(job->json, "id"), NULL, &n);
	ck_assert_uint_eq(n, 4);
	for (size_t i = 0; i < n; i++) {
		ck_assert_double_eq_tol(w[i], expected[i], 1e-4);
	}
	finish(server);
}
END_TEST

START_TEST(a_dry_run_draws_and_stores_nothing)
{
	struct server *server = server_start(NULL);
	const struct reply *dry = client_post(server, "/v1/jobs?dry_run=true", MOONS);
	expect(dry, 200);
	ck_assert_double_eq(number_at(dry->json, "estimate.parameters"), 2 * 16 + 16 + 16 * 2 + 2);
	ck_assert_double_eq(number_at(dry->json, "estimate.steps"), 60 * 25);
	ck_assert_int_eq(datasets(server), 0);
	finish(server);
}
END_TEST

START_TEST(wrong_settings_are_answered_with_their_place_beside_other_faults)
{
	struct server *server = server_start(NULL);
#define JOB(dataset) "{\"dataset\": " dataset ", \"model\": {\"type\": \"linear_regression\"}}"
	const struct reply *reply =
		client_post(server, "/v1/jobs",
			    "{\"dataset\": {\"generator\": {\"type\": \"moons\", \"rows\": 0, \"nois\": 1}}, "
			    "\"model\": {\"type\": \"mpl\"}}");
	expect_fault(reply, "/dataset/generator/rows", "out_of_range");
	ck_assert_str_eq(string_at(expect_fault(reply, "/dataset/generator/nois", "unknown_field"), "suggestion"),
			 "noise");
	expect_fault(reply, "/model/type", "not_allowed");
	expect_fault(client_post(server, "/v1/jobs", JOB("{\"generator\": {\"type\": \"mons\"}}")),
		     "/dataset/generator/type", "not_allowed");
	expect_fault(client_post(server, "/v1/jobs", JOB("{\"generator\": \"moons\", \"id\": \"ds_1\"}")),
		     "/dataset/id", "not_allowed");
	expect_fault(
		client_post(server, "/v1/jobs", JOB("{\"generator\": \"moons\", \"inline\": [{\"x\": 1, \"y\": 2}]}")),
		"/dataset/inline", "not_allowed");
	expect_fault(client_post(server, "/v1/jobs", JOB("{}")), "/dataset", "missing");
	/* A ring has no target; one of its columns may be said to be. */
	expect_fault(client_post(server, "/v1/jobs", JOB("{\"generator\": \"ring\"}")), "/dataset/target", "missing");
	job_run(server, JOB("{\"generator\": \"ring\", \"target\": \"x2\"}"));
	finish(server);
}
END_TEST

/* A circle through a ring whose centre is the origin: its radius, and no target in sight. */
START_TEST(a_circle_is_fitted_to_a_ring_that_has_no_target)
{
	struct server *server = server_start(NULL);
#define CIRCLE(dataset)                                                                                                \
	"{\"dataset\": " dataset ", \"model\": {\"type\": \"expression\", \"objective\": "                             \
	"\"mean((sqrt((x1 - a)**2 + (x2 - b)**2) - r)**2)\", \"parameters\": {\"a\": 0.3, \"b\": -0.2, \"r\": "        \
	"2.385}}, "                                                                                                    \
	"\"optimizer\": {\"type\": \"lbfgs\"}}"
	const char *const sources[] = {
		CIRCLE("{\"generator\": {\"type\": \"ring\", \"rows\": 400}}"),
		CIRCLE("{\"generator\": {\"type\": \"ring\", \"rows\": 400}, \"target\": null}"),
		CIRCLE("{\"generator\": {\"type\": \"moons\", \"rows\": 400}, \"target\": null}")
	};
	for (size_t i = 0; i < 3; i++) {
		const struct reply *job = job_run(server, sources[i]);
		ck_assert(cJSON_IsNull(get_at(job->json, "spec.dataset.target")));
		ck_assert_int_eq(cJSON_GetArraySize(get_at(job->json, "features")), i < 2 ? 2 : 3);
		if (i < 2) {
			size_t n;
			const double *circle = job_weights(server, string_at(job->json, "id"), NULL, &n);
			ck_assert_uint_eq(n, 3);
			ck_assert_double_eq_tol(circle[0], 0, 0.01);
			ck_assert_double_eq_tol(circle[1], 0, 0.01);
			ck_assert_double_eq_tol(fabs(circle[2]), 1, 0.01);
		}
		/* Its spec is a job. */
		const char *spec = keep(cJSON_PrintUnformatted(get_at(job->json, "spec")));
		expect_same_results(server, string_at(job->json, "id"), server,
				    string_at(job_run(server, spec)->json, "id"));
	}
	/* What needs a target still does: the y of an objective, a prediction, a model. */
	const struct reply *reply = client_post(server, "/v1/jobs",
						"{\"dataset\": {\"generator\": \"ring\"}, \"model\": {\"type\": "
						"\"expression\", \"objective\": \"mean((y - "
						"a)**2)\", \"parameters\": {\"a\": 1}}}");
	ck_assert_double_eq(number_at(expect_fault(reply, "/model/objective", NULL), "position"), 6);
	reply = client_post(server, "/v1/jobs",
			    "{\"dataset\": {\"generator\": \"ring\"}, \"model\": {\"type\": \"expression\", "
			    "\"prediction\": \"a*x1\", \"parameters\": {\"a\": 1}}}");
	expect_fault(reply, "/dataset/target", "missing");
	reply = client_post(server, "/v1/jobs",
			    JOB("{\"inline\": [{\"x\": 1, \"y\": 2}, {\"x\": 2, \"y\": 3}], \"target\": null}"));
	expect_fault(reply, "/dataset/target", "missing");
	finish(server);
}
END_TEST

START_TEST(every_generator_of_the_catalog_trains_by_its_name_alone)
{
	struct server *server = server_start(NULL);
	const struct reply *catalog = client_get(server, "/v1/catalog");
	const cJSON *list = get_at(catalog->json, "generators");
	ck_assert_int_eq(cJSON_GetArraySize(list), 12);
	for (const cJSON *entry = list->child; entry != NULL; entry = entry->next) {
		const char *name = string_at(entry, "name");
		ck_assert_double_eq(number_at(entry, "settings.properties.rows.default"), 100);
		if (strcmp(name, "ring") != 0) {
			job_run(server, text_of("{\"dataset\": {\"generator\": \"%s\"}, \"model\": {\"type\": "
						"\"linear_regression\"}, \"training\": {\"epochs\": 2}}",
						name));
		}
	}
	finish(server);
}
END_TEST

START_TEST(a_large_table_goes_to_a_file_and_trains)
{
	struct server *server = server_start(NULL);
	const struct reply *job = job_run(
		server,
		"{\"dataset\": {\"generator\": {\"type\": \"sine\", \"rows\": 200000, \"noise\": 0.1}}, \"model\": "
		"{\"type\": \"linear_regression\"}, \"training\": {\"epochs\": 1, \"batch_size\": 4096}}");
	const char *id = string_at(job->json, "spec.dataset.id");
	const struct reply *dataset = client_get(server, text_of("/v1/datasets/%s", id));
	ck_assert_double_eq(number_at(dataset->json, "rows"), 200000);
	expect(client_delete(server, text_of("/v1/jobs/%s", string_at(job->json, "id"))), 204);
	ck_assert_int_eq(datasets(server), 0);
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blackbox/generators");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 180);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, an_mlp_tells_the_moons_apart_and_the_same_job_has_the_same_bits);
	tcase_add_test(tests, the_weights_of_linear_data_are_found);
	tcase_add_test(tests, a_dry_run_draws_and_stores_nothing);
	tcase_add_test(tests, wrong_settings_are_answered_with_their_place_beside_other_faults);
	tcase_add_test(tests, a_circle_is_fitted_to_a_ring_that_has_no_target);
	tcase_add_test(tests, every_generator_of_the_catalog_trains_by_its_name_alone);
	tcase_add_test(tests, a_large_table_goes_to_a_file_and_trains);
	return blackbox_run(suite);
}
