/*
 * Who may come in: the token, or, without one, a Host that names this machine (a web page that makes its own name point
 * here, DNS rebinding, has another); an Origin that is ours.
 *
 * Tokens are compared as SHA-256 hashes in constant time: neither length nor first difference shows.
 */
#include "server/http/internal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool token_fits(const struct http_request *request)
{
	const char *given = request->authorization;
	if (given == NULL || strncasecmp(given, "Bearer ", 7) != 0) {
		return false;
	}
	given += 7;
	given += strspn(given, " ");
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(hash, (const unsigned char *)given, strlen(given));
	return sodium_memcmp(hash, request->server->token_hash, sizeof hash) == 0;
}

/* The byte in decimal at *text, which it moves past; -1: there is none. */
static int read_byte(const char **text)
{
	int value = -1;
	for (int digits = 0; digits < 3 && **text >= '0' && **text <= '9'; digits++, ++*text) {
		value = (value < 0 ? 0 : 10 * value) + **text - '0';
	}
	return value < 256 ? value : -1;
}

/* 127.x.y.z and nothing more before `end`. */
static bool is_loopback_address(const char *host, const char *end)
{
	if (strncmp(host, "127", 3) != 0) {
		return false;
	}
	host += 3;
	for (int i = 0; i < 3; i++) {
		if (*host++ != '.' || read_byte(&host) < 0) {
			return false;
		}
	}
	return host == end;
}

/* localhost, 127.x.y.z, [::1], with or without a port. */
static bool names_loopback(const char *host)
{
	size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	const char *port = length <= strlen(host) ? host + length : "";
	if (port[0] != '\0' && (port[0] != ':' || strspn(port + 1, "0123456789") != strlen(port + 1))) {
		return false;
	}
	if ((length == 9 && strncasecmp(host, "localhost", 9) == 0) ||
	    (length == 10 && strncasecmp(host, "localhost.", 10) == 0) ||
	    (length == 5 && strncmp(host, "[::1]", 5) == 0)) {
		return true;
	}
	return is_loopback_address(host, host + length);
}

/* Our own origin is the scheme (a proxy may add TLS) and whatever Host the request names. */
static bool own_origin(const struct http_request *request)
{
	const char *host = NULL;
	if (strncasecmp(request->origin, "http://", 7) == 0) {
		host = request->origin + 7;
	} else if (strncasecmp(request->origin, "https://", 8) == 0) {
		host = request->origin + 8;
	}
	return host != NULL && strcasecmp(host, request->host) == 0;
}

bool doors_check(const struct http_request *request, bool open, struct http_response *response, struct problem *problem)
{
	if (open) {
		return true;
	}
	if (request->server->has_token) {
		if (!token_fits(request)) {
			http_response_header(response, "WWW-Authenticate", "Bearer");
			problem_set(problem, PROBLEM_UNAUTHORIZED,
				    request->authorization == NULL
					    ? "Send the token as 'Authorization: Bearer TOKEN'."
					    : "The token in 'Authorization' is not the right one.");
			return false;
		}
	} else if (!request->server->options.any_host && !names_loopback(request->host)) {
		problem_set(problem, PROBLEM_FORBIDDEN,
			    "Without a token only a request to this machine itself is answered, and its 'Host' names "
			    "another one. "
			    "Use http://127.0.0.1 or http://localhost, or start descentd with --token-file.");
		return false;
	}
	if (request->origin != NULL && !own_origin(request)) {
		problem_set(problem, PROBLEM_FORBIDDEN, "A web page of another origin may not call this service.");
		return false;
	}
	return true;
}

/* Is `type` the media type, whatever parameters follow? */
static bool is_type(const char *type, const char *name)
{
	size_t length = strlen(name);
	return strncasecmp(type, name, length) == 0 &&
	       (type[length] == '\0' || type[length] == ';' || type[length] == ' ');
}

bool http_body_is(const struct http_request *request, const char *type)
{
	return request->content_type != NULL && is_type(request->content_type, type);
}

bool doors_content_type(const struct http_request *request, struct http_response *response, struct problem *problem)
{
	const char *type = request->content_type;
	if (type == NULL || type[0] == '\0' || is_type(type, "application/json") ||
	    is_type(type, "application/x-www-form-urlencoded")) {
		return true;
	}
	char taken[256] = "application/json";
	for (const char *const *other = request->route->types; other != NULL && *other != NULL; other++) {
		if (is_type(type, *other)) {
			return true;
		}
		size_t used = strlen(taken);
		snprintf(taken + used, sizeof taken - used, ", %s", *other);
	}
	if (request->route->types == NULL) {
		problem_set(problem, PROBLEM_MEDIA_TYPE,
			    "This call takes JSON: send it with 'Content-Type: application/json'.");
	} else {
		problem_set(problem, PROBLEM_MEDIA_TYPE,
			    "A body of type \"%.80s\" was sent; this call takes one of: %s.", type, taken);
	}
	http_response_header(response, "Accept", "%s", taken);
	return false;
}
