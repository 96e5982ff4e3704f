/*
 * POST /v1/datasets: the body is the file. It goes to the importer piece by piece while it arrives; a fault in it, or
 * in the query, ends the upload at once.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/setting.h"
#include "server/content.h"
#include "server/dataset/import.h"
#include "server/routes/common.h"
#include "server/routes/routes.h"

enum { NAME_MAX_BYTES = 200 };

struct upload {
	struct import *import;
	struct import_options options;
	bool begun;
	struct problem problem; /* kept from the first fault on */
};

static void upload_destroy(void *data)
{
	struct upload *upload = data;
	import_destroy(upload->import);
	problem_fini(&upload->problem);
	free(upload);
}

/* Is `type` that media type, whatever parameters follow? */
static bool is_type(const char *type, const char *name)
{
	size_t length = strlen(name);
	return strncasecmp(type, name, length) == 0 &&
	       (type[length] == '\0' || type[length] == ';' || type[length] == ' ');
}

/* What the body is, by ?format=, else by its type. What curl --data-binary sends by itself counts as none. */
static void judge_type(const struct http_request *request, struct upload *upload)
{
	static const char *const formats[] = { "csv", "tsv", NULL };
	static const char *const csv_types[] = { "application/x-www-form-urlencoded", "application/octet-stream",
						 "text/csv", "application/csv", "text/plain" };
	struct problem *problem = &upload->problem;
	const char *type = http_header(request, "Content-Type");
	const char *format = http_query(request, "format");
	size_t index = 0;
	if (http_header(request, "Content-Encoding") != NULL) {
		problem_set(problem, PROBLEM_MEDIA_TYPE,
			    "Compressed uploads are not taken yet: send the file as it is.");
	} else if (type != NULL && strncasecmp(type, "multipart/", 10) == 0) {
		problem_set(problem, PROBLEM_MEDIA_TYPE,
			    "The body is the file itself, not a form: curl --data-binary @FILE '%s?name=NAME'.",
			    http_path(request));
	} else if (format != NULL) {
		query_word(request, "format", formats, &index, problem);
	} else if (type != NULL && is_type(type, "text/tab-separated-values")) {
		index = 1;
	} else if (type != NULL && type[0] != '\0') {
		bool known = false;
		for (size_t i = 0; i < sizeof csv_types / sizeof *csv_types; i++) {
			known |= is_type(type, csv_types[i]);
		}
		if (!known) {
			problem_set(problem, PROBLEM_MEDIA_TYPE, "Files of type \"%.80s\" are not taken yet, CSV is.",
				    type);
		}
	}
	upload->options.delimiter = index == 1 ? '\t' : ',';
}

static void judge_query(const struct http_request *request, struct upload *upload)
{
	static const char *const modes[] = { "auto", "true", "false", NULL };
	struct problem *problem = &upload->problem;
	size_t mode = HEADER_AUTO;
	query_word(request, "header", modes, &mode, problem);
	upload->options.header = (enum header_mode)mode;
	upload->options.delimiter_said = http_query(request, "delimiter") != NULL;
	query_separators(request, &upload->options.delimiter, &upload->options.decimal, problem);
	const char *name = http_query(request, "name");
	if (name != NULL && strlen(name) > NAME_MAX_BYTES) {
		problem_parameter(problem, "name", FAULT_OUT_OF_RANGE, NULL, NULL, "at most %d bytes", NAME_MAX_BYTES);
	}
}

/* The first bytes of formats that would otherwise be read as very odd CSV. */
static void judge_magic(struct upload *upload, const void *bytes, size_t length)
{
	static const struct {
		const char *bytes, *name;
	} magic[] = { { "\x93NUMPY", "NPY" }, { "PK\x03\x04", "NPZ or ZIP" }, { "\x1f\x8b", "gzip" }, { "{", "JSON" } };
	for (size_t i = 0; i < sizeof magic / sizeof *magic; i++) {
		size_t n = strlen(magic[i].bytes);
		if (length >= n && memcmp(bytes, magic[i].bytes, n) == 0) {
			problem_set(&upload->problem, PROBLEM_MEDIA_TYPE,
				    "This looks like %s, which is not taken yet; CSV is.", magic[i].name);
		}
	}
}

