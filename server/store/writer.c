#include "server/store/writer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/ids.h"

void transaction_changed(struct transaction *transaction, const char *job_id, enum job_status status)
{
	struct change *change = &transaction->change[transaction->changes];
	assert(transaction->changes < WRITER_GROUP_MAX);
	memset(change, 0, sizeof *change);
	memcpy(change->id, job_id, strnlen(job_id, ID_SIZE - 1));
	change->status = status;
	transaction->changes++;
}

static bool in_transaction(struct db *db)
{
	return sqlite3_get_autocommit(db->handle) == 0;
}

/* Runs one request; a failure is undone, unless SQLite itself has given up the whole transaction. */
static void run_one(struct transaction *transaction, struct request *request, bool alone)
{
	struct db *db = transaction->db;
	size_t changes = transaction->changes;
	request->status = alone ? OK : db_run(db, "SAVEPOINT request", DB_NONE);
	if (request->status != OK) {
		return;
	}
	request->status = request->run(transaction, request);
	if (request->status != OK) {
		transaction->changes = changes;
	}
	if (alone || !in_transaction(db)) {
		return;
	}
	if ((request->status != OK && db_run(db, "ROLLBACK TO request", DB_NONE) != OK) ||
	    db_run(db, "RELEASE request", DB_NONE) != OK) {
		(void)db_run(db, "ROLLBACK", DB_NONE); /* half of a request must not be committed with the others */
	}
}

static void fail_all(struct request *const *group, size_t count, enum status status)
{
	for (size_t i = 0; i < count; i++) {
		if (group[i]->status == OK) {
			group[i]->status = status;
		}
	}
}

/* An fsync costs milliseconds: no group waits for one that none of its requests needs. Not a kept statement: SQLite
 * obeys this pragma while it prepares it. */
static enum status choose_sync(struct writer *writer, struct request *const *group, size_t count)
{
	bool passing = true;
	for (size_t i = 0; i < count; i++) {
		passing = passing && group[i]->passing;
	}
	if (passing == writer->unsynced) {
		return OK;
	}
	const char *sql = passing ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL";
	enum status status = db_status(&writer->db, sqlite3_exec(writer->db.handle, sql, NULL, NULL, NULL));
	writer->unsynced = status == OK ? passing : writer->unsynced;
	return status;
}

/* One transaction over group[0..count) or a part of it; returns how many requests were dealt with. */
static size_t run_transaction(struct writer *writer, struct transaction *transaction, struct request *const *group,
			      size_t count)
{
	struct db *db = transaction->db;
	size_t changes = transaction->changes, done = 0, good = 0;
	enum status status = choose_sync(writer, group, count);
	if (status == OK) {
		status = db_run(db, "BEGIN IMMEDIATE", DB_NONE);
	}
	if (status != OK) {
		for (size_t i = 0; i < count; i++) {
			group[i]->status = status;
		}
		return count;
	}
	while (done < count && in_transaction(db)) {
		run_one(transaction, group[done], count == 1);
		good += group[done]->status == OK;
		done++;
	}
	if (!in_transaction(db)) {
		/* A full disk can make SQLite roll back everything: those before are undone, those after may try. */
		status = group[done - 1]->status != OK ? group[done - 1]->status : E_IO;
	} else if (good > 0) {
		status = db_run(db, "COMMIT", DB_NONE);
	}
	if (in_transaction(db)) {
		(void)db_run(db, "ROLLBACK", DB_NONE);
	}
	if (status != OK) {
		fail_all(group, done, status);
		transaction->changes = changes;
	}
	return done;
}

static bool changed_later(const struct transaction *transaction, size_t at)
{
	for (size_t i = at + 1; i < transaction->changes; i++) {
		if (strcmp(transaction->change[i].id, transaction->change[at].id) == 0) {
			return true;
		}
	}
	return false;
}

/* Hands the results back. A waiting caller's request is gone as soon as the mutex is released. */
static void wake_callers(struct writer *writer, struct request *const *group, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!group[i]->waits && group[i]->status != OK && group[i]->lost != NULL) {
			group[i]->lost(group[i], group[i]->status);
		}
	}
	pthread_mutex_lock(&writer->mutex);
	for (size_t i = 0; i < count; i++) {
		if (group[i]->waits) {
			group[i]->done = true;
			pthread_cond_signal(&group[i]->wake);
		} else {
			writer->pending -= group[i]->bytes;
			free(group[i]);
		}
	}
	pthread_cond_broadcast(&writer->space);
	pthread_mutex_unlock(&writer->mutex);
}

static void tell_watcher(struct writer *writer, const struct transaction *transaction)
{
	store_watcher *watcher;
	void *context;
	pthread_mutex_lock(&writer->mutex);
	watcher = writer->watcher;
	context = writer->watcher_context;
	writer->watching = watcher != NULL;
	pthread_mutex_unlock(&writer->mutex);
	if (watcher == NULL) {
		return;
	}
	for (size_t i = 0; i < transaction->changes; i++) {
		if (!changed_later(transaction, i)) {
			watcher(context, transaction->change[i].id, transaction->change[i].status);
		}
	}
	pthread_mutex_lock(&writer->mutex);
	writer->watching = false;
	pthread_cond_broadcast(&writer->idle);
	pthread_mutex_unlock(&writer->mutex);
}

