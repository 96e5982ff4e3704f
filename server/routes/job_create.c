/*
 * POST /v1/jobs, in this order: body -> draft -> the datasets that it names, or its inline data or generated rows
 * through the importer -> spec, with all faults at once -> does it fit the memory -> one durable commit -> a runner is
 * woken -> 202, or a wait for its end.
 *
 * What takes long (a large body, drawn rows, weights of another job) is work for other threads than the connection's
 * (HTTP_WORK), in memory out of the budget of the jobs. A service that stops gives it up until the commit.
 *
 * Called again after a wait, the handler finds what it has stored in `creation` and stores nothing twice.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/generated.h"
#include "api/job_spec.h"
#include "api/model_card.h"
#include "core/function/function.h"
#include "server/content.h"
#include "server/dataset/import.h"
#include "server/routes/common.h"
#include "server/routes/gradient_check.h"
#include "server/routes/job_rows.h"
#include "server/routes/routes.h"
#include "server/runner/job_data.h"

/* What lasts over the handler's calls. */
struct creation {
	char id[ID_SIZE];
	bool dry_run, gradient_check;
	double wait;
	struct job_wishes wishes;
};

/* What one call works with; zeroed is empty. */
struct making {
	struct service *service;
	const atomic_bool *stop;
	uint64_t memory; /* reserved */
	struct job_draft *draft;
	struct import *import;
	bool has_info, has_validation;
	struct dataset_info info, validation;
	struct loaded_weights initial; /* of the job to start from */
	void *initial_values;          /* those in the precision of this one */
	struct job_spec *spec;
	struct text report;
	struct problem problem;
};

static void making_fini(struct making *making)
{
	job_spec_destroy(making->spec);
	job_draft_destroy(making->draft);
	import_destroy(making->import);
	loaded_weights_fini(&making->initial);
	free(making->initial_values);
	dataset_info_fini(&making->info);
	dataset_info_fini(&making->validation);
	text_fini(&making->report);
	problem_fini(&making->problem);
	workers_release(making->service->workers, making->memory);
}

/* A dataset by id; one that is not there is no failure: the spec's judge says so, with all other faults. */
static enum status look_up(struct service *service, const char *id, struct dataset_info *out, bool *found)
{
	if (id == NULL || strlen(id) >= ID_SIZE) {
		return OK;
	}
	enum status status = store_get_dataset(service->store, id, out);
	*found = status == OK;
	return status == E_NOT_FOUND ? OK : status;
}

/* Memory for this call, until its end. E_INVALID with the problem set. */
static enum status reserve(struct making *making, uint64_t bytes)
{
	if (reserve_memory(making->service, bytes, &making->problem) != OK) {
		return E_INVALID;
	}
	making->memory += bytes;
	return OK;
}

/* The job whose weights are the start: is it there, has it any? They are read now, whatever becomes of that job. */
static enum status load_initial(struct making *making)
{
	const char *at = NULL;
	const char *id = job_draft_initial_job_id(making->draft, &at);
	if (id == NULL || strlen(id) >= ID_SIZE ||
	    (at != NULL && strcmp(at, "best") != 0 && strcmp(at, "last") != 0 && strcmp(at, "averaged") != 0)) {
		return OK; /* the spec's judge says what is wrong */
	}
	struct job_record record = { 0 };
	enum status status = store_get_job(making->service->store, id, &record);
	bool there = status == OK;
	if (status == OK) {
		status = weights_load(making->service, &record, at == NULL ? "last" : at, 0, &making->initial);
	}
	if (status == OK) {
		status = reserve(making, 2 * (uint64_t)making->initial.length);
	} else if (status == E_NOT_FOUND) {
		problem_fault(&making->problem, "/model/initial_parameters/job_id", FAULT_NOT_FOUND, NULL, NULL,
			      there ? "the job '%s' has no weights" : "there is no job '%s'", id);
		status = OK;
	}
	job_record_fini(&record);
	return status;
}

