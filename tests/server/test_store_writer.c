/* The writer: groups of requests, failures that stay where they belong, full disks, the watcher. */
#include "tests/server/store_fixture.h"
#include "tests/support/suite.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { THREADS = 8, JOBS = 40 };

static char folder[64];
static struct store *store;

/* How often SQLite waited for the disk: it calls this one instead of the library's. */
static atomic_int syncs;
int fdatasync(int fd)
{
	atomic_fetch_add(&syncs, 1);
	return (int)syscall(SYS_fdatasync, fd);
}

static void set_up(void)
{
	fixture_folder(folder);
	store = fixture_open(folder);
}

static void tear_down(void)
{
	store_close(store);
	fixture_remove(folder);
}

static void run_threads(void *(*work)(void *))
{
	pthread_t thread[THREADS];
	int number[THREADS];
	for (int i = 0; i < THREADS; i++) {
		number[i] = i;
		ck_assert_int_eq(pthread_create(&thread[i], NULL, work, &number[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	}
}

/* Adds jobs, every third one wrongly (its dataset is missing), and reads each back at once. */
static void *add_and_read(void *argument)
{
	(void)argument;
	for (int i = 0; i < JOBS; i++) {
		struct new_job job = fixture_job(store, NULL);
		struct job_record record;
		bool wrong = i % 3 == 0;
		job.dataset_id = wrong ? "ds_none" : "";
		ck_assert_int_eq(store_add_job(store, &job, 1000000, NULL), wrong ? E_NOT_FOUND : OK);
		ck_assert_int_eq(store_get_job(store, job.id, &record), wrong ? E_NOT_FOUND : OK);
		job_record_fini(&record);
	}
	return NULL;
}

/* Runs what it can claim to the end; each job must have one owner. */
static void *work_off(void *argument)
{
	struct job_record record;
	uint64_t memory;
	(void)argument;
	while (store_claim_job(store, UINT64_MAX, &record, &memory) == OK) {
		ck_assert_uint_eq(record.attempt, 1);
		ck_assert_int_eq(fixture_append(store, record.id, 1, 0, 1, 7), OK);
		ck_assert_int_eq(fixture_checkpoint(store, record.id, 1, 7), OK);
		ck_assert_int_eq(fixture_append(store, record.id, 1, 7, 1, 7), OK);
		ck_assert_int_eq(fixture_finish(store, record.id, 1, JOB_SUCCEEDED), OK);
		job_record_fini(&record);
	}
	return NULL;
}

START_TEST(requests_that_fail_do_not_spoil_the_others_of_their_group)
{
	uint64_t counts[JOB_STATUS_COUNT];
	int good = 0;
	for (int i = 0; i < JOBS; i++) {
		good += i % 3 != 0;
	}
	run_threads(add_and_read);
	ck_assert_int_eq(store_count_jobs(store, counts), OK);
	ck_assert_uint_eq(counts[JOB_QUEUED], (uint64_t)(THREADS * good));
	run_threads(work_off);
	ck_assert_int_eq(store_count_jobs(store, counts), OK);
	ck_assert_uint_eq(counts[JOB_SUCCEEDED], (uint64_t)(THREADS * good));
}
END_TEST

static void *add_cancel_delete(void *argument)
{
	enum job_status now;
	char id[ID_SIZE];
	for (int i = 0; i < JOBS; i++) {
		struct job_page page;
		struct job_filter filter = { .statuses = 1u << JOB_QUEUED | 1u << JOB_CANCELLED };
		fixture_add(store, "x", id);
		if (*(int *)argument % 2 == 0) {
			ck_assert_int_eq(store_cancel_job(store, id, &now), OK);
		}
		ck_assert_int_eq(store_list_jobs(store, &filter, 3, NULL, &page), OK);
		job_page_fini(&page);
		ck_assert_int_eq(store_delete_job(store, id), OK);
	}
	return NULL;
}

START_TEST(many_threads_may_use_every_verb_at_once)
{
	uint64_t counts[JOB_STATUS_COUNT];
	run_threads(add_cancel_delete);
	ck_assert_int_eq(store_count_jobs(store, counts), OK);
	for (int i = 0; i < JOB_STATUS_COUNT; i++) {
		ck_assert_uint_eq(counts[i], 0);
	}
}
END_TEST

/* --- the WAL --- */

static rlim_t wal_size(void)
{
	char path[128];
	FILE *file;
	long size;
	snprintf(path, sizeof path, "%s/descentd.db-wal", folder);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	fclose(file);
	return (rlim_t)size;
}

struct polling {
	atomic_bool stop;
	char id[ID_SIZE];
};

static void *poll_job(void *argument)
{
	struct polling *polling = argument;
	uint64_t last = 0;
	while (!atomic_load(&polling->stop)) {
		struct job_record record = fixture_get(store, polling->id);
		ck_assert_uint_ge(record.step, last); /* time does not run backwards */
		last = record.step;
		job_record_fini(&record);
	}
	return NULL;
}

START_TEST(the_wal_is_folded_in_while_readers_poll_without_a_pause)
{
	enum { READERS = 3, PORTION = 5000, PORTIONS = 150, ROUNDS = 5 };
	struct polling polling = { .stop = false };
	pthread_t reader[READERS];
	rlim_t grown = RLIM_INFINITY;
	uint64_t attempt, portion = 0;
	fixture_add(store, NULL, polling.id);
	attempt = fixture_claim(store, polling.id);
	for (int i = 0; i < READERS; i++) {
		ck_assert_int_eq(pthread_create(&reader[i], NULL, poll_job, &polling), 0);
	}
	/* 54 MB are written; the WAL begins anew after some 8 MB, or later where a reader does not come to its turn. */
	for (int round = 0; round < ROUNDS && grown >= 40 << 20; round++) {
		const rlim_t before = wal_size();
		for (int i = 0; i < PORTIONS; i++, portion++) {
			ck_assert_int_eq(fixture_append(store, polling.id, attempt, portion * PORTION, 1, PORTION), OK);
			fixture_flush(store);
		}
		grown = wal_size() - before; /* it never shrinks */
	}
	atomic_store(&polling.stop, true);
	for (int i = 0; i < READERS; i++) {
		ck_assert_int_eq(pthread_join(reader[i], NULL), 0);
	}
	ck_assert_uint_lt(grown, 40 << 20);
}
END_TEST

/* --- watcher --- */

struct seen {
	pthread_mutex_t mutex;
	char id[ID_SIZE];
	enum job_status status[64];
	size_t count;
};

static void note(void *context, const char *job_id, enum job_status status)
{
	struct seen *seen = context;
	struct job_record record;
	if (status != JOB_STATUS_COUNT) {
		/* It is committed: a reader sees it, at least this far. */
		ck_assert_int_eq(store_get_job(store, job_id, &record), OK);
		job_record_fini(&record);
	}
	pthread_mutex_lock(&seen->mutex);
	memcpy(seen->id, job_id, ID_SIZE);
	seen->status[seen->count++] = status;
	pthread_mutex_unlock(&seen->mutex);
}

START_TEST(the_watcher_is_told_of_each_commit_and_of_no_failure)
{
	static struct seen seen = { .mutex = PTHREAD_MUTEX_INITIALIZER };
	static const enum job_status expected[] = { JOB_QUEUED,  JOB_RUNNING,   JOB_RUNNING,
						    JOB_RUNNING, JOB_SUCCEEDED, JOB_STATUS_COUNT };
	char id[ID_SIZE];
	enum job_status now;
	uint64_t attempt;
	store_watch(store, note, &seen);
	fixture_add(store, NULL, id);
	attempt = fixture_claim(store, id);
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, 3), OK);
	fixture_flush(store);
	ck_assert_int_eq(store_cancel_job(store, id, &now), OK);
	ck_assert_int_eq(fixture_finish(store, id, attempt + 1, JOB_FAILED), E_CONFLICT);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_SUCCEEDED), OK);
	ck_assert_int_eq(store_delete_job(store, id), OK);
	fixture_flush(store);
	store_watch(store, NULL, NULL); /* waits for the calls under way */
	fixture_add(store, NULL, id);
	ck_assert_uint_eq(seen.count, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < seen.count; i++) {
		ck_assert_int_eq(seen.status[i], expected[i]);
	}
}
END_TEST

