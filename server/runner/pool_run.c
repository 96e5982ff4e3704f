/*
 * The pool. Each executor is a node of a list that only grows (nodes are used again, and freed with the pool), so
 * helpers scan it without a lock. A run opens its node; whoever finds no piece left to deal closes it:
 *
 *   node->state = OPEN | WAITING | members         join: members + 1 while OPEN; leave: members - 1
 *
 *   runner: write the work, set OPEN (release); deal pieces; wait until closed and members == 0 (acquire)
 *   helper: join (acquire); deal pieces; leave (release)
 *
 * So what a run writes is read by members only, and the node is written again only when there are none.
 *
 * Each slot has a share of the pieces, neighbouring ones and the same in every run of as many: memory that passes read
 * one after the other stays with its core, where a line from another one's cache takes up to half a microsecond.
 *
 * Helpers without work and runners without pieces spin for a few microseconds, since the next run usually is that near
 * and a wake-up costs more; then they sleep. While they spin they offer their core again and again: on a busy machine
 * somebody else needs it, often the very thread that they wait for.
 */
#include "server/runner/pool_internal.h"

#include <sched.h>
#include <time.h>

/* A wake-up takes 5 us of the waker and up to 50 us until the sleeper runs. */
enum { SPIN_NANOSECONDS = 30000, SPIN_CHECK = 64 };
/* More than a small piece takes, and little beside a large one. */
enum { LEAVE_NANOSECONDS = 10000 };

static const uint32_t OPEN = UINT32_C(1) << 31;
static const uint32_t WAITING = UINT32_C(1) << 30;

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* No piece is left to deal: nobody else is to look for one here. */
static void close_run(struct node *node)
{
	uint32_t before = atomic_fetch_and_explicit(&node->state, ~OPEN, memory_order_acq_rel);
	if ((before & OPEN) != 0) {
		atomic_fetch_sub(&node->pool->open, 1);
	}
}

/* The next piece of a share. False: none is left. */
static bool take(struct share *share, size_t *piece)
{
	size_t next = atomic_load_explicit(&share->next, memory_order_relaxed);
	while (next < share->end) {
		if (atomic_compare_exchange_weak_explicit(&share->next, &next, next + 1, memory_order_relaxed,
							  memory_order_relaxed)) {
			*piece = next;
			return true;
		}
	}
	return false;
}

/* Waits until an owner at work has taken what is his, or until `end`. */
static void leave_to_owner(const struct share *share, int64_t end)
{
	while (atomic_load_explicit(&share->next, memory_order_relaxed) < share->end &&
	       atomic_load_explicit(&share->tended, memory_order_relaxed) && nanoseconds() < end) {
		for (int i = 0; i < SPIN_CHECK / 4; i++) {
			relax();
		}
	}
}

/* Runs pieces of one share. False: the machine is full, a helper is to leave. */
static bool deal_share(struct node *node, struct share *share, size_t slot)
{
	struct pool *pool = node->pool;
	for (size_t piece; take(share, &piece);) {
		node->piece(node->context, piece, slot);
		if (slot != 0 && atomic_load_explicit(&pool->computing, memory_order_relaxed) > pool->threads) {
			return false;
		}
	}
	return true;
}

/* Runs pieces on the calling thread, those of its slot first, until none is left, or (helpers) until the machine is
 * full. */
static void deal(struct node *node, size_t slot)
{
	bool stay = true;
	if (slot < node->shares) {
		struct share *own = &node->share[slot];
		atomic_store_explicit(&own->tended, true, memory_order_relaxed);
		stay = deal_share(node, own, slot);
		atomic_store_explicit(&own->tended, false, memory_order_relaxed);
	}
	int64_t end = nanoseconds() + LEAVE_NANOSECONDS;
	for (size_t s = 1; stay && s <= node->shares; s++) {
		struct share *other = &node->share[(slot + s) % node->shares];
		leave_to_owner(other, end);
		stay = deal_share(node, other, slot);
	}
	if (stay) {
		close_run(node);
	}
}

/* --- helpers --- */

static bool take_core(struct pool *pool)
{
	size_t computing = atomic_load_explicit(&pool->computing, memory_order_relaxed);
	while (computing < pool->threads) {
		if (atomic_compare_exchange_weak_explicit(&pool->computing, &computing, computing + 1,
							  memory_order_relaxed, memory_order_relaxed)) {
			return true;
		}
	}
	return false;
}

void pool_leave_core(struct pool *pool)
{
	atomic_fetch_sub_explicit(&pool->computing, 1, memory_order_relaxed);
}

static bool join(struct node *node)
{
	uint32_t state = atomic_load_explicit(&node->state, memory_order_relaxed);
	while ((state & OPEN) != 0) {
		if (atomic_compare_exchange_weak_explicit(&node->state, &state, state + 1, memory_order_acquire,
							  memory_order_relaxed)) {
			return true;
		}
	}
	return false;
}

static void leave(struct node *node)
{
	uint32_t before = atomic_fetch_sub_explicit(&node->state, 1, memory_order_acq_rel);
	if (before == (WAITING | 1)) {
		pthread_mutex_lock(&node->mutex);
		pthread_cond_signal(&node->drained);
		pthread_mutex_unlock(&node->mutex);
	}
}

