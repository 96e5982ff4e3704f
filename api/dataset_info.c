/* What is known of a dataset: rendering for clients, saving for the store, looking columns up. */
#include "api/dataset_info.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/pack.h"

static const char format_name[] = "descentd-dataset-1";

void dataset_info_fini(struct dataset_info *info)
{
	for (size_t i = 0; info->column != NULL && i < info->columns; i++) {
		struct column_info *column = &info->column[i];
		free(column->name);
		for (size_t k = 0; column->level_text != NULL && k < column->level_count; k++) {
			free(column->level_text[k]);
		}
		free(column->level_text);
		free(column->level_number);
	}
	free(info->column);
	free(info->name);
	free(info->target);
	memset(info, 0, sizeof *info);
}

long dataset_info_find(const struct dataset_info *info, const char *name)
{
	for (size_t i = 0; i < info->columns; i++) {
		if (strcmp(info->column[i].name, name) == 0) {
			return (long)i;
		}
	}
	return -1;
}

static void column_render(const struct column_info *column, struct text *out)
{
	text_puts(out, "{\"name\":");
	text_json_string(out, column->name);
	if (column->kind == COLUMN_TEXT) {
		text_puts(out, ",\"kind\":\"text\",\"min\":null,\"max\":null,\"mean\":null,\"sd\":null");
	} else {
		text_puts(out, ",\"kind\":\"number\",\"min\":");
		text_json_double(out, column->minimum);
		text_puts(out, ",\"max\":");
		text_json_double(out, column->maximum);
		text_puts(out, ",\"mean\":");
		text_json_double(out, column->mean);
		text_puts(out, ",\"sd\":");
		text_json_double(out, column->sd);
	}
	text_puts(out, ",\"missing\":");
	text_json_uint(out, column->missing);
	text_puts(out, ",\"distinct\":");
	if (column->distinct < 0) {
		text_puts(out, "null");
	} else {
		text_json_uint(out, (uint64_t)column->distinct);
	}
	text_puts(out, "}");
}

void dataset_info_render(const struct dataset_info *info, struct text *out)
{
	text_puts(out, "{\"id\":");
	text_json_string(out, info->id);
	text_puts(out, ",\"name\":");
	text_json_string(out, info->name);
	text_puts(out, ",\"target\":");
	text_json_string(out, info->target);
	text_puts(out, ",\"rows\":");
	text_json_uint(out, info->rows);
	text_puts(out, ",\"bytes\":");
	text_json_uint(out, info->bytes);
	text_puts(out, ",\"sha256\":");
	text_json_string(out, info->sha256);
	text_puts(out, ",\"sparse\":false,\"inline\":");
	text_json_bool(out, info->is_inline);
	text_puts(out, ",\"created_at\":");
	text_json_time(out, info->created_at);
	text_puts(out, ",\"columns\":[");
	for (size_t i = 0; i < info->columns; i++) {
		text_puts(out, i == 0 ? "" : ",");
		column_render(&info->column[i], out);
	}
	text_puts(out, "]}");
}

void dataset_info_save(const struct dataset_info *info, struct text *out)
{
	pack_begin(out, format_name);
	pack_string(out, info->id);
	pack_string(out, info->name);
	pack_string(out, info->target);
	pack_uint(out, info->rows);
	pack_uint(out, info->bytes);
	pack_string(out, info->sha256);
	pack_uint(out, info->is_inline);
	pack_uint(out, (uint64_t)info->created_at);
	pack_uint(out, info->columns);
	for (size_t i = 0; i < info->columns; i++) {
		const struct column_info *column = &info->column[i];
		pack_string(out, column->name);
		pack_uint(out, column->kind == COLUMN_TEXT);
		pack_number(out, column->minimum);
		pack_number(out, column->maximum);
		pack_number(out, column->mean);
		pack_number(out, column->sd);
		pack_uint(out, column->missing);
		pack_uint(out, (uint64_t)(column->distinct + 1)); /* 0: too many to count */
		pack_uint(out, column->level_count);
		for (size_t k = 0; k < column->level_count; k++) {
			if (column->kind == COLUMN_TEXT) {
				pack_string(out, column->level_text[k]);
			} else {
				pack_number(out, column->level_number[k]);
			}
		}
	}
	pack_end(out);
}

static void load_fixed(struct unpack *in, char *out, size_t room)
{
	char *string = unpack_string(in);
	if (string == NULL || strlen(string) >= room) {
		in->failed = true;
	} else {
		memcpy(out, string, strlen(string) + 1);
	}
	free(string);
}

/* calloc that tells the reader when there is no memory; never NULL otherwise. */
static void *load_array(struct unpack *in, size_t count, size_t size)
{
	void *array = calloc(count + 1, size);
	if (array == NULL) {
		in->failed = in->no_memory = true;
	}
	return array;
}

static void load_column(struct unpack *in, struct column_info *column)
{
	column->name = unpack_string(in);
	column->kind = unpack_uint(in) != 0 ? COLUMN_TEXT : COLUMN_NUMBER;
	column->minimum = unpack_number(in);
	column->maximum = unpack_number(in);
	column->mean = unpack_number(in);
	column->sd = unpack_number(in);
	column->missing = unpack_uint(in);
	column->distinct = (int64_t)unpack_uint(in) - 1;
	size_t levels = unpack_count(in, 2);
	if (column->name == NULL) {
		in->failed = true;
	}
	if (in->failed || levels == 0) {
		return;
	}
	if (column->kind == COLUMN_TEXT) {
		column->level_text = load_array(in, levels, sizeof *column->level_text);
	} else {
		column->level_number = load_array(in, levels, sizeof *column->level_number);
	}
	for (size_t k = 0; k < levels && !in->failed; k++) {
		if (column->kind == COLUMN_TEXT) {
			column->level_text[k] = unpack_string(in);
			in->failed = in->failed || column->level_text[k] == NULL;
		} else {
			column->level_number[k] = unpack_number(in);
		}
		column->level_count = k + 1;
	}
}

enum status dataset_info_load(const char *text, size_t length, struct dataset_info *out)
{
	struct unpack in;
	memset(out, 0, sizeof *out);
	unpack_begin(&in, text, length, format_name);
	load_fixed(&in, out->id, sizeof out->id);
	out->name = unpack_string(&in);
	out->target = unpack_string(&in);
	out->rows = unpack_uint(&in);
	out->bytes = unpack_uint(&in);
	load_fixed(&in, out->sha256, sizeof out->sha256);
	out->is_inline = unpack_uint(&in) != 0;
	out->created_at = (int64_t)unpack_uint(&in);
	size_t columns = unpack_count(&in, 20);
	if (!in.failed) {
		out->column = load_array(&in, columns, sizeof *out->column);
	}
	for (size_t i = 0; i < columns && !in.failed; i++) {
		out->columns = i + 1;
		load_column(&in, &out->column[i]);
	}
	if (!unpack_end(&in)) {
		dataset_info_fini(out);
		return in.no_memory ? E_MEMORY : E_CORRUPT;
	}
	return OK;
}