/* --- a full disk --- */

/* No file may grow beyond this: writes then fail as on a full disk. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_fails_the_request_and_loses_nothing)
{
	char before[ID_SIZE], after[ID_SIZE];
	struct new_job job = fixture_job(store, NULL);
	struct error error = { 0 };
	struct job_record record;
	char *spec = malloc(300001);
	memset(spec, ' ', 300000);
	spec[300000] = '\0';
	fixture_add(store, NULL, before);
	limit_files(wal_size() + 50000);
	job.spec = spec;
	job.spec_length = 300000;
	ck_assert_int_eq(store_add_job(store, &job, 100, &error), E_DISK_FULL);
	ck_assert_ptr_nonnull(strstr(error.text, "disk is full"));
	ck_assert_int_eq(store_get_job(store, job.id, &record), E_NOT_FOUND);
	ck_assert_int_eq(fixture_status(store, before), JOB_QUEUED);
	limit_files(RLIM_INFINITY);
	ck_assert_int_eq(store_add_job(store, &job, 100, &error), OK);
	fixture_add(store, NULL, after);
	store_close(store);
	store = fixture_open(folder);
	ck_assert_int_eq(fixture_status(store, before), JOB_QUEUED);
	ck_assert_int_eq(fixture_status(store, after), JOB_QUEUED);
	record = fixture_get(store, job.id);
	ck_assert_uint_eq(record.spec_length, 300000);
	job_record_fini(&record);
	free(spec);
}
END_TEST

START_TEST(points_lost_to_a_full_disk_fail_the_owners_next_writes)
{
	char id[ID_SIZE];
	uint64_t attempt;
	struct curve_slice slice;
	fixture_add(store, NULL, id);
	attempt = fixture_claim(store, id);
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, 10), OK);
	fixture_flush(store);
	limit_files(wal_size() + 30000);
	ck_assert_int_eq(fixture_append(store, id, attempt, 10, 1, 5000), OK);
	fixture_flush(store);
	limit_files(RLIM_INFINITY);
	ck_assert_int_eq(fixture_append(store, id, attempt, 5010, 1, 10), E_DISK_FULL);
	ck_assert_int_eq(fixture_checkpoint(store, id, attempt, 5020), E_DISK_FULL);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_SUCCEEDED), E_DISK_FULL);
	ck_assert_int_eq(store_read_points(store, id, 0, 10000, &slice), OK);
	ck_assert_uint_eq(slice.count, 10);
	curve_slice_fini(&slice);
	ck_assert_int_eq(store_requeue_job(store, id, attempt), OK);
	attempt = fixture_claim(store, id);
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, 5000), OK);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_SUCCEEDED), OK);
}
END_TEST

static uint64_t points_of(const char *id)
{
	struct curve_slice slice = { 0 };
	ck_assert_int_eq(store_read_points(store, id, 0, 100, &slice), OK);
	uint64_t total = slice.points_total;
	curve_slice_fini(&slice);
	return total;
}

START_TEST(only_what_must_survive_a_power_cut_waits_for_the_disk)
{
	char id[ID_SIZE];
	fixture_add(store, NULL, id);
	ck_assert_int_gt(atomic_load(&syncs), 0);
	atomic_store(&syncs, 0);
	uint64_t attempt = fixture_claim(store, id);
	ck_assert_int_eq(fixture_append(store, id, attempt, 0, 1, 7), OK);
	while (points_of(id) != 7) {
		usleep(1000);
	}
	ck_assert_int_eq(atomic_load(&syncs), 0);
	ck_assert_int_eq(fixture_checkpoint(store, id, attempt, 6), OK);
	ck_assert_int_eq(atomic_load(&syncs), 1);
	ck_assert_int_eq(fixture_append(store, id, attempt, 7, 1, 7), OK);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_SUCCEEDED), OK);
	ck_assert_int_ge(atomic_load(&syncs), 2);
}
END_TEST

START_TEST(a_large_state_on_a_full_disk_leaves_the_old_checkpoint)
{
	char id[ID_SIZE], *build, *large = calloc(1, 3000000);
	uint64_t attempt, step;
	void *state;
	size_t length;
	struct checkpoint checkpoint = { .step = 9, .build = "b", .state = large, .length = 3000000 };
	fixture_add(store, NULL, id);
	attempt = fixture_claim(store, id);
	ck_assert_int_eq(fixture_checkpoint(store, id, attempt, 5), OK);
	limit_files(1000000);
	ck_assert_int_eq(store_save_checkpoint(store, id, attempt, &checkpoint, NULL, NULL), E_DISK_FULL);
	limit_files(RLIM_INFINITY);
	ck_assert_uint_eq(fixture_files(folder, "checkpoints"), 0);
	ck_assert_int_eq(store_load_checkpoint(store, id, &step, &build, &state, &length), OK);
	ck_assert_uint_eq(step, 5);
	free(build);
	free(state);
	free(large);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store writer");
	TCase *tests = tcase_create("writer");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, requests_that_fail_do_not_spoil_the_others_of_their_group);
	tcase_add_test(tests, many_threads_may_use_every_verb_at_once);
	tcase_add_test(tests, the_wal_is_folded_in_while_readers_poll_without_a_pause);
	tcase_add_test(tests, the_watcher_is_told_of_each_commit_and_of_no_failure);
	tcase_add_test(tests, a_full_disk_fails_the_request_and_loses_nothing);
	tcase_add_test(tests, points_lost_to_a_full_disk_fail_the_owners_next_writes);
	tcase_add_test(tests, only_what_must_survive_a_power_cut_waits_for_the_disk);
	tcase_add_test(tests, a_large_state_on_a_full_disk_leaves_the_old_checkpoint);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
