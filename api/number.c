/*
 * Numbers as text that reads back to the very same bits.
 *
 * A double is written with the fewest of 15, 16 or 17 significant digits that read back, a float with
 * 6 to 9. Two roads:
 *   fast  the digits D are found by scaling with an exact power of ten in a wider type, and read back there:
 *         D and 10^k are exact, so D / 10^k is the decimal number rounded once to the wider type; rounding that
 *         again to the narrow one gives what a correct reader gives, unless it lies on a tie, which is looked for.
 *   slow  printf and strtod, for ties, very large and very small numbers, and machines without a wider type.
 * Curves hold a hundred thousand numbers, and printf takes some 300 ns for each try.
 */
#include "api/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_ROOM = 40 };

/* 10^k, exact in a double up to 22 and in the 64 bits of x86's long double up to 27. */
static const long double power_of_ten[] = { 1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,
					    1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L,
					    1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L };

/* The digits of a whole number, backwards from `end`; returns the first. */
static char *write_digits(char *end, uint64_t value)
{
	do {
		*--end = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	return end;
}

void text_json_uint(struct text *text, uint64_t value)
{
	char buffer[24], *end = buffer + sizeof buffer;
	char *begin = write_digits(end, value);
	text_add(text, begin, (size_t)(end - begin));
}

/* digits * 10^-k in the shape that %g has: plain where the point lies near, else with an exponent. */
static size_t layout(char *out, bool negative, uint64_t digits, int k)
{
	while (digits % 10 == 0 && digits != 0) {
		digits /= 10;
		k--;
	}
	char buffer[24], *end = buffer + sizeof buffer;
	char *begin = write_digits(end, digits);
	int count = (int)(end - begin);
	int exponent = count - 1 - k; /* of the first digit */
	char *p = out;
	if (negative) {
		*p++ = '-';
	}
	if (exponent < -5 || exponent > 16) {
		*p++ = begin[0];
		if (count > 1) {
			*p++ = '.';
			memcpy(p, begin + 1, (size_t)count - 1);
			p += count - 1;
		}
		return (size_t)(p - out) + (size_t)sprintf(p, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
	}
	if (exponent < 0) {
		*p++ = '0';
		*p++ = '.';
		memset(p, '0', (size_t)(-exponent - 1));
		p += -exponent - 1;
		memcpy(p, begin, (size_t)count);
		return (size_t)(p + count - out);
	}
	int whole = exponent + 1 < count ? exponent + 1 : count;
	memcpy(p, begin, (size_t)whole);
	p += whole;
	if (whole < count) {
		*p++ = '.';
		memcpy(p, begin + whole, (size_t)(count - whole));
		p += count - whole;
	} else {
		memset(p, '0', (size_t)(exponent + 1 - count));
		p += exponent + 1 - count;
	}
	return (size_t)(p - out);
}

#if LDBL_MANT_DIG == 64
/* Is the wide value half-way between two doubles (the 11 bits that a double lacks being 100...0)? */
static bool on_a_tie(long double wide)
{
	uint64_t mantissa;
	memcpy(&mantissa, &wide, sizeof mantissa);
	return (mantissa & 0x7FF) == 0x400;
}

/* The fast road for 1e-9 <= value < 1e17; 0 when it does not lead to the end. */
static size_t write_fast(char *out, bool negative, double value)
{
	int exponent = (int)floor(log10(value));
	for (int precision = 15; precision <= 17; precision++) {
		int k = precision - 1 - exponent;
		long double scaled =
			k >= 0 ? (long double)value * power_of_ten[k] : (long double)value / power_of_ten[-k];
		uint64_t digits = (uint64_t)(scaled + 0.5L);
		long double back =
			k >= 0 ? (long double)digits / power_of_ten[k] : (long double)digits * power_of_ten[-k];
		if (on_a_tie(back)) {
			return 0;
		}
		if ((double)back == value) {
			return layout(out, negative, digits, k);
		}
	}
	return 0;
}
#else
static size_t write_fast(char *out, bool negative, double value)
{
	(void)out, (void)negative, (void)value;
	return 0;
}
#endif

/* A finite double; returns the number of characters. */
static size_t write_double(char *out, double value)
{
	bool negative = signbit(value) != 0;
	double magnitude = fabs(value);
	if (magnitude < 1e15 && magnitude == floor(magnitude)) {
		return layout(out, negative, (uint64_t)magnitude, 0);
	}
	if (magnitude >= 1e-9 && magnitude < 1e17) {
		size_t length = write_fast(out, negative, magnitude);
		if (length > 0) {
			return length;
		}
	}
	for (int precision = 15;; precision++) {
		int length = snprintf(out, NUMBER_ROOM, "%.*g", precision, value);
		if (precision == 17 || strtod(out, NULL) == value) {
			return (size_t)length;
		}
	}
}

/* A finite float. The reader may be one of floats or one of doubles that rounds afterwards: both must agree. */
static size_t write_float(char *out, float value)
{
	bool negative = signbit(value) != 0;
	double magnitude = fabs((double)value);
	if (magnitude < 1e9 && magnitude == floor(magnitude)) {
		return layout(out, negative, (uint64_t)magnitude, 0);
	}
	int exponent = magnitude >= 1e-9 && magnitude < 1e9 ? (int)floor(log10(magnitude)) : 99;
	for (int precision = 6; precision <= 9 && exponent != 99; precision++) {
		int k = precision - 1 - exponent;
		double power = (double)power_of_ten[abs(k)];
		uint64_t digits = (uint64_t)((k >= 0 ? magnitude * power : magnitude / power) + 0.5);
		double back = k >= 0 ? (double)digits / power : (double)digits * power;
		uint64_t bits;
		memcpy(&bits, &back, sizeof bits);
		if ((bits & 0x1FFFFFFF) == 0x10000000) {
			break; /* half-way between two floats */
		}
		if ((double)(float)back == magnitude) {
			return layout(out, negative, digits, k);
		}
	}
	for (int precision = 6;; precision++) {
		int length = snprintf(out, NUMBER_ROOM, "%.*g", precision, (double)value);
		if (precision == 9 || (strtof(out, NULL) == value && (float)strtod(out, NULL) == value)) {
			return (size_t)length;
		}
	}
}

void text_json_double(struct text *text, double value)
{
	char *end = text_reserve(text, NUMBER_ROOM);
	if (end == NULL) {
		return;
	}
	if (!isfinite(value)) {
		text_add(text, "null", 4);
	} else {
		text_commit(text, write_double(end, value));
	}
}

void text_json_float(struct text *text, float value)
{
	char *end = text_reserve(text, NUMBER_ROOM);
	if (end == NULL) {
		return;
	}
	if (!isfinite(value)) {
		text_add(text, "null", 4);
	} else {
		text_commit(text, write_float(end, value));
	}
}

void text_csv_double(struct text *text, double value)
{
	if (isnan(value)) {
		text_puts(text, "NaN");
	} else if (isinf(value)) {
		text_puts(text, value > 0 ? "Infinity" : "-Infinity");
	} else {
		text_json_double(text, value);
	}
}