/* Its weights in the precision of the new job, for the store to keep. */
static enum status convert_initial(struct making *making, struct weights_blob *out)
{
	const struct loaded_weights *initial = &making->initial;
	if (initial->card == NULL) {
		return OK;
	}
	const size_t n = initial->card->n;
	const enum dtype dtype = making->spec->train.training.dtype;
	making->initial_values = calloc(n + 1, dtype_size(dtype));
	if (making->initial_values == NULL) {
		return E_MEMORY;
	}
	dtype_convert(initial->card->dtype, initial->values, dtype, making->initial_values, n);
	*out = (struct weights_blob){ initial->step, making->initial_values, n * dtype_size(dtype) };
	return OK;
}

static void judge_size(struct making *making)
{
	const size_t initial_n = making->initial.card == NULL ? 0 : making->initial.card->n;
	const struct job_spec *spec = making->spec;
	uint64_t budget = making->service->config->memory;
	struct problem *problem = &making->problem;
	if (initial_n != 0 && initial_n != spec->parameters) {
		problem_fault(problem, "/model/initial_parameters/job_id", FAULT_OUT_OF_RANGE, NULL, NULL,
			      "that job has %zu parameters, this model has %llu", initial_n,
			      (unsigned long long)spec->parameters);
	} else if (spec->memory_bytes > budget) {
		problem_set(problem, PROBLEM_MEMORY,
			    "The job needs about %.1f MiB of memory, running jobs may take %.1f MiB.",
			    (double)spec->memory_bytes / 1048576, (double)budget / 1048576);
		text_puts(&problem->extra, ",\"needed_bytes\":");
		text_json_uint(&problem->extra, spec->memory_bytes);
		text_puts(&problem->extra, ",\"budget_bytes\":");
		text_json_uint(&problem->extra, budget);
	}
}

/* The draft of a body, with memory for it reserved where it is work. */
static enum status read_draft(struct making *making, const struct http_request *request, bool work)
{
	size_t length;
	const char *body = http_body(request, &length);
	enum status status = work ? reserve(making, job_draft_memory(body, length)) : OK;
	return status != OK ? status : job_draft_read(body, length, &making->draft, &making->problem);
}

/* Is there more to do than a few lookups? */
static bool takes_long(const struct making *making)
{
	const char *at;
	return job_draft_has_generator(making->draft) || job_draft_initial_job_id(making->draft, &at) != NULL ||
	       job_draft_gradient_check(making->draft);
}

/* row_search.first_outside over the rows that the job brings along, or those of its dataset. */
static bool first_outside(void *context, size_t column, double size, uint64_t *row, double *value)
{
	struct making *making = context;
	struct open_table stored = { .table = NULL };
	struct table *table = NULL;
	struct error error;
	const enum status status = making->import != NULL
					   ? import_open_table(making->import, &table, &error)
					   : open_table_load(making->service->store, making->service->config->data_dir,
							     making->info.id, &stored, &error);
	const struct table *rows = table != NULL ? table : stored.table;
	const bool found = status == OK && rows != NULL && table_first_outside(rows, column, size, row, value);
	table_close(table);
	open_table_fini(&stored);
	return found;
}

/* From the draft to a spec that can be run. OK, E_INVALID with the problem set, or another failure. */
static enum status resolve(struct making *making, enum status status, struct error *error)
{
	if (status != OK) {
		return problem_any(&making->problem) ? E_INVALID : status;
	}
	if (job_rows_are_there(making->draft)) {
		status = job_rows_import(making->service, making->draft, making->stop, &making->memory, &making->import,
					 &making->info, &making->problem, error);
		making->has_info = status == OK;
	} else {
		status =
			look_up(making->service, job_draft_dataset_id(making->draft), &making->info, &making->has_info);
	}
	if (status == OK || status == E_INVALID) {
		status = look_up(making->service, job_draft_validation_id(making->draft), &making->validation,
				 &making->has_validation);
	}
	if (status == OK) {
		status = load_initial(making);
	}
	const struct row_search search = { first_outside, making };
	making->info.search = &search;
	if (status == OK) {
		status = job_spec_resolve(making->draft, making->has_info ? &making->info : NULL,
					  making->has_validation ? &making->validation : NULL,
					  (size_t)making->service->config->threads, &making->spec, &making->problem);
	}
	making->info.search = NULL;
	if (status == OK) {
		judge_size(making);
	}
	return problem_any(&making->problem) ? E_INVALID : status;
}

