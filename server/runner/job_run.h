/*
 * One job from claim to ending: prepare its data, drive the trainer, hand points, checkpoints and the ending to the
 * store. Runs on a runner's thread and holds no lock.
 *
 * How a run ends
 *   the trainer stopped       -> store_finish_job  succeeded, or failed when it diverged
 *   asked to cancel           -> store_finish_job  cancelled, with the weights of the last whole step
 *   asked to shut down        -> store_save_checkpoint (in time, or the one before stays), store_requeue_job
 *   the data or the spec fails -> store_finish_job  failed, with the reason
 *   the disk fails or is full, memory is short -> store_requeue_job, as soon as it works: on from the last checkpoint;
 *                                while the job is set up it is tried again in place, a few times, then failed
 */
#ifndef SERVER_RUNNER_JOB_RUN_H
#define SERVER_RUNNER_JOB_RUN_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/exec.h"
#include "server/store/store.h"

struct job_control {
	atomic_bool stop;     /* give the running evaluation up: one of the two below says why */
	atomic_bool cancel;   /* this job is to be cancelled */
	atomic_bool shutdown; /* the service stops */
};

struct job_environment {
	struct store *store;
	const char *data_dir;
	struct executor *executor; /* its stop is &control->stop */
	const char *build;
	double checkpoint_seconds;
	double max_job_seconds; /* NAN: none */
};

/* Runs the job that `record` (just claimed) describes, to its end or to its requeueing. */
void job_run(const struct job_environment *environment, const struct job_record *record, struct job_control *control);

#endif
