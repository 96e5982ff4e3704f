/* Class indices: a sorted copy of the job's classes, looked up once a text of the dictionary or once a run of equal
 * values. */
#include "server/dataset/classes.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW = 4096 };

struct class_key {
	const char *text; /* length bytes */
	size_t length;
	double number;
	int32_t index;
};

struct labeller {
	struct class_list list;
	const struct table *table;
	size_t column;
	const char *whose;
	struct class_key *key; /* [list.count], sorted */
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
	const struct class_key *found = bsearch(wanted, labeller->key, labeller->list.count, sizeof *wanted,
						labeller->list.number != NULL ? compare_number : compare_text);
	return found == NULL ? CLASS_UNKNOWN : found->index;
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

static enum status unknown_class(const struct labeller *labeller, uint64_t row, struct error *error)
{
	double value;
	table_read_numbers(labeller->table, labeller->column, row, 1, &value);
	const char *whose = labeller->whose, *name = table_name(labeller->table, labeller->column);
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

static enum status make_keys(struct labeller *labeller)
{
	const struct class_list *list = &labeller->list;
	labeller->key = calloc(list->count + 1, sizeof *labeller->key);
	if (labeller->key == NULL) {
		return E_MEMORY;
	}
	for (size_t c = 0; c < list->count; c++) {
		struct class_key *key = &labeller->key[c];
		key->index = (int32_t)c;
		if (list->number != NULL) {
			key->number = list->number[c];
		} else {
			key->text = list->text[c];
			key->length = strlen(key->text);
		}
	}
	qsort(labeller->key, list->count, sizeof *labeller->key, list->number != NULL ? compare_number : compare_text);
	if (list->number != NULL) {
		return OK;
	}
	labeller->texts = table_texts(labeller->table, labeller->column);
	labeller->known = malloc((labeller->texts + 1) * sizeof *labeller->known);
	if (labeller->known == NULL) {
		return E_MEMORY;
	}
	for (size_t i = 0; i < labeller->texts; i++) {
		labeller->known[i] = find_text(labeller, i);
	}
	return OK;
}

enum status labeller_create(const struct class_list *list, const struct table *table, size_t column, const char *whose,
			    struct labeller **out, struct error *error)
{
	bool is_number = table_kind(table, column) == COLUMN_NUMBER;
	*out = NULL;
	if (is_number != (list->number != NULL)) {
		return error_set(error, E_INVALID, "column \"%.100s\" of %s holds %s, the job's classes are %s",
				 table_name(table, column), whose, is_number ? "numbers" : "text",
				 is_number ? "text" : "numbers");
	}
	struct labeller *labeller = calloc(1, sizeof *labeller);
	if (labeller != NULL) {
		*labeller = (struct labeller){ .list = *list, .table = table, .column = column, .whose = whose };
	}
	if (labeller == NULL || make_keys(labeller) != OK) {
		labeller_destroy(labeller);
		return error_set(error, E_MEMORY, "out of memory while reading the classes");
	}
	*out = labeller;
	return OK;
}

void labeller_destroy(struct labeller *labeller)
{
	if (labeller != NULL) {
		free(labeller->key);
		free(labeller->known);
		free(labeller);
	}
}

enum status labeller_read(const struct labeller *labeller, uint64_t first, size_t count, int32_t *label,
			  struct error *error)
{
	double value[WINDOW];
	for (size_t done = 0; done < count;) {
		size_t n = count - done < WINDOW ? count - done : WINDOW;
		enum status status = table_verify(labeller->table, first + done, n, error);
		if (status != OK) {
			return status;
		}
		table_read_numbers(labeller->table, labeller->column, first + done, n, value);
		for (size_t i = 0; i < n; i++) {
			bool repeated = i > 0 && value[i] == value[i - 1];
			label[done + i] = repeated ? label[done + i - 1] : find_value(labeller, value[i]);
		}
		done += n;
	}
	return OK;
}

static enum status label_rows(const struct labeller *labeller, const atomic_bool *stop, int32_t *label,
			      struct error *error)
{
	uint64_t rows = table_rows(labeller->table);
	for (uint64_t first = 0; first < rows; first += WINDOW) {
		size_t n = rows - first < WINDOW ? (size_t)(rows - first) : WINDOW;
		if (stop != NULL && atomic_load_explicit(stop, memory_order_relaxed)) {
			return error_set(error, E_CANCELLED, "asked to stop");
		}
		enum status status = labeller_read(labeller, first, n, label + first, error);
		for (size_t i = 0; i < n && status == OK; i++) {
			if (label[first + i] == CLASS_UNKNOWN) {
				return unknown_class(labeller, first + i, error);
			}
		}
		if (status != OK) {
			return status;
		}
	}
	return OK;
}

enum status classes_label(const struct job_spec *spec, const struct table *table, size_t column, const char *whose,
			  const atomic_bool *stop, int32_t *label, struct error *error)
{
	const struct class_list list = { spec->class_count, spec->class_text, spec->class_number };
	struct labeller *labeller;
	enum status status = labeller_create(&list, table, column, whose, &labeller, error);
	status = status == OK ? label_rows(labeller, stop, label, error) : status;
	labeller_destroy(labeller);
	return status;
}
