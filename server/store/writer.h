/*
 * The one thread that writes: a queue of requests, committed in groups.
 *
 *   caller: writer_submit (waits for its commit) | writer_post (returns when queued)
 *   thread: take what waits -> BEGIN IMMEDIATE -> each request in a SAVEPOINT -> COMMIT -> follow the queue's
 *           order -> renew the readers -> wake the callers -> tell the watcher -> fold the WAL in when it is long
 *
 * Invariants
 *  1. Requests run in the order in which they were queued. A lone one is committed at once.
 *  2. A request that fails leaves nothing behind and does not spoil the others of its group.
 *  3. When a COMMIT fails, every request of its group that had succeeded fails with it.
 *  4. Posted requests hold at most WRITER_PENDING_MAX bytes together (or one single larger request).
 *  5. A group is on the disk when its callers wake, unless all of it said `passing`: then it is in the WAL, which the
 *     end of the process does not touch, and reaches the disk with the next commit that does. A power cut takes away
 *     the last such commits, never one from the middle.
 *  6. The watcher is told of a change only after its commit, once a job and group.
 * The watcher may read from the store; it must not write to it (it runs on the thread that would have to).
 */
#ifndef SERVER_STORE_WRITER_H
#define SERVER_STORE_WRITER_H

#include <pthread.h>

#include "api/answers.h"
#include "server/store/db.h"
#include "server/store/readers.h"
#include "server/store/store.h"
#include "server/store/waiting.h"

/* GROUP: beyond this the cost of the fsync is spread thin enough, and the callers at its head would wait longer. */
enum { WRITER_PENDING_MAX = 16 << 20, WRITER_GROUP_MAX = 128 };
/* Pages in the WAL from which on it is folded into the database: SQLite's own default. Done here, not by SQLite within
 * the COMMIT: nobody waits for it then. */
enum { WRITER_WAL_PAGES = 1000 };

struct change {
	char id[ID_SIZE];
	enum job_status status; /* JOB_STATUS_COUNT: deleted */
};

/* What a request sees while it runs. */
struct transaction {
	struct db *db;
	int64_t now; /* milliseconds since 1970 */
	struct change *change;
	size_t changes;
};
/* Notes that a job changed; at most once a request. */
void transaction_changed(struct transaction *transaction, const char *job_id, enum job_status status);

/* Embedded at the head of what a verb needs; a posted one is on the heap and freed by the writer. */
struct request {
	enum status (*run)(struct transaction *transaction, struct request *request);
	/* Posted requests only, or NULL: told of a failure, since nobody waits. */
	void (*lost)(struct request *request, enum status status);
	struct request *next;
	size_t bytes; /* posted: what it holds */
	enum status status;
	bool waits, done;
	bool passing; /* a power cut may undo it: what follows from it is made again */
	pthread_cond_t wake;
};

struct writer {
	pthread_t thread;
	pthread_mutex_t mutex; /* guards head .. watching and the done flags of requests */
	pthread_cond_t work, space, idle;
	struct request *head, *tail;
	size_t pending; /* bytes of posted requests that are not committed */
	bool stopping;
	store_watcher *watcher;
	void *watcher_context;
	bool watching; /* the watcher is being called */
	struct db db;  /* the thread's own */
	int wal_pages; /* after the last commit */
	bool unsynced; /* the connection commits without waiting for the disk */
	struct waiting *waiting;
	struct readers *readers;
};

/* Takes over an open connection (closed by writer_close). E_MEMORY when no thread can be had; then it is not taken. */
enum status writer_start(struct writer *writer, const struct db *db, struct waiting *waiting, struct readers *readers);
/* Commits what is queued and ends the thread. */
void writer_stop(struct writer *writer);
/* After writer_stop. */
void writer_close(struct writer *writer);
enum status writer_submit(struct writer *writer, struct request *request);
void writer_post(struct writer *writer, struct request *request);
/* After it returns the watcher that was set before is not called any more. Not from within a watcher. */
void writer_watch(struct writer *writer, store_watcher *watcher, void *context);

#endif
