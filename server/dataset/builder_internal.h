/* What the parts of the builder share: builder.c (cells), builder_header.c (the first row), builder_finish.c (chunks
 * and summary). */
#ifndef SERVER_DATASET_BUILDER_INTERNAL_H
#define SERVER_DATASET_BUILDER_INTERNAL_H

#include "server/dataset/builder.h"
#include "server/dataset/distinct.h"
#include "server/dataset/moments.h"
#include "server/dataset/number.h"
#include "server/dataset/writer.h"

/* A chunk holds up to 4 MB of doubles and 64 Ki rows; texts of full dictionaries end it early. */
enum { CHUNK_CELLS = 1 << 19, CHUNK_ROWS_MAX = 1 << 16, CHUNK_TEXT_BYTES = 4 << 20 };

/* Rows in which another separator is looked for, where the first row is one cell with some in it. */
enum { SEPARATOR_ROWS = 2 };

enum column_state { STATE_UNKNOWN, STATE_NUMBER, STATE_TEXT };

struct column_builder {
	char *name;
	enum column_state state;
	enum column_wish wish;
	enum number_result fault; /* the first cell that is a number but not one we keep; NUMBER_OK: none */
	uint64_t fault_line;
	char fault_text[32];
	struct number_set numbers;
	struct moments moments;
	struct dictionary dictionary;
};

/* A growing array of bytes. */
struct bytes {
	char *data;
	size_t length, capacity;
};
enum status builder_append(struct bytes *bytes, const void *data, size_t length);

struct builder {
	const struct import_options *options;
	struct number_format format;
	struct spill *out;
	uint64_t line;
	size_t index;       /* cells of the current row so far */
	bool header_read;   /* the first row is done */
	bool header_forced; /* the options said otherwise than HEADER_AUTO would */
	struct bytes first; /* its cells, each ending in NUL */
	size_t *first_end;  /* [index]: where cell i ends, its NUL included */
	size_t first_capacity;

	size_t columns;
	struct column_builder *column;
	bool *turned; /* [columns] */
	bool any_turned;
	char separator;    /* of a first row that is one cell: it seems to be cut by this; 0: no */
	size_t separators; /* how many of them are in it */
	uint64_t rows;
	double *values; /* [chunk_capacity, columns]: the open chunk, row-major */
	size_t chunk_capacity;
	size_t chunk_rows;
	double *tile;       /* a few columns of the chunk, column-major */
	struct bytes texts; /* of the open chunk, as format.h has them */
	struct distinct_budget budget;
	struct writer writer;
};

enum status builder_no_memory(struct error *error);
/* "column 3 (\"age\")" for messages; a name is cut to what fits. */
struct excerpt {
	char text[96];
};
struct excerpt builder_place(const struct builder *builder, size_t column);
/* A cell for messages: cut, no control characters. */
struct excerpt builder_excerpt(const char *text, size_t length);

/* How many of this character are in a text. */
size_t builder_count(const char *text, size_t length, char wanted);
/* The value, or text, of data cell `index` of the open row. */
enum status builder_put(struct builder *builder, size_t index, const char *text, size_t length, struct error *error);
enum status builder_first_cell(struct builder *builder, const char *text, size_t length, struct error *error);
/* The first row is complete: makes the columns, and puts the row where it is data. */
enum status builder_first_row(struct builder *builder, struct error *error);
/* Writes the open chunk; nothing when it is empty. */
enum status builder_flush(struct builder *builder, struct error *error);

#endif
