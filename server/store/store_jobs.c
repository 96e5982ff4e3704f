/* The store's verbs for jobs, but for lists and for what workers do. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/internal.h"

enum status job_record_read(struct store *store, sqlite3_stmt *row, int card_column, struct job_record *out)
{
	bool fine;
	memset(out, 0, sizeof *out);
	db_copy_field(row, 0, out->id, sizeof out->id);
	out->status = (enum job_status)sqlite3_column_int(row, 2);
	out->cancel_pending = sqlite3_column_int(row, 3) != 0;
	out->created_at = sqlite3_column_int64(row, 5);
	out->updated_at = sqlite3_column_int64(row, 6);
	out->started_at = sqlite3_column_int64(row, 7);
	out->finished_at = sqlite3_column_int64(row, 8);
	out->attempt = (uint64_t)sqlite3_column_int64(row, 9);
	out->step = (uint64_t)sqlite3_column_int64(row, 10);
	db_copy_field(row, 11, out->dataset_id, sizeof out->dataset_id);
	db_copy_field(row, 15, out->validation_id, sizeof out->validation_id);
	fine = db_copy_text(row, 1, &out->name, NULL) && db_copy_text(row, 4, &out->stop_reason, NULL) &&
	       db_copy_text(row, 12, &out->error, NULL) && db_copy_text(row, 13, &out->report, NULL) &&
	       db_copy_text(row, 14, &out->spec, &out->spec_length) &&
	       (card_column < 0 || db_copy_text(row, card_column, &out->card, NULL));
	if (!fine) {
		job_record_fini(out);
		memset(out, 0, sizeof *out);
		return E_MEMORY;
	}
	if (out->status == JOB_QUEUED) {
		out->queue_position = waiting_place(&store->waiting, out->id);
	}
	return OK;
}

enum status job_head_find(struct db *db, const char *id, struct job_head *out)
{
	sqlite3_stmt *row;
	enum status status = db_first(db,
				      "SELECT key, status, cancel_pending, attempt, points_total, last_point "
				      "FROM job WHERE id = ?1",
				      DB_VALUES(DB_TEXT(id)), &row);
	if (status == OK) {
		out->key = sqlite3_column_int64(row, 0);
		out->status = (enum job_status)sqlite3_column_int(row, 1);
		out->cancel_pending = sqlite3_column_int(row, 2) != 0;
		out->attempt = (uint64_t)sqlite3_column_int64(row, 3);
		out->points_total = sqlite3_column_int64(row, 4);
		out->last_point = sqlite3_column_int64(row, 5);
		db_done(row);
	}
	return status;
}

enum status job_head_owned(struct db *db, const char *id, uint64_t attempt, struct job_head *out)
{
	enum status status = job_head_find(db, id, out);
	if (status == OK && (out->status != JOB_RUNNING || out->attempt != attempt)) {
		status = E_CONFLICT;
	}
	return status;
}

/* --- add --- */

struct add_job {
	struct request request;
	const struct new_job *job;
	uint64_t max_queue;
	struct text info; /* of the inline dataset */
	struct snapshot initial;
	struct released released; /* stays empty: the job is new */
};

/* E_NOT_FOUND: the dataset that a job names has gone. */
static enum status check_dataset(struct db *db, const char *id)
{
	int64_t one;
	if (id == NULL || id[0] == '\0') {
		return OK;
	}
	return db_get_int(db, "SELECT 1 FROM dataset WHERE id = ?1", DB_VALUES(DB_TEXT(id)), &one);
}

static const char *word_or_null(const char *word)
{
	return word != NULL && word[0] != '\0' ? word : NULL;
}

static enum status insert_job(struct transaction *transaction, struct add_job *add)
{
	const struct new_job *job = add->job;
	int64_t key = 0;
	const struct db_value spec = { DB_KIND_TEXT, 0, job->spec, job->spec_length };
	enum status status =
		db_run(transaction->db,
		       "INSERT INTO job (id, status, created_at, updated_at, name, model, optimizer, dataset_id, "
		       "validation_id, report, memory_bytes) VALUES (?1, 0, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		       DB_VALUES(DB_TEXT(job->id), DB_INT(transaction->now), DB_TEXT(job->name), DB_TEXT(job->model),
				 DB_TEXT(job->optimizer), DB_TEXT(word_or_null(job->dataset_id)),
				 DB_TEXT(word_or_null(job->validation_id)), DB_TEXT(job->report),
				 DB_INT(job->memory_bytes < INT64_MAX ? job->memory_bytes : INT64_MAX)));
	if (status == OK) {
		key = sqlite3_last_insert_rowid(transaction->db->handle);
		status = db_run(transaction->db, "INSERT INTO job_text (job, spec) VALUES (?1, ?2)",
				DB_VALUES(DB_INT(key), spec));
	}
	if (status == OK) {
		status = snapshot_put(transaction->db, key, -1, &add->initial, &add->released);
	}
	return status;
}

