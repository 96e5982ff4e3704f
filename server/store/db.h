/*
 * A thin layer over one SQLite connection: opening it as the store wants it, statements that are prepared once and
 * kept, typed binding, and the mapping of SQLite's codes to ours.
 *
 * Invariants
 *  1. A connection is used by one thread at a time (opened without SQLite's mutexes).
 *  2. Whoever got a row calls db_done before the next use of the same SQL text on that connection.
 *  3. Kept statements are found by the address of their SQL: pass string literals with static storage.
 * It knows no table.
 */
#ifndef SERVER_STORE_DB_H
#define SERVER_STORE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct db {
	sqlite3 *handle;
	struct db_kept *kept; /* prepared statements */
	size_t count, capacity;
};

enum db_role { DB_WRITER, DB_READER };

/* Opens (a writer: makes) the file. E_IO, E_DISK_FULL, E_CORRUPT (no database), E_MEMORY with a sentence. */
enum status db_open(struct db *db, const char *path, enum db_role role, struct error *error);
/* Fine for a zeroed one and one whose opening failed. */
void db_close(struct db *db);

/* The status of an SQLite result code on this connection. */
enum status db_status(const struct db *db, int code);
const char *db_message(const struct db *db);

/* What is bound to ?1, ?2, ...: an array that ends with DB_END. Texts and blobs are borrowed until db_done. */
enum db_kind { DB_KIND_END, DB_KIND_INT, DB_KIND_TEXT, DB_KIND_BLOB };
struct db_value {
	enum db_kind kind;
	int64_t integer;
	const void *bytes; /* NULL: the SQL NULL */
	size_t length;
};
#define DB_INT(value)          ((struct db_value){ DB_KIND_INT, (int64_t)(value), NULL, 0 })
#define DB_TEXT(value)         db_text_value(value)
#define DB_BLOB(value, length) ((struct db_value){ DB_KIND_BLOB, 0, (value), (length) })
#define DB_END                 ((struct db_value){ DB_KIND_END, 0, NULL, 0 })
#define DB_VALUES(...)         ((const struct db_value[]){ __VA_ARGS__, DB_END })
#define DB_NONE                ((const struct db_value[]){ DB_END })
struct db_value db_text_value(const char *text);

/* Runs a statement that answers no row. */
enum status db_run(struct db *db, const char *sql, const struct db_value *values);
/* The same, and E_CONFLICT when it changed no row: a guarded UPDATE. */
enum status db_run_guarded(struct db *db, const char *sql, const struct db_value *values);
/* First row: OK with *row (db_done it), else E_NOT_FOUND or a failure with *row NULL. */
enum status db_first(struct db *db, const char *sql, const struct db_value *values, sqlite3_stmt **row);
/* The same for SQL that was put together: prepared for this once; db_drop it. */
enum status db_first_once(struct db *db, const char *sql, const struct db_value *values, sqlite3_stmt **row);
/* OK: another row. E_NOT_FOUND: no more. */
enum status db_next(struct db *db, sqlite3_stmt *row);
void db_done(sqlite3_stmt *row); /* NULL is fine */
void db_drop(sqlite3_stmt *row); /* NULL is fine */
/* One integer of one row; E_NOT_FOUND: no row. */
enum status db_get_int(struct db *db, const char *sql, const struct db_value *values, int64_t *out);

/* Copies of a column, returned owned: NULL for the SQL NULL. False: out of memory. length may be NULL. */
bool db_copy_text(sqlite3_stmt *row, int column, char **out, size_t *length);
bool db_copy_blob(sqlite3_stmt *row, int column, void **out, size_t *length);
/* Into a field of fixed size ("" for NULL); cuts off what does not fit. */
void db_copy_field(sqlite3_stmt *row, int column, char *out, size_t size);

#endif
