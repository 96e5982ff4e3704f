/*
 * The first row: names or data, and the columns that follow from it.
 *
 * HEADER_AUTO takes it for names when any cell is neither a number, nor empty, nor one of the words for what is not
 * finite.
 */
#include "server/dataset/builder_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/dataset/utf8.h"

enum { NAME_BYTES_MAX = 1000 };

enum status builder_first_cell(struct builder *builder, const char *text, size_t length, struct error *error)
{
	if (builder->index == TABLE_COLUMNS_MAX) {
		return error_set(error, E_TOO_LARGE, "line %" PRIu64 ": more than %d columns", builder->line,
				 TABLE_COLUMNS_MAX);
	}
	if (builder->index == builder->first_capacity) {
		size_t capacity = builder->first_capacity == 0 ? 16 : builder->first_capacity * 2;
		size_t *end = realloc(builder->first_end, capacity * sizeof *end);
		if (end == NULL) {
			return builder_no_memory(error);
		}
		builder->first_end = end;
		builder->first_capacity = capacity;
	}
	if (builder_append(&builder->first, text, length) != OK || builder_append(&builder->first, "", 1) != OK) {
		return builder_no_memory(error);
	}
	builder->first_end[builder->index++] = builder->first.length;
	return OK;
}

/* Cell i of the first row. */
static const char *first_cell(const struct builder *builder, size_t i, size_t *length)
{
	size_t begin = i == 0 ? 0 : builder->first_end[i - 1];
	*length = builder->first_end[i] - 1 - begin;
	return builder->first.data + begin;
}

static bool looks_like_header(const struct builder *builder)
{
	for (size_t j = 0; j < builder->columns; j++) {
		size_t length;
		double value;
		const char *text = first_cell(builder, j, &length);
		if (length > 0 && number_parse(&builder->format, text, length, &value) == NUMBER_NONE) {
			return true;
		}
	}
	return false;
}

static int compare_columns(const void *a, const void *b)
{
	const struct column_builder *x = *(const struct column_builder *const *)a;
	const struct column_builder *y = *(const struct column_builder *const *)b;
	int order = strcmp(x->name, y->name);
	return order != 0 ? order : (x > y) - (x < y);
}

static enum status check_duplicates(const struct builder *builder, struct error *error)
{
	const struct column_builder **sorted = malloc(builder->columns * sizeof *sorted);
	if (sorted == NULL) {
		return builder_no_memory(error);
	}
	for (size_t j = 0; j < builder->columns; j++) {
		sorted[j] = &builder->column[j];
	}
	qsort(sorted, builder->columns, sizeof *sorted, compare_columns);
	enum status status = OK;
	for (size_t j = 1; j < builder->columns && status == OK; j++) {
		if (strcmp(sorted[j - 1]->name, sorted[j]->name) == 0) {
			status = error_set(error, E_INVALID, "the header gives the name \"%s\" to columns %td and %td",
					   builder_excerpt(sorted[j]->name, strlen(sorted[j]->name)).text,
					   sorted[j - 1] - builder->column + 1, sorted[j] - builder->column + 1);
		}
	}
	free(sorted);
	return status;
}

static enum status read_name(struct builder *builder, size_t j, struct error *error)
{
	size_t length;
	const char *text = first_cell(builder, j, &length);
	if (length == 0) {
		return error_set(error, E_INVALID, "line %" PRIu64 ": column %zu has no name in the header",
				 builder->line, j + 1);
	}
	if (length > NAME_BYTES_MAX) {
		return error_set(error, E_INVALID, "line %" PRIu64 ": the name of column %zu is longer than %d bytes",
				 builder->line, j + 1, NAME_BYTES_MAX);
	}
	if (memchr(text, '\0', length) != NULL || !utf8_valid(text, length)) {
		return error_set(error, E_INVALID, "line %" PRIu64 ", column %zu: the file is not text in UTF-8",
				 builder->line, j + 1);
	}
	builder->column[j].name = strdup(text);
	if (builder->options->wish != NULL) {
		builder->column[j].wish = builder->options->wish(builder->options->wish_context, text);
	}
	return builder->column[j].name == NULL ? builder_no_memory(error) : OK;
}

static enum status make_name(struct builder *builder, size_t j, struct error *error)
{
	char name[24];
	snprintf(name, sizeof name, "x%zu", j + 1);
	builder->column[j].name = strdup(name);
	return builder->column[j].name == NULL ? builder_no_memory(error) : OK;
}

/* Memory for the columns and for a chunk. */
static enum status make_columns(struct builder *builder, struct error *error)
{
	size_t columns = builder->columns;
	size_t rows = CHUNK_CELLS / columns;
	builder->chunk_capacity = rows < CHUNK_ROWS_MAX ? rows : CHUNK_ROWS_MAX;
	builder->column = calloc(columns, sizeof *builder->column);
	builder->turned = calloc(columns, sizeof *builder->turned);
	builder->values = malloc(builder->chunk_capacity * columns * sizeof *builder->values);
	if (builder->column == NULL || builder->turned == NULL || builder->values == NULL) {
		return builder_no_memory(error);
	}
	const struct import_options *options = builder->options;
	for (size_t j = 0; j < columns && j < options->text_columns && options->text_column != NULL; j++) {
		builder->column[j].state = options->text_column[j] ? STATE_TEXT : STATE_UNKNOWN;
	}
	return writer_init(&builder->writer, builder->out, columns, error);
}

/* A first row of one cell that holds other separators may be one of many cells. */
static void look_for_separator(struct builder *builder)
{
	static const char separators[] = { ';', '\t', '|', ',' };
	size_t length;
	const char *text = first_cell(builder, 0, &length);
	if (builder->columns > 1 || builder->options->delimiter_said) {
		return;
	}
	for (size_t i = 0; i < sizeof separators; i++) {
		size_t count = builder_count(text, length, separators[i]);
		if (separators[i] != builder->options->delimiter && count > builder->separators) {
			builder->separator = separators[i];
			builder->separators = count;
		}
	}
}

enum status builder_first_row(struct builder *builder, struct error *error)
{
	assert(builder->index > 0);
	builder->columns = builder->index;
	look_for_separator(builder);
	bool named = looks_like_header(builder);
	if (builder->options->header != HEADER_AUTO) {
		builder->header_forced = named != (builder->options->header == HEADER_TRUE);
		named = builder->options->header == HEADER_TRUE;
	}
	enum status status = make_columns(builder, error);
	for (size_t j = 0; j < builder->columns && status == OK; j++) {
		status = named ? read_name(builder, j, error) : make_name(builder, j, error);
	}
	if (status == OK && named) {
		status = check_duplicates(builder, error);
		for (size_t i = 0; i < builder->first.length; i++) {
			builder->line += builder->first.data[i] == '\n';
		}
	}
	for (size_t j = 0; j < builder->columns && status == OK && !named; j++) {
		size_t length;
		const char *text = first_cell(builder, j, &length);
		status = builder_put(builder, j, text, length, error);
	}
	if (status == OK && !named) {
		builder->rows = builder->chunk_rows = 1;
		status = builder->chunk_capacity == 1 ? builder_flush(builder, error) : OK;
	}
	free(builder->first.data);
	free(builder->first_end);
	builder->first = (struct bytes){ 0 };
	builder->first_end = NULL;
	builder->header_read = true;
	return status;
}
