/*
 * The grammar of JSON (RFC 8259), strictly: cJSON lets through trailing garbage, numbers such as 01 and 1.,
 * control characters and bad UTF-8, so a body passes here first. Builds nothing.
 * A byte order mark at the start is ignored, as the RFC allows.
 */
#include <string.h>

#include "api/json.h"

/* cJSON copies a number into a buffer of 64 bytes; a longer one would be cut. */
enum { NUMBER_LENGTH_MAX = 63 };

struct scan {
	const char *s;
	size_t length;
	size_t i;    /* where we are, and after a failure where it is wrong */
	size_t line; /* where the text begins, from 1 */
	size_t values;
	const char *expected; /* what should have stood there; NULL: no failure */
	const char *wrong;    /* a whole sentence instead */
};

static int peek(const struct scan *scan)
{
	return scan->i < scan->length ? (unsigned char)scan->s[scan->i] : -1;
}

static bool fail(struct scan *scan, const char *expected)
{
	scan->expected = expected;
	return false;
}

static bool fail_saying(struct scan *scan, const char *wrong)
{
	scan->wrong = wrong;
	return false;
}

static void skip_space(struct scan *scan)
{
	while (scan->i < scan->length && strchr(" \t\n\r", scan->s[scan->i]) != NULL && scan->s[scan->i] != '\0') {
		scan->i++;
	}
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool digits(struct scan *scan)
{
	if (!is_digit(peek(scan))) {
		return fail(scan, "a digit");
	}
	while (is_digit(peek(scan))) {
		scan->i++;
	}
	return true;
}

static bool scan_number(struct scan *scan)
{
	size_t begin = scan->i;
	if (peek(scan) == '-') {
		scan->i++;
	}
	if (peek(scan) == '0') {
		scan->i++;
		if (is_digit(peek(scan))) {
			return fail_saying(scan, "a number does not begin with 0 unless a point follows");
		}
	} else if (!digits(scan)) {
		return false;
	}
	if (peek(scan) == '.') {
		scan->i++;
		if (!digits(scan)) {
			return false;
		}
	}
	if (peek(scan) == 'e' || peek(scan) == 'E') {
		scan->i++;
		if (peek(scan) == '+' || peek(scan) == '-') {
			scan->i++;
		}
		if (!digits(scan)) {
			return false;
		}
	}
	if (scan->i - begin > NUMBER_LENGTH_MAX) {
		scan->i = begin;
		return fail_saying(scan, "a number of more than 63 characters");
	}
	return true;
}

/* Four hexadecimal digits; -1 when they are not. */
static long hex4(struct scan *scan)
{
	long code = 0;
	for (int k = 0; k < 4; k++, scan->i++) {
		int c = peek(scan);
		int digit = is_digit(c)            ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0) {
			fail(scan, "four hexadecimal digits");
			return -1;
		}
		code = code * 16 + digit;
	}
	return code;
}

/* What follows a backslash. */
static bool scan_escape(struct scan *scan)
{
	int c = peek(scan);
	if (c < 0 || c == 0 || strchr("\"\\/bfnrtu", c) == NULL) {
		return fail(scan, "one of \" \\ / b f n r t u after a backslash");
	}
	scan->i++;
	if (c != 'u') {
		return true;
	}
	size_t begin = scan->i;
	long code = hex4(scan);
	if (code < 0) {
		return false;
	}
	if (code == 0) {
		scan->i = begin;
		return fail_saying(scan, "the NUL character \\u0000 is not accepted in a string");
	}
	if (code >= 0xD800 && code <= 0xDBFF && scan->length - scan->i >= 2 && scan->s[scan->i] == '\\' &&
	    scan->s[scan->i + 1] == 'u') {
		scan->i += 2;
		long low = hex4(scan);
		if (low < 0) {
			return false;
		}
		if (low >= 0xDC00 && low <= 0xDFFF) {
			return true;
		}
	}
	if (code >= 0xD800 && code <= 0xDFFF) {
		scan->i = begin;
		return fail_saying(scan, "half of a surrogate pair without the other half");
	}
	return true;
}

static bool scan_string(struct scan *scan)
{
	scan->i++; /* the quote */
	for (;;) {
		int c = peek(scan);
		if (c < 0) {
			return fail(scan, "the closing quote of a string");
		}
		if (c < 0x20) {
			return fail_saying(scan, "a control character in a string (write it as an escape such as \\n)");
		}
		if (c == '"') {
			scan->i++;
			return true;
		}
		if (c == '\\') {
			scan->i++;
			if (!scan_escape(scan)) {
				return false;
			}
			continue;
		}
		size_t step = utf8_length((const unsigned char *)scan->s + scan->i, scan->length - scan->i);
		if (step == 0) {
			return fail_saying(scan, "bytes that are not UTF-8");
		}
		scan->i += step;
	}
}

static bool scan_value(struct scan *scan, int depth);

/* The inside of an object or array, from its bracket to the closing one. */
static bool scan_members(struct scan *scan, int depth, bool object)
{
	int close = object ? '}' : ']';
	scan->i++;
	skip_space(scan);
	if (peek(scan) == close) {
		scan->i++;
		return true;
	}
	for (;;) {
		if (object) {
			skip_space(scan);
			if (peek(scan) != '"') {
				return fail(scan, "a key in double quotes");
			}
			if (!scan_string(scan)) {
				return false;
			}
			skip_space(scan);
			if (peek(scan) != ':') {
				return fail(scan, "a colon after the key");
			}
			scan->i++;
		}
		if (!scan_value(scan, depth)) {
			return false;
		}
		skip_space(scan);
		int c = peek(scan);
		if (c != ',' && c != close) {
			return fail(scan, object ? "a comma or }" : "a comma or ]");
		}
		scan->i++;
		if (c == close) {
			return true;
		}
	}
}

