/*
 * A growing text: what every document of the API is written into.
 *
 * Numbers are written so that they read back to the very same bits, in the shortest of a few
 * tries; not finite ones as null (say them beside it). An allocation that fails is remembered: check
 * text_failed() once at the end instead of every call.
 */
#ifndef API_TEXT_H
#define API_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *data; /* NUL-terminated when not NULL */
	size_t length;
	size_t capacity;
	bool failed;
};

void text_init(struct text *text);
void text_fini(struct text *text);
bool text_failed(const struct text *text);
/* Returns the data owned (never NULL unless it failed) and leaves *text empty. */
char *text_take(struct text *text, size_t *length);

void text_add(struct text *text, const char *bytes, size_t length);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; NULL writes null. Bytes that are not UTF-8 become U+FFFD. */
void text_json_string(struct text *text, const char *string);
void text_json_string_n(struct text *text, const char *string, size_t length);
/* A JSON number; NaN and infinities write null. */
void text_json_double(struct text *text, double value);
void text_json_float(struct text *text, float value); /* shortest that reads back to the same float */
/* As those, but "NaN", "Infinity" and "-Infinity" (without quotes) where the value is not finite: for CSV. */
void text_csv_double(struct text *text, double value);
void text_json_uint(struct text *text, uint64_t value);
void text_json_bool(struct text *text, bool value);
/* "2026-11-22T03:04:05.678Z" in quotes, from milliseconds since 1970; 0 writes null. */
void text_json_time(struct text *text, int64_t milliseconds);

/* For writers that fill the text in place: room for `more` bytes and a NUL at the end (NULL after a failure), and
 * how many of them were written. */
char *text_reserve(struct text *text, size_t more);
void text_commit(struct text *text, size_t length);

/* Bytes of the well-formed UTF-8 character at s[0..left), 0 when there is none. */
size_t utf8_length(const unsigned char *s, size_t left);

#endif
