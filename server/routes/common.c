#include "server/routes/common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/base/setting.h"
#include "server/log.h"

enum http_outcome answer_problem(struct http_request *request, struct http_response *response, struct problem *problem)
{
	http_response_problem(response, request, problem);
	problem_fini(problem);
	return HTTP_DONE;
}

void problem_of(struct problem *problem, enum status status, const struct error *error)
{
	static const struct {
		enum status status;
		enum problem_kind kind;
	} kinds[] = {
		{ E_INVALID, PROBLEM_INVALID },     { E_RANGE, PROBLEM_INVALID },
		{ E_UNSUPPORTED, PROBLEM_INVALID }, { E_NOT_FOUND, PROBLEM_NOT_FOUND },
		{ E_CONFLICT, PROBLEM_CONFLICT },   { E_FULL, PROBLEM_QUEUE_FULL },
		{ E_TOO_LARGE, PROBLEM_TOO_LARGE }, { E_DISK_FULL, PROBLEM_DISK_FULL },
		{ E_CANCELLED, PROBLEM_STOPPING },
	};
	enum problem_kind kind = PROBLEM_INTERNAL;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (kinds[i].status == status) {
			kind = kinds[i].kind;
		}
	}
	const char *words = error != NULL && error->text[0] != '\0' ? error->text : status_text(status);
	if (kind == PROBLEM_INTERNAL) {
		log_line(LOG_ERROR, "a request failed: %s (%s)", words, status_slug(status));
		words = "Something failed on our side; the log says more.";
	}
	problem_set(problem, kind, "%s", words);
}

enum status reserve_memory(struct service *service, uint64_t bytes, struct problem *problem)
{
	uint64_t budget = service->config->memory;
	enum status status = workers_reserve(service->workers, bytes);
	if (status == E_TOO_LARGE) {
		problem_set(problem, PROBLEM_MEMORY, "The request needs about %.1f MiB of memory, there are %.1f MiB.",
			    (double)bytes / 1048576, (double)budget / 1048576);
		text_puts(&problem->extra, ",\"needed_bytes\":");
		text_json_uint(&problem->extra, bytes);
		text_puts(&problem->extra, ",\"budget_bytes\":");
		text_json_uint(&problem->extra, budget);
	} else if (status != OK) {
		problem_set(
			problem, PROBLEM_BUSY,
			"The request needs about %.1f MiB of memory, which running jobs have: ask again in a while.",
			(double)bytes / 1048576);
	}
	return status;
}

enum http_outcome answer_status(struct http_request *request, struct http_response *response, enum status status,
				const struct error *error, const char *what)
{
	struct problem problem;
	problem_init(&problem);
	if (status == E_NOT_FOUND) {
		const char *id = http_segment(request, 0);
		problem_set(&problem, PROBLEM_NOT_FOUND, "There is no %s \"%.40s\".", what, id == NULL ? "" : id);
	} else {
		problem_of(&problem, status, error);
	}
	if (status == E_FULL || status == E_CANCELLED) {
		http_response_header(response, "Retry-After", status == E_FULL ? "5" : "1");
	}
	return answer_problem(request, response, &problem);
}

/* --- query parameters --- */

void query_uint(const struct http_request *request, const char *name, uint64_t maximum, uint64_t *out,
		struct problem *problem)
{
	const char *value = http_query(request, name);
	if (value == NULL) {
		return;
	}
	uint64_t number = 0;
	bool good = value[0] != '\0' && strspn(value, "0123456789") == strlen(value);
	for (const char *c = value; good && *c != '\0'; c++) {
		if (__builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*c - '0'), &number)) {
			number = UINT64_MAX; /* whatever the bound, above it */
			break;
		}
	}
	if (!good) {
		problem_parameter(problem, name, FAULT_WRONG_TYPE, NULL, NULL, "a whole number is needed");
	} else if (number > maximum) {
		problem_parameter(problem, name, FAULT_OUT_OF_RANGE, NULL, NULL, "at most %llu",
				  (unsigned long long)maximum);
	} else {
		*out = number;
	}
}

void query_number(const struct http_request *request, const char *name, double largest, double *out,
		  struct problem *problem)
{
	const char *value = http_query(request, name);
	if (value == NULL) {
		return;
	}
	char *end = NULL;
	const bool plain = value[0] != '\0' && strspn(value, "0123456789+-.eE") == strlen(value);
	const double number = plain ? strtod(value, &end) : 0;
	if (!plain || *end != '\0') {
		problem_parameter(problem, name, FAULT_WRONG_TYPE, NULL, NULL, "a number is needed");
	} else if (!(fabs(number) <= largest)) {
		problem_parameter(problem, name, FAULT_OUT_OF_RANGE, NULL, NULL, "from %g to %g", -largest, largest);
	} else {
		*out = number;
	}
}

void query_word(const struct http_request *request, const char *name, const char *const *words, size_t *out,
		struct problem *problem)
{
	const char *value = http_query(request, name);
	size_t count = 0;
	if (value == NULL) {
		return;
	}
	for (; words[count] != NULL; count++) {
		if (strcmp(words[count], value) == 0) {
			*out = count;
			return;
		}
	}
	problem_parameter(problem, name, FAULT_NOT_ALLOWED, nearest_name(value, words, count), words,
			  "\"%.60s\" is not allowed", value);
}

void query_bool(const struct http_request *request, const char *name, bool *out, struct problem *problem)
{
	static const char *const words[] = { "false", "true", NULL };
	size_t index = *out;
	query_word(request, name, words, &index, problem);
	*out = index == 1;
}

