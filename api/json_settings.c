/* Settings of core's tables, read from a job and written back into its spec. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/json.h"

static struct range setting_range(const struct setting *setting)
{
	/* A table entry without bounds has both 0. */
	if (setting->minimum == 0 && setting->maximum == 0) {
		return (struct range){ (double)-INFINITY, (double)INFINITY, false, false, NULL };
	}
	return (struct range){ setting->minimum, setting->maximum, setting->open_minimum, setting->open_maximum,
			       setting->doc };
}

static bool read_whole(struct reader *reader, const struct at *at, const cJSON *item, struct range range, double *out)
{
	if (cJSON_IsNumber(item) && isfinite(item->valuedouble)) {
		if (item->valuedouble != floor(item->valuedouble)) {
			reader_fault(reader, at, FAULT_WRONG_TYPE, NULL, NULL,
				     "a whole number is wanted, %.15g was given", item->valuedouble);
			return false;
		}
		if (fabs(item->valuedouble) > JSON_INTEGER_MAX) {
			reader_fault(reader, at, FAULT_OUT_OF_RANGE, NULL, NULL,
				     "the number is out of range: whole numbers go up to 9007199254740991 (2^53 - 1)");
			return false;
		}
	}
	return read_real(reader, at, item, range, out);
}

/* An array of rows of numbers, all of one length, into one block. */
static bool read_matrix(struct reader *reader, const struct at *at, const cJSON *item, struct range range,
			struct setting_value *out)
{
	size_t rows = json_count(item), columns = 0, k = 0;
	if (!cJSON_IsArray(item) || rows == 0 || !cJSON_IsArray(item->child)) {
		reader_fault(reader, at, FAULT_WRONG_TYPE, NULL, NULL,
			     "an array of rows of numbers is wanted, %s was given", json_kind(item));
		return false;
	}
	columns = json_count(item->child);
	double *values = columns == 0 || rows > SIZE_MAX / columns
				 ? NULL
				 : arena_alloc(reader->arena, rows * columns, sizeof *values);
	bool fine = values != NULL;
	for (const cJSON *row = item->child; row != NULL; row = row->next, k++) {
		struct at here = { at, NULL, k };
		const double *numbers;
		size_t count;
		if (!read_vector(reader, &here, row, columns, range, &numbers, &count)) {
			fine = false;
		} else if (fine) {
			memcpy(values + k * columns, numbers, columns * sizeof *values);
		}
	}
	if (columns == 0) {
		reader_fault(reader, at, FAULT_OUT_OF_RANGE, NULL, NULL, "the rows are empty");
	}
	if (fine) {
		out->values = values;
		out->rows = rows;
		out->columns = columns;
	}
	return fine;
}

/* One whole number for height and width, or two. */
static bool read_pair(struct reader *reader, const struct at *at, const cJSON *item, struct range range,
		      struct setting_value *out)
{
	double *values = arena_alloc(reader->arena, 2, sizeof *values);
	bool fine = values != NULL;
	if (!cJSON_IsNumber(item) && (!cJSON_IsArray(item) || json_count(item) != 2)) {
		reader_fault(reader, at, FAULT_WRONG_TYPE, NULL, NULL,
			     "a whole number or two, [height, width], are wanted, %s was given", json_kind(item));
		return false;
	}
	for (size_t i = 0; i < 2 && fine; i++) {
		struct at here = { at, NULL, i };
		fine = cJSON_IsNumber(item)
			       ? read_whole(reader, at, item, range, &values[i])
			       : read_whole(reader, &here, cJSON_GetArrayItem(item, (int)i), range, &values[i]);
	}
	if (fine) {
		out->values = values;
		out->rows = 2;
		out->columns = 1;
	}
	return fine;
}