/* Joins the next open run after the last one, and works there. False: none was open. */
static bool help(struct helper *helper)
{
	struct pool *pool = helper->pool;
	struct node *first = atomic_load_explicit(&pool->first, memory_order_acquire);
	struct node *start =
		helper->last == NULL ? NULL : atomic_load_explicit(&helper->last->following, memory_order_acquire);
	start = start == NULL ? first : start;
	for (struct node *node = start; node != NULL;) {
		if (join(node)) {
			helper->last = node;
			deal(node, helper->slot);
			leave(node);
			return true;
		}
		node = atomic_load_explicit(&node->following, memory_order_acquire);
		node = node == NULL ? first : node;
		node = node == start ? NULL : node;
	}
	return false;
}

static bool work_waits(const struct pool *pool)
{
	return atomic_load(&pool->open) > 0 &&
	       atomic_load_explicit(&pool->computing, memory_order_relaxed) < pool->threads;
}

static void sleep_until_work(struct pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	atomic_fetch_add(&pool->sleeping, 1);
	while (!work_waits(pool) && !atomic_load(&pool->stopping)) {
		pthread_cond_wait(&pool->work, &pool->mutex);
	}
	atomic_fetch_sub(&pool->sleeping, 1);
	pthread_mutex_unlock(&pool->mutex);
}

static bool spin_until_work(const struct pool *pool)
{
	int64_t end = nanoseconds() + SPIN_NANOSECONDS;
	do {
		for (int i = 0; i < SPIN_CHECK; i++) {
			if (work_waits(pool) || atomic_load_explicit(&pool->stopping, memory_order_relaxed)) {
				return true;
			}
			relax();
		}
		sched_yield();
	} while (nanoseconds() < end);
	return false;
}

void *pool_helper(void *argument)
{
	struct helper *helper = argument;
	struct pool *pool = helper->pool;
	while (!atomic_load_explicit(&pool->stopping, memory_order_relaxed)) {
		if (take_core(pool)) {
			bool helped = help(helper);
			pool_leave_core(pool);
			if (helped) {
				continue;
			}
		}
		if (!spin_until_work(pool)) {
			sleep_until_work(pool);
		}
	}
	return NULL;
}

/* --- runners --- */

/* Wakes as many sleepers as there is work and room for. A helper that is about to sleep either sees `open`, which was
 * raised before, or is seen here (both orders are sequentially consistent). */
static void wake(struct pool *pool, size_t pieces)
{
	if (atomic_load(&pool->sleeping) == 0) {
		return;
	}
	size_t computing = atomic_load_explicit(&pool->computing, memory_order_relaxed);
	size_t room = computing < pool->threads ? pool->threads - computing : 0;
	pthread_mutex_lock(&pool->mutex);
	for (size_t i = 0; i < room && i + 1 < pieces; i++) {
		pthread_cond_signal(&pool->work);
	}
	pthread_mutex_unlock(&pool->mutex);
}

static bool is_drained(struct node *node)
{
	return (atomic_load_explicit(&node->state, memory_order_acquire) & ~WAITING) == 0;
}

static void wait_until_drained(struct node *node)
{
	int64_t end = 0;
	for (;;) {
		for (int i = 0; i < SPIN_CHECK; i++) {
			if (is_drained(node)) {
				return;
			}
			relax();
		}
		sched_yield();
		int64_t now = nanoseconds();
		end = end == 0 ? now + SPIN_NANOSECONDS : end;
		if (now >= end) {
			break;
		}
	}
	pthread_mutex_lock(&node->mutex);
	atomic_fetch_or_explicit(&node->state, WAITING, memory_order_acq_rel);
	while (!is_drained(node)) {
		pthread_cond_wait(&node->drained, &node->mutex);
	}
	atomic_fetch_and_explicit(&node->state, ~WAITING, memory_order_acq_rel);
	pthread_mutex_unlock(&node->mutex);
}

static void run_shared(struct node *node, size_t count, executor_piece *piece, void *context)
{
	struct pool *pool = node->pool;
	node->piece = piece;
	node->context = context;
	node->shares = count < pool->threads ? count : pool->threads;
	for (size_t s = 0; s < node->shares; s++) {
		node->share[s].end = (s + 1) * count / node->shares;
		atomic_store_explicit(&node->share[s].next, s * count / node->shares, memory_order_relaxed);
	}
	if (!node->begun) {
		atomic_fetch_add_explicit(&pool->computing, 1, memory_order_relaxed);
	}
	atomic_fetch_add(&pool->open, 1);
	atomic_fetch_or_explicit(&node->state, OPEN, memory_order_release);
	wake(pool, count);
	deal(node, 0);
	wait_until_drained(node);
	if (!node->begun) {
		pool_leave_core(pool);
	}
}

void pool_run(struct executor *self, size_t count, executor_piece *piece, void *context)
{
	struct node *node = (struct node *)self;
	if (count > 1 && node->pool->helpers > 0) {
		run_shared(node, count, piece, context);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		piece(context, i, 0);
	}
}
