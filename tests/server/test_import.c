/* CSV import: what is read, and what is refused with which words. Files and sizes: test_import_files.c. */
#include "server/dataset/import.h"

#include <math.h>

#include "tests/server/table_support.h"
#include "tests/support/suite.h"

static void check_refused(const char *text, enum status status, const char *words)
{
	struct imported out = import_text(text);
	ck_assert_msg(out.status == status, "\"%.60s\" gave %s: %s", text, status_slug(out.status), out.error.text);
	ck_assert_msg(strstr(out.error.text, words) != NULL, "\"%s\" lacks \"%s\"", out.error.text, words);
	imported_fini(&out);
}

START_TEST(numbers_and_texts_of_a_table_come_back)
{
	struct imported out = import_good("x,kind,y\n2.385,cat,-7\n1e3,dog,300\n.5,cat,5.\n");
	ck_assert_uint_eq(out.info.rows, 3);
	ck_assert_uint_eq(out.info.columns, 3);
	ck_assert_uint_eq(table_rows(out.table), 3);
	ck_assert_str_eq(out.info.column[1].name, "kind");
	ck_assert_str_eq(table_name(out.table, 2), "y");
	ck_assert_int_eq(out.info.column[0].kind, COLUMN_NUMBER);
	ck_assert_int_eq(out.info.column[1].kind, COLUMN_TEXT);
	ck_assert_double_eq(cell_number(out.table, 0, 0), 2.385);
	ck_assert_double_eq(cell_number(out.table, 0, 1), 1000);
	ck_assert_double_eq(cell_number(out.table, 0, 2), 0.5);
	ck_assert_double_eq(cell_number(out.table, 2, 0), -7);
	ck_assert_double_eq(cell_number(out.table, 2, 2), 5);
	ASSERT_CELL_TEXT(out.table, 1, 0, "cat");
	ASSERT_CELL_TEXT(out.table, 1, 1, "dog");
	ASSERT_CELL_TEXT(out.table, 1, 2, "cat");
	ck_assert_uint_eq(table_texts(out.table, 1), 2);
	imported_fini(&out);
}
END_TEST

START_TEST(quotes_newlines_delimiters_crlf_and_the_byte_order_mark_are_understood_however_the_bytes_arrive)
{
	static const char text[] = "\xef\xbb\xbf\"a, or b\",\"say \"\"hi\"\"\"\r\n \t1.25 ,\"two\nlines, one "
				   "cell\"\r\n\r\n\"-3\",caf\xc3\xa9";
	for (size_t step = 1; step < sizeof text; step++) {
		struct imported out = import_bytes("/nonexistent", NULL, text, sizeof text - 1, step);
		ck_assert_msg(out.status == OK, "%s", out.error.text);
		ck_assert_str_eq(out.info.column[0].name, "a, or b");
		ck_assert_str_eq(out.info.column[1].name, "say \"hi\"");
		ck_assert_uint_eq(out.info.rows, 2);
		ck_assert_double_eq(cell_number(out.table, 0, 0), 1.25);
		ck_assert_double_eq(cell_number(out.table, 0, 1), -3);
		ASSERT_CELL_TEXT(out.table, 1, 0, "two\nlines, one cell");
		ASSERT_CELL_TEXT(out.table, 1, 1, "caf\xc3\xa9");
		imported_fini(&out);
	}
}
END_TEST

START_TEST(a_file_of_only_a_part_of_a_byte_order_mark_is_not_lost)
{
	check_refused("\xef\xbb", E_INVALID, "UTF-8");
	check_refused("\xef\xbb\xbf", E_INVALID, "empty");
}
END_TEST

START_TEST(metadata_describe_each_column)
{
	struct imported out = import_good("v,c\n1,b\n2,a\n2,b\n4.5,\xc3\xa4\n");
	const struct column_info *v = &out.info.column[0], *c = &out.info.column[1];
	ck_assert_double_eq(v->minimum, 1);
	ck_assert_double_eq(v->maximum, 4.5);
	ck_assert_double_eq(v->mean, 2.375);
	ck_assert_double_eq_tol(v->sd, sqrt((1.375 * 1.375 + 2 * 0.375 * 0.375 + 2.125 * 2.125) / 4), 1e-15);
	ck_assert_int_eq(v->distinct, 3);
	ck_assert_uint_eq(v->level_count, 3);
	ck_assert_double_eq(v->level_number[1], 2);
	ck_assert_uint_eq(v->missing, 0);
	ck_assert_int_eq(c->distinct, 3);
	ck_assert_uint_eq(c->level_count, 3);
	ck_assert_str_eq(c->level_text[0], "a");
	ck_assert_str_eq(c->level_text[1], "b");
	ck_assert_str_eq(c->level_text[2], "\xc3\xa4");
	imported_fini(&out);
}
END_TEST

