#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/text.h"

/* Written once at start, before there are threads. */
static enum log_level least = LOG_INFO;
static bool as_json;

static const char *const words[] = { "debug", "info", "warn", "error" };

void log_init(enum log_level level, bool json)
{
	least = level;
	as_json = json;
}

bool log_wants(enum log_level level)
{
	return level >= least;
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The time without its quotes. */
static void begin(struct text *line, enum log_level level)
{
	if (as_json) {
		text_puts(line, "{\"time\":");
		text_json_time(line, now_ms());
		text_printf(line, ",\"level\":\"%s\"", words[level]);
		return;
	}
	struct text time;
	text_init(&time);
	text_json_time(&time, now_ms());
	if (time.length > 2) {
		text_add(line, time.data + 1, time.length - 2);
	}
	text_fini(&time);
	text_printf(line, " %s ", words[level]);
}

static void end(struct text *line)
{
	text_puts(line, as_json ? "}\n" : "\n");
	if (!text_failed(line)) {
		ssize_t written = write(STDERR_FILENO, line->data, line->length);
		(void)written; /* a log that cannot be written stops nothing */
	}
	text_fini(line);
}

/* Text that a client sent must not make lines of its own. */
static void add_safe(struct text *line, const char *string)
{
	const char *begin = string, *c = string;
	for (; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			text_add(line, begin, (size_t)(c - begin));
			text_add(line, "?", 1);
			begin = c + 1;
		}
	}
	text_add(line, begin, (size_t)(c - begin));
}

/* Milliseconds with three decimals. */
static void add_milliseconds(struct text *line, double seconds)
{
	uint64_t microseconds = seconds > 0 ? (uint64_t)(1e6 * seconds + 0.5) : 0, rest = microseconds % 1000;
	const char digits[] = { '.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10) };
	text_json_uint(line, microseconds / 1000);
	text_add(line, digits, sizeof digits);
}

void log_line(enum log_level level, const char *format, ...)
{
	if (!log_wants(level)) {
		return;
	}
	char message[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	struct text line;
	text_init(&line);
	begin(&line, level);
	if (as_json) {
		text_puts(&line, ",\"message\":");
		text_json_string(&line, message);
	} else {
		add_safe(&line, message);
	}
	end(&line);
}

void log_request(const char *method, const char *path, int status, double seconds, const char *id)
{
	if (!log_wants(LOG_INFO)) {
		return;
	}
	struct text line;
	text_init(&line);
	begin(&line, LOG_INFO);
	if (as_json) {
		text_puts(&line, ",\"method\":");
		text_json_string(&line, method);
		text_puts(&line, ",\"path\":");
		text_json_string(&line, path);
		text_puts(&line, ",\"status\":");
		text_json_uint(&line, (uint64_t)status);
		text_puts(&line, ",\"ms\":");
		add_milliseconds(&line, seconds);
		text_puts(&line, ",\"request_id\":");
		text_json_string(&line, id);
	} else {
		add_safe(&line, method);
		text_puts(&line, " ");
		add_safe(&line, path);
		text_puts(&line, " ");
		text_json_uint(&line, (uint64_t)status);
		text_puts(&line, " ");
		add_milliseconds(&line, seconds);
		text_puts(&line, " ms ");
		text_puts(&line, id);
	}
	end(&line);
}
