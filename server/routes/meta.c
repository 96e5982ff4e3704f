/* The service about itself: version, catalog, health, contract. */
#include "api/answers.h"
#include "server/embedded.h"
#include "server/routes/common.h"
#include "server/routes/routes.h"

enum http_outcome meta_version(void *context, struct http_request *request, struct http_response *response)
{
	const struct service *service = context;
	(void)request;
	version_render((size_t)service->config->max_body, service->config->max_queue, &response->body);
	return HTTP_DONE;
}

enum http_outcome meta_catalog(void *context, struct http_request *request, struct http_response *response)
{
	(void)context;
	(void)request;
	catalog_render(&response->body);
	return HTTP_DONE;
}

/* Liveness: touches no store. */
enum http_outcome meta_health(void *context, struct http_request *request, struct http_response *response)
{
	(void)context;
	(void)request;
	text_puts(&response->body, "{\"status\":\"ok\"}");
	return HTTP_DONE;
}

/* Readiness: asks the store. */
enum http_outcome meta_ready(void *context, struct http_request *request, struct http_response *response)
{
	const struct service *service = context;
	enum status status = store_ping(service->store);
	if (status != OK) {
		struct problem problem;
		problem_init(&problem);
		problem_set(&problem, PROBLEM_STOPPING, "The store does not answer: %s.", status_text(status));
		return answer_problem(request, response, &problem);
	}
	text_puts(&response->body, "{\"status\":\"ready\"}");
	return HTTP_DONE;
}

enum http_outcome meta_openapi(void *context, struct http_request *request, struct http_response *response)
{
	(void)context;
	(void)request;
	response->content_type = "application/yaml";
	text_add(&response->body, embedded_openapi.data, embedded_openapi.length);
	return HTTP_DONE;
}
