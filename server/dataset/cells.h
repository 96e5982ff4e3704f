/*
 * CSV (RFC 4180) to cells: libcsv's tokeniser, with limits, line numbers and errors around it.
 *
 * Strict: a quote inside an unquoted cell, text after a closing quote and a quote that is never closed are faults.
 * Lines end in LF, CRLF or CR; blank lines are skipped; blanks around an unquoted cell are dropped; a byte order mark
 * of UTF-8 too. Holds one cell at a time.
 */
#ifndef SERVER_DATASET_CELLS_H
#define SERVER_DATASET_CELLS_H

#include <csv.h>
#include <stdbool.h>

#include "server/dataset/builder.h"

/* A cell of 64 KB is prose, a row of 16 MB is 100,000 columns of the longest numbers: beyond lies a mistake. */
enum { CELL_BYTES_MAX = 1 << 16, ROW_BYTES_MAX = 1 << 24 };

struct cells {
	struct csv_parser parser;
	struct builder *builder; /* borrowed */
	size_t row_cells;
	size_t row_bytes;
	bool after_return;     /* the last row ended in CR: a LF that follows belongs to it */
	unsigned char mark[3]; /* the first bytes, while they may be a byte order mark */
	size_t marks;
	bool begun;
	enum status status; /* the first fault; libcsv's callbacks cannot say stop */
	struct error error;
};

void cells_init(struct cells *cells, struct builder *builder, char delimiter);
void cells_fini(struct cells *cells);
/* E_INVALID, E_TOO_LARGE, and what the builder returns. */
enum status cells_write(struct cells *cells, const void *bytes, size_t length, struct error *error);
enum status cells_finish(struct cells *cells, struct error *error);

#endif
