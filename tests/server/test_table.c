/* Stored tables: every type exactly, across chunks; and damaged bytes are found, never followed. */
#include "server/dataset/table.h"

#include <math.h>
#include <stdint.h>
#include <sys/stat.h>

#include "server/dataset/format.h"
#include "tests/server/table_support.h"
#include "tests/support/suite.h"

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

START_TEST(each_type_holds_its_extremes_exactly)
{
	struct imported out = import_good("u8,i16,i32,f32,f64,zero\n"
					  "0,-32768,-2147483648,0.5,0.1,-0\n"
					  "255,32767,2147483647,3.4028234663852886e38,1.7976931348623157e308,0\n"
					  "7,-1,65536,-1.401298464324817e-45,-4.9406564584124654e-324,1\n");
	static const double expected[6][3] = {
		{ 0, 255, 7 },
		{ -32768, 32767, -1 },
		{ -2147483648.0, 2147483647, 65536 },
		{ 0.5, 3.4028234663852886e38, -1.401298464324817e-45 },
		{ 0.1, 1.7976931348623157e308, -4.9406564584124654e-324 },
		{ -0.0, 0, 1 },
	};
	for (size_t j = 0; j < 6; j++) {
		double value[3];
		table_read_numbers(out.table, j, 0, 3, value);
		ck_assert_mem_eq(value, expected[j], sizeof value);
	}
	ck_assert_int_eq(out.info.column[5].distinct, 2); /* -0 is 0 to whoever counts */
	imported_fini(&out);
}
END_TEST

/* A wide and long table whose cells tell where they are: several chunks, several types in a column. */
static char *make_wide(size_t rows, size_t columns, size_t *length)
{
	char *text = malloc(rows * columns * 16 + columns * 8 + 64);
	size_t n = 0;
	for (size_t j = 0; j < columns; j++) {
		n += (size_t)sprintf(text + n, "%sc%zu", j == 0 ? "" : ",", j);
	}
	text[n++] = '\n';
	for (size_t i = 0; i < rows; i++) {
		for (size_t j = 0; j < columns; j++) {
			n += (size_t)sprintf(text + n, "%s%zu%s", j == 0 ? "" : ",", i * (j + 1),
					     j % 3 == 1 ? ".5" : "");
		}
		text[n++] = '\n';
	}
	*length = n;
	return text;
}

START_TEST(any_range_of_rows_can_be_read)
{
	enum { ROWS = 9001, COLUMNS = 120 }; /* chunks of 2^19 / 120 rows */
	char dir[64];
	size_t length;
	scratch_make(dir);
	char *text = make_wide(ROWS, COLUMNS, &length);
	struct imported out = import_bytes(dir, NULL, text, length, 65536);
	ck_assert_msg(out.status == OK, "%s", out.error.text);
	double *value = malloc(ROWS * sizeof *value);
	uint64_t state = 7;
	for (int k = 0; k < 300; k++) {
		size_t column = next_random(&state) % COLUMNS, first = next_random(&state) % ROWS;
		size_t count = next_random(&state) % (ROWS - first + 1);
		ck_assert_int_eq(table_verify(out.table, first, count, &out.error), OK);
		table_read_numbers(out.table, column, first, count, value);
		for (size_t i = 0; i < count; i++) {
			double expected = (double)((first + i) * (column + 1)) + (column % 3 == 1 ? 0.5 : 0);
			ck_assert_double_eq(value[i], expected);
		}
	}
	free(value);
	free(text);
	imported_fini(&out);
	scratch_remove(dir);
}
END_TEST

