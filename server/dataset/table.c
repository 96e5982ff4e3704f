/* Reading stored tables. See table.h; the layout is in format.h. Nothing that lies in the bytes is believed unchecked.
 */
#include "server/dataset/table.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/dataset/format.h"

enum chunk_state { CHUNK_UNKNOWN, CHUNK_GOOD, CHUNK_BAD };

struct column_entry {
	enum column_kind kind;
	const char *name;
	size_t texts;
	const unsigned char *ends; /* [texts] u64, anywhere in memory */
	const char *text;          /* the dictionary's bytes */
};

struct table {
	const unsigned char *bytes;
	size_t length;
	bool mapped;
	struct table_header header;
	struct table_chunk *chunk;   /* [header.chunks] */
	struct column_entry *column; /* [header.columns] */
	atomic_uchar *state;         /* [header.chunks] enum chunk_state */
};

/* What is left of the directory while it is read. */
struct cursor {
	const unsigned char *at;
	size_t left;
};

/* The next `length` bytes, or NULL when there are not so many. */
static const unsigned char *take(struct cursor *cursor, uint64_t length)
{
	if (length > cursor->left) {
		return NULL;
	}
	const unsigned char *at = cursor->at;
	cursor->at += length;
	cursor->left -= (size_t)length;
	return at;
}

static enum status corrupt(struct error *error, const char *what)
{
	return error_set(error, E_CORRUPT, "the stored dataset is damaged: %s", what);
}

static uint64_t load_u64(const unsigned char *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof value);
	return value;
}

static uint32_t load_u32(const unsigned char *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof value);
	return value;
}

static enum status read_header(struct table *table, struct error *error)
{
	struct table_header *header = &table->header;
	if (table->length < sizeof *header) {
		return corrupt(error, "it is too short");
	}
	memcpy(header, table->bytes, sizeof *header);
	if (memcmp(header->magic, TABLE_MAGIC, sizeof header->magic) != 0 || header->byte_order != TABLE_BYTE_ORDER) {
		return corrupt(error, "it is no table");
	}
	if (header->header_crc != table_crc(header, offsetof(struct table_header, header_crc))) {
		return corrupt(error, "the header's checksum is wrong");
	}
	if (header->version != TABLE_VERSION) {
		return error_set(error, E_NEWER, "the stored dataset has format %u, this program reads %d",
				 header->version, TABLE_VERSION);
	}
	uint64_t offset = header->directory_offset;
	if (offset < sizeof *header || offset > table->length || header->directory_length != table->length - offset) {
		return corrupt(error, "its length is wrong");
	}
	if (header->directory_crc != table_crc(table->bytes + offset, table->length - (size_t)offset)) {
		return corrupt(error, "the directory's checksum is wrong");
	}
	if (header->rows == 0 || header->columns == 0 || header->columns > TABLE_COLUMNS_MAX ||
	    header->chunks > header->directory_length / sizeof(struct table_chunk)) {
		return corrupt(error, "its counts are wrong");
	}
	return OK;
}

/* Chunks lie one after the other, from the header to the directory, and hold all rows in order. */
static enum status read_chunks(struct table *table, struct cursor *cursor, struct error *error)
{
	size_t chunks = (size_t)table->header.chunks;
	const unsigned char *from = take(cursor, chunks * sizeof *table->chunk);
	assert(from != NULL);
	table->chunk = malloc(chunks * sizeof *table->chunk + 1);
	table->state = calloc(chunks + 1, sizeof *table->state);
	if (table->chunk == NULL || table->state == NULL) {
		return error_set(error, E_MEMORY, "out of memory while opening a dataset");
	}
	memcpy(table->chunk, from, chunks * sizeof *table->chunk);
	uint64_t offset = sizeof table->header, rows = 0;
	for (size_t i = 0; i < chunks; i++) {
		const struct table_chunk *chunk = &table->chunk[i];
		if (chunk->offset != offset || chunk->first_row != rows || chunk->rows == 0 ||
		    chunk->length < table->header.columns * sizeof(uint32_t) ||
		    chunk->length > table->header.directory_offset - offset) {
			return corrupt(error, "a chunk is out of place");
		}
		offset += chunk->length;
		rows += chunk->rows;
	}
	return offset == table->header.directory_offset && rows == table->header.rows
		       ? OK
		       : corrupt(error, "chunks are missing");
}

static enum status read_dictionary(struct column_entry *column, uint64_t text_bytes, struct cursor *cursor,
				   struct error *error)
{
	column->ends = take(cursor, column->texts * sizeof(uint64_t));
	column->text = (const char *)take(cursor, text_bytes);
	if (column->ends == NULL || column->text == NULL) {
		return corrupt(error, "a dictionary is cut off");
	}
	uint64_t last = 0;
	for (size_t i = 0; i < column->texts; i++) {
		uint64_t end = load_u64(column->ends + i * sizeof end);
		if (end < last) {
			return corrupt(error, "a dictionary is out of order");
		}
		last = end;
	}
	return last == text_bytes ? OK : corrupt(error, "a dictionary has the wrong length");
}