/* The report of a job that has not begun. */
static void render_first_report(struct making *making)
{
	const struct job_spec *spec = making->spec;
	struct job_report report = { .spec = spec };
	report.progress.steps = spec->steps;
	report.progress.steps_per_epoch = train_steps_per_epoch(&spec->train.training, spec->training_rows);
	report.progress.epochs = spec->train.training.epochs;
	report.progress.last.step = UINT64_MAX;
	report.progress.reason_value = (double)NAN;
	report.progress.reason_limit = (double)NAN;
	job_report_render(&report, &making->report);
}

struct addition {
	struct service *service;
	struct new_job *job;
};

static enum status add_record(void *context, const struct dataset_content *content, struct error *error)
{
	struct addition *addition = context;
	addition->job->inline_content = *content;
	return store_add_job(addition->service->store, addition->job, addition->service->config->max_queue, error);
}

static enum status add(struct making *making, const char *id, struct error *error)
{
	struct service *service = making->service;
	const struct job_spec *spec = making->spec;
	render_first_report(making);
	if (text_failed(&making->report)) {
		return E_MEMORY;
	}
	struct new_job job = {
		.name = spec->name,
		.spec = spec->document,
		.spec_length = spec->document_length,
		.report = making->report.data,
		.model = spec->model.type->name,
		.optimizer = spec->train.optimizer.type->name,
		.dataset_id = spec->dataset_id,
		.validation_id = spec->validation_id,
		.memory_bytes = spec->memory_bytes,
	};
	memcpy(job.id, id, strlen(id) + 1);
	enum status status = convert_initial(making, &job.initial);
	if (status != OK) {
		return status;
	}
	if (making->import == NULL) {
		return store_add_job(service->store, &job, service->config->max_queue, error);
	}
	job.inline_dataset = &making->info;
	struct addition addition = { service, &job };
	return content_store(service, making->import, making->info.content_name, add_record, &addition, error);
}

/* The dataset may go between its being looked up and the commit. */
static enum http_outcome answer_failure(struct making *making, enum status status, const struct error *error,
					struct http_request *request, struct http_response *response)
{
	if (!problem_any(&making->problem) && status == E_NOT_FOUND) {
		problem_fault(&making->problem, "/dataset/id", FAULT_NOT_FOUND, NULL, NULL,
			      "the dataset has been deleted");
	}
	if (making->problem.kind == PROBLEM_BUSY) {
		http_response_header(response, "Retry-After", "1");
	}
	if (problem_any(&making->problem)) {
		http_response_problem(response, request, &making->problem);
		return HTTP_DONE;
	}
	return answer_status(request, response, status, error, "job");
}

static enum http_outcome answer_job(struct service *service, struct http_request *request,
				    struct http_response *response)
{
	const struct creation *creation = http_kept(request);
	bool waits = creation->wait > 0 && !http_waited(request);
	struct job_record record = { 0 };
	if (waits) {
		http_wait_end(request, creation->id, creation->wait);
	}
	enum status status = store_get_job(service->store, creation->id, &record);
	if (status == OK && waits && !job_status_ended(record.status)) {
		job_record_fini(&record);
		return HTTP_WAIT;
	}
	if (status != OK) {
		return answer_status(request, response, status, NULL, "job");
	}
	response->status = job_status_ended(record.status) ? 200 : 202;
	http_response_header(response, "Location", "/v1/jobs/%s", creation->id);
	if (creation->wait > 0) {
		http_response_header(response, "Preference-Applied", "wait=%g", creation->wait);
	}
	job_answer(service, &record, &creation->wishes, response);
	job_record_fini(&record);
	return HTTP_DONE;
}

