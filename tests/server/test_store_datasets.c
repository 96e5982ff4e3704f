/* Datasets: as records of their own, and as what jobs bring along or need. */
#include "tests/server/store_fixture.h"
#include "tests/support/suite.h"

static char folder[64];
static struct store *store;

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

static struct dataset_info make_dataset(const char *id, const char *name, const char *sha, bool is_inline)
{
	struct dataset_info info = { .rows = 3, .columns = 1, .bytes = 24, .is_inline = is_inline, .created_at = 2385 };
	strcpy(info.id, id);
	memset(info.sha256, sha[0], 64);
	info.name = strdup(name);
	info.column = calloc(1, sizeof *info.column);
	info.column->name = strdup("a \"b\"");
	info.column->mean = 2.385;
	info.column->distinct = -1;
	return info;
}

static void add_dataset(const char *id, const char *sha, bool in_file)
{
	struct dataset_info info = make_dataset(id, id, sha, false);
	struct dataset_content content = { in_file ? NULL : "content", in_file ? 0 : 7 };
	ck_assert_int_eq(store_add_dataset(store, &info, &content, NULL), OK);
	dataset_info_fini(&info);
}

START_TEST(a_dataset_comes_back_as_it_was_added)
{
	struct dataset_info info;
	struct dataset_content content = { "content", 7 };
	struct error error = { 0 };
	add_dataset("ds_a", "a", false);
	add_dataset("ds_b", "b", true);
	ck_assert_int_eq(store_get_dataset(store, "ds_a", &info), OK);
	ck_assert_str_eq(info.id, "ds_a");
	ck_assert_str_eq(info.column[0].name, "a \"b\"");
	ck_assert_double_eq(info.column[0].mean, 2.385);
	ck_assert_int_eq(info.created_at, 2385);
	ck_assert_int_eq(info.sha256[63], 'a');
	ck_assert_int_eq(store_add_dataset(store, &info, &content, &error), E_CONFLICT);
	dataset_info_fini(&info);
	ck_assert_int_eq(store_get_dataset_content(store, "ds_a", &content), OK);
	ck_assert(content.length == 7 && memcmp(content.bytes, "content", 7) == 0);
	free((void *)content.bytes);
	ck_assert_int_eq(store_get_dataset_content(store, "ds_b", &content), OK);
	ck_assert_ptr_null(content.bytes);
	ck_assert_int_eq(store_get_dataset(store, "ds_none", &info), E_NOT_FOUND);
	ck_assert_int_eq(store_get_dataset_content(store, "ds_none", &content), E_NOT_FOUND);
}
END_TEST

START_TEST(a_content_file_is_unused_when_its_last_dataset_goes)
{
	char **jobs, sha[65], key[65] = { 0 };
	bool unused;
	memset(key, 'c', 64);
	add_dataset("ds_1", "c", true);
	add_dataset("ds_2", "c", true);
	ck_assert(store_has_content(store, key));
	ck_assert_int_eq(store_delete_dataset(store, "ds_1", &jobs, &unused, sha), OK);
	ck_assert(!unused);
	ck_assert_int_eq(store_delete_dataset(store, "ds_2", &jobs, &unused, sha), OK);
	ck_assert(unused);
	ck_assert_str_eq(sha, key);
	ck_assert_ptr_null(jobs);
	ck_assert(!store_has_content(store, key));
	ck_assert_int_eq(store_delete_dataset(store, "ds_2", &jobs, &unused, sha), E_NOT_FOUND);
	add_dataset("ds_3", "c", false);
	ck_assert_int_eq(store_delete_dataset(store, "ds_3", &jobs, &unused, sha), OK);
	ck_assert(!unused);
}
END_TEST

START_TEST(a_dataset_that_jobs_need_is_not_deleted)
{
	struct new_job one = fixture_job(store, NULL), two = fixture_job(store, NULL);
	char **jobs, sha[65];
	bool unused;
	enum job_status now;
	add_dataset("ds_a", "a", false);
	add_dataset("ds_b", "a", false);
	one.dataset_id = "ds_a";
	two.dataset_id = "ds_b";
	two.validation_id = "ds_a";
	ck_assert_int_eq(store_add_job(store, &one, 10, NULL), OK);
	ck_assert_int_eq(store_add_job(store, &two, 10, NULL), OK);
	fixture_claim(store, one.id);
	ck_assert_int_eq(store_delete_dataset(store, "ds_a", &jobs, &unused, sha), E_CONFLICT);
	ck_assert_str_eq(jobs[0], one.id);
	ck_assert_str_eq(jobs[1], two.id);
	ck_assert_ptr_null(jobs[2]);
	free(jobs[0]);
	free(jobs[1]);
	free(jobs);
	ck_assert_int_eq(fixture_finish(store, one.id, 1, JOB_SUCCEEDED), OK);
	ck_assert_int_eq(store_cancel_job(store, two.id, &now), OK);
	ck_assert_int_eq(store_delete_dataset(store, "ds_a", &jobs, &unused, sha), OK);
	struct job_record record = fixture_get(store, one.id);
	ck_assert_str_eq(record.dataset_id, "ds_a"); /* the word stays */
	job_record_fini(&record);
}
END_TEST

