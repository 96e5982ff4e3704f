/* A client of the service. See client.h. */
#include "tests/blackbox/client.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/support/golden.h"

/* Everything that client_forget frees. */
struct kept {
	struct kept *next;
	void *memory;
	cJSON *json;
};
static struct kept *all_kept;

static void remember(void *memory, cJSON *json)
{
	struct kept *one = malloc(sizeof *one);
	ck_assert_ptr_nonnull(one);
	*one = (struct kept){ .next = all_kept, .memory = memory, .json = json };
	all_kept = one;
}

void *keep(void *memory)
{
	remember(memory, NULL);
	return memory;
}

void client_forget(void)
{
	while (all_kept) {
		struct kept *one = all_kept;
		all_kept = one->next;
		free(one->memory);
		cJSON_Delete(one->json);
		free(one);
	}
}

void finish(struct server *server)
{
	client_forget();
	server_destroy(server);
}

char *text_of(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = NULL;
	ck_assert_int_ge(vasprintf(&text, format, arguments), 0);
	va_end(arguments);
	return keep(text);
}

struct buffer {
	char *data;
	size_t length;
};

static size_t collect(char *bytes, size_t one, size_t count, void *context)
{
	struct buffer *buffer = context;
	char *data = realloc(buffer->data, buffer->length + one * count + 1);
	if (data == NULL)
		return 0;
	memcpy(data + buffer->length, bytes, one * count);
	buffer->data = data;
	buffer->length += one * count;
	data[buffer->length] = '\0';
	return one * count;
}

/* Headers of the last response only: an interim 100 comes before it. */
static size_t collect_header(char *bytes, size_t one, size_t count, void *context)
{
	struct buffer *buffer = context;
	if (one * count >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
		buffer->length = 0;
	return collect(bytes, one, count, context);
}

static struct curl_slist *call_headers(const struct server *server, const struct call *call)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	if (call->body) {
		const char *type = call->type ? call->type : "application/json";
		list = curl_slist_append(list, text_of("Content-Type:%s%s", *type ? " " : "", type));
	}
	if (server->token[0] && !call->no_token)
		list = curl_slist_append(list, text_of("Authorization: Bearer %s", server->token));
	if (call->header)
		list = curl_slist_append(list, call->header);
	return list;
}

static void set_method(CURL *curl, const struct call *call)
{
	if (call->body) {
		size_t length = call->length ? call->length : strlen(call->body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
	}
	if (call->method && strcmp(call->method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else if (call->method)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
}

const struct reply *client_call(const struct server *server, const struct call *call)
{
	struct buffer body = { 0 }, headers = { 0 };
	CURL *curl = curl_easy_init();
	ck_assert_ptr_nonnull(curl);
	struct curl_slist *list = call_headers(server, call);
	curl_easy_setopt(curl, CURLOPT_URL, text_of("%s%s", server->url, call->path));
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, collect_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &headers);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)HANG_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	set_method(curl, call);
	CURLcode code = curl_easy_perform(curl);
	long status = 0;
	double seconds = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME, &seconds);
	curl_slist_free_all(list);
	curl_easy_cleanup(curl);
	/* A service that refuses early may close while we still send: the answer counts. */
	bool answered = code == CURLE_OK || (status >= 400 && (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR));
	ck_assert_msg(answered, "%s %s: %s", call->method ? call->method : "", call->path, curl_easy_strerror(code));
	if (body.data == NULL)
		body.data = calloc(1, 1);
	if (headers.data == NULL)
		headers.data = calloc(1, 1);
	struct reply *reply = keep(calloc(1, sizeof *reply));
	*reply = (struct reply){
		.status = (int)status, .body = keep(body.data), .length = body.length, .seconds = seconds
	};
	reply->headers = keep(headers.data);
	reply->json = cJSON_ParseWithLengthOpts(reply->body, reply->length + 1, NULL, true);
	remember(NULL, reply->json);
	return reply;
}

const struct reply *client_get(const struct server *server, const char *path)
{
	return client_call(server, &(struct call){ .path = path });
}

const struct reply *client_post(const struct server *server, const char *path, const char *json)
{
	return client_call(server, &(struct call){ .path = path, .body = json });
}

const struct reply *client_delete(const struct server *server, const char *path)
{
	return client_call(server, &(struct call){ .method = "DELETE", .path = path });
}

