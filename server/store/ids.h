/*
 * Ids that sort bytewise by creation: prefix_ and 22 base62 digits of a 128-bit number:
 * milliseconds since 1970 (48 bits), a counter within the millisecond (16), random bits (64).
 *
 * Invariants
 *  1. Ids of one maker strictly increase, also when the clock stands still or steps back: the time then stays at
 *     the last one and the counter goes on (a full counter borrows the next millisecond).
 *  2. After ids_seen of the greatest stored id, new ones sort after it.
 */
#ifndef SERVER_STORE_IDS_H
#define SERVER_STORE_IDS_H

#include <pthread.h>
#include <stdint.h>

#include "api/dataset_info.h"

struct ids {
	pthread_mutex_t mutex; /* guards last */
	uint64_t last;         /* milliseconds << 16 | counter of the last id */
};

/* E_IO: the system has no source of randomness. ids_fini it in any case. */
enum status ids_init(struct ids *ids);
void ids_fini(struct ids *ids);
/* An id that exists; one of another shape is passed over. */
void ids_seen(struct ids *ids, const char *id);
/* now: milliseconds since 1970. */
void ids_make(struct ids *ids, const char *prefix, int64_t now, char id[ID_SIZE]);

/* Milliseconds since 1970, by the wall clock. */
int64_t clock_milliseconds(void);

#endif
