/* Jobs that are there: one, its spec, the list, counts, cancellation, deletion. */
#include <stdlib.h>
#include <string.h>

#include "core/base/setting.h"
#include "server/routes/common.h"
#include "server/routes/job_cache.h"
#include "server/routes/routes.h"

enum http_outcome jobs_get(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	const char *id = http_segment(request, 0);
	struct problem problem;
	problem_init(&problem);
	struct job_wishes wishes = { 0 };
	query_include(request, &wishes.curve, &wishes.weights, &problem);
	double wait = query_wait(request, response, &problem);
	if (problem_any(&problem)) {
		return answer_problem(request, response, &problem);
	}
	bool plain = !wishes.curve && !wishes.weights;
	if (wait > 0) {
		http_wait_end(request, id, wait); /* before the job is looked at */
	}
	bool ended = false;
	enum status status;
	if (plain) {
		status = job_answer_by_id(service, id, response, &ended);
	} else {
		struct job_record record = { 0 };
		status = store_get_job(service->store, id, &record);
		if (status == OK) {
			ended = job_status_ended(record.status);
			if (ended || wait <= 0 || http_waited(request)) {
				status = job_answer(service, &record, &wishes, response);
			}
			job_record_fini(&record);
		}
	}
	if (status != OK) {
		return answer_status(request, response, status, NULL, "job");
	}
	return ended || wait <= 0 || http_waited(request) ? HTTP_DONE : HTTP_WAIT;
}

enum http_outcome jobs_spec(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	struct job_record record = { 0 };
	enum status status = store_get_job(service->store, http_segment(request, 0), &record);
	if (status != OK) {
		return answer_status(request, response, status, NULL, "job");
	}
	/* Whole, arrays too: it can be posted as it stands. */
	text_add(&response->body, record.spec, record.spec_length);
	if (!job_status_ended(record.status)) {
		http_response_header(response, "Retry-After", "1");
	}
	job_record_fini(&record);
	return HTTP_DONE;
}

enum http_outcome jobs_counts(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	uint64_t counts[JOB_STATUS_COUNT] = { 0 };
	enum status status = store_count_jobs(service->store, counts);
	if (status != OK) {
		return answer_status(request, response, status, NULL, "job");
	}
	for (unsigned i = 0; i < JOB_STATUS_COUNT; i++) {
		text_printf(&response->body, "%s\"%s\":", i == 0 ? "{" : ",", job_status_word((enum job_status)i));
		text_json_uint(&response->body, counts[i]);
	}
	text_puts(&response->body, "}");
	return HTTP_DONE;
}

/* --- the list --- */

/* ?status=queued,running */
static void query_statuses(const struct http_request *request, unsigned *out, struct problem *problem)
{
	const char *list = http_query(request, "status");
	while (list != NULL) {
		size_t length = strcspn(list, ",");
		char word[32] = "";
		memcpy(word, list, length < sizeof word ? length : sizeof word - 1);
		enum job_status status = job_status_parse(word);
		if (status == JOB_STATUS_COUNT) {
			static const char *const words[] = {
#define STATUS_WORD(name, word) word,
				JOB_STATUS_LIST(STATUS_WORD)
#undef STATUS_WORD
					NULL
			};
			problem_parameter(problem, "status", FAULT_NOT_ALLOWED,
					  nearest_name(word, words, JOB_STATUS_COUNT), words,
					  "\"%s\" is no status of a job", word);
			return;
		}
		*out |= 1u << status;
		list = list[length] == '\0' ? NULL : list + length + 1;
	}
}

static void render_page(struct service *service, const struct job_page *page, struct http_response *response)
{
	(void)service;
	text_puts(&response->body, "{\"data\":[");
	for (size_t i = 0; i < page->count; i++) {
		text_puts(&response->body, i == 0 ? "" : ",");
		job_render(&page->item[i], NULL, &response->body);
	}
	text_puts(&response->body, "],\"next_cursor\":");
	text_json_string(&response->body, page->next_cursor[0] == '\0' ? NULL : page->next_cursor);
	text_puts(&response->body, "}");
}

enum http_outcome jobs_list(void *context, struct http_request *request, struct http_response *response)
{
	static const char *const parameters[] = { "status",    "name", "name_prefix", "dataset", "model",
						  "optimizer", "sort", "limit",       NULL };
	static const char *const orders[] = { "-created_at", "created_at", NULL };
	struct service *service = context;
	struct problem problem;
	problem_init(&problem);
	uint64_t limit;
	size_t order = 0;
	struct job_filter filter = {
		.name = http_query(request, "name"),
		.name_prefix = http_query(request, "name_prefix"),
		.dataset = http_query(request, "dataset"),
		.model = http_query(request, "model"),
		.optimizer = http_query(request, "optimizer"),
	};
	query_statuses(request, &filter.statuses, &problem);
	query_word(request, "sort", orders, &order, &problem);
	query_limit(request, &limit, &problem);
	filter.oldest_first = order == 1;
	struct job_page page = { 0 };
	if (!problem_any(&problem)) {
		enum status status =
			store_list_jobs(service->store, &filter, (size_t)limit, http_query(request, "cursor"), &page);
		if (status == E_INVALID) {
			problem_parameter(&problem, "cursor", FAULT_NOT_ALLOWED, NULL, NULL,
					  "this is not a cursor that a list answered");
		} else if (status != OK) {
			return answer_status(request, response, status, NULL, "job");
		}
	}
	if (problem_any(&problem)) {
		return answer_problem(request, response, &problem);
	}
	render_page(service, &page, response);
	link_next(request, response, parameters, page.next_cursor);
	job_page_fini(&page);
	return HTTP_DONE;
}

/* --- changes --- */

static enum http_outcome answer_conflict(struct http_request *request, struct http_response *response,
					 const char *words)
{
	struct problem problem;
	problem_init(&problem);
	problem_set(&problem, PROBLEM_CONFLICT, "%s", words);
	return answer_problem(request, response, &problem);
}

enum http_outcome jobs_cancel(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	const char *id = http_segment(request, 0);
	enum job_status now;
	enum status status = store_cancel_job(service->store, id, &now);
	if (status == E_CONFLICT) {
		return answer_conflict(request, response, "The job has ended already.");
	}
	if (status != OK) {
		return answer_status(request, response, status, NULL, "job");
	}
	if (now == JOB_RUNNING) {
		workers_cancel(service->workers, id);
	}
	bool ended;
	status = job_answer_by_id(service, id, response, &ended);
	if (status != OK) {
		return answer_status(request, response, status, NULL, "job");
	}
	response->status = ended ? 200 : 202;
	return HTTP_DONE;
}

enum http_outcome jobs_delete(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	const char *id = http_segment(request, 0);
	pthread_rwlock_wrlock(&service->files_lock);
	enum status status = store_delete_job(service->store, id);
	pthread_rwlock_unlock(&service->files_lock);
	if (status == E_CONFLICT) {
		http_response_header(response, "Retry-After", "1");
		return answer_conflict(request, response, "The job is running: cancel it first.");
	}
	if (status != OK) {
		return answer_status(request, response, status, NULL, "job");
	}
	job_cache_forget(service->cache, id);
	response->status = 204;
	return HTTP_DONE;
}
