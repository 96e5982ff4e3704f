/*
 * The queue's order in memory: the ids of queued jobs, sorted. It answers "how many stand before me" without
 * counting rows. The database is the truth; this follows each commit (and may lag it by a moment).
 */
#ifndef SERVER_STORE_WAITING_H
#define SERVER_STORE_WAITING_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "api/answers.h"

struct waiting {
	pthread_mutex_t mutex; /* guards all below */
	char (*id)[ID_SIZE];   /* [first, end) are in use, ascending */
	size_t first, end, capacity;
	bool incomplete; /* an id was not kept for want of memory */
};

void waiting_init(struct waiting *waiting);
void waiting_fini(struct waiting *waiting);
/* A job now has this status: it stands in the queue or it does not. E_MEMORY. */
enum status waiting_follow(struct waiting *waiting, const char *id, enum job_status status);
/* 1-based place that this id has, or would have. */
uint64_t waiting_place(struct waiting *waiting, const char *id);
/* Certainly nothing queued? */
bool waiting_empty(struct waiting *waiting);

#endif