static enum status read_columns(struct table *table, struct cursor *cursor, struct error *error)
{
	size_t columns = (size_t)table->header.columns;
	const unsigned char *entries = take(cursor, columns * sizeof(struct table_column));
	if (entries == NULL) {
		return corrupt(error, "columns are missing");
	}
	table->column = calloc(columns, sizeof *table->column);
	if (table->column == NULL) {
		return error_set(error, E_MEMORY, "out of memory while opening a dataset");
	}
	struct table_column entry;
	for (size_t j = 0; j < columns; j++) {
		memcpy(&entry, entries + j * sizeof entry, sizeof entry);
		const unsigned char *name = take(cursor, (uint64_t)entry.name_length + 1);
		if (name == NULL || memchr(name, '\0', (size_t)entry.name_length + 1) != name + entry.name_length ||
		    (entry.kind != COLUMN_NUMBER && entry.kind != COLUMN_TEXT)) {
			return corrupt(error, "a column's name or kind is wrong");
		}
		table->column[j].name = (const char *)name;
		table->column[j].kind = entry.kind == COLUMN_TEXT ? COLUMN_TEXT : COLUMN_NUMBER;
	}
	for (size_t j = 0; j < columns; j++) {
		memcpy(&entry, entries + j * sizeof entry, sizeof entry);
		if (entry.texts > cursor->left / sizeof(uint64_t)) {
			return corrupt(error, "a dictionary is cut off");
		}
		table->column[j].texts = (size_t)entry.texts;
		enum status status = read_dictionary(&table->column[j], entry.text_bytes, cursor, error);
		if (status != OK) {
			return status;
		}
	}
	return cursor->left == 0 ? OK : corrupt(error, "there is more in the directory than it says");
}

static enum status read_all(struct table *table, struct error *error)
{
	enum status status = read_header(table, error);
	if (status != OK) {
		return status;
	}
	struct cursor cursor = { table->bytes + table->header.directory_offset,
				 (size_t)table->header.directory_length };
	status = read_chunks(table, &cursor, error);
	return status == OK ? read_columns(table, &cursor, error) : status;
}

static enum status open_bytes(const void *bytes, size_t length, bool mapped, struct table **out, struct error *error)
{
	struct table *table = calloc(1, sizeof *table);
	if (table == NULL) {
		return error_set(error, E_MEMORY, "out of memory while opening a dataset");
	}
	table->bytes = bytes;
	table->length = length;
	enum status status = read_all(table, error);
	if (status != OK) {
		table_close(table);
		return status;
	}
	table->mapped = mapped;
	*out = table;
	return OK;
}

enum status table_open_memory(const void *bytes, size_t length, struct table **out, struct error *error)
{
	return open_bytes(bytes, length, false, out, error);
}

enum status table_open_file(const char *path, struct table **out, struct error *error)
{
	struct stat entry;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &entry) != 0) {
		enum status status = error_set(error, E_IO, "a stored dataset cannot be opened: %s", strerror(errno));
		if (fd >= 0) {
			close(fd);
		}
		return status;
	}
	if (entry.st_size < (off_t)sizeof(struct table_header)) {
		close(fd);
		return corrupt(error, "it is too short");
	}
	size_t length = (size_t)entry.st_size;
	void *map = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED) {
		return error_set(error, E_IO, "a stored dataset cannot be mapped: %s", strerror(errno));
	}
	enum status status = open_bytes(map, length, true, out, error);
	if (status != OK) {
		munmap(map, length);
	}
	return status;
}

void table_close(struct table *table)
{
	if (table == NULL) {
		return;
	}
	if (table->mapped) {
		munmap((void *)(uintptr_t)table->bytes, table->length);
	}
	free(table->chunk);
	free(table->column);
	free(table->state);
	free(table);
}

uint64_t table_rows(const struct table *table)
{
	return table->header.rows;
}

size_t table_columns(const struct table *table)
{
	return (size_t)table->header.columns;
}

enum column_kind table_kind(const struct table *table, size_t column)
{
	assert(column < table->header.columns);
	return table->column[column].kind;
}

const char *table_name(const struct table *table, size_t column)
{
	assert(column < table->header.columns);
	return table->column[column].name;
}

size_t table_texts(const struct table *table, size_t column)
{
	assert(column < table->header.columns);
	return table->column[column].texts;
}

const char *table_text(const struct table *table, size_t column, size_t index, size_t *length)
{
	assert(column < table->header.columns);
	const struct column_entry *entry = &table->column[column];
	*length = 0;
	if (index < entry->texts) {
		uint64_t begin = index == 0 ? 0 : load_u64(entry->ends + (index - 1) * sizeof begin);
		*length = (size_t)(load_u64(entry->ends + index * sizeof begin) - begin);
		return entry->text + begin;
	}
	uint64_t offset = index - entry->texts;
	uint64_t limit = table->header.directory_offset;
	if (offset < sizeof table->header || offset > limit || limit - offset < sizeof(uint32_t)) {
		return "";
	}
	uint32_t size = load_u32(table->bytes + offset);
	if (size > limit - offset - sizeof size) {
		return "";
	}
	*length = size;
	return (const char *)table->bytes + offset + sizeof size;
}

