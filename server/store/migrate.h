/*
 * The schema's versions: numbered SQL files, each applied in one transaction together with user_version.
 *
 * Invariants
 *  1. user_version is the number of migrations applied; it changes in the transaction that applies one.
 *  2. A file of a higher version, or one that is not ours (application_id), is refused untouched.
 */
#ifndef SERVER_STORE_MIGRATE_H
#define SERVER_STORE_MIGRATE_H

#include "server/embedded.h"
#include "server/store/db.h"

enum { STORE_APPLICATION_ID = 0x64736374 }; /* "dsct" */

/* Applies what is missing of list[0..count). `path` is for sentences only. E_NEWER: the file is of a later version;
 * E_INVALID: not a descentd database; E_CORRUPT: a migration failed; E_DISK_FULL, E_IO. */
enum status migrate(struct db *db, const char *path, const struct embedded_file *list, size_t count,
		    struct error *error);

/* Makes the database dir/name with all of list[0..count) applied, where there is no such file: in memory, then written
 * as a whole, so that a start waits for the disk twice and not nine times, and that a power cut leaves nothing
 * half-made. Its journal mode is WAL. On OK the file is in the folder durably, whoever made it. Errors as migrate. */
enum status migrate_new(const char *dir, const char *name, const struct embedded_file *list, size_t count,
			struct error *error);

#endif