static bool scan_word(struct scan *scan, const char *word)
{
	size_t length = strlen(word);
	if (scan->length - scan->i < length || memcmp(scan->s + scan->i, word, length) != 0) {
		return fail(scan, "a value (true, false, null, a number, a string, an array or an object)");
	}
	scan->i += length;
	return true;
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
static bool scan_value(struct scan *scan, int depth)
{
	skip_space(scan);
	if (++scan->values > JSON_VALUES_MAX) {
		return false;
	}
	int c = peek(scan);
	if (c == '{' || c == '[') {
		if (depth == JSON_DEPTH_MAX) {
			return fail_saying(scan, "nested more than 64 levels deep");
		}
		return scan_members(scan, depth + 1, c == '{');
	}
	if (c == '"') {
		return scan_string(scan);
	}
	if (c == '-' || is_digit(c)) {
		return scan_number(scan);
	}
	if (c == 'N' || c == 'I') {
		return fail_saying(scan, "NaN and Infinity are no JSON numbers");
	}
	return scan_word(scan, c == 't' ? "true" : c == 'f' ? "false" : "null");
}

/* Notes what went wrong, with line and column (both from 1, columns in characters). */
static void describe(const struct scan *scan, struct problem *problem)
{
	size_t line = scan->line, column = 1;
	for (size_t i = 0; i < scan->i; i++) {
		unsigned char c = (unsigned char)scan->s[i];
		if (c == '\n') {
			line++;
			column = 1;
		} else if ((c & 0xC0) != 0x80) {
			column++;
		}
	}
	int c = peek(scan);
	if (scan->wrong != NULL) {
		problem_set(problem, PROBLEM_MALFORMED, "The body is not JSON: line %zu, column %zu: %s.", line, column,
			    scan->wrong);
	} else if (c < 0) {
		problem_set(problem, PROBLEM_MALFORMED,
			    "The body is not JSON: line %zu, column %zu: expected %s, but the body ends.", line, column,
			    scan->expected);
	} else if (c > 0x20 && c < 0x7F) {
		problem_set(problem, PROBLEM_MALFORMED,
			    "The body is not JSON: line %zu, column %zu: expected %s, found '%c'.", line, column,
			    scan->expected, c);
	} else {
		problem_set(problem, PROBLEM_MALFORMED,
			    "The body is not JSON: line %zu, column %zu: expected %s, found the byte 0x%02x.", line,
			    column, scan->expected, (unsigned)c);
	}
}

bool json_scan(const char *body, size_t length, struct problem *problem)
{
	return json_scan_line(body, length, 1, problem);
}

bool json_scan_line(const char *body, size_t length, size_t line, struct problem *problem)
{
	struct scan scan = { .s = body, .length = length, .line = line };
	if (length >= 3 && memcmp(body, "\xEF\xBB\xBF", 3) == 0) {
		scan.i = 3;
	}
	skip_space(&scan);
	if (scan.i == length) {
		problem_set(problem, PROBLEM_MALFORMED,
			    "The body is empty: send a JSON object, for example curl --json '{...}'.");
		return false;
	}
	bool fine = scan_value(&scan, 0);
	if (fine) {
		skip_space(&scan);
		fine = scan.i == length || fail(&scan, "the end of the body");
	}
	if (scan.values > JSON_VALUES_MAX) {
		problem_set(problem, PROBLEM_TOO_LARGE,
			    "The body holds more than %d values: upload the data as a dataset instead "
			    "(POST /v1/datasets) and name its id.",
			    JSON_VALUES_MAX);
	} else if (!fine) {
		describe(&scan, problem);
	}
	return fine;
}

static uint64_t count_of(const char *body, size_t length, char wanted)
{
	uint64_t count = 0;
	for (size_t i = 0; i < length; i++) {
		count += body[i] == wanted;
	}
	return count;
}

/* Each value but the first of an array or an object has a comma before it. */
uint64_t json_values(const char *body, size_t length)
{
	uint64_t values = 1 + count_of(body, length, ',') + count_of(body, length, '[') + count_of(body, length, '{');
	return values < JSON_VALUES_MAX ? values : JSON_VALUES_MAX;
}

/* A node and each string are allocated by themselves; malloc adds up to 16 bytes, and gives at least 32. */
uint64_t json_tree_bytes(const char *body, size_t length)
{
	return json_values(body, length) * (sizeof(cJSON) + 16) + count_of(body, length, '"') * 16 + length;
}

enum status json_parse(const char *body, size_t length, cJSON **out, struct problem *problem)
{
	*out = NULL;
	if (!json_scan(body, length, problem)) {
		return E_INVALID;
	}
	const char *end;
	*out = cJSON_ParseWithLengthOpts(body, length, &end, 0);
	if (*out == NULL) {
		return E_MEMORY; /* the grammar was right, so only memory can fail */
	}
	json_mark_rounded(body, length, *out);
	return OK;
}
