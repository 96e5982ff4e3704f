/*
 * Problems: RFC 9457 problem documents, with all faults of a body or a query at once.
 *
 * A function that reads something from a client collects faults here; none of them is a crash,
 * and none hides another.
 */
#ifndef API_PROBLEM_H
#define API_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "api/text.h"
#include "core/base/status.h"

/* Slugs of `type` (urn:descentd:problem:<slug>), status and title; all are listed in openapi.yaml. */
#define PROBLEM_LIST(X)                                                                                                \
	X(PROBLEM_NONE, "", 200, "")                                                                                   \
	X(PROBLEM_MALFORMED, "malformed", 400, "The request cannot be read")                                           \
	X(PROBLEM_BAD_QUERY, "bad-query", 400, "A query parameter is wrong")                                           \
	X(PROBLEM_UNAUTHORIZED, "unauthorized", 401, "A token is needed")                                              \
	X(PROBLEM_FORBIDDEN, "forbidden", 403, "Not from there")                                                       \
	X(PROBLEM_NOT_FOUND, "not-found", 404, "There is no such thing")                                               \
	X(PROBLEM_METHOD, "method-not-allowed", 405, "Not this method")                                                \
	X(PROBLEM_TIMEOUT, "request-timeout", 408, "The request came too slowly")                                      \
	X(PROBLEM_CONFLICT, "conflict", 409, "Not in this state")                                                      \
	X(PROBLEM_LENGTH, "bad-length", 400, "The length of the body is unclear")                                      \
	X(PROBLEM_TOO_LARGE, "too-large", 413, "The body is too large")                                                \
	X(PROBLEM_URI_LONG, "uri-too-long", 414, "The address is too long")                                            \
	X(PROBLEM_MEDIA_TYPE, "unsupported-media-type", 415, "Not this media type")                                    \
	X(PROBLEM_INVALID, "invalid", 422, "The request is understood but wrong")                                      \
	X(PROBLEM_MEMORY, "needs-too-much-memory", 422, "It needs more memory than there is")                          \
	X(PROBLEM_HEADERS_LONG, "headers-too-large", 431, "The headers are too large")                                 \
	X(PROBLEM_INTERNAL, "internal", 500, "Our fault")                                                              \
	X(PROBLEM_QUEUE_FULL, "queue-full", 503, "The queue is full")                                                  \
	X(PROBLEM_BUSY, "busy", 503, "Too much is under way")                                                          \
	X(PROBLEM_STOPPING, "stopping", 503, "The service is stopping")                                                \
	X(PROBLEM_DISK_FULL, "disk-full", 507, "The disk is full")

enum problem_kind {
#define PROBLEM_MEMBER(name, slug, status, title) name,
	PROBLEM_LIST(PROBLEM_MEMBER)
#undef PROBLEM_MEMBER
		PROBLEM_COUNT
};

/* Codes of one fault: unknown_field duplicate missing wrong_type out_of_range not_allowed not_found. */
enum fault_code {
	FAULT_UNKNOWN_FIELD,
	FAULT_DUPLICATE,
	FAULT_MISSING,
	FAULT_WRONG_TYPE,
	FAULT_OUT_OF_RANGE,
	FAULT_NOT_ALLOWED,
	FAULT_NOT_FOUND,
};

struct fault {
	char *pointer;   /* JSON pointer, or NULL */
	char *parameter; /* query parameter, or NULL */
	enum fault_code code;
	char *detail;
	char *suggestion; /* or NULL */
	char **allowed;   /* NULL-terminated, or NULL */
	bool placed;      /* `position` is said */
	size_t position;  /* in the text of a value, in characters from 0 */
};

enum { PROBLEM_FAULTS_MAX = 100 }; /* more are counted, not kept */

struct problem {
	enum problem_kind kind; /* PROBLEM_NONE: none */
	char *detail;           /* one or two sentences */
	size_t faults;
	size_t faults_total;
	struct fault *fault;
	struct text extra; /* further members, each ",\"name\":value"; may be empty */
};

void problem_init(struct problem *problem);
void problem_fini(struct problem *problem);
static inline bool problem_any(const struct problem *problem)
{
	return problem->kind != PROBLEM_NONE;
}
/* Sets kind and detail (first call wins for the kind; the detail is replaced when it was empty). */
void problem_set(struct problem *problem, enum problem_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds a fault of a body (kind becomes PROBLEM_INVALID when it was none). allowed: NULL-terminated or NULL; copied. */
void problem_fault(struct problem *problem, const char *pointer, enum fault_code code, const char *suggestion,
		   const char *const *allowed, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Says where in its text the fault lies that was added last. */
void problem_fault_position(struct problem *problem, size_t position);
/* Adds a fault of a query parameter (kind becomes PROBLEM_BAD_QUERY when it was none). */
void problem_parameter(struct problem *problem, const char *parameter, enum fault_code code, const char *suggestion,
		       const char *const *allowed, const char *format, ...) __attribute__((format(printf, 6, 7)));
int problem_http_status(const struct problem *problem);
/* The document; `instance` is the request id (may be NULL). */
void problem_render(const struct problem *problem, const char *instance, struct text *out);

#endif