START_TEST(the_spread_of_a_column_is_exact_where_naive_sums_fail)
{
	char text[4096] = "constant,shifted\n";
	for (int i = 0; i < 100; i++) {
		char row[64];
		snprintf(row, sizeof row, "0.1,%d\n", 1000000000 + i % 2);
		strcat(text, row);
	}
	struct imported out = import_good(text);
	ck_assert_double_eq(out.info.column[0].sd, 0);
	ck_assert_double_eq(out.info.column[0].mean, 0.1);
	ck_assert_double_eq(out.info.column[1].mean, 1000000000.5);
	ck_assert_double_eq(out.info.column[1].sd, 0.5);
	imported_fini(&out);
}
END_TEST

START_TEST(the_sha256_is_that_of_the_bytes)
{
	static const char text[] = "a;b\r\n1,5;2\r\n";
	struct import_options options = { .delimiter = ';', .decimal = ',' };
	struct imported out = import_bytes("/nonexistent", &options, text, strlen(text), 4);
	ck_assert_msg(out.status == OK, "%s", out.error.text);
	ck_assert_double_eq(cell_number(out.table, 0, 0), 1.5);
	ck_assert_uint_eq(out.info.bytes, strlen(text));
	/* by coreutils' sha256sum */
	ck_assert_str_eq(out.info.sha256, "5cbe4758186566a2d08844d9069b0349c97e587c84db243bfc5efe473d2e83bd");
	imported_fini(&out);
}
END_TEST

START_TEST(the_header_is_guessed_or_said)
{
	struct imported out = import_good("1,2\n3,4\n");
	ck_assert_uint_eq(out.info.rows, 2);
	ck_assert_str_eq(out.info.column[1].name, "x2");
	imported_fini(&out);

	struct import_options said = { .header = HEADER_TRUE };
	out = import_bytes("/nonexistent", &said, "1,2\n3,4\n", 8, 8);
	ck_assert_uint_eq(out.info.rows, 1);
	ck_assert_str_eq(out.info.column[0].name, "1");
	imported_fini(&out);

	said.header = HEADER_FALSE;
	out = import_bytes("/nonexistent", &said, "a,2\nb,4\n", 8, 8);
	ck_assert_uint_eq(out.info.rows, 2);
	ck_assert_str_eq(out.info.column[0].name, "x1");
	ASSERT_CELL_TEXT(out.table, 0, 0, "a");
	imported_fini(&out);
}
END_TEST

START_TEST(a_column_that_turns_to_text_keeps_the_spelling_of_its_numbers)
{
	struct imported out = import_good("code,n\n007,1\n1.50,2\n1e2,3\nnan,4\nX1,5\n007,6\n");
	ck_assert_int_eq(out.info.column[0].kind, COLUMN_TEXT);
	ck_assert_int_eq(out.info.column[1].kind, COLUMN_NUMBER);
	ck_assert_int_eq(out.info.column[0].distinct, 5);
	ASSERT_CELL_TEXT(out.table, 0, 0, "007");
	ASSERT_CELL_TEXT(out.table, 0, 1, "1.50");
	ASSERT_CELL_TEXT(out.table, 0, 3, "nan");
	ASSERT_CELL_TEXT(out.table, 0, 5, "007");
	ck_assert_double_eq(cell_number(out.table, 1, 5), 6);
	ck_assert_uint_eq(out.info.rows, 6);
	imported_fini(&out);
}
END_TEST

