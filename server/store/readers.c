#include "server/store/readers.h"

#include <stdlib.h>
#include <string.h>

enum status readers_init(struct readers *readers, const char *path)
{
	memset(readers, 0, sizeof *readers);
	readers->path = strdup(path);
	if (readers->path == NULL) {
		return E_MEMORY;
	}
	pthread_mutex_init(&readers->mutex, NULL);
	pthread_cond_init(&readers->back, NULL);
	return OK;
}

void readers_fini(struct readers *readers)
{
	if (readers->path == NULL) {
		return;
	}
	for (size_t i = 0; i < READERS_MAX; i++) {
		db_close(&readers->reader[i].db);
	}
	pthread_cond_destroy(&readers->back);
	pthread_mutex_destroy(&readers->mutex);
	free(readers->path);
	readers->path = NULL;
}

/* Opens one more, with the mutex held: rare, and two at once would only fight for the file. */
static enum status open_another(struct readers *readers)
{
	struct reader *reader = &readers->reader[readers->opened];
	enum status status = db_open(&reader->db, readers->path, DB_READER, NULL);
	if (status == OK) {
		readers->opened++;
		readers->idle[readers->idle_count++] = reader;
	}
	return status;
}

static void end(struct reader *reader)
{
	if (reader->begun) {
		(void)db_run(&reader->db, "COMMIT", DB_NONE);
		reader->begun = false;
	}
}

enum status readers_take(struct readers *readers, struct db **out)
{
	struct reader *reader = NULL;
	enum status status = OK;
	pthread_mutex_lock(&readers->mutex);
	while (readers->idle_count == 0 && status == OK) {
		if (readers->opened < READERS_MAX) {
			status = open_another(readers);
		} else {
			pthread_cond_wait(&readers->back, &readers->mutex);
		}
	}
	if (status == OK) {
		reader = readers->idle[--readers->idle_count];
		if (!reader->begun) {
			/* Its moment is that of its first read: not earlier; beside a commit it may be on either side.
			 */
			reader->epoch = readers->committing ? UINT64_MAX : readers->epoch;
		}
	}
	pthread_mutex_unlock(&readers->mutex);
	if (status == OK && !reader->begun) {
		status = db_run(&reader->db, "BEGIN", DB_NONE);
		reader->begun = status == OK;
		if (status != OK) {
			readers_give(readers, &reader->db);
		}
	}
	if (status == OK) {
		*out = &reader->db;
	}
	return status;
}

void readers_give(struct readers *readers, struct db *db)
{
	struct reader *reader = (struct reader *)db;
	if (reader->begun && sqlite3_get_autocommit(db->handle) != 0) {
		reader->begun = false; /* an error ended it */
	}
	pthread_mutex_lock(&readers->mutex);
	if (reader->epoch != readers->epoch) {
		end(reader);
	}
	readers->idle[readers->idle_count++] = reader;
	pthread_cond_signal(&readers->back);
	pthread_mutex_unlock(&readers->mutex);
}

/* With the mutex held: every transaction so far is of the past. */
static void renew(struct readers *readers, bool committing)
{
	readers->committing = committing;
	readers->epoch++;
	atomic_store(&readers->version, committing ? 0 : readers->epoch);
	for (size_t i = 0; i < readers->idle_count; i++) {
		end(readers->idle[i]);
	}
}

uint64_t readers_version(const struct readers *readers)
{
	return atomic_load(&readers->version);
}

void readers_expect(struct readers *readers)
{
	pthread_mutex_lock(&readers->mutex);
	renew(readers, true);
	pthread_mutex_unlock(&readers->mutex);
}

void readers_refresh(struct readers *readers)
{
	pthread_mutex_lock(&readers->mutex);
	renew(readers, false);
	pthread_mutex_unlock(&readers->mutex);
}
