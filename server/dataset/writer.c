/* Writing a stored table. See writer.h; the layout is in format.h. */
#include "server/dataset/writer.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"

/* Is x[i] the same bits after a round trip through T, for all i? The range was checked before. */
#define FITS(T, x, n, fits)                                                                                            \
	do {                                                                                                           \
		unsigned differs = 0;                                                                                  \
		for (size_t i_ = 0; i_ < (n); i_++) {                                                                  \
			double back_ = (double)(T)(x)[i_];                                                             \
			uint64_t a_, b_;                                                                               \
			memcpy(&a_, &back_, sizeof a_);                                                                \
			memcpy(&b_, &(x)[i_], sizeof b_);                                                              \
			differs |= a_ != b_;                                                                           \
		}                                                                                                      \
		(fits) = differs == 0;                                                                                 \
	} while (0)

static enum value_type smallest_type(const double *x, size_t n)
{
	double lowest = x[0], highest = x[0];
	for (size_t i = 1; i < n; i++) {
		lowest = x[i] < lowest ? x[i] : lowest;
		highest = x[i] > highest ? x[i] : highest;
	}
	bool fits = false;
	if (lowest >= INT32_MIN && highest <= INT32_MAX) {
		FITS(int32_t, x, n, fits);
	}
	if (fits) {
		return lowest >= 0 && highest <= UINT8_MAX           ? VALUE_U8
		       : lowest >= INT16_MIN && highest <= INT16_MAX ? VALUE_I16
								     : VALUE_I32;
	}
	if (lowest >= -3.4028234663852886e38 && highest <= 3.4028234663852886e38) {
		FITS(float, x, n, fits);
	}
	return fits ? VALUE_F32 : VALUE_F64;
}

/* out[i] = (T)x[i]; out is 8-aligned, T as wide as the type says. */
#define ENCODE(T, x, n, out)                                                                                           \
	do {                                                                                                           \
		T *to_ = (T *)(void *)(out);                                                                           \
		for (size_t i_ = 0; i_ < (n); i_++) {                                                                  \
			to_[i_] = (T)(x)[i_];                                                                          \
		}                                                                                                      \
	} while (0)

static void encode(enum value_type type, const double *x, size_t n, unsigned char *out)
{
	switch (type) {
	case VALUE_U8:
		ENCODE(uint8_t, x, n, out);
		break;
	case VALUE_I16:
		ENCODE(int16_t, x, n, out);
		break;
	case VALUE_I32:
		ENCODE(int32_t, x, n, out);
		break;
	case VALUE_F32:
		ENCODE(float, x, n, out);
		break;
	case VALUE_F64:
	case VALUE_TYPES:
		memcpy(out, x, n * sizeof *x);
		break;
	}
}

static enum status no_memory(struct error *error)
{
	return error_set(error, E_MEMORY, "out of memory while encoding the dataset");
}

enum status writer_init(struct writer *writer, struct spill *out, size_t columns, struct error *error)
{
	assert(out->length == 0);
	*writer = (struct writer){ .out = out, .columns = columns };
	struct table_header header = { .version = TABLE_VERSION };
	return spill_write(out, &header, sizeof header, error);
}

void writer_fini(struct writer *writer)
{
	free(writer->bytes);
	free(writer->chunk);
	*writer = (struct writer){ 0 };
}

/* Makes `length` more bytes, zeroed up to the next multiple of 8. *at: where they begin. */
static enum status extend(struct writer *writer, size_t length, size_t *at, struct error *error)
{
	*at = writer->length;
	size_t needed = writer->length + (size_t)round_up_8(length);
	if (needed > writer->capacity) {
		size_t capacity = needed + needed / 2;
		unsigned char *bytes = realloc(writer->bytes, capacity);
		if (bytes == NULL) {
			return no_memory(error);
		}
		writer->bytes = bytes;
		writer->capacity = capacity;
	}
	if (length % 8 != 0) {
		memset(writer->bytes + needed - 8, 0, 8);
	}
	writer->length = needed;
	return OK;
}

uint64_t writer_text_offset(const struct writer *writer)
{
	return writer->out->length + round_up_8(writer->columns * sizeof(uint32_t));
}

