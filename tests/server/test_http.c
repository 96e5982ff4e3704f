/*
 * The HTTP layer over raw sockets: what a well-behaved client gets, and what a bad one.
 *
 * A server in this process with a few routes of its own; it knows no job and no store. Started inside each test (Check
 * forks), on a free port of the loopback.
 */
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

static enum http_outcome get_things(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	const char *limit = http_query(request, "limit");
	text_puts(&response->body, "{\"limit\":");
	text_json_string(&response->body, limit);
	text_puts(&response->body, "}");
	return HTTP_DONE;
}

static enum http_outcome get_thing(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	text_json_string(&response->body, http_segment(request, 0));
	return HTTP_DONE;
}

static enum http_outcome get_counts(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	(void)request;
	text_puts(&response->body, "\"counts\"");
	return HTTP_DONE;
}

static enum http_outcome post_thing(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	size_t length;
	http_body(request, &length);
	response->status = 201;
	http_response_header(response, "Location", "/v1/things/%zu", length);
	text_printf(&response->body, "{\"length\":%zu}", length);
	return HTTP_DONE;
}

static bool sink(void *service, struct http_request *request, const void *bytes, size_t length)
{
	(void)service;
	(void)request;
	atomic_fetch_add(&sunk, length);
	return memmem(bytes, length, "BAD", 3) == NULL;
}

static enum http_outcome post_upload(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	(void)request;
	text_printf(&response->body, "{\"bytes\":%lu}", atomic_load(&sunk));
	return HTTP_DONE;
}

static void drop(void *data)
{
	(void)data;
	atomic_fetch_add(&dropped, 1);
}

/* Waits until `state` is 1; keeps something over its calls. */
static enum http_outcome get_wait(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	atomic_fetch_add(&asked, 1);
	http_keep(request, &state, drop);
	const char *seconds = http_query(request, "wait");
	http_wait(request, http_segment(request, 0), seconds == NULL ? 30 : atof(seconds));
	if (atomic_load(&state) == 0 && !http_waited(request)) {
		return HTTP_WAIT;
	}
	text_puts(&response->body, atomic_load(&state) == 1 ? "\"changed\"" : "\"time is up\"");
	return HTTP_DONE;
}

static enum http_outcome get_health(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	(void)request;
	text_puts(&response->body, "{}");
	return HTTP_DONE;
}

static enum http_outcome get_big(void *service, struct http_request *request, struct http_response *response)
{
	(void)service;
	(void)request;
	for (int i = 0; i < 300000; i++) {
		text_printf(&response->body, "%09d\n", i);
	}
	response->content_type = "text/plain";
	return HTTP_DONE;
}

static const char *const list_parameters[] = { "limit", "cursor", NULL };
static const char *const wait_parameters[] = { "wait", NULL };
static const struct http_route routes[] = {
	{ .method = "GET", .pattern = "/v1/things", .handler = get_things, .parameters = list_parameters },
	{ .method = "POST", .pattern = "/v1/things", .handler = post_thing, .body = HTTP_JSON },
	{ .method = "GET", .pattern = "/v1/things/{id}", .handler = get_thing },
	{ .method = "GET", .pattern = "/v1/things/counts", .handler = get_counts },
	{ .method = "POST", .pattern = "/v1/uploads", .handler = post_upload, .body = HTTP_STREAM, .sink = sink },
	{ .method = "GET", .pattern = "/v1/wait/{id}", .handler = get_wait, .parameters = wait_parameters },
	{ .method = "GET", .pattern = "/v1/big", .handler = get_big },
	{ .method = "GET", .pattern = "/healthz", .handler = get_health, .open = true },
};

static atomic_int logged;

static void count_log(void *service, const struct http_request *request, int status, double seconds)
{
	(void)service;
	if (status >= 200 && seconds >= 0 && http_request_id(request)[0] != '\0') {
		atomic_fetch_add(&logged, 1);
	}
}

static void start_with(const char *token, double head_seconds, double body_seconds)
{
	struct http_options options = { .host = "127.0.0.1",
					.token = token,
					.max_body = 100000,
					.threads = 2,
					.head_seconds = head_seconds,
					.body_seconds = body_seconds,
					.routes = routes,
					.route_count = sizeof routes / sizeof *routes,
					.log = count_log };
	struct error error;
	ck_assert_msg(http_start(&options, &server, &error) == OK, "%s", error.text);
}

