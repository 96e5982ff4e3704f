#include "api/npz.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void put16(struct text *out, unsigned value)
{
	text_add(out, (const char[]){ (char)(value & 255), (char)(value >> 8 & 255) }, 2);
}

static void put32(struct text *out, uint32_t value)
{
	put16(out, value & 0xffff);
	put16(out, value >> 16);
}

/* CRC-32 of ISO 3309, as ZIP has it: the polynomial 0xedb88320 over bits from the lowest on. */
static uint32_t crc32_of(const char *bytes, size_t length)
{
	uint32_t table[256], crc = 0xffffffff;
	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (size_t bit = 0; bit < 8; bit++) {
			table[i] = table[i] >> 1 ^ ((table[i] & 1) != 0 ? 0xedb88320 : 0);
		}
	}
	for (size_t i = 0; i < length; i++) {
		crc = crc >> 8 ^ table[(crc ^ (unsigned char)bytes[i]) & 255];
	}
	return ~crc;
}

void npz_begin(struct npz *npz, struct text *out)
{
	*npz = (struct npz){ .out = out, .begin = out->length };
	text_init(&npz->directory);
}

/* What a member's header and its entry of the directory share; crc and size are known when it is closed. */
static void put_properties(struct text *out, const char *name, uint32_t crc, uint32_t size)
{
	put16(out, 20);   /* version that reads it: 2.0 */
	put16(out, 0);    /* flags */
	put16(out, 0);    /* stored as it is */
	put16(out, 0);    /* 00:00 */
	put16(out, 0x21); /* 1980-01-01 */
	put32(out, crc);
	put32(out, size);
	put32(out, size);
	put16(out, (unsigned)(strlen(name) + strlen(".npy")));
	put16(out, 0); /* nothing extra */
}

enum { LOCAL_HEADER = 30, NPY_ALIGNMENT = 64, NPY_PREFIX = 10 };

void npz_open(struct npz *npz, const char *name, const char *type, size_t rank, const size_t *extent)
{
	char shape[64] = "", header[256];
	assert(rank <= 2 && strlen(name) < sizeof npz->name);
	if (rank == 1) {
		snprintf(shape, sizeof shape, "%zu,", extent[0]);
	} else if (rank == 2) {
		snprintf(shape, sizeof shape, "%zu, %zu", extent[0], extent[1]);
	}
	snprintf(npz->name, sizeof npz->name, "%s", name);
	npz->entry = npz->out->length;
	text_add(npz->out, "PK\x03\x04", 4);
	put_properties(npz->out, name, 0, 0);
	text_printf(npz->out, "%s.npy", name);
	npz->data = npz->out->length;
	const int used = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
				  type, shape);
	/* Spaces up to a multiple of 64 bytes, the last of them a line's end. */
	const size_t whole = (NPY_PREFIX + (size_t)used + NPY_ALIGNMENT) / NPY_ALIGNMENT * NPY_ALIGNMENT;
	text_add(npz->out, "\x93NUMPY\x01\x00", 8);
	put16(npz->out, (unsigned)(whole - NPY_PREFIX));
	text_printf(npz->out, "%-*s\n", (int)(whole - NPY_PREFIX - 1), header);
}

void npz_close(struct npz *npz)
{
	if (text_failed(npz->out)) {
		return;
	}
	const size_t size = npz->out->length - npz->data;
	assert(size <= UINT32_MAX);
	const uint32_t crc = crc32_of(npz->out->data + npz->data, size);
	struct text header;
	text_init(&header);
	put_properties(&header, npz->name, crc, (uint32_t)size);
	if (text_failed(&header)) {
		npz->out->failed = true;
	} else {
		memcpy(npz->out->data + npz->entry + 4, header.data, LOCAL_HEADER - 4);
	}
	text_fini(&header);
	text_add(&npz->directory, "PK\x01\x02", 4);
	put16(&npz->directory, 20); /* version that wrote it */
	put_properties(&npz->directory, npz->name, crc, (uint32_t)size);
	put16(&npz->directory, 0); /* no comment */
	put16(&npz->directory, 0); /* first disk */
	put16(&npz->directory, 0); /* bytes, not text */
	put32(&npz->directory, 0); /* no attributes */
	put32(&npz->directory, (uint32_t)(npz->entry - npz->begin));
	text_printf(&npz->directory, "%s.npy", npz->name);
	npz->members++;
}

void npz_end(struct npz *npz)
{
	const size_t at = npz->out->length - npz->begin, length = npz->directory.length;
	npz->out->failed |= text_failed(&npz->directory);
	if (!text_failed(npz->out)) {
		text_add(npz->out, npz->directory.data, length);
		text_add(npz->out, "PK\x05\x06", 4);
		put32(npz->out, 0); /* one disk */
		put16(npz->out, (unsigned)npz->members);
		put16(npz->out, (unsigned)npz->members);
		put32(npz->out, (uint32_t)length);
		put32(npz->out, (uint32_t)at);
		put16(npz->out, 0);
	}
	text_fini(&npz->directory);
}

void npz_doubles(struct npz *npz, const char *name, const double *values, size_t count, size_t stride)
{
	npz_open(npz, name, "<f8", 1, &count);
	char *to = text_reserve(npz->out, count * sizeof *values);
	for (size_t i = 0; to != NULL && i < count; i++) {
		memcpy(to + i * sizeof *values, &values[i * stride], sizeof *values);
	}
	if (to != NULL) {
		text_commit(npz->out, count * sizeof *values);
	}
	npz_close(npz);
}

void npz_matrix(struct npz *npz, const char *name, const double *values, size_t rows, size_t columns)
{
	npz_open(npz, name, "<f8", 2, (const size_t[]){ rows, columns });
	text_add(npz->out, (const char *)values, rows * columns * sizeof *values);
	npz_close(npz);
}

void npz_integers(struct npz *npz, const char *name, const uint64_t *values, size_t count)
{
	npz_open(npz, name, "<i8", 1, &count);
	text_add(npz->out, (const char *)values, count * sizeof *values);
	npz_close(npz);
}

/* The code point of a well-formed character of `bytes` bytes. */
static uint32_t code_point(const unsigned char *s, size_t bytes)
{
	uint32_t code = bytes == 1 ? s[0] : s[0] & (0xffu >> (bytes + 1));
	for (size_t i = 1; i < bytes; i++) {
		code = code << 6 | (s[i] & 0x3f);
	}
	return code;
}

/* Characters of a string into `out` (NULL: only counted); bytes that are not UTF-8 become U+FFFD. */
static size_t characters(const char *string, struct text *out)
{
	const unsigned char *s = (const unsigned char *)string;
	size_t count = 0;
	for (size_t left = strlen(string), bytes; left > 0; left -= bytes, s += bytes, count++) {
		bytes = utf8_length(s, left);
		const uint32_t code = bytes == 0 ? 0xfffd : code_point(s, bytes);
		bytes = bytes == 0 ? 1 : bytes;
		if (out != NULL) {
			put32(out, code);
		}
	}
	return count;
}

void npz_strings(struct npz *npz, const char *name, const char *const *strings, size_t count)
{
	size_t width = 1;
	char type[32];
	for (size_t i = 0; i < count; i++) {
		const size_t length = characters(strings[i], NULL);
		width = length > width ? length : width;
	}
	snprintf(type, sizeof type, "<U%zu", width);
	npz_open(npz, name, type, 1, &count);
	for (size_t i = 0; i < count; i++) {
		for (size_t length = characters(strings[i], npz->out); length < width; length++) {
			put32(npz->out, 0);
		}
	}
	npz_close(npz);
}
