/*
 * Rows of a table for a model that is trained already: its columns are found by their names, others are ignored, and
 * values come raw, as a request would have given them.
 *
 *   table_rows_create -> table_rows_read of any rows -> table_rows_destroy
 */
#ifndef SERVER_DATASET_ROWS_H
#define SERVER_DATASET_ROWS_H

#include "api/model_card.h"
#include "api/problem.h"
#include "core/base/error.h"
#include "server/dataset/table.h"

struct table_rows;

/* pointer: where the faults lie that problem gets: a feature that is missing or holds text, a target of the other kind.
 * decimal: the decimal sign of the table's texts, to say which cell is no number. Borrows table and card. E_INVALID,
 * E_CORRUPT, E_MEMORY. */
enum status table_rows_create(const struct table *table, const struct model_card *card, const char *pointer,
			      char decimal, struct problem *problem, struct table_rows **out, struct error *error);
void table_rows_destroy(struct table_rows *rows);
/* Are all targets of the model there? */
bool table_rows_have_target(const struct table_rows *rows);
/* Of rows first..first+count-1: x [count, card->features] (NULL: not wanted), y [count, card->targets] numbers, or
 * class indices with -1 for a class that the model does not know (NULL: not wanted; needs the targets). E_CORRUPT,
 * E_MEMORY. */
enum status table_rows_read(struct table_rows *rows, uint64_t first, size_t count, double *x, double *y,
			    struct error *error);

#endif
