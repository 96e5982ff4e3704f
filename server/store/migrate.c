#include "server/store/migrate.h"

#include <stdio.h>

#include "api/version.h"

static enum status execute(struct db *db, const char *sql)
{
	return db_status(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

static enum status apply(struct db *db, const struct embedded_file *migration, size_t version)
{
	char stamp[128];
	enum status status = execute(db, "BEGIN IMMEDIATE");
	if (status != OK) {
		return status;
	}
	status = execute(db, migration->data);
	if (status == OK) {
		snprintf(stamp, sizeof stamp, "PRAGMA application_id = %d; PRAGMA user_version = %zu; COMMIT",
			 STORE_APPLICATION_ID, version);
		status = execute(db, stamp);
	}
	return status;
}

/* Is this file ours, or empty? */
static enum status recognise(struct db *db, const char *path, int64_t *version, struct error *error)
{
	int64_t application = 0, tables = 0;
	enum status status = db_get_int(db, "PRAGMA application_id", DB_NONE, &application);
	if (status == OK) {
		status = db_get_int(db, "PRAGMA user_version", DB_NONE, version);
	}
	if (status == OK) {
		status = db_get_int(db, "SELECT count(*) FROM sqlite_schema", DB_NONE, &tables);
	}
	if (status != OK) {
		return error_set(error, status, "cannot read the database %s: %s", path, db_message(db));
	}
	if (application != STORE_APPLICATION_ID && (application != 0 || *version != 0 || tables != 0)) {
		return error_set(error, E_INVALID,
				 "%s is not a database of descentd (application_id %lld); choose another data folder",
				 path, (long long)application);
	}
	return OK;
}

enum status migrate(struct db *db, const char *path, const struct embedded_file *list, size_t count,
		    struct error *error)
{
	int64_t version = 0;
	enum status status = recognise(db, path, &version, error);
	if (status != OK) {
		return status;
	}
	if (version < 0 || (uint64_t)version > count) {
		return error_set(
			error, E_NEWER,
			"%s has schema version %lld, made by a newer descentd; this one (%s) knows versions up "
			"to %zu: start the newer program, or choose another data folder",
			path, (long long)version, DESCENT_VERSION, count);
	}
	for (size_t i = (size_t)version; i < count; i++) {
		status = apply(db, &list[i], i + 1);
		if (status != OK) {
			/* Not the disk's fault: then what lies in the file is not what the versions before made. */
			status = status == E_IO || status == E_DISK_FULL || status == E_MEMORY ? status : E_CORRUPT;
			error_set(error, status, "migration %s of %s failed: %s", list[i].name, path, db_message(db));
			if (sqlite3_get_autocommit(db->handle) == 0) {
				sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
			}
			return status;
		}
	}
	return OK;
}
