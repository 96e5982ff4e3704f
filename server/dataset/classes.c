/* Class indices: a sorted copy of the job's classes, looked up once a text of the dictionary or once a run of equal
 * values. */
#include "server/dataset/classes.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW = 4096, UNKNOWN = -1 };

struct class_key {
	const char *text; /* length bytes */
	size_t length;
	double number;
	int32_t index;
};

struct labeller {
	const struct job_spec *spec;
	const struct table *table;
	size_t column;
	struct class_key *key; /* [class_count], sorted */
	int32_t *known;        /* [texts]: of each text of the dictionary; NULL for numbers */
	size_t texts;
};

static int compare_text(const void *a, const void *b)
{
	const struct class_key *x = a;
	const struct class_key *y = b;
	size_t shorter = x->length < y->length ? x->length : y->length;
	int order = memcmp(x->text, y->text, shorter);
	return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

static int compare_number(const void *a, const void *b)
{
	double x = ((const struct class_key *)a)->number;
	double y = ((const struct class_key *)b)->number;
	return (x > y) - (x < y);
}

static int32_t find(const struct labeller *labeller, const struct class_key *wanted)
{
	const struct class_key *found = bsearch(wanted, labeller->key, labeller->spec->class_count, sizeof *wanted,
						labeller->spec->class_number != NULL ? compare_number : compare_text);
	return found == NULL ? UNKNOWN : found->index;
}

static int32_t find_text(const struct labeller *labeller, size_t index)
{
	struct class_key wanted = { 0 };
	wanted.text = table_text(labeller->table, labeller->column, index, &wanted.length);
	return find(labeller, &wanted);
}

static int32_t find_value(const struct labeller *labeller, double value)
{
	if (labeller->known == NULL) {
		return find(labeller, &(struct class_key){ .number = value });
	}
	size_t index = (size_t)value;
	return index < labeller->texts ? labeller->known[index] : find_text(labeller, index);
}

static enum status unknown_class(const struct labeller *labeller, uint64_t row, double value, const char *whose,
				 struct error *error)
{
	const char *name = table_name(labeller->table, labeller->column);
	unsigned long long number = (unsigned long long)row + 1;
	if (labeller->known == NULL) {
		return error_set(error, E_INVALID,
				 "row %llu of %s, column \"%.100s\": %.15g is none of the job's classes", number, whose,
				 name, value);
	}
	size_t length;
	const char *text = table_text(labeller->table, labeller->column, (size_t)value, &length);
	int shown = length < 100 ? (int)length : 100;
	return error_set(error, E_INVALID, "row %llu of %s, column \"%.100s\": \"%.*s\" is none of the job's classes",
			 number, whose, name, shown, text);
}

static enum status make_keys(struct labeller *labeller, struct error *error)
{
	const struct job_spec *spec = labeller->spec;
	labeller->key = calloc(spec->class_count, sizeof *labeller->key);
	if (labeller->key == NULL) {
		return error_set(error, E_MEMORY, "out of memory while reading the classes");
	}
	for (size_t c = 0; c < spec->class_count; c++) {
		struct class_key *key = &labeller->key[c];
		key->index = (int32_t)c;
		if (spec->class_number != NULL) {
			key->number = spec->class_number[c];
		} else {
			key->text = spec->class_text[c];
			key->length = strlen(key->text);
		}
	}
	qsort(labeller->key, spec->class_count, sizeof *labeller->key,
	      spec->class_number != NULL ? compare_number : compare_text);
	if (spec->class_number != NULL) {
		return OK;
	}
	labeller->texts = table_texts(labeller->table, labeller->column);
	labeller->known = malloc((labeller->texts + 1) * sizeof *labeller->known);
	if (labeller->known == NULL) {
		return error_set(error, E_MEMORY, "out of memory while reading the classes");
	}
	for (size_t i = 0; i < labeller->texts; i++) {
		labeller->known[i] = find_text(labeller, i);
	}
	return OK;
}

static enum status label_rows(const struct labeller *labeller, const char *whose, const atomic_bool *stop,
			      int32_t *label, struct error *error)
{
	uint64_t rows = table_rows(labeller->table);
	double value[WINDOW];
	for (uint64_t first = 0; first < rows; first += WINDOW) {
		size_t n = rows - first < WINDOW ? (size_t)(rows - first) : WINDOW;
		if (stop != NULL && atomic_load_explicit(stop, memory_order_relaxed)) {
			return error_set(error, E_CANCELLED, "asked to stop");
		}
		enum status status = table_verify(labeller->table, first, n, error);
		if (status != OK) {
			return status;
		}
		table_read_numbers(labeller->table, labeller->column, first, n, value);
		for (size_t i = 0; i < n; i++) {
			bool repeated = i > 0 && value[i] == value[i - 1];
			int32_t found = repeated ? label[first + i - 1] : find_value(labeller, value[i]);
			if (found == UNKNOWN) {
				return unknown_class(labeller, first + i, value[i], whose, error);
			}
			label[first + i] = found;
		}
	}
	return OK;
}

enum status classes_label(const struct job_spec *spec, const struct table *table, size_t column, const char *whose,
			  const atomic_bool *stop, int32_t *label, struct error *error)
{
	bool is_number = table_kind(table, column) == COLUMN_NUMBER;
	if (is_number != (spec->class_number != NULL)) {
		return error_set(error, E_INVALID, "column \"%.100s\" of %s holds %s, the job's classes are %s",
				 table_name(table, column), whose, is_number ? "numbers" : "text",
				 is_number ? "text" : "numbers");
	}
	struct labeller labeller = { .spec = spec, .table = table, .column = column };
	enum status status = make_keys(&labeller, error);
	status = status == OK ? label_rows(&labeller, whose, stop, label, error) : status;
	free(labeller.key);
	free(labeller.known);
	return status;
}
