/* The flat records of pack.h. Strings are escaped by text_json_string; only what that writes is read. */
#include "api/pack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void pack_begin(struct text *out, const char *format_name)
{
	text_puts(out, "[");
	text_json_string(out, format_name);
}

void pack_string(struct text *out, const char *string)
{
	text_puts(out, ",");
	text_json_string(out, string);
}

void pack_number(struct text *out, double number)
{
	text_puts(out, ",");
	text_json_double(out, number);
}

void pack_uint(struct text *out, uint64_t number)
{
	text_puts(out, ",");
	text_json_uint(out, number);
}

void pack_end(struct text *out)
{
	text_puts(out, "]");
}

/* Takes one expected character. */
static bool take(struct unpack *in, char c)
{
	if (in->failed || in->at == in->end || *in->at != c) {
		in->failed = true;
		return false;
	}
	in->at++;
	return true;
}

static bool take_null(struct unpack *in)
{
	if (!in->failed && in->end - in->at >= 4 && memcmp(in->at, "null", 4) == 0) {
		in->at += 4;
		return true;
	}
	return false;
}

/* The character that an escape stands for (those below U+0080, all that is ever written so); advances. */
static char take_escape(struct unpack *in)
{
	static const char from[] = "\"\\nrtbf";
	static const char to[] = "\"\\\n\r\t\b\f";
	char c = '\0';
	if (in->at < in->end) {
		c = *in->at++;
	}
	const char *found = c == '\0' ? NULL : strchr(from, c);
	if (found != NULL) {
		return to[found - from];
	}
	if (c == 'u' && in->end - in->at >= 4) {
		char digits[5] = { in->at[0], in->at[1], in->at[2], in->at[3], '\0' }, *end;
		long code = strtol(digits, &end, 16);
		in->at += 4;
		if (*end == '\0' && code > 0 && code < 0x80) {
			return (char)code;
		}
	}
	in->failed = true;
	return '?';
}

/* The string that begins at the cursor. */
static char *take_string(struct unpack *in)
{
	if (!take(in, '"')) {
		return NULL;
	}
	const char *close = in->at;
	while (close < in->end && *close != '"') {
		close += *close == '\\' && close + 1 < in->end ? 2 : 1;
	}
	if (close >= in->end) {
		in->failed = true;
		return NULL;
	}
	char *string = malloc((size_t)(close - in->at) + 1), *p = string;
	if (string == NULL) {
		in->failed = in->no_memory = true;
		return NULL;
	}
	while (in->at < close) {
		char c = *in->at++;
		*p++ = c == '\\' ? take_escape(in) : c;
	}
	*p = '\0';
	in->at = close;
	take(in, '"');
	return string;
}

void unpack_begin(struct unpack *in, const char *text, size_t length, const char *format_name)
{
	*in = (struct unpack){ text, text + length, false, false };
	take(in, '[');
	char *name = take_string(in);
	if (name != NULL && strcmp(name, format_name) != 0) {
		in->failed = true;
	}
	free(name);
}

char *unpack_string(struct unpack *in)
{
	take(in, ',');
	return take_null(in) ? NULL : take_string(in);
}

uint64_t unpack_uint(struct unpack *in)
{
	uint64_t value = 0;
	take(in, ',');
	const char *begin = in->at;
	while (!in->failed && in->at < in->end && *in->at >= '0' && *in->at <= '9') {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*in->at - '0'), &value)) {
			in->failed = true;
		}
		in->at++;
	}
	if (in->at == begin) {
		in->failed = true;
	}
	return in->failed ? 0 : value;
}

double unpack_number(struct unpack *in)
{
	char buffer[64];
	size_t length = 0;
	take(in, ',');
	if (in->failed || take_null(in)) {
		return (double)NAN;
	}
	uint64_t whole = 0;
	bool plain = true; /* nothing but a few digits */
	while (in->at < in->end && length < sizeof buffer - 1 && *in->at != ',' && *in->at != ']') {
		plain = plain && *in->at >= '0' && *in->at <= '9' && length < 15;
		whole = whole * 10 + (uint64_t)(unsigned char)(*in->at - '0');
		buffer[length++] = *in->at++;
	}
	buffer[length] = '\0';
	if (plain && length > 0) {
		return (double)whole;
	}
	char *end;
	double value = strtod(buffer, &end);
	if (end != buffer + length || length == 0) {
		in->failed = true;
	}
	return value;
}

size_t unpack_count(struct unpack *in, size_t size)
{
	uint64_t count = unpack_uint(in);
	if (count > (uint64_t)(in->end - in->at) / size) {
		in->failed = true;
		return 0;
	}
	return (size_t)count;
}

bool unpack_end(struct unpack *in)
{
	return take(in, ']') && in->at == in->end;
}
