/*
 * Job runners: a fixed number of threads, each takes the oldest queued job, prepares its data, drives the
 * trainer, and hands points, checkpoints and the ending to the store.
 */
#ifndef SERVER_RUNNER_WORKERS_H
#define SERVER_RUNNER_WORKERS_H

#include "core/base/error.h"
#include "server/store/store.h"
#include "server/runner/pool.h"

struct workers;

struct workers_options {
	const char *data_dir;
	size_t workers;
	size_t threads;
	double checkpoint_seconds;
	double max_job_seconds; /* NAN: none */
	uint64_t memory_budget; /* bytes that running jobs may take together */
	double leave_seconds;   /* for the files of checkpoints, when asked to stop */
};

enum status workers_start(struct store *store, const struct workers_options *options, struct workers **out,
			  struct error *error);
/* Something was queued. */
void workers_wake(struct workers *workers);
/* Cancels a running job: takes effect between row blocks. */
void workers_cancel(struct workers *workers, const char *job_id);
/* Asks all runners to checkpoint what runs and to give it back, and the store to hurry (store_hurry, leave_seconds).
 * Returns at once. Nothing is claimed any more. */
void workers_halt(struct workers *workers);
/* Memory for work that is no job, out of the budget that the jobs share, until it is released. E_TOO_LARGE: more than
 * the whole budget; E_BUSY: running jobs and others have what is needed. */
enum status workers_reserve(struct workers *workers, uint64_t bytes);
void workers_release(struct workers *workers, uint64_t bytes);
/* workers_halt, then waits for it and ends the threads. */
void workers_stop(struct workers *workers);
/* "0.1.0 3f2a9c0d1e4b5a69 avx512 openblas-SkylakeX": what a checkpoint is bound to (build.c). Loads OpenBLAS; NULL when
 * that fails. */
const char *workers_build(void);

#endif
