/*
 * What the files of server/http/ share: a connection, the request on it, the server.
 *
 * A connection and its one current request are one block of memory, made when the client is accepted and used again
 * for each request on it. Who may touch what:
 *  - the libmicrohttpd thread that owns the connection: everything in struct http_request
 *  - the ticker (ticker.c): `phase` and `deadline` (atomic), `fd` (valid while the connection is in the list)
 *  - any thread, under wait_mutex: struct waiter
 *  - a work thread, while the connection is suspended for it (work.c): everything again
 *
 * Phases of a connection; the ticker may turn each that has a deadline into KILLED, and then only the ticker's word
 * counts:
 *
 *   HEAD -> BODY -> HANDLING -> SENDING -> IDLE -> HANDLING ...
 *             \-> LINGER (answered early; what still comes is thrown away for a while, so that the client can read)
 */
#ifndef SERVER_HTTP_INTERNAL_H
#define SERVER_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "api/dataset_info.h"
#include "server/http/http.h"

enum {
	URI_MAX = 8192,            /* longer: 414 */
	HEAD_MAX = 16384,          /* longer: 431 */
	CONNECTION_MEMORY = 65536, /* libmicrohttpd's pool a connection: holds the head and a piece of the body */
	CONNECTION_LIMIT = 2048,   /* over all threads of the pool */
	SWALLOW_MAX = 65536, /* a body of a refused request that is read to its end, so that the connection lives on */
	SEGMENTS_MAX = 8,    /* of a path */
	QUERY_MAX = 64,      /* parameters in a query */
	MINIMUM_RATE = 4096, /* bytes a second that a client must send or take beyond the grace of body_seconds */
	REQUEST_ID_MAX = 64,
	WAIT_BUCKETS = 256,
	WORK_THREADS_MAX = 8,
	WORK_LINE_MAX = 256, /* long requests that wait for a work thread */
	WORK_BODIES = 4,     /* times max_body: what their bodies may take together */
};

/* Seconds: an idle kept-alive connection; what a client gets to read an early answer; in-flight answers at the stop. */
#define IDLE_SECONDS   75.0
#define LINGER_SECONDS 2.0
#define STOP_SECONDS   1.0
/* At the stop, for a request that is coming in: its next piece is answered 503. */
#define STOP_BODY_SECONDS 0.2

enum phase { PHASE_HEAD, PHASE_BODY, PHASE_HANDLING, PHASE_SENDING, PHASE_IDLE, PHASE_LINGER, PHASE_KILLED };

/* What libmicrohttpd's next call for this request is about. */
enum stage {
	STAGE_HEAD,     /* the head is complete, nothing was looked at */
	STAGE_BODY,     /* pieces of the body come, then the final call */
	STAGE_SWALLOW,  /* refused already; the short rest of the body is thrown away, then the answer goes out */
	STAGE_HANDLER,  /* the handler is being asked, perhaps again after a wait */
	STAGE_ANSWERED, /* the answer is with libmicrohttpd */
	STAGE_LINGER,   /* the answer was written past libmicrohttpd; the connection closes at the end */
};

struct http_server;
struct connection;

struct waiter {
	bool registered, woken, suspended;
	bool end_only; /* a change that is not the job's end does not wake it */
	char job_id[ID_SIZE];
	double deadline; /* 0: not waiting */
	struct http_request *next, *previous;
};

struct work {
	struct http_request *next; /* in line; guarded by work_mutex */
	bool working;              /* the handler is called on a work thread */
	bool done;                 /* `outcome` is there for work_take */
	enum http_outcome outcome;
	atomic_bool cancel;
};

struct work_thread {
	struct http_server *server;
	pthread_t thread;
	struct http_request *request; /* at work, or NULL; guarded by work_mutex */
};

struct query_parameter {
	const char *name, *value;
};

struct http_request {
	struct http_server *server;
	struct connection *peer;
	struct MHD_Connection *connection;
	enum stage stage;
	double started;

	char uri[URI_MAX + 1];    /* as sent, cut at '?'; the query is decoded in place */
	char pieces[URI_MAX + 1]; /* the path, cut at '/' and decoded */
	bool uri_long;
	const char *method;
	const char *path; /* as sent */
	char *query_text; /* or NULL */
	size_t segments;
	char *segment[SEGMENTS_MAX]; /* decoded */
	size_t placeholders;
	const char *placeholder[SEGMENTS_MAX];
	size_t parameters;
	struct query_parameter parameter[QUERY_MAX];
	const struct http_route *route;
	char id[REQUEST_ID_MAX + 1];

	/* headers, borrowed from libmicrohttpd; NULL: not there */
	const char *host, *authorization, *origin, *content_type, *transfer_encoding, *expect;
	bool chunked;
	bool bad_length;
	uint64_t content_length; /* 0 when chunked */

	uint64_t received; /* bytes of the body so far */
	char *body;
	size_t body_capacity;
	bool sink_refused;

