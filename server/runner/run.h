/* What the files of a run share: its parts, its reports and its endings. Private to server/runner/. */
#ifndef SERVER_RUNNER_RUN_H
#define SERVER_RUNNER_RUN_H

#include "api/job_spec.h"
#include "api/model_card.h"
#include "core/train/trainer.h"
#include "server/runner/job_data.h"
#include "server/runner/job_run.h"

/* Everything that one run holds; zeroed is empty, run_fini releases whatever is there. */
struct run {
	const struct job_environment *environment;
	const struct job_record *record;
	struct job_control *control;
	struct open_table data, validation_data;
	struct job_spec *spec;
	struct prepared prepared;
	bool is_prepared;
	struct objective *objective;
	struct objective *residual; /* of a sum of squares whose residuals somebody needs; else NULL */
	struct trainer *trainer;
	struct model_card *card;
	struct text card_text;
	bool card_sent;
	void *initial;             /* owned */
	struct restarts *restarts; /* restarts.h; NULL: one run */
	double last_report, last_checkpoint;
};

double run_seconds(void); /* monotonic */
void run_sleep(long milliseconds);
/* A failure that may be gone in a while: the disk, memory. */
bool run_may_pass(enum status status);

/* Hands new points and the progress to the store; not durable. */
enum status run_send_points(struct run *run);
/* Hands new points to the store, and the progress where it is due. */
enum status run_flush_points(struct run *run);
/* A durable copy of the state together with all points up to it. */
enum status run_save_checkpoint(struct run *run);

/* The disk is full or fails, memory is short: back into the queue, to go on from the last checkpoint when it works
 * again. Points that were posted and lost are made again, so the curve has no hole. Returns when that is durable, or
 * the service stops: the job is then still `running` in the store, and the next start queues it. */
void run_give_back(struct run *run);

/* Endings. Durable when they return; a disk that fails or memory that is short makes them give the job back. */
void run_finish(struct run *run, const struct job_ending *ending);
void run_finish_failed(struct run *run, const struct error *error);
/* The trainer has stopped: metrics, weights and status in one commit. E_CANCELLED: the flag was raised meanwhile. */
enum status run_finish_trained(struct run *run);
/* Checkpoints and requeues the job: the service stops. A checkpoint that cannot be written in time (store_hurry) or at
 * all leaves the one before. */
void run_leave(struct run *run);

#endif
