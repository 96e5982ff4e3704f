/*
 * Stored tables: a dataset's values in one immutable encoded block, in a file or in the database.
 *
 * Made once by server/dataset/import.h; opened by workers (mapped when it is a file), verified before it
 * is trusted. Columns lie in chunks of rows; each column has the smallest type of u8, i16, i32, f32, f64 that holds
 * all its values exactly; a text column holds indices into its dictionary.
 */
#ifndef SERVER_DATASET_TABLE_H
#define SERVER_DATASET_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/dataset_info.h"
#include "core/base/error.h"

struct table;

/* Opens an encoded block in memory (copies nothing: borrows bytes) or a file (maps it). Header and directory are
 * verified; chunks when they are first read. E_CORRUPT, E_NEWER, E_IO, E_MEMORY. */
enum status table_open_memory(const void *bytes, size_t length, struct table **out, struct error *error);
enum status table_open_file(const char *path, struct table **out, struct error *error);
void table_close(struct table *table);

uint64_t table_rows(const struct table *table);
size_t table_columns(const struct table *table);
enum column_kind table_kind(const struct table *table, size_t column);
const char *table_name(const struct table *table, size_t column);

/* Are rows first..first+count-1 (within the table) what was written? OK or E_CORRUPT. Cheap after the first time. */
enum status table_verify(const struct table *table, uint64_t first, size_t count, struct error *error);
/* Numbers of a column, rows first..first+count-1; of a text column the indices of its texts. Rows that do not verify
 * read as NaN, or as an index whose text is empty. Any thread may read. */
void table_read_numbers(const struct table *table, size_t column, uint64_t first, size_t count, double *out);
/* The first row whose number in the column is no whole one from 0 below size, and that number. False: there is none. */
bool table_first_outside(const struct table *table, size_t column, double size, uint64_t *row, double *value);
/* The text of an index that table_read_numbers gave (not NUL-terminated). */
const char *table_text(const struct table *table, size_t column, size_t index, size_t *length);
/* The size of the column's dictionary: indices below it are its distinct texts in order of first appearance. A column
 * with very many texts has more beyond the dictionary: their indices are larger, and equal texts may differ in them. */
size_t table_texts(const struct table *table, size_t column);

#endif