START_TEST(columns_said_to_be_text_are_text)
{
	static const bool text_column[] = { false, true };
	struct import_options options = { .header = HEADER_TRUE, .text_column = text_column, .text_columns = 2 };
	static const char text[] = "a,b\n1,01\n2,1\nz,01\n"; /* a turns to text too: b must stay so */
	struct imported out = import_bytes("/nonexistent", &options, text, strlen(text), 5);
	ck_assert_msg(out.status == OK, "%s", out.error.text);
	ck_assert_int_eq(out.info.column[1].kind, COLUMN_TEXT);
	ASSERT_CELL_TEXT(out.table, 1, 0, "01");
	ASSERT_CELL_TEXT(out.table, 1, 1, "1");
	ASSERT_CELL_TEXT(out.table, 0, 0, "1");
	imported_fini(&out);
}
END_TEST

START_TEST(what_is_wrong_with_a_file_is_said_with_line_and_column)
{
	static const struct {
		const char *text;
		const char *words;
	} cases[] = {
		{ "", "the file is empty" },
		{ "\n\r\n  \n", "the file is empty" },
		{ "a,b\n", "a header and no rows" },
		{ "a,b\n1,2\n3,\n", "line 3, column 2 (\"b\"): the cell is empty" },
		{ "a,b\n1,\"\"\n", "line 2, column 2 (\"b\"): the cell is empty" },
		{ "a,b\r\n1,2\r\n\r\n,4\r\n", "line 4, column 1 (\"a\"): the cell is empty" },
		{ "a,b\n1,\"x\ny\"\n,4\n", "line 4, column 1 (\"a\"): the cell is empty" },
		{ "\"a\nb\",c\n1,2\n,4\n", "line 4, column 1 (\"a b\"): the cell is empty" },
		{ "a,b\r1,2\r,4\r", "line 3, column 1 (\"a\"): the cell is empty" },
		{ "1,2\n3,\n", "line 2, column 2 (\"x2\"): the cell is empty" },
		{ "1,,3\n", "line 1, column 2 (\"x2\"): the cell is empty" },
		{ "a,b\n1,2\n3\n", "line 3: 1 cells where 2 are expected" },
		{ "a,b\n1,2,3\n", "line 2: 3 cells where 2 are expected" },
		{ "a,b,a\n1,2,3\n", "the name \"a\" to columns 1 and 3" },
		{ "a,,c\n1,2,3\n", "column 2 has no name" },
		{ ",b\n1,2\n", "column 1 has no name" },
		{ "a,b\n1,nan\n", "line 2, column 2 (\"b\"): \"nan\" is no finite number" },
		{ "a,b\n1,2\n1,-Inf\n", "line 3, column 2 (\"b\"): \"-Inf\" is no finite number" },
		{ "1,2\n1,INFINITY\n", "line 2, column 2 (\"x2\")" },
		{ "a\n1e400\n", "line 2, column 1 (\"a\"): \"1e400\" is beyond the range" },
		{ "a\nx\n\xff\xfe\n", "line 3, column 1 (\"a\"): the text is not UTF-8" },
		{ "a\xc3,b\n1,2\n", "UTF-8" },
		{ "a\nx\n\xed\xa0\x80\n", "not UTF-8" },
		{ "a\nx\n\xc0\xaf\n", "not UTF-8" },
		{ "a\nx\n\xf4\x90\x80\x80\n", "not UTF-8" },
		{ "a,b\n1,x\"y\n", "line 2: a quote inside an unquoted cell" },
		{ "a,b\n1,\"x\" y\n", "line 2: a quote inside an unquoted cell, or text after a closing quote" },
		{ "a,b\n1,\"x\n", "a quote is not closed" },
		{ "id,b\n1,2\n9007199254740993,2\n",
		  "line 3, column 1 (\"id\"): \"9007199254740993\" is a whole number" },
		{ "a;b;c\n1;2;3\n4;5;6\n",
		  "line 2: the file looks cut by ';', not by ',': upload it with delimiter=;" },
		{ "a;b\n1,5;2,385\n", "line 2: the file looks cut by ';'" },
		{ "a\tb\n1\t2\n", "delimiter=tab" },
		{ "1;2\n3;4\n", "delimiter=;" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		check_refused(cases[i].text, E_INVALID, cases[i].words);
	}
}
END_TEST

START_TEST(one_column_may_hold_separators_that_are_not)
{
	static const char said[] = "a;b\n1;2\n3;4\n";
	struct imported out = import_good("note; comment\nshort\nlonger; than that; by far\n");
	ck_assert_uint_eq(out.info.columns, 1);
	imported_fini(&out);
	out = import_good("\"last, first\"\n\"Doe, J\"\n");
	ck_assert_str_eq(out.info.column[0].name, "last, first");
	imported_fini(&out);
	struct import_options options = { .delimiter = ',', .delimiter_said = true };
	out = import_bytes("/nonexistent", &options, said, strlen(said), 3);
	ck_assert_int_eq(out.status, OK);
	ck_assert_uint_eq(out.info.columns, 1);
	ASSERT_CELL_TEXT(out.table, 0, 1, "3;4");
	imported_fini(&out);
	/* An identifier among words is a text, and stays as it is. */
	out = import_good("id,y\n9007199254740993,1\nnone,2\n");
	ASSERT_CELL_TEXT(out.table, 0, 0, "9007199254740993");
	imported_fini(&out);
}
END_TEST

START_TEST(nul_bytes_are_refused)
{
	static const char in_cell[] = "a,b\n1,x\0y\n", in_name[] = "a,b\0c\n1,2\n";
	struct imported out = import_bytes("/nonexistent", NULL, in_cell, sizeof in_cell - 1, 3);
	ck_assert_int_eq(out.status, E_INVALID);
	ck_assert_ptr_nonnull(strstr(out.error.text, "line 2, column 2 (\"b\"): a NUL byte"));
	imported_fini(&out);
	out = import_bytes("/nonexistent", NULL, in_name, sizeof in_name - 1, 3);
	ck_assert_int_eq(out.status, E_INVALID);
	imported_fini(&out);
}
END_TEST

START_TEST(after_a_fault_every_call_says_the_same_again)
{
	struct import_options options = { 0 };
	struct import *import;
	struct error error, again;
	struct dataset_info info;
	ck_assert_int_eq(import_open("/nonexistent", &options, &import, &error), OK);
	ck_assert_int_eq(import_write(import, "a,b\n1\n", 6, &error), E_INVALID);
	ck_assert_int_eq(import_write(import, "1,2\n", 4, &again), E_INVALID);
	ck_assert_str_eq(error.text, again.text);
	ck_assert_int_eq(import_finish(import, &info, &again), E_INVALID);
	ck_assert_str_eq(error.text, again.text);
	import_destroy(import);
	import_destroy(NULL);
}
END_TEST

START_TEST(options_that_make_no_sense_are_refused)
{
	static const struct import_options wrong[] = {
		{ .delimiter = '"' }, { .delimiter = '\n' }, { .delimiter = '7' }, { .delimiter = '-' },
		{ .decimal = ',' },   { .decimal = 'e' },    { .decimal = ' ' },   { .delimiter = ';', .decimal = ';' },
	};
	struct import *import;
	struct error error;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_int_eq(import_open("/nonexistent", &wrong[i], &import, &error), E_INVALID);
	}
}
END_TEST

