/* Every status code that the contract names, each provoked on purpose; and the conventions around them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/blackbox/jobs.h"
#include "tests/support/golden.h"

#define SMALL_JOB                                                                                                      \
	"{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, 1]}, "           \
	"\"training\": {\"steps\": 10}}"
#define ENDLESS                                                                                                        \
	"{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, 1]}, "           \
	"\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 1e-9}, "                                                \
	"\"training\": {\"steps\": 100000000000}, "                                                                    \
	"\"stopping\": {\"gradient_norm\": null, \"loss_change\": null, \"parameter_change\": null}}"

START_TEST(the_open_doors_answer_200)
{
	struct server *server = server_start(NULL);
	const char *const paths[] = { "/healthz", "/readyz",       "/openapi.yaml", "/v1",
				      "/v1/jobs", "/v1/datasets/", "/v1/catalog",   "/v1/jobs/counts" };
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		const struct reply *reply = client_get(server, paths[i]);
		ck_assert_msg(reply->status == 200, "%s: %d %s", paths[i], reply->status, reply->body);
		ck_assert_ptr_nonnull(reply_header(reply, "X-Request-Id"));
		const struct reply *head = client_call(server, &(struct call){ .method = "HEAD", .path = paths[i] });
		ck_assert_int_eq(head->status, 200);
		ck_assert_uint_eq(head->length, 0);
		ck_assert_str_eq(reply_header(head, "Content-Type"), reply_header(reply, "Content-Type"));
	}
	const struct reply *version = client_get(server, "/v1");
	string_at(version->json, "version");
	get_at(version->json, "limits");
	const struct reply *catalog = client_get(server, "/v1/catalog");
	const char *const words[] = { "adam",       "heavy_ball", "nesterov", "cosine", "mlp",
				      "rosenbrock", "dense",      "relu",     "mse",    "logistic_regression" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		ck_assert_msg(strstr(catalog->body, text_of("\"%s\"", words[i])) != NULL, "no %s in the catalog",
			      words[i]);
	ck_assert_ptr_nonnull(strstr(client_get(server, "/openapi.yaml")->body, "openapi: 3"));
	const struct call named = { .path = "/v1/jobs", .header = "X-Request-Id: my-own-name" };
	ck_assert_str_eq(reply_header(client_call(server, &named), "X-Request-Id"), "my-own-name");
	finish(server);
}
END_TEST

START_TEST(created_accepted_and_deleted_are_201_202_and_204)
{
	/* With the only worker at work a job cannot have ended when its POST is answered, which would be 200. */
	struct server *server = server_start(FLAGS("--workers", "1"));
	dataset_upload(server, "iris.csv", "name=iris");
	const char *busy = job_post(server, ENDLESS);
	const struct reply *made = client_post(server, "/v1/jobs", SMALL_JOB);
	expect(made, 202);
	ck_assert_ptr_nonnull(reply_header(made, "Retry-After"));
	const char *id = string_at(made->json, "id");
	client_post(server, text_of("/v1/jobs/%s/cancel", busy), "");
	job_wait(server, id);
	const struct reply *gone = client_delete(server, text_of("/v1/jobs/%s", id));
	expect(gone, 204);
	ck_assert_uint_eq(gone->length, 0);
	expect_problem(client_get(server, text_of("/v1/jobs/%s", id)), 404, "not-found");
	const struct reply *options = client_call(server, &(struct call){ .method = "OPTIONS", .path = "/v1/jobs" });
	expect(options, 204);
	const char *allow = reply_header(options, "Allow");
	ck_assert_msg(allow && strstr(allow, "GET") && strstr(allow, "POST"), "Allow: %s", allow ? allow : "none");
	finish(server);
}
END_TEST

