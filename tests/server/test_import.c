/* CSV import: what is read, what is refused and with which words, and that memory and disk stay within bounds. */
#include "server/dataset/import.h"

#include <float.h>
#include <math.h>
#include <signal.h>
#include <sodium.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "server/dataset/number.h"
#include "tests/server/table_support.h"
#include "tests/support/suite.h"

/* The shadow memory of a sanitizer grows by itself. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

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
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[65];
	crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	ck_assert_str_eq(out.info.sha256, hex);
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
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		check_refused(cases[i].text, E_INVALID, cases[i].words);
	}
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
static struct imported write_repeatedly(const char *start, const char *unit, size_t most)
{
	struct imported out = { 0 };
	struct import_options options = { 0 };
	size_t length = strlen(unit), per_step = 65536 / length;
	char *step = malloc(per_step * length + 1);
	for (size_t i = 0; i < per_step; i++) {
		memcpy(step + i * length, unit, length);
	}
	ck_assert_int_eq(import_open("/nonexistent", &options, &out.import, &out.error), OK);
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
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct imported out = write_repeatedly(cases[i].start, cases[i].unit, 20000000);
		ck_assert_int_eq(out.status, E_TOO_LARGE);
		ck_assert_msg(strstr(out.error.text, cases[i].words) != NULL, "%s", out.error.text);
		imported_fini(&out);
	}
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

START_TEST(numbers_read_back_to_the_same_bits)
{
	struct number_format format;
	ck_assert_int_eq(number_format_init(&format, '.'), 0);
	uint64_t state = 42;
	for (int i = 0; i < 200000; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		uint64_t bits = i % 2 == 0 ? state : (state >> 12) | UINT64_C(0x3ff0000000000000);
		double value, back;
		memcpy(&value, &bits, sizeof value);
		if (!isfinite(value)) {
			continue;
		}
		char text[64];
		int length = snprintf(text, sizeof text, i % 3 == 0 ? "%.17g" : i % 3 == 1 ? "%.5f" : "%.9e", value);
		if (length >= 64) {
			continue;
		}
		ck_assert_int_eq(number_parse(&format, text, (size_t)length, &back), NUMBER_OK);
		double expected = strtod(text, NULL);
		ck_assert_mem_eq(&back, &expected, sizeof back);
	}
	number_format_fini(&format);
}
END_TEST

START_TEST(the_syntax_of_numbers_is_strict)
{
	static const char *const good[] = { "0",
					    "-0",
					    "+3",
					    ".5",
					    "5.",
					    "1e5",
					    "1E+5",
					    "1.e-3",
					    " 7 ",
					    "\t-2.385e0",
					    "00012",
					    "1e-400",
					    "9007199254740993",
					    "123456789012345678901234567890" };
	static const char *const bad[] = { "",    " ",   ".",   "+",     "-.",    "e5",   "1e",    "1e+",     "0x10",
					   "1,5", "1 2", "--1", "1.2.3", "1_000", "five", "1e5.0", "infinit", "nano" };
	struct number_format format;
	double value;
	ck_assert_int_eq(number_format_init(&format, '.'), 0);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ck_assert_msg(number_parse(&format, good[i], strlen(good[i]), &value) == NUMBER_OK, "%s", good[i]);
		ck_assert_double_eq(value, strtod(good[i], NULL));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(number_parse(&format, bad[i], strlen(bad[i]), &value) == NUMBER_NONE, "%s", bad[i]);
	}
	ck_assert_int_eq(number_parse(&format, "-1e309", 6, &value), NUMBER_RANGE);
	ck_assert_int_eq(number_parse(&format, "1e99999999999999999999", 22, &value), NUMBER_RANGE);
	number_format_fini(&format);
	ck_assert_int_eq(number_format_init(&format, ','), 0);
	ck_assert_int_eq(number_parse(&format, "1234567890123456,78125", 22, &value), NUMBER_OK);
	ck_assert_double_eq(value, 1234567890123456.78125);
	ck_assert_int_eq(number_parse(&format, "1.5", 3, &value), NUMBER_NONE);
	number_format_fini(&format);
}
END_TEST

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
	table_path(dir, out.info.sha256, path, sizeof path);
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
	table_path(dir, out.info.sha256, path, sizeof path);
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
	ck_assert_str_eq(usual.info.sha256, same.info.sha256);
	ck_assert_str_ne(usual.info.sha256, other.info.sha256);
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
	tcase_set_timeout(tests, 120);
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
	tcase_add_test(tests, nul_bytes_are_refused);
	tcase_add_test(tests, after_a_fault_every_call_says_the_same_again);
	tcase_add_test(tests, options_that_make_no_sense_are_refused);
	tcase_add_test(tests, a_tab_can_delimit_and_blanks_around_cells_are_dropped);
	tcase_add_test(tests, cells_rows_and_columns_without_end_are_refused_by_name_of_the_limit);
	tcase_add_test(tests, a_cell_of_the_longest_length_is_kept_and_one_byte_more_refused);
	tcase_add_test(tests, numbers_read_back_to_the_same_bits);
	tcase_add_test(tests, the_syntax_of_numbers_is_strict);
	tcase_add_test(tests, a_large_table_becomes_a_file_that_is_kept_once);
	tcase_add_test(tests, a_damaged_file_in_place_is_replaced_by_a_good_one);
	tcase_add_test(tests, the_same_bytes_read_in_two_ways_are_two_files);
	tcase_add_test(tests, a_column_of_a_large_file_that_turns_to_text_in_its_last_row_is_read_again);
	tcase_add_test(tests, nothing_stays_of_an_import_that_was_not_kept_and_a_dead_ones_file_is_cleaned);
	tcase_add_test(tests, a_full_disk_is_said_to_be_full);
	if (!SANITIZED) {
		tcase_add_test(tests, an_upload_of_any_size_does_not_grow_the_process);
	}
	tcase_add_test(tests, iris_is_read_without_touching_the_disk);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
