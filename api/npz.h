/*
 * NPZ: arrays for numpy.load(), an uncompressed ZIP of NPY files (numpy's format document, version 1.0; APPNOTE 6.3).
 *
 * Members are written one after the other into a growing text; whoever writes the data of a member puts exactly the
 * bytes that its shape wants, little-endian. No ZIP64: the archive is below 4 GiB, which its callers' limits see to.
 * Dates are those of the format's beginning, so that the same arrays are the same bytes.
 */
#ifndef API_NPZ_H
#define API_NPZ_H

#include <stddef.h>
#include <stdint.h>

#include "api/text.h"

struct npz {
	struct text *out;      /* borrowed */
	struct text directory; /* the ZIP's central one, until the end */
	size_t members;
	size_t begin; /* of the archive in *out */
	/* of the member that is open */
	size_t entry, data; /* its header and its data in *out */
	char name[64];
};

void npz_begin(struct npz *npz, struct text *out);
/* Opens a member; its data follow into npz->out, then npz_close. type: "<f8", "<i8", "|b1"; rank 0 to 2. */
void npz_open(struct npz *npz, const char *name, const char *type, size_t rank, const size_t *extent);
void npz_close(struct npz *npz);
/* The directory. text_failed(out) tells whether all of it is there. */
void npz_end(struct npz *npz);

/* Whole members. values[i * stride], i < count; strings in UTF-8, which numpy has as UTF-32. */
void npz_doubles(struct npz *npz, const char *name, const double *values, size_t count, size_t stride);
void npz_matrix(struct npz *npz, const char *name, const double *values, size_t rows, size_t columns);
void npz_integers(struct npz *npz, const char *name, const uint64_t *values, size_t count);
void npz_strings(struct npz *npz, const char *name, const char *const *strings, size_t count);

#endif
