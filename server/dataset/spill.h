/*
 * Bytes that begin their life in memory and move to a temporary file once they are many: what an import writes, so
 * that a small one touches no disk and a large one no memory.
 *
 * Files lie in dir/tmp. A nameless spill leaves nothing behind even when the process dies; a named one can be renamed
 * into place (spill_path) and is otherwise removed by spill_fini, or by import_clean at the next start.
 */
#ifndef SERVER_DATASET_SPILL_H
#define SERVER_DATASET_SPILL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

#define SPILL_PREFIX "import-"

struct spill {
	const char *dir;  /* the data directory; borrowed */
	size_t threshold; /* bytes kept in memory */
	bool named;
	unsigned char *memory; /* NULL once it is a file */
	size_t capacity;
	uint64_t length;
	int fd; /* -1: in memory */
	char path[PATH_MAX];
};

void spill_init(struct spill *spill, const char *dir, size_t threshold, bool named);
void spill_fini(struct spill *spill);
/* Appends. E_MEMORY, E_DISK_FULL, E_IO. */
enum status spill_write(struct spill *spill, const void *bytes, size_t length, struct error *error);
/* Overwrites bytes that were written before. */
enum status spill_patch(struct spill *spill, uint64_t offset, const void *bytes, size_t length, struct error *error);
/* Reads up to `size` bytes from offset on; *length 0 at the end. */
enum status spill_read(const struct spill *spill, uint64_t offset, void *bytes, size_t size, size_t *length,
		       struct error *error);

/* The status and sentence for errno after a failed system call: E_DISK_FULL for ENOSPC, EDQUOT and EFBIG, else E_IO. */
enum status disk_error(struct error *error, const char *what);
/* Makes dir/name where it is missing (and dir itself). *made: it was. */
enum status disk_make_folder(const char *dir, const char *name, bool *made, struct error *error);
/* fsync of a folder. */
enum status disk_sync_folder(const char *path, struct error *error);

#endif
