/* Checkpoints and weights of every size: they come back exactly, or not at all; files never pile up. */
#include "tests/server/store_fixture.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "server/store/db.h"

static char folder[64];
static struct store *store;
static char id[ID_SIZE];
static uint64_t attempt;

static void set_up(void)
{
	fixture_folder(folder);
	store = fixture_open(folder);
	fixture_add(store, NULL, id);
	attempt = fixture_claim(store, id);
}

static void tear_down(void)
{
	store_close(store);
	fixture_remove(folder);
}

static char *make_bytes(size_t length, unsigned seed)
{
	char *bytes = malloc(length + 1);
	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < length; i++) {
		seed = seed * 1664525u + 1013904223u;
		bytes[i] = (char)(seed >> 24);
	}
	return bytes;
}

static enum status save(uint64_t step, size_t length, unsigned seed)
{
	char *bytes = make_bytes(length, seed);
	struct checkpoint checkpoint = { .step = step, .build = "0.1.0 avx2 \"x\"", .state = bytes, .length = length };
	enum status status = store_save_checkpoint(store, id, attempt, &checkpoint, NULL, NULL);
	free(bytes);
	return status;
}

static void check_state(uint64_t step, size_t length, unsigned seed)
{
	char *bytes = make_bytes(length, seed), *build;
	void *state;
	size_t stored;
	uint64_t at;
	ck_assert_int_eq(store_load_checkpoint(store, id, &at, &build, &state, &stored), OK);
	ck_assert_uint_eq(at, step);
	ck_assert_str_eq(build, "0.1.0 avx2 \"x\"");
	ck_assert_uint_eq(stored, length);
	ck_assert_int_eq(memcmp(state, bytes, length), 0);
	free(bytes);
	free(build);
	free(state);
}

START_TEST(a_state_of_any_size_comes_back)
{
	static const size_t sizes[] = { 1, 2385, 1 << 20, (1 << 20) + 1, 5000011 };
	size_t length = sizes[_i];
	ck_assert_int_eq(save(17, length, 1), OK);
	ck_assert_uint_eq(fixture_files(folder, "checkpoints"), length > 1 << 20);
	check_state(17, length, 1);
	store_close(store);
	store = fixture_open(folder);
	check_state(17, length, 1);
}
END_TEST

START_TEST(a_new_checkpoint_replaces_the_old_one_and_its_file)
{
	static const size_t sizes[] = { 3000000, 2000000, 100, 1500000, 7 };
	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_eq(save(i, sizes[i], i), OK);
		check_state(i, sizes[i], i);
		ck_assert_uint_eq(fixture_files(folder, "checkpoints"), sizes[i] > 1 << 20);
	}
}
END_TEST

START_TEST(a_refused_checkpoint_leaves_no_file)
{
	ck_assert_int_eq(save(3, 2000000, 1), OK);
	attempt += 1;
	ck_assert_int_eq(save(4, 2000000, 2), E_CONFLICT);
	ck_assert_uint_eq(fixture_files(folder, "checkpoints"), 1);
	check_state(3, 2000000, 1);
}
END_TEST

START_TEST(a_checkpoint_goes_with_the_end_and_with_a_restart)
{
	ck_assert_int_eq(save(3, 2000000, 1), OK);
	ck_assert_int_eq(store_restart_job(store, id, attempt), OK);
	ck_assert_uint_eq(fixture_files(folder, "checkpoints"), 0);
	ck_assert_int_eq(save(3, 2000000, 1), OK);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_SUCCEEDED), OK);
	ck_assert_uint_eq(fixture_files(folder, "checkpoints"), 0);
}
END_TEST

/* Adds a job that starts from `length` bytes of weights. */
static enum status add_from(size_t length, char added[ID_SIZE], uint64_t max_queue)
{
	char *bytes = make_bytes(length, 2385);
	struct new_job job = fixture_job(store, NULL);
	job.initial = (struct weights_blob){ 17, bytes, length };
	enum status status = store_add_job(store, &job, max_queue, NULL);
	memcpy(added, job.id, ID_SIZE);
	free(bytes);
	return status;
}

