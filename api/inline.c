/*
 * Inline data, in its three forms, as CSV text: so that it goes through the same importer as an upload.
 *
 *   {"columns": [names], "rows": [[cells], ...]}        the same with "target": [cells], which becomes a last column
 *   [{"name": cell, ...}, ...]                          records: the first one says which columns there are
 *
 * A cell is a number or a string that is not empty; a column with any string in it is text.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/spec.h"

struct rows {
	struct reader reader;
	size_t columns;
	const char **names;
	size_t *sorted; /* columns in order of their names */
	bool *text;
	const cJSON **cells; /* of the row at hand */
	struct text csv;
};

static const struct at at_dataset = { NULL, "dataset", 0 };
static const struct at at_inline = { &at_dataset, "inline", 0 };
static const struct at at_columns = { &at_inline, "columns", 0 };
static const struct at at_rows = { &at_inline, "rows", 0 };
static const struct at at_target = { &at_inline, "target", 0 };

static const cJSON *inline_item(const struct job_draft *draft)
{
	const cJSON *dataset = cJSON_GetObjectItemCaseSensitive(draft->root, "dataset");
	return cJSON_IsObject(dataset) ? cJSON_GetObjectItemCaseSensitive(dataset, "inline") : NULL;
}

/* "target", or with a number after it where a column has that name. After so many tries columns_begin says that the
 * name is there twice. */
enum { TRIES = 16 };
static const char *target_name(struct arena *arena, const cJSON *columns)
{
	const char *name = "target";
	for (unsigned k = 1; name != NULL && k <= TRIES; k++) {
		bool taken = false;
		for (const cJSON *column = columns->child; column != NULL; column = column->next) {
			taken = taken || (cJSON_IsString(column) && strcmp(column->valuestring, name) == 0);
		}
		if (!taken) {
			break;
		}
		name = arena_printf(arena, "target_%u", k);
	}
	return name;
}

const char *inline_target_name(struct judge *judge)
{
	const cJSON *item = inline_item(judge->draft);
	const cJSON *columns = cJSON_IsObject(item) ? cJSON_GetObjectItemCaseSensitive(item, "columns") : NULL;
	if (columns == NULL || !cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(item, "target"))) {
		return NULL;
	}
	return target_name(judge->reader.arena, columns);
}

static int name_order(const void *a, const void *b, void *context)
{
	const char *const *names = context;
	return strcmp(names[*(const size_t *)a], names[*(const size_t *)b]);
}

/* Makes room for the columns whose names stand in rows->names. Notes names that are there twice. */
static bool columns_begin(struct rows *rows, const struct at *at)
{
	struct arena *arena = rows->reader.arena;
	rows->sorted = arena_alloc(arena, rows->columns, sizeof *rows->sorted);
	rows->text = arena_alloc(arena, rows->columns, sizeof *rows->text);
	rows->cells = arena_alloc(arena, rows->columns, sizeof *rows->cells);
	if (arena_failed(arena)) {
		return false;
	}
	for (size_t i = 0; i < rows->columns; i++) {
		rows->sorted[i] = i;
	}
	qsort_r(rows->sorted, rows->columns, sizeof *rows->sorted, name_order, rows->names);
	bool fine = rows->columns > 0;
	if (!fine) {
		reader_fault(&rows->reader, at, FAULT_MISSING, NULL, NULL, "there are no columns");
	}
	for (size_t i = 0; i < rows->columns; i++) {
		const char *name = rows->names[rows->sorted[i]];
		if (name[0] == '\0' || (i > 0 && strcmp(name, rows->names[rows->sorted[i - 1]]) == 0)) {
			struct at here = { at, NULL, rows->sorted[i] };
			reader_fault(&rows->reader, at == &at_columns ? &here : at, FAULT_DUPLICATE, NULL, NULL,
				     name[0] == '\0' ? "a column needs a name" : "column %.100s is there twice", name);
			fine = false;
		}
	}
	return fine;
}

static void csv_string(struct text *csv, const char *string)
{
	text_add(csv, "\"", 1);
	for (const char *quote; (quote = strchr(string, '"')) != NULL; string = quote + 1) {
		text_add(csv, string, (size_t)(quote - string) + 1);
		text_add(csv, "\"", 1);
	}
	text_puts(csv, string);
	text_add(csv, "\"", 1);
}

