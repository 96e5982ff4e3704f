/*
 * What the service knows of a stored dataset: plain data, made by server/dataset, judged by api.
 */
#ifndef API_DATASET_INFO_H
#define API_DATASET_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/problem.h"
#include "api/text.h"

enum { ID_SIZE = 41, LEVELS_MAX = 1000, DISTINCT_MAX = 10000 };

enum column_kind { COLUMN_NUMBER, COLUMN_TEXT };

struct column_info {
	char *name;
	enum column_kind kind;
	double minimum, maximum, mean, sd; /* numbers only; sd with divisor n */
	uint64_t missing;
	int64_t distinct; /* -1: more than DISTINCT_MAX */
	/* The sorted distinct values, when there are at most LEVELS_MAX of them (level_count 0 otherwise):
	 * a classifier's classes. Texts sorted bytewise, numbers by value. */
	size_t level_count;
	char **level_text;    /* kind TEXT */
	double *level_number; /* kind NUMBER */
};

/* Who can read the rows, so that a fault may name one. */
struct row_search {
	/* The first row, counted from 0, whose number in the column is no whole one from 0 below size, and that number;
	 * false: there is none, or it cannot be read. */
	bool (*first_outside)(void *context, size_t column, double size, uint64_t *row, double *value);
	void *context;
};

struct dataset_info {
	char id[ID_SIZE];
	char *name;   /* or NULL */
	char *target; /* or NULL */
	uint64_t rows;
	size_t columns;
	struct column_info *column;
	uint64_t bytes;        /* of the upload */
	char sha256[65];       /* of the uploaded bytes */
	char content_name[65]; /* of the stored table's file: beside the document, the store has a column for it */
	bool is_inline;
	int64_t created_at;              /* ms since 1970 */
	const struct row_search *search; /* borrowed, not stored; NULL: nobody */
};

void dataset_info_fini(struct dataset_info *info); /* frees what it points to; a zeroed one is fine */
/* Column by name, or -1. */
long dataset_info_find(const struct dataset_info *info, const char *name);

/* The document that a client sees. */
void dataset_info_render(const struct dataset_info *info, struct text *out);
/* What the store keeps: all of it, levels too; and back (E_CORRUPT, E_MEMORY). */
void dataset_info_save(const struct dataset_info *info, struct text *out);
enum status dataset_info_load(const char *text, size_t length, struct dataset_info *out);

#endif
