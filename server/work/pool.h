/*
 * The arithmetic threads that all jobs share: a pool of T-1 helpers beside the job runners themselves.
 *
 * A runner that calls executor->run takes part in its own pieces; idle helpers join, fairly over the
 * jobs. One job alone uses all T; no more than T threads compute as long as there are at most T runners.
 */
#ifndef SERVER_WORK_POOL_H
#define SERVER_WORK_POOL_H

#include "core/base/error.h"
#include "core/exec.h"

struct pool;

enum status pool_create(size_t threads, struct pool **out, struct error *error);
void pool_destroy(struct pool *pool);

/* An executor of this pool for one job runner; stop as in core/exec.h. Returned by pointer, owned by the caller. */
struct executor *pool_executor_create(struct pool *pool, const atomic_bool *stop);
void pool_executor_destroy(struct executor *executor);

#endif