static void start(void)
{
	start_with(NULL, 10, 10);
}

static void stop(void)
{
	http_stop(server);
	server = NULL;
}

/* --- the client --- */

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(http_port(server)) };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	size_t length = strlen(text);
	ck_assert_int_eq(send(fd, text, length, MSG_NOSIGNAL), (ssize_t)length);
}

static char answer[4 << 20];

/* Reads one answer by its Content-Length (bodiless when head_only); fills `answer`; returns its status, 0 when the
 * connection closed before. */
static int hear_one(int fd, bool head_only)
{
	size_t used = 0;
	size_t wanted = SIZE_MAX;
	answer[0] = '\0';
	while (used < wanted && used < sizeof answer - 1) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ck_assert_msg(poll(&ready, 1, 20000) == 1, "no answer within 20 s");
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

static int hear(int fd)
{
	return hear_one(fd, false);
}

/* Reads until the other side closes. */
static void hear_rest(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	do {
		ck_assert_msg(poll(&ready, 1, 5000) == 1, "the connection stays open");
	} while (recv(fd, answer, sizeof answer, 0) > 0);
}

static bool is_closed(int fd)
{
	char byte;
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	return poll(&ready, 1, 5000) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

static int ask(const char *text)
{
	int fd = dial();
	say(fd, text);
	int status = hear(fd);
	close(fd);
	return status;
}

/* One request without a body. */
static int ask_line(const char *line)
{
	char text[20000];
	snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: localhost\r\n\r\n", line);
	return ask(text);
}

#define HOST "Host: 127.0.0.1:1\r\n"
static void has(const char *part)
{
	ck_assert_msg(strcasestr(answer, part) != NULL, "\"%s\" is not in:\n%.2000s", part, answer);
}

static void has_not(const char *part)
{
	ck_assert_msg(strcasestr(answer, part) == NULL, "\"%s\" is in:\n%.2000s", part, answer);
}

static void is_problem(int status, int expected, const char *slug)
{
	ck_assert_msg(status == expected, "%d instead of %d:\n%.2000s", status, expected, answer);
	char type[100];
	snprintf(type, sizeof type, "urn:descentd:problem:%s", slug);
	has("Content-Type: application/problem+json");
	has("X-Request-Id: ");
	has("\"instance\"");
	has(type);
}

/* --- tests --- */

START_TEST(answers_a_get_with_the_headers_of_the_contract)
{
	start();
	ck_assert_int_eq(ask_line("GET /v1/things?limit=2.385"), 200);
	has("\r\n\r\n{\"limit\":\"2.385\"}");
	has("Content-Type: application/json");
	has("Cache-Control: private, no-cache");
	has("X-Request-Id: ");
	stop();
	ck_assert_int_eq(atomic_load(&logged), 1);
}
END_TEST

START_TEST(keeps_the_connection_and_answers_pipelined_requests_in_order)
{
	start();
	int fd = dial();
	for (int round = 0; round < 3; round++) {
		say(fd, "GET /v1/things/a HTTP/1.1\r\n" HOST "\r\nPOST /v1/things HTTP/1.1\r\n" HOST
			"Content-Length: 5\r\n\r\n12345GET /nothing HTTP/1.1\r\n" HOST
			"\r\nPOST /nothing HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc");
		ck_assert_int_eq(hear(fd), 200);
		has("\"a\"");
		ck_assert_int_eq(hear(fd), 201);
		has("{\"length\":5}");
		has("Location: /v1/things/5");
		is_problem(hear(fd), 404, "not-found");
		is_problem(hear(fd), 404, "not-found");
	}
	close(fd);
	stop();
}
END_TEST

START_TEST(takes_a_request_id_of_visible_characters_and_makes_one_otherwise)
{
	start();
	ck_assert_int_eq(ask("GET /healthz HTTP/1.1\r\n" HOST "X-Request-Id: abc-2.385\r\n\r\n"), 200);
	has("X-Request-Id: abc-2.385\r\n");
	ck_assert_int_eq(ask("GET /nothing HTTP/1.1\r\n" HOST "X-Request-Id: mine\r\n\r\n"), 404);
	has("\"instance\":\"mine\"");
	ck_assert_int_eq(ask("GET /healthz HTTP/1.1\r\n" HOST "X-Request-Id: two words\r\n\r\n"), 200);
	has_not("two words");
	ck_assert_int_eq(ask("GET /healthz HTTP/1.1\r\n" HOST "X-Request-Id: "
			     "0123456789012345678901234567890123456789012345678901234567890123456789\r\n\r\n"),
			 200);
	has_not("0123456789");
	stop();
}
END_TEST

START_TEST(head_gets_what_get_gets_without_the_body)
{
	start();
	int fd = dial();
	say(fd, "HEAD /v1/things HTTP/1.1\r\n" HOST "\r\nGET /v1/things/next HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(hear_one(fd, true), 200);
	has("Content-Length: 14");
	ck_assert_int_eq(hear(fd), 200);
	has("\"next\"");
	close(fd);
	stop();
}
END_TEST

START_TEST(options_says_what_is_allowed_and_needs_no_token)
{
	start_with("secret", 10, 10);
	ck_assert_int_eq(ask_line("OPTIONS /v1/things"), 204);
	has("Allow: GET, HEAD, POST, OPTIONS\r\n");
	ck_assert_int_eq(ask_line("OPTIONS *"), 204);
	stop();
}
END_TEST

START_TEST(another_method_is_405_with_allow)
{
	start();
	is_problem(ask_line("DELETE /v1/things"), 405, "method-not-allowed");
	has("Allow: GET, HEAD, POST, OPTIONS\r\n");
	is_problem(ask_line("BREW /v1/things/x"), 405, "method-not-allowed");
	has("Allow: GET, HEAD, OPTIONS\r\n");
	stop();
}
END_TEST

START_TEST(paths_are_split_then_decoded_and_one_trailing_slash_is_ignored)
{
	start();
	ck_assert_int_eq(ask_line("GET /v1/things/a%2Fb%C3%A4"), 200);
	has("\"a/b\xC3\xA4\"");
	ck_assert_int_eq(ask_line("GET /v1/things/"), 200);
	ck_assert_int_eq(ask_line("GET /v1/things/counts"), 200);
	has("\"counts\"");
	ck_assert_int_eq(ask_line("GET http://localhost/v1/things/x"), 200);
	is_problem(ask_line("GET /v1/things//"), 404, "not-found");
	is_problem(ask_line("GET /v1//things"), 404, "not-found");
	is_problem(ask_line("GET /v1/things/a/b"), 404, "not-found");
	is_problem(ask_line("GET /1/2/3/4/5/6/7/8/9/10"), 404, "not-found");
	is_problem(ask_line("GET /"), 404, "not-found");
	is_problem(ask_line("GET /v1/things/%zz"), 400, "malformed");
	is_problem(ask_line("GET /v1/things/%4"), 400, "malformed");
	is_problem(ask_line("GET /v1/things/a%00b"), 400, "malformed");
	is_problem(ask_line("GET /v1/things/%C3%28"), 400, "malformed");
	is_problem(ask_line("GET /v1/things/a b"), 400, "malformed");
	is_problem(ask_line("GET v1"), 400, "malformed");
	stop();
}
END_TEST

START_TEST(unknown_and_doubled_query_parameters_are_named_all_at_once)
{
	start();
	is_problem(ask_line("GET /v1/things?limitt=3&cursor=a&cursor=b"), 400, "bad-query");
	has("\"parameter\":\"limitt\"");
	has("did you mean limit?");
	has("\"suggestion\":\"limit\"");
	has("\"duplicate\"");
	is_problem(ask_line("GET /v1/things/a?x=1"), 400, "bad-query");
	is_problem(ask_line("GET /v1/things?limit=%f"), 400, "malformed");
	is_problem(ask_line("GET /v1/things?token=secret"), 400, "bad-query");
	has("Authorization");
	ck_assert_int_eq(ask_line("GET /v1/things?limit=a+b%26&"), 200);
	has("\"a b&\"");
	stop();
}
END_TEST

START_TEST(the_token_opens_and_nothing_else_does)
{
	start_with("s3cret-2.385", 10, 10);
	is_problem(ask_line("GET /v1/things"), 401, "unauthorized");
	has("WWW-Authenticate: Bearer\r\n");
	is_problem(ask("GET /v1/things HTTP/1.1\r\n" HOST "Authorization: Bearer s3cret-2.38\r\n\r\n"), 401,
		   "unauthorized");
	is_problem(ask("GET /v1/things HTTP/1.1\r\n" HOST "Authorization: Basic s3cret-2.385\r\n\r\n"), 401,
		   "unauthorized");
	is_problem(ask("GET /v1/nothing HTTP/1.1\r\n" HOST "\r\n"), 401, "unauthorized");
	ck_assert_int_eq(
		ask("GET /v1/things HTTP/1.1\r\nHost: far.example\r\nAuthorization: bearer s3cret-2.385\r\n\r\n"), 200);
	ck_assert_int_eq(ask_line("GET /healthz"), 200);
	stop();
}
END_TEST

START_TEST(without_a_token_the_host_must_be_this_machine)
{
	static const char *const good[] = { "localhost",    "LocalHost:8080", "127.0.0.1",
					    "127.9.8.7:80", "[::1]",          "[::1]:8080" };
	static const char *const bad[] = { "evil.example",   "127.0.0.1.evil.example",
					   "localhost.evil", "127.0.0.1:80x",
					   "[::2]",          "127.0.0",
					   "0.0.0.0",        "[::1" };
	start();
	char text[300];
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		snprintf(text, sizeof text, "GET /v1/things HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
		ck_assert_msg(ask(text) == 200, "%s", good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text, "GET /v1/things HTTP/1.1\r\nHost: %s\r\n\r\n", bad[i]);
		is_problem(ask(text), 403, "forbidden");
	}
	ck_assert_int_eq(ask("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 200);
	is_problem(ask("GET /healthz HTTP/1.1\r\n\r\n"), 400, "malformed");
	is_problem(ask("GET /healthz HTTP/1.1\r\n" HOST HOST "\r\n"), 400, "malformed");
	stop();
}
END_TEST

START_TEST(another_origin_is_forbidden_and_our_own_is_not)
{
	start();
	is_problem(ask("GET /v1/things HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n"), 403, "forbidden");
	is_problem(ask("GET /v1/things HTTP/1.1\r\n" HOST "Origin: null\r\n\r\n"), 403, "forbidden");
	ck_assert_int_eq(ask("GET /v1/things HTTP/1.1\r\n" HOST "Origin: http://127.0.0.1:1\r\n\r\n"), 200);
	stop();
}
END_TEST

START_TEST(json_routes_take_json_and_forms_and_no_other_type)
{
	start();
	static const char *const good[] = { "application/json", "Application/JSON; charset=utf-8",
					    "application/x-www-form-urlencoded" };
	char text[300];
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		snprintf(text, sizeof text,
			 "POST /v1/things HTTP/1.1\r\n" HOST "Content-Type: %s\r\nContent-Length: 2\r\n\r\n{}",
			 good[i]);
		ck_assert_int_eq(ask(text), 201);
	}
	is_problem(ask("POST /v1/things HTTP/1.1\r\n" HOST "Content-Type: text/csv\r\nContent-Length: 2\r\n\r\n{}"),
		   415, "unsupported-media-type");
	has("Accept: application/json");
	is_problem(ask("POST /v1/things HTTP/1.1\r\n" HOST
		       "Content-Type: application/jsonp\r\nContent-Length: 2\r\n\r\n{}"),
		   415, "unsupported-media-type");
	stop();
}
END_TEST

START_TEST(unclear_lengths_are_refused_and_the_connection_closed)
{
	static const char *const bad[] = {
		"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
		"Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}",
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"Transfer-Encoding: gzip\r\n\r\nabc",
		"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	};
	start();
	char text[500];
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text,
			 "POST /v1/things HTTP/1.1\r\n" HOST "%sGET /v1/things/smuggled HTTP/1.1\r\n" HOST "\r\n",
			 bad[i]);
		int fd = dial();
		say(fd, text);
		is_problem(hear(fd), 400, "bad-length");
		ck_assert(is_closed(fd));
		close(fd);
	}
	/* What libmicrohttpd refuses by itself: a refusal in any words, and no second answer. */
	static const char *const worse[] = { "-1", "2x", "0x10", "", "99999999999999999999999" };
	for (size_t i = 0; i < sizeof worse / sizeof *worse; i++) {
		snprintf(text, sizeof text, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: %s\r\n\r\n{}",
			 worse[i]);
		int fd = dial();
		say(fd, text);
		int status = hear(fd);
		ck_assert_msg(status == 400 || status == 413 || status == 0, "%s: %d", worse[i], status);
		hear_rest(fd); /* 0.9.75 sends the head of this refusal twice */
		close(fd);
	}
	ck_assert_int_eq(ask_line("GET /healthz"), 200);
	stop();
}
END_TEST

START_TEST(a_body_that_is_too_large_is_413_whatever_way_it_comes)
{
	start();
	/* by its length, nothing of it sent */
	is_problem(ask("POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 100001\r\n\r\n"), 413, "too-large");
	is_problem(ask("POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 100001\r\nExpect: 100-continue\r\n\r\n"),
		   413, "too-large");
	/* by its length, all of it sent before listening */
	static char large[3000000];
	memset(large, 'x', sizeof large - 1);
	int fd = dial();
	say(fd, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 2999999\r\n\r\n");
	say(fd, large);
	is_problem(hear(fd), 413, "too-large");
	ck_assert(is_closed(fd));
	close(fd);
	/* in chunks, once over */
	fd = dial();
	say(fd, "POST /v1/things HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2dc6bf\r\n");
	say(fd, large);
	is_problem(hear(fd), 413, "too-large");
	close(fd);
	/* exactly the limit is taken */
	large[100000] = '\0';
	fd = dial();
	say(fd, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n");
	say(fd, large);
	ck_assert_int_eq(hear(fd), 201);
	has("{\"length\":100000}");
	close(fd);
	/* on a call that takes none, a short one is ignored, a long one not */
	ck_assert_int_eq(ask("GET /v1/things HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"), 200);
	is_problem(ask("GET /v1/things HTTP/1.1\r\n" HOST "Content-Length: 70000\r\n\r\n"), 413, "too-large");
	stop();
}
END_TEST

START_TEST(chunked_bodies_are_read)
{
	start();
	ck_assert_int_eq(ask("POST /v1/things HTTP/1.1\r\n" HOST
			     "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"),
			 201);
	has("{\"length\":7}");
	int status =
		ask("POST /v1/things HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n");
	ck_assert(status == 400 || status == 0);
	stop();
}
END_TEST

START_TEST(long_addresses_and_heads_are_414_and_431)
{
	start();
	static char text[60000];
	int used = snprintf(text, sizeof text, "GET /v1/things/");
	memset(text + used, 'a', 9000);
	snprintf(text + used + 9000, 100, " HTTP/1.1\r\n" HOST "\r\n");
	is_problem(ask(text), 414, "uri-too-long");
	used = snprintf(text, sizeof text, "GET /v1/things HTTP/1.1\r\n" HOST "X-Long: ");
	memset(text + used, 'a', 20000);
	snprintf(text + used + 20000, 100, "\r\n\r\n");
	is_problem(ask(text), 431, "headers-too-large");
	stop();
}
END_TEST

START_TEST(uploads_stream_and_a_sink_can_refuse_at_once)
{
	start();
	static char piece[65537];
	memset(piece, 'x', sizeof piece - 1);
	int fd = dial();
	say(fd, "POST /v1/uploads HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 6553600\r\n\r\n");
	char line[100] = "";
	ck_assert_int_eq(recv(fd, line, 25, MSG_WAITALL), 25);
	ck_assert_ptr_nonnull(strstr(line, "100 Continue"));
	for (int i = 0; i < 100; i++) {
		say(fd, piece);
	}
	ck_assert_int_eq(hear(fd), 200);
	has("{\"bytes\":6553600}");
	close(fd);
	/* refused in the first piece of a gigabyte: answered at once, while we could still send */
	fd = dial();
	say(fd, "POST /v1/uploads HTTP/1.1\r\n" HOST "Content-Length: 1000000000\r\n\r\nBAD");
	ck_assert_int_eq(hear(fd), 200);
	has("Connection: close");
	ck_assert(is_closed(fd));
	close(fd);
	/* refused in a short one: the connection lives on */
	fd = dial();
	say(fd, "POST /v1/uploads HTTP/1.1\r\n" HOST "Content-Length: 6\r\n\r\nBADxyzGET /healthz HTTP/1.1\r\n" HOST
		"\r\n");
	ck_assert_int_eq(hear(fd), 200);
	has_not("Connection: close");
	ck_assert_int_eq(hear(fd), 200);
	close(fd);
	stop();
}
END_TEST

START_TEST(drips_and_halves_are_cut_off)
{
	start_with(NULL, 0.4, 0.4);
	/* nothing at all, half a head: 408 and closed */
	int idle = dial();
	int half = dial();
	say(half, "GET /healthz HT");
	is_problem(hear(half), 408, "request-timeout");
	ck_assert(is_closed(half));
	hear(idle);
	ck_assert(is_closed(idle));
	close(half);
	close(idle);
	/* a body that drips */
	double begun = now();
	int drip = dial();
	say(drip, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
	int sent = 0;
	while (now() - begun < 3 && send(drip, "x", 1, MSG_NOSIGNAL) == 1 &&
	       poll(&(struct pollfd){ drip, POLLIN, 0 }, 1, 50) == 0) {
		sent++;
	}
	is_problem(hear(drip), 408, "request-timeout");
	ck_assert_msg(now() - begun > 0.35 && now() - begun < 2, "%g s, %d bytes", now() - begun, sent);
	close(drip);
	/* half a body, then gone */
	int gone = dial();
	say(gone, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\nabc");
	close(gone);
	ck_assert_int_eq(ask_line("GET /healthz"), 200);
	stop();
}
END_TEST

START_TEST(a_wait_ends_when_the_job_changes)
{
	start();
	int fd = dial();
	say(fd, "GET /v1/wait/job_1 HTTP/1.1\r\n" HOST "\r\n");
	pause_ms(100);
	ck_assert_int_eq(atomic_load(&asked), 1);
	http_notify(server, "job_2");
	pause_ms(30);
	ck_assert_int_eq(atomic_load(&asked), 1);
	http_notify(server, "job_1"); /* nothing changed: asked again, waits on */
	pause_ms(30);
	ck_assert_int_eq(atomic_load(&asked), 2);
	atomic_store(&state, 1);
	double begun = now();
	http_notify(server, "job_1");
	ck_assert_int_eq(hear(fd), 200);
	has("\"changed\"");
	ck_assert_msg(now() - begun < 0.5, "%g s", now() - begun);
	say(fd, "GET /v1/wait/job_1 HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(hear(fd), 200);
	close(fd);
	stop();
	ck_assert_int_eq(atomic_load(&dropped), 2);
}
END_TEST

START_TEST(a_wait_ends_when_its_time_is_up)
{
	start();
	double begun = now();
	ck_assert_int_eq(ask_line("GET /v1/wait/job_1?wait=0.3"), 200);
	has("time is up");
	ck_assert_msg(now() - begun >= 0.29 && now() - begun < 0.9, "%g s", now() - begun);
	ck_assert_int_eq(ask_line("GET /v1/wait/job_1?wait=0"), 200);
	stop();
}
END_TEST

START_TEST(sixty_four_wait_at_once_and_hold_no_thread)
{
	enum { N = 64 };
	int fd[N];
	start();
	for (int i = 0; i < N; i++) {
		char text[200];
		snprintf(text, sizeof text, "GET /v1/wait/job_%d HTTP/1.1\r\n" HOST "\r\n", i % 7);
		fd[i] = dial();
		say(fd[i], text);
	}
	while (atomic_load(&asked) < N) {
		pause_ms(5);
	}
	ck_assert_int_eq(ask_line("GET /healthz"), 200);
	close(fd[0]); /* one of them is lost meanwhile */
	atomic_store(&state, 1);
	for (int j = 0; j < 7; j++) {
		char id[20];
		snprintf(id, sizeof id, "job_%d", j);
		http_notify(server, id);
	}
	for (int i = 1; i < N; i++) {
		ck_assert_int_eq(hear(fd[i]), 200);
		has("\"changed\"");
		close(fd[i]);
	}
	stop();
	ck_assert_int_eq(atomic_load(&dropped), N);
}
END_TEST

static void *notify_often(void *stop_flag)
{
	while (!atomic_load((atomic_bool *)stop_flag)) {
		http_notify(server, "job_1");
	}
	return NULL;
}

START_TEST(no_wake_up_is_lost_in_a_storm_of_them)
{
	start();
	atomic_bool over = false;
	pthread_t thread;
	pthread_create(&thread, NULL, notify_often, &over);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(ask_line("GET /v1/wait/job_1?wait=0.02"), 200);
	}
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	stop();
}
END_TEST

START_TEST(stopping_answers_what_waits)
{
	enum { N = 16 };
	int fd[N];
	start();
	for (int i = 0; i < N; i++) {
		fd[i] = dial();
		say(fd[i], "GET /v1/wait/job_1 HTTP/1.1\r\n" HOST "\r\n");
	}
	int idle = dial();
	int half = dial();
	say(half, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\nabc");
	while (atomic_load(&asked) < N) {
		pause_ms(5);
	}
	double begun = now();
	stop();
	ck_assert_msg(now() - begun < 1.0, "%g s", now() - begun);
	for (int i = 0; i < N; i++) {
		ck_assert_int_eq(hear(fd[i]), 200);
		has("time is up");
		has("Connection: close");
		close(fd[i]);
	}
	ck_assert(is_closed(idle));
	close(idle);
	close(half);
}
END_TEST

START_TEST(a_large_answer_arrives_whole)
{
	start();
	ck_assert_int_eq(ask_line("GET /v1/big"), 200);
	has("Content-Length: 3000000");
	has("\n000299999\n");
	/* nobody reads: the server lives on */
	int fd = dial();
	say(fd, "GET /v1/big HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(ask_line("GET /healthz"), 200);
	close(fd);
	stop();
}
END_TEST

START_TEST(rubbish_is_refused_and_hurts_nobody)
{
	static const char *const rubbish[] = {
		"\r\n\r\n\r\n\r\n",
		"GET\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"GET /v1/things/\xff\xfe HTTP/1.1\r\n" HOST "\r\n",
		"POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc",
	};
	start_with(NULL, 0.3, 0.3);
	for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
		int status = ask(rubbish[i]);
		ck_assert_msg(status == 0 || (status >= 400 && status < 600), "%zu: %d", i, status);
		ck_assert_int_eq(ask_line("GET /healthz"), 200);
	}
	stop();
}
END_TEST

START_TEST(an_address_that_is_taken_is_said_so)
{
	start();
	struct http_options options = {
		.host = "127.0.0.1", .port = http_port(server), .threads = 1, .head_seconds = 1, .body_seconds = 1
	};
	struct http_server *second = NULL;
	struct error error;
	ck_assert_int_ne(http_start(&options, &second, &error), OK);
	ck_assert_ptr_nonnull(strstr(error.text, "Address already in use"));
	options.host = "no such host";
	ck_assert_int_ne(http_start(&options, &second, &error), OK);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http");
	TCase *tests = tcase_create("http");
	tcase_set_timeout(tests, 30);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, answers_a_get_with_the_headers_of_the_contract);
	tcase_add_test(tests, keeps_the_connection_and_answers_pipelined_requests_in_order);
	tcase_add_test(tests, takes_a_request_id_of_visible_characters_and_makes_one_otherwise);
	tcase_add_test(tests, head_gets_what_get_gets_without_the_body);
	tcase_add_test(tests, options_says_what_is_allowed_and_needs_no_token);
	tcase_add_test(tests, another_method_is_405_with_allow);
	tcase_add_test(tests, paths_are_split_then_decoded_and_one_trailing_slash_is_ignored);
	tcase_add_test(tests, unknown_and_doubled_query_parameters_are_named_all_at_once);
	tcase_add_test(tests, the_token_opens_and_nothing_else_does);
	tcase_add_test(tests, without_a_token_the_host_must_be_this_machine);
	tcase_add_test(tests, another_origin_is_forbidden_and_our_own_is_not);
	tcase_add_test(tests, json_routes_take_json_and_forms_and_no_other_type);
	tcase_add_test(tests, unclear_lengths_are_refused_and_the_connection_closed);
	tcase_add_test(tests, a_body_that_is_too_large_is_413_whatever_way_it_comes);
	tcase_add_test(tests, chunked_bodies_are_read);
	tcase_add_test(tests, long_addresses_and_heads_are_414_and_431);
	tcase_add_test(tests, uploads_stream_and_a_sink_can_refuse_at_once);
	tcase_add_test(tests, drips_and_halves_are_cut_off);
	tcase_add_test(tests, a_wait_ends_when_the_job_changes);
	tcase_add_test(tests, a_wait_ends_when_its_time_is_up);
	tcase_add_test(tests, sixty_four_wait_at_once_and_hold_no_thread);
	tcase_add_test(tests, no_wake_up_is_lost_in_a_storm_of_them);
	tcase_add_test(tests, stopping_answers_what_waits);
	tcase_add_test(tests, a_large_answer_arrives_whole);
	tcase_add_test(tests, rubbish_is_refused_and_hurts_nobody);
	tcase_add_test(tests, an_address_that_is_taken_is_said_so);
	return suite_run(suite);
}
