/*
 * The store: verbs that the service needs, SQLite behind them. Nothing above it knows SQL.
 *
 * Life of a job, and the function that makes each edge (each is one guarded UPDATE ... WHERE status = ?):
 *
 *   (new) --store_add_job--> queued --store_claim_job--> running --store_finish_job--> succeeded | failed | cancelled
 *                            |   ^                         |
 *                            |   +-- store_requeue_job (SIGTERM), store_open (crash)
 *                            +-- store_cancel_job --> cancelled
 * All edges as a table: server/store/job_state.h.
 *
 * Invariants
 *  1. A verb that returns OK has committed durably (WAL, synchronous=FULL), unless it says otherwise.
 *  2. All writes go through one writer thread that groups commits; readers have connections of
 *     their own (a small pool); no response is built inside a transaction.
 *  3. At most one worker owns a running job: ownership is (job id, attempt); a write by a stale owner
 *     returns E_CONFLICT and changes nothing.
 *  4. A point (job, step) is stored at most once, steps strictly increase. Claiming cuts off points
 *     later than the checkpoint.
 *  5. Weights commit in the transaction that ends the job.
 *  6. A job that was running MAX_ATTEMPTS times when the process died is failed at the next start.
 * All verbs may be called from any thread.
 */
#ifndef SERVER_STORE_STORE_H
#define SERVER_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/answers.h"
#include "api/dataset_info.h"
#include "core/base/error.h"
#include "core/train/trainer.h"

struct store;

enum { STORE_MAX_ATTEMPTS = 5 };

/* Makes `dir` (0700) where it is missing, opens (makes) `dir`/descentd.db, applies the migrations, each in a
 * transaction of its own, turns running jobs back to queued. E_NEWER when the file was made by a newer program, E_BUSY
 * when another process has it. All statements of status below: E_IO, E_DISK_FULL, E_MEMORY, E_CORRUPT may come from any
 * verb. */
enum status store_open(const char *dir, struct store **out, struct error *error);
void store_close(struct store *store);
/* From now on files of states and weights are written and read for `seconds` more (0: not at all): what is not done by
 * then is given up with E_BUSY and leaves what was stored before. For the end of the program. */
void store_hurry(struct store *store, double seconds);
/* OK when a read works. */
enum status store_ping(struct store *store);
/* A number that is another one after each commit, 0 while one is under way (and before the first). What was made of
 * reads between two equal ones that are not 0 holds for as long as it stays so. */
uint64_t store_version(const struct store *store);

/* Called after each commit that changed something of a job (id; its new status, JOB_STATUS_COUNT: deleted), once
 * a job and commit, from the writer thread. It may read from the store but must not write to it. When store_watch
 * returns, the watcher set before (replaced, or NULL: none) is not called any more. */
typedef void store_watcher(void *context, const char *job_id, enum job_status status);
void store_watch(struct store *store, store_watcher *watcher, void *context);
/* Called by store_delete_job (on its caller's thread) when the content file of an inline dataset became unused. */
typedef void store_content_watcher(void *context, const char *sha256);
void store_watch_content(struct store *store, store_content_watcher *watcher, void *context);

/* A fresh id: prefix ("job", "ds"), then characters of [0-9A-Za-z] that sort bytewise by time of creation. */
void store_make_id(struct store *store, const char *prefix, char id[ID_SIZE]);

/* --- datasets --- */

/* The encoded table of a dataset (server/dataset/table.h): small ones lie in the database, others in a file
 * named by their sha256 that is already in place and durable. */
struct dataset_content {
	const void *bytes; /* NULL: in a file */
	size_t length;
};
/* info->id and created_at are set by the caller. */
enum status store_add_dataset(struct store *store, const struct dataset_info *info,
			      const struct dataset_content *content, struct error *error);
enum status store_get_dataset(struct store *store, const char *id, struct dataset_info *out);
/* content->bytes is returned owned (free), or NULL when it lies in a file. */
enum status store_get_dataset_content(struct store *store, const char *id, struct dataset_content *out);
/* A page may be shorter than limit where its documents are large: next_cursor tells whether there is more.
 * Newest first. cursor: from the last answer, NULL or "" for the first page; E_INVALID when it is not one of ours
 * (of the same list and sort), or when limit is 0. */
struct dataset_page {
	size_t count;
	struct dataset_info *item;
	char next_cursor[64]; /* "" : no more */
};
enum status store_list_datasets(struct store *store, size_t limit, const char *cursor, bool include_inline,
				struct dataset_page *out);
void dataset_page_fini(struct dataset_page *page);
/* E_CONFLICT with the ids of jobs that are not ended and need it (jobs: returned owned, NULL-terminated; NULL
 * otherwise; free each and the array). *file_unused: its content lay in a file, and no record points to the file of
 * this sha256 any more (sha256 copied out). Who unlinks it must keep uploads of the same content out meanwhile. */
enum status store_delete_dataset(struct store *store, const char *id, char ***jobs, bool *file_unused, char sha256[65]);
/* Is there a dataset whose content is the file named so? */
bool store_has_content(struct store *store, const char *sha256);

/* --- jobs --- */

/* Weights at a step: raw values of the card's dtype. */
struct weights_blob {
	uint64_t step;
	const void *values; /* NULL: none */
	size_t length;
};
struct new_job {
	char id[ID_SIZE];
	const char *name; /* or NULL */
	const char *spec;
	size_t spec_length;
	const char *report; /* first report: progress at step 0 */
	const char *model;  /* words for the list's filters */
	const char *optimizer;
	const char *dataset_id; /* "" : none */
	const char *validation_id;
	uint64_t memory_bytes;                     /* what it will take while it runs */
	const struct dataset_info *inline_dataset; /* added in the same transaction, or NULL */
	struct dataset_content inline_content;
	struct weights_blob
		initial; /* a copy of what it starts from, in its own precision; none: where its model says */
};
/* The inline dataset's id is to be dataset_id. E_FULL when max_queue jobs are queued already. E_NOT_FOUND when the
 * dataset has gone meanwhile. */
