/*
 * Connections for reading: opened when first needed, handed out one to a caller, given back.
 *
 * Each is handed out inside a read transaction, so that whatever a caller reads is of one moment. The transaction
 * stays open while nothing is committed: beginning one takes file locks, which cost more than looking up a row.
 *
 * Invariants
 *  1. A connection that is handed out after readers_refresh sees all that was committed before it.
 *  2. No idle connection holds a transaction older than the last commit (the WAL could not be folded in).
 *  3. Reads go forward: one that begins after another ended sees at least what that one saw.
 * A caller holds one for one short read; nothing is rendered meanwhile.
 */
#ifndef SERVER_STORE_READERS_H
#define SERVER_STORE_READERS_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/store/db.h"

/* As many as reads run at once on a machine of a few cores; a reader beyond waits for one to come back. */
enum { READERS_MAX = 8 };

struct reader {
	struct db db;   /* first: readers_give finds the reader by it */
	bool begun;     /* a transaction is open */
	uint64_t epoch; /* when it was begun */
};

struct readers {
	pthread_mutex_t mutex; /* guards all below, and the readers that are idle */
	pthread_cond_t back;
	char *path;
	struct reader reader[READERS_MAX];
	struct reader *idle[READERS_MAX]; /* a stack: the one last used has the warmest cache */
	size_t idle_count, opened;
	uint64_t epoch;           /* commits so far, and renewals */
	bool committing;          /* between readers_expect and readers_refresh: no transaction outlives its caller */
	_Atomic uint64_t version; /* the epoch, or 0 while committing; read without the mutex */
};

/* Copies path. E_MEMORY. */
enum status readers_init(struct readers *readers, const char *path);
void readers_fini(struct readers *readers);
/* *out is to be given back. E_IO, E_MEMORY when a connection cannot be opened. */
enum status readers_take(struct readers *readers, struct db **out);
void readers_give(struct readers *readers, struct db *db);
/* A commit is about to happen. Until readers_refresh every caller gets a transaction of its own, so that what one has
 * seen of the new state the next does not miss (invariant 3). */
void readers_expect(struct readers *readers);
/* Something was committed (or not). */
void readers_refresh(struct readers *readers);
/* What is read between two equal versions that are not 0 is of one state. */
uint64_t readers_version(const struct readers *readers);

#endif
