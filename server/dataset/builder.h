/*
 * From cells to a table: decides about the header, learns each column's kind, gathers what dataset_info says of a
 * column, and lays the values down chunk after chunk.
 *
 *   builder_create -> (builder_cell* builder_end_row)* -> builder_finish -> builder_destroy
 *
 * Invariants
 *  1. Memory is bounded: one chunk, the budget of distinct.h, and a few hundred bytes a column.
 *  2. A column's kind is that of its first cell, unless it was said to be text. When a later cell contradicts (text
 *     after numbers) the spelling of the numbers is lost: the column is marked in builder_turned, and the caller
 *     reads everything once more with that column said to be text.
 *  3. What a number column may not hold (nan, 1e400) is refused at the end, since until then the column may become
 * text.
 */
#ifndef SERVER_DATASET_BUILDER_H
#define SERVER_DATASET_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/dataset_info.h"
#include "core/base/error.h"
#include "server/dataset/import.h"
#include "server/dataset/spill.h"

struct builder;

/* out: where the table goes; options and out are borrowed. */
enum status builder_create(const struct import_options *options, struct spill *out, struct builder **result,
			   struct error *error);
void builder_destroy(struct builder *builder);

/* A cell, in order; text may be overwritten. E_INVALID with line and column, E_MEMORY. */
enum status builder_cell(struct builder *builder, const char *text, size_t length, struct error *error);
/* The row is complete. E_INVALID (too few or too many cells), and what writing can fail with. */
enum status builder_end_row(struct builder *builder, struct error *error);
/* A line of the file ended, outside of a cell. */
void builder_end_line(struct builder *builder);
/* The line that is being read, from 1. */
uint64_t builder_line(const struct builder *builder);

/* Did the header option change how the first row was read? */
bool builder_header_forced(const struct builder *builder);
/* Columns that turned from number to text: [*columns], borrowed, or NULL when there are none. */
const bool *builder_turned(const struct builder *builder, size_t *columns);

/* Ends the table, and fills rows and columns of *info (owned by the caller). E_INVALID: no rows; not a finite number.
 */
enum status builder_finish(struct builder *builder, struct dataset_info *info, struct error *error);

#endif
