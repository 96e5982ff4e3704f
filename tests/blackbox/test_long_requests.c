/* Requests that take long to answer: they hold up nobody, end with the service, and stay within the memory budget. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/blackbox/jobs.h"

enum { ROWS = 100000, CLIENTS = 8 };

/* {"inputs": [[...] x 4 x rows]}, kept. */
static const char *many_inputs(size_t rows)
{
	char *body = keep(malloc(rows * 24 + 64)), *end = body;
	end += sprintf(end, "{\"inputs\":[");
	for (size_t i = 0; i < rows; i++) {
		end += sprintf(end, "%s[5.%zu,3.%zu,1.%zu,0.%zu]", i == 0 ? "" : ",", i % 10, i / 10 % 10, i / 100 % 10,
			       i % 7);
	}
	sprintf(end, "]}");
	return body;
}

#define CLASSIFIER                                                                                                     \
	"{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"softmax_regression\"}, \"training\": {\"steps\": "    \
	"20}}"

static const char *trained(const struct server *server)
{
	const char *data = dataset_upload(server, "iris.csv", "target=target");
	return string_at(job_run(server, text_of(CLASSIFIER, data))->json, "id");
}

/* A network that takes some two million products a row: minutes for what eight clients ask. */
static const char *trained_slow(const struct server *server)
{
	const char *data = dataset_upload(server, "iris.csv", "target=target");
	return string_at(
		job_run(server, text_of("{\"dataset\": {\"id\": \"%s\"}, \"model\": {\"type\": \"mlp\", \"loss\": "
					"\"cross_entropy\", \"layers\": [{\"type\": \"dense\", \"units\": 1000}, "
					"{\"type\": \"dense\", \"units\": 1000}, {\"type\": \"dense\", \"units\": "
					"1000}]}, \"training\": {\"steps\": 1, \"batch_size\": 16}}",
					data))
			->json,
		"id");
}

/* Sends a POST on a connection of its own, as fast as the service takes it. */
static int post_apart(const struct server *server, const char *path, const char *body)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)server->port) };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	const char *head = text_of("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
				   "Content-Length: %zu\r\n\r\n",
				   path, strlen(body));
	ck_assert_int_eq(send(fd, head, strlen(head), MSG_NOSIGNAL), (ssize_t)strlen(head));
	for (size_t sent = 0; sent < strlen(body);) {
		ssize_t more = send(fd, body + sent, strlen(body) - sent, MSG_NOSIGNAL);
		ck_assert_int_gt(more, 0);
		sent += (size_t)more;
	}
	return fd;
}

static int answered(const int *fd, int count)
{
	int ready = 0;
	for (int i = 0; i < count; i++) {
		struct pollfd one = { .fd = fd[i], .events = POLLIN };
		ready += poll(&one, 1, 0) == 1;
	}
	return ready;
}

/* The status of what comes on fd, and the first bytes of it. */
static int hear_status(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t more = 1;
	while (used < size - 1 && more > 0) {
		more = recv(fd, text + used, size - 1 - used, 0);
		used += more > 0 ? (size_t)more : 0;
	}
	text[used] = '\0';
	int status = 0;
	sscanf(text, "HTTP/1.1 %d", &status);
	return status;
}

