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
		db_close(&readers->db[i]);
	}
	pthread_cond_destroy(&readers->back);
	pthread_mutex_destroy(&readers->mutex);
	free(readers->path);
	readers->path = NULL;
}

/* Opens one more, with the mutex held: rare, and two at once would only fight for the file. */
static enum status open_another(struct readers *readers)
{
	struct db *db = &readers->db[readers->opened];
	enum status status = db_open(db, readers->path, DB_READER, NULL);
	if (status == OK) {
		readers->opened++;
		readers->idle[readers->idle_count++] = db;
	}
	return status;
}

enum status readers_take(struct readers *readers, struct db **out)
{
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
		*out = readers->idle[--readers->idle_count];
	}
	pthread_mutex_unlock(&readers->mutex);
	return status;
}

void readers_give(struct readers *readers, struct db *db)
{
	pthread_mutex_lock(&readers->mutex);
	readers->idle[readers->idle_count++] = db;
	pthread_cond_signal(&readers->back);
	pthread_mutex_unlock(&readers->mutex);
}
