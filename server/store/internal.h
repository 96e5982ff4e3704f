/*
 * What the store's files share. Nothing outside server/store/ includes it (tests of the store may).
 */
#ifndef SERVER_STORE_INTERNAL_H
#define SERVER_STORE_INTERNAL_H

#include <stdatomic.h>

#include "server/store/db.h"
#include "server/store/files.h"
#include "server/store/ids.h"
#include "server/store/job_state.h"
#include "server/store/readers.h"
#include "server/store/store.h"
#include "server/store/waiting.h"
#include "server/store/writer.h"

/* Owners whose posted points were lost (a full disk): their later writes must fail, or the curve had a hole. */
struct loss {
	char id[ID_SIZE];
	uint64_t attempt;
	enum status status;
	struct loss *next;
};

struct store {
	char *dir;
	int lock; /* descriptor of the lock file */
	struct ids ids;
	struct waiting waiting;
	struct readers readers;
	struct writer writer;
	atomic_int_least64_t until; /* store_hurry: CLOCK_MONOTONIC nanoseconds, 0: take your time */
	pthread_mutex_t mutex;      /* guards what follows */
	struct loss *losses;
	store_content_watcher *content_watcher;
	void *content_context;
};

/* --- jobs (store_jobs.c) --- */

/* Columns of a job_record, to be read by job_record_read; FROM job JOIN job_text ON job_text.job = job.key. */
#define JOB_COLUMNS                                                                                                    \
	"job.id, job.name, job.status, job.cancel_pending, job.stop_reason, job.created_at, job.updated_at, "          \
	"job.started_at, job.finished_at, job.attempt, job.step, job.dataset_id, job.error, job.report, "              \
	"job_text.spec, "                                                                                              \
	"job.validation_id"
#define JOB_TABLES "job JOIN job_text ON job_text.job = job.key"
enum { JOB_COLUMN_COUNT = 16 };
/* Fills *out (queue_position too); card_column: where the card is, or -1. E_MEMORY leaves *out empty. */
enum status job_record_read(struct store *store, sqlite3_stmt *row, int card_column, struct job_record *out);

/* A job as a write sees it. */
struct job_head {
	int64_t key;
	enum job_status status;
	bool cancel_pending;
	uint64_t attempt;
	int64_t points_total, last_point;
};
/* E_NOT_FOUND. */
enum status job_head_find(struct db *db, const char *id, struct job_head *out);
/* The same, and E_CONFLICT unless it runs under this attempt. */
enum status job_head_owned(struct db *db, const char *id, uint64_t attempt, struct job_head *out);

/* --- datasets (store_datasets.c) --- */

enum status dataset_insert(struct db *db, const struct dataset_info *info, const char *info_text, size_t info_length,
			   const struct dataset_content *content);
/* Deletes an inline dataset that no job names any more. *gone: its content file is unused (sha256 filled). */
enum status dataset_drop_unused(struct db *db, const char *id, bool *gone, char sha256[65]);

/* --- curves (curve.c) --- */

/* E_INVALID unless steps increase strictly and sizes are sane. NULL and empty are fine. */
enum status curve_check(const struct points_chunk *chunk);
/* Appends and moves head->points_total, last_point. E_CONFLICT: not later than what is stored; E_INVALID: another
 * width. */
enum status curve_append(struct db *db, struct job_head *head, const struct points_chunk *chunk);
/* Removes all points with a step above `last` (-1: all) and moves the head. */
enum status curve_cut(struct db *db, struct job_head *head, int64_t last);

/* --- snapshots (snapshot.c): states and weights --- */

enum snapshot_kind {
	SNAPSHOT_STATE,
	SNAPSHOT_LAST,
	SNAPSHOT_BEST,
	SNAPSHOT_INITIAL,
	SNAPSHOT_AVERAGED,
	SNAPSHOT_KINDS
};
/* What a job that has ended needs no more. */
enum { SNAPSHOTS_TO_GO_ON = 1u << SNAPSHOT_STATE | 1u << SNAPSHOT_INITIAL };
enum { FILE_NAME_SIZE = 64, DIGEST_SIZE = 32 };
/* Above these many bytes the value lies in a file, written before the transaction: the writer would be held too long.
 */
enum { STATE_INLINE_MAX = 1 << 20, WEIGHTS_INLINE_MAX = 16 << 20, SNAPSHOT_PIECE = 2 << 20 };

struct snapshot {
	enum snapshot_kind kind;
	uint64_t step;
	const char *build; /* state only */
	const void *bytes; /* NULL: none, all functions pass over it */
	size_t length;
	char file[FILE_NAME_SIZE]; /* "": pieces in the database */
	unsigned char digest[DIGEST_SIZE];
};
/* Files that a transaction let go, to be removed after its commit. */
struct released {
	char file[SNAPSHOT_KINDS][FILE_NAME_SIZE];
	size_t count;
};
/* In the caller's thread, before the transaction: digest, and the file where it is large. E_BUSY: store_hurry. */
enum status snapshot_stage(struct store *store, struct snapshot *snapshot);
/* After a failure: removes the file that was staged. */
void snapshot_unstage(struct store *store, const struct snapshot *snapshot);
/* In the transaction: replaces the job's snapshot of that kind. last_point: stored with a state. */
enum status snapshot_put(struct db *db, int64_t job, int64_t last_point, const struct snapshot *snapshot,
			 struct released *released);
/* Drops the job's snapshots whose bits (1u << kind) are set. */
enum status snapshot_drop(struct db *db, int64_t job, unsigned kinds, struct released *released);
void released_remove(struct store *store, const struct released *released);
/* Reads and verifies one, with a reader of its own. E_NOT_FOUND, E_CORRUPT, E_MEMORY. build may be NULL. */
enum status snapshot_read(struct store *store, const char *job_id, enum snapshot_kind kind, uint64_t *step,
			  char **build, void **bytes, size_t *length);
/* At open: removes files that no row points to. */
void snapshot_sweep(struct store *store, struct db *db);

/* --- at open (recover.c) --- */

/* Jobs that ran when the process died: queued, cancelled or failed; loads the queue's order and the greatest ids. */
enum status store_recover(struct store *store, struct db *db, struct error *error);

#endif