static struct upload *upload_of(struct service *service, struct http_request *request, const void *bytes, size_t length)
{
	struct upload *upload = http_kept(request);
	if (upload != NULL) {
		return upload;
	}
	upload = calloc(1, sizeof *upload);
	if (upload == NULL) {
		return NULL;
	}
	problem_init(&upload->problem);
	http_keep(request, upload, upload_destroy);
	judge_type(request, upload);
	judge_query(request, upload);
	if (http_query(request, "format") == NULL) {
		judge_magic(upload, bytes, length);
	}
	if (!problem_any(&upload->problem)) {
		struct error error = { 0 };
		enum status status = import_open(service->config->data_dir, &upload->options, &upload->import, &error);
		if (status != OK) {
			problem_of(&upload->problem, status, &error);
		}
	}
	return upload;
}

bool datasets_sink(void *context, struct http_request *request, const void *bytes, size_t length)
{
	struct upload *upload = upload_of(context, request, bytes, length);
	if (upload == NULL || problem_any(&upload->problem)) {
		return false;
	}
	struct error error = { 0 };
	enum status status = import_write(upload->import, bytes, length, &error);
	if (status != OK) {
		problem_of(&upload->problem, status, &error);
	}
	return status == OK;
}

struct addition {
	struct store *store;
	const struct dataset_info *info;
};

static enum status add_record(void *context, const struct dataset_content *content, struct error *error)
{
	const struct addition *addition = context;
	return store_add_dataset(addition->store, addition->info, content, error);
}

enum { NAMES_SHOWN = 100 };

/* ?target= names no column: says which one it may mean, and which there are. */
static void fault_no_target(const struct dataset_info *info, struct problem *problem)
{
	const char *names[NAMES_SHOWN + 1] = { NULL };
	size_t count = info->columns < NAMES_SHOWN ? info->columns : NAMES_SHOWN;
	for (size_t i = 0; i < count; i++) {
		names[i] = info->column[i].name;
	}
	problem_set(problem, PROBLEM_INVALID, "The file has no column \"%.100s\".", info->target);
	problem_parameter(problem, "target", FAULT_NOT_FOUND, nearest_name(info->target, names, count),
			  info->columns <= NAMES_SHOWN ? names : NULL, "the file has no such column");
}

static void finish(struct service *service, struct http_request *request, struct upload *upload,
		   struct dataset_info *info)
{
	struct error error = { 0 };
	enum status status = import_finish(upload->import, info, &error);
	if (status != OK) {
		problem_of(&upload->problem, status, &error);
		return;
	}
	const char *name = http_query(request, "name");
	const char *target = http_query(request, "target");
	store_make_id(service->store, "ds", info->id);
	info->name = name == NULL || name[0] == '\0' ? NULL : strdup(name);
	info->target = target == NULL || target[0] == '\0' ? NULL : strdup(target);
	info->created_at = now_milliseconds();
	if (info->target != NULL && dataset_info_find(info, info->target) < 0) {
		fault_no_target(info, &upload->problem);
		return;
	}
	struct addition addition = { service->store, info };
	status = content_store(service, upload->import, info->content_name, add_record, &addition, &error);
	if (status != OK) {
		problem_of(&upload->problem, status, &error);
	}
}

enum http_outcome datasets_upload(void *context, struct http_request *request, struct http_response *response)
{
	struct service *service = context;
	struct upload *upload = upload_of(service, request, "", 0);
	if (upload == NULL) {
		return answer_status(request, response, E_MEMORY, NULL, "dataset");
	}
	struct dataset_info info = { 0 };
	if (!problem_any(&upload->problem)) {
		finish(service, request, upload, &info);
	}
	if (problem_any(&upload->problem)) {
		if (upload->problem.kind == PROBLEM_MEDIA_TYPE) {
			http_response_header(response, "Accept", "text/csv, text/tab-separated-values");
		}
		http_response_problem(response, request, &upload->problem);
	} else {
		response->status = 201;
		http_response_header(response, "Location", "/v1/datasets/%s", info.id);
		dataset_info_render(&info, &response->body);
	}
	dataset_info_fini(&info);
	return HTTP_DONE;
}
