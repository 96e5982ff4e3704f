/* What a job has made: its curve and its weights. */
#include <stdlib.h>
#include <string.h>

#include "api/model_card.h"
#include "core/base/size.h"
#include "server/routes/common.h"
#include "server/routes/routes.h"

/* --- curve --- */

/* Which points are asked for. */
struct curve_query {
	unsigned series;
	uint64_t from_step;
	uint64_t restart; /* NO_RESTART: the one that the job shows */
	bool csv;
	double wait;
};
#define NO_RESTART UINT64_MAX

/* The points of one run out of all that were read from its first on; their steps count from 0 again. */
static void take_run(struct curve_view *view, struct curve_slice *slice, uint64_t restart, uint64_t from_step)
{
	const uint64_t base = restart * RESTART_STEPS;
	size_t count = 0, skipped = 0;
	while (count < slice->count && slice->points[count].step - base < RESTART_STEPS) {
		slice->points[count].step -= base;
		skipped += slice->points[count].step < from_step;
		count++;
	}
	view->points = slice->points + skipped;
	view->parameters = slice->parameters != NULL ? slice->parameters + skipped * slice->n : NULL;
	view->count = count - skipped;
	view->points_total = count;
}

/* shown: the run that the job shows. */
static void view_of(const struct job_record *record, struct curve_slice *slice, const struct curve_query *query,
		    uint64_t restarts, uint64_t shown, struct curve_view *view)
{
	const uint64_t restart = query->restart == NO_RESTART ? shown : query->restart;
	const bool ended = job_status_ended(slice->status);
	*view = (struct curve_view){
		.job_id = record->id,
		.status = slice->status,
		.count = slice->count,
		.points = slice->points,
		.parameters = slice->parameters,
		.n = slice->n,
		.points_total = slice->points_total,
		.ended_and_complete = ended || (restarts > 1 && restart < shown),
		.series = query->series,
		.restarts = restarts,
		.restart = restart,
	};
	if (restarts > 1) {
		take_run(view, slice, restart, query->from_step);
	}
	view->next_step = view->count == 0 ? query->from_step : view->points[view->count - 1].step + 1;
	curve_view_describe(record->spec, record->spec_length, view);
}

/* The job and the points that are asked for, both of the same time as far as its end goes. *restarts, *shown: its runs
 * (1 and 0 for a job of one). Both are to be finished, whatever is returned. */
static enum status read_run(struct service *service, const char *id, const struct curve_query *query,
			    struct job_record *record, struct curve_slice *slice, uint64_t *restarts, uint64_t *shown)
{
	for (;;) {
		enum status status = store_get_job(service->store, id, record);
		if (status != OK) {
			return status;
		}
		*restarts = 1;
		*shown = 0;
		uint64_t from = query->from_step;
		if (restarts_describe(record->report, restarts, shown)) {
			from = (query->restart == NO_RESTART ? *shown : query->restart) * RESTART_STEPS;
		}
		status = store_read_points(service->store, id, from, SIZE_MAX, slice);
		if (status != OK || job_status_ended(slice->status) == job_status_ended(record->status)) {
			return status;
		}
		curve_slice_fini(slice);
		job_record_fini(record);
		*slice = (struct curve_slice){ 0 };
	}
}

enum status curve_document(struct service *service, const struct job_record *record, struct text *out)
{
	const struct curve_query query = { .restart = NO_RESTART };
	struct job_record now = { 0 };
	struct curve_slice slice = { 0 };
	uint64_t restarts, shown;
	enum status status = read_run(service, record->id, &query, &now, &slice, &restarts, &shown);
	if (status == OK) {
		struct curve_view view;
		view_of(&now, &slice, &query, restarts, shown, &view);
		curve_render_json(&view, out);
	}
	curve_slice_fini(&slice);
	job_record_fini(&now);
	return status;
}

static bool read_curve_query(const struct http_request *request, struct http_response *response,
			     struct curve_query *query, struct problem *problem)
{
	const char *series = http_query(request, "series");
	if (series != NULL) {
		series_parse(series, &query->series, problem);
	}
	query_uint(request, "from_step", INT64_MAX, &query->from_step, problem);
	query_uint(request, "restart", UINT32_MAX, &query->restart, problem);
	query->csv = query_csv(request, problem);
	query->wait = query_wait(request, response, problem);
	return !problem_any(problem);
}

static void render_curve(const struct curve_view *view, bool csv, struct http_response *response)
{
	if (csv) {
		response->content_type = "text/csv; charset=utf-8";
		curve_render_csv(view, &response->body);
	} else {
		curve_render_json(view, &response->body);
	}
	http_response_header(response, "Vary", "Accept");
	if (!job_status_ended(view->status)) {
		http_response_header(response, "Retry-After", "1");
	}
}

