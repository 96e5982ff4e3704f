/* What takes long is done on threads of its own: the others answer meanwhile, and it can be stopped. */
#include "tests/server/http_fixture.h"

/* Connections that each ask for something long; all are accepted when it returns. */
static void ask_for_work(int *fd, int count)
{
	for (int i = 0; i < count; i++) {
		char line[100];
		fd[i] = dial();
		snprintf(line, sizeof line, "GET /v1/long/w%d HTTP/1.1\r\n" HOST "\r\n", i);
		say(fd[i], line);
	}
}

static void until(const atomic_int *counter, int value)
{
	for (int i = 0; i < 5000 && atomic_load(counter) != value; i++) {
		pause_ms(1);
	}
	ck_assert_int_eq(atomic_load(counter), value);
}

START_TEST(long_work_keeps_nobody_else_waiting)
{
	enum { MANY = 40 };
	int fd[MANY];
	start();
	ask_for_work(fd, MANY);
	until(&working, 2);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(ask_line("GET /healthz"), 200);
	}
	ck_assert_int_eq(atomic_load(&working), 2); /* none has ended: the others answered beside it */
	atomic_store(&state, 1);
	for (int i = 0; i < MANY; i++) {
		char expected[20];
		ck_assert_int_eq(hear(fd[i]), 200);
		snprintf(expected, sizeof expected, "\"w%d\"", i);
		has(expected);
		say(fd[i], "GET /v1/things/next HTTP/1.1\r\n" HOST "\r\n"); /* the connection lives on */
		ck_assert_int_eq(hear(fd[i]), 200);
		close(fd[i]);
	}
	stop();
	ck_assert_int_eq(atomic_load(&gave_up), 0);
}
END_TEST

START_TEST(work_is_given_up_when_its_client_leaves)
{
	int fd[4];
	start();
	ask_for_work(fd, 4);
	until(&working, 2);
	for (int i = 0; i < 4; i++) {
		close(fd[i]);
	}
	until(&gave_up, 2); /* two at work; two in line were never begun */
	until(&working, 0);
	ck_assert_int_eq(ask_line("GET /healthz"), 200);
	atomic_store(&state, 1);
	ck_assert_int_eq(ask_line("GET /v1/long/after"), 200);
	stop();
	ck_assert_int_eq(atomic_load(&gave_up), 2);
}
END_TEST

START_TEST(stopping_gives_up_work_and_says_so)
{
	enum { MANY = 12 };
	int fd[MANY];
	start();
	ask_for_work(fd, MANY);
	until(&working, 2);
	pause_ms(50);
	double begun = now();
	stop();
	ck_assert_msg(now() - begun < 0.9, "%g s", now() - begun);
	for (int i = 0; i < MANY; i++) {
		is_problem(hear(fd[i]), 503, "stopping");
		close(fd[i]);
	}
	ck_assert_int_eq(atomic_load(&gave_up), 2);
}
END_TEST

START_TEST(the_line_is_bounded)
{
	enum { MANY = 256 + 2 };
	static int fd[MANY];
	start();
	ask_for_work(fd, 2);
	until(&working, 2);
	ask_for_work(fd + 2, MANY - 2);
	pause_ms(300);
	is_problem(ask_line("GET /v1/long/over"), 503, "busy");
	has("Retry-After: 1");
	atomic_store(&state, 1);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(hear(fd[i]), 200);
		close(fd[i]);
	}
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http_work");
	TCase *tests = tcase_create("work");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, long_work_keeps_nobody_else_waiting);
	tcase_add_test(tests, work_is_given_up_when_its_client_leaves);
	tcase_add_test(tests, stopping_gives_up_work_and_says_so);
	tcase_add_test(tests, the_line_is_bounded);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
