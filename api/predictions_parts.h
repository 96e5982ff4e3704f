/*
 * What the answer to a row is made of, by the kind of model: a list of parts, each some numbers a row. Private to api/.
 */
#ifndef API_PREDICTIONS_PARTS_H
#define API_PREDICTIONS_PARTS_H

#include "api/predictions.h"

enum part_form {
	PART_ONE,    /* a number */
	PART_LIST,   /* a list of numbers */
	PART_LISTS,  /* a list of `members` lists of numbers */
	PART_CLASS,  /* a class; the number is its index, NaN: none can be named */
	PART_ABSENT, /* null for all rows at once */
};

struct part {
	const char *key;
	enum part_form form;
	size_t width; /* numbers of a row */
	size_t members;
	char *const *names;    /* [width] or NULL: what CSV calls the numbers where they are more than one; borrowed */
	const double *numbers; /* the same in case they are numbers */
	/* out[width] of row i. */
	void (*fill)(const struct prediction_head *head, const struct prediction_rows *rows, size_t i, double *out);
};

enum { PARTS_MAX = 4 };
/* Fills in part[PARTS_MAX]; how many there are. */
size_t parts_of(const struct prediction_head *head, struct part *part);
/* Numbers that all parts of a row have at most, of a model with so many outputs. */
uint64_t parts_numbers(const struct model_card *card, uint64_t outputs);

#endif
