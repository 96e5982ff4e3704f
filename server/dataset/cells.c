/* CSV to cells. See cells.h. */
#include "server/dataset/cells.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Bytes given to libcsv at a time: how much it reads on after a fault. */
enum { SLICE = 1 << 16, BUFFER_STEP = 1 << 12, MARK_LENGTH = 3 };

/* Room for a cell of CELL_BYTES_MAX, the byte by which it is known to be longer, and a closing quote with blanks. */
enum { BUFFER_MAX = CELL_BYTES_MAX + BUFFER_STEP };

static void *grow_cell(void *buffer, size_t size)
{
	return size > BUFFER_MAX ? NULL : realloc(buffer, size);
}

static enum status cell_too_long(struct cells *cells)
{
	return error_set(&cells->error, E_TOO_LARGE,
			 "line %" PRIu64 ": a cell is longer than %d bytes; is a quote not closed?",
			 builder_line(cells->builder), CELL_BYTES_MAX);
}

static void on_cell(void *text, size_t length, void *context)
{
	struct cells *cells = context;
	if (cells->status != OK) {
		return;
	}
	cells->row_cells++;
	cells->row_bytes += length + 1;
	if (length > CELL_BYTES_MAX) {
		cells->status = cell_too_long(cells);
	} else if (cells->row_bytes > ROW_BYTES_MAX) {
		cells->status =
			error_set(&cells->error, E_TOO_LARGE, "line %" PRIu64 ": the row is longer than %d bytes",
				  builder_line(cells->builder), ROW_BYTES_MAX);
	} else {
		cells->status = builder_cell(cells->builder, text, length, &cells->error);
	}
}

static void on_row(int terminator, void *context)
{
	struct cells *cells = context;
	if (cells->status != OK) {
		return;
	}
	bool second_half = terminator == '\n' && cells->after_return && cells->row_cells == 0;
	cells->after_return = terminator == '\r';
	if (second_half) {
		return;
	}
	if (cells->row_cells > 0) {
		cells->status = builder_end_row(cells->builder, &cells->error);
	}
	cells->row_cells = 0;
	cells->row_bytes = 0;
	builder_end_line(cells->builder);
}

void cells_init(struct cells *cells, struct builder *builder, char delimiter)
{
	memset(cells, 0, sizeof *cells);
	cells->builder = builder;
	csv_init(&cells->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
	csv_set_delim(&cells->parser, (unsigned char)delimiter);
	csv_set_realloc_func(&cells->parser, grow_cell);
	csv_set_blk_size(&cells->parser, BUFFER_STEP);
}

void cells_fini(struct cells *cells)
{
	csv_free(&cells->parser);
}

/* libcsv stopped by itself. */
static enum status explain(struct cells *cells)
{
	if (csv_error(&cells->parser) == CSV_EPARSE) {
		return error_set(&cells->error, E_INVALID,
				 "line %" PRIu64 ": a quote inside an unquoted cell, or text after a closing quote",
				 builder_line(cells->builder));
	}
	/* It tries ever smaller steps before it gives up, so at the limit the buffer is full to the last byte. */
	if (csv_get_buffer_size(&cells->parser) >= BUFFER_MAX) {
		return cell_too_long(cells);
	}
	return error_set(&cells->error, E_MEMORY, "out of memory while reading the dataset");
}

static enum status fault(const struct cells *cells, struct error *error)
{
	return cells->status == OK ? OK : error_set(error, cells->status, "%s", cells->error.text);
}

static void parse(struct cells *cells, const unsigned char *bytes, size_t length)
{
	while (length > 0 && cells->status == OK) {
		size_t slice = length < SLICE ? length : SLICE;
		size_t read = csv_parse(&cells->parser, bytes, slice, on_cell, on_row, cells);
		if (read < slice && cells->status == OK) {
			cells->status = explain(cells);
		}
		bytes += slice;
		length -= slice;
	}
}

enum status cells_write(struct cells *cells, const void *bytes, size_t length, struct error *error)
{
	static const unsigned char mark[MARK_LENGTH] = { 0xef, 0xbb, 0xbf };
	const unsigned char *from = bytes;
	while (!cells->begun && length > 0) {
		cells->begun = *from != mark[cells->marks];
		if (!cells->begun) {
			cells->mark[cells->marks++] = *from++;
			length--;
			cells->begun = cells->marks == MARK_LENGTH;
			cells->marks = cells->begun ? 0 : cells->marks;
		}
		if (cells->begun) {
			parse(cells, cells->mark, cells->marks);
		}
	}
	parse(cells, from, length);
	return fault(cells, error);
}

enum status cells_finish(struct cells *cells, struct error *error)
{
	if (!cells->begun) {
		parse(cells, cells->mark, cells->marks);
	}
	if (cells->status == OK && csv_fini(&cells->parser, on_cell, on_row, cells) != 0) {
		cells->status = error_set(&cells->error, E_INVALID,
					  "line %" PRIu64 ": a quote is not closed by the end of the file",
					  builder_line(cells->builder));
	}
	return fault(cells, error);
}