START_TEST(what_cannot_be_read_is_400)
{
	struct server *server = server_start(NULL);
	const struct reply *broken = client_post(server, "/v1/jobs", "{\"model\": {\"type\": \n  oops}}");
	expect_problem(broken, 400, "malformed");
	ck_assert_msg(strstr(broken->body, "line 2") != NULL, "no line: %s", broken->body);
	ck_assert_msg(strstr(broken->body, "column 3") != NULL, "no column: %s", broken->body);
	const struct reply *query = client_get(server, "/v1/jobs?limt=3&status=sleeping");
	expect_problem(query, 400, "bad-query");
	ck_assert_str_eq(string_at(query->json, "errors.0.parameter"), "limt");
	ck_assert_str_eq(string_at(query->json, "errors.0.code"), "unknown_field");
	ck_assert_str_eq(string_at(query->json, "errors.0.suggestion"), "limit");
	const char *const bad[] = { "/v1/jobs?limit=0",   "/v1/jobs?limit=-1",       "/v1/jobs?limit=many",
				    "/v1/jobs?wait=soon", "/v1/jobs?cursor=made-up", "/v1/jobs?limit=1&limit=2" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const struct reply *reply = client_get(server, bad[i]);
		ck_assert_msg(reply->status == 400, "%s: %d %s", bad[i], reply->status, reply->body);
	}
	expect(client_get(server, "/v1/jobs?limit=100000"), 200); /* over 500 counts as 500 */
	finish(server);
}
END_TEST

START_TEST(a_token_is_asked_for_everywhere_but_at_the_open_doors)
{
	char folder[256];
	server_folder(folder, sizeof folder);
	const char *file = text_of("%s/token", folder);
	FILE *out = fopen(file, "w");
	ck_assert_ptr_nonnull(out);
	fputs("s3cret-Token_2.385\n", out);
	fclose(out);
	chmod(file, 0600);
	struct server *server = server_start(FLAGS("--token-file", file));
	snprintf(server->token, sizeof server->token, "s3cret-Token_2.385");
	expect(client_get(server, "/v1/jobs"), 200);
	job_post(server, SMALL_JOB);
	const char *const closed[] = { "/v1", "/v1/jobs", "/v1/catalog", "/v1/datasets", "/v1/nothing" };
	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
		const struct reply *reply = client_call(server, &(struct call){ .path = closed[i], .no_token = true });
		expect_problem(reply, 401, "unauthorized");
		ck_assert_int_eq(strncmp(reply_header(reply, "WWW-Authenticate"), "Bearer", 6), 0);
	}
	const char *const open[] = { "/healthz", "/readyz", "/openapi.yaml" };
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		expect(client_call(server, &(struct call){ .path = open[i], .no_token = true }), 200);
	const struct call wrong = { .path = "/v1/jobs",
				    .no_token = true,
				    .header = "Authorization: Bearer s3cret-Token_2.38" };
	expect_problem(client_call(server, &wrong), 401, "unauthorized");
	const struct call post = { .path = "/v1/jobs", .body = SMALL_JOB, .no_token = true };
	expect_problem(client_call(server, &post), 401, "unauthorized");
	ck_assert_int_eq(cJSON_GetArraySize(get_at(client_get(server, "/v1/jobs")->json, "data")), 1);
	finish(server);
}
END_TEST

START_TEST(another_origin_or_host_is_403)
{
	struct server *server = server_start(NULL);
	const struct call origin = { .path = "/v1/jobs", .header = "Origin: http://evil.example" };
	expect_problem(client_call(server, &origin), 403, "forbidden");
	const struct call host = { .path = "/v1/jobs", .header = "Host: rebound.example" };
	expect_problem(client_call(server, &host), 403, "forbidden");
	const struct call own = { .path = "/v1/jobs", .header = text_of("Origin: %s", server->url) };
	expect(client_call(server, &own), 200);
	finish(server);
}
END_TEST

START_TEST(a_path_without_anything_is_404)
{
	struct server *server = server_start(NULL);
	const char *const paths[] = { "/nothing",
				      "/v1/nothing",
				      "/v1/jobs/job_none",
				      "/v1/jobs/job_none/curve",
				      "/v1/jobs/job_none/weights",
				      "/v1/datasets/ds_none",
				      "/v1/datasets/ds_none/rows",
				      "/v1/jobs/..%2f..%2fetc%2fpasswd",
				      "/v1/jobs/%00",
				      "//",
				      "/v1//jobs" };
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		const struct reply *reply = client_get(server, paths[i]);
		ck_assert_msg(reply->status == 404 || reply->status == 400, "%s: %d %s", paths[i], reply->status,
			      reply->body);
	}
	expect_problem(client_post(server, "/v1/jobs/job_none/cancel", ""), 404, "not-found");
	expect_problem(client_post(server, "/v1/jobs/job_none/predictions", "{\"inputs\": [[1]]}"), 404, "not-found");
	expect_problem(client_delete(server, "/v1/jobs/job_none"), 404, "not-found");
	/* An id in a body that is unknown is not the path's fault. */
	const struct reply *body =
		client_post(server, "/v1/jobs",
			    "{\"dataset\": {\"id\": \"ds_none\"}, \"model\": {\"type\": \"linear_regression\"}}");
	expect_fault(body, "/dataset/id", "not_found");
	finish(server);
}
END_TEST