static enum status run_add(struct transaction *transaction, struct request *request)
{
	struct add_job *add = (struct add_job *)request;
	const struct new_job *job = add->job;
	int64_t queued = 0;
	enum status status =
		db_get_int(transaction->db, "SELECT jobs FROM job_count WHERE status = 0", DB_NONE, &queued);
	if (status == OK && (uint64_t)queued >= add->max_queue) {
		return E_FULL;
	}
	if (status == OK && job->inline_dataset != NULL) {
		status = dataset_insert(transaction->db, job->inline_dataset, add->info.data, add->info.length,
					&job->inline_content);
	}
	if (status == OK) {
		status = check_dataset(transaction->db, job->dataset_id);
	}
	if (status == OK) {
		status = check_dataset(transaction->db, job->validation_id);
	}
	if (status == OK) {
		status = insert_job(transaction, add);
	}
	if (status == OK) {
		transaction_changed(transaction, job->id, JOB_QUEUED);
	}
	return status;
}

enum status store_add_job(struct store *store, const struct new_job *job, uint64_t max_queue, struct error *error)
{
	struct add_job add = {
		.request.run = run_add,
		.job = job,
		.max_queue = max_queue,
		.initial = { .kind = SNAPSHOT_INITIAL,
			     .step = job->initial.step,
			     .bytes = job->initial.values,
			     .length = job->initial.length },
	};
	enum status status = E_MEMORY;
	text_init(&add.info);
	if (job->inline_dataset != NULL) {
		dataset_info_save(job->inline_dataset, &add.info);
	}
	if (!text_failed(&add.info)) {
		status = snapshot_stage(store, &add.initial);
	}
	if (status == OK) {
		status = writer_submit(&store->writer, &add.request);
		if (status != OK) {
			snapshot_unstage(store, &add.initial);
		}
	}
	text_fini(&add.info);
	if (status == E_FULL) {
		error_set(error, status, "%llu jobs are queued already; try again later",
			  (unsigned long long)max_queue);
	} else if (status == E_NOT_FOUND) {
		error_set(error, status, "a dataset that the job names has gone");
	} else if (status != OK) {
		error_set(error, status, "the job could not be stored: %s", status_text(status));
	}
	return status;
}

/* --- read --- */

enum status store_get_job(struct store *store, const char *id, struct job_record *out)
{
	struct db *db;
	sqlite3_stmt *row;
	enum status status = readers_take(&store->readers, &db);
	if (status != OK) {
		memset(out, 0, sizeof *out);
		return status;
	}
	status = db_first(db, "SELECT " JOB_COLUMNS ", job_text.card FROM " JOB_TABLES " WHERE job.id = ?1",
			  DB_VALUES(DB_TEXT(id)), &row);
	if (status == OK) {
		status = job_record_read(store, row, JOB_COLUMN_COUNT, out);
		db_done(row);
	} else {
		memset(out, 0, sizeof *out);
	}
	readers_give(&store->readers, db);
	return status;
}

enum status store_count_jobs(struct store *store, uint64_t counts[JOB_STATUS_COUNT])
{
	struct db *db;
	sqlite3_stmt *row;
	enum status status = readers_take(&store->readers, &db);
	memset(counts, 0, JOB_STATUS_COUNT * sizeof *counts);
	if (status != OK) {
		return status;
	}
	status = db_first(db, "SELECT status, jobs FROM job_count", DB_NONE, &row);
	for (; status == OK; status = db_next(db, row)) {
		int64_t at = sqlite3_column_int64(row, 0);
		if (at >= 0 && at < JOB_STATUS_COUNT) {
			counts[at] = (uint64_t)sqlite3_column_int64(row, 1);
		}
	}
	db_done(row);
	readers_give(&store->readers, db);
	return status == E_NOT_FOUND ? OK : status;
}