START_TEST(health_is_answered_while_eight_long_predictions_are_under_way)
{
	struct server *server = server_start(NULL);
	const char *job = trained_slow(server), *body = many_inputs(ROWS);
	const char *path = text_of("/v1/jobs/%s/predictions", job);
	int fd[CLIENTS];
	for (int i = 0; i < CLIENTS; i++)
		fd[i] = post_apart(server, path, body);
	for (int i = 0; i < 10; i++)
		expect(client_get(server, "/healthz"), 200);
	int early = answered(fd, CLIENTS);
	ck_assert_msg(early <= CLIENTS / 2, "%d of %d long requests were answered before ten short ones", early,
		      CLIENTS);
	/* SIGTERM does not wait for them either: they are told so. */
	ck_assert_int_eq(server_terminate(server, NULL), 0);
	const bool late = server_stopped_late(server);
	int stopped = 0;
	for (int i = 0; i < CLIENTS; i++) {
		static char text[4096];
		int status = hear_status(fd[i], text, sizeof text);
		close(fd[i]);
		if (status == 503) {
			ck_assert_msg(strstr(text, "urn:descentd:problem:stopping") != NULL, "%s", text);
			stopped++;
		} else { /* 0: its body was not read to its end */
			ck_assert_msg(status == 200 || status == 0, "status %d: %s", status, text);
		}
	}
	ck_assert_msg(stopped > 0 || late, "nobody was told");
	finish(server);
}
END_TEST

START_TEST(what_takes_long_is_right)
{
	struct server *server = server_start(NULL);
	const char *path = text_of("/v1/jobs/%s/predictions", trained(server));
	const struct reply *few = client_post(server, path, many_inputs(3));
	const struct reply *many = client_post(server, path, many_inputs(3000));
	expect(few, 200);
	expect(many, 200);
	ck_assert_int_eq(cJSON_GetArraySize(get_at(many->json, "outputs")), 3000);
	for (int i = 0; i < 3; i++) {
		const char *place = text_of("outputs.%d.1", i);
		ck_assert_double_eq_tol(number_at(few->json, place), number_at(many->json, place), 1e-5);
	}
	/* Drawn rows and a wait, on one connection's request. */
	const struct reply *job = client_post(
		server, "/v1/jobs?wait=60",
		"{\"dataset\": {\"generator\": {\"type\": \"blobs\", \"rows\": 20000}}, \"model\": {\"type\": "
		"\"softmax_regression\"}, \"training\": {\"steps\": 3}}");
	expect(job, 200);
	ck_assert_str_eq(string_at(job->json, "status"), "succeeded");
	finish(server);
}
END_TEST

#define WIDE                                                                                                           \
	"{\"dataset\": {\"generator\": {\"type\": \"blobs\", \"rows\": 1000}}, \"model\": {\"type\": \"mlp\", "        \
	"\"loss\": "                                                                                                   \
	"\"cross_entropy\", \"layers\": [{\"type\": \"dense\", \"units\": %d}]}, \"training\": {\"epochs\": "          \
	"1000000}, "                                                                                                   \
	"\"recording\": {\"every_steps\": 1000}}"

START_TEST(work_stays_within_the_memory_budget)
{
	struct server *server = server_start(FLAGS("--memory", "2M"));
	const char *job = trained(server), *path = text_of("/v1/jobs/%s/predictions", job), *body = many_inputs(30000);
	const struct reply *over = client_post(server, path, body);
	expect_problem(over, 422, "needs-too-much-memory");
	double needed = number_at(over->json, "needed_bytes");
	ck_assert_double_eq(number_at(over->json, "budget_bytes"), 2 << 20);
	ck_assert_double_gt(needed, 2 << 20);
	expect(client_post(server, path, many_inputs(3)), 200);
	expect_problem(client_post(server, "/v1/jobs", text_of("{\"name\": \"%*s\", \"model\": {}}", 3 << 20, "x")),
		       422, "needs-too-much-memory");

	/* Where a job runs that needs nearly all of it, the request has to wait for its end, and is told so. */
	const char *memory = text_of("%.0f", needed + (1 << 20));
	server_terminate(server, NULL);
	server_restart(server, FLAGS("--memory", memory));
	int units = 1000;
	double takes = 0;
	for (; takes < needed / 2; units += units / 4) {
		const struct reply *dry = client_post(server, "/v1/jobs?dry_run=true", text_of(WIDE, units));
		expect(dry, 200);
		takes = number_at(dry->json, "estimate.memory_bytes");
		if (takes > needed / 2)
			break;
	}
	const char *running = job_post(server, text_of(WIDE, units));
	job_reach(server, running, 1);
	const struct reply *busy = client_post(server, path, body);
	expect_problem(busy, 503, "busy");
	ck_assert_ptr_nonnull(reply_header(busy, "Retry-After"));
	expect(client_post(server, path, many_inputs(3)), 200);
	client_post(server, text_of("/v1/jobs/%s/cancel", running), "");
	job_wait(server, running);
	/* What was taken is given back: by the job when its runner has put its things away, soon after its end. */
	for (double until = seconds_now() + HANG_SECONDS;
	     client_post(server, path, body)->status == 503 && seconds_now() < until;) {
		usleep(50000);
	}
	for (int i = 0; i < 3; i++)
		expect(client_post(server, path, body), 200);
	finish(server);
}
END_TEST

