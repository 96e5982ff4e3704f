/*
 * Bad input: whatever a client sends gets a problem document that names the place, or, where HTTP itself cannot be
 * read, a refusal or a closed connection. After each the service still answers and an older job is still there.
 */
#include <string.h>

#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

static struct server *server;
static const char *survivor; /* a job that must outlive everything */

static void open_service(void)
{
	server = server_start(FLAGS("--memory", "256MiB"));
	survivor = string_at(job_run(server, "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", "
					     "\"initial_point\": [-1.2, 1]}, \"training\": {\"steps\": 10}}")
				     ->json,
			     "id");
}

static void close_service(void)
{
	expect_alive(server, survivor);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, "/v1/jobs")->json, "data")), 1);
	size_t n;
	job_weights(server, survivor, NULL, &n);
	ck_assert_uint_eq(n, 2);
	finish(server);
}

/* A function job whose text has `broken` in place of a learning rate. */
static const struct reply *post_learning_rate(const char *broken)
{
	return client_post(
		server, "/v1/jobs",
		text_of("{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": "
			"[-1.2, 1]}, \"optimizer\": {\"type\": \"sgd\", \"learning_rate\": %s}}",
			broken));
}

static const struct reply *post_inline(const char *data, const char *model)
{
	return client_post(server, "/v1/jobs",
			   text_of("{\"dataset\": %s, \"model\": {\"type\": \"%s\"}}", data, model));
}

/* 4xx, a problem document, and the service goes on. */
static void expect_refusal(const struct reply *reply)
{
	ck_assert_msg(reply->status == 400 || reply->status == 415 || reply->status == 422, "status %d: %s",
		      reply->status, reply->body);
	expect_problem(reply, reply->status, NULL);
	expect_alive(server, survivor);
}

START_TEST(text_that_is_no_json_is_400)
{
	const char *const bodies[] = { "",
				       " ",
				       "{",
				       "}",
				       "nul",
				       "{\"model\": {}} trailing",
				       "{\"model\": {}}{}",
				       "{\"model\": 01}",
				       "{\"model\": 1.}",
				       "{\"model\": +1}",
				       "{\"model\": NaN}",
				       "{\"model\": -Infinity}",
				       "{'model': 1}",
				       "{\"model\": \"tab\tinside\"}",
				       "{\"model\": \"\xff\xfe\"}",
				       "{\"model\": \"\\ud800\"}",
				       "{\"model\": [1, 2,]}",
				       "{\"model\": 1,}",
				       "{\"a\": \"\\x\"}",
				       "a=b&c=d" };
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		const struct reply *reply = client_post(server, "/v1/jobs", bodies[i]);
		ck_assert_msg(reply->status == 400, "%s: %d %s", bodies[i], reply->status, reply->body);
		expect_problem(reply, 400, "malformed");
	}
	const struct call nul = { .path = "/v1/jobs", .body = "{\"model\": \"a\0b\"}", .length = 16 };
	expect_problem(client_call(server, &nul), 400, "malformed");
}
END_TEST

START_TEST(deep_json_is_refused)
{
	enum { DEPTH = 200000 };
	char *deep = keep(malloc(2 * DEPTH + 1));
	memset(deep, '[', DEPTH);
	memset(deep + DEPTH, ']', DEPTH);
	deep[2 * DEPTH] = '\0';
	expect_refusal(client_post(server, "/v1/jobs", deep));
	deep[DEPTH] = '\0';
	expect_refusal(client_post(server, "/v1/jobs", deep));
	expect_refusal(client_post(
		server, "/v1/jobs",
		text_of("{\"model\": %.*s1%s}", 2000, deep, (char *)memset(keep(calloc(2001, 1)), ']', 2000))));
}
END_TEST

START_TEST(duplicate_keys_are_refused_wherever_they_are)
{
	const struct reply *reply = client_post(server, "/v1/jobs", "{\"model\": {\"type\": \"mlp\"}, \"model\": {}}");
	expect_refusal(reply);
	ck_assert_msg(strstr(reply->body, "model") != NULL, "%s", reply->body);
	expect_refusal(post_learning_rate("0.1, \"learning_rate\": 0.2"));
	expect_refusal(post_learning_rate("0.1, \"learning_\\u0072ate\": 0.2"));
}
END_TEST

