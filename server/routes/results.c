/* What a job has made: its curve and its weights. */
#include <stdlib.h>
#include <string.h>

#include "api/model_card.h"
#include "core/base/size.h"
#include "server/routes/common.h"
#include "server/routes/routes.h"

/* --- curve --- */

static void view_of(const struct job_record *record, const struct curve_slice *slice, uint64_t from_step,
		    unsigned series, struct curve_view *view)
{
	*view = (struct curve_view){
		.job_id = record->id,
		.status = slice->status,
		.count = slice->count,
		.points = slice->points,
		.parameters = slice->parameters,
		.n = slice->n,
		.points_total = slice->points_total,
		.ended_and_complete = job_status_ended(slice->status),
		.next_step = slice->count == 0 ? from_step : slice->points[slice->count - 1].step + 1,
		.series = series,
	};
	curve_view_describe(record->spec, record->spec_length, view);
}

enum status curve_document(struct service *service, const struct job_record *record, struct text *out)
{
	struct curve_slice slice = { 0 };
	enum status status = store_read_points(service->store, record->id, 0, SIZE_MAX, &slice);
	if (status == OK) {
		struct curve_view view;
		view_of(record, &slice, 0, 0, &view);
		curve_render_json(&view, out);
		curve_slice_fini(&slice);
	}
	return status;
}

/* ?format=json|csv, else what Accept asks for first. */
static bool wants_csv(const struct http_request *request, struct problem *problem)
{
	static const char *const formats[] = { "json", "csv", NULL };
	const char *accept = http_header(request, "Accept");
	size_t format = 0;
	if (http_query(request, "format") != NULL) {
		query_word(request, "format", formats, &format, problem);
		return format == 1;
	}
	const char *csv = accept == NULL ? NULL : strcasestr(accept, "text/csv");
	const char *json = accept == NULL ? NULL : strcasestr(accept, "application/json");
	return csv != NULL && (json == NULL || csv < json);
}

struct curve_query {
	unsigned series;
	uint64_t from_step;
	bool csv;
	double wait;
};

static bool read_curve_query(const struct http_request *request, struct http_response *response,
			     struct curve_query *query, struct problem *problem)
{
	const char *series = http_query(request, "series");
	if (series != NULL) {
		series_parse(series, &query->series, problem);
	}
	query_uint(request, "from_step", INT64_MAX, &query->from_step, problem);
	query->csv = wants_csv(request, problem);
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
	struct curve_query query = { 0 };
	struct problem problem;
	problem_init(&problem);
	if (!read_curve_query(request, response, &query, &problem)) {
		return answer_problem(request, response, &problem);
	}
	if (query.wait > 0) {
		http_wait(request, id, query.wait); /* before the points are looked at */
	}
	struct curve_slice slice = { 0 };
	enum status status = store_read_points(service->store, id, query.from_step, SIZE_MAX, &slice);
	if (status == OK && query.wait > 0 && slice.count == 0 && !job_status_ended(slice.status) &&
	    !http_waited(request)) {
		curve_slice_fini(&slice);
		return HTTP_WAIT;
	}
	struct job_record record = { 0 };
	if (status == OK) {
		status = store_get_job(service->store, id, &record);
	}
	if (status == OK) {
		struct curve_view view;
		view_of(&record, &slice, query.from_step, query.series, &view);
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

/* A file name for what is downloaded: the job's name, or its id, in characters that need no quoting. */
static void name_download(struct http_response *response, const struct job_record *record, const char *extension)
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
	static const char *const places[] = { "best", "last", NULL };
	struct service *service = context;
	struct problem problem;
	problem_init(&problem);
	size_t format = 0, place = 2;
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
