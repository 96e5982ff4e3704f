/* The pool of arithmetic threads: every piece once, in its own slot, whoever helps; no more threads than allowed. */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/runner/pool.h"
#include "tests/support/suite.h"

enum { PIECES_MAX = 1000, SLOTS_MAX = 8 };
/* A guard against hangs; and how often a busy machine may spoil a measurement. */
enum { HANG_SECONDS = 200, TRIES = 20 };

struct tally {
	atomic_uint runs[PIECES_MAX];
	atomic_bool busy[SLOTS_MAX];
	atomic_size_t collisions;
	atomic_size_t at_once, at_once_max;
	atomic_uint slots_seen;
	uint64_t value[PIECES_MAX];
	size_t nap; /* microseconds in each piece */
};

static void nap(size_t microseconds)
{
	struct timespec time = { 0, (long)microseconds * 1000 };
	nanosleep(&time, NULL);
}

static double seconds_now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void count_piece(void *context, size_t index, size_t slot)
{
	struct tally *tally = context;
	if (atomic_exchange(&tally->busy[slot], true)) {
		atomic_fetch_add(&tally->collisions, 1);
	}
	size_t now = atomic_fetch_add(&tally->at_once, 1) + 1;
	size_t most = atomic_load(&tally->at_once_max);
	while (now > most && !atomic_compare_exchange_weak(&tally->at_once_max, &most, now)) {
	}
	atomic_fetch_or(&tally->slots_seen, 1u << slot);
	atomic_fetch_add(&tally->runs[index], 1);
	tally->value[index] += index * index + 3;
	if (tally->nap > 0) {
		nap(tally->nap);
	}
	atomic_fetch_sub(&tally->at_once, 1);
	atomic_store(&tally->busy[slot], false);
}

static struct pool *make_pool(size_t threads)
{
	struct pool *pool = NULL;
	struct error error;
	ck_assert_msg(pool_create(threads, &pool, &error) == OK, "%s", error.text);
	return pool;
}

static void check_tally(const struct tally *tally, size_t count, unsigned times)
{
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(tally->runs[i], times);
		ck_assert_uint_eq(tally->value[i], times * (i * i + 3));
	}
	for (size_t i = count; i < PIECES_MAX; i++) {
		ck_assert_uint_eq(tally->runs[i], 0);
	}
	ck_assert_uint_eq(tally->collisions, 0);
}

START_TEST(every_piece_runs_once_for_any_number_of_threads_and_pieces)
{
	static const size_t counts[] = { 0, 1, 2, 3, 7, 64, 999 };
	struct pool *pool = make_pool((size_t)_i);
	struct executor *executor = pool_executor_create(pool, NULL);
	ck_assert_uint_eq(executor->slots, (size_t)_i);
	for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
		struct tally *tally = calloc(1, sizeof *tally);
		for (unsigned times = 1; times <= 50; times++) {
			executor->run(executor, counts[k], count_piece, tally);
			check_tally(tally, counts[k], times);
		}
		ck_assert_uint_lt(tally->slots_seen, 1u << _i);
		free(tally);
	}
	pool_executor_destroy(executor);
	pool_destroy(pool);
}
END_TEST

START_TEST(a_single_piece_stays_on_the_calling_thread)
{
	struct pool *pool = make_pool(4);
	struct executor *executor = pool_executor_create(pool, NULL);
	struct tally *tally = calloc(1, sizeof *tally);
	for (int i = 0; i < 1000; i++) {
		executor->run(executor, 1, count_piece, tally);
	}
	ck_assert_uint_eq(tally->slots_seen, 1);
	free(tally);
	pool_executor_destroy(executor);
	pool_destroy(pool);
}
END_TEST

/* Pieces that wait for each other, so that each is on a thread of its own. */
struct meeting {
	struct tally tally;
	atomic_size_t arrived;
	size_t wanted;
};

static void meet(void *context, size_t index, size_t slot)
{
	struct meeting *meeting = context;
	atomic_fetch_add(&meeting->arrived, 1);
	for (double end = seconds_now() + HANG_SECONDS;
	     atomic_load(&meeting->arrived) < meeting->wanted && seconds_now() < end;) {
		nap(100);
	}
	count_piece(&meeting->tally, index, slot);
}

static void expect_meeting(struct executor *executor, size_t threads)
{
	struct meeting *meeting = calloc(1, sizeof *meeting);
	meeting->wanted = threads;
	executor->run(executor, threads, meet, meeting);
	ck_assert_uint_eq(meeting->tally.slots_seen, (1u << threads) - 1);
	check_tally(&meeting->tally, threads, 1);
	free(meeting);
}