/* One cell into the CSV; notes what is none. */
static void write_cell(struct rows *rows, const struct at *at, size_t column, const cJSON *cell)
{
	if (cJSON_IsNull(cell) || (cJSON_IsString(cell) && cell->valuestring[0] == '\0')) {
		reader_fault(&rows->reader, at, FAULT_NOT_ALLOWED, NULL, NULL,
			     "a missing value: fill it in, or leave the row out");
	} else if (cJSON_IsString(cell)) {
		rows->text[column] = true;
		csv_string(&rows->csv, cell->valuestring);
	} else if (!cJSON_IsNumber(cell)) {
		reader_fault(&rows->reader, at, FAULT_WRONG_TYPE, NULL, NULL,
			     "a number or a string is wanted, %s was given", json_kind(cell));
	} else if (!isfinite(cell->valuedouble)) {
		reader_fault(&rows->reader, at, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "the number is too large for a float64");
	} else if (json_is_rounded(cell)) {
		reader_fault_rounded(&rows->reader, at);
	} else {
		text_json_double(&rows->csv, cell->valuedouble);
	}
}

static void header_write(struct rows *rows)
{
	for (size_t i = 0; i < rows->columns; i++) {
		text_puts(&rows->csv, i == 0 ? "" : ",");
		csv_string(&rows->csv, rows->names[i]);
	}
	text_puts(&rows->csv, "\n");
}

/* Adds a column for the targets that lie apart. False when they do not go with the rows (noted). */
static bool add_target(struct rows *rows, const cJSON *columns, const cJSON *list, const cJSON *target)
{
	const char **names = arena_alloc(rows->reader.arena, rows->columns + 1, sizeof *names);
	if (names == NULL) {
		return false;
	}
	memcpy(names, rows->names, rows->columns * sizeof *names);
	names[rows->columns++] = target_name(rows->reader.arena, columns);
	rows->names = names;
	if (json_count(target) != json_count(list)) {
		reader_fault(&rows->reader, &at_target, FAULT_OUT_OF_RANGE, NULL, NULL,
			     "%zu rows and %zu targets: one for each row is wanted", json_count(list),
			     json_count(target));
		return false;
	}
	return !arena_failed(rows->reader.arena);
}

/* One row of `given` cells, and its target where that lies apart (else NULL). */
static void read_row(struct rows *rows, size_t index, const cJSON *row, size_t given, const cJSON *target)
{
	struct at at_row = { &at_rows, NULL, index }, at_value = { &at_target, NULL, index };
	size_t column = 0;
	if (!cJSON_IsArray(row)) {
		reader_fault(&rows->reader, &at_row, FAULT_WRONG_TYPE, NULL, NULL,
			     "an array of cells is wanted, %s was given", json_kind(row));
		return;
	}
	if (json_count(row) != given) {
		reader_fault(&rows->reader, &at_row, FAULT_WRONG_TYPE, NULL, NULL,
			     "the row has %zu cells, and there are %zu columns", json_count(row), given);
		return;
	}
	for (const cJSON *cell = row->child; cell != NULL; cell = cell->next, column++) {
		struct at here = { &at_row, NULL, column };
		text_puts(&rows->csv, column == 0 ? "" : ",");
		write_cell(rows, &here, column, cell);
	}
	if (target != NULL) {
		text_puts(&rows->csv, given == 0 ? "" : ",");
		write_cell(rows, &at_value, given, target);
	}
	text_puts(&rows->csv, "\n");
}

/* {"columns", "rows", "target"} */
static void read_table(struct rows *rows, const cJSON *item)
{
	enum { COLUMNS, ROWS, TARGET, COUNT };
	struct field fields[COUNT] = { { .name = "columns" }, { .name = "rows" }, { .name = "target" } };
	size_t given, index = 0;
	if (!read_object(&rows->reader, &at_inline, item, fields, COUNT, NULL, NULL)) {
		return;
	}
	for (size_t i = COLUMNS; i <= ROWS; i++) {
		if (fields[i].item == NULL) {
			reader_fault(&rows->reader, &at_inline, FAULT_MISSING, NULL, NULL, "`%s` is needed",
				     fields[i].name);
		}
	}
	const cJSON *list = fields[ROWS].item, *target = fields[TARGET].item;
	if (fields[COLUMNS].item == NULL || list == NULL ||
	    !read_strings(&rows->reader, &at_columns, fields[COLUMNS].item, &rows->names, &given)) {
		return;
	}
	if (!cJSON_IsArray(list) || (target != NULL && !cJSON_IsArray(target))) {
		reader_fault(&rows->reader, cJSON_IsArray(list) ? &at_target : &at_rows, FAULT_WRONG_TYPE, NULL, NULL,
			     "an array is wanted");
		return;
	}
	rows->columns = given;
	if ((target != NULL && !add_target(rows, fields[COLUMNS].item, list, target)) ||
	    !columns_begin(rows, &at_columns)) {
		return;
	}
	header_write(rows);
	const cJSON *value = target == NULL ? NULL : target->child;
	for (const cJSON *row = list->child; row != NULL; row = row->next, index++) {
		read_row(rows, index, row, given, value);
		value = value == NULL ? NULL : value->next;
	}
}