enum status writer_begin(struct writer *writer, size_t rows, const void *texts, size_t length, struct error *error)
{
	assert(rows > 0 && rows <= UINT32_MAX);
	if (writer->chunks == writer->chunks_capacity) {
		size_t capacity = writer->chunks_capacity == 0 ? 8 : writer->chunks_capacity * 2;
		struct table_chunk *chunk = realloc(writer->chunk, capacity * sizeof *chunk);
		if (chunk == NULL) {
			return no_memory(error);
		}
		writer->chunk = chunk;
		writer->chunks_capacity = capacity;
	}
	writer->chunk[writer->chunks++] = (struct table_chunk){ .offset = writer->out->length,
								.first_row = writer->rows,
								.rows = (uint32_t)rows };
	writer->length = 0;
	writer->column = 0;
	size_t at;
	enum status status = extend(writer, writer->columns * sizeof(uint32_t), &at, error);
	if (status == OK && length > 0) {
		status = extend(writer, length, &at, error);
		if (status == OK) {
			memcpy(writer->bytes + at, texts, length);
		}
	}
	return status;
}

enum status writer_column(struct writer *writer, const double *values, struct error *error)
{
	assert(writer->column < writer->columns);
	size_t rows = writer->chunk[writer->chunks - 1].rows;
	enum value_type type = smallest_type(values, rows);
	size_t at;
	enum status status = extend(writer, rows * value_size(type), &at, error);
	if (status != OK) {
		return status;
	}
	assert(at <= UINT32_MAX);
	encode(type, values, rows, writer->bytes + at);
	uint32_t head = (uint32_t)at | (uint32_t)type;
	memcpy(writer->bytes + writer->column * sizeof head, &head, sizeof head);
	writer->column++;
	return OK;
}

enum status writer_end(struct writer *writer, struct error *error)
{
	assert(writer->column == writer->columns);
	struct table_chunk *chunk = &writer->chunk[writer->chunks - 1];
	chunk->length = (uint32_t)writer->length;
	chunk->crc = table_crc(writer->bytes, writer->length);
	writer->rows += chunk->rows;
	return spill_write(writer->out, writer->bytes, writer->length, error);
}

/* Appends to the directory and takes it into its checksum. */
static enum status put(struct writer *writer, const void *bytes, size_t length, uint32_t *crc, struct error *error)
{
	*crc = (uint32_t)crc32_z(*crc, bytes, length);
	return spill_write(writer->out, bytes, length, error);
}

static enum status put_column(struct writer *writer, const struct writer_column *column, uint32_t *crc,
			      struct error *error)
{
	bool is_text = column->kind == COLUMN_TEXT;
	struct table_column entry = { .kind = (uint32_t)column->kind,
				      .name_length = (uint32_t)strlen(column->name),
				      .texts = is_text ? column->dictionary->count : 0,
				      .text_bytes = is_text ? column->dictionary->length : 0 };
	return put(writer, &entry, sizeof entry, crc, error);
}

static enum status put_dictionary(struct writer *writer, const struct writer_column *column, uint32_t *crc,
				  struct error *error)
{
	const struct dictionary *dictionary = column->dictionary;
	if (column->kind != COLUMN_TEXT || dictionary->count == 0) {
		return OK;
	}
	enum status status = put(writer, dictionary->end, dictionary->count * sizeof *dictionary->end, crc, error);
	return status == OK ? put(writer, dictionary->bytes, dictionary->length, crc, error) : status;
}

enum status writer_finish(struct writer *writer, const struct writer_column *column, struct error *error)
{
	struct table_header header = { .version = TABLE_VERSION,
				       .byte_order = TABLE_BYTE_ORDER,
				       .rows = writer->rows,
				       .columns = writer->columns,
				       .chunks = writer->chunks,
				       .directory_offset = writer->out->length };
	memcpy(header.magic, TABLE_MAGIC, sizeof header.magic);
	uint32_t crc = 0;
	enum status status = put(writer, writer->chunk, writer->chunks * sizeof *writer->chunk, &crc, error);
	for (size_t j = 0; j < writer->columns && status == OK; j++) {
		status = put_column(writer, &column[j], &crc, error);
	}
	for (size_t j = 0; j < writer->columns && status == OK; j++) {
		status = put(writer, column[j].name, strlen(column[j].name) + 1, &crc, error);
	}
	for (size_t j = 0; j < writer->columns && status == OK; j++) {
		status = put_dictionary(writer, &column[j], &crc, error);
	}
	if (status != OK) {
		return status;
	}
	header.directory_length = writer->out->length - header.directory_offset;
	header.directory_crc = crc;
	header.header_crc = table_crc(&header, offsetof(struct table_header, header_crc));
	return spill_patch(writer->out, 0, &header, sizeof header, error);
}