static char told_sha[65];
static void note_content(void *context, const char *sha256)
{
	*(int *)context += 1;
	memcpy(told_sha, sha256, sizeof told_sha);
}

START_TEST(an_inline_dataset_goes_with_its_last_job)
{
	struct dataset_info info = make_dataset("ds_in", "inline", "e", true), found;
	struct new_job one = fixture_job(store, NULL), two = fixture_job(store, NULL);
	int told = 0;
	store_watch_content(store, note_content, &told);
	one.dataset_id = "ds_in";
	one.inline_dataset = &info;
	two.dataset_id = "ds_in";
	ck_assert_int_eq(store_add_job(store, &one, 10, NULL), OK);
	ck_assert_int_eq(store_add_job(store, &two, 10, NULL), OK);
	ck_assert_int_eq(store_delete_job(store, one.id), OK);
	ck_assert_int_eq(store_get_dataset(store, "ds_in", &found), OK);
	dataset_info_fini(&found);
	ck_assert_int_eq(told, 0);
	ck_assert_int_eq(store_delete_job(store, two.id), OK);
	ck_assert_int_eq(store_get_dataset(store, "ds_in", &found), E_NOT_FOUND);
	ck_assert_int_eq(told, 1);
	ck_assert_str_eq(told_sha, info.sha256);
	/* One that is refused leaves no dataset behind. */
	ck_assert_int_eq(store_add_job(store, &one, 0, NULL), E_FULL);
	ck_assert_int_eq(store_get_dataset(store, "ds_in", &found), E_NOT_FOUND);
	one.validation_id = "ds_none";
	ck_assert_int_eq(store_add_job(store, &one, 10, NULL), E_NOT_FOUND);
	ck_assert_int_eq(store_get_dataset(store, "ds_in", &found), E_NOT_FOUND);
	dataset_info_fini(&info);
}
END_TEST

START_TEST(an_uploaded_dataset_outlives_its_jobs)
{
	struct new_job job = fixture_job(store, NULL);
	struct dataset_info info;
	add_dataset("ds_a", "a", false);
	job.dataset_id = "ds_a";
	ck_assert_int_eq(store_add_job(store, &job, 10, NULL), OK);
	ck_assert_int_eq(store_delete_job(store, job.id), OK);
	ck_assert_int_eq(store_get_dataset(store, "ds_a", &info), OK);
	dataset_info_fini(&info);
}
END_TEST

START_TEST(a_job_whose_dataset_is_missing_is_refused)
{
	struct new_job job = fixture_job(store, NULL);
	struct error error = { 0 };
	job.dataset_id = "ds_none";
	ck_assert_int_eq(store_add_job(store, &job, 10, &error), E_NOT_FOUND);
	add_dataset("ds_here", "a", false);
	job.dataset_id = "ds_here";
	job.validation_id = "ds_none";
	ck_assert_int_eq(store_add_job(store, &job, 10, &error), E_NOT_FOUND);
	job.validation_id = "ds_here";
	ck_assert_int_eq(store_add_job(store, &job, 10, &error), OK);
	struct job_record record = fixture_get(store, job.id);
	ck_assert_str_eq(record.dataset_id, "ds_here");
	ck_assert_str_eq(record.validation_id, "ds_here");
	job_record_fini(&record);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store datasets");
	TCase *tests = tcase_create("datasets");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_dataset_comes_back_as_it_was_added);
	tcase_add_test(tests, a_content_file_is_unused_when_its_last_dataset_goes);
	tcase_add_test(tests, a_dataset_that_jobs_need_is_not_deleted);
	tcase_add_test(tests, an_inline_dataset_goes_with_its_last_job);
	tcase_add_test(tests, an_uploaded_dataset_outlives_its_jobs);
	tcase_add_test(tests, a_job_whose_dataset_is_missing_is_refused);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
