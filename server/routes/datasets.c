/* Datasets that are there: list, metadata, preview, deletion. */
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "server/content.h"
#include "server/routes/common.h"
#include "server/routes/routes.h"
#include "server/runner/job_data.h"

/* A bad cursor is the client's fault, not "the input". */
static void cursor_fault(struct problem *problem)
{
	problem_parameter(problem, "cursor", FAULT_NOT_ALLOWED, NULL, NULL,
			  "this is not a cursor that a list answered");
}

enum http_outcome datasets_list(void *context, struct http_request *request, struct http_response *response)
{
	static const char *const parameters[] = { "limit", "inline", NULL };
	struct service *service = context;
	struct problem problem;
	problem_init(&problem);
	uint64_t limit;
	bool include_inline = false;
	query_limit(request, &limit, &problem);
	query_bool(request, "inline", &include_inline, &problem);
	if (problem_any(&problem)) {
		return answer_problem(request, response, &problem);
	}
	struct dataset_page page = { 0 };
	enum status status = store_list_datasets(service->store, (size_t)limit, http_query(request, "cursor"),
						 include_inline, &page);
	if (status == E_INVALID) {
		cursor_fault(&problem);
		return answer_problem(request, response, &problem);
	}
	if (status != OK) {
		return answer_status(request, response, status, NULL, "dataset");
	}
	text_puts(&response->body, "{\"data\":[");
	for (size_t i = 0; i < page.count; i++) {
		text_puts(&response->body, i == 0 ? "" : ",");
		dataset_info_render(&page.item[i], &response->body);
	}
	text_puts(&response->body, "],\"next_cursor\":");
	text_json_string(&response->body, page.next_cursor[0] == '\0' ? NULL : page.next_cursor);
	text_puts(&response->body, "}");
	link_next(request, response, parameters, page.next_cursor);
	dataset_page_fini(&page);
	return HTTP_DONE;
}

enum http_outcome datasets_get(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	struct dataset_info info = { 0 };
	enum status status = store_get_dataset(service->store, http_segment(request, 0), &info);
	if (status != OK) {
		return answer_status(request, response, status, NULL, "dataset");
	}
	dataset_info_render(&info, &response->body);
	dataset_info_fini(&info);
	return HTTP_DONE;
}

/* --- preview --- */

/* numbers: [columns, count], column after column. */
static void render_rows(const struct table *table, const double *numbers, size_t count, struct text *out)
{
	size_t columns = table_columns(table);
	for (size_t row = 0; row < count; row++) {
		text_puts(out, row == 0 ? "[" : ",[");
		for (size_t column = 0; column < columns; column++) {
			double value = numbers[column * count + row];
			text_puts(out, column == 0 ? "" : ",");
			if (table_kind(table, column) == COLUMN_NUMBER) {
				text_json_double(out, value);
			} else {
				size_t length;
				const char *text = table_text(table, column, (size_t)value, &length);
				text_json_string_n(out, text, length);
			}
		}
		text_puts(out, "]");
	}
}

static enum status render_preview(const struct table *table, uint64_t offset, uint64_t limit, struct text *out)
{
	uint64_t rows = table_rows(table);
	size_t columns = table_columns(table);
	size_t count = offset >= rows ? 0 : (size_t)(rows - offset < limit ? rows - offset : limit);
	size_t cells;
	if (!size_multiply(count, columns, &cells) || !size_multiply(cells, sizeof(double), &cells)) {
		return E_MEMORY;
	}
	double *numbers = malloc(cells + sizeof(double));
	if (numbers == NULL) {
		return E_MEMORY;
	}
	text_puts(out, "{\"columns\":[");
	for (size_t column = 0; column < columns; column++) {
		text_puts(out, column == 0 ? "" : ",");
		text_json_string(out, table_name(table, column));
		if (count > 0) {
			table_read_numbers(table, column, offset, count, numbers + column * count);
		}
	}
	text_puts(out, "],\"rows\":[");
	render_rows(table, numbers, count, out);
	text_puts(out, "],\"offset\":");
	text_json_uint(out, offset);
	text_puts(out, ",\"total\":");
	text_json_uint(out, rows);
	text_puts(out, "}");
	free(numbers);
	return OK;
}

enum http_outcome datasets_rows(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	struct problem problem;
	problem_init(&problem);
	uint64_t offset = 0, limit;
	query_uint(request, "offset", INT64_MAX, &offset, &problem);
	query_limit(request, &limit, &problem);
	if (problem_any(&problem)) {
		return answer_problem(request, response, &problem);
	}
	struct open_table data = { 0 };
	struct error error = { 0 };
	enum status status =
		open_table_load(service->store, service->config->data_dir, http_segment(request, 0), &data, &error);
	if (status == OK) {
		status = render_preview(data.table, offset, limit, &response->body);
	}
	open_table_fini(&data);
	return status == OK ? HTTP_DONE : answer_status(request, response, status, &error, "dataset");
}

/* --- deletion --- */

static void free_strings(char **strings)
{
	for (char **string = strings; string != NULL && *string != NULL; string++) {
		free(*string);
	}
	free(strings);
}

static enum http_outcome answer_needed(struct http_request *request, struct http_response *response, char **jobs)
{
	struct problem problem;
	problem_init(&problem);
	problem_set(&problem, PROBLEM_CONFLICT, "Jobs that have not ended need this dataset.");
	text_puts(&problem.extra, ",\"jobs\":[");
	for (size_t i = 0; jobs != NULL && jobs[i] != NULL; i++) {
		text_puts(&problem.extra, i == 0 ? "" : ",");
		text_json_string(&problem.extra, jobs[i]);
	}
	text_puts(&problem.extra, "]");
	free_strings(jobs);
	return answer_problem(request, response, &problem);
}

enum http_outcome datasets_delete(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	char **jobs = NULL;
	bool unused = false;
	char sha256[65] = "";
	pthread_rwlock_wrlock(&service->files_lock);
	enum status status = store_delete_dataset(service->store, http_segment(request, 0), &jobs, &unused, sha256);
	if (status == OK && unused) {
		content_remove(service, sha256);
	}
	pthread_rwlock_unlock(&service->files_lock);
	if (status == E_CONFLICT) {
		return answer_needed(request, response, jobs);
	}
	free_strings(jobs);
	if (status != OK) {
		return answer_status(request, response, status, NULL, "dataset");
	}
	response->status = 204;
	return HTTP_DONE;
}
