/*
 * Expressions at a point: computed by the thread that answers, which their limits keep short. A long body is work
 * (HTTP_WORK), read in memory out of the budget of the jobs.
 */
#include "api/expressions.h"
#include "server/routes/common.h"
#include "server/routes/routes.h"

enum http_outcome expressions_evaluated(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	struct problem problem;
	size_t length;
	const char *body = http_body(request, &length);
	const bool work = http_working(request);
	if (length > QUICK_BODY && !work) {
		return HTTP_WORK;
	}
	problem_init(&problem);
	const uint64_t memory = work ? expressions_memory(body, length) : 0;
	enum status status = work ? reserve_memory(service, memory, &problem) : OK;
	if (status == OK) {
		status = expressions_evaluate(body, length, &response->body, &problem);
		workers_release(service->workers, memory);
	}
	if (status == E_BUSY) {
		http_response_header(response, "Retry-After", "1");
	}
	if (problem_any(&problem)) {
		return answer_problem(request, response, &problem);
	}
	problem_fini(&problem);
	return status == OK ? HTTP_DONE : answer_status(request, response, status, NULL, "expression");
}
