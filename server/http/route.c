/*
 * Which handler: a walk over the table of routes, a few dozen at most. HEAD goes where GET goes.
 */
#include "server/http/internal.h"

#include <stdio.h>
#include <string.h>

/* Does the path fit the pattern? Collects what stands at its {placeholders}. */
static bool fits(const char *pattern, const struct http_request *request, const char **placeholder,
		 size_t *placeholders)
{
	size_t found = 0;
	size_t k = 0;
	const char *cursor = pattern + 1;
	while (*cursor != '\0') {
		size_t length = strcspn(cursor, "/");
		if (k == request->segments) {
			return false;
		}
		const char *segment = request->segment[k++];
		if (cursor[0] == '{') {
			if (segment[0] == '\0') {
				return false;
			}
			placeholder[found++] = segment;
		} else if (strncmp(segment, cursor, length) != 0 || segment[length] != '\0') {
			return false;
		}
		cursor += length;
		cursor += *cursor == '/';
	}
	*placeholders = found;
	return k == request->segments;
}

static bool serves(const struct http_route *route, const char *method)
{
	return strcmp(route->method, method) == 0 || (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

/* "/v1/jobs/counts" before "/v1/jobs/{id}": a path that fits without placeholders wins. */
int route_find(struct http_request *request, char *allow, size_t size)
{
	const struct http_options *options = &request->server->options;
	size_t best = SIZE_MAX;
	if (request->segments > SEGMENTS_MAX) {
		return 404;
	}
	for (size_t i = 0; i < options->route_count; i++) {
		const char *placeholder[SEGMENTS_MAX];
		size_t placeholders;
		const struct http_route *route = &options->routes[i];
		if (!fits(route->pattern, request, placeholder, &placeholders) || placeholders > best) {
			continue;
		}
		if (placeholders < best) {
			best = placeholders;
			allow[0] = '\0';
			request->route = NULL;
		}
		size_t used = strlen(allow);
		snprintf(allow + used, size - used, "%s%s", route->method,
			 strcmp(route->method, "GET") == 0 ? ", HEAD, " : ", ");
		if (serves(route, request->method)) {
			request->route = route;
			request->placeholders = placeholders;
			memcpy(request->placeholder, placeholder, placeholders * sizeof *placeholder);
		}
	}
	if (best == SIZE_MAX) {
		return 404;
	}
	size_t used = strlen(allow);
	snprintf(allow + used, size - used, "OPTIONS");
	return request->route == NULL ? 405 : 0;
}
