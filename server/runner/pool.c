/* The life of the pool, its threads and its executors. See pool.h; the work itself is in pool_run.c. */
#include "server/runner/pool.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

#include "server/runner/pool_internal.h"

static struct node *make_node(struct pool *pool)
{
	struct node *node = aligned_alloc(CACHE_LINE, sizeof *node);
	struct share *share = aligned_alloc(CACHE_LINE, pool->threads * sizeof *share);
	if (node == NULL || share == NULL) {
		free(node);
		free(share);
		return NULL;
	}
	*node = (struct node){ .pool = pool, .share = share };
	for (size_t s = 0; s < pool->threads; s++) {
		share[s] = (struct share){ .end = 0 };
	}
	pthread_mutex_init(&node->mutex, NULL);
	pthread_cond_init(&node->drained, NULL);
	atomic_store_explicit(&node->following, atomic_load_explicit(&pool->first, memory_order_relaxed),
			      memory_order_relaxed);
	atomic_store_explicit(&pool->first, node, memory_order_release);
	return node;
}

struct executor *pool_executor_create(struct pool *pool, const atomic_bool *stop)
{
	pthread_mutex_lock(&pool->mutex);
	struct node *node = atomic_load_explicit(&pool->first, memory_order_relaxed);
	while (node != NULL && node->used) {
		node = atomic_load_explicit(&node->following, memory_order_relaxed);
	}
	node = node == NULL ? make_node(pool) : node;
	if (node != NULL) {
		node->used = true;
		node->executor = (struct executor){ .run = pool_run, .slots = pool->threads, .stop = stop };
	}
	pthread_mutex_unlock(&pool->mutex);
	return node == NULL ? NULL : &node->executor;
}

void pool_executor_destroy(struct executor *executor)
{
	if (executor == NULL) {
		return;
	}
	struct node *node = (struct node *)executor;
	pool_executor_end(executor);
	pthread_mutex_lock(&node->pool->mutex);
	node->used = false;
	pthread_mutex_unlock(&node->pool->mutex);
}

void pool_executor_begin(struct executor *executor)
{
	struct node *node = (struct node *)executor;
	if (!node->begun) {
		node->begun = true;
		atomic_fetch_add_explicit(&node->pool->computing, 1, memory_order_relaxed);
	}
}

void pool_executor_end(struct executor *executor)
{
	struct node *node = (struct node *)executor;
	if (node->begun) {
		node->begun = false;
		pool_leave_core(node->pool);
	}
}

/* Helpers take no signals: those are for the main thread. */
static enum status start_helpers(struct pool *pool, struct error *error)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	size_t helpers = 0;
	for (; helpers + 1 < pool->threads; helpers++) {
		struct helper *helper = &pool->helper[helpers];
		*helper = (struct helper){ .pool = pool, .slot = helpers + 1 };
		if (pthread_create(&helper->thread, NULL, pool_helper, helper) != 0) {
			break;
		}
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pool->helpers = helpers;
	return helpers + 1 == pool->threads ? OK : error_set(error, E_IO, "a thread cannot be started");
}

enum status pool_create(size_t threads, struct pool **out, struct error *error)
{
	assert(threads >= 1);
	struct pool *pool = aligned_alloc(CACHE_LINE, sizeof *pool);
	struct helper *helper = calloc(threads, sizeof *helper);
	if (pool == NULL || helper == NULL) {
		free(pool);
		free(helper);
		return error_set(error, E_MEMORY, "out of memory while starting threads");
	}
	*pool = (struct pool){ .threads = threads, .helper = helper };
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->work, NULL);
	enum status status = start_helpers(pool, error);
	if (status != OK) {
		pool_destroy(pool);
		return status;
	}
	*out = pool;
	return OK;
}

void pool_destroy(struct pool *pool)
{
	if (pool == NULL) {
		return;
	}
	pthread_mutex_lock(&pool->mutex);
	atomic_store(&pool->stopping, true);
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->mutex);
	for (size_t i = 0; i < pool->helpers; i++) {
		pthread_join(pool->helper[i].thread, NULL);
	}
	for (struct node *node = atomic_load_explicit(&pool->first, memory_order_relaxed); node != NULL;) {
		struct node *following = atomic_load_explicit(&node->following, memory_order_relaxed);
		assert(!node->used);
		pthread_cond_destroy(&node->drained);
		pthread_mutex_destroy(&node->mutex);
		free(node->share);
		free(node);
		node = following;
	}
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->mutex);
	free(pool->helper);
	free(pool);
}