enum http_outcome jobs_curve(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	const char *id = http_segment(request, 0);
	struct curve_query query = { .restart = NO_RESTART };
	struct problem problem;
	problem_init(&problem);
	if (!read_curve_query(request, response, &query, &problem)) {
		return answer_problem(request, response, &problem);
	}
	if (query.wait > 0) {
		http_wait(request, id, query.wait); /* before the points are looked at */
	}
	struct curve_slice slice = { 0 };
	struct job_record record = { 0 };
	struct curve_view view;
	uint64_t restarts = 1, shown = 0;
	enum status status = read_run(service, id, &query, &record, &slice, &restarts, &shown);
	if (status == OK && query.restart != NO_RESTART && query.restart >= restarts) {
		problem_parameter(&problem, "restart", FAULT_OUT_OF_RANGE, NULL, NULL,
				  "the job has %llu run%s, from 0 on", (unsigned long long)restarts,
				  restarts == 1 ? "" : "s");
		curve_slice_fini(&slice);
		job_record_fini(&record);
		return answer_problem(request, response, &problem);
	}
	if (status == OK) {
		view_of(&record, &slice, &query, restarts, shown, &view);
		if (query.wait > 0 && view.count == 0 && !view.ended_and_complete && !http_waited(request)) {
			curve_slice_fini(&slice);
			job_record_fini(&record);
			return HTTP_WAIT;
		}
		render_curve(&view, query.csv, response);
	}
	curve_slice_fini(&slice);
	job_record_fini(&record);
	return status == OK ? HTTP_DONE : answer_status(request, response, status, NULL, "job");
}

/* --- weights --- */

void loaded_weights_fini(struct loaded_weights *weights)
{
	free(weights->values);
	model_card_destroy(weights->card);
	memset(weights, 0, sizeof *weights);
}

/* `best` after early stopping or divergence, else `last`. (A run that diverged at once has no best: `last`, too.) */
static const char *default_at(const struct job_record *record)
{
	const char *reason = record->stop_reason == NULL ? "" : record->stop_reason;
	return strcmp(reason, "early_stopping") == 0 || strcmp(reason, "diverged") == 0 ? "best" : "last";
}

enum status weights_load(struct service *service, const struct job_record *record, const char *at, size_t maximum,
			 struct loaded_weights *out)
{
	memset(out, 0, sizeof *out);
	out->at = at == NULL ? default_at(record) : at;
	if (record->card == NULL) {
		return E_NOT_FOUND;
	}
	enum status status = model_card_load(record->card, strlen(record->card), &out->card);
	if (status == OK && maximum > 0 && out->card->n > maximum) {
		status = E_TOO_LARGE;
	}
	if (status == OK) {
		status =
			store_read_weights(service->store, record->id, out->at, &out->step, &out->values, &out->length);
	}
	if (status == E_NOT_FOUND && at == NULL && strcmp(out->at, "best") == 0) {
		out->at = "last";
		status =
			store_read_weights(service->store, record->id, out->at, &out->step, &out->values, &out->length);
	}
	size_t bytes;
	if (status == OK &&
	    (!size_multiply(out->card->n, dtype_size(out->card->dtype), &bytes) || bytes != out->length)) {
		status = E_CORRUPT;
	}
	if (status != OK) {
		loaded_weights_fini(out);
	}
	return status;
}

enum status weights_document(struct service *service, const struct job_record *record, const char *at, size_t maximum,
			     struct text *out)
{
	struct loaded_weights weights;
	enum status status = weights_load(service, record, at, maximum, &weights);
	if (status != OK) {
		return status;
	}
	weights_render(record->id, weights.step, weights.at, weights.card, weights.values, out);
	loaded_weights_fini(&weights);
	return status;
}

void name_download(struct http_response *response, const struct job_record *record, const char *extension)
{
	char name[101];
	const char *from = record->name != NULL && record->name[0] != '\0' ? record->name : record->id;
	size_t n = 0;
	for (; from[n] != '\0' && n + 1 < sizeof name; n++) {
		bool plain = (from[n] >= 'a' && from[n] <= 'z') || (from[n] >= 'A' && from[n] <= 'Z') ||
			     (from[n] >= '0' && from[n] <= '9') || from[n] == '-' || from[n] == '_';
		name[n] = plain ? from[n] : '_';
	}
	name[n] = '\0';
	http_response_header(response, "Content-Disposition", "attachment; filename=\"%s.%s\"", name, extension);
}

enum http_outcome jobs_weights(void *context, struct http_request *request, struct http_response *response)
{
	static const char *const formats[] = { "json", NULL };
	static const char *const places[] = { "best", "last", "averaged", NULL };
	struct service *service = context;
	struct problem problem;
	problem_init(&problem);
	size_t format = 0, place = 3;
	query_word(request, "format", formats, &format, &problem);
	query_word(request, "at", places, &place, &problem);
	if (problem_any(&problem)) {
		return answer_problem(request, response, &problem);
	}
	struct job_record record = { 0 };
	enum status status = store_get_job(service->store, http_segment(request, 0), &record);
	if (status != OK) {
		return answer_status(request, response, status, NULL, "job");
	}
	size_t maximum = http_working(request) ? 0 : QUICK_NUMBERS;
	status = weights_document(service, &record, places[place], maximum, &response->body);
	if (status == E_TOO_LARGE) {
		job_record_fini(&record);
		return HTTP_WORK;
	}
	bool ended = job_status_ended(record.status);
	if (status == OK) {
		name_download(response, &record, "json");
	}
	job_record_fini(&record);
	if (!ended) {
		http_response_header(response, "Retry-After", "1");
	}
	if (status == E_NOT_FOUND) {
		problem_set(&problem, PROBLEM_CONFLICT, "The job has no such weights%s.",
			    ended ? "" : " yet: there are some from its first checkpoint on");
		return answer_problem(request, response, &problem);
	}
	http_response_header(response, "Vary", "Accept");
	return status == OK ? HTTP_DONE : answer_status(request, response, status, NULL, "job");
}
