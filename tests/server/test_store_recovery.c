/* What a crash leaves: a child process claims and is killed; the store that opens after it puts things right. */
#include "tests/server/store_fixture.h"
#include "tests/support/suite.h"

#include <signal.h>
#include <sys/wait.h>

static char folder[64];

static void set_up(void)
{
	fixture_folder(folder);
}

static void tear_down(void)
{
	fixture_remove(folder);
}

/* Runs work in a child that has the store open, and kills it in the middle. */
static void crash(void (*work)(struct store *store, const char *id), const char *id)
{
	int ready[2];
	char byte;
	pid_t child;
	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		struct store *store = fixture_open(folder);
		work(store, id);
		(void)!write(ready[1], "x", 1);
		for (;;) {
			pause();
		}
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

static void add_one(char id[ID_SIZE])
{
	struct store *store = fixture_open(folder);
	fixture_add(store, NULL, id);
	store_close(store);
}

static void just_claim(struct store *store, const char *id)
{
	fixture_claim(store, id);
}

static void claim_checkpoint_append(struct store *store, const char *id)
{
	uint64_t attempt = fixture_claim(store, id);
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, 100), OK);
	ck_assert_int_eq(fixture_checkpoint(store, id, attempt, 100), OK);
	ck_assert_int_eq(fixture_append(store, id, attempt, 100, 1, 2385), OK);
	fixture_flush(store);
}

static void claim_cancel(struct store *store, const char *id)
{
	enum job_status now;
	fixture_claim(store, id);
	ck_assert_int_eq(store_cancel_job(store, id, &now), OK);
	ck_assert_int_eq(now, JOB_RUNNING);
}

static void add_another(struct store *store, const char *id)
{
	char other[ID_SIZE];
	(void)id;
	fixture_add(store, "last words", other);
}

START_TEST(a_job_that_ran_when_the_process_died_is_queued_again)
{
	char id[ID_SIZE];
	struct store *store;
	struct job_record record;
	add_one(id);
	crash(just_claim, id);
	store = fixture_open(folder);
	record = fixture_get(store, id);
	ck_assert_int_eq(record.status, JOB_QUEUED);
	ck_assert_uint_eq(record.queue_position, 1);
	ck_assert(record.started_at != 0);
	job_record_fini(&record);
	ck_assert_uint_eq(fixture_claim(store, id), 2);
	store_close(store);
}
END_TEST

START_TEST(what_was_answered_is_there_after_a_crash)
{
	struct store *store;
	struct job_page page;
	struct job_filter filter = { .name = "last words" };
	crash(add_another, NULL);
	store = fixture_open(folder);
	ck_assert_int_eq(store_list_jobs(store, &filter, 5, NULL, &page), OK);
	ck_assert_uint_eq(page.count, 1);
	job_page_fini(&page);
	store_close(store);
}
END_TEST

START_TEST(after_a_crash_a_job_goes_on_from_its_checkpoint)
{
	char id[ID_SIZE], *build;
	struct store *store;
	struct curve_slice slice;
	uint64_t attempt, step;
	void *state;
	size_t length;
	add_one(id);
	crash(claim_checkpoint_append, id);
	store = fixture_open(folder);
	attempt = fixture_claim(store, id);
	ck_assert_uint_eq(attempt, 2);
	ck_assert_int_eq(store_read_points(store, id, 0, 10000, &slice), OK);
	ck_assert(slice.count == 100 && slice.points_total == 100 && slice.points[99].step == 99);
	curve_slice_fini(&slice);
	ck_assert_int_eq(store_load_checkpoint(store, id, &step, &build, &state, &length), OK);
	ck_assert(step == 100 && length == 11 && memcmp(state, "state 2.385", 11) == 0);
	free(build);
	free(state);
	ck_assert_int_eq(fixture_append(store, id, 1, 100, 1, 1), OK); /* the dead owner */
	fixture_flush(store);
	ck_assert_int_eq(store_read_points(store, id, 0, 10000, &slice), OK);
	ck_assert_uint_eq(slice.count, 100);
	curve_slice_fini(&slice);
	ck_assert_int_eq(fixture_append(store, id, attempt, 100, 1, 1), OK);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_SUCCEEDED), OK);
	store_close(store);
}
END_TEST

