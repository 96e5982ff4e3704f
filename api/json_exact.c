/*
 * Whole numbers that a double rounds. cJSON keeps no text of a number, so the numbers of the body are counted off
 * beside those of the tree, which hold the same order. A number with a point or an exponent is a measurement: rounding
 * it to the nearest double is what its reader expects; of digits alone (an id, a count) the last one is meant too.
 *
 * Does not judge the grammar: json_scan did.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/json.h"

/* Fewer digits than this hold in any double: 10^15 < 2^53. */
enum { SAFE_DIGITS = 15, DIGITS_MAX = 63 };

struct cursor {
	const char *at, *end;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Past the string that begins at the cursor. */
static void skip_string(struct cursor *cursor)
{
	for (cursor->at++; *cursor->at != '"'; cursor->at++) {
		cursor->at += *cursor->at == '\\';
	}
	cursor->at++;
}

/* The next number of the body, without its sign; its length in digits, 0 where it has a point or an exponent. */
static size_t next_number(struct cursor *cursor, const char **digits)
{
	while (cursor->at < cursor->end && !is_digit(*cursor->at)) {
		if (*cursor->at == '"') {
			skip_string(cursor);
		} else {
			cursor->at++;
		}
	}
	bool whole = true;
	*digits = cursor->at;
	for (; cursor->at < cursor->end && (is_digit(*cursor->at) || strchr(".eE+-", *cursor->at) != NULL);
	     cursor->at++) {
		whole = whole && is_digit(*cursor->at);
	}
	return whole ? (size_t)(cursor->at - *digits) : 0;
}

/* Whether a double reads as it was written: "%.0f" prints all its digits. */
static bool is_held(double value, const char *digits, size_t length)
{
	char exact[DIGITS_MAX + 2];
	int written = snprintf(exact, sizeof exact, "%.0f", fabs(value));
	return written == (int)length && memcmp(exact, digits, length) == 0;
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
static void mark(struct cursor *cursor, cJSON *item)
{
	if (cJSON_IsNumber(item)) {
		const char *digits;
		size_t length = next_number(cursor, &digits);
		if (length > SAFE_DIGITS && length <= DIGITS_MAX && !is_held(item->valuedouble, digits, length)) {
			item->type |= JSON_ROUNDED;
		}
	}
	for (cJSON *child = item->child; child != NULL; child = child->next) {
		mark(cursor, child);
	}
}

void json_mark_rounded(const char *body, size_t length, cJSON *root)
{
	struct cursor cursor = { body, body + length };
	mark(&cursor, root);
}

bool json_is_rounded(const cJSON *item)
{
	return (item->type & JSON_ROUNDED) != 0;
}

void reader_fault_rounded(struct reader *reader, const struct at *at)
{
	reader_fault(reader, at, FAULT_OUT_OF_RANGE, NULL, NULL,
		     "a whole number that no float64 holds: its last digits would be lost; write a name or an id as a "
		     "string, a measurement with a point (9007199254740993.0)");
}
