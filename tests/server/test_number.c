/* Reading numbers: the same bits as strtod, and a strict syntax. */
#include "server/dataset/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/suite.h"

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
					    "9007199254740994",
					    "-0009007199254740994",
					    "9007199254740993.0",
					    "100000000000000000000" };
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
	static const char *const inexact[] = { "9007199254740993", "-9007199254740993", " +18446744073709551615 ",
					       "0123456789012345678901234567890" };
	for (size_t i = 0; i < sizeof inexact / sizeof *inexact; i++) {
		ck_assert_msg(number_parse(&format, inexact[i], strlen(inexact[i]), &value) == NUMBER_INEXACT, "%s",
			      inexact[i]);
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

int main(void)
{
	Suite *suite = suite_create("number");
	TCase *tests = tcase_create("number");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, numbers_read_back_to_the_same_bits);
	tcase_add_test(tests, the_syntax_of_numbers_is_strict);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