START_TEST(numbers_that_a_double_does_not_hold_are_refused)
{
	const char *const numbers[] = { "1e400", "-1e400", "1e99999999999", "null_", "\"0.1\"", "true", "[0.1]", "{}" };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		expect_refusal(post_learning_rate(numbers[i]));
	const char *const whole[] = { "9007199254740993", "18446744073709551616", "1e300", "-1", "0.5", "1e400" };
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
		const char *json = text_of("{\"model\": {\"type\": \"function\", \"function\": \"himmelblau\", "
					   "\"initial_point\": [1, 1]}, \"training\": {\"steps\": 3, \"seed\": %s}}",
					   whole[i]);
		expect_refusal(client_post(server, "/v1/jobs", json));
	}
	const char *const cells[] = { "9007199254740993", "-9007199254740993", "18446744073709551615", "1e309" };
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		const char *data = text_of("{\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, 2], "
					   "[%s, 3]]}, \"target\": \"y\"}",
					   cells[i]);
		const struct reply *reply = post_inline(data, "linear_regression");
		ck_assert_msg(strstr(reply->body, "/dataset/inline/rows/1/0") != NULL, "%s", reply->body);
		expect_refusal(reply);
	}
}
END_TEST

START_TEST(wrong_types_are_named_by_their_place)
{
	const char *const bodies[][2] = {
		{ "[]", "" },
		{ "\"job\"", "" },
		{ "3", "" },
		{ "null", "" },
		{ "{\"model\": []}", "/model" },
		{ "{\"model\": {\"type\": 5}}", "/model/type" },
		{ "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [1, \"a\"]}}",
		  "/model/initial_point/1" },
		{ "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [1, 1]}, "
		  "\"training\": []}",
		  "/training" },
		{ "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [1, 1]}, "
		  "\"name\": 7}",
		  "/name" },
	};
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		const struct reply *reply = client_post(server, "/v1/jobs", bodies[i][0]);
		ck_assert_msg(reply->status == 422, "%s: %d %s", bodies[i][0], reply->status, reply->body);
		expect_fault(reply, bodies[i][1], NULL);
	}
}
END_TEST

START_TEST(an_unknown_optimizer_is_answered_with_the_nearest_known_name)
{
	const char *const words[][2] = {
		{ "adma", "adam" }, { "Adam", "adam" }, { "nestrov", "nesterov" }, { "heavyball", "heavy_ball" }
	};
	for (size_t i = 0; i < 4; i++) {
		const char *json = text_of("{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", "
					   "\"initial_point\": [1, 1]}, \"optimizer\": {\"type\": \"%s\"}}",
					   words[i][0]);
		const cJSON *fault = expect_fault(client_post(server, "/v1/jobs", json), "/optimizer/type", NULL);
		ck_assert_str_eq(string_at(fault, "suggestion"), words[i][1]);
		ck_assert_int_ge(cJSON_GetArraySize(get_at(fault, "allowed")), 4);
	}
}
END_TEST

START_TEST(data_that_no_model_can_learn_from_is_refused)
{
	/* Zero rows. */
	expect_refusal(post_inline("{\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": []}, \"target\": \"y\"}",
				   "linear_regression"));
	expect_refusal(post_inline("{\"inline\": [], \"target\": \"y\"}", "linear_regression"));
	expect_refusal(
		client_call(server, &(struct call){ .path = "/v1/datasets", .body = "a,b\n", .type = "text/csv" }));
	expect_refusal(client_call(server, &(struct call){ .path = "/v1/datasets", .body = "", .type = "text/csv" }));
	/* One class only. */
	const char *one =
		"{\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, 3], [2, 3], [4, 3]]}, \"target\": \"y\"}";
	expect_refusal(post_inline(one, "logistic_regression"));
	expect_refusal(post_inline(one, "softmax_regression"));
	/* Three classes are too many for a logistic regression. */
	const char *three =
		"{\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, 3], [2, 4], [4, 5]]}, \"target\": \"y\"}";
	expect_refusal(post_inline(three, "logistic_regression"));
	/* A text column among the features. */
	const struct reply *text =
		post_inline("{\"inline\": {\"columns\": [\"x\", \"colour\", \"y\"], \"rows\": [[1, \"red\", 3], [2, "
			    "\"blue\", 5]]}, \"target\": \"y\"}",
			    "linear_regression");
	expect_refusal(text);
	ck_assert_ptr_nonnull(strstr(text->body, "colour"));
	/* A target that does not exist; a target of text for a regression; none at all. */
	const char *const rows = "\"inline\": {\"columns\": [\"length\", \"price\"], \"rows\": [[1, 3], [2, 5]]}";
	const cJSON *fault =
		expect_fault(post_inline(text_of("{%s, \"target\": \"prise\"}", rows), "linear_regression"),
			     "/dataset/target", "not_found");
	ck_assert_str_eq(string_at(fault, "suggestion"), "price");
	expect_refusal(post_inline(text_of("{%s}", rows), "linear_regression"));
	expect_refusal(post_inline(
		"{\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, \"a\"], [2, \"b\"]]}, \"target\": \"y\"}",
		"linear_regression"));
	/* Ragged, nested, null, twice the same name. */
	expect_refusal(
		post_inline("{\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, 2], [3]]}, \"target\": \"y\"}",
			    "linear_regression"));
	expect_refusal(post_inline(
		"{\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, [2]], [3, 4]]}, \"target\": \"y\"}",
		"linear_regression"));
	expect_refusal(post_inline(
		"{\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, null], [3, 4]]}, \"target\": \"y\"}",
		"linear_regression"));
	expect_refusal(post_inline(
		"{\"inline\": {\"columns\": [\"x\", \"x\"], \"rows\": [[1, 2], [3, 4]]}, \"target\": \"x\"}",
		"linear_regression"));
}
END_TEST

