/*
 * Writing a stored table (server/dataset/format.h), chunk after chunk, into a spill.
 *
 *   writer_init -> (writer_begin, writer_column x columns, writer_end)* -> writer_finish -> writer_fini
 */
#ifndef SERVER_DATASET_WRITER_H
#define SERVER_DATASET_WRITER_H

#include "api/dataset_info.h"
#include "server/dataset/distinct.h"
#include "server/dataset/format.h"
#include "server/dataset/spill.h"

struct writer {
	struct spill *out; /* borrowed */
	size_t columns;
	unsigned char *bytes; /* the chunk that is being laid out */
	size_t length, capacity;
	size_t column;             /* next of the chunk */
	struct table_chunk *chunk; /* [chunks], the last one is open between begin and end */
	size_t chunks, chunks_capacity;
	uint64_t rows;
};

/* Reserves the header in `out`, which must be empty. */
enum status writer_init(struct writer *writer, struct spill *out, size_t columns, struct error *error);
void writer_fini(struct writer *writer);

/* Where in the file the text area of the next chunk will begin. */
uint64_t writer_text_offset(const struct writer *writer);
/* Opens a chunk of so many rows; texts: the texts that lie in it. */
enum status writer_begin(struct writer *writer, size_t rows, const void *texts, size_t length, struct error *error);
/* The next column's values [rows], in the smallest type that holds them exactly. */
enum status writer_column(struct writer *writer, const double *values, struct error *error);
enum status writer_end(struct writer *writer, struct error *error);

/* What the directory says of a column. Borrows. */
struct writer_column {
	const char *name;
	enum column_kind kind;
	const struct dictionary *dictionary; /* TEXT only */
};
/* Writes directory and header. */
enum status writer_finish(struct writer *writer, const struct writer_column *column, struct error *error);

#endif