/* One character, or "tab". */
static void query_character(const struct http_request *request, const char *name, char *out, struct problem *problem)
{
	const char *value = http_query(request, name);
	if (value == NULL) {
		return;
	}
	if (strcmp(value, "tab") == 0) {
		*out = '\t';
	} else if (strlen(value) == 1 && value[0] > 0 && value[0] != '"' && value[0] != '\n' && value[0] != '\r') {
		*out = value[0];
	} else {
		problem_parameter(problem, name, FAULT_NOT_ALLOWED, NULL, NULL,
				  "one ASCII character is needed, no quote, or \"tab\"");
	}
}

void query_separators(const struct http_request *request, char *delimiter, char *decimal, struct problem *problem)
{
	*decimal = '.';
	query_character(request, "delimiter", delimiter, problem);
	query_character(request, "decimal", decimal, problem);
	if (*decimal != '.' && *decimal != ',') {
		problem_parameter(problem, "decimal", FAULT_NOT_ALLOWED, NULL, NULL, "a point or a comma");
	} else if (*decimal == *delimiter) {
		problem_parameter(problem, "decimal", FAULT_NOT_ALLOWED, NULL, NULL,
				  "decimal and delimiter are the same character");
	}
}

void query_limit(const struct http_request *request, uint64_t *out, struct problem *problem)
{
	*out = LIST_LIMIT;
	query_uint(request, "limit", UINT64_MAX, out, problem);
	if (*out == 0) {
		problem_parameter(problem, "limit", FAULT_OUT_OF_RANGE, NULL, NULL, "at least 1");
	}
	*out = *out > LIST_LIMIT_MAX ? LIST_LIMIT_MAX : *out;
}

void query_include(const struct http_request *request, bool *curve, bool *weights, struct problem *problem)
{
	static const char *const words[] = { "curve", "weights", NULL };
	const char *list = http_query(request, "include");
	while (list != NULL) {
		size_t length = strcspn(list, ",");
		char word[61];
		snprintf(word, sizeof word, "%.*s", (int)(length < 60 ? length : 60), list);
		if (strcmp(word, "curve") == 0) {
			*curve = true;
		} else if (strcmp(word, "weights") == 0) {
			*weights = true;
		} else {
			problem_parameter(problem, "include", FAULT_NOT_ALLOWED, nearest_name(word, words, 2), words,
					  "\"%s\" cannot be included", word);
			return;
		}
		list = list[length] == '\0' ? NULL : list + length + 1;
	}
}

bool query_csv(const struct http_request *request, struct problem *problem)
{
	static const char *const formats[] = { "json", "csv", NULL };
	const char *accept = http_header(request, "Accept");
	size_t format = 0;
	if (http_query(request, "format") != NULL) {
		query_word(request, "format", formats, &format, problem);
		return format == 1;
	}
	const char *csv = accept == NULL ? NULL : strcasestr(accept, "text/csv");
	const char *json = accept == NULL ? NULL : strcasestr(accept, "application/json");
	return csv != NULL && (json == NULL || csv < json);
}

/* "wait=10" among the preferences, separated by commas; a malformed preference is ignored (RFC 7240). */
static double preferred_wait(const char *prefer)
{
	while (prefer != NULL) {
		prefer += strspn(prefer, " \t,");
		if (strncasecmp(prefer, "wait=", 5) == 0) {
			const char *value = prefer + 5 + (prefer[5] == '"');
			char *end = NULL;
			double seconds = value[0] >= '0' && value[0] <= '9' ? strtod(value, &end) : -1;
			return seconds;
		}
		prefer = strchr(prefer, ',');
	}
	return -1;
}

/* Decimal seconds: digits with a point or an exponent, nothing behind them; -1 otherwise. */
static double decimal_seconds(const char *value)
{
	char *end = NULL;
	bool decimal = ((value[0] >= '0' && value[0] <= '9') || value[0] == '.') && strpbrk(value, "xX") == NULL;
	double seconds = decimal ? strtod(value, &end) : -1;
	return decimal && end != value && *end == '\0' && isfinite(seconds) ? seconds : -1;
}

double query_wait(const struct http_request *request, struct http_response *response, struct problem *problem)
{
	const char *value = http_query(request, "wait");
	double seconds;
	if (value != NULL) {
		seconds = decimal_seconds(value);
		if (seconds < 0) {
			problem_parameter(problem, "wait", FAULT_WRONG_TYPE, NULL, NULL,
					  "a number of seconds from 0 on is needed");
			return 0;
		}
	} else {
		seconds = preferred_wait(http_header(request, "Prefer"));
		if (!(seconds >= 0)) {
			return 0;
		}
	}
	seconds = seconds > WAIT_MAX ? WAIT_MAX : seconds;
	http_response_header(response, "Preference-Applied", "wait=%g", seconds);
	return seconds;
}

/* --- pages --- */

static void add_encoded(struct text *out, const char *value)
{
	for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
			     strchr("-._~,", *c) != NULL;
		text_printf(out, plain ? "%c" : "%%%02X", *c);
	}
}

void link_next(const struct http_request *request, struct http_response *response, const char *const *parameters,
	       const char *next_cursor)
{
	if (next_cursor[0] == '\0') {
		return;
	}
	struct text link;
	text_init(&link);
	text_printf(&link, "<%s?", http_path(request));
	for (size_t i = 0; parameters[i] != NULL; i++) {
		const char *value = http_query(request, parameters[i]);
		if (value != NULL && strcmp(parameters[i], "cursor") != 0) {
			text_printf(&link, "%s=", parameters[i]);
			add_encoded(&link, value);
			text_puts(&link, "&");
		}
	}
	text_puts(&link, "cursor=");
	add_encoded(&link, next_cursor);
	text_puts(&link, ">; rel=\"next\"");
	if (!text_failed(&link) && link.length < sizeof response->header->value) {
		http_response_header(response, "Link", "%s", link.data);
	}
	text_fini(&link);
}

int64_t now_milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
