/*
 * Reading numbers. The fast path (Clinger 1990): a mantissa up to 2^53 times or over a power of ten up to 10^22, both
 * exact in double, needs one correctly rounded operation. All else goes to strtod in the C locale.
 */
#include "server/dataset/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { EXACT_POWER = 22, DIGITS_U64 = 19, EXPONENT_CAP = 1000000 };

static const double power_of_ten[EXACT_POWER + 1] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
						      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
						      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

int number_format_init(struct number_format *format, char decimal)
{
	format->decimal = decimal;
	format->plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	return format->plain == (locale_t)0 ? -1 : 0;
}

void number_format_fini(struct number_format *format)
{
	if (format->plain != (locale_t)0) {
		freelocale(format->plain);
		format->plain = (locale_t)0;
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The span without its sign is one of the words that printf writes for what is not finite. */
static bool is_word(const char *text, size_t length)
{
	return (length == 3 && (strncasecmp(text, "nan", 3) == 0 || strncasecmp(text, "inf", 3) == 0)) ||
	       (length == 8 && strncasecmp(text, "infinity", 8) == 0);
}

/* strtod over a copy with a point for the decimal sign. [text, end) is known to be a number. */
static enum number_result parse_slowly(const struct number_format *format, const char *text, const char *end,
				       double *out)
{
	char copy[NUMBER_LENGTH_MAX + 1];
	size_t length = (size_t)(end - text);
	if (length > NUMBER_LENGTH_MAX) {
		return NUMBER_NONE;
	}
	for (size_t i = 0; i < length; i++) {
		copy[i] = text[i] == format->decimal ? '.' : text[i];
	}
	copy[length] = '\0';
	double value = strtod_l(copy, NULL, format->plain);
	if (!isfinite(value)) {
		return NUMBER_RANGE;
	}
	*out = value;
	return NUMBER_OK;
}

/* Only digits, first to end, above 2^53: their double, where one holds them to the last. */
static enum number_result parse_whole(const struct number_format *format, const char *start, const char *first,
				      const char *end, double *out)
{
	char exact[NUMBER_LENGTH_MAX + 1];
	double value;
	enum number_result result = parse_slowly(format, start, end, &value);
	if (result != NUMBER_OK) {
		return result;
	}
	while (first < end && *first == '0') {
		first++;
	}
	int length = snprintf(exact, sizeof exact, "%.0f", fabs(value));
	if (length != end - first || memcmp(exact, first, (size_t)length) != 0) {
		return NUMBER_INEXACT;
	}
	*out = value;
	return NUMBER_OK;
}

/* Reads "[e[+-]digits]" up to end; false when something else stands there. */
static bool parse_exponent(const char *p, const char *end, long *exponent)
{
	*exponent = 0;
	if (p == end) {
		return true;
	}
	if (*p != 'e' && *p != 'E') {
		return false;
	}
	p++;
	bool negative = p < end && *p == '-';
	if (p < end && (*p == '+' || *p == '-')) {
		p++;
	}
	if (p == end) {
		return false;
	}
	for (; p < end; p++) {
		if (!is_digit(*p)) {
			return false;
		}
		*exponent = *exponent < EXPONENT_CAP ? *exponent * 10 + (*p - '0') : *exponent;
	}
	*exponent = negative ? -*exponent : *exponent;
	return true;
}

enum number_result number_parse(const struct number_format *format, const char *text, size_t length, double *out)
{
	const char *p = text;
	const char *end = text + length;
	while (p < end && is_blank(*p)) {
		p++;
	}
	while (end > p && is_blank(end[-1])) {
		end--;
	}
	const char *start = p;
	bool negative = p < end && *p == '-';
	if (p < end && (*p == '+' || *p == '-')) {
		p++;
	}
	uint64_t mantissa = 0;
	const char *digits = p;
	for (; p < end && is_digit(*p); p++) {
		mantissa = mantissa * 10 + (uint64_t)(*p - '0');
	}
	size_t count = (size_t)(p - digits);
	size_t decimals = 0;
	if (p < end && *p == format->decimal) {
		const char *first = ++p;
		for (; p < end && is_digit(*p); p++) {
			mantissa = mantissa * 10 + (uint64_t)(*p - '0');
		}
		decimals = (size_t)(p - first);
	}
	count += decimals;
	if (count == 0) {
		return is_word(digits, (size_t)(end - digits)) ? NUMBER_NOT_FINITE : NUMBER_NONE;
	}
	long exponent;
	if (!parse_exponent(p, end, &exponent)) {
		return NUMBER_NONE;
	}
	exponent -= (long)decimals;
	const bool whole = digits + count == end;
	/* Up to 19 digits the mantissa has not wrapped. */
	if (count > DIGITS_U64 || mantissa > (UINT64_C(1) << 53) || labs(exponent) > EXACT_POWER) {
		return whole ? parse_whole(format, start, digits, end, out) : parse_slowly(format, start, end, out);
	}
	double value = (double)mantissa;
	value = exponent < 0 ? value / power_of_ten[-exponent] : value * power_of_ten[exponent];
	*out = negative ? -value : value;
	return NUMBER_OK;
}
