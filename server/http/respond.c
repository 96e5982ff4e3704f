/*
 * Answers: from a struct http_response to libmicrohttpd's, or, where that takes none, straight to the socket.
 */
#include "server/http/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static void source_destroy(struct http_source *source)
{
	if (source->destroy != NULL) {
		source->destroy(source->context);
	}
	*source = (struct http_source){ 0 };
}

void response_reset(struct http_response *response)
{
	response->status = 0;
	response->content_type = NULL;
	response->headers = 0;
	text_fini(&response->body);
	text_init(&response->body);
	source_destroy(&response->source);
}

void http_response_header(struct http_response *response, const char *name, const char *format, ...)
{
	size_t k = 0;
	while (k < response->headers && strcmp(response->header[k].name, name) != 0) {
		k++;
	}
	if (k == sizeof response->header / sizeof *response->header) {
		return;
	}
	response->header[k].name = name;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(response->header[k].value, sizeof response->header[k].value, format, arguments);
	va_end(arguments);
	for (char *c = response->header[k].value; *c != '\0'; c++) {
		if (*c == '\r' || *c == '\n') {
			*c = ' ';
		}
	}
	response->headers += k == response->headers;
}

void response_problem(struct http_response *response, const char *id, const struct problem *problem)
{
	response->status = problem_http_status(problem);
	response->content_type = "application/problem+json";
	text_fini(&response->body);
	text_init(&response->body);
	source_destroy(&response->source);
	problem_render(problem, id, &response->body);
}

void http_response_problem(struct http_response *response, const struct http_request *request,
			   const struct problem *problem)
{
	response_problem(response, request->id, problem);
}

static bool is_get(const struct http_request *request)
{
	return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

static bool has_header(const struct http_response *response, const char *name)
{
	for (size_t k = 0; k < response->headers; k++) {
		if (strcmp(response->header[k].name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* What every answer carries beside what the handler said. */
static void complete(const struct http_request *request, struct http_response *response)
{
	if (text_failed(&response->body)) {
		static const char words[] =
			"{\"type\":\"urn:descentd:problem:internal\",\"title\":\"Our fault\",\"status\":500,"
			"\"detail\":\"Out of memory.\"}\n";
		response_reset(response);
		response->status = 500;
		response->content_type = "application/problem+json";
		text_puts(&response->body, words);
	}
	if (response->status == 0) {
		response->status = 200;
	}
	if (response->content_type == NULL && (response->body.length > 0 || response->source.read != NULL)) {
		response->content_type = "application/json";
	}
	if (is_get(request) && !has_header(response, "Cache-Control")) {
		http_response_header(response, "Cache-Control", "private, no-cache");
	}
	if (atomic_load_explicit(&request->server->stopping, memory_order_relaxed)) {
		http_response_header(response, "Connection", "close");
	}
}

static ssize_t read_source(void *context, uint64_t offset, char *bytes, size_t size)
{
	const struct http_source *source = context;
	size_t length = source->read(source->context, offset, bytes, size);
	return length == 0 ? MHD_CONTENT_READER_END_WITH_ERROR : (ssize_t)length;
}

static void free_source(void *context)
{
	source_destroy(context);
	free(context);
}

/* The body becomes libmicrohttpd's. NULL: out of memory. */
static struct MHD_Response *body_of(struct http_response *response, uint64_t *length)
{
	enum { PIECE = 65536 };
	struct MHD_Response *answer;
	if (response->source.read == NULL) {
		*length = response->body.length;
		answer = MHD_create_response_from_buffer(response->body.length, response->body.data,
							 MHD_RESPMEM_MUST_FREE);
		if (answer != NULL) {
			text_init(&response->body);
		}
		return answer;
	}
	struct http_source *source = malloc(sizeof *source);
	if (source == NULL) {
		return NULL;
	}
	*source = response->source;
	*length = source->length;
	answer = MHD_create_response_from_callback(source->length, PIECE, read_source, source, free_source);
	if (answer == NULL) {
		free(source);
	} else {
		response->source = (struct http_source){ 0 };
	}
	return answer;
}

enum MHD_Result respond(struct http_request *request)
{
	struct http_response *response = &request->response;
	complete(request, response);
	uint64_t length;
	struct MHD_Response *answer = body_of(response, &length);
	if (answer == NULL) {
		return MHD_NO;
	}
	bool ok = response->content_type == NULL ||
		  MHD_add_response_header(answer, "Content-Type", response->content_type) == MHD_YES;
	ok = ok && MHD_add_response_header(answer, "X-Request-Id", request->id) == MHD_YES;
	for (size_t k = 0; ok && k < response->headers; k++) {
		ok = MHD_add_response_header(answer, response->header[k].name, response->header[k].value) == MHD_YES;
	}
	request->stage = STAGE_ANSWERED;
	request->status = response->status;
	/* Whoever takes an answer must take it at a minimum rate. */
	double seconds = request->server->options.body_seconds + (double)length / MINIMUM_RATE;
	ok = ok && connection_phase(request->peer, PHASE_SENDING, seconds) &&
	     MHD_queue_response(request->connection, (unsigned)response->status, answer) == MHD_YES;
	MHD_destroy_response(answer);
	return ok ? MHD_YES : MHD_NO;
}

void respond_raw(int fd, const char *id, const struct http_response *response)
{
	char date[64];
	time_t now = time(NULL);
	struct tm parts;
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
	struct text out;
	text_init(&out);
	text_printf(&out,
		    "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: close\r\nX-Request-Id: %s\r\nContent-Length: %zu\r\n",
		    response->status, MHD_get_reason_phrase_for((unsigned)response->status), date, id,
		    response->body.length);
	if (response->content_type != NULL) {
		text_printf(&out, "Content-Type: %s\r\n", response->content_type);
	}
	for (size_t k = 0; k < response->headers; k++) {
		if (strcmp(response->header[k].name, "Connection") != 0) {
			text_printf(&out, "%s: %s\r\n", response->header[k].name, response->header[k].value);
		}
	}
	text_puts(&out, "\r\n");
	text_add(&out, response->body.data, response->body.length);
	if (!text_failed(&out)) {
		/* Nothing was sent on this connection that was not taken: a problem document fits the socket's buffer.
		 */
		ssize_t sent = send(fd, out.data, out.length, MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)sent;
	}
	text_fini(&out);
}

enum MHD_Result respond_early(struct http_request *request)
{
	if (!connection_phase(request->peer, PHASE_LINGER, LINGER_SECONDS)) {
		return MHD_NO;
	}
	complete(request, &request->response);
	respond_raw(request->peer->fd, request->id, &request->response);
	shutdown(request->peer->fd, SHUT_WR);
	request->stage = STAGE_LINGER;
	request->status = request->response.status;
	return MHD_YES;
}
