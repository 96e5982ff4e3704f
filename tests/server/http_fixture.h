/*
 * What the tests of the HTTP layer share: a server in this process with a few routes of its own, which knows no job and
 * no store, on a free port of the loopback; and a client over raw sockets. Started inside each test (Check forks).
 */
#ifndef TESTS_SERVER_HTTP_FIXTURE_H
#define TESTS_SERVER_HTTP_FIXTURE_H

#include "server/http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/suite.h"

static struct http_server *server;
static atomic_int state;   /* what /v1/wait answers */
static atomic_int asked;   /* calls of the waiting handler */
static atomic_int dropped; /* kept data that was destroyed */
static atomic_ulong sunk;  /* bytes that the sink saw */

/* --- the routes --- */

static inline enum http_outcome get_things(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	const char *limit = http_query(request, "limit");
	text_puts(&response->body, "{\"limit\":");
	text_json_string(&response->body, limit);
	text_puts(&response->body, "}");
	return HTTP_DONE;
}

static inline enum http_outcome get_thing(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	text_json_string(&response->body, http_segment(request, 0));
	return HTTP_DONE;
}

static inline enum http_outcome get_counts(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	(void)request;
	text_puts(&response->body, "\"counts\"");
	return HTTP_DONE;
}

static inline enum http_outcome post_thing(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	size_t length;
	http_body(request, &length);
	response->status = 201;
	http_response_header(response, "Location", "/v1/things/%zu", length);
	text_printf(&response->body, "{\"length\":%zu}", length);
	return HTTP_DONE;
}

static inline bool sink(void *service, struct http_request *request, const void *bytes, size_t length)
{
	(void)service;
	(void)request;
	atomic_fetch_add(&sunk, length);
	return memmem(bytes, length, "BAD", 3) == NULL;
}

static inline enum http_outcome post_upload(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	(void)request;
	text_printf(&response->body, "{\"bytes\":%lu}", atomic_load(&sunk));
	return HTTP_DONE;
}

static inline void drop(void *data)
{
	(void)data;
	atomic_fetch_add(&dropped, 1);
}

/* Waits until `state` is 1; keeps something over its calls. */
static inline enum http_outcome get_wait(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	atomic_fetch_add(&asked, 1);
	http_keep(request, &state, drop);
	const char *seconds = http_query(request, "wait");
	(http_query(request, "end") != NULL ? http_wait_end : http_wait)(request, http_segment(request, 0),
									 seconds == NULL ? 30 : atof(seconds));
	if (atomic_load(&state) == 0 && !http_waited(request)) {
		return HTTP_WAIT;
	}
	text_puts(&response->body, atomic_load(&state) == 1 ? "\"changed\"" : "\"time is up\"");
	return HTTP_DONE;
}

static inline enum http_outcome get_health(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	(void)request;
	text_puts(&response->body, "{}");
	return HTTP_DONE;
}

static inline enum http_outcome get_big(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	(void)request;
	for (int i = 0; i < 300000; i++) {
		text_printf(&response->body, "%09d\n", i);
	}
	response->content_type = "text/plain";
	return HTTP_DONE;
}

static atomic_int lined, working, gave_up;

/* Computes until `state` is 1, or until it is told to give up. */
static inline enum http_outcome get_work(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	if (!http_working(request)) {
		atomic_fetch_add(&lined, 1);
		return HTTP_WORK;
	}
	atomic_fetch_add(&working, 1);
	while (atomic_load(&state) == 0 && !atomic_load(http_cancelled(request))) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	atomic_fetch_sub(&working, 1);
	if (atomic_load(http_cancelled(request))) {
		struct problem problem;
		atomic_fetch_add(&gave_up, 1);
		problem_init(&problem);
		problem_set(&problem, PROBLEM_STOPPING, "Given up.");
		http_response_problem(response, request, &problem);
		problem_fini(&problem);
		return HTTP_DONE;
	}
	text_json_string(&response->body, http_segment(request, 0));
	return HTTP_DONE;
}

static const char *const list_parameters[] = { "limit", "cursor", NULL };
static const char *const wait_parameters[] = { "wait", "end", NULL };
static const struct http_route routes[] = {
	{ .method = "GET", .pattern = "/v1/things", .handler = get_things, .parameters = list_parameters },
	{ .method = "POST", .pattern = "/v1/things", .handler = post_thing, .body = HTTP_JSON },
	{ .method = "GET", .pattern = "/v1/things/{id}", .handler = get_thing },
	{ .method = "GET", .pattern = "/v1/things/counts", .handler = get_counts },
	{ .method = "POST", .pattern = "/v1/uploads", .handler = post_upload, .body = HTTP_STREAM, .sink = sink },
	{ .method = "GET", .pattern = "/v1/wait/{id}", .handler = get_wait, .parameters = wait_parameters },
	{ .method = "GET", .pattern = "/v1/long/{id}", .handler = get_work, .abandon = true },
	{ .method = "GET", .pattern = "/v1/big", .handler = get_big },
	{ .method = "GET", .pattern = "/healthz", .handler = get_health, .open = true },
};