/* "gradient_check": true. E_INVALID with the problem set. */
static enum status check_gradient(struct making *making, struct gradient_report *out, struct error *error)
{
	const struct loaded_weights *initial = &making->initial;
	struct table *table = NULL;
	double *start = NULL;
	size_t n = initial->card == NULL ? 0 : initial->card->n;
	enum status status = reserve(making, gradient_check_memory(making->spec));
	if (status == OK && making->import != NULL) {
		status = import_open_table(making->import, &table, error);
	}
	if (status == OK && n > 0) {
		start = calloc(n, sizeof *start);
		status = start == NULL ? E_MEMORY : OK;
	}
	if (start != NULL) {
		dtype_convert(initial->card->dtype, initial->values, DTYPE_FLOAT64, start, n);
	}
	if (status == OK) {
		status = gradient_check_job(making->service, making->spec, table, start, n, making->stop, out, error);
	}
	if (status == E_INVALID && !problem_any(&making->problem)) {
		problem_fault(&making->problem, "/dataset", FAULT_OUT_OF_RANGE, NULL, NULL, "%s", error->text);
	}
	table_close(table);
	free(start);
	return status;
}

/* The answer to a dry run. */
static enum status render_dry_run(struct making *making, bool gradient_check, struct http_response *response,
				  struct error *error)
{
	struct gradient_report report = { .rows = 0 };
	enum status status = gradient_check ? check_gradient(making, &report, error) : OK;
	if (status == OK) {
		job_spec_render_dry_run(making->spec, gradient_check ? &report : NULL, &response->body);
	}
	gradient_report_fini(&report);
	return status;
}

static enum http_outcome create(struct service *service, struct http_request *request, struct http_response *response,
				struct creation *creation)
{
	struct making making = { .service = service, .stop = http_cancelled(request) };
	struct error error = { 0 };
	bool work = http_working(request);
	problem_init(&making.problem);
	text_init(&making.report);
	enum status status = read_draft(&making, request, work);
	if (status == OK && !work && (creation->gradient_check || takes_long(&making))) {
		making_fini(&making);
		return HTTP_WORK;
	}
	status = resolve(&making, status, &error);
	const bool checked = status == OK && (creation->gradient_check || making.spec->gradient_check);
	if (status == OK && creation->dry_run) {
		status = render_dry_run(&making, checked, response, &error);
		if (status == OK) {
			making_fini(&making);
			return HTTP_DONE;
		}
	} else if (checked) {
		problem_fault(&making.problem, "/gradient_check", FAULT_NOT_ALLOWED, NULL, NULL,
			      "gradients are checked in a dry run: POST /v1/jobs?dry_run=true");
		status = E_INVALID;
	} else if (status == OK) {
		store_make_id(service->store, "job", creation->id);
		if (creation->wait > 0) {
			http_wait_end(request, creation->id, creation->wait); /* before it can change */
		}
		status = add(&making, creation->id, &error);
	}
	enum http_outcome outcome = HTTP_DONE;
	if (status != OK) {
		outcome = answer_failure(&making, status, &error, request, response);
	}
	making_fini(&making);
	if (status != OK) {
		return outcome;
	}
	struct creation *kept = malloc(sizeof *kept);
	if (kept == NULL) {
		return answer_status(request, response, E_MEMORY, NULL, "job");
	}
	*kept = *creation;
	http_keep(request, kept, free);
	workers_wake(service->workers);
	return kept->wait > 0 ? HTTP_WAIT : answer_job(service, request, response);
}

enum http_outcome jobs_create(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	if (http_kept(request) != NULL) {
		return answer_job(service, request, response);
	}
	struct problem problem;
	problem_init(&problem);
	struct creation creation = { 0 };
	size_t length;
	http_body(request, &length);
	if (length > QUICK_BODY && !http_working(request)) {
		return HTTP_WORK;
	}
	query_bool(request, "dry_run", &creation.dry_run, &problem);
	query_bool(request, "gradient_check", &creation.gradient_check, &problem);
	query_include(request, &creation.wishes.curve, &creation.wishes.weights, &problem);
	creation.wait = query_wait(request, response, &problem);
	if (problem_any(&problem)) {
		return answer_problem(request, response, &problem);
	}
	return create(service, request, response, &creation);
}