/* --- cancel --- */

struct cancel_job {
	struct request request;
	const char *id;
	enum job_status now;
	struct released released;
};

static enum status run_cancel(struct transaction *transaction, struct request *request)
{
	struct cancel_job *cancel = (struct cancel_job *)request;
	struct job_head head;
	enum status status = job_head_find(transaction->db, cancel->id, &head);
	if (status != OK) {
		return status;
	}
	cancel->now = head.status;
	if (head.status == JOB_CANCELLED || (head.status == JOB_RUNNING && head.cancel_pending)) {
		return OK;
	}
	if (head.status == JOB_RUNNING) {
		status = db_run_guarded(
			transaction->db,
			"UPDATE job SET cancel_pending = 1, updated_at = ?2 WHERE key = ?1 AND status = 1",
			DB_VALUES(DB_INT(head.key), DB_INT(transaction->now)));
	} else if (job_may_become(head.status, JOB_CANCELLED)) {
		status = db_run_guarded(transaction->db,
					"UPDATE job SET status = 5, stop_reason = 'cancelled', updated_at = ?2, "
					"finished_at = ?2 WHERE key = ?1 AND status IN (0, 2)",
					DB_VALUES(DB_INT(head.key), DB_INT(transaction->now)));
		if (status == OK) {
			status = snapshot_drop(transaction->db, head.key, SNAPSHOTS_TO_GO_ON, &cancel->released);
		}
		cancel->now = JOB_CANCELLED;
	} else {
		return E_CONFLICT;
	}
	if (status == OK) {
		transaction_changed(transaction, cancel->id, cancel->now);
	}
	return status;
}

enum status store_cancel_job(struct store *store, const char *id, enum job_status *now)
{
	struct cancel_job cancel = { .request.run = run_cancel, .id = id };
	enum status status = writer_submit(&store->writer, &cancel.request);
	if (status == OK) {
		released_remove(store, &cancel.released);
	}
	*now = cancel.now;
	return status;
}

/* --- delete --- */

struct delete_job {
	struct request request;
	const char *id;
	struct released released;
	struct {
		bool unused;
		char sha256[65];
	} content[2]; /* of its dataset and its validation set */
};

static enum status run_delete(struct transaction *transaction, struct request *request)
{
	struct delete_job *gone = (struct delete_job *)request;
	struct db *db = transaction->db;
	struct job_head head;
	char dataset[2][ID_SIZE];
	sqlite3_stmt *row;
	enum status status = job_head_find(db, gone->id, &head);
	if (status != OK || head.status == JOB_RUNNING) {
		return status != OK ? status : E_CONFLICT;
	}
	status = db_first(db, "SELECT dataset_id, validation_id FROM job WHERE key = ?1", DB_VALUES(DB_INT(head.key)),
			  &row);
	if (status != OK) {
		return status;
	}
	db_copy_field(row, 0, dataset[0], ID_SIZE);
	db_copy_field(row, 1, dataset[1], ID_SIZE);
	db_done(row);
	status = snapshot_drop(db, head.key, (1u << SNAPSHOT_KINDS) - 1, &gone->released);
	if (status == OK) {
		status = db_run_guarded(db, "DELETE FROM job WHERE key = ?1 AND status <> 1",
					DB_VALUES(DB_INT(head.key)));
	}
	for (size_t i = 0; i < 2 && status == OK; i++) {
		status = dataset_drop_unused(db, dataset[i], &gone->content[i].unused, gone->content[i].sha256);
	}
	if (status == OK) {
		transaction_changed(transaction, gone->id, JOB_STATUS_COUNT);
	}
	return status;
}

enum status store_delete_job(struct store *store, const char *id)
{
	struct delete_job gone = { .request.run = run_delete, .id = id };
	enum status status = writer_submit(&store->writer, &gone.request);
	store_content_watcher *watcher;
	void *context;
	if (status != OK) {
		return status;
	}
	released_remove(store, &gone.released);
	pthread_mutex_lock(&store->mutex);
	watcher = store->content_watcher;
	context = store->content_context;
	pthread_mutex_unlock(&store->mutex);
	for (size_t i = 0; i < 2 && watcher != NULL; i++) {
		if (gone.content[i].unused) {
			watcher(context, gone.content[i].sha256);
		}
	}
	return OK;
}