START_TEST(a_method_that_a_path_does_not_know_is_405_with_those_it_knows)
{
	struct server *server = server_start(NULL);
	const struct {
		const char *method, *path, *allowed;
	} calls[] = {
		{ "DELETE", "/v1/jobs", "POST" },
		{ "PUT", "/v1/jobs/job_x", "DELETE" },
		{ "POST", "/v1/jobs/job_x/curve", "GET" },
		{ "GET", "/v1/jobs/job_x/predictions", "POST" },
		{ "POST", "/healthz", "GET" },
		{ "DELETE", "/v1/catalog", "GET" },
		{ "BREW", "/v1/jobs", "GET" },
	};
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		const struct reply *reply =
			client_call(server, &(struct call){ .method = calls[i].method, .path = calls[i].path });
		ck_assert_msg(reply->status == 405, "%s %s: %d", calls[i].method, calls[i].path, reply->status);
		expect_problem(reply, 405, "method-not-allowed");
		const char *allow = reply_header(reply, "Allow");
		ck_assert_msg(allow && strstr(allow, calls[i].allowed), "Allow: %s", allow ? allow : "none");
	}
	finish(server);
}
END_TEST

START_TEST(what_does_not_fit_the_state_is_409)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	const char *running = job_post(server, ENDLESS), *queued = job_post(server, SMALL_JOB);
	job_reach(server, running, 1);
	expect_problem(client_delete(server, text_of("/v1/jobs/%s", running)), 409, "conflict");
	const struct reply *none = client_get(server, text_of("/v1/jobs/%s/weights", queued));
	expect_problem(none, 409, "conflict");
	ck_assert_ptr_nonnull(reply_header(none, "Retry-After"));
	client_post(server, text_of("/v1/jobs/%s/cancel", running), "");
	job_wait(server, queued);
	expect_problem(client_post(server, text_of("/v1/jobs/%s/cancel", queued), ""), 409, "conflict");
	expect_problem(client_post(server, text_of("/v1/jobs/%s/predictions", queued), "{\"inputs\": [[1, 2]]}"), 422,
		       NULL);
	finish(server);
}
END_TEST

START_TEST(a_body_over_the_limit_is_413_before_it_is_read)
{
	struct server *server = server_start(FLAGS("--max-body", "4096"));
	char *large = keep(malloc(100001));
	memset(large, ' ', 100000);
	large[100000] = '\0';
	expect_problem(client_post(server, "/v1/jobs", large), 413, "too-large");
	const char *head = text_of("POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
				   "Content-Length: 9999999999999\r\n\r\n{");
	ck_assert_int_eq(client_raw(server, head, strlen(head), HANG_SECONDS), 413);
	/* The same without a length: chunks until the limit. */
	char *chunks = text_of("POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
			       "Transfer-Encoding: chunked\r\n\r\n1fff\r\n%.8191s\r\n0\r\n\r\n",
			       large);
	ck_assert_int_eq(client_raw(server, chunks, strlen(chunks), HANG_SECONDS), 413);
	expect_alive(server, NULL);
	finish(server);
}
END_TEST

START_TEST(an_unknown_media_type_is_415_and_the_answer_says_what_is_taken)
{
	struct server *server = server_start(FLAGS("--workers", "1"));
	job_post(server, ENDLESS); /* the others wait behind it: 202, not 200 */
	const struct call xml = { .path = "/v1/jobs", .body = "<job/>", .type = "text/xml" };
	const struct reply *reply = client_call(server, &xml);
	expect_problem(reply, 415, "unsupported-media-type");
	ck_assert_ptr_nonnull(reply_header(reply, "Accept"));
	const struct call form = {
		.path = "/v1/datasets",
		.type = "multipart/form-data; boundary=x",
		.body = "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\na,b\n1,2\r\n--x--\r\n",
	};
	const struct reply *multipart = client_call(server, &form);
	expect_problem(multipart, 415, "unsupported-media-type");
	ck_assert_ptr_nonnull(strstr(multipart->body, "--data-binary"));
	/* What `curl -d` and `curl --data-binary` send by themselves is taken. */
	const char *const good[] = { "application/x-www-form-urlencoded", "application/json; charset=utf-8", "" };
	for (size_t i = 0; i < 3; i++)
		expect(client_call(server, &(struct call){ .path = "/v1/jobs", .body = SMALL_JOB, .type = good[i] }),
		       202);
	finish(server);
}
END_TEST

