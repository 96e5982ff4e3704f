/* NDJSON to {"inputs": [...]}: each line is a value of its own, so nothing but rows can come of it. */
#include <string.h>

#include "api/json.h"
#include "api/predictions.h"

static bool is_blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (strchr(" \t\r", line[i]) == NULL || line[i] == '\0') {
			return false;
		}
	}
	return true;
}

enum status predictions_from_lines(const char *body, size_t length, struct text *out, struct problem *problem)
{
	const char *end = body + length;
	bool first = true;
	if (length >= 3 && memcmp(body, "\xEF\xBB\xBF", 3) == 0) {
		body += 3;
	}
	text_puts(out, "{\"inputs\":[");
	for (size_t line = 1; body < end; line++) {
		const char *stop = memchr(body, '\n', (size_t)(end - body));
		const size_t here = (size_t)((stop == NULL ? end : stop) - body);
		if (!is_blank(body, here)) {
			if (!json_scan_line(body, here, line, problem)) {
				return E_INVALID;
			}
			text_puts(out, first ? "" : ",");
			text_add(out, body, here);
			first = false;
		}
		body += here + 1;
	}
	text_puts(out, "]}");
	return text_failed(out) ? E_MEMORY : OK;
}
