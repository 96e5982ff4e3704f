/* A job as it is answered, from its record or from the cache. */
#include "server/routes/common.h"
#include "server/routes/job_cache.h"

/* The part of a job that a client asked to have inside it; NULL: there is none (yet). */
static const char *included(enum status status, const struct text *document)
{
	return status == OK && !text_failed(document) ? document->data : NULL;
}

enum status job_answer(struct service *service, const struct job_record *record, const struct job_wishes *wishes,
		       struct http_response *response)
{
	struct text curve, weights;
	text_init(&curve);
	text_init(&weights);
	struct job_includes includes = { .curve = wishes->curve, .weights = wishes->weights };
	if (wishes->curve) {
		includes.curve_document = included(curve_document(service, record, &curve), &curve);
	}
	if (wishes->weights) {
		includes.weights_document =
			included(weights_document(service, record, NULL, INCLUDED_WEIGHTS_MAX, &weights), &weights);
	}
	job_render(record, &includes, &response->body);
	if (!job_status_ended(record->status)) {
		http_response_header(response, "Retry-After", "1");
	}
	text_fini(&curve);
	text_fini(&weights);
	return OK;
}

enum status job_answer_by_id(struct service *service, const char *id, struct http_response *response, bool *ended)
{
	uint64_t version = store_version(service->store);
	if (job_cache_find(service->cache, id, version, &response->body, ended)) {
		if (!*ended) {
			http_response_header(response, "Retry-After", "1");
		}
		return OK;
	}
	uint64_t ticket = job_cache_ticket(service->cache, id);
	struct job_record record = { 0 };
	enum status status = store_get_job(service->store, id, &record);
	if (status != OK) {
		return status;
	}
	*ended = job_status_ended(record.status);
	status = job_answer(service, &record, &(struct job_wishes){ 0 }, response);
	if (*ended) {
		version = JOB_CACHE_FINAL;
	} else if (store_version(service->store) != version) {
		version = 0; /* it may be of the state before, or of the one after */
	}
	job_cache_put(service->cache, id, ticket, version, &response->body);
	job_record_fini(&record);
	return status;
}