/* The chunk that holds a row. */
static size_t find_chunk(const struct table *table, uint64_t row)
{
	size_t low = 0, high = (size_t)table->header.chunks;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (table->chunk[middle].first_row <= row) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

/* Checksum right, and each column's values within the chunk. */
static bool check_chunk(const struct table *table, const struct table_chunk *chunk)
{
	const unsigned char *bytes = table->bytes + chunk->offset;
	if (table_crc(bytes, chunk->length) != chunk->crc) {
		return false;
	}
	for (size_t j = 0; j < table->header.columns; j++) {
		uint32_t head = load_u32(bytes + j * sizeof head);
		uint32_t offset = head & ~7u, type = head & 7u;
		if (type >= VALUE_TYPES || offset > chunk->length ||
		    (uint64_t)chunk->rows * value_size(type) > chunk->length - offset) {
			return false;
		}
	}
	return true;
}

/* Two threads may check the same chunk at the same time; they find the same. */
static bool chunk_is_good(const struct table *table, size_t index)
{
	unsigned char state = atomic_load_explicit(&table->state[index], memory_order_relaxed);
	if (state == CHUNK_UNKNOWN) {
		state = check_chunk(table, &table->chunk[index]) ? CHUNK_GOOD : CHUNK_BAD;
		atomic_store_explicit(&table->state[index], state, memory_order_relaxed);
	}
	return state == CHUNK_GOOD;
}

enum status table_verify(const struct table *table, uint64_t first, size_t count, struct error *error)
{
	assert(first <= table->header.rows && count <= table->header.rows - first);
	for (size_t i = find_chunk(table, first);
	     count > 0 && i < table->header.chunks && table->chunk[i].first_row < first + count; i++) {
		if (!chunk_is_good(table, i)) {
			return error_set(error, E_CORRUPT, "the stored dataset is damaged in rows %llu to %llu",
					 (unsigned long long)table->chunk[i].first_row + 1,
					 (unsigned long long)table->chunk[i].first_row + table->chunk[i].rows);
		}
	}
	return OK;
}

/* out[i] = value i of type T; `from` need not be aligned for it. */
#define DECODE(T, from, n, out)                                                                                        \
	do {                                                                                                           \
		for (size_t i_ = 0; i_ < (n); i_++) {                                                                  \
			T value_;                                                                                      \
			memcpy(&value_, (from) + i_ * sizeof value_, sizeof value_);                                   \
			(out)[i_] = (double)value_;                                                                    \
		}                                                                                                      \
	} while (0)

static void decode(enum value_type type, const unsigned char *from, size_t n, double *out)
{
	switch (type) {
	case VALUE_U8:
		DECODE(uint8_t, from, n, out);
		break;
	case VALUE_I16:
		DECODE(int16_t, from, n, out);
		break;
	case VALUE_I32:
		DECODE(int32_t, from, n, out);
		break;
	case VALUE_F32:
		DECODE(float, from, n, out);
		break;
	case VALUE_F64:
	case VALUE_TYPES:
		memcpy(out, from, n * sizeof *out);
		break;
	}
}

void table_read_numbers(const struct table *table, size_t column, uint64_t first, size_t count, double *out)
{
	assert(column < table->header.columns);
	assert(first <= table->header.rows && count <= table->header.rows - first);
	const struct column_entry *entry = &table->column[column];
	for (size_t i = count == 0 ? 0 : find_chunk(table, first); count > 0; i++) {
		const struct table_chunk *chunk = &table->chunk[i];
		size_t skip = (size_t)(first - chunk->first_row);
		size_t n = chunk->rows - skip < count ? chunk->rows - skip : count;
		if (chunk_is_good(table, i)) {
			const unsigned char *bytes = table->bytes + chunk->offset;
			uint32_t head = load_u32(bytes + column * sizeof head);
			enum value_type type = (enum value_type)(head & 7u);
			decode(type, bytes + (head & ~7u) + skip * value_size(type), n, out);
		} else {
			for (size_t k = 0; k < n; k++) {
				out[k] = entry->kind == COLUMN_TEXT ? (double)entry->texts : (double)NAN;
			}
		}
		first += n;
		count -= n;
		out += n;
	}
}

bool table_first_outside(const struct table *table, size_t column, double size, uint64_t *row, double *value)
{
	enum { PIECE = 512 };
	double number[PIECE];
	const uint64_t rows = table_rows(table);
	for (uint64_t first = 0; first < rows; first += PIECE) {
		const size_t count = rows - first < PIECE ? (size_t)(rows - first) : PIECE;
		table_read_numbers(table, column, first, count, number);
		for (size_t i = 0; i < count; i++) {
			if (!(number[i] >= 0 && number[i] < size && number[i] == floor(number[i]))) {
				*row = first + i;
				*value = number[i];
				return true;
			}
		}
	}
	return false;
}
