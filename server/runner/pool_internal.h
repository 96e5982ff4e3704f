/* What the two halves of the pool share: pool.c (lifetime) and pool_run.c (runs and helpers). */
#ifndef SERVER_RUNNER_POOL_INTERNAL_H
#define SERVER_RUNNER_POOL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/runner/pool.h"

enum { CACHE_LINE = 64 };

/* The pieces of a run that are one slot's: the same ones each time, whose memory is near to its thread. Who has none
 * left takes of others', but leaves those of an owner who is at work to him for some microseconds. */
struct share {
	_Alignas(CACHE_LINE) atomic_size_t next;
	size_t end;
	atomic_bool tended;
};

struct node {
	struct executor executor; /* first: a node is an executor */
	struct pool *pool;
	struct node *_Atomic following;
	bool used;  /* guarded by pool->mutex */
	bool begun; /* the runner's own */
	executor_piece *piece;
	void *context;
	pthread_mutex_t mutex; /* for `drained` */
	pthread_cond_t drained;
	_Alignas(CACHE_LINE) atomic_uint_least32_t state;
	size_t shares;       /* of a run: of as many slots as it has pieces for */
	struct share *share; /* [pool->threads] */
};

struct helper {
	struct pool *pool;
	size_t slot;
	struct node *last; /* where the search for work goes on */
	pthread_t thread;
};

struct pool {
	size_t threads;
	size_t helpers;        /* started */
	struct helper *helper; /* [threads - 1] */
	pthread_mutex_t mutex; /* node->used, additions to the list, sleeping */
	pthread_cond_t work;
	struct node *_Atomic first;
	_Alignas(CACHE_LINE) atomic_size_t open;      /* runs that have pieces to deal */
	_Alignas(CACHE_LINE) atomic_size_t computing; /* runners at work and busy helpers */
	_Alignas(CACHE_LINE) atomic_size_t sleeping;  /* what runners read each time changes seldom */
	atomic_bool stopping;
};

/* executor->run of a node. */
void pool_run(struct executor *self, size_t count, executor_piece *piece, void *context);
/* The thread of a helper; its argument is a struct helper. */
void *pool_helper(void *argument);
/* One runner or helper less computes. */
void pool_leave_core(struct pool *pool);

#endif
