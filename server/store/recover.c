/*
 * What store_open does about jobs that ran when the process died: one transaction, before any thread starts.
 *
 *   running, cancel pending            -> cancelled
 *   running, the last allowed crash    -> failed, with an error that says so
 *   running otherwise                  -> queued
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/internal.h"

static enum status fail_one(struct db *db, int64_t key, uint64_t step, int64_t now)
{
	char detail[160];
	struct text text;
	enum status status;
	snprintf(detail, sizeof detail, "The service died %d times while this job ran; it is not tried again.",
		 STORE_MAX_ATTEMPTS);
	text_init(&text);
	job_error_render("crashed", detail, step,
			 "Look at the service's log; a smaller job or more memory (--memory) may help.", &text);
	if (text_failed(&text)) {
		text_fini(&text);
		return E_MEMORY;
	}
	status = db_run_guarded(db,
				"UPDATE job SET status = 4, crashes = crashes + 1, stop_reason = 'error', error = ?2, "
				"finished_at = ?3, updated_at = ?3 WHERE key = ?1 AND status = 1",
				DB_VALUES(DB_INT(key), DB_TEXT(text.data), DB_INT(now)));
	text_fini(&text);
	return status;
}

static enum status fail_worn_out(struct db *db, int64_t now)
{
	enum status status;
	do {
		sqlite3_stmt *row;
		status = db_first(db, "SELECT key, step FROM job WHERE status = 1 AND crashes + 1 >= ?1 LIMIT 1",
				  DB_VALUES(DB_INT(STORE_MAX_ATTEMPTS)), &row);
		if (status == OK) {
			int64_t key = sqlite3_column_int64(row, 0);
			uint64_t step = (uint64_t)sqlite3_column_int64(row, 1);
			db_done(row);
			status = fail_one(db, key, step, now);
		}
	} while (status == OK);
	return status == E_NOT_FOUND ? OK : status;
}

static enum status requeue_all(struct db *db)
{
	int64_t now = clock_milliseconds();
	enum status status = db_run(db, "BEGIN IMMEDIATE", DB_NONE);
	if (status != OK) {
		return status;
	}
	status = db_run(
		db,
		"UPDATE job SET status = 5, cancel_pending = 0, crashes = crashes + 1, stop_reason = 'cancelled', "
		"finished_at = ?1, updated_at = ?1 WHERE status = 1 AND cancel_pending = 1",
		DB_VALUES(DB_INT(now)));
	if (status == OK) {
		status = fail_worn_out(db, now);
	}
	if (status == OK) {
		status =
			db_run(db, "UPDATE job SET status = 0, crashes = crashes + 1, updated_at = ?1 WHERE status = 1",
			       DB_VALUES(DB_INT(now)));
	}
	if (status == OK) {
		status = db_run(db, "COMMIT", DB_NONE);
	}
	if (status != OK && sqlite3_get_autocommit(db->handle) == 0) {
		(void)db_run(db, "ROLLBACK", DB_NONE);
	}
	return status;
}

/* Calls each(store, id) for every row of a query for ids. */
static enum status for_each_id(struct store *store, struct db *db, const char *sql,
			       enum status (*each)(struct store *store, const char *id))
{
	sqlite3_stmt *row;
	enum status status = db_first(db, sql, DB_NONE, &row);
	while (status == OK) {
		char id[ID_SIZE];
		db_copy_field(row, 0, id, sizeof id);
		status = each(store, id);
		if (status == OK) {
			status = db_next(db, row);
		}
	}
	db_done(row);
	return status == E_NOT_FOUND ? OK : status;
}

static enum status queue_id(struct store *store, const char *id)
{
	return waiting_follow(&store->waiting, id, JOB_QUEUED);
}

static enum status see_id(struct store *store, const char *id)
{
	ids_seen(&store->ids, id);
	return OK;
}

enum status store_recover(struct store *store, struct db *db, struct error *error)
{
	enum status status = requeue_all(db);
	if (status == OK) {
		status = for_each_id(store, db, "SELECT id FROM job WHERE status = 0 ORDER BY id", queue_id);
	}
	if (status == OK) {
		status =
			for_each_id(store, db, "SELECT max(id) FROM job UNION ALL SELECT max(id) FROM dataset", see_id);
	}
	if (status != OK) {
		error_set(error, status, "cannot recover the jobs of %s: %s", store->dir, db_message(db));
	}
	return status;
}