const char *reply_header(const struct reply *reply, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = reply->headers; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncasecmp(line, name, length) != 0 || line[length] != ':')
			continue;
		const char *value = line + length + 1;
		value += strspn(value, " \t");
		return text_of("%.*s", (int)strcspn(value, "\r\n"), value);
	}
	return NULL;
}

int client_raw(const struct server *server, const char *bytes, size_t length, int silence)
{
	int connection = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(connection, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)server->port) };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	struct timeval limit = { .tv_sec = silence };
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	ck_assert_int_eq(connect(connection, (struct sockaddr *)&address, sizeof address), 0);
	for (size_t sent = 0; sent < length;) {
		ssize_t n = send(connection, bytes + sent, length - sent, MSG_NOSIGNAL);
		if (n <= 0)
			break; /* refused early: what it says still counts */
		sent += (size_t)n;
	}
	shutdown(connection, SHUT_WR);
	struct buffer buffer = { calloc(1, 1), 0 };
	char piece[4096];
	for (ssize_t n; (n = recv(connection, piece, sizeof piece, 0)) > 0;)
		collect(piece, 1, (size_t)n, &buffer);
	close(connection);
	int status = 0;
	if (sscanf(buffer.data, "HTTP/1.%*d %d", &status) != 1)
		status = 0;
	keep(buffer.data);
	return status;
}

const cJSON *find(const cJSON *json, const char *path)
{
	while (json && *path) {
		char key[128];
		size_t length = strcspn(path, ".");
		ck_assert_uint_lt(length, sizeof key);
		memcpy(key, path, length);
		key[length] = '\0';
		json = cJSON_IsArray(json) ? cJSON_GetArrayItem(json, atoi(key))
					   : cJSON_GetObjectItemCaseSensitive(json, key);
		path += length + (path[length] == '.');
	}
	return json;
}

const cJSON *get_at(const cJSON *json, const char *path)
{
	const cJSON *item = find(json, path);
	if (item == NULL)
		ck_abort_msg("no %s in %s", path, (const char *)keep(cJSON_Print(json)));
	return item;
}

double number_at(const cJSON *json, const char *path)
{
	const cJSON *item = get_at(json, path);
	if (!cJSON_IsNumber(item))
		ck_abort_msg("%s is no number in %s", path, (const char *)keep(cJSON_Print(json)));
	return item->valuedouble;
}

const char *string_at(const cJSON *json, const char *path)
{
	const cJSON *item = get_at(json, path);
	if (!cJSON_IsString(item))
		ck_abort_msg("%s is no string in %s", path, (const char *)keep(cJSON_Print(json)));
	return item->valuestring;
}

void expect_problem(const struct reply *reply, int status, const char *slug)
{
	expect(reply, status);
	const char *type = reply_header(reply, "Content-Type");
	ck_assert_msg(type && strncmp(type, "application/problem+json", 24) == 0, "content type %s",
		      type ? type : "none");
	ck_assert_msg(reply->json != NULL, "no JSON: %s", reply->body);
	ck_assert_int_eq((int)number_at(reply->json, "status"), status);
	const char *word = string_at(reply->json, "type");
	ck_assert_msg(strncmp(word, "urn:descentd:problem:", 21) == 0, "type %s", word);
	if (slug)
		ck_assert_str_eq(word + 21, slug);
	ck_assert_uint_gt(strlen(string_at(reply->json, "title")), 0);
	ck_assert_uint_gt(strlen(string_at(reply->json, "detail")), 0);
	const char *id = reply_header(reply, "X-Request-Id");
	ck_assert_msg(id != NULL, "no X-Request-Id");
	ck_assert_str_eq(string_at(reply->json, "instance"), id);
}

const cJSON *expect_fault(const struct reply *reply, const char *pointer, const char *code)
{
	expect_problem(reply, 422, NULL);
	const cJSON *fault = NULL;
	cJSON_ArrayForEach(fault, get_at(reply->json, "errors"))
	{
		const cJSON *where = find(fault, "pointer");
		if (!cJSON_IsString(where) || strcmp(where->valuestring, pointer) != 0)
			continue;
		ck_assert_uint_gt(strlen(string_at(fault, "detail")), 0);
		if (code == NULL || strcmp(string_at(fault, "code"), code) == 0)
			return fault;
	}
	ck_abort_msg("no fault %s at %s: %s", code ? code : "", pointer, reply->body);
	return NULL;
}