enum status store_add_job(struct store *store, const struct new_job *job, uint64_t max_queue, struct error *error);
enum status store_get_job(struct store *store, const char *id, struct job_record *out);

struct job_filter {
	unsigned statuses; /* bits 1u << enum job_status; 0: all */
	const char *name;  /* exact, or NULL */
	const char *name_prefix;
	const char *dataset;
	const char *model;
	const char *optimizer;
	bool oldest_first; /* sort=created_at; the default is -created_at */
};
struct job_page {
	size_t count;
	struct job_record *item;
	char next_cursor[64];
};
/* Records without their cards (NULL). Cursors as above. */
enum status store_list_jobs(struct store *store, const struct job_filter *filter, size_t limit, const char *cursor,
			    struct job_page *out);
void job_page_fini(struct job_page *page);
enum status store_count_jobs(struct store *store, uint64_t counts[JOB_STATUS_COUNT]);

/* queued or paused -> cancelled at once; running: sets pending. *now: the status after it. E_NOT_FOUND; E_CONFLICT when
 * it ended otherwise (succeeded, failed). Cancelled already: OK. */
enum status store_cancel_job(struct store *store, const char *id, enum job_status *now);
/* E_NOT_FOUND, E_CONFLICT while it runs. With it go curve, checkpoint, weights, and its inline dataset when no other
 * job uses that. */
enum status store_delete_job(struct store *store, const char *id);

/* --- for workers --- */

/* Takes the oldest queued job: running, attempt + 1, points after its checkpoint cut off. E_NOT_FOUND: none queued;
 * E_BUSY: the oldest needs more than max_memory bytes (it is not overtaken, so that a large job is not starved).
 * *memory_bytes: what it was added with. Not durable: a power cut may undo it, and with it whatever the job did
 * since; the end of the process does not (attempts are counted). */
enum status store_claim_job(struct store *store, uint64_t max_memory, struct job_record *out, uint64_t *memory_bytes);
struct points_chunk {
	size_t count;
	const struct curve_point *points;
	const double *parameters; /* [count, n] or NULL */
	size_t n;
};
/* Appends points and replaces the report. Returns when it is queued for the next commit (not durable: a crash goes
 * back to the checkpoint anyway), with bounded memory: blocks when the writer lags. card: NULL or set once.
 * report NULL: left as it is. E_INVALID: steps that do not increase. What fails later (a full disk, another owner) is
 * answered by this owner's next append or checkpoint, and by its finish unless that ends it as failed or cancelled. */
enum status store_append_points(struct store *store, const char *id, uint64_t attempt, const struct points_chunk *chunk,
				const char *report, uint64_t step, const char *card);
/* Replaces the checkpoint (state block, tagged with the build that made it) together with chunk, report and
 * weights so far. Large states go to a file beside the database. Durable on OK. */
struct checkpoint {
	uint64_t step;
	const char *build; /* identity of the program that made it, instruction set, BLAS kernel */
	const void *state;
	size_t length;
	struct weights_blob last, best, averaged;
};
enum status store_save_checkpoint(struct store *store, const char *id, uint64_t attempt,
				  const struct checkpoint *checkpoint, const struct points_chunk *chunk,
				  const char *report);
/* E_NOT_FOUND: none. E_CORRUPT: it does not check out, restart the job. state and build are returned owned. */
enum status store_load_checkpoint(struct store *store, const char *id, uint64_t *step, char **build, void **state,
				  size_t *length);
/* What the job was added with to start from. E_NOT_FOUND: nothing, or the job has ended. values returned owned. */
enum status store_read_initial(struct store *store, const char *id, void **values, size_t *length);
/* Drops checkpoint, weights so far and points: the job starts again from step 0 (its checkpoint was made by another
 * build). */
enum status store_restart_job(struct store *store, const char *id, uint64_t attempt);
struct job_ending {
	enum job_status status; /* JOB_SUCCEEDED, JOB_FAILED, JOB_CANCELLED */
	const char *stop_reason;
	const char *report;
	uint64_t step;
	const char *error;                        /* JSON or NULL */
	const char *card;                         /* or NULL when already set */
	struct weights_blob last, best, averaged; /* none: those of the checkpoint stay, if any */
	struct points_chunk chunk;
};
enum status store_finish_job(struct store *store, const char *id, uint64_t attempt, const struct job_ending *ending);
/* running -> queued at shutdown; attempt does not count against MAX_ATTEMPTS. A job whose cancel is pending becomes
 * cancelled instead. */
enum status store_requeue_job(struct store *store, const char *id, uint64_t attempt);

/* --- results --- */

struct curve_slice {
	size_t count;
	struct curve_point *points;
	double *parameters; /* or NULL */
	size_t n;
	uint64_t points_total;
	enum job_status status; /* read in the same snapshot */
};
enum status store_read_points(struct store *store, const char *id, uint64_t from_step, size_t limit,
			      struct curve_slice *out);
void curve_slice_fini(struct curve_slice *slice);
/* at: "best", "last" or "averaged". E_NOT_FOUND: none (yet). values returned owned. */
enum status store_read_weights(struct store *store, const char *id, const char *at, uint64_t *step, void **values,
			       size_t *length);

#endif
