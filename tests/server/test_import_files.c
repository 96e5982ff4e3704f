/* Large imports: what becomes of files, of a full disk, and of memory. */
#include "server/dataset/import.h"

#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>

#include "tests/server/table_support.h"
#include "tests/support/suite.h"

/* The shadow memory of a sanitizer grows by itself. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

/* A CSV of `rows` rows with a number, a unique text and a class. Returned owned. */
static char *make_large(size_t rows, size_t *length)
{
	char *text = malloc(rows * 48 + 64);
	size_t n = (size_t)sprintf(text, "value,name,class\n");
	for (size_t i = 0; i < rows; i++) {
		n += (size_t)sprintf(text + n, "%zu.385,row number %zu,%s\n", i % 5000, i, i % 3 == 0 ? "odd" : "even");
	}
	*length = n;
	return text;
}

static void check_large(const struct table *table, size_t rows)
{
	for (size_t i = 0; i < rows; i += 997) {
		char name[64];
		snprintf(name, sizeof name, "row number %zu", i);
		ASSERT_CELL_TEXT(table, 1, i, name);
		ASSERT_CELL_TEXT(table, 2, i, i % 3 == 0 ? "odd" : "even");
		ck_assert_double_eq(cell_number(table, 0, i), (double)(i % 5000) + 0.385);
	}
}

START_TEST(a_large_table_becomes_a_file_that_is_kept_once)
{
	enum { ROWS = 200000 }; /* more unique texts than a dictionary holds */
	char dir[64], path[512];
	size_t length, size;
	scratch_make(dir);
	char *text = make_large(ROWS, &length);
	struct imported out = import_bytes(dir, NULL, text, length, 30000);
	ck_assert_msg(out.status == OK, "%s", out.error.text);
	ck_assert_ptr_null(import_content(out.import, &size));
	ck_assert_uint_eq(out.info.rows, ROWS);
	ck_assert_int_eq(out.info.column[0].distinct, 5000);
	ck_assert_int_eq(out.info.column[1].distinct, -1);
	ck_assert_uint_eq(out.info.column[1].level_count, 0);
	ck_assert_uint_eq(out.info.column[2].level_count, 2);
	check_large(out.table, ROWS);
	ck_assert_int_eq(import_keep(out.import, &out.error), OK);
	ck_assert_int_eq(import_keep(out.import, &out.error), OK); /* keeping twice does nothing */
	ck_assert_uint_eq(scratch_leftovers(dir), 0);
	imported_fini(&out);

	out = import_bytes(dir, NULL, text, length, 65536);
	ck_assert_int_eq(import_keep(out.import, &out.error), OK);
	ck_assert_uint_eq(scratch_leftovers(dir), 0);
	table_path(dir, out.info.content_name, path, sizeof path);
	struct table *table;
	ck_assert_int_eq(table_open_file(path, &table, &out.error), OK);
	check_large(table, ROWS);
	table_close(table);
	imported_fini(&out);
	free(text);
	scratch_remove(dir);
}
END_TEST

START_TEST(a_damaged_file_in_place_is_replaced_by_a_good_one)
{
	char dir[64], path[512];
	size_t length;
	scratch_make(dir);
	char *text = make_large(60000, &length);
	struct imported out = import_bytes(dir, NULL, text, length, 65536);
	ck_assert_int_eq(import_keep(out.import, &out.error), OK);
	table_path(dir, out.info.content_name, path, sizeof path);
	imported_fini(&out);
	ck_assert_int_eq(truncate(path, 100), 0);
	out = import_bytes(dir, NULL, text, length, 65536);
	ck_assert_int_eq(import_keep(out.import, &out.error), OK);
	struct table *table;
	ck_assert_int_eq(table_open_file(path, &table, &out.error), OK);
	check_large(table, 60000);
	table_close(table);
	imported_fini(&out);
	free(text);
	scratch_remove(dir);
}
END_TEST

START_TEST(the_same_bytes_read_in_two_ways_are_two_files)
{
	char dir[64];
	size_t length;
	scratch_make(dir);
	char *text = make_large(60000, &length);
	struct import_options names_are_data = { .header = HEADER_FALSE }, as_it_looks = { .header = HEADER_TRUE };
	struct imported usual = import_bytes(dir, NULL, text, length, 65536);
	struct imported same = import_bytes(dir, &as_it_looks, text, length, 65536);
	struct imported other = import_bytes(dir, &names_are_data, text, length, 65536);
	ck_assert_str_eq(usual.info.content_name, same.info.content_name);
	ck_assert_str_eq(usual.info.content_name, usual.info.sha256);
	ck_assert_str_ne(usual.info.content_name, other.info.content_name);
	ck_assert_str_eq(usual.info.sha256, other.info.sha256); /* of the bytes, however they are read */
	ck_assert_uint_eq(other.info.rows, 60001);
	imported_fini(&usual);
	imported_fini(&same);
	imported_fini(&other);
	ck_assert_uint_eq(scratch_leftovers(dir), 0);
	free(text);
	scratch_remove(dir);
}
END_TEST

