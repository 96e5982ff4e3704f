#include "server/store/db.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct db_kept {
	const char *sql;
	sqlite3_stmt *statement;
};

/* Without memory statistics SQLite takes no process-wide mutex for every allocation. */
static void configure_once(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum status set_up(struct db *db, enum db_role role)
{
	/* secure_delete: Debian builds SQLite with it on, which would write every freed page of a curve again. */
	static const char common[] =
		"PRAGMA busy_timeout = 10000; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = OFF;"
		"PRAGMA trusted_schema = OFF;";
	/* synchronous = FULL: in WAL mode NORMAL loses commits that were answered when the power goes.
	 * journal_size_limit: a burst of weights must not leave a WAL of its size behind for ever. */
	static const char writer[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
				     "PRAGMA journal_size_limit = 67108864;";
	/* mmap_size: readers look at pages of the file where they lie, without a system call and a copy for each (a
	 * curve of a million points in 40 ms rather than 67). A disk that fails to read a page then ends the process.
	 */
	static const char reader[] = "PRAGMA query_only = ON; PRAGMA mmap_size = 1073741824;";
	int code = sqlite3_exec(db->handle, common, NULL, NULL, NULL);
	if (code == SQLITE_OK) {
		code = sqlite3_exec(db->handle, role == DB_WRITER ? writer : reader, NULL, NULL, NULL);
	}
	return db_status(db, code);
}

enum status db_open(struct db *db, const char *path, enum db_role role, struct error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (role == DB_WRITER ? SQLITE_OPEN_CREATE : 0);
	enum status status;
	int code;
	memset(db, 0, sizeof *db);
	pthread_once(&once, configure_once);
	errno = 0;
	code = sqlite3_open_v2(path, &db->handle, flags, NULL);
	if (db->handle != NULL) {
		sqlite3_extended_result_codes(db->handle, 1);
	}
	status = code == SQLITE_OK ? set_up(db, role) : db_status(db, code);
	if (status != OK) {
		error_set(error, status, "cannot open the database %s: %s", path, db_message(db));
		db_close(db);
	}
	return status;
}

void db_close(struct db *db)
{
	for (size_t i = 0; i < db->count; i++) {
		sqlite3_finalize(db->kept[i].statement);
	}
	free(db->kept);
	sqlite3_close(db->handle);
	memset(db, 0, sizeof *db);
}

static bool is_no_space(int reason)
{
	return reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
}

enum status db_status(const struct db *db, int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return OK;
	case SQLITE_FULL:
		return E_DISK_FULL;
	case SQLITE_NOMEM:
		return E_MEMORY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* our SQL does not fit the file's schema */
		return E_CORRUPT;
	case SQLITE_TOOBIG:
		return E_TOO_LARGE;
	case SQLITE_CONSTRAINT:
		return E_CONFLICT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return E_BUSY;
	default:
		/* A COMMIT that cannot write leaves the reason in errno only (db_next clears it before). */
		return is_no_space(errno) || is_no_space(sqlite3_system_errno(db->handle)) ? E_DISK_FULL : E_IO;
	}
}

const char *db_message(const struct db *db)
{
	return db->handle != NULL ? sqlite3_errmsg(db->handle) : "out of memory";
}

struct db_value db_text_value(const char *text)
{
	struct db_value value = { DB_KIND_TEXT, 0, text, text != NULL ? strlen(text) : 0 };
	return value;
}

static enum status bind_all(struct db *db, sqlite3_stmt *statement, const struct db_value *values)
{
	int code = SQLITE_OK;
	for (int i = 0; values[i].kind != DB_KIND_END && code == SQLITE_OK; i++) {
		const struct db_value *value = &values[i];
		if (value->kind == DB_KIND_INT) {
			code = sqlite3_bind_int64(statement, i + 1, value->integer);
		} else if (value->bytes == NULL) {
			code = sqlite3_bind_null(statement, i + 1);
		} else if (value->kind == DB_KIND_TEXT) {
			code = sqlite3_bind_text64(statement, i + 1, value->bytes, value->length, SQLITE_STATIC,
						   SQLITE_UTF8);
		} else {
			code = sqlite3_bind_blob64(statement, i + 1, value->bytes, value->length, SQLITE_STATIC);
		}
	}
	return db_status(db, code);
}

static enum status keep(struct db *db, const char *sql, sqlite3_stmt **out)
{
	int code;
	for (size_t i = 0; i < db->count; i++) {
		if (db->kept[i].sql == sql) {
			*out = db->kept[i].statement;
			return OK;
		}
	}
	if (db->count == db->capacity) {
		size_t capacity = db->capacity != 0 ? 2 * db->capacity : 32;
		struct db_kept *grown = realloc(db->kept, capacity * sizeof *grown);
		if (grown == NULL) {
			return E_MEMORY;
		}
		db->kept = grown;
		db->capacity = capacity;
	}
	code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
	if (code == SQLITE_OK) {
		db->kept[db->count++] = (struct db_kept){ sql, *out };
	}
	return db_status(db, code);
}

enum status db_next(struct db *db, sqlite3_stmt *row)
{
	int code;
	errno = 0;
	code = sqlite3_step(row);
	if (code == SQLITE_DONE) {
		return E_NOT_FOUND;
	}
	return code == SQLITE_ROW ? OK : db_status(db, code);
}

enum status db_first(struct db *db, const char *sql, const struct db_value *values, sqlite3_stmt **row)
{
	enum status status = keep(db, sql, row);
	if (status == OK) {
		status = bind_all(db, *row, values);
		if (status == OK) {
			status = db_next(db, *row);
		}
		if (status != OK) {
			db_done(*row);
		}
	}
	if (status != OK) {
		*row = NULL;
	}
	return status;
}

enum status db_first_once(struct db *db, const char *sql, const struct db_value *values, sqlite3_stmt **row)
{
	enum status status = db_status(db, sqlite3_prepare_v2(db->handle, sql, -1, row, NULL));
	if (status == OK) {
		status = bind_all(db, *row, values);
	}
	if (status == OK) {
		status = db_next(db, *row);
	}
	if (status != OK) {
		db_drop(*row);
		*row = NULL;
	}
	return status;
}

enum status db_run(struct db *db, const char *sql, const struct db_value *values)
{
	sqlite3_stmt *row;
	enum status status = db_first(db, sql, values, &row);
	db_done(row);
	return status == E_NOT_FOUND ? OK : status;
}

enum status db_run_guarded(struct db *db, const char *sql, const struct db_value *values)
{
	enum status status = db_run(db, sql, values);
	if (status == OK && sqlite3_changes(db->handle) == 0) {
		status = E_CONFLICT;
	}
	return status;
}

void db_done(sqlite3_stmt *row)
{
	if (row != NULL) {
		sqlite3_reset(row);
		sqlite3_clear_bindings(row);
	}
}

void db_drop(sqlite3_stmt *row)
{
	sqlite3_finalize(row);
}

enum status db_get_int(struct db *db, const char *sql, const struct db_value *values, int64_t *out)
{
	sqlite3_stmt *row;
	enum status status = db_first(db, sql, values, &row);
	if (status == OK) {
		*out = sqlite3_column_int64(row, 0);
	}
	db_done(row);
	return status;
}

static bool copy(const void *bytes, size_t size, bool is_null, void **out, size_t *length)
{
	char *copied = NULL;
	if (!is_null) {
		copied = malloc(size + 1);
		if (copied == NULL) {
			return false;
		}
		if (size != 0) {
			memcpy(copied, bytes, size);
		}
		copied[size] = '\0';
	}
	*out = copied;
	if (length != NULL) {
		*length = size;
	}
	return true;
}

bool db_copy_text(sqlite3_stmt *row, int column, char **out, size_t *length)
{
	bool is_null = sqlite3_column_type(row, column) == SQLITE_NULL;
	const void *bytes = sqlite3_column_text(row, column);
	void *copied = NULL;
	bool fine = (is_null || bytes != NULL) &&
		    copy(bytes, (size_t)sqlite3_column_bytes(row, column), is_null, &copied, length);
	*out = copied;
	return fine;
}

bool db_copy_blob(sqlite3_stmt *row, int column, void **out, size_t *length)
{
	bool is_null = sqlite3_column_type(row, column) == SQLITE_NULL;
	const void *bytes = sqlite3_column_blob(row, column);
	size_t size = (size_t)sqlite3_column_bytes(row, column);
	*out = NULL;
	return (bytes != NULL || is_null || size == 0) && copy(bytes, size, is_null, out, length);
}

void db_copy_field(sqlite3_stmt *row, int column, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(row, column);
	size_t length = text != NULL ? strlen(text) : 0;
	if (length >= size) {
		length = size - 1;
	}
	if (length != 0) {
		memcpy(out, text, length);
	}
	out[length] = '\0';
}
