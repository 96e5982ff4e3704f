/* Cells become values. See builder.h for the contract, builder_internal.h for the parts. */
#include "server/dataset/builder_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/dataset/utf8.h"

enum status builder_no_memory(struct error *error)
{
	return error_set(error, E_MEMORY, "out of memory while reading the dataset");
}

enum status builder_append(struct bytes *bytes, const void *data, size_t length)
{
	if (length == 0) {
		return OK;
	}
	if (bytes->length + length > bytes->capacity) {
		size_t capacity = (bytes->length + length) * 2;
		char *grown = realloc(bytes->data, capacity);
		if (grown == NULL) {
			return E_MEMORY;
		}
		bytes->data = grown;
		bytes->capacity = capacity;
	}
	memcpy(bytes->data + bytes->length, data, length);
	bytes->length += length;
	return OK;
}

struct excerpt builder_excerpt(const char *text, size_t length)
{
	enum { CUT = 40 };
	struct excerpt place;
	size_t kept = length <= CUT ? length : utf8_cut(text, CUT);
	for (size_t i = 0; i < kept; i++) {
		place.text[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
	}
	snprintf(place.text + kept, sizeof place.text - kept, "%s", kept < length ? "..." : "");
	return place;
}

struct excerpt builder_place(const struct builder *builder, size_t column)
{
	struct excerpt place;
	if (builder->column == NULL || column >= builder->columns) {
		snprintf(place.text, sizeof place.text, "column %zu", column + 1);
	} else {
		const char *name = builder->column[column].name;
		struct excerpt cut = builder_excerpt(name, strlen(name));
		snprintf(place.text, sizeof place.text, "column %zu (\"%.60s\")", column + 1, cut.text);
	}
	return place;
}

enum status builder_create(const struct import_options *options, struct spill *out, struct builder **result,
			   struct error *error)
{
	struct builder *builder = calloc(1, sizeof *builder);
	if (builder == NULL) {
		return builder_no_memory(error);
	}
	builder->options = options;
	builder->out = out;
	builder->line = 1;
	if (number_format_init(&builder->format, options->decimal) != 0) {
		free(builder);
		return builder_no_memory(error);
	}
	distinct_budget_init(&builder->budget);
	*result = builder;
	return OK;
}

void builder_destroy(struct builder *builder)
{
	if (builder == NULL) {
		return;
	}
	for (size_t j = 0; builder->column != NULL && j < builder->columns; j++) {
		free(builder->column[j].name);
		number_set_fini(&builder->column[j].numbers);
		dictionary_fini(&builder->column[j].dictionary);
	}
	free(builder->column);
	free(builder->turned);
	free(builder->values);
	free(builder->tile);
	free(builder->texts.data);
	free(builder->first.data);
	free(builder->first_end);
	writer_fini(&builder->writer);
	number_format_fini(&builder->format);
	free(builder);
}

uint64_t builder_line(const struct builder *builder)
{
	return builder->line;
}

void builder_end_line(struct builder *builder)
{
	builder->line++;
}

bool builder_header_forced(const struct builder *builder)
{
	return builder->header_forced;
}

const bool *builder_turned(const struct builder *builder, size_t *columns)
{
	*columns = builder->columns;
	return builder->any_turned ? builder->turned : NULL;
}

/* Checks that a text may be kept, and counts the lines within it. */
static enum status check_text(struct builder *builder, size_t index, const char *text, size_t length,
			      struct error *error)
{
	if (memchr(text, '\0', length) != NULL) {
		return error_set(error, E_INVALID, "line %" PRIu64 ", %s: a NUL byte; the file must be text in UTF-8",
				 builder->line, builder_place(builder, index).text);
	}
	if (!utf8_valid(text, length)) {
		return error_set(error, E_INVALID, "line %" PRIu64 ", %s: the text is not UTF-8", builder->line,
				 builder_place(builder, index).text);
	}
	return OK;
}

static void count_lines(struct builder *builder, const char *text, size_t length)
{
	const char *end = text + length;
	while ((text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
		builder->line++;
		text++;
	}
}

/* A text that the dictionary does not hold: into it, or beside it when it is full. */
static enum status put_new_text(struct builder *builder, size_t index, const char *text, size_t length, uint64_t hash,
				double *value, struct error *error)
{
	struct column_builder *column = &builder->column[index];
	int64_t found;
	enum status status = check_text(builder, index, text, length, error);
	if (status != OK) {
		return status;
	}
	status = dictionary_add(&column->dictionary, &builder->budget, text, length, hash, &found);
	if (status == OK && found < 0) {
		uint64_t offset = writer_text_offset(&builder->writer) + builder->texts.length;
		uint32_t size = (uint32_t)length;
		found = (int64_t)(column->dictionary.count + offset);
		status = builder_append(&builder->texts, &size, sizeof size);
		status = status == OK ? builder_append(&builder->texts, text, length) : status;
	}
	*value = (double)found;
	return status == OK ? OK : builder_no_memory(error);
}

static enum status put_text(struct builder *builder, size_t index, const char *text, size_t length, double *value,
			    struct error *error)
{
	*value = 0;
	enum status status = OK;
	if (!builder->any_turned) {
		uint64_t hash;
		struct column_builder *column = &builder->column[index];
		int64_t found = dictionary_find(&column->dictionary, &builder->budget, text, length, &hash);
		*value = (double)found;
		if (found < 0) {
			status = put_new_text(builder, index, text, length, hash, value, error);
		}
	}
	count_lines(builder, text, length);
	return status;
}

/* A cell that is no number we keep, in a column that is not known to hold text. */
static enum status put_other(struct builder *builder, size_t index, const char *text, size_t length,
			     enum number_result result, double *value, struct error *error)
{
	struct column_builder *column = &builder->column[index];
	*value = 0;
	if (result == NUMBER_NONE && column->wish == WISH_NUMBER) {
		return error_set(error, E_INVALID, "line %" PRIu64 ", %s: \"%s\" is no number, and one is needed here",
				 builder->line, builder_place(builder, index).text, builder_excerpt(text, length).text);
	}
	if (result == NUMBER_NONE) {
		if (column->state == STATE_NUMBER || column->fault != NUMBER_OK) {
			builder->turned[index] = true;
			builder->any_turned = true;
		}
		column->state = STATE_TEXT;
		return put_text(builder, index, text, length, value, error);
	}
	if (column->fault == NUMBER_OK) {
		column->fault = result;
		column->fault_line = builder->line;
		snprintf(column->fault_text, sizeof column->fault_text, "%.20s", builder_excerpt(text, length).text);
	}
	return OK;
}

enum status builder_put(struct builder *builder, size_t index, const char *text, size_t length, struct error *error)
{
	struct column_builder *column = &builder->column[index];
	double *value = &builder->values[builder->chunk_rows * builder->columns + index];
	if (column->wish == WISH_NONE) {
		*value = 0;
		column->state = STATE_NUMBER;
		count_lines(builder, text, length);
		return OK;
	}
	if (length == 0) {
		return error_set(error, E_INVALID,
				 "line %" PRIu64 ", %s: the cell is empty; missing values are not accepted",
				 builder->line, builder_place(builder, index).text);
	}
	if (column->state == STATE_TEXT) {
		return put_text(builder, index, text, length, value, error);
	}
	enum number_result result = number_parse(&builder->format, text, length, value);
	if (result != NUMBER_OK) {
		return put_other(builder, index, text, length, result, value, error);
	}
	column->state = STATE_NUMBER;
	return OK;
}

size_t builder_count(const char *text, size_t length, char wanted)
{
	size_t count = 0;
	for (size_t i = 0; i < length; i++) {
		count += text[i] == wanted;
	}
	return count;
}

/* The file seems to be cut by another separator than we were told. */
static enum status refuse_separator(const struct builder *builder, struct error *error)
{
	const char name[2] = { builder->separator, '\0' };
	return error_set(
		error, E_INVALID,
		"line %" PRIu64 ": the file looks cut by '%s', not by '%c': upload it with delimiter=%s%s, or with "
		"delimiter=%s if it is one column",
		builder->line, builder->separator == '\t' ? "tab" : name, builder->options->delimiter,
		builder->separator == '\t' ? "tab" : name,
		builder->separator == ';' ? " (and decimal=, where that is its decimal sign)" : "",
		builder->options->delimiter == '\t' ? "tab" : (const char[2]){ builder->options->delimiter, '\0' });
}

enum status builder_cell(struct builder *builder, const char *text, size_t length, struct error *error)
{
	if (!builder->header_read) {
		return builder_first_cell(builder, text, length, error);
	}
	size_t index = builder->index++;
	if (builder->separator != '\0' && index == 0 && builder->rows < SEPARATOR_ROWS &&
	    builder_count(text, length, builder->separator) == builder->separators) {
		return refuse_separator(builder, error);
	}
	/* Cells beyond the last column are counted only: builder_end_row refuses the row. */
	return index < builder->columns ? builder_put(builder, index, text, length, error) : OK;
}

enum status builder_end_row(struct builder *builder, struct error *error)
{
	size_t found = builder->index;
	builder->index = 0;
	if (!builder->header_read) {
		builder->index = found;
		enum status status = builder_first_row(builder, error);
		builder->index = 0;
		return status;
	}
	if (found != builder->columns && builder->separator != '\0') {
		return refuse_separator(builder, error);
	}
	if (found != builder->columns) {
		return error_set(error, E_INVALID, "line %" PRIu64 ": %zu cells where %zu are expected", builder->line,
				 found, builder->columns);
	}
	builder->rows++;
	builder->chunk_rows++;
	if (builder->chunk_rows == builder->chunk_capacity || builder->texts.length >= CHUNK_TEXT_BYTES) {
		return builder_flush(builder, error);
	}
	return OK;
}
