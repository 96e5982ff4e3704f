/*
 * Files beside the database: the folder, its lock, and large states and weights.
 *
 * Invariants
 *  1. A file under its final name is complete and durable: written beside, fsync, rename, fsync of the folder.
 *  2. Files never change; they are replaced by others with new names.
 *  3. A long write or read can be given up between two pieces: it then leaves nothing.
 */
#ifndef SERVER_STORE_FILES_H
#define SERVER_STORE_FILES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/* Makes a folder and those above it (mode 0700) where they are missing. */
enum status files_make_folder(const char *path, struct error *error);
/* Makes the folder's entries durable. */
enum status files_sync_folder(const char *path);

/* Takes the lock of a data folder for this process: E_BUSY when another has it. It goes with the descriptor. */
enum status files_lock(const char *dir, int *fd, struct error *error);

/* What goes along with a long write or read; NULL: nothing does. */
struct files_watch {
	void (*each)(void *context, const void *bytes, size_t length); /* sees every piece, in order; may be NULL */
	void *context;
	/* CLOCK_MONOTONIC nanoseconds, looked at between two pieces: past it the work is given up with E_BUSY. 0:
	 * never. */
	const atomic_int_least64_t *until;
};
/* dir/name, name being "folder/file". E_DISK_FULL, E_IO, E_MEMORY, E_BUSY (given up). */
enum status files_write(const char *dir, const char *name, const void *bytes, size_t length,
			const struct files_watch *watch);
/* Reads exactly `length` bytes; returned owned. E_NOT_FOUND: there is no such file; E_CORRUPT: another length; E_IO,
 * E_MEMORY, E_BUSY. */
enum status files_read(const char *dir, const char *name, size_t length, const struct files_watch *watch, void **out);
void files_remove(const char *dir, const char *name);
/* Removes all files in dir/folder for which keep(context, "folder/file") is false. A missing folder is fine. */
void files_sweep(const char *dir, const char *folder, bool (*keep)(void *context, const char *name), void *context);

#endif
