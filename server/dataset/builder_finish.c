/* Chunks, and what the dataset's metadata say of each column. */
#include "server/dataset/builder_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns that are turned from row-major to column-major at a time: one cache line of doubles. */
enum { TILE = 8 };

static enum status flush_column(struct builder *builder, struct column_builder *column, const double *values,
				struct error *error)
{
	if (column->state != STATE_TEXT) {
		moments_add(&column->moments, values, builder->chunk_rows);
		if (number_set_add(&column->numbers, &builder->budget, values, builder->chunk_rows) != OK) {
			return builder_no_memory(error);
		}
	}
	return writer_column(&builder->writer, values, error);
}

static enum status flush_columns(struct builder *builder, struct error *error)
{
	size_t rows = builder->chunk_rows, columns = builder->columns;
	enum status status = OK;
	for (size_t first = 0; first < columns && status == OK; first += TILE) {
		size_t width = columns - first < TILE ? columns - first : TILE;
		for (size_t i = 0; i < rows; i++) {
			const double *row = &builder->values[i * columns + first];
			for (size_t k = 0; k < width; k++) {
				builder->tile[k * rows + i] = row[k];
			}
		}
		for (size_t k = 0; k < width && status == OK; k++) {
			status = flush_column(builder, &builder->column[first + k], builder->tile + k * rows, error);
		}
	}
	return status;
}

enum status builder_flush(struct builder *builder, struct error *error)
{
	enum status status = OK;
	if (builder->chunk_rows > 0 && !builder->any_turned) {
		if (builder->tile == NULL) {
			size_t width = builder->columns < TILE ? builder->columns : TILE;
			builder->tile = malloc(width * builder->chunk_capacity * sizeof *builder->tile);
		}
		status = builder->tile == NULL ? builder_no_memory(error)
					       : writer_begin(&builder->writer, builder->chunk_rows,
							      builder->texts.data, builder->texts.length, error);
		status = status == OK ? flush_columns(builder, error) : status;
		status = status == OK ? writer_end(&builder->writer, error) : status;
	}
	builder->chunk_rows = 0;
	builder->texts.length = 0;
	return status;
}

/* Refuses a number column that holds what is no finite number. */
static enum status check_faults(const struct builder *builder, struct error *error)
{
	for (size_t j = 0; j < builder->columns; j++) {
		const struct column_builder *column = &builder->column[j];
		if (column->state == STATE_TEXT || column->fault == NUMBER_OK) {
			continue;
		}
		const char *reason = "is no finite number; missing values are not accepted";
		if (column->fault == NUMBER_RANGE) {
			reason = "is beyond the range of a 64-bit float";
		} else if (column->fault == NUMBER_INEXACT) {
			reason = "is a whole number that a 64-bit float cannot hold: write it as text (with a letter), "
				 "or as "
				 "a decimal number if it may be rounded";
		}
		return error_set(error, E_INVALID, "line %" PRIu64 ", %s: \"%s\" %s", column->fault_line,
				 builder_place(builder, j).text, column->fault_text, reason);
	}
	return OK;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum status describe_text(const struct column_builder *column, struct column_info *info)
{
	const struct dictionary *dictionary = &column->dictionary;
	info->kind = COLUMN_TEXT;
	info->minimum = info->maximum = info->mean = info->sd = NAN;
	bool counted = !dictionary->frozen && dictionary->count <= DISTINCT_MAX;
	info->distinct = counted ? (int64_t)dictionary->count : -1;
	if (dictionary->frozen || dictionary->count > LEVELS_MAX) {
		return OK;
	}
	info->level_text = calloc(dictionary->count, sizeof *info->level_text);
	if (info->level_text == NULL) {
		return E_MEMORY;
	}
	for (; info->level_count < dictionary->count; info->level_count++) {
		size_t length;
		const char *text = dictionary_text(dictionary, info->level_count, &length);
		info->level_text[info->level_count] = strndup(text, length);
		if (info->level_text[info->level_count] == NULL) {
			return E_MEMORY;
		}
	}
	qsort(info->level_text, info->level_count, sizeof *info->level_text, compare_texts);
	return OK;
}

static enum status describe_number(const struct column_builder *column, struct column_info *info)
{
	const struct number_set *numbers = &column->numbers;
	info->kind = COLUMN_NUMBER;
	info->minimum = column->moments.minimum;
	info->maximum = column->moments.maximum;
	info->mean = moments_mean(&column->moments);
	info->sd = moments_sd(&column->moments);
	info->distinct = numbers->overflowed ? -1 : (int64_t)numbers->count;
	if (numbers->overflowed || numbers->count > LEVELS_MAX) {
		return OK;
	}
	info->level_number = malloc(numbers->count * sizeof *info->level_number);
	if (info->level_number == NULL) {
		return E_MEMORY;
	}
	number_set_sorted(numbers, info->level_number);
	info->level_count = numbers->count;
	return OK;
}

/* Moves the names into *info. What was made before a failure is the caller's to free. */
static enum status describe(struct builder *builder, struct dataset_info *info, struct error *error)
{
	info->rows = builder->rows;
	info->column = calloc(builder->columns, sizeof *info->column);
	if (info->column == NULL) {
		return builder_no_memory(error);
	}
	info->columns = builder->columns;
	for (size_t j = 0; j < builder->columns; j++) {
		struct column_builder *column = &builder->column[j];
		struct column_info *entry = &info->column[j];
		entry->name = column->name;
		column->name = NULL;
		enum status status =
			column->state == STATE_TEXT ? describe_text(column, entry) : describe_number(column, entry);
		if (status != OK) {
			return builder_no_memory(error);
		}
	}
	return OK;
}

enum status builder_finish(struct builder *builder, struct dataset_info *info, struct error *error)
{
	if (!builder->header_read) {
		return error_set(error, E_INVALID, "the file is empty");
	}
	if (builder->rows == 0) {
		return error_set(error, E_INVALID, "the file holds a header and no rows");
	}
	enum status status = check_faults(builder, error);
	status = status == OK ? builder_flush(builder, error) : status;
	if (status != OK) {
		return status;
	}
	struct writer_column *directory = malloc(builder->columns * sizeof *directory);
	if (directory == NULL) {
		return builder_no_memory(error);
	}
	for (size_t j = 0; j < builder->columns; j++) {
		const struct column_builder *column = &builder->column[j];
		directory[j] =
			(struct writer_column){ .name = column->name,
						.kind = column->state == STATE_TEXT ? COLUMN_TEXT : COLUMN_NUMBER,
						.dictionary = &column->dictionary };
	}
	status = writer_finish(&builder->writer, directory, error);
	free(directory);
	return status == OK ? describe(builder, info, error) : status;
}
