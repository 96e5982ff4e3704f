/* Expressions at a point: computed by the thread that answers, which their limits keep short. */
#include "api/expressions.h"
#include "server/routes/common.h"
#include "server/routes/routes.h"

enum http_outcome expressions_evaluated(void *context, struct http_request *request, struct http_response *response)
{
	struct problem problem;
	size_t length;
	const char *body = http_body(request, &length);
	(void)context;
	problem_init(&problem);
	enum status status = expressions_evaluate(body, length, &response->body, &problem);
	if (problem_any(&problem)) {
		return answer_problem(request, response, &problem);
	}
	problem_fini(&problem);
	return status == OK ? HTTP_DONE : answer_status(request, response, status, NULL, "expression");
}