static atomic_int logged;

static inline void count_log(void *service, const struct http_request *request, int status, double seconds)
{
	(void)service;
	if (status >= 200 && seconds >= 0 && http_request_id(request)[0] != '\0') {
		atomic_fetch_add(&logged, 1);
	}
}

static inline void start_with(const char *token, double head_seconds, double body_seconds)
{
	struct http_options options = { .host = "127.0.0.1",
					.token = token,
					.max_body = 100000,
					.threads = 2,
					.work_threads = 2,
					.head_seconds = head_seconds,
					.body_seconds = body_seconds,
					.routes = routes,
					.route_count = sizeof routes / sizeof *routes,
					.log = count_log };
	struct error error;
	ck_assert_msg(http_start(&options, &server, &error) == OK, "%s", error.text);
}

static inline void start(void)
{
	start_with(NULL, 10, 10);
}

static inline void stop(void)
{
	http_stop(server);
	server = NULL;
}

/* --- the client --- */

static inline double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

/* Guards against hangs: nothing that these tests wait for takes as long on any machine. */
enum { HANG_MS = 200000 };

/* Waits until the counter has come to this value. */
static inline void until(const atomic_int *counter, int value)
{
	for (double end = now() + HANG_MS / 1000.0; atomic_load(counter) < value && now() < end;) {
		pause_ms(1);
	}
	ck_assert_int_ge(atomic_load(counter), value);
}

static inline int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(http_port(server)) };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static inline void say(int fd, const char *text)
{
	size_t length = strlen(text);
	ck_assert_int_eq(send(fd, text, length, MSG_NOSIGNAL), (ssize_t)length);
}

/* For what is refused before its end: sends as much as is taken. */
static inline void offer(int fd, const char *text)
{
	size_t length = strlen(text), sent = 0;
	for (ssize_t n; sent < length && (n = send(fd, text + sent, length - sent, MSG_NOSIGNAL)) > 0;) {
		sent += (size_t)n;
	}
}

static char answer[4 << 20];

/* Reads one answer by its Content-Length (bodiless when head_only); fills `answer`; returns its status, 0 when the
 * connection closed before. */
static inline int hear_one(int fd, bool head_only)
{
	size_t used = 0;
	size_t wanted = SIZE_MAX;
	answer[0] = '\0';
	while (used < wanted && used < sizeof answer - 1) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ck_assert_msg(poll(&ready, 1, HANG_MS) == 1, "no answer");
		/* byte by byte up to the end of the head, so that a pipelined answer stays in the socket */
		ssize_t got = recv(fd, answer + used, wanted == SIZE_MAX ? 1 : wanted - used, 0);
		if (got <= 0) {
			break;
		}
		used += (size_t)got;
		answer[used] = '\0';
		if (wanted == SIZE_MAX && used >= 4 && strcmp(answer + used - 4, "\r\n\r\n") == 0) {
			const char *length = strcasestr(answer, "\r\nContent-Length:");
			wanted = used + (head_only || length == NULL ? 0 : strtoul(length + 17, NULL, 10));
		}
	}
	int status = 0;
	sscanf(answer, "HTTP/1.1 %d", &status);
	return status;
}

static inline int hear(int fd)
{
	return hear_one(fd, false);
}

/* Reads until the other side closes. */
static inline void hear_rest(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	do {
		ck_assert_msg(poll(&ready, 1, HANG_MS) == 1, "the connection stays open");
	} while (recv(fd, answer, sizeof answer, 0) > 0);
}

static inline bool is_closed(int fd)
{
	char byte;
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	return poll(&ready, 1, HANG_MS) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

static inline int ask(const char *text)
{
	int fd = dial();
	say(fd, text);
	int status = hear(fd);
	close(fd);
	return status;
}

/* One request without a body. */
static inline int ask_line(const char *line)
{
	char text[20000];
	snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: localhost\r\n\r\n", line);
	return ask(text);
}

#define HOST "Host: 127.0.0.1:1\r\n"
static inline void has(const char *part)
{
	ck_assert_msg(strcasestr(answer, part) != NULL, "\"%s\" is not in:\n%.2000s", part, answer);
}

static inline void has_not(const char *part)
{
	ck_assert_msg(strcasestr(answer, part) == NULL, "\"%s\" is in:\n%.2000s", part, answer);
}

static inline void is_problem(int status, int expected, const char *slug)
{
	ck_assert_msg(status == expected, "%d instead of %d:\n%.2000s", status, expected, answer);
	char type[100];
	snprintf(type, sizeof type, "urn:descentd:problem:%s", slug);
	has("Content-Type: application/problem+json");
	has("X-Request-Id: ");
	has("\"instance\"");
	has(type);
}

#endif
