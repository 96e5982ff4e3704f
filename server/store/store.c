/*
 * Opening and closing the store, and what belongs to no verb's family.
 *
 * Order of opening: folder, lock, a new database where there is none, migrations, recovery, sweep, readers, writer.
 * Closing runs backwards.
 */
#include "server/store/store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/store/internal.h"
#include "server/store/migrate.h"

static char *path_of(const char *dir, const char *name)
{
	size_t length = strlen(dir) + strlen(name) + 2;
	char *path = malloc(length);
	if (path != NULL) {
		strcpy(stpcpy(stpcpy(path, dir), "/"), name);
	}
	return path;
}

/* The database, brought up to date and recovered, and the threads that use it. */
static enum status open_database(struct store *store, const char *path, struct error *error)
{
	struct db db;
	enum status status = db_open(&db, path, DB_WRITER, error);
	if (status != OK) {
		return status;
	}
	status = migrate(&db, path, embedded_migrations, embedded_migration_count, error);
	if (status == OK) {
		status = store_recover(store, &db, error);
	}
	if (status == OK) {
		snapshot_sweep(store, &db);
	}
	if (status == OK) {
		status = readers_init(&store->readers, path);
		if (status == OK) {
			status = writer_start(&store->writer, &db, &store->waiting, &store->readers);
		}
		if (status != OK) {
			error_set(error, status, "not enough memory to start the store");
		}
	}
	if (status != OK) {
		readers_fini(&store->readers);
		db_close(&db);
	}
	return status;
}

static void release(struct store *store)
{
	while (store->losses != NULL) {
		struct loss *next = store->losses->next;
		free(store->losses);
		store->losses = next;
	}
	waiting_fini(&store->waiting);
	ids_fini(&store->ids);
	pthread_mutex_destroy(&store->mutex);
	if (store->lock >= 0) {
		close(store->lock);
	}
	free(store->dir);
	free(store);
}

enum status store_open(const char *dir, struct store **out, struct error *error)
{
	struct store *store = calloc(1, sizeof *store);
	char *path = path_of(dir, "descentd.db");
	enum status status = OK;
	*out = NULL;
	if (store == NULL || path == NULL || (store->dir = strdup(dir)) == NULL) {
		free(store);
		free(path);
		return error_set(error, E_MEMORY, "not enough memory to open the store");
	}
	store->lock = -1;
	pthread_mutex_init(&store->mutex, NULL);
	waiting_init(&store->waiting);
	status = ids_init(&store->ids);
	if (status != OK) {
		error_set(error, status, "the system has no source of randomness");
	} else {
		status = files_make_folder(dir, error);
	}
	if (status == OK) {
		status = files_lock(dir, &store->lock, error);
	}
	if (status == OK) {
		status = migrate_new(dir, "descentd.db", embedded_migrations, embedded_migration_count, error);
	}
	if (status == OK) {
		status = open_database(store, path, error);
	}
	free(path);
	if (status != OK) {
		release(store);
		return status;
	}
	*out = store;
	return OK;
}

void store_close(struct store *store)
{
	if (store != NULL) {
		writer_stop(&store->writer);
		readers_fini(&store->readers);
		/* The last connection to close folds the WAL into the database: the one that may write. */
		writer_close(&store->writer);
		release(store);
	}
}

void store_hurry(struct store *store, double seconds)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	atomic_store(&store->until,
		     (int_least64_t)now.tv_sec * 1000000000 + now.tv_nsec + (int_least64_t)(seconds * 1e9));
}

uint64_t store_version(const struct store *store)
{
	return readers_version(&store->readers);
}

enum status store_ping(struct store *store)
{
	struct db *db;
	int64_t statuses;
	enum status status = readers_take(&store->readers, &db);
	if (status == OK) {
		status = db_get_int(db, "SELECT count(*) FROM job_count", DB_NONE, &statuses);
		readers_give(&store->readers, db);
	}
	return status;
}

void store_watch(struct store *store, store_watcher *watcher, void *context)
{
	writer_watch(&store->writer, watcher, context);
}

void store_watch_content(struct store *store, store_content_watcher *watcher, void *context)
{
	pthread_mutex_lock(&store->mutex);
	store->content_watcher = watcher;
	store->content_context = context;
	pthread_mutex_unlock(&store->mutex);
}

void store_make_id(struct store *store, const char *prefix, char id[ID_SIZE])
{
	ids_make(&store->ids, prefix, clock_milliseconds(), id);
}
