/*
 * Job runners on a store of their own: what a stop leaves, however little time it has, and that a job goes on from it
 * to the same bits; what becomes of a job when memory or the disk fail for a while.
 */
#include <time.h>

#include "api/job_spec.h"
#include "server/store/db.h"
#include "server/runner/workers.h"
#include "tests/server/store_fixture.h"
#include "tests/support/suite.h"

/* Large enough for a state that lies in a file, and that a stop writes without the weights (above 8 MiB). */
enum { PARAMETERS = 300011 };
/* How often a job may come to its end before it is met at work. */
enum { TRIES = 10 };

/* Sanitizers make a step some twenty times as long. */
static uint64_t steps(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return 60;
#else
	return 300;
#endif
}

static char folder[64];
static struct store *store;
static char *document; /* the spec as it is stored */
static size_t document_length;

/* SQLite's memory, which a test can take away. */
static sqlite3_mem_methods memory;
static atomic_bool no_memory;
static atomic_uint refused;

static void *take_memory(int size)
{
	if (atomic_load(&no_memory)) {
		atomic_fetch_add(&refused, 1);
		return NULL;
	}
	return memory.xMalloc(size);
}

/* Before SQLite is used for the first time. */
static void watch_memory(void)
{
	ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory), SQLITE_OK);
	sqlite3_mem_methods watched = memory;
	watched.xMalloc = take_memory;
	ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &watched), SQLITE_OK);
}

static void make_document(void)
{
	struct text body;
	struct problem problem;
	struct job_draft *draft = NULL;
	struct job_spec *spec = NULL;
	text_init(&body);
	problem_init(&problem);
	text_puts(&body, "{\"model\":{\"type\":\"function\",\"function\":\"rosenbrock\",\"initial_point\":[-1.2");
	for (int i = 1; i < PARAMETERS; i++) {
		text_puts(&body, i % 3 == 0 ? ",0.785" : ",1.2385");
	}
	text_puts(&body, "]},\"optimizer\":{\"type\":\"adam\",\"learning_rate\":0.002385},\"training\":{\"steps\":");
	text_json_uint(&body, steps());
	text_puts(&body, "},\"stopping\":{\"gradient_norm\":null,\"loss_change\":null,\"parameter_change\":null}}");
	ck_assert_int_eq(job_draft_read(body.data, body.length, &draft, &problem), OK);
	ck_assert_int_eq(job_spec_resolve(draft, NULL, NULL, 1, &spec, &problem), OK);
	document_length = spec->document_length;
	document = malloc(document_length + 1);
	ck_assert_ptr_nonnull(document);
	memcpy(document, spec->document, document_length);
	document[document_length] = '\0';
	job_spec_destroy(spec);
	job_draft_destroy(draft);
	problem_fini(&problem);
	text_fini(&body);
}

static void set_up(void)
{
	watch_memory();
	fixture_folder(folder);
	store = fixture_open(folder);
	make_document();
}