START_TEST(a_wrong_body_is_422_with_all_its_faults_at_once)
{
	struct server *server = server_start(NULL);
	const struct reply *reply = client_post(
		server, "/v1/jobs",
		"{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": [-1.2, 1]}, "
		"\"optimizer\": {\"type\": \"adam\", \"learnng_rate\": 0.1, \"eps\": -1}, "
		"\"training\": {\"steps\": \"many\"}, \"stoping\": {}}");
	const cJSON *unknown = expect_fault(reply, "/optimizer/learnng_rate", "unknown_field");
	ck_assert_str_eq(string_at(unknown, "suggestion"), "learning_rate");
	expect_fault(reply, "/optimizer/eps", "out_of_range");
	expect_fault(reply, "/training/steps", "wrong_type");
	ck_assert_str_eq(string_at(expect_fault(reply, "/stoping", "unknown_field"), "suggestion"), "stopping");
	finish(server);
}
END_TEST

static void limit_files(const struct server *server, rlim_t bytes)
{
	struct rlimit limit;
	ck_assert_int_eq(prlimit(server->pid, RLIMIT_FSIZE, NULL, &limit), 0);
	limit.rlim_cur = bytes;
	ck_assert_int_eq(prlimit(server->pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

START_TEST(a_full_disk_is_507_until_there_is_room_again)
{
	enum { ROWS = 400000 };
	struct server *server = server_start(NULL);
	const char *before = job_post(server, SMALL_JOB);
	job_wait(server, before);
	char *csv = keep(malloc((size_t)ROWS * 24 + 8)), *end = csv + sprintf(csv, "x,y\n");
	for (int i = 0; i < ROWS; i++)
		end += sprintf(end, "%d.2385,%d.5\n", i, ROWS - i);
	struct call upload = { .path = "/v1/datasets?name=large", .body = csv, .type = "text/csv" };
	limit_files(server, 4096); /* no file grows beyond */
	expect_problem(client_call(server, &upload), 507, "disk-full");
	expect_problem(client_post(server, "/v1/jobs", SMALL_JOB), 507, "disk-full");
	expect(client_get(server, text_of("/v1/jobs/%s", before)), 200);
	expect(client_get(server, "/healthz"), 200);
	limit_files(server, RLIM_INFINITY);
	expect(client_call(server, &upload), 201);
	ck_assert_str_eq(string_at(job_wait(server, job_post(server, SMALL_JOB))->json, "status"), "succeeded");
	finish(server);
}
END_TEST

START_TEST(a_spec_with_elided_arrays_is_refused_with_where_the_whole_one_is)
{
	struct server *server = server_start(NULL);
	const struct reply *reply =
		client_post(server, "/v1/jobs",
			    "{\"model\": {\"type\": \"function\", \"function\": \"rosenbrock\", \"initial_point\": "
			    "{\"elided\": 1000, \"sha256\": \"ab\"}}}");
	const cJSON *fault = expect_fault(reply, "/model/initial_point", "wrong_type");
	ck_assert_ptr_nonnull(strstr(string_at(fault, "detail"), "GET /v1/jobs/{id}/spec"));
	finish(server);
}
END_TEST

START_TEST(an_endless_address_is_414_and_endless_headers_are_431)
{
	struct server *server = server_start(NULL);
	expect_problem(client_get(server, text_of("/v1/jobs?name=%0*d", 9000, 7)), 414, "uri-too-long");
	struct call call = { .path = "/v1/jobs", .header = text_of("X-Endless: %0*d", 17000, 7) };
	expect_problem(client_call(server, &call), 431, "headers-too-large");
	finish(server);
}
END_TEST

START_TEST(a_full_queue_is_503_with_the_time_to_come_back)
{
	struct server *server = server_start(FLAGS("--workers", "1", "--max-queue", "2"));
	const char *running = job_post(server, ENDLESS);
	job_reach(server, running, 1);
	expect(client_post(server, "/v1/jobs", SMALL_JOB), 202);
	expect(client_post(server, "/v1/jobs", SMALL_JOB), 202);
	const struct reply *full = client_post(server, "/v1/jobs", SMALL_JOB);
	expect_problem(full, 503, "queue-full");
	ck_assert_ptr_nonnull(reply_header(full, "Retry-After"));
	client_post(server, text_of("/v1/jobs/%s/cancel", running), "");
	finish(server);
}
END_TEST

/* Nobody else shall listen on a port that has just come free. Returns the socket, which does not listen either. */
static int hold_port(unsigned port)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

START_TEST(the_program_checks_its_own_flags_and_its_own_health)
{
	struct server *server = server_start(NULL);
	const char *listen = text_of("127.0.0.1:%u", server->port);
	int code = 1;
	/* It waits three seconds for the answer, which a machine may be too busy for. */
	for (int tries = 0; tries < 10 && code != 0; tries++)
		code = program_run(NULL, FLAGS("--check", "--listen", listen), NULL, NULL);
	ck_assert_int_eq(code, 0);
	ck_assert_int_eq(server_terminate(server, NULL), 0);
	const int held = hold_port(server->port);
	ck_assert_int_eq(program_run(NULL, FLAGS("--check", "--listen", listen), NULL, NULL), 1);
	close(held);
	char *said = NULL;
	ck_assert_int_eq(program_run(NULL, FLAGS("--version"), NULL, &said), 0);
	ck_assert_ptr_nonnull(strstr(said, "descentd"));
	free(said);
	ck_assert_int_eq(program_run(NULL, FLAGS("--help"), NULL, &said), 0);
	ck_assert_ptr_nonnull(strstr(said, "--checkpoint-seconds"));
	free(said);
	ck_assert_int_ne(program_run(server->dir, FLAGS("--theads", "3"), NULL, &said), 0);
	ck_assert_msg(strstr(said, "--threads") != NULL, "no suggestion: %s", said);
	free(said);
	ck_assert_int_ne(program_run(server->dir, FLAGS("--listen", "0.0.0.0:0"), NULL, &said), 0);
	ck_assert_msg(strstr(said, "token") != NULL, "does not ask for a token: %s", said);
	free(said);
	ck_assert_int_ne(program_run(server->dir, NULL, (const char *const[]){ "DESCENT_WORKERS=none", NULL }, &said),
			 0);
	ck_assert_msg(strstr(said, "DESCENT_WORKERS") != NULL, "does not name the variable: %s", said);
	free(said);
	finish(server);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("blackbox/status_codes");
	TCase *tests = tcase_create("codes");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, the_open_doors_answer_200);
	tcase_add_test(tests, created_accepted_and_deleted_are_201_202_and_204);
	tcase_add_test(tests, what_cannot_be_read_is_400);
	tcase_add_test(tests, a_token_is_asked_for_everywhere_but_at_the_open_doors);
	tcase_add_test(tests, another_origin_or_host_is_403);
	tcase_add_test(tests, a_path_without_anything_is_404);
	tcase_add_test(tests, a_method_that_a_path_does_not_know_is_405_with_those_it_knows);
	tcase_add_test(tests, what_does_not_fit_the_state_is_409);
	tcase_add_test(tests, a_body_over_the_limit_is_413_before_it_is_read);
	tcase_add_test(tests, an_unknown_media_type_is_415_and_the_answer_says_what_is_taken);
	tcase_add_test(tests, a_wrong_body_is_422_with_all_its_faults_at_once);
	tcase_add_test(tests, a_full_disk_is_507_until_there_is_room_again);
	tcase_add_test(tests, a_spec_with_elided_arrays_is_refused_with_where_the_whole_one_is);
	tcase_add_test(tests, an_endless_address_is_414_and_endless_headers_are_431);
	tcase_add_test(tests, a_full_queue_is_503_with_the_time_to_come_back);
	tcase_add_test(tests, the_program_checks_its_own_flags_and_its_own_health);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return blackbox_run(suite());
}
