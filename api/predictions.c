/*
 * Predictions: rows of raw values read for a model card, and outputs made into answers.
 *
 * Columns that the model does not know are ignored; one that it needs and that is missing is a fault with its name.
 * Where all target columns are there, the answer has metrics.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/predictions.h"
#include "core/base/size.h"

static const struct at at_inputs = { NULL, "inputs", 0 };
static const struct at at_columns = { NULL, "columns", 0 };
static const struct at at_dataset = { NULL, "dataset", 0 };

/* What a column is for: a feature, a target, or nothing. */
enum { ROLE_NONE = -1 };

struct prediction_reader {
	struct reader reader;
	const struct model_card *card;
	struct prediction_inputs *out;
	size_t y_columns;
	const char **needed; /* names of features, then of targets */
	size_t *sorted;      /* indices into needed, in order of names */
	bool *seen;          /* [needed] of the row at hand */
};

static int name_order(const void *a, const void *b, void *context)
{
	const char *const *names = context;
	return strcmp(names[*(const size_t *)a], names[*(const size_t *)b]);
}

static bool prepare_names(struct prediction_reader *in)
{
	const struct model_card *card = in->card;
	size_t count = card->features + card->targets;
	in->needed = arena_alloc(in->reader.arena, count, sizeof *in->needed);
	in->sorted = arena_alloc(in->reader.arena, count, sizeof *in->sorted);
	in->seen = arena_alloc(in->reader.arena, count, sizeof *in->seen);
	if (arena_failed(in->reader.arena)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		in->needed[i] = i < card->features ? card->feature[i] : card->target[i - card->features];
		in->sorted[i] = i;
	}
	qsort_r(in->sorted, count, sizeof *in->sorted, name_order, in->needed);
	return true;
}

