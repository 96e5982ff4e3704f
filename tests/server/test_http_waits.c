/* Streams, waits, deadlines and the end of the HTTP layer, over raw sockets. */
#include <fcntl.h>
#include <poll.h>

#include "tests/server/http_fixture.h"

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

/* The service answers; with short deadlines a busy machine may cut a good request off, so that it is asked again. */
static void is_well(void)
{
	int status = 0;
	for (int tries = 0; tries < 100 && (status == 0 || status == 408); tries++) {
		status = ask_line("GET /healthz");
	}
	ck_assert_int_eq(status, 200);
}

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
	/* a body that drips: if each byte gave it more time it would be taken in the end */
	double begun = now();
	int drip = dial();
	offer(drip, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
	int sent = 0;
	while (sent < 1000 && send(drip, "x", 1, MSG_NOSIGNAL) == 1 &&
	       poll(&(struct pollfd){ drip, POLLIN, 0 }, 1, 50) == 0) {
		sent++;
	}
	is_problem(hear(drip), 408, "request-timeout");
	ck_assert_msg(now() - begun > 0.35 && sent < 1000, "%g s, %d bytes", now() - begun, sent);
	close(drip);
	/* half a body, then gone */
	int gone = dial();
	offer(gone, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\nabc");
	close(gone);
	is_well();
	stop();
}
END_TEST

START_TEST(a_wait_ends_when_the_job_changes)
{
	start();
	int fd = dial();
	say(fd, "GET /v1/wait/job_1?wait=10000 HTTP/1.1\r\n" HOST "\r\n");
	until(&asked, 1);
	pause_ms(100);
	http_notify(server, "job_2");
	pause_ms(30);
	ck_assert_int_eq(atomic_load(&asked), 1);
	http_notify(server, "job_1"); /* nothing changed: asked again, waits on */
	until(&asked, 2);
	pause_ms(30);
	ck_assert_int_eq(atomic_load(&asked), 2);
	atomic_store(&state, 1);
	http_notify(server, "job_1");
	ck_assert_int_eq(hear(fd), 200);
	has("\"changed\"");
	say(fd, "GET /v1/wait/job_1 HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(hear(fd), 200);
	close(fd);
	stop();
	ck_assert_int_eq(atomic_load(&dropped), 2);
}
END_TEST

START_TEST(who_waits_for_the_end_is_not_woken_by_a_change)
{
	start();
	int fd = dial();
	say(fd, "GET /v1/wait/job_1?end=&wait=10000 HTTP/1.1\r\n" HOST "\r\n");
	until(&asked, 1);
	pause_ms(100);
	http_notify(server, "job_1");
	http_notify_end(server, "job_2");
	pause_ms(30);
	ck_assert_int_eq(atomic_load(&asked), 1);
	atomic_store(&state, 1);
	http_notify_end(server, "job_1");
	ck_assert_int_eq(hear(fd), 200);
	has("\"changed\"");
	ck_assert_int_eq(atomic_load(&asked), 2);
	close(fd);
	stop();
}
END_TEST

START_TEST(a_wait_ends_when_its_time_is_up)
{
	start();
	double begun = now();
	ck_assert_int_eq(ask_line("GET /v1/wait/job_1?wait=0.3"), 200);
	has("time is up");
	ck_assert_msg(now() - begun >= 0.29 && now() - begun < 30, "%g s", now() - begun); /* 30: what is not said */
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
		snprintf(text, sizeof text, "GET /v1/wait/job_%d?wait=10000 HTTP/1.1\r\n" HOST "\r\n", i % 7);
		fd[i] = dial();
		say(fd[i], text);
	}
	until(&asked, N);
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

/* How many of those that wait at a stop are told so: they get a second for it. */
static int told_at_the_stop(int count)
{
	int fd[64], told = 0;
	ck_assert_int_le(count, 64);
	atomic_store(&asked, 0);
	start();
	for (int i = 0; i < count; i++) {
		fd[i] = dial();
		say(fd[i], "GET /v1/wait/job_1?wait=10000 HTTP/1.1\r\n" HOST "\r\n");
	}
	int idle = dial();
	int half = dial();
	say(half, "POST /v1/things HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\nabc");
	until(&asked, count);
	stop();
	for (int i = 0; i < count; i++) {
		if (hear(fd[i]) != 0) {
			has("HTTP/1.1 200");
			has("time is up");
			has("Connection: close");
			told++;
		}
		close(fd[i]);
	}
	ck_assert(is_closed(idle));
	close(idle);
	close(half);
	return told;
}

START_TEST(stopping_answers_what_waits)
{
	enum { N = 16, TRIES = 20 };
	int told = 0;
	for (int tries = 0; tries < TRIES && told < N; tries++) {
		told = told_at_the_stop(N);
	}
	ck_assert_int_eq(told, N);
}
END_TEST

static atomic_bool calls_over;

static void *call_until_over(void *context)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = *(in_port_t *)context };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	while (!atomic_load(&calls_over)) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		connect(fd, (struct sockaddr *)&address, sizeof address);
		close(fd);
	}
	return NULL;
}