START_TEST(a_tab_can_delimit_and_blanks_around_cells_are_dropped)
{
	static const char text[] = "a\tb\n 1 \t x y \n";
	struct import_options options = { .delimiter = '\t' };
	struct imported out = import_bytes("/nonexistent", &options, text, strlen(text), 7);
	ck_assert_msg(out.status == OK, "%s", out.error.text);
	ck_assert_double_eq(cell_number(out.table, 0, 0), 1);
	ASSERT_CELL_TEXT(out.table, 1, 0, "x y");
	imported_fini(&out);
}
END_TEST

/* Writes `unit` until the import refuses; at most `most` times. */
static struct imported write_repeatedly(const char *dir, const char *start, const char *unit, size_t most)
{
	struct imported out = { 0 };
	struct import_options options = { 0 };
	size_t length = strlen(unit), per_step = 65536 / length;
	char *step = malloc(per_step * length + 1);
	for (size_t i = 0; i < per_step; i++) {
		memcpy(step + i * length, unit, length);
	}
	ck_assert_int_eq(import_open(dir, &options, &out.import, &out.error), OK);
	out.status = import_write(out.import, start, strlen(start), &out.error);
	for (size_t i = 0; i < most && out.status == OK; i += per_step) {
		out.status = import_write(out.import, step, per_step * length, &out.error);
	}
	free(step);
	return out;
}