/* The column of a key: the one at its place in the first record, else looked up. */
static long column_of(const struct rows *rows, const char *key, size_t guess)
{
	if (guess < rows->columns && strcmp(rows->names[guess], key) == 0) {
		return (long)guess;
	}
	size_t low = 0, high = rows->columns;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int side = strcmp(key, rows->names[rows->sorted[middle]]);
		if (side == 0) {
			return (long)rows->sorted[middle];
		}
		if (side < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return -1;
}

static void read_record(struct rows *rows, const struct at *at, const cJSON *record)
{
	size_t guess = 0;
	if (!cJSON_IsObject(record)) {
		reader_fault(&rows->reader, at, FAULT_WRONG_TYPE, NULL, NULL, "an object is wanted, %s was given",
			     json_kind(record));
		return;
	}
	memset(rows->cells, 0, rows->columns * sizeof *rows->cells);
	for (const cJSON *cell = record->child; cell != NULL; cell = cell->next, guess++) {
		struct at here = { at, cell->string, 0 };
		long column = column_of(rows, cell->string, guess);
		if (column < 0) {
			reader_fault(&rows->reader, &here, FAULT_UNKNOWN_FIELD, NULL, NULL,
				     "the first record has no such column");
		} else {
			rows->cells[column] = cell;
		}
	}
	for (size_t i = 0; i < rows->columns; i++) {
		struct at here = { at, rows->names[i], 0 };
		text_puts(&rows->csv, i == 0 ? "" : ",");
		if (rows->cells[i] == NULL) {
			reader_fault(&rows->reader, &here, FAULT_MISSING, NULL, NULL,
				     "the record lacks a value that the first one has");
		} else {
			write_cell(rows, &here, i, rows->cells[i]);
		}
	}
	text_puts(&rows->csv, "\n");
}

static void read_records(struct rows *rows, const cJSON *item)
{
	size_t index = 0;
	if (item->child == NULL || !cJSON_IsObject(item->child)) {
		reader_fault(&rows->reader, &at_inline, FAULT_WRONG_TYPE, NULL, NULL,
			     item->child == NULL ? "there are no records"
						 : "records are objects: {\"x\": 1, \"y\": 2}");
		return;
	}
	rows->columns = json_count(item->child);
	rows->names = arena_alloc(rows->reader.arena, rows->columns, sizeof *rows->names);
	if (rows->names == NULL) {
		return;
	}
	for (const cJSON *cell = item->child->child; cell != NULL; cell = cell->next) {
		rows->names[index++] = cell->string;
	}
	struct at at_first = { &at_inline, NULL, 0 };
	if (!columns_begin(rows, &at_first)) {
		return;
	}
	header_write(rows);
	index = 0;
	for (const cJSON *record = item->child; record != NULL; record = record->next, index++) {
		struct at here = { &at_inline, NULL, index };
		read_record(rows, &here, record);
	}
}

/* Hands over what was read. */
static enum status rows_finish(struct rows *rows, const cJSON *item, struct inline_table *out)
{
	bool apart = cJSON_IsObject(item) && cJSON_GetObjectItemCaseSensitive(item, "target") != NULL;
	out->columns = rows->columns;
	out->text_column = calloc(rows->columns + 1, sizeof *out->text_column);
	out->target = apart ? strdup(rows->names[rows->columns - 1]) : NULL;
	out->csv = text_take(&rows->csv, &out->length);
	if (out->csv == NULL || out->text_column == NULL || (apart && out->target == NULL)) {
		inline_table_fini(out);
		return E_MEMORY;
	}
	memcpy(out->text_column, rows->text, rows->columns * sizeof *rows->text);
	return OK;
}

enum status job_draft_inline(const struct job_draft *draft, struct inline_table *out, struct problem *problem)
{
	const cJSON *item = inline_item(draft);
	struct rows rows = { .reader = { problem, arena_create() } };
	size_t before = problem->faults_total;
	enum status status = OK;
	memset(out, 0, sizeof *out);
	text_init(&rows.csv);
	if (rows.reader.arena == NULL) {
		return E_MEMORY;
	}
	if (item != NULL && cJSON_IsArray(item)) {
		read_records(&rows, item);
	} else if (item != NULL && cJSON_IsObject(item)) {
		read_table(&rows, item);
	} else {
		reader_fault(&rows.reader, &at_inline, FAULT_WRONG_TYPE, NULL, NULL,
			     "{\"columns\": [...], \"rows\": [[...]]} or an array of records is wanted");
	}
	if (problem->faults_total > before) {
		status = E_INVALID;
	} else if (arena_failed(rows.reader.arena) || text_failed(&rows.csv)) {
		status = E_MEMORY;
	} else {
		status = rows_finish(&rows, item, out);
	}
	text_fini(&rows.csv);
	arena_destroy(rows.reader.arena);
	return status;
}

void inline_table_fini(struct inline_table *table)
{
	free(table->csv);
	free(table->text_column);
	free(table->target);
	memset(table, 0, sizeof *table);
}
