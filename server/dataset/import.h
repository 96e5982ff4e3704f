/*
 * Importing CSV: parsed while it arrives, in bounded memory, into a stored table.
 *
 *   import_open -> import_write* -> import_finish -> import_content / import_keep -> import_destroy
 *
 * Faults say row and column. Nothing stays on the disk of an import that was not kept.
 */
#ifndef SERVER_DATASET_IMPORT_H
#define SERVER_DATASET_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "api/dataset_info.h"
#include "core/base/error.h"
#include "server/dataset/table.h"

struct import;

enum header_mode { HEADER_AUTO, HEADER_TRUE, HEADER_FALSE };

enum column_wish {
	WISH_ANY,    /* it is what its cells are */
	WISH_NUMBER, /* another cell than a number is a fault at its line */
	WISH_NONE,   /* its cells may be anything; they are not looked at, and count as 0 */
};

struct import_options {
	enum header_mode header;
	char delimiter;          /* 0: comma */
	bool delimiter_said;     /* not only a default: one column full of other separators is taken as it is */
	char decimal;            /* 0: point */
	const bool *text_column; /* [text_columns] or NULL: true makes the column text whatever it holds */
	size_t text_columns;
	/* NULL, or what is wanted of the columns of a header. */
	enum column_wish (*wish)(const void *context, const char *name);
	const void *wish_context;
};

/* Tables up to this many encoded bytes stay in memory and go into the database. */
enum { IMPORT_SMALL = 1 << 20 };

/* dir: the data directory; temporary files lie in dir/tmp, tables in dir/datasets. */
enum status import_open(const char *dir, const struct import_options *options, struct import **out,
			struct error *error);
/* E_INVALID (what is wrong with the file: row, column), E_DISK_FULL, E_IO, E_MEMORY, E_TOO_LARGE. */
enum status import_write(struct import *import, const void *bytes, size_t length, struct error *error);
/* Ends the input. Fills info (all but id, name, target, created_at, is_inline); returned owned. info->sha256 is that of
 * the bytes written; info->content_name is the same word, unless the table is a file and was read otherwise than by
 * default (delimiter, decimal, a header against its looks, columns said to be text): then a line that names the
 * difference is hashed behind them, for the same bytes read in two ways are two tables. */
enum status import_finish(struct import *import, struct dataset_info *info, struct error *error);
/* A small table: its bytes, borrowed until destroy. NULL: it is a file. */
const void *import_content(const struct import *import, size_t *length);
/* Makes a large one durable where it lies: what import_keep would wait for longest. */
enum status import_sync(struct import *import, struct error *error);
/* A large one: moves the file to dir/datasets/<content_name>.table, durably (fsync, rename, fsync of the folder).
 * Already there: drops ours. OK for a small one too. */
enum status import_keep(struct import *import, struct error *error);
/* Opens what was imported, kept or not, for a dry run. A small one borrows the import's memory. */
enum status import_open_table(const struct import *import, struct table **out, struct error *error);
/* Drops what was not kept. */
void import_destroy(struct import *import);

/* dir/datasets/<content_name>.table */
void table_path(const char *dir, const char *content_name, char *path, size_t size);
/* Removes temporary files that a dead process left behind. */
void import_clean(const char *dir);

#endif