START_TEST(a_column_of_a_large_file_that_turns_to_text_in_its_last_row_is_read_again)
{
	char dir[64];
	size_t length;
	scratch_make(dir);
	char *text = make_large(200000, &length); /* over the spool's memory */
	length += (size_t)sprintf(text + length, "n/a,last,odd\n");
	struct imported out = import_bytes(dir, NULL, text, length, 65536);
	ck_assert_msg(out.status == OK, "%s", out.error.text);
	ck_assert_int_eq(out.info.column[0].kind, COLUMN_TEXT);
	ck_assert_int_eq(out.info.column[0].distinct, 5001);
	ASSERT_CELL_TEXT(out.table, 0, 12, "12.385");
	ASSERT_CELL_TEXT(out.table, 0, 200000, "n/a");
	imported_fini(&out);
	ck_assert_uint_eq(scratch_leftovers(dir), 0);
	free(text);
	scratch_remove(dir);
}
END_TEST

START_TEST(nothing_stays_of_an_import_that_was_not_kept_and_a_dead_ones_file_is_cleaned)
{
	char dir[64], path[512];
	size_t length;
	scratch_make(dir);
	char *text = make_large(60000, &length);
	struct imported out = import_bytes(dir, NULL, text, length, 65536);
	ck_assert_int_eq(out.status, OK);
	ck_assert_uint_eq(scratch_leftovers(dir), 1);
	imported_fini(&out);
	ck_assert_uint_eq(scratch_leftovers(dir), 0);
	snprintf(path, sizeof path, "%s/tmp/import-dead42", dir);
	fclose(fopen(path, "w"));
	snprintf(path, sizeof path, "%s/tmp/not-ours", dir);
	fclose(fopen(path, "w"));
	import_clean(dir);
	ck_assert_uint_eq(scratch_leftovers(dir), 1);
	import_clean("/nonexistent");
	free(text);
	scratch_remove(dir);
}
END_TEST

START_TEST(a_full_disk_is_said_to_be_full)
{
	char dir[64];
	size_t length;
	scratch_make(dir);
	char *text = make_large(200000, &length);
	signal(SIGXFSZ, SIG_IGN);
	struct rlimit limit = { 3000000, 3000000 };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	struct imported out = import_bytes(dir, NULL, text, length, 65536);
	ck_assert_int_eq(out.status, E_DISK_FULL);
	imported_fini(&out);
	ck_assert_uint_eq(scratch_leftovers(dir), 0);
	free(text);
	scratch_remove(dir);
}
END_TEST

START_TEST(an_upload_of_any_size_does_not_grow_the_process)
{
	char dir[64], row[512];
	scratch_make(dir);
	struct import_options options = { 0 };
	struct import *import;
	struct error error;
	struct rusage before, after;
	struct dataset_info info;
	ck_assert_int_eq(import_open(dir, &options, &import, &error), OK);
	uint64_t written = 12;
	ck_assert_int_eq(import_write(import, "a,b,c,d,e,f\n", 12, &error), OK);
	for (uint32_t i = 0; written < 40u << 20; i++) {
		if (i == 50000) { /* about 5 MB: all buffers are in place */
			getrusage(RUSAGE_SELF, &before);
		}
		int n = snprintf(row, sizeof row, "%u,%u.125,user %u,%u,%.9g,some words that are the same %u\n", i,
				 i * 7u, i, i % 10, sqrt((double)i), i % 50);
		ck_assert_int_eq(import_write(import, row, (size_t)n, &error), OK);
		written += (uint64_t)n;
	}
	ck_assert_int_eq(import_finish(import, &info, &error), OK);
	getrusage(RUSAGE_SELF, &after);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 20 << 10); /* KB; the file holds 40 MB */
	ck_assert_uint_eq(info.bytes, written);
	dataset_info_fini(&info);
	import_destroy(import);
	scratch_remove(dir);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("import_files");
	TCase *tests = tcase_create("import_files");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_large_table_becomes_a_file_that_is_kept_once);
	tcase_add_test(tests, a_damaged_file_in_place_is_replaced_by_a_good_one);
	tcase_add_test(tests, the_same_bytes_read_in_two_ways_are_two_files);
	tcase_add_test(tests, a_column_of_a_large_file_that_turns_to_text_in_its_last_row_is_read_again);
	tcase_add_test(tests, nothing_stays_of_an_import_that_was_not_kept_and_a_dead_ones_file_is_cleaned);
	tcase_add_test(tests, a_full_disk_is_said_to_be_full);
	if (!SANITIZED) {
		tcase_add_test(tests, an_upload_of_any_size_does_not_grow_the_process);
	}
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
