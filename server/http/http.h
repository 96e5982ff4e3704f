/*
 * HTTP: libmicrohttpd lives in server/http/ and nowhere else. A handler is a short function from a request to a
 * response; one table maps method and path to handlers (server/routes/routes.c).
 *
 * - Bodies are read whole up to a limit (JSON), or streamed to a sink (uploads).
 * - A handler that has to wait returns HTTP_WAIT: the connection is suspended (it holds no thread) and the handler is
 *   called again when the job it waits for changes, or when its time is up (request->waited is then set).
 * - A handler that has long to compute returns HTTP_WORK: it is called again on a work thread (work.c), the connection
 *   being suspended meanwhile. The threads that serve connections never compute for long.
 * - This layer does: request ids, doors (token, Host, Origin), deadlines for head and body, double or conflicting
 *   lengths, percent-decoding, trailing slash, HEAD, OPTIONS, 404, 405 + Allow, 413, 415, access log.
 */
#ifndef SERVER_HTTP_HTTP_H
#define SERVER_HTTP_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/problem.h"
#include "api/text.h"
#include "core/base/error.h"

struct http_request; /* opaque: accessors below */

/* Accessors; strings are borrowed until the handler's request ends. */
const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request);
const char *http_header(const struct http_request *request, const char *name); /* or NULL */
/* The k-th {placeholder} of the route's pattern, percent-decoded. */
const char *http_segment(const struct http_request *request, size_t k);
/* A query parameter, or NULL. */
const char *http_query(const struct http_request *request, const char *name);
/* The whole body of a JSON route. */
const char *http_body(const struct http_request *request, size_t *length);
const char *http_request_id(const struct http_request *request);
/* What the handler keeps between its calls for one request (the sink of an upload, a job id ...); the destructor runs
 * when the request ends, however it ends. */
void http_keep(struct http_request *request, void *data, void (*destroy)(void *));
void *http_kept(const struct http_request *request);
/* Is the body's Content-Type this media type, whatever parameters follow? */
bool http_body_is(const struct http_request *request, const char *type);
/* True when the handler is called again after a wait and its time is up. */
bool http_waited(const struct http_request *request);

/* A body that is not held in memory as a text: whoever sends it reads it piece by piece. Zeroed is none. */
struct http_source {
	uint64_t length;
	/* Up to `size` bytes from `offset` on; how many they are, 0: they cannot be read (the connection is cut). Never
	 * long: it is called on the thread of the connection. */
	size_t (*read)(void *context, uint64_t offset, void *bytes, size_t size);
	void (*destroy)(void *context);
	void *context;
};

struct http_response {
	int status;               /* 200 when left 0 */
	const char *content_type; /* static; "application/json" when NULL and there is a body */
	struct text body;
	struct http_source source; /* the body instead of `body`; destroyed with the response */
	/* Up to 8 further headers; names static, values copied into `header_text`. */
	size_t headers;
	struct {
		const char *name;
		char value[512];
	} header[8];
};
void http_response_header(struct http_response *response, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Makes the response a problem document. */
void http_response_problem(struct http_response *response, const struct http_request *request,
			   const struct problem *problem);

enum http_outcome {
	HTTP_DONE, /* the response is complete */
	HTTP_WAIT, /* call me again: see http_wait */
	HTTP_WORK, /* call me again on a work thread: this takes long (not from there) */
};
/* Is the handler called on a work thread? */
bool http_working(const struct http_request *request);
/* Set when what is computed on a work thread is to be given up, with E_CANCELLED: the service stops, or the client of
 * an `abandon` route has closed its side. */
const atomic_bool *http_cancelled(const struct http_request *request);
/* To be called before returning HTTP_WAIT: until when (seconds from the first call), and on which job. Call it before
 * looking at the state that is waited for: a change from here on wakes, one before it is seen. */
void http_wait(struct http_request *request, const char *job_id, double seconds);
/* The same, but only the end of the job is waited for: http_notify does not wake it. */
void http_wait_end(struct http_request *request, const char *job_id, double seconds);

typedef enum http_outcome http_handler(void *service, struct http_request *request, struct http_response *response);

enum http_body_kind {
	HTTP_NO_BODY,
	HTTP_JSON, /* read whole, limit --max-body; content type (JSON, or one of `types`) checked; handler called when
		    * complete */
	HTTP_STREAM, /* handed to `sink` piece by piece; handler called when complete */
};
/* Called for each piece of a streamed body. Returning false refuses the rest: the handler is then called at once and
 * must answer (with the problem that the sink kept). */
typedef bool http_sink(void *service, struct http_request *request, const void *bytes, size_t length);

struct http_route {
	const char *method;
	const char *pattern; /* "/v1/jobs/{id}/curve" */
	http_handler *handler;
	enum http_body_kind body;
	http_sink *sink;
	const char *const *types;      /* media types that HTTP_JSON takes beside JSON, NULL-terminated; NULL: none */
	const char *const *parameters; /* query parameters that the route knows, NULL-terminated; NULL: none */
	bool open;                     /* needs no token */
	bool abandon; /* nobody wants its answer once the client has closed its side: work for it is given up */
};

struct http_options {
	const char *host;
	uint16_t port;     /* 0: a free one */
	const char *token; /* or NULL */
	bool any_host; /* without a token: do not ask that Host names this machine (something else guards the door) */
	size_t max_body;
	size_t threads;                    /* that serve connections */
	size_t work_threads;               /* that do what takes long; 1 to 8, others count as the nearer */
	double head_seconds, body_seconds; /* deadlines */
	const struct http_route *routes;
	size_t route_count;
	void *service; /* handed to handlers */
	void (*log)(void *service, const struct http_request *request, int status, double seconds); /* or NULL */
};

struct http_server;
/* Makes a server with its address taken: connections wait until it listens. Changes may be told to it from now on. */
enum status http_create(const struct http_options *options, struct http_server **out, struct error *error);
/* Begins to answer. Whatever it returns, the server is ended with http_stop. */
enum status http_listen(struct http_server *server, struct error *error);
/* Both; *out is set only when both succeed. */
enum status http_start(const struct http_options *options, struct http_server **out, struct error *error);
uint16_t http_port(const struct http_server *server);
/* Wakes the requests that wait for a change of this job (any thread); at its end, those that wait for its end too. */
void http_notify(struct http_server *server, const char *job_id);
void http_notify_end(struct http_server *server, const char *job_id);
/* Answers what is in flight, resumes what is suspended, refuses what comes new (503), stops. */
void http_stop(struct http_server *server);

#endif