START_TEST(a_pending_cancel_survives_a_crash)
{
	char id[ID_SIZE];
	struct store *store;
	struct job_record record;
	add_one(id);
	crash(claim_cancel, id);
	store = fixture_open(folder);
	record = fixture_get(store, id);
	ck_assert_int_eq(record.status, JOB_CANCELLED);
	ck_assert_str_eq(record.stop_reason, "cancelled");
	ck_assert(!record.cancel_pending && record.finished_at != 0);
	job_record_fini(&record);
	store_close(store);
}
END_TEST

START_TEST(a_job_that_took_the_process_down_too_often_is_failed)
{
	char id[ID_SIZE];
	struct store *store;
	struct job_record record;
	uint64_t counts[JOB_STATUS_COUNT];
	add_one(id);
	for (int i = 0; i < STORE_MAX_ATTEMPTS; i++) {
		/* A clean shutdown between the crashes does not count. */
		store = fixture_open(folder);
		ck_assert_int_eq(fixture_status(store, id), JOB_QUEUED);
		ck_assert_int_eq(store_requeue_job(store, id, fixture_claim(store, id)), OK);
		store_close(store);
		crash(just_claim, id);
	}
	store = fixture_open(folder);
	record = fixture_get(store, id);
	ck_assert_int_eq(record.status, JOB_FAILED);
	ck_assert_str_eq(record.stop_reason, "error");
	ck_assert_ptr_nonnull(strstr(record.error, "died 5 times"));
	ck_assert_int_eq(record.error[0], '{');
	ck_assert_uint_eq(record.attempt, 2 * STORE_MAX_ATTEMPTS);
	ck_assert(record.finished_at != 0);
	job_record_fini(&record);
	ck_assert_int_eq(store_count_jobs(store, counts), OK);
	ck_assert_uint_eq(counts[JOB_FAILED], 1);
	ck_assert_uint_eq(counts[JOB_QUEUED] + counts[JOB_RUNNING], 0);
	store_close(store);
}
END_TEST

START_TEST(another_process_is_refused_while_one_lives)
{
	pid_t child;
	int ready[2], done[2];
	char byte;
	struct store *store;
	struct error error = { 0 };
	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(done), 0);
	child = fork();
	if (child == 0) {
		store = fixture_open(folder);
		(void)!write(ready[1], "x", 1);
		(void)!read(done[0], &byte, 1);
		store_close(store);
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(store_open(folder, &store, &error), E_BUSY);
	ck_assert_int_eq(write(done[1], "x", 1), 1);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	store = fixture_open(folder);
	store_close(store);
}
END_TEST

START_TEST(jobs_keep_their_order_over_restarts)
{
	char id[10][ID_SIZE];
	struct store *store;
	for (int i = 0; i < 10; i++) {
		add_one(id[i]);
	}
	store = fixture_open(folder);
	for (int i = 0; i < 10; i++) {
		struct job_record record = fixture_get(store, id[i]);
		ck_assert_uint_eq(record.queue_position, (uint64_t)i + 1);
		job_record_fini(&record);
	}
	for (int i = 0; i < 10; i++) {
		fixture_claim(store, id[i]);
	}
	store_close(store);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store recovery");
	TCase *tests = tcase_create("recovery");
	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_job_that_ran_when_the_process_died_is_queued_again);
	tcase_add_test(tests, what_was_answered_is_there_after_a_crash);
	tcase_add_test(tests, after_a_crash_a_job_goes_on_from_its_checkpoint);
	tcase_add_test(tests, a_pending_cancel_survives_a_crash);
	tcase_add_test(tests, a_job_that_took_the_process_down_too_often_is_failed);
	tcase_add_test(tests, another_process_is_refused_while_one_lives);
	tcase_add_test(tests, jobs_keep_their_order_over_restarts);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