START_TEST(constant_columns_train_without_a_number_that_is_none)
{
	/* Not an error: the standard deviation of 0 counts as 1. */
	const char *json = "{\"dataset\": {\"inline\": {\"columns\": [\"c\", \"x\", \"y\"], \"rows\": [[5, 1, 2], [5, "
			   "2, 4.1], [5, 3, 5.9]]}, "
			   "\"target\": \"y\"}, \"model\": {\"type\": \"linear_regression\"}}";
	const char *id = string_at(job_run(server, json)->json, "id");
	size_t n;
	const double *w = job_weights(server, id, NULL, &n);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(w[i] > -1e6 && w[i] < 1e6, "weight %zu: %g", i, w[i]);
	const struct reply *weights = client_get(server, text_of("/v1/jobs/%s/weights", id));
	ck_assert_double_eq(number_at(weights->json, "features.0.std"), 1);
	expect(client_delete(server, text_of("/v1/jobs/%s", id)), 204);
	const char *target =
		"{\"dataset\": {\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, 7], [2, 7], [3, 7]]}, "
		"\"target\": \"y\"}, \"model\": {\"type\": \"linear_regression\"}}";
	id = string_at(job_run(server, target)->json, "id");
	const struct reply *curve = client_get(server, text_of("/v1/jobs/%s/curve", id));
	ck_assert_int_eq(cJSON_GetArraySize(get_at(curve->json, "nonfinite")), 0);
	expect(client_delete(server, text_of("/v1/jobs/%s", id)), 204);
}
END_TEST

START_TEST(more_parameters_than_memory_are_refused_with_the_figures)
{
	const char *const units[] = { "100000000", "1000000000000", "9007199254740991" };
	for (size_t i = 0; i < 3; i++) {
		const char *json = text_of(
			"{\"dataset\": {\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, 2], [2, 3], [3, 5]]}, "
			"\"target\": \"y\"}, \"model\": {\"type\": \"mlp\", \"layers\": [{\"type\": \"dense\", "
			"\"units\": %s}, {\"type\": \"dense\", \"units\": %s}]}}",
			units[i], units[i]);
		const struct reply *reply = client_post(server, "/v1/jobs", json);
		expect_refusal(reply);
		if (strstr(string_at(reply->json, "type"), "needs-too-much-memory")) {
			ck_assert_double_eq(number_at(reply->json, "budget_bytes"), 256.0 * 1024 * 1024);
			ck_assert_double_gt(number_at(reply->json, "needed_bytes"), 256.0 * 1024 * 1024);
		} else {
			ck_assert_int_gt(cJSON_GetArraySize(get_at(reply->json, "errors")), 0);
		}
	}
	for (size_t factors = 64; factors <= 65536;
	     factors *= 32) { /* no optimizer named: `auto` looks at the model too */
		const char *json = text_of("{\"dataset\": {\"generator\": {\"type\": \"ratings\", \"users\": 10, "
					   "\"items\": 8}}, \"model\": "
					   "{\"type\": \"matrix_factorization\", \"users\": 16777216, \"items\": "
					   "16777216, \"factors\": %zu}}",
					   factors);
		expect_problem(client_post(server, "/v1/jobs", json), 422, "needs-too-much-memory");
	}
	const char *fits =
		"{\"dataset\": {\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, 2], [2, 3], [3, 5]]}, "
		"\"target\": "
		"\"y\"}, \"model\": {\"type\": \"mlp\", \"layers\": [{\"type\": \"dense\", \"units\": 8000}, "
		"{\"type\": \"dense\", \"units\": 8000}]}}";
	const struct reply *reply = client_post(server, "/v1/jobs", fits);
	expect_problem(reply, 422, "needs-too-much-memory");
	ck_assert_double_gt(number_at(reply->json, "needed_bytes"), 8000.0 * 8000 * 4);
}
END_TEST

