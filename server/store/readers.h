/*
 * Connections for reading: opened when first needed, handed out one to a caller, given back.
 * A caller holds one for one short read; nothing is rendered meanwhile.
 */
#ifndef SERVER_STORE_READERS_H
#define SERVER_STORE_READERS_H

#include <pthread.h>

#include "server/store/db.h"

/* As many as reads run at once on a machine of a few cores; a reader beyond waits for one to come back. */
enum { READERS_MAX = 8 };

struct readers {
	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t back;
	char *path;
	struct db db[READERS_MAX];
	struct db *idle[READERS_MAX]; /* a stack: the one last used has the warmest cache */
	size_t idle_count, opened;
};

/* Copies path. E_MEMORY. */
enum status readers_init(struct readers *readers, const char *path);
void readers_fini(struct readers *readers);
/* *out is to be given back. E_IO, E_MEMORY when a connection cannot be opened. */
enum status readers_take(struct readers *readers, struct db **out);
void readers_give(struct readers *readers, struct db *db);

#endif
