/* Rows of a table by the names of their columns. See rows.h. */
#include "server/dataset/rows.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/setting.h"
#include "server/dataset/classes.h"
#include "server/dataset/number.h"

/* A window of a column is 16 KB of doubles. */
enum { WINDOW = 2048, NAMES_SHOWN = 100 };

struct table_rows {
	const struct table *table;
	const struct model_card *card;
	size_t *column; /* [features, then targets] of the table */
	bool has_target;
	struct labeller *labeller; /* NULL: the target is a number, or not there */
	double value[WINDOW];
	int32_t label[WINDOW];
};

struct named_column {
	const char *name;
	size_t column;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct named_column *)a)->name, ((const struct named_column *)b)->name);
}

static const char *wanted_name(const struct model_card *card, size_t i)
{
	return i < card->features ? card->feature[i] : card->target[i - card->features];
}

static void fault_missing(const struct table *table, const char *name, const char *pointer, struct problem *problem)
{
	const char *names[NAMES_SHOWN + 1] = { NULL };
	const size_t columns = table_columns(table), count = columns < NAMES_SHOWN ? columns : NAMES_SHOWN;
	for (size_t j = 0; j < count; j++) {
		names[j] = table_name(table, j);
	}
	const char *nearest = nearest_name(name, names, count);
	problem_fault(problem, pointer, FAULT_MISSING, nearest, columns <= NAMES_SHOWN ? names : NULL,
		      "the feature \"%.100s\" is missing: there is no column of that name%s%.100s%s", name,
		      nearest == NULL ? "" : "; is it \"", nearest == NULL ? "" : nearest,
		      nearest == NULL ? "" : "\"?");
}

/* Finds the model's columns; notes features that are missing. */
static enum status match_columns(struct table_rows *rows, const char *pointer, struct problem *problem)
{
	const struct model_card *card = rows->card;
	const size_t columns = table_columns(rows->table), wanted = card->features + card->targets;
	struct named_column *sorted = malloc((columns + 1) * sizeof *sorted);
	rows->column = malloc((wanted + 1) * sizeof *rows->column);
	if (sorted == NULL || rows->column == NULL) {
		free(sorted);
		return E_MEMORY;
	}
	for (size_t j = 0; j < columns; j++) {
		sorted[j] = (struct named_column){ table_name(rows->table, j), j };
	}
	qsort(sorted, columns, sizeof *sorted, compare_names);
	rows->has_target = card->targets > 0;
	for (size_t i = 0; i < wanted; i++) {
		const struct named_column key = { wanted_name(card, i), 0 };
		const struct named_column *found = bsearch(&key, sorted, columns, sizeof key, compare_names);
		rows->column[i] = found == NULL ? 0 : found->column;
		if (found == NULL && i < card->features) {
			fault_missing(rows->table, key.name, pointer, problem);
		} else if (found == NULL) {
			rows->has_target = false;
		}
	}
	free(sorted);
	return problem_any(problem) ? E_INVALID : OK;
}

/* The first row of a text column whose text is no number; the number of rows when all are. */
static uint64_t first_text(struct table_rows *rows, size_t column, const struct number_format *format)
{
	const uint64_t total = table_rows(rows->table);
	for (uint64_t first = 0; first < total; first += WINDOW) {
		const size_t n = total - first < WINDOW ? (size_t)(total - first) : WINDOW;
		table_read_numbers(rows->table, column, first, n, rows->value);
		for (size_t i = 0; i < n; i++) {
			size_t length;
			double number;
			const char *text = table_text(rows->table, column, (size_t)rows->value[i], &length);
			if (number_parse(format, text, length, &number) != NUMBER_OK) {
				return first + i;
			}
		}
	}
	return total;
}