	void *kept;
	void (*kept_destroy)(void *);
	bool waited;
	struct waiter waiter;
	struct work work;

	struct http_response response;
	int status; /* answered with; 0: not yet */
};

struct connection {
	struct connection *next, *previous;
	int fd;
	atomic_int phase;
	_Atomic double deadline; /* of the phase, by clock_now; 0: none */
	bool first;              /* no request was answered on it yet */
	struct http_request request;
};

struct http_server {
	struct http_options options;
	struct MHD_Daemon *daemon;
	int listener;
	uint16_t port;
	unsigned char token_hash[32];
	bool has_token;
	atomic_bool stopping;
	char id_prefix[17];
	atomic_uint_fast64_t id_counter;

	pthread_mutex_t list_mutex; /* guards the list of connections */
	struct connection *connections;

	pthread_mutex_t wait_mutex; /* guards bucket and every struct waiter */
	struct http_request *bucket[WAIT_BUCKETS];
	atomic_size_t waiters;

	pthread_mutex_t work_mutex; /* guards what follows, and `next` of each struct work */
	pthread_cond_t work_wake;
	struct http_request *work_first, **work_end; /* the line */
	size_t work_count;                           /* of requests in it */
	uint64_t work_bytes;                         /* of their bodies */
	bool work_stopping;
	size_t work_threads;
	struct work_thread work_thread[WORK_THREADS_MAX];

	pthread_t ticker;
	bool ticker_runs;
	pthread_mutex_t ticker_mutex; /* guards ticker_stop, ticker_due */
	pthread_cond_t ticker_wake;
	bool ticker_stop;
	double ticker_due; /* when it looks next */
};

/* Monotonic seconds. */
double clock_now(void);

/* connection.c: begins a phase with a deadline so many seconds from now (0: none). False when the ticker was faster. */
bool connection_phase(struct connection *peer, enum phase phase, double seconds);
void connection_notify(void *context, struct MHD_Connection *connection, void **socket_context,
		       enum MHD_ConnectionNotificationCode code);

/* request.c: from the raw address and headers to the fields above. */
void request_begin(struct http_request *request, struct MHD_Connection *connection, const char *uri);
void request_read_headers(struct http_request *request);
/* Splits and decodes path and query. False with a problem: bad percent-encoding, not UTF-8, too many parts. */
bool request_decode(struct http_request *request, struct problem *problem);
/* Judges the query's names against those that the route knows. */
bool request_check_query(const struct http_request *request, struct problem *problem);
void request_end(struct http_request *request);
/* A fresh request id. */
void request_make_id(struct http_server *server, char id[REQUEST_ID_MAX + 1]);

/* route.c: finds the route (into request->route and its placeholders). Returns 404 or 405 when there is none, else 0.
 * allow: "GET, HEAD, OPTIONS", filled when the path is known. */
int route_find(struct http_request *request, char *allow, size_t size);

/* doors.c: may this request come in? */
bool doors_check(const struct http_request *request, bool open, struct http_response *response,
		 struct problem *problem);
/* The content type of a JSON route's body. */
bool doors_content_type(const struct http_request *request, struct http_response *response, struct problem *problem);

/* respond.c */
enum MHD_Result respond(struct http_request *request);
/* Writes the answer past libmicrohttpd (which takes none while a body is coming in) and lingers. */
enum MHD_Result respond_early(struct http_request *request);
/* One raw answer to a socket; never blocks, errors do not matter. */
void respond_raw(int fd, const char *id, const struct http_response *response);
void response_problem(struct http_response *response, const char *id, const struct problem *problem);
void response_reset(struct http_response *response);

/* wait.c */
bool wait_park(struct http_request *request); /* true: suspended; false: call the handler again */
void wait_end(struct http_request *request);
/* Wakes whose time is up (all: everybody); returns the next deadline, or INFINITY. */
double wait_tick(struct http_server *server, double now, bool all);

/* work.c */
void work_init(struct http_server *server);
bool work_start(struct http_server *server);
void work_stop(struct http_server *server);
/* True: suspended, the handler will be called on a work thread. False: refused, the response says why. */
bool work_submit(struct http_request *request);
/* What the handler said on a work thread, once; false when it was not asked there. */
bool work_take(struct http_request *request, enum http_outcome *outcome);
/* Looks after the clients of what is under way; returns when next, or INFINITY. */
double work_tick(struct http_server *server, double now);

/* ticker.c */
bool ticker_start(struct http_server *server);
void ticker_stop(struct http_server *server);
void ticker_hurry(struct http_server *server, double due);

/* handle.c */
enum MHD_Result handle_access(void *context, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *upload, size_t *upload_size, void **request_context);
void *handle_uri(void *server, const char *uri, struct MHD_Connection *connection);
void handle_completed(void *context, struct MHD_Connection *connection, void **request_context,
		      enum MHD_RequestTerminationCode code);

#endif