/* {"expression": "sum(v) + 0.385", "variables": {"v": [1, ...]}}, kept. */
static const char *many_ones(size_t count)
{
	char *body = keep(malloc(count * 2 + 64)), *end = body;
	end += sprintf(end, "{\"expression\":\"sum(v) + 0.385\",\"variables\":{\"v\":[");
	for (size_t i = 0; i < count; i++) {
		end += sprintf(end, "%s1", i == 0 ? "" : ",");
	}
	sprintf(end, "]}}");
	return body;
}

START_TEST(a_long_evaluation_is_read_in_the_budget)
{
	struct server *server = server_start(FLAGS("--memory", "2M"));
	const struct reply *reply = client_post(server, "/v1/expressions/evaluate", many_ones(18000));
	expect(reply, 200);
	ck_assert_double_eq(number_at(reply->json, "value"), 18000.385);
	reply = client_post(server, "/v1/expressions/evaluate", many_ones(30000));
	expect_problem(reply, 422, "needs-too-much-memory");
	expect(client_post(server, "/v1/expressions/evaluate", many_ones(18000)), 200);
	finish(server);
}
END_TEST

/* A few numbers make many: what the model takes counts, not its weights, nor the body. */
START_TEST(a_large_model_predicts_in_the_budget)
{
	struct server *server = server_start(FLAGS("--memory", "200M"));
	const struct reply *job = job_run(
		server,
		"{\"dataset\": {\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, 2], [2, 4.5], [3, 6]]}, "
		"\"target\": \"y\", \"standardize\": false}, \"model\": {\"type\": \"expression\", \"prediction\": "
		"\"b*x + sum(outer(a, a))\", \"parameters\": {\"b\": 2.385, \"a\": {\"shape\": [1500], \"init\": 0}}}, "
		"\"optimizer\": {\"type\": \"sgd\", \"learning_rate\": 1e-9}, \"training\": {\"steps\": 1, \"dtype\": "
		"\"float64\"}}");
	const char *path = text_of("/v1/jobs/%s/predictions", string_at(job->json, "id"));
	const struct reply *reply = client_post(server, path, "{\"inputs\": [[1], [2]]}");
	expect(reply, 200);
	ck_assert_double_eq_tol(number_at(reply->json, "predictions.1"), 4.77, 1e-6);
	server_terminate(server, NULL);
	server_restart(server, FLAGS("--memory", "20M"));
	reply = client_post(server, path, "{\"inputs\": [[1], [2]]}");
	expect_problem(reply, 422, "needs-too-much-memory");
	ck_assert_double_gt(number_at(reply->json, "needed_bytes"), 2 * 1500 * 1500 * 8);
	finish(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blackbox/long requests");
	TCase *tests = tcase_create("long requests");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, health_is_answered_while_eight_long_predictions_are_under_way);
	tcase_add_test(tests, what_takes_long_is_right);
	tcase_add_test(tests, work_stays_within_the_memory_budget);
	tcase_add_test(tests, a_long_evaluation_is_read_in_the_budget);
	tcase_add_test(tests, a_large_model_predicts_in_the_budget);
	suite_add_tcase(suite, tests);
	return blackbox_run(suite);
}
