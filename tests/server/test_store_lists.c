/* Lists: every filter, pages that neither repeat nor lose a row, cursors that are checked. */
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

static void add_dataset(const char *id, bool is_inline)
{
	struct dataset_info info = { .rows = 1, .is_inline = is_inline, .created_at = 5 };
	struct dataset_content content = { "x", 1 };
	strcpy(info.id, id);
	strcpy(info.sha256, "f");
	ck_assert_int_eq(store_add_dataset(store, &info, &content, NULL), OK);
}

/* How many jobs a filter finds, walking pages of `limit`; each must be newer (older) than the one before it. */
static size_t walk(struct job_filter filter, size_t limit)
{
	char before[ID_SIZE] = "", cursor[64] = "";
	size_t count = 0;
	do {
		struct job_page page;
		ck_assert_int_eq(store_list_jobs(store, &filter, limit, cursor, &page), OK);
		ck_assert_uint_le(page.count, limit);
		for (size_t i = 0; i < page.count; i++) {
			int order = strcmp(page.item[i].id, before);
			ck_assert(before[0] == '\0' || (filter.oldest_first ? order > 0 : order < 0));
			memcpy(before, page.item[i].id, ID_SIZE);
			ck_assert_ptr_nonnull(page.item[i].spec);
			ck_assert_ptr_null(page.item[i].card);
		}
		count += page.count;
		memcpy(cursor, page.next_cursor, sizeof cursor);
		ck_assert(cursor[0] == '\0' || page.count == limit);
		job_page_fini(&page);
	} while (cursor[0] != '\0');
	return count;
}

START_TEST(pages_of_any_size_show_each_job_once)
{
	char id[ID_SIZE];
	struct job_filter filter = { .oldest_first = _i == 1 };
	for (int i = 0; i < 23; i++) {
		fixture_add(store, NULL, id);
	}
	for (size_t limit = 1; limit < 26; limit++) {
		ck_assert_uint_eq(walk(filter, limit), 23);
	}
}
END_TEST

START_TEST(a_page_of_large_documents_ends_early_and_loses_none)
{
	enum { JOBS = 7, SPEC = 3 << 19 };
	struct job_filter filter = { 0 };
	struct job_page page;
	char *spec = malloc(SPEC + 1), cursor[64] = "";
	size_t count = 0, pages = 0;
	ck_assert_ptr_nonnull(spec);
	memset(spec, ' ', SPEC);
	memcpy(spec, "{}", 2);
	spec[SPEC] = '\0';
	for (int i = 0; i < JOBS; i++) {
		struct new_job job = fixture_job(store, NULL);
		job.spec = spec;
		job.spec_length = SPEC;
		ck_assert_int_eq(store_add_job(store, &job, 100, NULL), OK);
	}
	do {
		ck_assert_int_eq(store_list_jobs(store, &filter, 100, cursor, &page), OK);
		ck_assert_uint_le(page.count, 3); /* 4 MiB are reached by three */
		count += page.count;
		pages++;
		memcpy(cursor, page.next_cursor, sizeof cursor);
		job_page_fini(&page);
	} while (cursor[0] != '\0');
	ck_assert_uint_eq(count, JOBS);
	ck_assert_uint_eq(pages, 3);
	free(spec);
}
END_TEST

START_TEST(a_page_is_not_shifted_by_what_is_added_or_deleted_meanwhile)
{
	char id[6][ID_SIZE], fresh[ID_SIZE];
	struct job_page page;
	struct job_filter filter = { 0 };
	char cursor[64];
	for (int i = 0; i < 6; i++) {
		fixture_add(store, NULL, id[i]);
	}
	ck_assert_int_eq(store_list_jobs(store, &filter, 3, NULL, &page), OK);
	ck_assert_str_eq(page.item[0].id, id[5]);
	memcpy(cursor, page.next_cursor, sizeof cursor);
	job_page_fini(&page);
	fixture_add(store, NULL, fresh);
	ck_assert_int_eq(store_delete_job(store, id[3]), OK); /* the one that the cursor names */
	ck_assert_int_eq(store_list_jobs(store, &filter, 3, cursor, &page), OK);
	ck_assert_uint_eq(page.count, 3);
	ck_assert_str_eq(page.item[0].id, id[2]);
	ck_assert_str_eq(page.next_cursor, "");
	job_page_fini(&page);
}
END_TEST