/* The role of a column by name; `guess` is tried first. */
static long role_of(const struct prediction_reader *in, const char *name, size_t guess)
{
	size_t low = 0, high = in->card->features + in->card->targets;
	if (guess < high && strcmp(in->needed[guess], name) == 0) {
		return (long)guess;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int side = strcmp(name, in->needed[in->sorted[middle]]);
		if (side == 0) {
			return (long)in->sorted[middle];
		}
		if (side < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return ROLE_NONE;
}

/* The index of the class that a cell names, -1 for one that the model never saw. */
static double class_of(const struct model_card *card, const cJSON *cell)
{
	for (size_t i = 0; i < card->classes; i++) {
		if (card->class_number != NULL
			    ? cJSON_IsNumber(cell) && cell->valuedouble == card->class_number[i]
			    : cJSON_IsString(cell) && strcmp(cell->valuestring, card->class_text[i]) == 0) {
			return (double)i;
		}
	}
	return -1;
}

static void read_cell(struct prediction_reader *in, const struct at *at, size_t row, size_t role, const cJSON *cell)
{
	struct range any = { (double)-INFINITY, (double)INFINITY, false, false, NULL };
	struct prediction_inputs *out = in->out;
	if (role < in->card->features) {
		read_real(&in->reader, at, cell, any, &out->x[row * in->card->features + role]);
		return;
	}
	double *y = &out->y[row * in->y_columns + role - in->card->features];
	if (in->card->classes == 0) {
		read_real(&in->reader, at, cell, any, y);
	} else if (json_is_rounded(cell)) {
		reader_fault_rounded(&in->reader, at);
	} else if (cJSON_IsNumber(cell) || cJSON_IsString(cell)) {
		*y = class_of(in->card, cell);
	} else {
		reader_fault(&in->reader, at, FAULT_WRONG_TYPE, NULL, NULL, "a class is wanted, %s was given",
			     json_kind(cell));
	}
}

/* Notes each feature that is not there. */
static bool all_features(struct prediction_reader *in, const struct at *at)
{
	bool fine = true;
	for (size_t i = 0; i < in->card->features; i++) {
		if (!in->seen[i]) {
			reader_fault(&in->reader, at, FAULT_MISSING, NULL, NULL, "the feature %.100s is missing",
				     in->needed[i]);
			fine = false;
		}
	}
	return fine;
}

static bool all_targets(const struct prediction_reader *in)
{
	for (size_t i = 0; i < in->card->targets; i++) {
		if (!in->seen[in->card->features + i]) {
			return false;
		}
	}
	return in->card->targets > 0;
}

/* The roles of the columns in rows: as `columns` says, or the features in the job's order. */
static long *row_roles(struct prediction_reader *in, const cJSON *columns, size_t *count)
{
	const char **names = NULL;
	*count = in->card->features;
	if (columns != NULL && !read_strings(&in->reader, &at_columns, columns, &names, count)) {
		return NULL;
	}
	long *roles = arena_alloc(in->reader.arena, *count, sizeof *roles);
	bool fine = roles != NULL;
	for (size_t i = 0; i < *count && roles != NULL; i++) {
		struct at here = { &at_columns, NULL, i };
		roles[i] = names == NULL ? (long)i : role_of(in, names[i], i);
		if (roles[i] >= 0 && in->seen[roles[i]]) {
			reader_fault(&in->reader, &here, FAULT_DUPLICATE, NULL, NULL, "%.100s is named twice",
				     names[i]);
			fine = false;
		} else if (roles[i] >= 0) {
			in->seen[roles[i]] = true;
		}
	}
	return fine && all_features(in, &at_columns) ? roles : NULL;
}

static void read_rows(struct prediction_reader *in, const cJSON *inputs, const cJSON *columns)
{
	size_t count, k = 0;
	const long *roles = row_roles(in, columns, &count);
	if (roles == NULL) {
		return;
	}
	in->out->has_target = all_targets(in);
	for (const cJSON *row = inputs->child; row != NULL && !prediction_stopped(in->out); row = row->next, k++) {
		struct at at_row = { &at_inputs, NULL, k };
		size_t given = cJSON_IsArray(row) ? json_count(row) : 0, i = 0;
		if (!cJSON_IsArray(row)) {
			reader_fault(&in->reader, &at_row, FAULT_WRONG_TYPE, NULL, NULL,
				     "an array is wanted, %s was given", json_kind(row));
			continue;
		}
		if (given != count) {
			reader_fault(&in->reader, &at_row, FAULT_OUT_OF_RANGE, NULL, NULL,
				     columns == NULL ? "the row has %zu values, the job has %zu features"
						     : "the row has %zu values, and there are %zu columns",
				     given, count);
			continue;
		}
		for (const cJSON *cell = row->child; cell != NULL; cell = cell->next, i++) {
			struct at here = { &at_row, NULL, i };
			if (roles[i] >= 0 && ((size_t)roles[i] < in->card->features || in->out->has_target)) {
				read_cell(in, &here, k, (size_t)roles[i], cell);
			}
		}
	}
}

static void read_records(struct prediction_reader *in, const cJSON *inputs)
{
	size_t k = 0, needed = in->card->features + in->card->targets;
	bool targets = true;
	for (const cJSON *record = inputs->child; record != NULL && !prediction_stopped(in->out);
	     record = record->next, k++) {
		struct at at_row = { &at_inputs, NULL, k };
		size_t guess = 0;
		if (!cJSON_IsObject(record)) {
			reader_fault(&in->reader, &at_row, FAULT_WRONG_TYPE, NULL, NULL,
				     "an object is wanted, %s was given", json_kind(record));
			continue;
		}
		memset(in->seen, 0, needed * sizeof *in->seen);
		for (const cJSON *cell = record->child; cell != NULL; cell = cell->next, guess++) {
			struct at here = { &at_row, cell->string, 0 };
			long role = role_of(in, cell->string, guess);
			if (role < 0 || ((size_t)role >= in->card->features && cJSON_IsNull(cell))) {
				continue;
			}
			if (in->seen[role]) {
				reader_fault(&in->reader, &here, FAULT_DUPLICATE, NULL, NULL,
					     "the field is given more than once");
				continue;
			}
			in->seen[role] = true;
			read_cell(in, &here, k, (size_t)role, cell);
		}
		all_features(in, &at_row);
		targets = targets && all_targets(in);
	}
	in->out->has_target = targets;
}

/* Room for the rows. */
static bool inputs_make(struct prediction_reader *in, size_t rows)
{
	size_t x, y;
	in->y_columns = in->card->targets;
	if (!size_multiply(rows, in->card->features, &x) || !size_multiply(rows, in->y_columns, &y)) {
		return false;
	}
	in->out->rows = rows;
	in->out->x = calloc(x + 1, sizeof *in->out->x);
	in->out->y = calloc(y + 1, sizeof *in->out->y);
	return in->out->x != NULL && in->out->y != NULL;
}

/* {"dataset": {"id"}}, or with the rows themselves or a generator: then the reader of jobs' drafts takes it. */
static void read_dataset(struct prediction_reader *in, const cJSON *item)
{
	enum { ID, INLINE, GENERATOR, COUNT };
	struct field fields[COUNT] = { { .name = "id" }, { .name = "inline" }, { .name = "generator" } };
	const struct at at_id = { &at_dataset, "id", 0 };
	const char *id;
	size_t named = 0;
	if (!cJSON_IsObject(item)) {
		reader_fault(&in->reader, &at_dataset, FAULT_WRONG_TYPE, NULL, NULL,
			     "an object is wanted, as {\"id\": \"ds_...\"}; %s was given", json_kind(item));
		return;
	}
	read_object(&in->reader, &at_dataset, item, fields, COUNT, NULL, NULL);
	for (size_t i = 0; i < COUNT; i++) {
		named += fields[i].item != NULL;
	}
	if (named != 1) {
		reader_fault(&in->reader, &at_dataset, named == 0 ? FAULT_MISSING : FAULT_NOT_ALLOWED, NULL, NULL,
			     "one of id (of a stored dataset), inline and generator is wanted, %zu are given", named);
	} else if (fields[ID].item == NULL) {
		in->out->source = PREDICTION_DRAFT;
	} else if (read_string(&in->reader, &at_id, fields[ID].item, &id)) {
		in->out->source = PREDICTION_DATASET;
		if (strlen(id) >= sizeof in->out->dataset_id) {
			reader_fault(&in->reader, &at_id, FAULT_NOT_FOUND, NULL, NULL,
				     "there is no dataset \"%.60s...\"", id);
		} else {
			memcpy(in->out->dataset_id, id, strlen(id) + 1);
		}
	}
}

static enum status read_inputs(struct prediction_reader *in, const cJSON *inputs, const cJSON *columns)
{
	if (inputs == NULL) {
		reader_fault(&in->reader, &at_inputs, FAULT_MISSING, NULL, NULL,
			     "rows are needed, as {\"inputs\": [[...], ...]}, or {\"dataset\": {\"id\": \"ds_...\"}}");
		return OK;
	}
	if (!cJSON_IsArray(inputs) || inputs->child == NULL) {
		reader_fault(&in->reader, &at_inputs, cJSON_IsArray(inputs) ? FAULT_MISSING : FAULT_WRONG_TYPE, NULL,
			     NULL, cJSON_IsArray(inputs) ? "there are no rows" : "an array of rows is wanted");
		return OK;
	}
	if (!inputs_make(in, json_count(inputs))) {
		return E_MEMORY;
	}
	if (!cJSON_IsObject(inputs->child)) {
		read_rows(in, inputs, columns);
		return OK;
	}
	if (columns != NULL) {
		reader_fault(&in->reader, &at_columns, FAULT_NOT_ALLOWED, NULL, NULL,
			     "records name their columns themselves");
	}
	read_records(in, inputs);
	return OK;
}

static enum status read_body(struct prediction_reader *in, const cJSON *root)
{
	enum { INPUTS, COLUMNS, SAMPLES, SEED, LATENTS, DATASET, AT, COUNT };
	struct field fields[COUNT] = {
		{ .name = "inputs" },
		{ .name = "columns" },
		{ .name = "samples" },
		{ .name = "seed" },
		{ .name = "latents" },
		{ .name = "dataset" },
		{ .name = "at", .later = "which weights is said in the address, as ?at=best" },
	};
	json_duplicates(&in->reader, NULL, root);
	if (!read_object(&in->reader, NULL, root, fields, COUNT, NULL, NULL)) {
		return OK;
	}
	const cJSON *inputs = fields[INPUTS].item, *dataset = fields[DATASET].item;
	if (dataset != NULL) {
		for (size_t i = 0; i < DATASET; i++) {
			const struct at here = { NULL, fields[i].name, 0 };
			if (fields[i].item != NULL) {
				reader_fault(&in->reader, &here, FAULT_NOT_ALLOWED, NULL, NULL,
					     "a dataset brings rows and columns along: leave one of them out");
			}
		}
		read_dataset(in, dataset);
		return OK;
	}
	const bool sampled = fields[SAMPLES].item != NULL || fields[LATENTS].item != NULL;
	if (sampled && fields[COLUMNS].item != NULL) {
		reader_fault(&in->reader, &at_columns, FAULT_NOT_ALLOWED, NULL, NULL,
			     "samples have the job's own columns");
	}
	if (samples_read(&in->reader, in->card, inputs, fields[SAMPLES].item, fields[SEED].item, fields[LATENTS].item,
			 &in->out->sampling)) {
		return in->out->sampling.failed ? E_MEMORY : OK;
	}
	return read_inputs(in, inputs, fields[COLUMNS].item);
}

uint64_t predictions_reading_memory(const char *body, size_t length)
{
	/* The tree and the raw values of the rows. */
	return length + json_tree_bytes(body, length) + json_values(body, length) * sizeof(double);
}

enum status predictions_read(const char *body, size_t length, const struct model_card *card,
			     struct prediction_inputs *out, struct problem *problem)
{
	cJSON *root = NULL;
	*out = (struct prediction_inputs){ .stop = out->stop };
	enum status status = json_parse(body, length, &root, problem);
	struct prediction_reader in = { .reader = { problem, status == OK ? arena_create() : NULL },
					.card = card,
					.out = out };
	if (status == OK && (in.reader.arena == NULL || !prepare_names(&in))) {
		status = E_MEMORY;
	}
	if (status == OK) {
		status = read_body(&in, root);
	}
	if (status == OK && prediction_stopped(out)) {
		status = E_CANCELLED;
	} else if (status == OK && problem_any(problem)) {
		status = E_INVALID;
	} else if (status == OK && arena_failed(in.reader.arena)) {
		status = E_MEMORY;
	}
	if (status != OK) {
		prediction_inputs_fini(out);
	}
	arena_destroy(in.reader.arena);
	cJSON_Delete(root);
	return status;
}

void prediction_inputs_fini(struct prediction_inputs *inputs)
{
	free(inputs->x);
	free(inputs->y);
	free(inputs->sampling.latents);
	memset(inputs, 0, sizeof *inputs);
}
