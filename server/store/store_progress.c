/*
 * What a worker hands over while a job runs: points (posted, not waited for) and checkpoints (durable), and the way
 * back from a checkpoint.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"
#include "server/store/internal.h"
#include "server/store/losses.h"

/* Report and curve of a running job, as they now are. */
static enum status update_report(struct transaction *transaction, const struct job_head *head, const char *report,
				 uint64_t step)
{
	return db_run_guarded(
		transaction->db,
		"UPDATE job SET report = coalesce(?2, report), step = ?3, points_total = ?4, last_point = ?5, "
		"updated_at = ?6 WHERE key = ?1 AND status = 1",
		DB_VALUES(DB_INT(head->key), DB_TEXT(report), DB_INT(step), DB_INT(head->points_total),
			  DB_INT(head->last_point), DB_INT(transaction->now)));
}

/* --- append --- */

/* One block on the heap: this, then copies of what it points to. */
struct append_points {
	struct request request;
	struct store *store;
	char id[ID_SIZE];
	uint64_t attempt;
	uint64_t step;
	struct points_chunk chunk;
	const char *report, *card;
};

static enum status run_append(struct transaction *transaction, struct request *request)
{
	const struct append_points *append = (const struct append_points *)request;
	struct job_head head;
	enum status status = job_head_owned(transaction->db, append->id, append->attempt, &head);
	if (status == OK) {
		status = losses_find(append->store, append->id, append->attempt);
	}
	if (status == OK) {
		status = curve_append(transaction->db, &head, &append->chunk);
	}
	if (status == OK) {
		status = update_report(transaction, &head, append->report, append->step);
	}
	if (status == OK && append->card != NULL) {
		status = db_run(transaction->db, "UPDATE job_text SET card = ?2 WHERE job = ?1 AND card IS NULL",
				DB_VALUES(DB_INT(head.key), DB_TEXT(append->card)));
	}
	if (status == OK) {
		transaction_changed(transaction, append->id, JOB_RUNNING);
	} else {
		/* At once, not after the commit: a later append of the same group must not jump the gap. */
		losses_note(append->store, append->id, append->attempt, status);
	}
	return status;
}

/* The commit failed, or the request itself did (then it is noted twice, which is harmless). */
static void append_lost(struct request *request, enum status status)
{
	const struct append_points *append = (const struct append_points *)request;
	losses_note(append->store, append->id, append->attempt, status);
}

/* Copies bytes to *end and moves it on. */
static const void *place(char **end, const void *bytes, size_t length)
{
	char *at = *end;
	if (bytes == NULL) {
		return NULL;
	}
	memcpy(at, bytes, length);
	*end += length;
	return at;
}

static struct append_points *append_create(const struct points_chunk *chunk, const char *report, const char *card)
{
	size_t points = chunk->count * sizeof *chunk->points, parameters = chunk->count * chunk->n * sizeof(double);
	size_t report_size = report != NULL ? strlen(report) + 1 : 0, card_size = card != NULL ? strlen(card) + 1 : 0;
	size_t bytes = sizeof(struct append_points);
	struct append_points *append;
	char *end;
	if (!size_add(bytes, points, &bytes) || !size_add(bytes, parameters, &bytes) ||
	    !size_add(bytes, report_size, &bytes) || !size_add(bytes, card_size, &bytes)) {
		return NULL;
	}
	append = malloc(bytes);
	if (append == NULL) {
		return NULL;
	}
	memset(append, 0, sizeof *append);
	end = (char *)(append + 1);
	append->chunk.count = chunk->count;
	append->chunk.n = chunk->n;
	append->chunk.points = place(&end, chunk->points, points);
	append->chunk.parameters = place(&end, chunk->parameters, parameters);
	append->report = place(&end, report, report_size);
	append->card = place(&end, card, card_size);
	append->request.bytes = bytes;
	return append;
}