START_TEST(names_are_matched_as_they_are_written)
{
	static const char *const names[] = { "run",      "run_1", "run%1",
					     "runX1",    "Run_1", "it's",
					     "\"q\"",    "r",     "\xc3\xa9t\xc3\xa9",
					     "\xc3\xaa", "a;--",  "run_1 b" };
	static const char *const prefixes[] = { "run",  "run_", "run%", "r", "it'",  "\"",  "\xc3\xa9",
						"\xc3", "zz",   "_",    "%", "a;--", "Run", "run_1 bc" };
	char id[ID_SIZE];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		fixture_add(store, names[i], id);
	}
	fixture_add(store, NULL, id);
	fixture_add(store, "run", id);
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		struct job_filter filter = { .name_prefix = prefixes[i] };
		size_t length = strlen(prefixes[i]), expected = strncmp("run", prefixes[i], length) == 0;
		for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
			expected += strncmp(names[j], prefixes[i], length) == 0;
		}
		ck_assert_uint_eq(walk(filter, 5), expected);
	}
	ck_assert_uint_eq(walk((struct job_filter){ .name_prefix = "" }, 5), sizeof names / sizeof *names + 2);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct job_filter filter = { .name = names[i] };
		ck_assert_uint_eq(walk(filter, 5), strcmp(names[i], "run") == 0 ? 2 : 1);
	}
}
END_TEST

START_TEST(filters_hold_together)
{
	char id[ID_SIZE];
	size_t wanted = 0;
	add_dataset("ds_a", false);
	add_dataset("ds_b", false);
	for (unsigned i = 0; i < 48; i++) {
		char name[16];
		struct new_job job;
		enum job_status now;
		snprintf(name, sizeof name, "n%u", i % 3);
		job = fixture_job(store, name);
		job.model = i % 2 != 0 ? "mlp" : "logistic_regression";
		job.optimizer = i % 4 < 2 ? "adam" : "sgd";
		job.dataset_id = i % 5 < 2 ? "ds_a" : "ds_b";
		ck_assert_int_eq(store_add_job(store, &job, 100, NULL), OK);
		if (i % 7 == 0) {
			ck_assert_int_eq(store_cancel_job(store, job.id, &now), OK);
		}
		wanted += i % 3 == 1 && i % 2 != 0 && i % 4 < 2 && i % 5 < 2 && i % 7 != 0;
		memcpy(id, job.id, sizeof id);
	}
	ck_assert_uint_gt(wanted, 0);
	struct job_filter filter = { .statuses = 1u << JOB_QUEUED | 1u << JOB_RUNNING,
				     .name = "n1",
				     .model = "mlp",
				     .optimizer = "adam",
				     .dataset = "ds_a" };
	ck_assert_uint_eq(walk(filter, 1), wanted);
	filter.oldest_first = true;
	ck_assert_uint_eq(walk(filter, 2), wanted);
	ck_assert_uint_eq(walk((struct job_filter){ .model = "mlp" }, 7), 24);
	ck_assert_uint_eq(walk((struct job_filter){ .optimizer = "adam" }, 7), 24);
	ck_assert_uint_eq(walk((struct job_filter){ .statuses = 1u << JOB_CANCELLED }, 3), 7);
	ck_assert_uint_eq(walk((struct job_filter){ .statuses = (1u << JOB_STATUS_COUNT) - 1 }, 5), 48);
	ck_assert_uint_eq(walk((struct job_filter){ .dataset = "ds_none" }, 5), 0);
}
END_TEST

