/*
 * The growing text. Capacity doubles; after a failed allocation every call does nothing, so that a
 * writer checks once at its end. Numbers are in number.c.
 */
#include "api/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"

enum { TEXT_FIRST_CAPACITY = 256 };

void text_init(struct text *text)
{
	memset(text, 0, sizeof *text);
}

void text_fini(struct text *text)
{
	free(text->data);
	memset(text, 0, sizeof *text);
}

bool text_failed(const struct text *text)
{
	return text->failed;
}

char *text_reserve(struct text *text, size_t more)
{
	size_t wanted;
	if (text->failed || !size_add(text->length, more, &wanted) || !size_add(wanted, 1, &wanted)) {
		text->failed = true;
		return NULL;
	}
	if (wanted > text->capacity) {
		size_t capacity = text->capacity == 0 ? TEXT_FIRST_CAPACITY : text->capacity;
		while (capacity < wanted) {
			if (!size_multiply(capacity, 2, &capacity)) {
				capacity = wanted;
			}
		}
		char *data = realloc(text->data, capacity);
		if (data == NULL) {
			text->failed = true;
			return NULL;
		}
		text->data = data;
		text->capacity = capacity;
	}
	return text->data + text->length;
}

void text_commit(struct text *text, size_t length)
{
	text->length += length;
	text->data[text->length] = '\0';
}

char *text_take(struct text *text, size_t *length)
{
	if (!text->failed && text->data == NULL && text_reserve(text, 0) != NULL) {
		text_commit(text, 0);
	}
	if (text->failed) {
		text_fini(text);
		return NULL;
	}
	char *data = text->data;
	if (length != NULL) {
		*length = text->length;
	}
	text_init(text);
	return data;
}

void text_add(struct text *text, const char *bytes, size_t length)
{
	char *end = text_reserve(text, length);
	if (end != NULL) {
		if (length > 0) {
			memcpy(end, bytes, length);
		}
		text_commit(text, length);
	}
}

void text_puts(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *end = length < 0 ? NULL : text_reserve(text, (size_t)length);
	if (end == NULL) {
		text->failed = true;
		return;
	}
	va_start(args, format);
	vsnprintf(end, (size_t)length + 1, format, args);
	va_end(args);
	text_commit(text, (size_t)length);
}

size_t utf8_length(const unsigned char *s, size_t left)
{
	/* Well-formed byte sequences: The Unicode Standard 15.0, table 3-7. */
	if (left == 0) {
		return 0;
	}
	if (s[0] < 0x80) {
		return 1;
	}
	size_t length = s[0] >= 0xC2 && s[0] <= 0xDF   ? 2
			: s[0] >= 0xE0 && s[0] <= 0xEF ? 3
			: s[0] >= 0xF0 && s[0] <= 0xF4 ? 4
						       : 0;
	if (length == 0 || left < length) {
		return 0;
	}
	unsigned char low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : 0x80;
	unsigned char high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : 0xBF;
	if (s[1] < low || s[1] > high) {
		return 0;
	}
	for (size_t i = 2; i < length; i++) {
		if (s[i] < 0x80 || s[i] > 0xBF) {
			return 0;
		}
	}
	return length;
}

/* Writes one character that cannot stand in a JSON string as it is. */
static void json_escape(struct text *text, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char from[] = "\"\\\n\r\t\b\f";
	static const char to[] = "\"\\nrtbf";
	const char *found = c == '\0' ? NULL : strchr(from, c);
	if (found != NULL) {
		text_add(text, (const char[]){ '\\', to[found - from] }, 2);
	} else {
		text_add(text, (const char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
	}
}

void text_json_string_n(struct text *text, const char *string, size_t length)
{
	const unsigned char *s = (const unsigned char *)string;
	text_add(text, "\"", 1);
	size_t begin = 0; /* of the run that stands as it is */
	for (size_t i = 0; i < length;) {
		size_t step = utf8_length(s + i, length - i);
		if (step == 0 || s[i] < 0x20 || s[i] == '"' || s[i] == '\\' || s[i] == 0x7F) {
			text_add(text, string + begin, i - begin);
			if (step == 0) {
				text_add(text, "\xEF\xBF\xBD", 3);
			} else {
				json_escape(text, s[i]);
			}
			step = 1;
			begin = i + 1;
		}
		i += step;
	}
	text_add(text, string + begin, length - begin);
	text_add(text, "\"", 1);
}

void text_json_string(struct text *text, const char *string)
{
	if (string == NULL) {
		text_add(text, "null", 4);
	} else {
		text_json_string_n(text, string, strlen(string));
	}
}

void text_json_bool(struct text *text, bool value)
{
	text_puts(text, value ? "true" : "false");
}

/* The decimal digits of value, from the last one back. */
static void put_digits(char *first, size_t count, unsigned value)
{
	while (count-- > 0) {
		first[count] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* Year, month and day of a day since 1970-01-01. Source: Hinnant 2013, "chrono-compatible low-level date algorithms",
 * civil_from_days: years that begin with March, in eras of 400 years. */
static void civil_date(unsigned days, unsigned *year, unsigned *month, unsigned *day)
{
	days += 719468; /* from 0000-03-01 */
	unsigned era = days / 146097, of_era = days % 146097;
	unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned from_march = (5 * of_year + 2) / 153;
	*day = of_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 3 : from_march - 9;
	*year = 400 * era + year_of_era + (*month <= 2);
}

/* By hand: an answer about a job has four of them, every line of the log one, and strftime takes a microsecond. */
void text_json_time(struct text *text, int64_t milliseconds)
{
	/* The years that RFC 3339 can write end with 9999. */
	const int64_t last = 253402300799999;
	if (milliseconds <= 0 || milliseconds > last) {
		text_add(text, "null", 4);
		return;
	}
	char line[] = "\"0000-00-00T00:00:00.000Z\"";
	unsigned year, month, day, of_day = (unsigned)(milliseconds / 1000 % 86400);
	civil_date((unsigned)(milliseconds / 86400000), &year, &month, &day);
	put_digits(line + 1, 4, year);
	put_digits(line + 6, 2, month);
	put_digits(line + 9, 2, day);
	put_digits(line + 12, 2, of_day / 3600);
	put_digits(line + 15, 2, of_day / 60 % 60);
	put_digits(line + 18, 2, of_day % 60);
	put_digits(line + 21, 3, (unsigned)(milliseconds % 1000));
	text_add(text, line, sizeof line - 1);
}
