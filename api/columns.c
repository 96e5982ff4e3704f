#include "api/columns.h"

#include <stdlib.h>
#include <string.h>

/* A fault shows this many of a dataset's names. */
enum { NAMES_SHOWN = 50 };

static int order(const void *a, const void *b, void *context)
{
	const char *const *names = context;
	return strcmp(names[*(const size_t *)a], names[*(const size_t *)b]);
}

bool columns_make(struct judge *judge, const struct dataset_info *info, struct columns *out)
{
	out->info = info;
	out->names = arena_alloc(judge->reader.arena, info->columns + 1, sizeof *out->names);
	out->sorted = arena_alloc(judge->reader.arena, info->columns, sizeof *out->sorted);
	if (out->names == NULL || out->sorted == NULL) {
		return false;
	}
	for (size_t i = 0; i < info->columns; i++) {
		out->names[i] = info->column[i].name;
		out->sorted[i] = i;
	}
	qsort_r(out->sorted, info->columns, sizeof *out->sorted, order, out->names);
	return true;
}

static long find(const struct columns *columns, const char *name)
{
	size_t low = 0, high = columns->info->columns;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int side = strcmp(name, columns->names[columns->sorted[middle]]);
		if (side == 0) {
			return (long)columns->sorted[middle];
		}
		if (side < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return -1;
}

long columns_need(struct judge *judge, const struct at *at, const struct columns *columns, const char *name)
{
	long index = find(columns, name);
	if (index >= 0) {
		return index;
	}
	size_t count = columns->info->columns;
	const char *nearest = reader_suggest(&judge->reader, name, columns->names, count);
	const char *const *allowed = columns->names;
	if (count > NAMES_SHOWN) {
		const char **first = arena_alloc(judge->reader.arena, NAMES_SHOWN + 1, sizeof *first);
		if (first != NULL) {
			memcpy(first, columns->names, NAMES_SHOWN * sizeof *first);
		}
		allowed = first;
	}
	reader_fault(&judge->reader, at, FAULT_NOT_FOUND, nearest, allowed, "the dataset has no column '%.100s'%s%s%s",
		     name, nearest == NULL ? "" : ", did you mean ", nearest == NULL ? "" : nearest,
		     nearest == NULL ? "" : "?");
	return -1;
}
