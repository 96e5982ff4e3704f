/*
 * A request's head: the address as sent, cut and decoded here (libmicrohttpd is told to decode nothing), and the
 * headers that this layer judges itself. Accessors for handlers.
 *
 * A path is split at '/' before it is decoded, so that %2F never makes a segment of its own.
 */
#include "server/http/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/setting.h"

void request_begin(struct http_request *request, struct MHD_Connection *connection, const char *uri)
{
	request->connection = connection;
	request->stage = STAGE_HEAD;
	request->started = clock_now();
	size_t length = strnlen(uri, URI_MAX + 1);
	request->uri_long = length > URI_MAX;
	length = request->uri_long ? URI_MAX : length;
	memcpy(request->uri, uri, length);
	request->uri[length] = '\0';
	request->method = "";
	request->path = request->uri;
	request->query_text = NULL;
	request->segments = 0;
	request->placeholders = 0;
	request->parameters = 0;
	request->route = NULL;
	request->id[0] = '\0';
	request->host = request->authorization = request->origin = NULL;
	request->content_type = request->transfer_encoding = request->expect = NULL;
	request->chunked = request->bad_length = false;
	request->content_length = 0;
	request->received = 0;
	request->sink_refused = false;
	request->waited = false;
	atomic_store(&request->work.cancel, false);
	request->status = 0;
	response_reset(&request->response);
}

void request_end(struct http_request *request)
{
	wait_end(request);
	if (request->kept_destroy != NULL) {
		request->kept_destroy(request->kept);
	}
	request->kept = NULL;
	request->kept_destroy = NULL;
	free(request->body);
	request->body = NULL;
	request->body_capacity = 0;
	response_reset(&request->response);
}

/* --- headers --- */

static bool parse_length(const char *value, uint64_t *out)
{
	uint64_t length = 0;
	for (const char *c = value; *c != '\0'; c++) {
		if (*c < '0' || *c > '9' || __builtin_mul_overflow(length, 10u, &length) ||
		    __builtin_add_overflow(length, (uint64_t)(*c - '0'), &length)) {
			return false;
		}
	}
	*out = length;
	return value[0] != '\0';
}

struct header_reader {
	struct http_request *request;
	unsigned lengths, encodings, hosts;
	const char *id;
};

static enum MHD_Result read_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	struct header_reader *reader = context;
	struct http_request *request = reader->request;
	const char *text = value == NULL ? "" : value;
	switch (name[0] | 0x20) {
	case 'a':
		if (strcasecmp(name, "authorization") == 0) {
			request->authorization = text;
		}
		break;
	case 'c':
		if (strcasecmp(name, "content-type") == 0) {
			request->content_type = text;
		} else if (strcasecmp(name, "content-length") == 0) {
			reader->lengths++;
			request->bad_length |= !parse_length(text, &request->content_length);
		}
		break;
	case 'e':
		if (strcasecmp(name, "expect") == 0) {
			request->expect = text;
		}
		break;
	case 'h':
		if (strcasecmp(name, "host") == 0) {
			reader->hosts++;
			request->host = text;
		}
		break;
	case 'o':
		if (strcasecmp(name, "origin") == 0) {
			request->origin = text;
		}
		break;
	case 't':
		if (strcasecmp(name, "transfer-encoding") == 0) {
			reader->encodings++;
			request->transfer_encoding = text;
		}
		break;
	case 'x':
		if (strcasecmp(name, "x-request-id") == 0) {
			reader->id = text;
		}
		break;
	default:
		break;
	}
	return MHD_YES;
}

void request_make_id(struct http_server *server, char id[REQUEST_ID_MAX + 1])
{
	uint64_t number = atomic_fetch_add_explicit(&server->id_counter, 1, memory_order_relaxed);
	char digits[16];
	size_t first = sizeof digits;
	do {
		digits[--first] = "0123456789abcdef"[number & 15];
		number >>= 4;
	} while (number != 0);
	char *end = stpcpy(id, server->id_prefix);
	*end++ = '-';
	memcpy(end, digits + first, sizeof digits - first);
	end[sizeof digits - first] = '\0';
}