START_TEST(one_job_alone_uses_all_threads)
{
	struct pool *pool = make_pool(3);
	struct executor *executor = pool_executor_create(pool, NULL);
	pool_executor_begin(executor);
	expect_meeting(executor, 3);
	struct tally *tally = calloc(1, sizeof *tally);
	tally->nap = 2385;
	executor->run(executor, 30, count_piece, tally);
	ck_assert_uint_le(tally->at_once_max, 3);
	check_tally(tally, 30, 1);
	free(tally);
	pool_executor_destroy(executor);
	pool_destroy(pool);
}
END_TEST

START_TEST(sleeping_helpers_are_woken_for_the_next_run)
{
	struct pool *pool = make_pool(2);
	struct executor *executor = pool_executor_create(pool, NULL);
	for (int i = 0; i < 10; i++) {
		nap(3000); /* longer than a helper spins */
		expect_meeting(executor, 2);
	}
	pool_executor_destroy(executor);
	pool_destroy(pool);
}
END_TEST

static double seconds_burnt(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

START_TEST(idle_helpers_burn_no_processor_time)
{
	struct pool *pool = make_pool(4);
	double burnt = 1;
	/* On a busy machine they may be late to begin, and to become idle. */
	for (int tries = 0; tries < TRIES && burnt >= 0.02; tries++) {
		nap(20000);
		const double before = seconds_burnt();
		nap(300000);
		burnt = seconds_burnt() - before;
	}
	ck_assert_double_lt(burnt, 0.02);
	pool_destroy(pool);
}
END_TEST

START_TEST(a_helper_does_not_burn_while_the_runner_works_on_the_last_piece)
{
	struct pool *pool = make_pool(2);
	struct executor *executor = pool_executor_create(pool, NULL);
	struct tally *tally = calloc(1, sizeof *tally);
	double burnt = 1;
	for (int tries = 0; tries < TRIES && burnt >= 0.02; tries++) {
		tally->nap = 0;
		executor->run(executor, 2, count_piece, tally);
		const double before = seconds_burnt();
		tally->nap = 200000;
		executor->run(executor, 3, count_piece, tally); /* two at once, then one alone */
		burnt = seconds_burnt() - before;
	}
	ck_assert_double_lt(burnt, 0.02);
	free(tally);
	pool_executor_destroy(executor);
	pool_destroy(pool);
}
END_TEST

/* Several runners at once. */
struct runner {
	struct pool *pool;
	struct tally *shared; /* counts threads at once over all runners; its slots are not looked at */
	unsigned rounds;
	atomic_uint *unhelped; /* or NULL; more rounds until all that share it have had help */
	size_t pieces;
	size_t nap;
	unsigned slots_seen;
	pthread_barrier_t *start;
};

struct piece_context {
	struct tally own;
	struct tally *shared;
};

static void shared_piece(void *context, size_t index, size_t slot)
{
	struct piece_context *both = context;
	size_t now = atomic_fetch_add(&both->shared->at_once, 1) + 1;
	size_t most = atomic_load(&both->shared->at_once_max);
	while (now > most && !atomic_compare_exchange_weak(&both->shared->at_once_max, &most, now)) {
	}
	count_piece(&both->own, index, slot);
	atomic_fetch_sub(&both->shared->at_once, 1);
}

static void *runner_main(void *argument)
{
	struct runner *runner = argument;
	struct piece_context *context = calloc(1, sizeof *context);
	context->shared = runner->shared;
	context->own.nap = runner->nap;
	struct executor *executor = pool_executor_create(runner->pool, NULL);
	pool_executor_begin(executor);
	pthread_barrier_wait(runner->start);
	unsigned round = 0;
	bool helped = false;
	for (double end = seconds_now() + HANG_SECONDS;
	     round < runner->rounds ||
	     (runner->unhelped != NULL && atomic_load(runner->unhelped) > 0 && seconds_now() < end);
	     round++) {
		executor->run(executor, runner->pieces, shared_piece, context);
		if (runner->unhelped != NULL && !helped && context->own.slots_seen != 1) {
			helped = true;
			atomic_fetch_sub(runner->unhelped, 1);
		}
	}
	pthread_barrier_wait(runner->start);
	pool_executor_end(executor);
	check_tally(&context->own, runner->pieces, round);
	runner->slots_seen = context->own.slots_seen;
	pool_executor_destroy(executor);
	free(context);
	return NULL;
}

static size_t run_runners(size_t threads, struct runner *runner, size_t runners)
{
	struct pool *pool = make_pool(threads);
	struct tally *shared = calloc(1, sizeof *shared);
	pthread_barrier_t start;
	pthread_t thread[8];
	pthread_barrier_init(&start, NULL, (unsigned)runners);
	for (size_t i = 0; i < runners; i++) {
		runner[i].pool = pool;
		runner[i].shared = shared;
		runner[i].start = &start;
		ck_assert_int_eq(pthread_create(&thread[i], NULL, runner_main, &runner[i]), 0);
	}
	for (size_t i = 0; i < runners; i++) {
		pthread_join(thread[i], NULL);
	}
	size_t most = shared->at_once_max;
	pthread_barrier_destroy(&start);
	free(shared);
	pool_destroy(pool);
	return most;
}

START_TEST(four_runners_share_the_helpers_without_mixing_anything_up)
{
	struct runner runner[4];
	for (size_t i = 0; i < 4; i++) {
		runner[i] = (struct runner){ .rounds = 5000, .pieces = 2 + 3 * i };
	}
	run_runners(6, runner, 4);
}
END_TEST

START_TEST(no_more_threads_compute_than_the_pool_has_when_runners_fill_it)
{
	struct runner runner[3];
	for (size_t i = 0; i < 3; i++) {
		runner[i] = (struct runner){ .rounds = 20, .pieces = 5, .nap = 300 };
	}
	ck_assert_uint_le(run_runners(3, runner, 3), 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(runner[i].slots_seen, 1); /* nobody had a core left to help */
	}
}
END_TEST

START_TEST(helpers_serve_all_jobs_in_turn)
{
	atomic_uint unhelped = 2;
	struct runner runner[2] = { { .rounds = 40, .pieces = 8, .nap = 500, .unhelped = &unhelped },
				    { .rounds = 40, .pieces = 8, .nap = 500, .unhelped = &unhelped } };
	ck_assert_uint_le(run_runners(4, runner, 2), 4);
	ck_assert_uint_ne(runner[0].slots_seen, 1);
	ck_assert_uint_ne(runner[1].slots_seen, 1);
}
END_TEST

START_TEST(a_pool_can_be_made_and_destroyed_while_its_helpers_are_in_any_state)
{
	for (int i = 0; i < 200; i++) {
		struct pool *pool = make_pool(1 + (size_t)i % 5);
		struct executor *first = pool_executor_create(pool, NULL);
		struct executor *second = pool_executor_create(pool, NULL);
		struct tally *tally = calloc(1, sizeof *tally);
		if (i % 2 == 0) {
			first->run(first, 5, count_piece, tally);
			second->run(second, 5, count_piece, tally);
			check_tally(tally, 5, 2);
		}
		pool_executor_destroy(first);
		first = pool_executor_create(pool, NULL); /* the node is used again */
		first->run(first, 9, count_piece, tally);
		pool_executor_destroy(second);
		pool_executor_destroy(first);
		pool_executor_destroy(NULL);
		free(tally);
		pool_destroy(pool);
	}
	pool_destroy(NULL);
}
END_TEST

START_TEST(the_stop_flag_is_handed_through)
{
	struct pool *pool = make_pool(2);
	atomic_bool stop = false;
	struct executor *executor = pool_executor_create(pool, &stop);
	ck_assert(!executor_stopped(executor));
	stop = true;
	ck_assert(executor_stopped(executor));
	pool_executor_destroy(executor);
	pool_destroy(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tests = tcase_create("pool");
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, every_piece_runs_once_for_any_number_of_threads_and_pieces, 1, 6);
	tcase_add_test(tests, a_single_piece_stays_on_the_calling_thread);
	tcase_add_test(tests, one_job_alone_uses_all_threads);
	tcase_add_test(tests, sleeping_helpers_are_woken_for_the_next_run);
	tcase_add_test(tests, idle_helpers_burn_no_processor_time);
	tcase_add_test(tests, a_helper_does_not_burn_while_the_runner_works_on_the_last_piece);
	tcase_add_test(tests, four_runners_share_the_helpers_without_mixing_anything_up);
	tcase_add_test(tests, no_more_threads_compute_than_the_pool_has_when_runners_fill_it);
	tcase_add_test(tests, helpers_serve_all_jobs_in_turn);
	tcase_add_test(tests, a_pool_can_be_made_and_destroyed_while_its_helpers_are_in_any_state);
	tcase_add_test(tests, the_stop_flag_is_handed_through);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
