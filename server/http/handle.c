/*
 * One request, from libmicrohttpd's first call to its last.
 *
 *   handle_uri       the request line is in: a fresh request on the connection
 *   handle_access    first call: the head is judged; then pieces of the body; then the final call: the handler is asked
 *   handle_completed the answer is out, or the client is gone
 *
 * libmicrohttpd takes an answer in the first call (and then closes the connection) and in the final call, in between it
 * takes none. So a request that is refused by its head is answered in the final call when its body is short, at once
 * when the client waits for 100 Continue, and otherwise past libmicrohttpd (respond_early).
 */
#include "server/http/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The query was copied, and request.c reads the copy. libmicrohttpd's own list of parameters takes 64 bytes of the
 * connection's memory for each, and where that is used up (some 900 of them) it answers nothing until the head is late.
 * So its query ends where it begins: the buffer is the connection's and writable, const only in the callback's type. */
static void keep_parameters(const char *uri)
{
	char *query = uri == NULL ? NULL : strchr(uri, '?');
	if (query != NULL) {
		query[1] = '\0';
	}
}

void *handle_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
	(void)context;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *peer = info == NULL ? NULL : info->socket_context;
	if (peer == NULL) {
		return NULL;
	}
	request_begin(&peer->request, connection, uri == NULL ? "" : uri);
	keep_parameters(uri);
	return &peer->request;
}

/* The address and the shape of the body, before anything else is believed. */
static bool judge_framing(struct http_request *request, const char *version, struct problem *problem)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	if (request->bad_length) {
		problem_set(problem, PROBLEM_LENGTH,
			    "Send one 'Content-Length' of digits, or 'Transfer-Encoding: chunked', not both and not "
			    "twice.");
	} else if (request->uri_long) {
		problem_set(problem, PROBLEM_URI_LONG, "An address may have %d bytes.", URI_MAX);
	} else if (info != NULL && info->header_size > HEAD_MAX) {
		problem_set(problem, PROBLEM_HEADERS_LONG, "Request line and headers may have %d bytes together.",
			    HEAD_MAX);
	} else if (request->host == NULL && strcmp(version, "HTTP/1.0") != 0) {
		problem_set(problem, PROBLEM_MALFORMED, "A request needs exactly one 'Host' header.");
	}
	if (request->host == NULL) {
		request->host = "";
	}
	return !problem_any(problem) && request_decode(request, problem);
}

static bool judge_token_parameter(const struct http_request *request, struct problem *problem)
{
	if (http_query(request, "token") != NULL || http_query(request, "access_token") != NULL) {
		problem_set(
			problem, PROBLEM_BAD_QUERY,
			"A token in an address ends in logs and histories: send it as 'Authorization: Bearer TOKEN'.");
		return false;
	}
	return true;
}

/* OPTIONS of a known path (or of *): 204 and what it can. */
static void answer_options(struct http_response *response, const char *allow)
{
	response->status = 204;
	http_response_header(response, "Allow", "%s", allow);
}

static size_t body_limit(const struct http_request *request)
{
	return request->route->body == HTTP_JSON ? request->server->options.max_body : SWALLOW_MAX;
}

/* Judges the whole head. True: the route's handler shall be asked; false: the response is complete. */
static bool judge_head(struct http_request *request, const char *version, struct problem *problem)
{
	struct http_response *response = &request->response;
	if (atomic_load_explicit(&request->server->stopping, memory_order_relaxed)) {
		problem_set(problem, PROBLEM_STOPPING, "Ask again when it is back.");
		http_response_header(response, "Retry-After", "1");
		return false;
	}
	char allow[128] = "GET, HEAD, POST, DELETE, OPTIONS";
	bool options = strcmp(request->method, "OPTIONS") == 0;
	if (options && strcmp(request->uri, "*") == 0 && !request->bad_length) {
		answer_options(response, allow);
		return false;
	}
	if (!judge_framing(request, version, problem) || !judge_token_parameter(request, problem)) {
		return false;
	}
	int found = route_find(request, allow, sizeof allow);
	if (options && found != 404) {
		answer_options(response, allow);
		return false;
	}
	bool open =
		found == 0 ? request->route->open : request->segments == 0 || strcmp(request->segment[0], "v1") != 0;
	if (!doors_check(request, open, response, problem)) {
		return false;
	}
	if (found == 404) {
		problem_set(problem, PROBLEM_NOT_FOUND, "There is nothing at %s.", request->path);
		return false;
	}
	if (found == 405) {
		http_response_header(response, "Allow", "%s", allow);
		problem_set(problem, PROBLEM_METHOD, "%s can be asked with %s.", request->path, allow);
		return false;
	}
	if (!request_check_query(request, problem)) {
		return false;
	}
	if (request->route->body == HTTP_JSON && !doors_content_type(request, response, problem)) {
		return false;
	}
	if (request->route->body != HTTP_STREAM && request->content_length > body_limit(request)) {
		problem_set(problem, PROBLEM_TOO_LARGE, "The body has %llu bytes, at most %zu are taken.",
			    (unsigned long long)request->content_length, body_limit(request));
		return false;
	}
	return true;
}

/* The head was refused: when does the answer go out? */
static enum MHD_Result refuse_head(struct http_request *request)
{
	bool waits = request->expect != NULL && strcasecmp(request->expect, "100-continue") == 0;
	bool body = request->chunked || request->content_length > 0;
	if (request->bad_length || request->uri_long || (waits && body)) {
		return respond(request); /* libmicrohttpd closes the connection after it */
	}
	if (request->chunked || request->content_length > SWALLOW_MAX) {
		return respond_early(request);
	}
	request->stage = STAGE_SWALLOW;
	return MHD_YES;
}

