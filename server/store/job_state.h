/*
 * The life of a job: which status may follow which, as data, and who makes each edge.
 *
 *   (new) ──store_add_job──▶ queued ──store_claim_job──▶ running ──store_finish_job──▶ succeeded | failed | cancelled
 *                             │  ▲                         │ │
 *        store_cancel_job ────┤  └── store_requeue_job ────┘ │   (SIGTERM; cancelled instead when a cancel is pending)
 *                             ▼      store_open ─────────────┘   (the process died under it: queued; cancelled when a
 *                         cancelled                               cancel is pending; failed the STORE_MAX_ATTEMPTS-th
 * time) paused ──store_cancel_job──▶ cancelled
 *
 * Invariants
 *  1. A status changes only in the functions named here, each by one guarded UPDATE ... WHERE status = <from>.
 *  2. Ended jobs (succeeded, failed, cancelled) have no successor; they only disappear (store_delete_job).
 *  3. The numbers are what the database holds: they never change, new ones are added at the end.
 */
#ifndef SERVER_STORE_JOB_STATE_H
#define SERVER_STORE_JOB_STATE_H

#include <stdbool.h>

#include "api/answers.h"

_Static_assert(JOB_QUEUED == 0 && JOB_RUNNING == 1 && JOB_PAUSED == 2 && JOB_SUCCEEDED == 3 && JOB_FAILED == 4 &&
		       JOB_CANCELLED == 5 && JOB_STATUS_COUNT == 6,
	       "the database holds these numbers");

#define JOB_BIT(status) (1u << (unsigned)(status))

/* Bits of the statuses that may follow one. */
static inline unsigned job_successors(enum job_status from)
{
	static const unsigned successors[JOB_STATUS_COUNT] = {
		[JOB_QUEUED] = JOB_BIT(JOB_RUNNING) | JOB_BIT(JOB_CANCELLED),
		[JOB_RUNNING] =
			JOB_BIT(JOB_QUEUED) | JOB_BIT(JOB_SUCCEEDED) | JOB_BIT(JOB_FAILED) | JOB_BIT(JOB_CANCELLED),
		[JOB_PAUSED] = JOB_BIT(JOB_CANCELLED),
	};
	return successors[from];
}

static inline bool job_may_become(enum job_status from, enum job_status to)
{
	return (job_successors(from) & JOB_BIT(to)) != 0;
}

#endif