START_TEST(bad_predictions_are_refused)
{
	const char *id =
		string_at(job_run(server, "{\"dataset\": {\"inline\": {\"columns\": [\"a\", \"breadth\", \"y\"], "
					  "\"rows\": [[1, 2, 3], [2, 1, 5], [3, 3, 9]]}, "
					  "\"target\": \"y\"}, \"model\": {\"type\": \"linear_regression\"}}")
				  ->json,
			  "id");
	const char *path = text_of("/v1/jobs/%s/predictions", id);
	const char *const bodies[] = { "{}",
				       "{\"inputs\": 3}",
				       "{\"inputs\": [[1]]}",
				       "{\"inputs\": [[1, 2, 3]]}",
				       "{\"inputs\": [[1, \"x\"]]}",
				       "{\"inputs\": [[1, null]]}",
				       "{\"inputs\": [{\"a\": 1}]}",
				       "{\"inputs\": [[1, 2]], \"column\": []}",
				       "{\"inputs\": [[1]], \"columns\": [\"a\"]}",
				       "{\"inputs\": [[1, 1e400]]}",
				       "[[1, 2]]" };
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		const struct reply *reply = client_post(server, path, bodies[i]);
		ck_assert_msg(reply->status == 422 || reply->status == 400, "%s: %d %s", bodies[i], reply->status,
			      reply->body);
		expect_refusal(reply);
	}
	const struct reply *missing = client_post(server, path, "{\"inputs\": [{\"a\": 1}]}");
	ck_assert_ptr_nonnull(strstr(missing->body, "breadth"));
	expect(client_delete(server, text_of("/v1/jobs/%s", id)), 204);
}
END_TEST

/* --- what HTTP itself cannot read --- */

#define HOST "Host: 127.0.0.1\r\n"

/* A refusal (400 to 499, 501, 505) or a closed connection. */
static void expect_closed_door(const char *bytes, size_t length)
{
	/* Silence is right, too: some of these lack bytes that the service waits for longer than we do. */
	int status = client_raw(server, bytes, length, 1);
	ck_assert_msg(status == 0 || (status >= 400 && status < 500) || status == 501 || status == 505, "%d for %.60s",
		      status, bytes);
	expect_alive(server, survivor);
}

START_TEST(a_body_that_is_cut_off_half_way_changes_nothing)
{
	const char *job =
		"POST /v1/jobs HTTP/1.1\r\n" HOST "Content-Type: application/json\r\nContent-Length: 500\r\n\r\n"
		"{\"model\": {\"type\": \"function\", \"function\": \"rosenbr";
	expect_closed_door(job, strlen(job));
	const char *upload = "POST /v1/datasets HTTP/1.1\r\n" HOST
			     "Content-Type: text/csv\r\nContent-Length: 1000\r\n\r\na,b\n1,2\n3,";
	expect_closed_door(upload, strlen(upload));
	const char *chunk =
		"POST /v1/datasets HTTP/1.1\r\n" HOST "Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n"
		"8\r\na,b\n1,2\n\r\n";
	expect_closed_door(chunk, strlen(chunk));
	ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, "/v1/datasets")->json, "data")), 0);
}
END_TEST

