/* What takes long is done on threads of its own: the others answer meanwhile, and it can be stopped. */
#include "tests/server/http_fixture.h"

/* Connections that each ask for something long. */
static void ask_for_work(int *fd, int count)
{
	for (int i = 0; i < count; i++) {
		char line[100];
		fd[i] = dial();
		snprintf(line, sizeof line, "GET /v1/long/w%d HTTP/1.1\r\n" HOST "\r\n", i);
		say(fd[i], line);
	}
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
	until(&lined, 4);
	until(&working, 2);
	for (int i = 0; i < 4; i++) {
		close(fd[i]);
	}
	/* Two were at work. Those in line are never begun, or given up just after where theirs was noticed later. */
	until(&gave_up, 2);
	ck_assert_int_eq(ask_line("GET /healthz"), 200);
	int began = atomic_load(&lined);
	atomic_store(&state, 1);
	ck_assert_int_eq(ask_line("GET /v1/long/after"), 200);
	ck_assert_int_eq(atomic_load(&lined), began + 1);
	stop();
	ck_assert_int_eq(atomic_load(&working), 0);
	ck_assert_int_le(atomic_load(&gave_up), 4);
}
END_TEST

START_TEST(stopping_gives_up_work_and_says_so)
{
	enum { MANY = 12, TRIES = 20 };
	int fd[MANY], told = 0;
	/* The stop gives its answers a second: where the machine is too busy for that, once more. */
	for (int tries = 0; tries < TRIES && told < MANY; tries++) {
		atomic_store(&lined, 0);
		atomic_store(&gave_up, 0);
		start();
		ask_for_work(fd, MANY);
		until(&lined, MANY);
		until(&working, 2);
		stop(); /* of themselves they would go on for ever */
		told = 0;
		for (int i = 0; i < MANY; i++) {
			int status = hear(fd[i]);
			if (status != 0) {
				is_problem(status, 503, "stopping");
				told++;
			}
			close(fd[i]);
		}
		ck_assert_int_eq(atomic_load(&gave_up), 2);
	}
	ck_assert_int_eq(told, MANY);
}
END_TEST

/* Waits until one of them is answered: which. */
static int first_answered(const int *fd, int count)
{
	struct pollfd ready[300];
	ck_assert_int_le(count, 300);
	for (int i = 0; i < count; i++) {
		ready[i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
	}
	ck_assert_msg(poll(ready, (nfds_t)count, HANG_MS) > 0, "none is answered");
	for (int i = 0; i < count; i++) {
		if (ready[i].revents != 0) {
			return i;
		}
	}
	return -1;
}

START_TEST(the_line_is_bounded)
{
	enum { MANY = 2 + 256 + 1 }; /* at work, in line, and the one too many, whichever comes last */
	static int fd[MANY];
	start();
	ask_for_work(fd, 2);
	until(&working, 2);
	ask_for_work(fd + 2, MANY - 2);
	const int over = first_answered(fd, MANY);
	is_problem(hear(fd[over]), 503, "busy");
	has("Retry-After: 1");
	atomic_store(&state, 1);
	for (int i = 0; i < MANY; i++) {
		ck_assert(i == over || hear(fd[i]) == 200);
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
