/*
 * The executor: how core gets work done on several threads without having any of its own.
 *
 * core cuts its work in pieces whose number and content depend on shapes alone, never on the
 * number of threads; whoever calls core hands it an executor that runs them. Results must not
 * depend on which thread runs which piece, nor on the order. An executor does well to give each thread neighbouring
 * pieces, and the same share of them in every run: passes over the same memory are cut alike.
 */
#ifndef CORE_EXEC_H
#define CORE_EXEC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* One piece of work. slot < executor.slots is unique among the pieces that run at the same
 * time: it picks the scratch memory. */
typedef void executor_piece(void *context, size_t index, size_t slot);

struct executor {
	/* Runs piece 0..count-1, each once, and returns when all are done. One piece runs on the
	 * calling thread and wakes nobody. */
	void (*run)(struct executor *self, size_t count, executor_piece *piece, void *context);
	size_t slots; /* >= 1: how many pieces may run at once */
	/* Set from outside to ask the running evaluation to give up; looked at between row blocks,
	 * and between the operations of an expression on whole matrices. NULL: never. */
	const atomic_bool *stop;
};

static inline bool executor_stopped(const struct executor *executor)
{
	return executor->stop != NULL && atomic_load_explicit(executor->stop, memory_order_relaxed);
}

/* The executor without threads: runs every piece on the caller, in order. For tests and for
 * programs that use core as a library. */
struct executor executor_serial(void);

#endif
