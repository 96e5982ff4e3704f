/*
 * A client of the service: calls with libcurl, bytes with a bare socket, and checks of what comes back.
 *
 * Replies and texts live until client_forget() (called by server_stop_and_forget or at the process's end): a test frees
 * nothing. Every function fails the test at once when something is not as it says.
 */
#ifndef TESTS_BLACKBOX_CLIENT_H
#define TESTS_BLACKBOX_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "tests/blackbox/server.h"

struct reply {
	int status;
	char *body; /* NUL-terminated */
	size_t length;
	char *headers; /* the last response's, as they came */
	cJSON *json;   /* NULL when the body is none */
	double seconds;
};

struct call {
	const char *method; /* NULL: GET, POST with a body */
	const char *path;   /* with query */
	const char *body;   /* or NULL */
	size_t length;      /* 0: strlen(body) */
	const char *type;   /* content type of the body; NULL: application/json; "": none is sent */
	const char *header; /* one more, "Name: value", or NULL */
	bool no_token;
};

/* A printf whose text lives as long as replies do. */
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Takes memory into the same care; returns it. */
void *keep(void *memory);

const struct reply *client_call(const struct server *server, const struct call *call);
const struct reply *client_get(const struct server *server, const char *path);
const struct reply *client_post(const struct server *server, const char *path, const char *json);
const struct reply *client_delete(const struct server *server, const char *path);
/* Frees all replies and texts. */
void client_forget(void);
/* client_forget and server_destroy: the last line of a test. */
void finish(struct server *server);

/* Value of a header (any case), kept; NULL when there is none. */
const char *reply_header(const struct reply *reply, const char *name);

/* Sends bytes as they are, ends its side, reads until the other side closes or is silent for so many whole seconds.
 * Returns the status of the first response, 0 when there was none. */
int client_raw(const struct server *server, const char *bytes, size_t length, int silence);

/* JSON by a path like "progress.step" or "data.0.id": NULL when there is none. */
const cJSON *find(const cJSON *json, const char *path);
/* The same, but it must be there (and be a number, a string). */
const cJSON *get_at(const cJSON *json, const char *path);
double number_at(const cJSON *json, const char *path);
const char *string_at(const cJSON *json, const char *path);

#define expect(reply, code)                                                                                            \
	ck_assert_msg((reply)->status == (code), "status %d instead of %d: %s", (reply)->status, (code), (reply)->body)
/* A problem document with this status: its form is checked; slug NULL: any. */
void expect_problem(const struct reply *reply, int status, const char *slug);
/* A problem document of status 422 with a fault at this pointer; code NULL: any. Returns the fault. */
const cJSON *expect_fault(const struct reply *reply, const char *pointer, const char *code);

#endif
