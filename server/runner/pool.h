/*
 * The arithmetic threads that all jobs share: a pool of T-1 helpers beside the job runners themselves.
 *
 * A runner that calls executor->run takes part in its own pieces; idle helpers join, fairly over the
 * jobs. One job alone uses all T; no more than T threads compute as long as there are at most T runners.
 *
 * Invariants
 *  1. A piece runs once; run() returns when all have. A single piece runs inline and wakes nobody.
 *  2. Slot 0 is the runner, slot k helper k: unique among the pieces of a run, whoever joins.
 *  3. A helper joins, and stays after a piece, only while runners at work and busy helpers are at most T.
 *  4. Pieces of a slot's share, s/T to (s + 1)/T of them, are its thread's as long as that keeps up.
 *  5. run() allocates nothing and, as long as helpers are awake, makes no system call.
 */
#ifndef SERVER_RUNNER_POOL_H
#define SERVER_RUNNER_POOL_H

#include "core/base/error.h"
#include "core/exec.h"

struct pool;

/* threads >= 1, T. E_MEMORY, E_IO (a thread cannot be started). */
enum status pool_create(size_t threads, struct pool **out, struct error *error);
/* All executors must have been destroyed. */
void pool_destroy(struct pool *pool);

/* An executor of this pool for one job runner; stop as in core/exec.h. Returned by pointer, owned by the caller; NULL:
 * out of memory. One thread at a time may use it. */
struct executor *pool_executor_create(struct pool *pool, const atomic_bool *stop);
void pool_executor_destroy(struct executor *executor);

/* The runner computes a job from begin to end, between its runs too: helpers leave it a core. Without these it
 * counts only within run(). */
void pool_executor_begin(struct executor *executor);
void pool_executor_end(struct executor *executor);

#endif