static bool read_setting(struct reader *reader, const struct at *at, const struct setting *setting, const cJSON *item,
			 struct setting_value *out)
{
	struct range range = setting_range(setting);
	bool yes;
	size_t index;
	if (cJSON_IsNull(item) && setting->nullable) {
		out->number = setting->kind == SETTING_CHOICE ? 0 : (double)NAN;
		return true;
	}
	switch (setting->kind) {
	case SETTING_REAL:
		return read_real(reader, at, item, range, &out->number);
	case SETTING_INTEGER:
		return read_whole(reader, at, item, range, &out->number);
	case SETTING_BOOL:
		if (!read_bool(reader, at, item, &yes)) {
			return false;
		}
		out->number = yes ? 1 : 0;
		return true;
	case SETTING_CHOICE:
		if (!read_choice(reader, at, item, setting->choices, &index)) {
			return false;
		}
		out->number = (double)index;
		return true;
	case SETTING_VECTOR:
		out->columns = 1;
		return read_vector(reader, at, item, setting->length, range, &out->values, &out->rows);
	case SETTING_PAIR:
		return read_pair(reader, at, item, range, out);
	case SETTING_MATRIX:
		return read_matrix(reader, at, item, range, out);
	}
	return false;
}

struct setting_value *read_settings(struct reader *reader, const struct at *at, const struct setting *table,
				    size_t count, const struct field *fields, struct settings *out)
{
	enum { MOST = 64 };
	struct setting_value *value = arena_alloc(reader->arena, count, sizeof *value);
	static struct setting_value nothing[MOST]; /* where memory has ended: may be read by place */
	assert(count <= MOST);
	*out = (struct settings){ table, 0, nothing };
	if (value == NULL) {
		return nothing;
	}
	settings_defaults(table, count, value);
	for (size_t i = 0; i < count; i++) {
		struct at here = { at, table[i].name, 0 };
		assert(strcmp(fields[i].name, table[i].name) == 0);
		if (fields[i].item != NULL) {
			value[i].given = read_setting(reader, &here, &table[i], fields[i].item, &value[i]);
		} else if (table[i].required) {
			reader_fault(reader, &here, FAULT_MISSING, NULL, NULL, "%s is needed: %s", table[i].name,
				     table[i].doc);
		}
	}
	*out = (struct settings){ table, count, value };
	return value;
}

static void numbers_render(const double *values, size_t count, struct text *out)
{
	text_puts(out, "[");
	for (size_t i = 0; i < count; i++) {
		text_puts(out, i == 0 ? "" : ",");
		text_json_double(out, values[i]);
	}
	text_puts(out, "]");
}

static void value_render(const struct setting *setting, const struct setting_value *value, struct text *out)
{
	switch (setting->kind) {
	case SETTING_REAL:
	case SETTING_INTEGER:
		text_json_double(out, value->number); /* off is NaN, written null */
		break;
	case SETTING_BOOL:
		text_json_bool(out, value->number != 0);
		break;
	case SETTING_CHOICE:
		text_json_string(out, setting->choices[(size_t)value->number]);
		break;
	case SETTING_VECTOR:
	case SETTING_PAIR:
		numbers_render(value->values, value->rows, out);
		break;
	case SETTING_MATRIX:
		text_puts(out, "[");
		for (size_t i = 0; i < value->rows; i++) {
			text_puts(out, i == 0 ? "" : ",");
			numbers_render(value->values + i * value->columns, value->columns, out);
		}
		text_puts(out, "]");
		break;
	}
}

void settings_render(const struct settings *settings, struct text *out)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct setting *setting = &settings->table[i];
		const struct setting_value *value = &settings->value[i];
		bool vector = setting->kind == SETTING_VECTOR || setting->kind == SETTING_PAIR ||
			      setting->kind == SETTING_MATRIX;
		if (vector && value->rows == 0 && !value->given) {
			continue; /* no default: nothing to say */
		}
		text_puts(out, ",");
		text_json_string(out, setting->name);
		text_puts(out, ":");
		value_render(setting, value, out);
	}
}