/* Threads that are awake while the service stops: a race in libmicrohttpd's quiescing aborted the process here. */
START_TEST(stopping_while_connections_come_in_ends_well)
{
	enum { ROUNDS = 40, CALLERS = 3 };
	for (int round = 0; round < ROUNDS; round++) {
		pthread_t caller[CALLERS];
		start();
		in_port_t port = htons(http_port(server));
		atomic_store(&calls_over, false);
		for (int i = 0; i < CALLERS; i++) {
			ck_assert_int_eq(pthread_create(&caller[i], NULL, call_until_over, &port), 0);
		}
		pause_ms(round % 4);
		stop();
		atomic_store(&calls_over, true);
		for (int i = 0; i < CALLERS; i++) {
			pthread_join(caller[i], NULL);
		}
	}
}
END_TEST

static void *stop_server(void *argument)
{
	stop();
	return argument;
}

START_TEST(a_request_that_is_coming_in_at_the_stop_is_told_so)
{
	int status = 0;
	/* It is waited for a fifth of a second: where the machine is too busy for that, once more. */
	for (int tries = 0; tries < 20 && status == 0; tries++) {
		char line[100] = "";
		start();
		int fd = dial();
		say(fd, "POST /v1/things HTTP/1.1\r\n" HOST
			"Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n");
		ck_assert_int_eq(recv(fd, line, 25, MSG_WAITALL), 25); /* the head is read */
		pthread_t stopper;
		ck_assert_int_eq(pthread_create(&stopper, NULL, stop_server, NULL), 0);
		/* A piece comes before the stop, or in it, or both. */
		while (send(fd, " ", 1, MSG_NOSIGNAL) == 1 && poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 5) == 0) {
		}
		status = hear(fd);
		pthread_join(stopper, NULL);
		close(fd);
	}
	is_problem(status, 503, "stopping");
	has("Retry-After: 1");
}
END_TEST

static atomic_int stolen;

/* Opens and closes files: one that somebody else closed meanwhile is counted. */
static void *use_files(void *argument)
{
	(void)argument;
	while (!atomic_load(&calls_over)) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		pause_ms(0);
		if (fd >= 0 && close(fd) != 0) {
			atomic_fetch_add(&stolen, 1);
		}
	}
	return NULL;
}

START_TEST(stopping_closes_no_file_but_its_own)
{
	pthread_t user[2];
	atomic_store(&calls_over, false);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_create(&user[i], NULL, use_files, NULL), 0);
	}
	for (int round = 0; round < 100; round++) {
		start();
		stop();
	}
	atomic_store(&calls_over, true);
	for (int i = 0; i < 2; i++) {
		pthread_join(user[i], NULL);
	}
	ck_assert_int_eq(atomic_load(&stolen), 0);
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
		int fd = dial();
		offer(fd, rubbish[i]);
		int status = hear(fd);
		close(fd);
		ck_assert_msg(status == 0 || (status >= 400 && status < 600), "%zu: %d", i, status);
		is_well();
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

START_TEST(what_comes_before_it_listens_is_answered_then_and_changes_may_be_told)
{
	const struct http_options options = { .host = "127.0.0.1",
					      .threads = 1,
					      .work_threads = 1,
					      .max_body = 1000,
					      .head_seconds = 10,
					      .body_seconds = 10,
					      .routes = routes,
					      .route_count = sizeof routes / sizeof *routes };
	struct error error;
	ck_assert_msg(http_create(&options, &server, &error) == OK, "%s", error.text);
	int fd = dial();
	say(fd, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
	http_notify(server, "job_2385");
	http_notify_end(server, "job_2385");
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	ck_assert_int_eq(poll(&wait, 1, 100), 0);
	ck_assert_int_eq(http_listen(server, &error), OK);
	ck_assert_int_eq(hear(fd), 200);
	close(fd);
	http_stop(server);
	/* One that never listens ends, too. */
	ck_assert_int_eq(http_create(&options, &server, &error), OK);
	http_stop(server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http waits");
	TCase *tests = tcase_create("http");
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, uploads_stream_and_a_sink_can_refuse_at_once);
	tcase_add_test(tests, drips_and_halves_are_cut_off);
	tcase_add_test(tests, a_wait_ends_when_the_job_changes);
	tcase_add_test(tests, who_waits_for_the_end_is_not_woken_by_a_change);
	tcase_add_test(tests, a_wait_ends_when_its_time_is_up);
	tcase_add_test(tests, sixty_four_wait_at_once_and_hold_no_thread);
	tcase_add_test(tests, no_wake_up_is_lost_in_a_storm_of_them);
	tcase_add_test(tests, stopping_answers_what_waits);
	tcase_add_test(tests, stopping_while_connections_come_in_ends_well);
	tcase_add_test(tests, a_request_that_is_coming_in_at_the_stop_is_told_so);
	tcase_add_test(tests, stopping_closes_no_file_but_its_own);
	tcase_add_test(tests, a_large_answer_arrives_whole);
	tcase_add_test(tests, rubbish_is_refused_and_hurts_nobody);
	tcase_add_test(tests, an_address_that_is_taken_is_said_so);
	tcase_add_test(tests, what_comes_before_it_listens_is_answered_then_and_changes_may_be_told);
	return suite_run(suite);
}
