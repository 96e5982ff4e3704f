/*
 * The verbs by which a worker takes a job and lets it go: claim, restart, requeue, finish.
 * Ownership is (job id, attempt): every write but the claim looks at both, in its transaction.
 */
#include <stdlib.h>
#include <string.h>

#include "server/store/internal.h"
#include "server/store/losses.h"

/* --- claim --- */

struct claim_job {
	struct request request;
	struct store *store;
	uint64_t max_memory;
	struct job_record *out;
	uint64_t memory_bytes;
};

/* Points that the checkpoint does not know will be made again. Both bounds: the step that the state has reached, and
 * the last point that was stored with it. */
static enum status cut_to_checkpoint(struct db *db, struct job_head *head)
{
	int64_t last = -1;
	enum status status = db_get_int(db, "SELECT min(step, last_point) FROM snapshot WHERE job = ?1 AND kind = 0",
					DB_VALUES(DB_INT(head->key)), &last);
	return status == OK || status == E_NOT_FOUND ? curve_cut(db, head, last) : status;
}

static enum status take(struct transaction *transaction, struct job_head *head)
{
	enum status status = cut_to_checkpoint(transaction->db, head);
	if (status == OK) {
		status = db_run_guarded(transaction->db,
					"UPDATE job SET status = 1, attempt = attempt + 1, updated_at = ?2, "
					"started_at = iif(started_at = 0, ?2, started_at), points_total = ?3, "
					"last_point = ?4 WHERE key = ?1 AND status = 0",
					DB_VALUES(DB_INT(head->key), DB_INT(transaction->now),
						  DB_INT(head->points_total), DB_INT(head->last_point)));
	}
	return status;
}

static enum status run_claim(struct transaction *transaction, struct request *request)
{
	struct claim_job *claim = (struct claim_job *)request;
	struct db *db = transaction->db;
	struct job_head head;
	sqlite3_stmt *row;
	char id[ID_SIZE];
	enum status status =
		db_first(db, "SELECT id, memory_bytes FROM job WHERE status = 0 ORDER BY id LIMIT 1", DB_NONE, &row);
	if (status != OK) {
		return status;
	}
	db_copy_field(row, 0, id, sizeof id);
	claim->memory_bytes = (uint64_t)sqlite3_column_int64(row, 1);
	db_done(row);
	status = claim->memory_bytes > claim->max_memory ? E_BUSY : job_head_find(db, id, &head);
	if (status == OK) {
		status = take(transaction, &head);
	}
	if (status == OK) {
		status = db_first(db, "SELECT " JOB_COLUMNS ", job_text.card FROM " JOB_TABLES " WHERE job.key = ?1",
				  DB_VALUES(DB_INT(head.key)), &row);
	}
	if (status == OK) {
		status = job_record_read(claim->store, row, JOB_COLUMN_COUNT, claim->out);
		db_done(row);
	}
	if (status == OK) {
		transaction_changed(transaction, id, JOB_RUNNING);
		losses_forget(claim->store, id);
	}
	return status;
}

enum status store_claim_job(struct store *store, uint64_t max_memory, struct job_record *out, uint64_t *memory_bytes)
{
	struct claim_job claim = {
		.request = { .run = run_claim, .passing = true },
		.store = store,
		.max_memory = max_memory,
		.out = out,
	};
	enum status status;
	memset(out, 0, sizeof *out);
	*memory_bytes = 0;
	if (waiting_empty(&store->waiting)) {
		return E_NOT_FOUND; /* idle workers that look do not trouble the writer */
	}
	status = writer_submit(&store->writer, &claim.request);
	*memory_bytes = claim.memory_bytes;
	if (status != OK) {
		job_record_fini(out);
		memset(out, 0, sizeof *out);
	}
	return status;
}

/* --- restart and requeue --- */

struct owned_job {
	struct request request;
	const char *id;
	uint64_t attempt;
	struct released released;
};

static enum status run_restart(struct transaction *transaction, struct request *request)
{
	struct owned_job *owned = (struct owned_job *)request;
	struct db *db = transaction->db;
	struct job_head head;
	enum status status = job_head_owned(db, owned->id, owned->attempt, &head);
	if (status == OK) {
		status = curve_cut(db, &head, -1);
	}
	if (status == OK) {
		status = snapshot_drop(db, head.key, 1u << SNAPSHOT_STATE | 1u << SNAPSHOT_LAST | 1u << SNAPSHOT_BEST,
				       &owned->released);
	}
	if (status == OK) {
		status = db_run_guarded(db,
					"UPDATE job SET step = 0, points_total = ?3, last_point = ?4, updated_at = ?2 "
					"WHERE key = ?1 AND status = 1",
					DB_VALUES(DB_INT(head.key), DB_INT(transaction->now), DB_INT(head.points_total),
						  DB_INT(head.last_point)));
	}
	if (status == OK) {
		transaction_changed(transaction, owned->id, JOB_RUNNING);
	}
	return status;
}

enum status store_restart_job(struct store *store, const char *id, uint64_t attempt)
{
	struct owned_job owned = { .request.run = run_restart, .id = id, .attempt = attempt };
	enum status status = writer_submit(&store->writer, &owned.request);
	if (status == OK) {
		released_remove(store, &owned.released);
		losses_forget(store, id);
	}
	return status;
}