/* A column of text where a number is needed: names the first cell that is none. */
static enum status fault_text(struct table_rows *rows, size_t column, const char *pointer, char decimal,
			      struct problem *problem)
{
	struct number_format format;
	if (number_format_init(&format, decimal) != 0) {
		return E_MEMORY;
	}
	const char *name = table_name(rows->table, column);
	const uint64_t row = first_text(rows, column, &format);
	if (row < table_rows(rows->table)) {
		size_t length;
		double index;
		table_read_numbers(rows->table, column, row, 1, &index);
		const char *text = table_text(rows->table, column, (size_t)index, &length);
		problem_fault(problem, pointer, FAULT_WRONG_TYPE, NULL, NULL,
			      "row %llu, column \"%.100s\": the model needs numbers, \"%.*s\" is none",
			      (unsigned long long)row + 1, name, length < 60 ? (int)length : 60, text);
	} else {
		problem_fault(problem, pointer, FAULT_WRONG_TYPE, NULL, NULL,
			      "column \"%.100s\" holds text, the model needs numbers", name);
	}
	number_format_fini(&format);
	return OK;
}

/* Features, and targets that are no classes, must be numbers. */
static enum status check_kinds(struct table_rows *rows, const char *pointer, char decimal, struct problem *problem,
			       struct error *error)
{
	const struct model_card *card = rows->card;
	const bool numbers = rows->has_target && card->classes == 0;
	enum status status = OK;
	for (size_t i = 0; i < card->features + (numbers ? card->targets : 0) && status == OK; i++) {
		if (table_kind(rows->table, rows->column[i]) == COLUMN_TEXT) {
			status = fault_text(rows, rows->column[i], pointer, decimal, problem);
		}
	}
	if (status == OK && rows->has_target && card->classes > 0) {
		const struct class_list list = { card->classes, card->class_text, card->class_number };
		status = labeller_create(&list, rows->table, rows->column[card->features], "the data", &rows->labeller,
					 error);
		if (status == E_INVALID) {
			problem_fault(problem, pointer, FAULT_WRONG_TYPE, NULL, NULL, "%s", error->text);
		}
	}
	return status == OK && problem_any(problem) ? E_INVALID : status;
}

enum status table_rows_create(const struct table *table, const struct model_card *card, const char *pointer,
			      char decimal, struct problem *problem, struct table_rows **out, struct error *error)
{
	struct table_rows *rows = calloc(1, sizeof *rows);
	*out = NULL;
	if (rows == NULL) {
		return E_MEMORY;
	}
	rows->table = table;
	rows->card = card;
	enum status status = match_columns(rows, pointer, problem);
	status = status == OK ? check_kinds(rows, pointer, decimal, problem, error) : status;
	if (status != OK) {
		table_rows_destroy(rows);
		return status;
	}
	*out = rows;
	return OK;
}

void table_rows_destroy(struct table_rows *rows)
{
	if (rows != NULL) {
		labeller_destroy(rows->labeller);
		free(rows->column);
		free(rows);
	}
}

bool table_rows_have_target(const struct table_rows *rows)
{
	return rows->has_target;
}

/* Columns begin .. begin + count of those that are wanted, row by row. */
static void read_columns(struct table_rows *rows, size_t begin, size_t count, uint64_t first, size_t n, double *out)
{
	for (size_t k = 0; k < count; k++) {
		table_read_numbers(rows->table, rows->column[begin + k], first, n, rows->value);
		for (size_t i = 0; i < n; i++) {
			out[i * count + k] = rows->value[i];
		}
	}
}

enum status table_rows_read(struct table_rows *rows, uint64_t first, size_t count, double *x, double *y,
			    struct error *error)
{
	const struct model_card *card = rows->card;
	for (size_t done = 0; done < count;) {
		const size_t n = count - done < WINDOW ? count - done : WINDOW;
		enum status status = table_verify(rows->table, first + done, n, error);
		if (status == OK && y != NULL && rows->labeller != NULL) {
			status = labeller_read(rows->labeller, first + done, n, rows->label, error);
		}
		if (status != OK) {
			return status;
		}
		if (x != NULL) {
			read_columns(rows, 0, card->features, first + done, n, x + done * card->features);
		}
		if (y != NULL && rows->labeller == NULL) {
			read_columns(rows, card->features, card->targets, first + done, n, y + done * card->targets);
		}
		for (size_t i = 0; i < n && y != NULL && rows->labeller != NULL; i++) {
			y[done + i] = rows->label[i];
		}
		done += n;
	}
	return OK;
}
