/* Texts and numbers: what is written reads back to the same bits; strings are always valid JSON. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/text.h"
#include "tests/support/suite.h"

static uint64_t random_state = 2385;

/* xorshift64* (Vigna 2016): any cheap source of bit patterns will do. */
static uint64_t random_bits(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 2685821657736338717u;
}

static void check_double(double value)
{
	struct text text;
	text_init(&text);
	if (!isfinite(value)) {
		return;
	}
	text_json_double(&text, value);
	double back = strtod(text.data, NULL);
	ck_assert_msg(memcmp(&back, &value, sizeof back) == 0, "%.17g was written %s", value, text.data);
	text_fini(&text);
}

static void check_float(float value)
{
	struct text text;
	text_init(&text);
	text_json_float(&text, value);
	float back = strtof(text.data, NULL), through_double = (float)strtod(text.data, NULL);
	ck_assert_msg(memcmp(&back, &value, sizeof back) == 0 && memcmp(&through_double, &value, sizeof back) == 0,
		      "%.9g was written %s", (double)value, text.data);
	text_fini(&text);
}

START_TEST(any_double_reads_back_to_the_same_bits)
{
	for (int i = 0; i < 60000; i++) {
		uint64_t bits = random_bits();
		double value;
		memcpy(&value, &bits, sizeof value);
		check_double(value);
		/* Numbers as they occur: mostly near 1, of every sign. */
		check_double(((double)(random_bits() >> 11) * 0x1p-53 - 0.5) * pow(10, (double)(i % 37) - 12));
		check_double(round(((double)(random_bits() >> 11) * 0x1p-53 - 0.5) * 1e6) / 1e4);
	}
	const double odd[] = { 0.0,
			       -0.0,
			       DBL_MIN,
			       DBL_MAX,
			       DBL_TRUE_MIN,
			       5e-324,
			       0.1,
			       1.0 / 3,
			       1e15,
			       1e16,
			       1e17,
			       1e22,
			       1e23,
			       9007199254740993.0,
			       2.385,
			       1e-9,
			       9.5e-10,
			       123456789012345678.0,
			       0.99999999999999989,
			       1e21,
			       -1e-5 };
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		check_double(odd[i]);
		check_double(nextafter(odd[i], INFINITY));
		check_double(nextafter(odd[i], -INFINITY));
	}
}
END_TEST

START_TEST(any_float_reads_back_to_the_same_bits_even_through_a_double)
{
	for (int i = 0; i < 100000; i++) {
		uint32_t bits = (uint32_t)(random_bits() >> 32);
		float value;
		memcpy(&value, &bits, sizeof value);
		if (isfinite(value)) {
			check_float(value);
		}
		check_float((float)(((double)(random_bits() >> 11) * 0x1p-53 - 0.5) * pow(10, (double)(i % 17) - 8)));
	}
	check_float(-0.0f);
	check_float(FLT_MAX);
	check_float(FLT_TRUE_MIN);
	check_float(16777217.0f);
}
END_TEST

static void check_written(double value, const char *expected)
{
	struct text text;
	text_init(&text);
	text_json_double(&text, value);
	ck_assert_str_eq(text.data, expected);
	text_fini(&text);
}

START_TEST(numbers_are_written_short)
{
	check_written(2.385, "2.385");
	check_written(0.1, "0.1");
	check_written(-1.2, "-1.2");
	check_written(100, "100");
	check_written(-0.0, "-0");
	check_written(0.001, "0.001");
	check_written(1e-5, "0.00001");
	check_written(1e-8, "1e-08");
	check_written(1e300, "1e+300");
	check_written(1.0 / 3, "0.3333333333333333");
	check_written(0.1 + 0.2, "0.30000000000000004");
	check_written((double)NAN, "null");
	check_written((double)-INFINITY, "null");
	struct text text;
	text_init(&text);
	text_json_float(&text, 0.1f);
	text_puts(&text, " ");
	text_json_float(&text, 2.385f);
	text_puts(&text, " ");
	text_csv_double(&text, (double)-INFINITY);
	text_puts(&text, " ");
	text_csv_double(&text, (double)NAN);
	text_puts(&text, " ");
	text_json_uint(&text, UINT64_MAX);
	ck_assert_str_eq(text.data, "0.1 2.385 -Infinity NaN 18446744073709551615");
	text_fini(&text);
}
END_TEST

