/*
 * Restarts: n runs of one job, one after the other, from n initial points; the best is what the job answers.
 *
 * Run k begins where the model begins for seed + k; run 0 where the job says, if it does. A model that begins at one
 * place for every seed (functions, linear models) begins run k > 0 at a point drawn from the function's domain, or
 * around its own within 1 + |x|. The points of run k are stored with steps from k RESTART_STEPS on.
 *
 * Invariants
 *  1. All that the next run depends on lies in one block, which with the trainer's state is the checkpoint.
 *  2. The best is the run of the least end loss (validation loss where there is one; maximize: the largest); the
 *     earlier one of two that are alike.
 */
#ifndef SERVER_RUNNER_RESTARTS_H
#define SERVER_RUNNER_RESTARTS_H

#include "server/runner/run.h"

struct restarts;

/* Takes nothing (*out NULL) for a job of one run. E_MEMORY, E_TOO_LARGE. */
enum status restarts_create(struct run *run, struct restarts **out);
void restarts_destroy(struct restarts *restarts);
/* The checkpoint: the block with the trainer's state in it; valid until the next call. */
const void *restarts_save(struct restarts *restarts, const struct trainer *trainer, size_t *length);
/* And back, the trainer with it; false: not one of this job. */
bool restarts_load(struct restarts *restarts, struct trainer *trainer, const void *state, size_t length);
/* The trainer's run has ended: notes it, and begins the next (*more) or goes back to the best one. OK, E_CANCELLED. */
enum status restarts_next(struct run *run, bool *more);
/* The job was cancelled with the trainer's run: what is best now is answered. */
void restarts_cancel(struct run *run);
/* Tells the trainer which run it makes, after it was set up or loaded. */
void restarts_resume(struct run *run);
/* What the steps of the running one begin with in the store. */
uint64_t restarts_base(const struct restarts *restarts);
/* For the report. */
void restarts_report(const struct restarts *restarts, struct job_report *report);

#endif