START_TEST(a_hundred_thousand_columns_are_read)
{
	enum { COLUMNS = 100000, ROWS = 12 };
	char dir[64];
	size_t length;
	scratch_make(dir);
	char *text = make_wide(ROWS, COLUMNS, &length);
	struct imported out = import_bytes(dir, NULL, text, length, 65536);
	ck_assert_msg(out.status == OK, "%s", out.error.text);
	ck_assert_uint_eq(table_columns(out.table), COLUMNS);
	ck_assert_double_eq(cell_number(out.table, COLUMNS - 1, ROWS - 1), (double)(ROWS - 1) * COLUMNS);
	ck_assert_str_eq(table_name(out.table, COLUMNS - 1), "c99999");
	free(text);
	imported_fini(&out);
	scratch_remove(dir);
}
END_TEST

/* Reads all there is; whatever the bytes are, this must stay within them. */
static void read_everything(const struct table *table)
{
	uint64_t rows = table_rows(table);
	double *value = malloc(rows * sizeof *value);
	struct error error;
	table_verify(table, 0, rows, &error);
	for (size_t j = 0; j < table_columns(table); j++) {
		ck_assert_uint_lt(strlen(table_name(table, j)), 2000);
		table_read_numbers(table, j, 0, rows, value);
		for (uint64_t i = 0; i < rows && table_kind(table, j) == COLUMN_TEXT; i++) {
			size_t length;
			const char *text = table_text(table, j, (size_t)value[i], &length);
			volatile char last = length > 0 ? text[length - 1] : '\0';
			(void)last;
		}
	}
	free(value);
}

static unsigned char *make_small(size_t *length)
{
	struct imported out = import_good("v,w,t\n1,0.1,one\n2,0.2,two\n70000,1e300,three\n4,-0.4,one\n");
	const void *content = import_content(out.import, length);
	unsigned char *copy = malloc(*length);
	memcpy(copy, content, *length);
	imported_fini(&out);
	return copy;
}

/* A block of exactly `length` bytes, so that the address sanitizer sees the first byte beyond. */
static enum status open_copy(const unsigned char *bytes, size_t length, bool all)
{
	unsigned char *exact = malloc(length > 0 ? length : 1);
	struct table *table;
	struct error error;
	memcpy(exact, bytes, length);
	enum status status = table_open_memory(exact, length, &table, &error);
	if (status == OK) {
		if (table_verify(table, 0, table_rows(table), &error) != OK) {
			status = E_CORRUPT;
		}
		if (all) {
			read_everything(table);
		}
		table_close(table);
	}
	free(exact);
	return status;
}

START_TEST(every_truncation_is_found)
{
	size_t length;
	unsigned char *bytes = make_small(&length);
	ck_assert_int_eq(open_copy(bytes, length, true), OK);
	for (size_t cut = 0; cut < length; cut++) {
		ck_assert_int_eq(open_copy(bytes, cut, true), E_CORRUPT);
	}
	free(bytes);
}
END_TEST