START_TEST(strings_are_escaped_and_repaired)
{
	struct text text;
	text_init(&text);
	text_json_string(&text, "a\"b\\c\n\x01\x7f/\xc3\xa9\xf0\x9f\x98\x80");
	ck_assert_str_eq(text.data, "\"a\\\"b\\\\c\\n\\u0001\\u007f/\xc3\xa9\xf0\x9f\x98\x80\"");
	text.length = 0;
	/* A lone continuation byte, an overlong slash, a surrogate, a cut-off sequence. */
	text_json_string(&text, "\x80 \xc0\xaf \xed\xa0\x80 \xe2\x82");
#define REPLACED "\xef\xbf\xbd"
	ck_assert_str_eq(text.data,
			 "\"" REPLACED " " REPLACED REPLACED " " REPLACED REPLACED REPLACED " " REPLACED REPLACED "\"");
	text.length = 0;
	text_json_string(&text, NULL);
	text_json_string_n(&text, "a\0b", 3);
	ck_assert_str_eq(text.data, "null\"a\\u0000b\"");
	text_fini(&text);
}
END_TEST

START_TEST(times_are_rfc_3339_with_milliseconds)
{
	struct text text;
	text_init(&text);
	text_json_time(&text, 1795317845678);
	text_json_time(&text, 0);
	text_json_time(&text, INT64_MAX);
	ck_assert_str_eq(text.data, "\"2026-11-22T03:24:05.678Z\"nullnull");
	text_fini(&text);
}
END_TEST

START_TEST(every_third_week_of_the_calendar_is_that_of_the_c_library)
{
	const int64_t last = 253402300799, step = 3 * 604800 + 3661; /* the time of the day moves on, too */
	for (int64_t seconds = 1; seconds <= last; seconds += step) {
		struct text text;
		char expected[40];
		time_t time = (time_t)seconds;
		struct tm parts;
		text_init(&text);
		text_json_time(&text, seconds * 1000 + seconds % 1000);
		strftime(expected, sizeof expected, "\"%Y-%m-%dT%H:%M:%S", gmtime_r(&time, &parts));
		snprintf(expected + strlen(expected), 8, ".%03dZ\"", (int)(seconds % 1000));
		ck_assert_str_eq(text.data, expected);
		text_fini(&text);
	}
}
END_TEST

START_TEST(a_text_grows_and_can_be_taken)
{
	struct text text;
	text_init(&text);
	size_t length;
	char *empty = text_take(&text, &length);
	ck_assert_str_eq(empty, "");
	ck_assert_uint_eq(length, 0);
	free(empty);
	for (int i = 0; i < 1000; i++) {
		text_printf(&text, "%d,%s;", i, "x");
	}
	ck_assert(!text_failed(&text));
	ck_assert_uint_eq(strlen(text.data), text.length);
	char *data = text_take(&text, &length);
	ck_assert_str_eq(data + length - 6, "999,x;");
	ck_assert_ptr_null(text.data);
	free(data);
}
END_TEST

START_TEST(a_failed_text_stays_failed_and_harmless)
{
	struct text text;
	text_init(&text);
	text_puts(&text, "before");
	ck_assert_ptr_null(text_reserve(&text, SIZE_MAX - 3));
	text_puts(&text, "after");
	text_json_double(&text, 2.385);
	text_json_string(&text, "x");
	text_printf(&text, "%d", 7);
	ck_assert(text_failed(&text));
	ck_assert_str_eq(text.data, "before");
	ck_assert_ptr_null(text_take(&text, NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("api/text");
	TCase *tcase = tcase_create("text");
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, any_double_reads_back_to_the_same_bits);
	tcase_add_test(tcase, any_float_reads_back_to_the_same_bits_even_through_a_double);
	tcase_add_test(tcase, numbers_are_written_short);
	tcase_add_test(tcase, strings_are_escaped_and_repaired);
	tcase_add_test(tcase, times_are_rfc_3339_with_milliseconds);
	tcase_add_test(tcase, every_third_week_of_the_calendar_is_that_of_the_c_library);
	tcase_add_test(tcase, a_text_grows_and_can_be_taken);
	tcase_add_test(tcase, a_failed_text_stays_failed_and_harmless);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