START_TEST(a_list_says_the_place_in_the_queue)
{
	char id[4][ID_SIZE];
	struct job_page page;
	struct job_filter filter = { .oldest_first = true };
	for (int i = 0; i < 4; i++) {
		fixture_add(store, NULL, id[i]);
	}
	fixture_claim(store, id[0]);
	ck_assert_int_eq(store_list_jobs(store, &filter, 10, NULL, &page), OK);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(page.item[i].queue_position, i);
	}
	job_page_fini(&page);
}
END_TEST

START_TEST(a_cursor_that_is_not_ours_is_refused)
{
	static const char *const cursors[] = {
		"x",        "n",  "njob_'", "ojob_abc",
		"djob_abc", "n%", "n job",  "naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};
	struct job_page page;
	struct dataset_page datasets;
	struct job_filter filter = { 0 };
	for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
		ck_assert_int_eq(store_list_jobs(store, &filter, 5, cursors[i], &page), E_INVALID);
		ck_assert_ptr_null(page.item);
	}
	ck_assert_int_eq(store_list_jobs(store, &filter, 0, NULL, &page), E_INVALID);
	ck_assert_int_eq(store_list_datasets(store, 5, "njob_abc", false, &datasets), E_INVALID);
	ck_assert_int_eq(store_list_datasets(store, 0, NULL, false, &datasets), E_INVALID);
}
END_TEST

START_TEST(datasets_are_listed_newest_first_and_inline_ones_on_request)
{
	struct dataset_page page;
	char cursor[64];
	add_dataset("ds_1", false);
	add_dataset("ds_2", true);
	add_dataset("ds_3", false);
	add_dataset("ds_4", false);
	ck_assert_int_eq(store_list_datasets(store, 2, NULL, false, &page), OK);
	ck_assert_uint_eq(page.count, 2);
	ck_assert_str_eq(page.item[0].id, "ds_4");
	ck_assert_str_eq(page.item[1].id, "ds_3");
	memcpy(cursor, page.next_cursor, sizeof cursor);
	dataset_page_fini(&page);
	ck_assert_int_eq(store_list_datasets(store, 2, cursor, false, &page), OK);
	ck_assert_uint_eq(page.count, 1);
	ck_assert_str_eq(page.item[0].id, "ds_1");
	ck_assert_str_eq(page.next_cursor, "");
	dataset_page_fini(&page);
	ck_assert_int_eq(store_list_datasets(store, 10, cursor, true, &page), OK);
	ck_assert_uint_eq(page.count, 2);
	ck_assert_str_eq(page.item[0].id, "ds_2");
	ck_assert(page.item[0].is_inline);
	dataset_page_fini(&page);
}
END_TEST

START_TEST(an_empty_store_lists_nothing)
{
	struct dataset_page page;
	ck_assert_uint_eq(walk((struct job_filter){ 0 }, 5), 0);
	ck_assert_int_eq(store_list_datasets(store, 2, "", true, &page), OK);
	ck_assert_uint_eq(page.count, 0);
	dataset_page_fini(&page);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store lists");
	TCase *tests = tcase_create("lists");
	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, pages_of_any_size_show_each_job_once, 0, 2);
	tcase_add_test(tests, a_page_of_large_documents_ends_early_and_loses_none);
	tcase_add_test(tests, a_page_is_not_shifted_by_what_is_added_or_deleted_meanwhile);
	tcase_add_test(tests, names_are_matched_as_they_are_written);
	tcase_add_test(tests, filters_hold_together);
	tcase_add_test(tests, a_list_says_the_place_in_the_queue);
	tcase_add_test(tests, a_cursor_that_is_not_ours_is_refused);
	tcase_add_test(tests, datasets_are_listed_newest_first_and_inline_ones_on_request);
	tcase_add_test(tests, an_empty_store_lists_nothing);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