START_TEST(the_weights_to_start_from_stay_until_the_end)
{
	static const size_t sizes[] = { 2385, (16 << 20) + 1 };
	const size_t length = sizes[_i], files = (size_t)_i;
	char from[ID_SIZE];
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_SUCCEEDED), OK);
	ck_assert_int_eq(add_from(length, from, 100), OK);
	ck_assert_uint_eq(fixture_files(folder, "weights"), files);
	attempt = fixture_claim(store, from);
	ck_assert_int_eq(store_restart_job(store, from, attempt), OK);
	store_close(store); /* as if it had died: the job is queued again */
	store = fixture_open(folder);
	char *bytes = make_bytes(length, 2385);
	void *values;
	size_t stored;
	ck_assert_int_eq(store_read_initial(store, from, &values, &stored), OK);
	ck_assert_uint_eq(stored, length);
	ck_assert_int_eq(memcmp(values, bytes, length), 0);
	free(values);
	free(bytes);
	attempt = fixture_claim(store, from);
	ck_assert_int_eq(fixture_finish(store, from, attempt, JOB_SUCCEEDED), OK);
	ck_assert_int_eq(store_read_initial(store, from, &values, &stored), E_NOT_FOUND);
	ck_assert_uint_eq(fixture_files(folder, "weights"), 0);
}
END_TEST

START_TEST(the_weights_to_start_from_go_with_a_refusal_a_cancel_and_a_deletion)
{
	char from[ID_SIZE];
	enum job_status now;
	ck_assert_int_eq(add_from((16 << 20) + 1, from, 0), E_FULL);
	ck_assert_uint_eq(fixture_files(folder, "weights"), 0);
	ck_assert_int_eq(add_from((16 << 20) + 1, from, 100), OK);
	ck_assert_int_eq(store_cancel_job(store, from, &now), OK);
	ck_assert_int_eq(now, JOB_CANCELLED);
	ck_assert_uint_eq(fixture_files(folder, "weights"), 0);
	ck_assert_int_eq(add_from((16 << 20) + 1, from, 100), OK);
	ck_assert_int_eq(store_delete_job(store, from), OK);
	ck_assert_uint_eq(fixture_files(folder, "weights"), 0);
}
END_TEST

START_TEST(orphans_are_swept_when_the_store_opens)
{
	char path[128];
	FILE *file;
	ck_assert_int_eq(save(3, 2000000, 1), OK);
	store_close(store);
	snprintf(path, sizeof path, "%s/checkpoints/blob_orphan", folder);
	file = fopen(path, "w");
	fclose(file);
	snprintf(path, sizeof path, "%s/checkpoints/blob_half.tmp", folder);
	file = fopen(path, "w");
	fclose(file);
	ck_assert_uint_eq(fixture_files(folder, "checkpoints"), 3);
	store = fixture_open(folder);
	ck_assert_uint_eq(fixture_files(folder, "checkpoints"), 1);
	check_state(3, 2000000, 1);
}
END_TEST

/* Changes one byte of the only file in a folder, or cuts it. */
static void spoil(const char *name, bool cut)
{
	char path[512];
	const struct dirent *entry;
	DIR *stream;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	stream = opendir(path);
	while ((entry = readdir(stream)) != NULL) {
		if (entry->d_name[0] != '.') {
			snprintf(path, sizeof path, "%s/%s/%s", folder, name, entry->d_name);
		}
	}
	closedir(stream);
	if (cut) {
		ck_assert_int_eq(truncate(path, 12345), 0);
	} else {
		int fd = open(path, O_RDWR);
		char byte;
		ck_assert_int_eq(pread(fd, &byte, 1, 777777), 1);
		byte ^= 1;
		ck_assert_int_eq(pwrite(fd, &byte, 1, 777777), 1);
		close(fd);
	}
}

START_TEST(a_file_that_was_damaged_is_not_trusted)
{
	char *build;
	void *state;
	size_t length;
	uint64_t step;
	ck_assert_int_eq(save(3, 2000000, 1), OK);
	spoil("checkpoints", _i == 1);
	ck_assert_int_eq(store_load_checkpoint(store, id, &step, &build, &state, &length), E_CORRUPT);
	ck_assert_int_eq(store_restart_job(store, id, attempt), OK);
	ck_assert_int_eq(save(4, 2000000, 2), OK);
	check_state(4, 2000000, 2);
}
END_TEST

START_TEST(a_file_that_is_gone_is_not_trusted)
{
	char command[128], *build;
	void *state;
	size_t length;
	uint64_t step;
	ck_assert_int_eq(save(3, 2000000, 1), OK);
	snprintf(command, sizeof command, "rm '%s'/checkpoints/*", folder);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(store_load_checkpoint(store, id, &step, &build, &state, &length), E_CORRUPT);
}
END_TEST

START_TEST(a_state_damaged_in_the_database_is_not_trusted)
{
	char path[128], *build;
	void *state;
	size_t length;
	uint64_t step;
	struct db db;
	ck_assert_int_eq(save(3, 5000, 1), OK);
	store_close(store);
	snprintf(path, sizeof path, "%s/descentd.db", folder);
	ck_assert_int_eq(db_open(&db, path, DB_WRITER, NULL), OK);
	ck_assert_int_eq(db_run(&db, "UPDATE snapshot_piece SET bytes = zeroblob(5000)", DB_NONE), OK);
	db_close(&db);
	store = fixture_open(folder);
	ck_assert_int_eq(store_load_checkpoint(store, id, &step, &build, &state, &length), E_CORRUPT);
}
END_TEST