/* 1 to 64 visible characters, or we make one: random a process, counted. */
static void choose_id(struct http_request *request, const char *given)
{
	size_t length = given == NULL ? 0 : strlen(given);
	bool good = length >= 1 && length <= REQUEST_ID_MAX;
	for (size_t i = 0; good && i < length; i++) {
		good = given[i] > 0x20 && given[i] < 0x7f;
	}
	if (good) {
		memcpy(request->id, given, length + 1);
		return;
	}
	request_make_id(request->server, request->id);
}

void request_read_headers(struct http_request *request)
{
	struct header_reader reader = { .request = request };
	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, read_header, &reader);
	choose_id(request, reader.id);
	request->chunked = reader.encodings > 0;
	/* Two lengths, or a length beside an encoding, or an encoding that we cannot undo: whoever stands between us
	 * and the client may see another end of this request than we do. */
	if (reader.lengths > 1 || reader.encodings > 1 || (reader.lengths > 0 && reader.encodings > 0) ||
	    (reader.encodings > 0 && strcasecmp(request->transfer_encoding, "chunked") != 0)) {
		request->bad_length = true;
	}
	if (reader.hosts != 1) {
		request->host = NULL;
	}
}

/* --- address --- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	char lower = (char)(c | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Is it UTF-8 (Unicode 15, table 3-7)? */
static bool is_utf8(const unsigned char *s)
{
	while (*s != '\0') {
		unsigned char c = *s++;
		size_t more = c < 0x80                 ? 0
			      : c >= 0xC2 && c <= 0xDF ? 1
			      : c >= 0xE0 && c <= 0xEF ? 2
			      : c >= 0xF0 && c <= 0xF4 ? 3
						       : 4;
		if (more == 4 || (c == 0xE0 && *s < 0xA0) || (c == 0xED && *s > 0x9F) || (c == 0xF0 && *s < 0x90) ||
		    (c == 0xF4 && *s > 0x8F)) {
			return false;
		}
		for (; more > 0; more--, s++) {
			if ((*s & 0xC0) != 0x80) {
				return false;
			}
		}
	}
	return true;
}

/* Undoes %XX (and '+' when plus) in place. False: bad digits, a NUL, or not UTF-8. */
static bool percent_decode(char *text, bool plus)
{
	char *out = text;
	for (const char *in = text; *in != '\0'; in++) {
		if (*in == '%') {
			int high = hex_digit(in[1]);
			int low = high < 0 ? -1 : hex_digit(in[2]);
			if (low < 0 || (high == 0 && low == 0)) {
				return false;
			}
			*out++ = (char)(high * 16 + low);
			in += 2;
		} else {
			*out++ = plus && *in == '+' ? ' ' : *in;
		}
	}
	*out = '\0';
	return is_utf8((const unsigned char *)text);
}

static bool decode_path(struct http_request *request, char *path, struct problem *problem)
{
	size_t length = strlen(path);
	if (length > 1 && path[length - 1] == '/') {
		path[length - 1] = '\0';
	}
	char *cursor = path + 1;
	while (cursor != NULL && (*cursor != '\0' || request->segments > 0)) {
		if (request->segments == SEGMENTS_MAX) {
			request->segments++; /* deeper than any route: 404 */
			return true;
		}
		char *slash = strchr(cursor, '/');
		if (slash != NULL) {
			*slash = '\0';
		}
		if (!percent_decode(cursor, false)) {
			problem_set(problem, PROBLEM_MALFORMED,
				    "The path has a '%%' that is not followed by the two hexadecimal "
				    "digits of a UTF-8 text.");
			return false;
		}
		request->segment[request->segments++] = cursor;
		cursor = slash == NULL ? NULL : slash + 1;
	}
	return true;
}

static bool decode_query(struct http_request *request, struct problem *problem)
{
	char *cursor = request->query_text;
	while (cursor != NULL && *cursor != '\0') {
		char *next = strchr(cursor, '&');
		if (next != NULL) {
			*next++ = '\0';
		}
		if (*cursor != '\0') {
			if (request->parameters == QUERY_MAX) {
				problem_set(problem, PROBLEM_BAD_QUERY, "The query has more than %d parameters.",
					    QUERY_MAX);
				return false;
			}
			char *value = strchr(cursor, '=');
			if (value != NULL) {
				*value++ = '\0';
			}
			if (!percent_decode(cursor, true) || (value != NULL && !percent_decode(value, true))) {
				problem_set(problem, PROBLEM_MALFORMED,
					    "The query has a '%%' that is not followed by the two "
					    "hexadecimal digits of a UTF-8 text.");
				return false;
			}
			request->parameter[request->parameters++] =
				(struct query_parameter){ cursor, value == NULL ? "" : value };
		}
		cursor = next;
	}
	return true;
}

