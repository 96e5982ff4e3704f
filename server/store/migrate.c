#include "server/store/migrate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "api/version.h"
#include "server/store/files.h"

/* https://www.sqlite.org/fileformat.html, 1.3: offsets of the write and read version, which is 2 for WAL. */
enum { HEADER_SIZE = 100, HEADER_WRITE_VERSION = 18, HEADER_READ_VERSION = 19, HEADER_WAL = 2 };

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

static bool is_missing(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat info;
	int length = snprintf(path, sizeof path, "%s/%s", dir, name);
	return length > 0 && length < PATH_MAX && stat(path, &info) != 0 && errno == ENOENT;
}

enum status migrate_new(const char *dir, const char *name, const struct embedded_file *list, size_t count,
			struct error *error)
{
	struct db db;
	sqlite3_int64 size = 0;
	enum status status;
	if (!is_missing(dir, name)) {
		status = files_sync_folder(dir);
		return status == OK ? OK : error_set(error, status, "cannot make the folder %s durable", dir);
	}
	status = db_open(&db, ":memory:", DB_WRITER, error);
	if (status != OK) {
		return status;
	}
	status = migrate(&db, name, list, count, error);
	unsigned char *bytes = status == OK ? sqlite3_serialize(db.handle, "main", &size, 0) : NULL;
	if (bytes != NULL && size >= HEADER_SIZE) {
		bytes[HEADER_WRITE_VERSION] = HEADER_WAL;
		bytes[HEADER_READ_VERSION] = HEADER_WAL;
		status = files_write(dir, name, bytes, (size_t)size, NULL);
		if (status != OK) {
			error_set(error, status, "cannot write %s/%s: %s", dir, name, status_text(status));
		}
	} else if (status == OK) {
		status = error_set(error, E_MEMORY, "not enough memory to make the database");
	}
	sqlite3_free(bytes);
	db_close(&db);
	return status;
}