static void tear_down(void)
{
	store_close(store);
	free(document);
	fixture_remove(folder);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static struct workers *start(double checkpoint_seconds, double leave_seconds)
{
	const struct workers_options options = {
		.data_dir = folder,
		.workers = 1,
		.threads = 1,
		.checkpoint_seconds = checkpoint_seconds,
		.max_job_seconds = (double)NAN,
		.memory_budget = UINT64_MAX,
		.leave_seconds = leave_seconds,
	};
	struct workers *workers = NULL;
	struct error error = { 0 };
	ck_assert_msg(workers_start(store, &options, &workers, &error) == OK, "%s", error.text);
	return workers;
}

static void add(char id[ID_SIZE])
{
	struct new_job job = fixture_job(store, NULL);
	job.spec = document;
	job.spec_length = document_length;
	ck_assert_int_eq(store_add_job(store, &job, 10, NULL), OK);
	memcpy(id, job.id, ID_SIZE);
}

static uint64_t step_of(const char *id)
{
	struct job_record record = fixture_get(store, id);
	uint64_t step = record.step;
	job_record_fini(&record);
	return step;
}

/* The step of the checkpoint that is stored; UINT64_MAX: there is none. */
static uint64_t checkpoint_step(const char *id)
{
	uint64_t step = UINT64_MAX;
	char *build = NULL;
	void *state = NULL;
	size_t length;
	enum status status = store_load_checkpoint(store, id, &step, &build, &state, &length);
	ck_assert(status == OK || status == E_NOT_FOUND);
	free(build);
	free(state);
	return status == OK ? step : UINT64_MAX;
}

static void wait_for_step(const char *id, uint64_t step)
{
	while (step_of(id) < step) {
		ck_assert_int_ne(fixture_status(store, id), JOB_FAILED);
		nap();
	}
}

struct outcome {
	void *weights;
	size_t length;
	struct curve_slice curve;
};

static void finish(const char *id, struct outcome *out)
{
	uint64_t step;
	while (!job_status_ended(fixture_status(store, id))) {
		nap();
	}
	ck_assert_int_eq(fixture_status(store, id), JOB_SUCCEEDED);
	ck_assert_int_eq(store_read_weights(store, id, "last", &step, &out->weights, &out->length), OK);
	ck_assert_uint_eq(step, steps());
	ck_assert_int_eq(store_read_points(store, id, 0, SIZE_MAX, &out->curve), OK);
}

static void outcome_fini(struct outcome *outcome)
{
	free(outcome->weights);
	curve_slice_fini(&outcome->curve);
}

/* An undisturbed run. */
static void run_calmly(struct outcome *out)
{
	char id[ID_SIZE];
	struct workers *workers = start(1000, 10);
	add(id);
	workers_wake(workers);
	finish(id, out);
	workers_stop(workers);
	store_close(store);
	store = fixture_open(folder);
}

static void expect_same(const struct outcome *a, const struct outcome *b)
{
	ck_assert_uint_eq(a->length, b->length);
	ck_assert_uint_eq(a->length, PARAMETERS * sizeof(double));
	ck_assert_int_eq(memcmp(a->weights, b->weights, a->length), 0);
	ck_assert_uint_eq(a->curve.count, b->curve.count);
	for (size_t i = 0; i < a->curve.count; i++) {
		ck_assert_uint_eq(a->curve.points[i].step, b->curve.points[i].step);
		ck_assert_int_eq(memcmp(&a->curve.points[i].train_loss, &b->curve.points[i].train_loss, sizeof(double)),
				 0);
	}
}

/* Runs a new job, stops in the middle (of a checkpoint's writing when that comes first) and opens the folder again, as
 * the next start of the program does. Again, where the job had come to its end when it was looked at. */
static void interrupt(char id[ID_SIZE], double checkpoint_seconds, double leave_seconds, uint64_t step)
{
	enum job_status status = JOB_SUCCEEDED;
	for (int tries = 0; tries < TRIES && status == JOB_SUCCEEDED; tries++) {
		struct workers *workers = start(checkpoint_seconds, leave_seconds);
		add(id);
		workers_wake(workers);
		while (checkpoint_seconds < 1 && checkpoint_step(id) == UINT64_MAX &&
		       !job_status_ended(fixture_status(store, id))) {
			nap();
		}
		wait_for_step(id, step);
		workers_stop(workers);
		store_close(store);
		store = fixture_open(folder);
		status = fixture_status(store, id);
	}
	ck_assert_int_eq(status, JOB_QUEUED);
}

/* Goes on to the end, and gives what an undisturbed run gave. */
static void expect_same_end(const char *id, const struct outcome *calm)
{
	struct outcome outcome;
	struct workers *workers = start(1000, 10);
	workers_wake(workers);
	finish(id, &outcome);
	workers_stop(workers);
	expect_same(calm, &outcome);
	outcome_fini(&outcome);
}

START_TEST(a_stop_with_time_leaves_a_checkpoint_of_the_last_step)
{
	struct outcome calm;
	char id[ID_SIZE];
	uint64_t step;
	void *weights;
	size_t length;
	run_calmly(&calm);
	interrupt(id, 1000, 1000, 20);
	ck_assert_uint_ge(checkpoint_step(id), 20);
	ck_assert_uint_eq(checkpoint_step(id), step_of(id));
	/* A large state is written without the weights that it holds. */
	ck_assert_int_eq(store_read_weights(store, id, "last", &step, &weights, &length), E_NOT_FOUND);
	expect_same_end(id, &calm);
	outcome_fini(&calm);
}
END_TEST

START_TEST(a_stop_without_time_leaves_the_checkpoint_before)
{
	struct outcome calm;
	char id[ID_SIZE];
	run_calmly(&calm);
	interrupt(id, 0.02, 0, 1);
	ck_assert_uint_ge(checkpoint_step(id), 1);
	ck_assert_uint_le(checkpoint_step(id), step_of(id));
	ck_assert_uint_eq(fixture_files(folder, "checkpoints"), 1);
	expect_same_end(id, &calm);
	outcome_fini(&calm);
}
END_TEST

START_TEST(a_stop_without_time_before_the_first_checkpoint_begins_again)
{
	struct outcome calm;
	char id[ID_SIZE];
	run_calmly(&calm);
	interrupt(id, 1000, 0, 20);
	ck_assert_uint_eq(checkpoint_step(id), UINT64_MAX);
	ck_assert_uint_eq(fixture_files(folder, "checkpoints"), 0);
	expect_same_end(id, &calm);
	outcome_fini(&calm);
}
END_TEST

START_TEST(memory_that_is_short_for_a_while_costs_no_job)
{
	struct outcome calm, outcome;
	char id[ID_SIZE];
	run_calmly(&calm);
	struct workers *workers = start(0.05, 10);
	for (int tries = 0; tries < TRIES && atomic_load(&refused) == 0; tries++) {
		add(id);
		workers_wake(workers);
		wait_for_step(id, 20);
		/* Neither points nor checkpoints nor an ending can be stored; a job that had ended stores nothing. */
		const bool at_work = !job_status_ended(fixture_status(store, id));
		atomic_store(&no_memory, true);
		for (int naps = 0; at_work && naps < 10000 && atomic_load(&refused) == 0; naps++) {
			nap();
		}
		nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
		atomic_store(&no_memory, false);
	}
	ck_assert_uint_gt(atomic_load(&refused), 0);
	finish(id, &outcome);
	workers_stop(workers);
	expect_same(&calm, &outcome);
	outcome_fini(&outcome);
	outcome_fini(&calm);
}
END_TEST

/* The path of the only file in the folder's checkpoints. */
static void checkpoint_path(char *path, size_t size)
{
	char name[128];
	const struct dirent *entry;
	snprintf(name, sizeof name, "%s/checkpoints", folder);
	DIR *stream = opendir(name);
	ck_assert_ptr_nonnull(stream);
	while ((entry = readdir(stream)) != NULL) {
		if (entry->d_name[0] != '.') {
			snprintf(path, size, "%s/%s", name, entry->d_name);
		}
	}
	closedir(stream);
}

/* What is logged from now on. */
static void keep_log(void)
{
	char path[128];
	snprintf(path, sizeof path, "%s/log", folder);
	ck_assert_ptr_nonnull(freopen(path, "w", stderr));
}

/* Until a line has these words. */
static void await_log(const char *words)
{
	char path[128], text[1 << 16];
	snprintf(path, sizeof path, "%s/log", folder);
	do {
		nap();
		FILE *file = fopen(path, "r");
		ck_assert_ptr_nonnull(file);
		text[fread(text, 1, sizeof text - 1, file)] = '\0';
		fclose(file);
	} while (strstr(text, words) == NULL);
}

/* Goes on from a checkpoint that cannot be opened for a while. */
static enum job_status go_on_blindly(const char *id)
{
	char path[512], aside[600];
	checkpoint_path(path, sizeof path);
	snprintf(aside, sizeof aside, "%s.aside", path);
	ck_assert_int_eq(rename(path, aside), 0);
	ck_assert_int_eq(symlink(path, path), 0); /* opening it fails: too many links */
	struct workers *workers = start(1000, 10);
	workers_wake(workers);
	await_log("the checkpoint cannot be read");
	ck_assert_int_eq(rename(aside, path), 0);
	while (!job_status_ended(fixture_status(store, id))) {
		nap();
	}
	workers_stop(workers);
	return fixture_status(store, id);
}

START_TEST(a_checkpoint_that_cannot_be_read_for_a_while_is_not_dropped)
{
	struct curve_slice before, after;
	char id[ID_SIZE];
	enum job_status status = JOB_FAILED;
	/* It is tried for six seconds: where this thread is kept waiting for longer, once more. */
	for (int tries = 0; tries < TRIES && status == JOB_FAILED; tries++) {
		interrupt(id, 1000, 1000, 20);
		ck_assert_int_eq(store_read_points(store, id, 0, 10, &before), OK);
		keep_log();
		status = go_on_blindly(id);
		ck_assert_int_eq(store_read_points(store, id, 0, SIZE_MAX, &after), OK);
		/* Points that were made again would have another time. */
		for (size_t i = 0; i < before.count && status == JOB_SUCCEEDED; i++) {
			ck_assert_double_eq(before.points[i].seconds, after.points[i].seconds);
		}
		curve_slice_fini(&before);
		curve_slice_fini(&after);
	}
	ck_assert_int_eq(status, JOB_SUCCEEDED);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("server/workers");
	TCase *stops = tcase_create("stops");
	tcase_set_timeout(stops, 60);
	tcase_add_checked_fixture(stops, set_up, tear_down);
	tcase_add_test(stops, a_stop_with_time_leaves_a_checkpoint_of_the_last_step);
	tcase_add_test(stops, a_stop_without_time_leaves_the_checkpoint_before);
	tcase_add_test(stops, a_stop_without_time_before_the_first_checkpoint_begins_again);
	suite_add_tcase(suite, stops);
	TCase *failures = tcase_create("failures that pass");
	tcase_set_timeout(failures, 60);
	tcase_add_checked_fixture(failures, set_up, tear_down);
	tcase_add_test(failures, memory_that_is_short_for_a_while_costs_no_job);
	tcase_add_test(failures, a_checkpoint_that_cannot_be_read_for_a_while_is_not_dropped);
	suite_add_tcase(suite, failures);
	return suite;
}

int main(void)
{
	return suite_run(suite());
}