static void check_weights(const char *at, uint64_t step, size_t length, unsigned seed)
{
	char *bytes = make_bytes(length, seed);
	void *values;
	size_t stored;
	uint64_t when;
	ck_assert_int_eq(store_read_weights(store, id, at, &when, &values, &stored), OK);
	ck_assert_uint_eq(when, step);
	ck_assert_uint_eq(stored, length);
	ck_assert_int_eq(memcmp(values, bytes, length), 0);
	free(values);
	free(bytes);
}

START_TEST(weights_of_several_pieces_and_of_a_file_come_back)
{
	enum { PIECES = 5000004, LARGE = 17000000 };
	char *last = make_bytes(PIECES, 1), *best = make_bytes(LARGE, 2);
	struct job_ending ending = { .status = JOB_SUCCEEDED,
				     .stop_reason = "steps",
				     .step = 9,
				     .last = { 9, last, PIECES },
				     .best = { 4, best, LARGE } };
	ck_assert_int_eq(store_finish_job(store, id, attempt, &ending), OK);
	ck_assert_uint_eq(fixture_files(folder, "weights"), 1);
	check_weights("last", 9, PIECES, 1);
	check_weights("best", 4, LARGE, 2);
	ck_assert_int_eq(store_delete_job(store, id), OK);
	ck_assert_uint_eq(fixture_files(folder, "weights"), 0);
	free(last);
	free(best);
}
END_TEST

START_TEST(weights_so_far_are_those_of_the_last_checkpoint)
{
	char *early = make_bytes(400, 1), *late = make_bytes(400, 2);
	struct checkpoint checkpoint = {
		.step = 5, .build = "b", .state = "s", .length = 1, .last = { 5, early, 400 }
	};
	void *values;
	size_t length;
	uint64_t step;
	ck_assert_int_eq(store_save_checkpoint(store, id, attempt, &checkpoint, NULL, NULL), OK);
	check_weights("last", 5, 400, 1);
	ck_assert_int_eq(store_read_weights(store, id, "best", &step, &values, &length), E_NOT_FOUND);
	checkpoint.step = 8;
	checkpoint.last = (struct weights_blob){ 8, late, 400 };
	checkpoint.best = (struct weights_blob){ 5, early, 400 };
	ck_assert_int_eq(store_save_checkpoint(store, id, attempt, &checkpoint, NULL, NULL), OK);
	check_weights("last", 8, 400, 2);
	check_weights("best", 5, 400, 1);
	ck_assert_int_eq(fixture_finish(store, id, attempt, JOB_FAILED), OK);
	check_weights("best", 5, 400, 1);
	free(early);
	free(late);
}
END_TEST

START_TEST(a_checkpoint_without_state_or_build_is_refused)
{
	struct checkpoint none = { .step = 5, .build = "b" }, nameless = { .step = 5, .state = "s", .length = 1 };
	ck_assert_int_eq(store_save_checkpoint(store, id, attempt, &none, NULL, NULL), E_INVALID);
	ck_assert_int_eq(store_save_checkpoint(store, id, attempt, &nameless, NULL, NULL), E_INVALID);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store snapshots");
	TCase *tests = tcase_create("snapshots");
	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, a_state_of_any_size_comes_back, 0, 5);
	tcase_add_test(tests, a_new_checkpoint_replaces_the_old_one_and_its_file);
	tcase_add_test(tests, a_refused_checkpoint_leaves_no_file);
	tcase_add_test(tests, a_checkpoint_goes_with_the_end_and_with_a_restart);
	tcase_add_loop_test(tests, the_weights_to_start_from_stay_until_the_end, 0, 2);
	tcase_add_test(tests, the_weights_to_start_from_go_with_a_refusal_a_cancel_and_a_deletion);
	tcase_add_test(tests, orphans_are_swept_when_the_store_opens);
	tcase_add_loop_test(tests, a_file_that_was_damaged_is_not_trusted, 0, 2);
	tcase_add_test(tests, a_file_that_is_gone_is_not_trusted);
	tcase_add_test(tests, a_state_damaged_in_the_database_is_not_trusted);
	tcase_add_test(tests, weights_of_several_pieces_and_of_a_file_come_back);
	tcase_add_test(tests, weights_so_far_are_those_of_the_last_checkpoint);
	tcase_add_test(tests, a_checkpoint_without_state_or_build_is_refused);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