START_TEST(lengths_that_contradict_each_other_are_refused)
{
	const char *const requests[] = {
		"POST /v1/jobs HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}",
		"POST /v1/jobs HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
		"POST /v1/jobs HTTP/1.1\r\n" HOST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /v1/jobs HTTP/1.1\r\n" HOST "Content-Length: -2\r\n\r\n{}",
		"POST /v1/jobs HTTP/1.1\r\n" HOST "Content-Length: 2, 2\r\n\r\n{}",
		"POST /v1/jobs HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\n{}",
		"POST /v1/jobs HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		expect_closed_door(requests[i], strlen(requests[i]));
}
END_TEST

START_TEST(bytes_that_are_no_http_are_refused)
{
	const char *const requests[] = { "\r\n\r\n\r\n",
					 "hello\r\n\r\n",
					 "GET\r\n\r\n",
					 "GET /v1/jobs\r\n\r\n",
					 "GET /v1/jobs HTTP/9.9\r\n" HOST "\r\n",
					 "GET /v1/jobs HTTP/1.1\r\n\r\n",
					 "GET /v1/jobs HTTP/1.1\r\n" HOST HOST "\r\n",
					 "GET /v1/jobs HTTP/1.1\r\n" HOST "no colon here\r\n\r\n",
					 "GET /v1/%zz HTTP/1.1\r\n" HOST "\r\n" };
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		expect_closed_door(requests[i], strlen(requests[i]));
	char noise[512];
	unsigned state = 2385;
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (char)((state = state * 1664525u + 1013904223u) >> 24);
	expect_closed_door(noise, sizeof noise);
	char *path = keep(malloc(70001));
	memset(path, 'a', 70000);
	path[70000] = '\0';
	const char *uri = text_of("GET /%s HTTP/1.1\r\n" HOST "\r\n", path);
	expect_closed_door(uri, strlen(uri));
	for (size_t i = 0; i < 70000; i += 2)
		memcpy(path + i, "&a", 2);
	const int bytes[] = { 4000, 70000 }; /* of parameters: libmicrohttpd's memory holds some 900 of them */
	for (size_t i = 0; i < 2; i++) {
		uri = text_of("GET /v1/jobs?%.*s HTTP/1.1\r\n" HOST "\r\n", bytes[i], path);
		expect_closed_door(uri, strlen(uri));
	}
	const char *header = text_of("GET /v1/jobs HTTP/1.1\r\n" HOST "X-Long: %s\r\n\r\n", path);
	expect_closed_door(header, strlen(header));
}
END_TEST

START_TEST(uploads_that_are_no_table_are_refused)
{
	const struct {
		const char *csv;
		size_t length;
	} files[] = {
		{ "a,a\n1,2\n", 0 },          { "a,b\n1,nan\n", 0 },   { "a,b\n1,\"2\n", 0 },
		{ "a,b\n1,\"2\"x\n", 0 },     { "a,b\n1,\0002\n", 9 }, { "a,b\n1,\xff\xfe\n", 0 },
		{ "\x1f\x8b\x08garbage", 0 },
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		const struct call call = { .path = "/v1/datasets?name=bad",
					   .body = files[i].csv,
					   .length = files[i].length,
					   .type = "text/csv" };
		const struct reply *reply = client_call(server, &call);
		if (reply->status == 201) /* `nan` may be text to a reader of CSV */
			expect(client_delete(server, text_of("/v1/datasets/%s", string_at(reply->json, "id"))), 204);
		else
			expect_refusal(reply);
	}
	ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, "/v1/datasets")->json, "data")), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/bad_input");
	TCase *tests = tcase_create("bad input");
	tcase_set_timeout(tests, 90);
	tcase_add_checked_fixture(tests, open_service, close_service);
	tcase_add_test(tests, text_that_is_no_json_is_400);
	tcase_add_test(tests, deep_json_is_refused);
	tcase_add_test(tests, duplicate_keys_are_refused_wherever_they_are);
	tcase_add_test(tests, numbers_that_a_double_does_not_hold_are_refused);
	tcase_add_test(tests, wrong_types_are_named_by_their_place);
	tcase_add_test(tests, an_unknown_optimizer_is_answered_with_the_nearest_known_name);
	tcase_add_test(tests, data_that_no_model_can_learn_from_is_refused);
	tcase_add_test(tests, constant_columns_train_without_a_number_that_is_none);
	tcase_add_test(tests, more_parameters_than_memory_are_refused_with_the_figures);
	tcase_add_test(tests, bad_predictions_are_refused);
	tcase_add_test(tests, a_body_that_is_cut_off_half_way_changes_nothing);
	tcase_add_test(tests, lengths_that_contradict_each_other_are_refused);
	tcase_add_test(tests, bytes_that_are_no_http_are_refused);
	tcase_add_test(tests, uploads_that_are_no_table_are_refused);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