START_TEST(every_flipped_bit_is_found)
{
	size_t length;
	unsigned char *bytes = make_small(&length);
	for (size_t bit = 0; bit < 8 * length; bit++) {
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		ck_assert_int_eq(open_copy(bytes, length, true), E_CORRUPT);
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	free(bytes);
}
END_TEST

/* Puts the checksums right again: damage that they cannot tell. */
static void seal(unsigned char *bytes, size_t length)
{
	struct table_header header;
	memcpy(&header, bytes, sizeof header);
	if (header.directory_offset <= length && header.chunks > 0 &&
	    header.directory_offset + sizeof(struct table_chunk) <= length) {
		struct table_chunk chunk;
		memcpy(&chunk, bytes + header.directory_offset, sizeof chunk);
		if (chunk.offset <= length && chunk.length <= length - chunk.offset) {
			chunk.crc = table_crc(bytes + chunk.offset, chunk.length);
			memcpy(bytes + header.directory_offset, &chunk, sizeof chunk);
		}
		header.directory_crc = table_crc(bytes + header.directory_offset, length - header.directory_offset);
	}
	header.header_crc = table_crc(&header, offsetof(struct table_header, header_crc));
	memcpy(bytes, &header, sizeof header);
}

START_TEST(forged_bytes_with_right_checksums_are_never_followed_out_of_bounds)
{
	size_t length;
	uint64_t state = 2385;
	unsigned char *good = make_small(&length), *bytes = malloc(length);
	for (int k = 0; k < 30000; k++) {
		memcpy(bytes, good, length);
		size_t changes = 1 + next_random(&state) % 3;
		for (size_t c = 0; c < changes; c++) {
			static const unsigned char odd[] = { 0, 1, 7, 8, 0x7f, 0x80, 0xff };
			bytes[next_random(&state) % length] = odd[next_random(&state) % sizeof odd];
		}
		seal(bytes, length);
		enum status status = open_copy(bytes, length, true);
		ck_assert(status == OK || status == E_CORRUPT || status == E_NEWER || status == E_MEMORY);
	}
	free(bytes);
	free(good);
}
END_TEST

START_TEST(a_newer_format_is_told_apart_from_damage)
{
	size_t length;
	unsigned char *bytes = make_small(&length);
	bytes[8] = 2;
	seal(bytes, length);
	ck_assert_int_eq(open_copy(bytes, length, false), E_NEWER);
	free(bytes);
}
END_TEST

START_TEST(a_damaged_chunk_of_a_file_reads_as_nan_and_the_others_are_good)
{
	enum { ROWS = 9001, COLUMNS = 120 };
	char dir[64], path[512];
	size_t length;
	scratch_make(dir);
	char *text = make_wide(ROWS, COLUMNS, &length);
	struct imported out = import_bytes(dir, NULL, text, length, 65536);
	ck_assert_int_eq(import_keep(out.import, &out.error), OK);
	table_path(dir, out.info.content_name, path, sizeof path);
	struct stat entry;
	ck_assert_int_eq(stat(path, &entry), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
	FILE *file = fopen(path, "r+b");
	ck_assert_int_eq(fseek(file, 5000, SEEK_SET), 0); /* in the first chunk */
	int byte = fgetc(file);
	ck_assert_int_eq(fseek(file, 5000, SEEK_SET), 0);
	fputc(byte ^ 0x10, file);
	fclose(file);
	struct table *table;
	ck_assert_int_eq(table_open_file(path, &table, &out.error), OK);
	ck_assert_int_eq(table_verify(table, 0, ROWS, &out.error), E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(out.error.text, "rows 1 to 4369"));
	ck_assert_int_eq(table_verify(table, 4369, 100, &out.error), OK);
	ck_assert(isnan(cell_number(table, 3, 0)));
	ck_assert_double_eq(cell_number(table, 3, 4369), 4369 * 4);
	table_close(table);
	table_close(NULL);
	imported_fini(&out);
	free(text);
	scratch_remove(dir);
}
END_TEST

START_TEST(a_file_that_is_not_there_or_empty_is_said_so)
{
	struct table *table;
	struct error error;
	ck_assert_int_eq(table_open_file("/nonexistent/x.table", &table, &error), E_IO);
	ck_assert_int_eq(table_open_file("/dev/null", &table, &error), E_CORRUPT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("table");
	TCase *tests = tcase_create("table");
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, each_type_holds_its_extremes_exactly);
	tcase_add_test(tests, any_range_of_rows_can_be_read);
	tcase_add_test(tests, a_hundred_thousand_columns_are_read);
	tcase_add_test(tests, every_truncation_is_found);
	tcase_add_test(tests, every_flipped_bit_is_found);
	tcase_add_test(tests, forged_bytes_with_right_checksums_are_never_followed_out_of_bounds);
	tcase_add_test(tests, a_newer_format_is_told_apart_from_damage);
	tcase_add_test(tests, a_damaged_chunk_of_a_file_reads_as_nan_and_the_others_are_good);
	tcase_add_test(tests, a_file_that_is_not_there_or_empty_is_said_so);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
