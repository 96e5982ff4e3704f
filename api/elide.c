/*
 * The spec as a client sees it: an array of more than 256 numbers is replaced by how many there are and by the
 * SHA-256 of its text. Works on the text that spec_document wrote, without building a tree: a job is answered
 * far more often than it is made.
 */
#include <sodium.h>
#include <string.h>

#include "api/job_spec.h"

enum { NUMBERS_SHOWN = 256 };

/* The end of the array of numbers (nested arrays of numbers too) that begins at s, and how many there are; NULL when
 * something else is in it. */
static const char *number_array(const char *s, const char *end, size_t *count)
{
	size_t depth = 0, numbers = 0;
	bool inside = false; /* a number */
	for (; s < end; s++) {
		bool part = (*s >= '0' && *s <= '9') || *s == '-' || *s == '+' || *s == '.' || *s == 'e';
		if (part) {
			numbers += !inside;
		} else if (*s == '[') {
			depth++;
		} else if (*s == ']') {
			if (--depth == 0) {
				*count = numbers;
				return s + 1;
			}
		} else if (*s != ',') {
			return NULL;
		}
		inside = part;
	}
	return NULL;
}

static void elided_render(const char *s, size_t length, size_t count, struct text *out)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof hash + 1];
	crypto_hash_sha256(hash, (const unsigned char *)s, length);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	text_printf(out, "{\"elided\":%zu,\"sha256\":\"%s\"}", count, hex);
}

/* The quote that ends the string that begins at s, or `end`. */
static const char *string_end(const char *s, const char *end)
{
	for (s++; s < end && *s != '"'; s++) {
		if (*s == '\\' && s + 1 < end) {
			s++;
		}
	}
	return s;
}

enum status job_spec_elide(const char *document, size_t length, struct text *out)
{
	const char *s = document, *end = document + length, *begin = s;
	while (s < end) {
		size_t count = 0;
		while (s < end && *s != '"' && *s != '[') {
			s++;
		}
		if (s < end && *s == '"') {
			s = string_end(s, end);
		} else if (s < end) {
			const char *close = number_array(s, end, &count);
			if (close != NULL && count > NUMBERS_SHOWN) {
				text_add(out, begin, (size_t)(s - begin));
				elided_render(s, (size_t)(close - s), count, out);
				begin = s = close;
				continue;
			}
		}
		s += s < end;
	}
	text_add(out, begin, (size_t)(end - begin));
	return text_failed(out) ? E_MEMORY : OK;
}