static enum status run_requeue(struct transaction *transaction, struct request *request)
{
	struct owned_job *owned = (struct owned_job *)request;
	struct db *db = transaction->db;
	struct job_head head;
	enum status status = job_head_owned(db, owned->id, owned->attempt, &head);
	if (status != OK) {
		return status;
	}
	if (head.cancel_pending) {
		status = snapshot_drop(db, head.key, SNAPSHOTS_TO_GO_ON, &owned->released);
		if (status == OK) {
			status = db_run_guarded(
				db,
				"UPDATE job SET status = 5, cancel_pending = 0, stop_reason = 'cancelled', "
				"finished_at = ?2, updated_at = ?2 WHERE key = ?1 AND status = 1",
				DB_VALUES(DB_INT(head.key), DB_INT(transaction->now)));
		}
	} else {
		status = db_run_guarded(db, "UPDATE job SET status = 0, updated_at = ?2 WHERE key = ?1 AND status = 1",
					DB_VALUES(DB_INT(head.key), DB_INT(transaction->now)));
	}
	if (status == OK) {
		transaction_changed(transaction, owned->id, head.cancel_pending ? JOB_CANCELLED : JOB_QUEUED);
	}
	return status;
}

enum status store_requeue_job(struct store *store, const char *id, uint64_t attempt)
{
	struct owned_job owned = { .request.run = run_requeue, .id = id, .attempt = attempt };
	enum status status = writer_submit(&store->writer, &owned.request);
	if (status == OK) {
		released_remove(store, &owned.released);
	}
	return status;
}

/* --- finish --- */

struct finish_job {
	struct request request;
	struct store *store;
	const char *id;
	uint64_t attempt;
	const struct job_ending *ending;
	struct snapshot last, best, averaged;
	struct released released;
};

static enum status end_job(struct transaction *transaction, const struct job_head *head,
			   const struct job_ending *ending)
{
	enum status status = db_run_guarded(
		transaction->db,
		"UPDATE job SET status = ?2, stop_reason = ?3, error = ?4, report = coalesce(?5, report), step = ?6, "
		"points_total = ?7, last_point = ?8, finished_at = ?9, updated_at = ?9, cancel_pending = 0 "
		"WHERE key = ?1 AND status = 1",
		DB_VALUES(DB_INT(head->key), DB_INT(ending->status), DB_TEXT(ending->stop_reason),
			  DB_TEXT(ending->error), DB_TEXT(ending->report), DB_INT(ending->step),
			  DB_INT(head->points_total), DB_INT(head->last_point), DB_INT(transaction->now)));
	if (status == OK && ending->card != NULL) {
		status = db_run(transaction->db, "UPDATE job_text SET card = ?2 WHERE job = ?1 AND card IS NULL",
				DB_VALUES(DB_INT(head->key), DB_TEXT(ending->card)));
	}
	return status;
}

static enum status run_finish(struct transaction *transaction, struct request *request)
{
	struct finish_job *finish = (struct finish_job *)request;
	struct db *db = transaction->db;
	struct job_head head;
	enum status status = job_head_owned(db, finish->id, finish->attempt, &head);
	if (status == OK && finish->ending->status == JOB_SUCCEEDED) {
		status = losses_find(finish->store, finish->id, finish->attempt);
	}
	if (status == OK) {
		status = curve_append(db, &head, &finish->ending->chunk);
	}
	if (status == OK) {
		status = snapshot_drop(db, head.key, SNAPSHOTS_TO_GO_ON, &finish->released);
	}
	if (status == OK) {
		status = snapshot_put(db, head.key, -1, &finish->last, &finish->released);
	}
	if (status == OK) {
		status = snapshot_put(db, head.key, -1, &finish->best, &finish->released);
	}
	if (status == OK) {
		status = snapshot_put(db, head.key, -1, &finish->averaged, &finish->released);
	}
	if (status == OK) {
		status = end_job(transaction, &head, finish->ending);
	}
	if (status == OK) {
		transaction_changed(transaction, finish->id, finish->ending->status);
	}
	return status;
}

enum status store_finish_job(struct store *store, const char *id, uint64_t attempt, const struct job_ending *ending)
{
	struct finish_job finish = {
		.request.run = run_finish,
		.store = store,
		.id = id,
		.attempt = attempt,
		.ending = ending,
		.last = { .kind = SNAPSHOT_LAST,
			  .step = ending->last.step,
			  .bytes = ending->last.values,
			  .length = ending->last.length },
		.best = { .kind = SNAPSHOT_BEST,
			  .step = ending->best.step,
			  .bytes = ending->best.values,
			  .length = ending->best.length },
		.averaged = { .kind = SNAPSHOT_AVERAGED,
			      .step = ending->averaged.step,
			      .bytes = ending->averaged.values,
			      .length = ending->averaged.length },
	};
	enum status status = curve_check(&ending->chunk);
	if (status != OK || !job_status_ended(ending->status) || ending->step > INT64_MAX) {
		return E_INVALID;
	}
	status = snapshot_stage(store, &finish.last);
	if (status == OK) {
		status = snapshot_stage(store, &finish.best);
	}
	if (status == OK) {
		status = snapshot_stage(store, &finish.averaged);
	}
	if (status == OK) {
		status = writer_submit(&store->writer, &finish.request);
	}
	if (status == OK) {
		released_remove(store, &finish.released);
		losses_forget(store, id);
	} else {
		snapshot_unstage(store, &finish.last);
		snapshot_unstage(store, &finish.best);
		snapshot_unstage(store, &finish.averaged);
	}
	return status;
}