static enum MHD_Result on_head(struct http_request *request, const char *method, const char *version)
{
	request->method = method;
	request_read_headers(request);
	double grace = request->server->options.body_seconds;
	if (!connection_phase(request->peer, PHASE_BODY, grace)) {
		return MHD_NO;
	}
	struct problem problem;
	problem_init(&problem);
	bool good = judge_head(request, version, &problem);
	if (problem_any(&problem)) {
		http_response_problem(&request->response, request, &problem);
	}
	problem_fini(&problem);
	if (!good) {
		return refuse_head(request);
	}
	request->stage = STAGE_BODY;
	return MHD_YES;
}

static bool append(struct http_request *request, const char *bytes, size_t length)
{
	size_t used = (size_t)request->received;
	if (used + length + 1 > request->body_capacity) {
		/* A promised length is believed up to 1 MiB, beyond that room is made for what came. */
		size_t capacity = request->body_capacity == 0 ? 4096 : request->body_capacity * 2;
		if (request->content_length < (1u << 20) && capacity < request->content_length + 1) {
			capacity = (size_t)request->content_length + 1;
		}
		capacity = capacity < used + length + 1 ? used + length + 1 : capacity;
		char *grown = realloc(request->body, capacity);
		if (grown == NULL) {
			return false;
		}
		request->body = grown;
		request->body_capacity = capacity;
	}
	memcpy(request->body + used, bytes, length);
	request->body[used + length] = '\0';
	return true;
}

static enum MHD_Result refuse_body(struct http_request *request, enum problem_kind kind, const char *words)
{
	struct problem problem;
	problem_init(&problem);
	problem_set(&problem, kind, "%s", words);
	http_response_problem(&request->response, request, &problem);
	problem_fini(&problem);
	return respond_early(request);
}

static void ask(struct http_request *request, enum http_outcome *outcome)
{
	response_reset(&request->response);
	*outcome = request->route->handler(request->server->options.service, request, &request->response);
}

/* The sink wants no more: the answer goes out now, unless what is left is short. */
static enum MHD_Result on_sink_refused(struct http_request *request)
{
	request->sink_refused = true;
	if (!request->chunked && request->content_length - request->received <= SWALLOW_MAX) {
		return MHD_YES;
	}
	enum http_outcome outcome;
	ask(request, &outcome);
	return respond_early(request);
}

static enum MHD_Result on_piece(struct http_request *request, const char *bytes, size_t length)
{
	enum http_body_kind kind = request->route->body;
	uint64_t received = request->received + length;
	double grace = request->server->options.body_seconds + (double)received / MINIMUM_RATE;
	double left = request->started + grace - clock_now();
	if (!connection_phase(request->peer, PHASE_BODY, left > 0.001 ? left : 0.001)) {
		return MHD_NO;
	}
	if (atomic_load_explicit(&request->server->stopping, memory_order_relaxed)) {
		http_response_header(&request->response, "Retry-After", "1");
		return refuse_body(request, PROBLEM_STOPPING, "Ask again when it is back.");
	}
	if (kind == HTTP_STREAM) {
		request->received = received;
		if (request->sink_refused ||
		    request->route->sink(request->server->options.service, request, bytes, length)) {
			return MHD_YES;
		}
		return on_sink_refused(request);
	}
	if (received > body_limit(request)) {
		return refuse_body(request, PROBLEM_TOO_LARGE, "The body is larger than this call takes.");
	}
	if (kind == HTTP_JSON && !append(request, bytes, length)) {
		return refuse_body(request, PROBLEM_INTERNAL, "Out of memory.");
	}
	request->received = received;
	return MHD_YES;
}

/* The request is complete: asks the handler until it has an answer, or parks the connection. */
static enum MHD_Result on_complete(struct http_request *request)
{
	request->stage = STAGE_HANDLER;
	if (!connection_phase(request->peer, PHASE_HANDLING, 0)) {
		return MHD_NO;
	}
	for (;;) {
		bool last = request->waited;
		enum http_outcome outcome;
		if (!work_take(request, &outcome)) {
			ask(request, &outcome);
		}
		if (outcome == HTTP_WORK) {
			return work_submit(request) ? MHD_YES : respond(request);
		}
		if (outcome == HTTP_DONE || last) {
			return respond(request);
		}
		if (wait_park(request)) {
			return MHD_YES;
		}
	}
}

enum MHD_Result handle_access(void *context, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *upload, size_t *upload_size, void **request_context)
{
	(void)context;
	(void)connection;
	(void)url;
	struct http_request *request = *request_context;
	if (request == NULL) {
		return MHD_NO; /* no memory for the connection */
	}
	size_t length = *upload_size;
	*upload_size = 0;
	switch (request->stage) {
	case STAGE_HEAD:
		return on_head(request, method, version);
	case STAGE_BODY:
		return length > 0 ? on_piece(request, upload, length) : on_complete(request);
	case STAGE_HANDLER:
		return on_complete(request);
	case STAGE_SWALLOW:
		return length > 0 ? MHD_YES : respond(request);
	case STAGE_LINGER:
		return length > 0 ? MHD_YES : MHD_NO;
	case STAGE_ANSWERED:
		return MHD_YES;
	}
	return MHD_NO;
}

void handle_completed(void *context, struct MHD_Connection *connection, void **request_context,
		      enum MHD_RequestTerminationCode code)
{
	struct http_server *server = context;
	struct http_request *request = *request_context;
	(void)connection;
	(void)code;
	if (request == NULL) {
		return;
	}
	*request_context = NULL;
	wait_end(request);
	if (server->options.log != NULL) {
		server->options.log(server->options.service, request, request->status, clock_now() - request->started);
	}
	request_end(request);
	request->peer->first = false;
	connection_phase(request->peer, PHASE_IDLE, IDLE_SECONDS);
}