bool request_decode(struct http_request *request, struct problem *problem)
{
	char *uri = request->uri;
	if (strncasecmp(uri, "http://", 7) == 0) { /* absolute form: RFC 9112, 3.2.2 */
		char *path = strchr(uri + 7, '/');
		uri = path == NULL ? strcpy(uri, "/") : path;
	}
	bool clean = uri[0] == '/';
	for (const char *c = uri; clean && *c != '\0'; c++) {
		clean = (unsigned char)*c > 0x20 && *c != 0x7f;
	}
	if (!clean) {
		problem_set(problem, PROBLEM_MALFORMED,
			    "An address begins with '/' and holds no blanks and no control characters.");
		return false;
	}
	char *query = strchr(uri, '?');
	if (query != NULL) {
		*query = '\0';
		request->query_text = query + 1;
	}
	request->path = uri;
	return decode_path(request, strcpy(request->pieces, uri), problem) && decode_query(request, problem);
}

static bool refuse_parameter(const struct http_request *request, const char *name, struct problem *problem)
{
	const char *const *known = request->route->parameters;
	size_t count = 0;
	while (known != NULL && known[count] != NULL) {
		if (strcmp(known[count++], name) == 0) {
			return false;
		}
	}
	const char *near = count == 0 ? NULL : nearest_name(name, known, count);
	if (near != NULL) {
		problem_parameter(problem, name, FAULT_UNKNOWN_FIELD, near, known,
				  "unknown parameter, did you mean %s?", near);
	} else if (count == 0) {
		problem_parameter(problem, name, FAULT_UNKNOWN_FIELD, NULL, NULL,
				  "unknown parameter, this call takes none");
	} else {
		problem_parameter(problem, name, FAULT_UNKNOWN_FIELD, NULL, known, "unknown parameter");
	}
	return true;
}

bool request_check_query(const struct http_request *request, struct problem *problem)
{
	for (size_t i = 0; i < request->parameters; i++) {
		const char *name = request->parameter[i].name;
		size_t earlier = 0;
		while (earlier < i && strcmp(request->parameter[earlier].name, name) != 0) {
			earlier++;
		}
		if (earlier < i) {
			problem_parameter(problem, name, FAULT_DUPLICATE, NULL, NULL, "given more than once");
		} else {
			refuse_parameter(request, name, problem);
		}
	}
	if (problem_any(problem)) {
		problem_set(problem, PROBLEM_BAD_QUERY, "The query has %zu fault%s.", problem->faults_total,
			    problem->faults_total == 1 ? "" : "s");
	}
	return !problem_any(problem);
}

/* --- accessors --- */

const char *http_method(const struct http_request *request)
{
	return request->method;
}

const char *http_path(const struct http_request *request)
{
	return request->path;
}

const char *http_header(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_segment(const struct http_request *request, size_t k)
{
	return k < request->placeholders ? request->placeholder[k] : NULL;
}

const char *http_query(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->parameters; i++) {
		if (strcmp(request->parameter[i].name, name) == 0) {
			return request->parameter[i].value;
		}
	}
	return NULL;
}

const char *http_body(const struct http_request *request, size_t *length)
{
	*length = request->body == NULL ? 0 : (size_t)request->received;
	return request->body == NULL ? "" : request->body;
}

const char *http_request_id(const struct http_request *request)
{
	return request->id;
}

void http_keep(struct http_request *request, void *data, void (*destroy)(void *))
{
	if (request->kept_destroy != NULL && request->kept != data) {
		request->kept_destroy(request->kept);
	}
	request->kept = data;
	request->kept_destroy = destroy;
}

void *http_kept(const struct http_request *request)
{
	return request->kept;
}

bool http_waited(const struct http_request *request)
{
	return request->waited;
}
