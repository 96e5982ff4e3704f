/*
 * Records for the store: a flat JSON array of strings and numbers, in a fixed order.
 *
 * Valid JSON, so that SQLite's own functions can look into it, and read back by a reader of a few lines that
 * builds no tree: a table of 784 columns with all their levels reads in about 10 ms less than through cJSON.
 * For text that the service itself wrote; anything else makes the reader fail, never crash.
 */
#ifndef API_PACK_H
#define API_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/arena.h"
#include "api/text.h"

/* Writing: pack_begin, items, pack_end. A string may be NULL; a number that is not finite is read back as NaN. */
void pack_begin(struct text *out, const char *format_name);
void pack_string(struct text *out, const char *string);
void pack_number(struct text *out, double number);
void pack_uint(struct text *out, uint64_t number);
void pack_end(struct text *out);

/* Reading, in the same order. After the first thing that is not as expected, `failed` is set and
 * everything reads as NULL or 0. */
struct unpack {
	const char *at, *end;
	bool failed;
	bool no_memory; /* why it failed */
};
void unpack_begin(struct unpack *in, const char *text, size_t length, const char *format_name);
char *unpack_string(struct unpack *in); /* returned owned (free()), or NULL */
double unpack_number(struct unpack *in);
uint64_t unpack_uint(struct unpack *in);
/* A count of things that take at least `size` bytes each in the text: more than the text can hold fails. */
size_t unpack_count(struct unpack *in, size_t size);
/* True when all was read and nothing is left. */
bool unpack_end(struct unpack *in);

#endif
