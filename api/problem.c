/*
 * Problem documents. Faults are kept up to a bound and counted beyond it. Where memory runs out while a
 * fault is noted, its text is left out; the kind of the problem, and so the status, stays right.
 */
#include "api/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"

static const char *const slugs[] = {
#define PROBLEM_SLUG(name, slug, status, title) slug,
	PROBLEM_LIST(PROBLEM_SLUG)
#undef PROBLEM_SLUG
};
static const int statuses[] = {
#define PROBLEM_STATUS(name, slug, status, title) status,
	PROBLEM_LIST(PROBLEM_STATUS)
#undef PROBLEM_STATUS
};
static const char *const titles[] = {
#define PROBLEM_TITLE(name, slug, status, title) title,
	PROBLEM_LIST(PROBLEM_TITLE)
#undef PROBLEM_TITLE
};
static const char *const codes[] = {
	[FAULT_UNKNOWN_FIELD] = "unknown_field",
	[FAULT_DUPLICATE] = "duplicate",
	[FAULT_MISSING] = "missing",
	[FAULT_WRONG_TYPE] = "wrong_type",
	[FAULT_OUT_OF_RANGE] = "out_of_range",
	[FAULT_NOT_ALLOWED] = "not_allowed",
	[FAULT_NOT_FOUND] = "not_found",
};

void problem_init(struct problem *problem)
{
	memset(problem, 0, sizeof *problem);
}

static void fault_fini(struct fault *fault)
{
	free(fault->pointer);
	free(fault->parameter);
	free(fault->detail);
	free(fault->suggestion);
	for (char **word = fault->allowed; word != NULL && *word != NULL; word++) {
		free(*word);
	}
	free(fault->allowed);
}

void problem_fini(struct problem *problem)
{
	for (size_t i = 0; i < problem->faults; i++) {
		fault_fini(&problem->fault[i]);
	}
	free(problem->fault);
	free(problem->detail);
	text_fini(&problem->extra);
	problem_init(problem);
}

static char *copy_string(const char *string)
{
	return string == NULL ? NULL : strdup(string);
}