/* Readers are renewed before it, or it could not fold everything, and after it, or the WAL could not begin anew. */
static void fold_wal(struct writer *writer)
{
	if (writer->wal_pages >= WRITER_WAL_PAGES) {
		readers_refresh(writer->readers);
		/* What a reader in the middle of something holds back is folded after a later commit. */
		(void)sqlite3_wal_checkpoint_v2(writer->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		readers_refresh(writer->readers);
		writer->wal_pages = 0;
	}
}

static int note_wal(void *context, sqlite3 *handle, const char *name, int pages)
{
	struct writer *writer = context;
	(void)handle;
	(void)name;
	writer->wal_pages = pages;
	return SQLITE_OK;
}

static void run_group(struct writer *writer, struct request *const *group, size_t count)
{
	struct change change[WRITER_GROUP_MAX];
	struct transaction transaction = { .db = &writer->db, .now = clock_milliseconds(), .change = change };
	size_t done = 0;
	readers_expect(writer->readers);
	while (done < count) {
		done += run_transaction(writer, &transaction, group + done, count - done);
	}
	for (size_t i = 0; i < transaction.changes; i++) {
		(void)waiting_follow(writer->waiting, change[i].id, change[i].status);
	}
	readers_refresh(writer->readers);
	/* Whoever waits for the job first: a runner that is woken takes a core from the thread that answers. */
	tell_watcher(writer, &transaction);
	wake_callers(writer, group, count);
	fold_wal(writer);
}

/* Takes what waits, up to a group; 0: stopping and nothing left. */
static size_t take_group(struct writer *writer, struct request **group)
{
	size_t count = 0;
	pthread_mutex_lock(&writer->mutex);
	while (writer->head == NULL && !writer->stopping) {
		pthread_cond_wait(&writer->work, &writer->mutex);
	}
	while (writer->head != NULL && count < WRITER_GROUP_MAX) {
		group[count++] = writer->head;
		writer->head = writer->head->next;
	}
	if (writer->head == NULL) {
		writer->tail = NULL;
	}
	pthread_mutex_unlock(&writer->mutex);
	return count;
}

static void *writer_main(void *argument)
{
	struct writer *writer = argument;
	struct request *group[WRITER_GROUP_MAX];
	size_t count;
	while ((count = take_group(writer, group)) != 0) {
		run_group(writer, group, count);
	}
	return NULL;
}

enum status writer_start(struct writer *writer, const struct db *db, struct waiting *waiting, struct readers *readers)
{
	memset(writer, 0, sizeof *writer);
	writer->db = *db;
	writer->waiting = waiting;
	writer->readers = readers;
	sqlite3_wal_hook(writer->db.handle, note_wal, writer);
	pthread_mutex_init(&writer->mutex, NULL);
	pthread_cond_init(&writer->work, NULL);
	pthread_cond_init(&writer->space, NULL);
	pthread_cond_init(&writer->idle, NULL);
	if (pthread_create(&writer->thread, NULL, writer_main, writer) != 0) {
		return E_MEMORY;
	}
	return OK;
}

void writer_stop(struct writer *writer)
{
	pthread_mutex_lock(&writer->mutex);
	writer->stopping = true;
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->mutex);
	pthread_join(writer->thread, NULL);
}

void writer_close(struct writer *writer)
{
	db_close(&writer->db);
	pthread_cond_destroy(&writer->idle);
	pthread_cond_destroy(&writer->space);
	pthread_cond_destroy(&writer->work);
	pthread_mutex_destroy(&writer->mutex);
}

/* With the mutex held. */
static void enqueue(struct writer *writer, struct request *request)
{
	assert(!writer->stopping);
	request->next = NULL;
	if (writer->tail != NULL) {
		writer->tail->next = request;
	} else {
		writer->head = request;
	}
	writer->tail = request;
	pthread_cond_signal(&writer->work);
}

enum status writer_submit(struct writer *writer, struct request *request)
{
	request->waits = true;
	request->done = false;
	pthread_cond_init(&request->wake, NULL);
	pthread_mutex_lock(&writer->mutex);
	enqueue(writer, request);
	while (!request->done) {
		pthread_cond_wait(&request->wake, &writer->mutex);
	}
	pthread_mutex_unlock(&writer->mutex);
	pthread_cond_destroy(&request->wake);
	return request->status;
}

void writer_post(struct writer *writer, struct request *request)
{
	request->waits = false;
	pthread_mutex_lock(&writer->mutex);
	while (writer->pending != 0 && writer->pending + request->bytes > WRITER_PENDING_MAX) {
		pthread_cond_wait(&writer->space, &writer->mutex);
	}
	writer->pending += request->bytes;
	enqueue(writer, request);
	pthread_mutex_unlock(&writer->mutex);
}

void writer_watch(struct writer *writer, store_watcher *watcher, void *context)
{
	pthread_mutex_lock(&writer->mutex);
	writer->watcher = watcher;
	writer->watcher_context = context;
	while (writer->watching) {
		pthread_cond_wait(&writer->idle, &writer->mutex);
	}
	pthread_mutex_unlock(&writer->mutex);
}