enum status store_append_points(struct store *store, const char *id, uint64_t attempt, const struct points_chunk *chunk,
				const char *report, uint64_t step, const char *card)
{
	static const struct points_chunk none;
	struct append_points *append;
	enum status status = curve_check(chunk);
	if (chunk == NULL || chunk->count == 0) {
		chunk = &none;
	}
	if (status != OK || step > INT64_MAX) {
		return E_INVALID;
	}
	status = losses_find(store, id, attempt);
	if (status != OK) {
		return status;
	}
	append = append_create(chunk, report, card);
	if (append == NULL) {
		return E_MEMORY;
	}
	append->request.run = run_append;
	append->request.passing = true;
	append->request.lost = append_lost;
	append->store = store;
	append->attempt = attempt;
	append->step = step;
	memcpy(append->id, id, strnlen(id, ID_SIZE - 1));
	writer_post(&store->writer, &append->request);
	return OK;
}

/* --- checkpoint --- */

struct save_checkpoint {
	struct request request;
	struct store *store;
	const char *id;
	uint64_t attempt;
	const struct checkpoint *checkpoint;
	const struct points_chunk *chunk;
	const char *report;
	struct snapshot snapshot[SNAPSHOT_KINDS];
	struct released released;
};

static enum status run_checkpoint(struct transaction *transaction, struct request *request)
{
	struct save_checkpoint *save = (struct save_checkpoint *)request;
	struct job_head head;
	enum status status = job_head_owned(transaction->db, save->id, save->attempt, &head);
	if (status == OK) {
		status = losses_find(save->store, save->id, save->attempt);
	}
	if (status == OK) {
		status = curve_append(transaction->db, &head, save->chunk);
	}
	for (size_t i = 0; i < SNAPSHOT_KINDS && status == OK; i++) {
		status = snapshot_put(transaction->db, head.key, head.last_point, &save->snapshot[i], &save->released);
	}
	if (status == OK) {
		status = update_report(transaction, &head, save->report, save->checkpoint->step);
	}
	if (status == OK) {
		transaction_changed(transaction, save->id, JOB_RUNNING);
	}
	return status;
}

enum status store_save_checkpoint(struct store *store, const char *id, uint64_t attempt,
				  const struct checkpoint *checkpoint, const struct points_chunk *chunk,
				  const char *report)
{
	const struct weights_blob *last = &checkpoint->last, *best = &checkpoint->best,
				  *averaged = &checkpoint->averaged;
	struct save_checkpoint save = {
		.request.run = run_checkpoint,
		.store = store,
		.id = id,
		.attempt = attempt,
		.checkpoint = checkpoint,
		.chunk = chunk,
		.report = report,
		.snapshot = { { .kind = SNAPSHOT_STATE,
				.step = checkpoint->step,
				.build = checkpoint->build,
				.bytes = checkpoint->state,
				.length = checkpoint->length },
			      { .kind = SNAPSHOT_LAST,
				.step = last->step,
				.bytes = last->values,
				.length = last->length },
			      { .kind = SNAPSHOT_BEST,
				.step = best->step,
				.bytes = best->values,
				.length = best->length },
			      { .kind = SNAPSHOT_AVERAGED,
				.step = averaged->step,
				.bytes = averaged->values,
				.length = averaged->length } },
	};
	enum status status = curve_check(chunk);
	if (status != OK || checkpoint->state == NULL || checkpoint->build == NULL) {
		return E_INVALID;
	}
	for (size_t i = 0; i < SNAPSHOT_KINDS && status == OK; i++) {
		status = snapshot_stage(store, &save.snapshot[i]);
	}
	if (status == OK) {
		status = writer_submit(&store->writer, &save.request);
	}
	if (status == OK) {
		released_remove(store, &save.released);
		return OK;
	}
	for (size_t i = 0; i < SNAPSHOT_KINDS; i++) {
		snapshot_unstage(store, &save.snapshot[i]);
	}
	return status;
}

enum status store_load_checkpoint(struct store *store, const char *id, uint64_t *step, char **build, void **state,
				  size_t *length)
{
	return snapshot_read(store, id, SNAPSHOT_STATE, step, build, state, length);
}