static char *format_string(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
static char *format_string(const char *format, va_list args)
{
	char *string;
	return vasprintf(&string, format, args) < 0 ? NULL : string;
}

/* A copy of a NULL-terminated list, cut short where memory ends; NULL for NULL. */
static char **copy_list(const char *const *list)
{
	size_t count = 0, bytes;
	if (list == NULL) {
		return NULL;
	}
	while (list[count] != NULL) {
		count++;
	}
	if (!size_multiply(count + 1, sizeof(char *), &bytes)) {
		return NULL;
	}
	char **copy = calloc(1, bytes);
	for (size_t i = 0; copy != NULL && i < count; i++) {
		copy[i] = strdup(list[i]);
		if (copy[i] == NULL) {
			break;
		}
	}
	return copy;
}

void problem_set(struct problem *problem, enum problem_kind kind, const char *format, ...)
{
	if (problem->kind == PROBLEM_NONE) {
		problem->kind = kind;
	}
	if (problem->detail == NULL) {
		va_list args;
		va_start(args, format);
		problem->detail = format_string(format, args);
		va_end(args);
	}
}

/* Room for one more fault, zeroed; NULL when there are enough or memory has run out. */
static struct fault *fault_next(struct problem *problem, enum problem_kind kind, enum fault_code code)
{
	if (problem->kind == PROBLEM_NONE) {
		problem->kind = kind;
	}
	problem->faults_total++;
	if (problem->fault == NULL) {
		problem->fault = calloc(PROBLEM_FAULTS_MAX, sizeof *problem->fault);
	}
	if (problem->fault == NULL || problem->faults == PROBLEM_FAULTS_MAX) {
		return NULL;
	}
	struct fault *fault = &problem->fault[problem->faults++];
	fault->code = code;
	return fault;
}

void problem_fault(struct problem *problem, const char *pointer, enum fault_code code, const char *suggestion,
		   const char *const *allowed, const char *format, ...)
{
	struct fault *fault = fault_next(problem, PROBLEM_INVALID, code);
	if (fault != NULL) {
		va_list args;
		va_start(args, format);
		fault->detail = format_string(format, args);
		va_end(args);
		fault->pointer = copy_string(pointer);
		fault->suggestion = copy_string(suggestion);
		fault->allowed = copy_list(allowed);
	}
}

void problem_fault_position(struct problem *problem, size_t position)
{
	if (problem->faults > 0 && problem->faults == problem->faults_total) {
		problem->fault[problem->faults - 1].placed = true;
		problem->fault[problem->faults - 1].position = position;
	}
}

void problem_parameter(struct problem *problem, const char *parameter, enum fault_code code, const char *suggestion,
		       const char *const *allowed, const char *format, ...)
{
	struct fault *fault = fault_next(problem, PROBLEM_BAD_QUERY, code);
	if (fault != NULL) {
		va_list args;
		va_start(args, format);
		fault->detail = format_string(format, args);
		va_end(args);
		fault->parameter = copy_string(parameter);
		fault->suggestion = copy_string(suggestion);
		fault->allowed = copy_list(allowed);
	}
}

int problem_http_status(const struct problem *problem)
{
	return statuses[problem->kind];
}

static void fault_render(const struct fault *fault, struct text *out)
{
	text_puts(out, "{");
	if (fault->pointer != NULL) {
		text_puts(out, "\"pointer\":");
		text_json_string(out, fault->pointer);
		text_puts(out, ",");
	}
	if (fault->parameter != NULL) {
		text_puts(out, "\"parameter\":");
		text_json_string(out, fault->parameter);
		text_puts(out, ",");
	}
	if (fault->placed) {
		text_printf(out, "\"position\":%zu,", fault->position);
	}
	text_printf(out, "\"code\":\"%s\",\"detail\":", codes[fault->code]);
	text_json_string(out, fault->detail != NULL ? fault->detail : "");
	if (fault->suggestion != NULL) {
		text_puts(out, ",\"suggestion\":");
		text_json_string(out, fault->suggestion);
	}
	if (fault->allowed != NULL) {
		text_puts(out, ",\"allowed\":[");
		for (char **word = fault->allowed; *word != NULL; word++) {
			text_puts(out, word == fault->allowed ? "" : ",");
			text_json_string(out, *word);
		}
		text_puts(out, "]");
	}
	text_puts(out, "}");
}

/* The detail of a problem that nobody gave one: its only fault, or how many there are. */
static void detail_render(const struct problem *problem, struct text *out)
{
	char counted[64];
	if (problem->detail != NULL) {
		text_json_string(out, problem->detail);
	} else if (problem->faults_total == 1 && problem->faults == 1 && problem->fault[0].detail != NULL) {
		struct text line;
		const struct fault *fault = &problem->fault[0];
		text_init(&line);
		const char *where = fault->pointer != NULL ? fault->pointer : fault->parameter;
		text_printf(&line, "%s%s%s", where == NULL ? "" : where, where == NULL || *where == '\0' ? "" : ": ",
			    fault->detail);
		text_json_string(out, text_failed(&line) ? fault->detail : line.data);
		text_fini(&line);
	} else if (problem->faults_total > 0) {
		snprintf(counted, sizeof counted, "%zu faults; `errors` says where", problem->faults_total);
		text_json_string(out, counted);
	} else {
		text_json_string(out, titles[problem->kind]);
	}
}

void problem_render(const struct problem *problem, const char *instance, struct text *out)
{
	text_printf(out, "{\"type\":\"urn:descentd:problem:%s\",\"title\":\"%s\",\"status\":%d,\"detail\":",
		    slugs[problem->kind], titles[problem->kind], statuses[problem->kind]);
	detail_render(problem, out);
	if (instance != NULL) {
		text_puts(out, ",\"instance\":");
		text_json_string(out, instance);
	}
	if (problem->faults > 0) {
		text_puts(out, ",\"errors\":[");
		for (size_t i = 0; i < problem->faults; i++) {
			text_puts(out, i == 0 ? "" : ",");
			fault_render(&problem->fault[i], out);
		}
		text_puts(out, "]");
		if (problem->faults_total > problem->faults) {
			text_printf(out, ",\"errors_total\":%zu", problem->faults_total);
		}
	}
	if (problem->extra.data != NULL && !problem->extra.failed) {
		text_puts(out, problem->extra.data);
	}
	text_puts(out, "}\n");
}
