/*
 * The bytes of a stored table, as writer.c lays them and table.c reads them. Little-endian.
 *
 *   header | chunk 0 | chunk 1 | ... | directory
 *
 *   chunk      [columns] u32 heads: offset of the column's values within the chunk (a multiple of 8) + its type (low
 *              3 bits); then texts of columns whose dictionary was full (each u32 length, bytes); then the
 *              values, column after column, each beginning at a multiple of 8.
 *   directory  [chunks] struct table_chunk; [columns] struct table_column; names, each ending in NUL; for each
 *              text column its [texts] u64 ends, then the bytes of its texts.
 *
 * The value of a text cell is the index of its text in the dictionary; from `texts` on it is `texts` + the place of
 * its text in the file. Every part carries a CRC-32: header and directory are checked at open, chunks when they are
 * first read.
 */
#ifndef SERVER_DATASET_FORMAT_H
#define SERVER_DATASET_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#define TABLE_MAGIC "DSCNTTBL"
enum { TABLE_VERSION = 1, TABLE_BYTE_ORDER = 0x01020304, TABLE_COLUMNS_MAX = 100000 };

enum value_type { VALUE_U8, VALUE_I16, VALUE_I32, VALUE_F32, VALUE_F64, VALUE_TYPES };

static inline size_t value_size(enum value_type type)
{
	static const unsigned char size[VALUE_TYPES] = { 1, 2, 4, 4, 8 };
	return size[type];
}

static inline uint64_t round_up_8(uint64_t n)
{
	return (n + 7) & ~UINT64_C(7);
}

struct table_header {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	uint64_t rows;
	uint64_t columns;
	uint64_t chunks;
	uint64_t directory_offset;
	uint64_t directory_length; /* the file ends with it */
	uint32_t directory_crc;
	uint32_t header_crc; /* of all that stands before */
};
_Static_assert(sizeof(struct table_header) == 64, "no padding");

struct table_chunk {
	uint64_t offset; /* in the file; a multiple of 8 */
	uint64_t first_row;
	uint32_t length; /* bytes */
	uint32_t rows;
	uint32_t crc;
	uint32_t zero;
};
_Static_assert(sizeof(struct table_chunk) == 32, "no padding");

struct table_column {
	uint32_t kind;        /* enum column_kind */
	uint32_t name_length; /* without its NUL */
	uint64_t texts;
	uint64_t text_bytes;
};
_Static_assert(sizeof(struct table_column) == 24, "no padding");

static inline uint32_t table_crc(const void *bytes, size_t length)
{
	return (uint32_t)crc32_z(0, bytes, length);
}

#endif