START_TEST(cells_rows_and_columns_without_end_are_refused_by_name_of_the_limit)
{
	static const struct {
		const char *start, *unit, *words;
	} cases[] = {
		{ "a,b\n1,\"", "never closed, \n",
		  "line 2: a cell is longer than 65536 bytes; is a quote not closed?" },
		{ "", "x", "a cell is longer than 65536 bytes" },
		{ "", "x,", "more than 100000 columns" },
		{ "a,b\n1", ",7", "line 2: the row is longer than 16777216 bytes" },
	};
	char dir[64];
	scratch_make(dir);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct imported out = write_repeatedly(dir, cases[i].start, cases[i].unit, 20000000);
		ck_assert_int_eq(out.status, E_TOO_LARGE);
		ck_assert_msg(strstr(out.error.text, cases[i].words) != NULL, "%s", out.error.text);
		imported_fini(&out);
	}
	scratch_remove(dir);
}
END_TEST

START_TEST(a_cell_of_the_longest_length_is_kept_and_one_byte_more_refused)
{
	enum { LONGEST = 65536 };
	char *text = malloc(LONGEST + 16);
	for (int quoted = 0; quoted < 2; quoted++) {
		for (int more = 0; more < 2; more++) {
			size_t n = (size_t)sprintf(text, "a\n%s", quoted ? "\"" : "");
			memset(text + n, 'z', LONGEST + (size_t)more);
			n += LONGEST + (size_t)more;
			n += (size_t)sprintf(text + n, "%s\n", quoted ? "\"" : "");
			struct imported out = import_bytes("/nonexistent", NULL, text, n, 1000);
			ck_assert_msg(out.status == (more ? E_TOO_LARGE : OK), "%s", out.error.text);
			imported_fini(&out);
		}
	}
	free(text);
}
END_TEST

START_TEST(iris_is_read_without_touching_the_disk)
{
	char text[8192];
	FILE *file = fopen("tests/data/iris.csv", "rb");
	ck_assert_ptr_nonnull(file);
	size_t length = fread(text, 1, sizeof text, file);
	fclose(file);
	struct imported out = import_bytes("/nonexistent", NULL, text, length, 1000);
	ck_assert_msg(out.status == OK, "%s", out.error.text);
	ck_assert_uint_eq(out.info.rows, 150);
	ck_assert_uint_eq(out.info.columns, 5);
	ck_assert_int_eq(out.info.column[4].distinct, 3);
	ck_assert_double_eq_tol(out.info.column[0].mean, 876.5 / 150, 1e-14);
	size_t size;
	ck_assert_ptr_nonnull(import_content(out.import, &size));
	ck_assert_int_eq(import_keep(out.import, &out.error), OK);
	imported_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("import");
	TCase *tests = tcase_create("import");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, numbers_and_texts_of_a_table_come_back);
	tcase_add_test(tests,
		       quotes_newlines_delimiters_crlf_and_the_byte_order_mark_are_understood_however_the_bytes_arrive);
	tcase_add_test(tests, a_file_of_only_a_part_of_a_byte_order_mark_is_not_lost);
	tcase_add_test(tests, metadata_describe_each_column);
	tcase_add_test(tests, the_spread_of_a_column_is_exact_where_naive_sums_fail);
	tcase_add_test(tests, the_sha256_is_that_of_the_bytes);
	tcase_add_test(tests, the_header_is_guessed_or_said);
	tcase_add_test(tests, a_column_that_turns_to_text_keeps_the_spelling_of_its_numbers);
	tcase_add_test(tests, columns_said_to_be_text_are_text);
	tcase_add_test(tests, what_is_wrong_with_a_file_is_said_with_line_and_column);
	tcase_add_test(tests, one_column_may_hold_separators_that_are_not);
	tcase_add_test(tests, nul_bytes_are_refused);
	tcase_add_test(tests, after_a_fault_every_call_says_the_same_again);
	tcase_add_test(tests, options_that_make_no_sense_are_refused);
	tcase_add_test(tests, a_tab_can_delimit_and_blanks_around_cells_are_dropped);
	tcase_add_test(tests, cells_rows_and_columns_without_end_are_refused_by_name_of_the_limit);
	tcase_add_test(tests, a_cell_of_the_longest_length_is_kept_and_one_byte_more_refused);
	tcase_add_test(tests, iris_is_read_without_touching_the_disk);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
