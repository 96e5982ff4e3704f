#include "server/store/waiting.h"

#include <stdlib.h>
#include <string.h>

void waiting_init(struct waiting *waiting)
{
	memset(waiting, 0, sizeof *waiting);
	pthread_mutex_init(&waiting->mutex, NULL);
}

void waiting_fini(struct waiting *waiting)
{
	free(waiting->id);
	pthread_mutex_destroy(&waiting->mutex);
}

/* The first index whose id is not less than this one. */
static size_t lower_bound(const struct waiting *waiting, const char *id)
{
	size_t low = waiting->first, high = waiting->end;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(waiting->id[middle], id) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* Room for one more at the end: moves down over what was taken from the front, or grows. */
static enum status make_room(struct waiting *waiting)
{
	size_t count = waiting->end - waiting->first;
	if (waiting->end < waiting->capacity) {
		return OK;
	}
	if (count > waiting->capacity / 2 || waiting->capacity == 0) {
		size_t capacity = waiting->capacity != 0 ? 2 * waiting->capacity : 64;
		char(*grown)[ID_SIZE] = realloc(waiting->id, capacity * sizeof *grown);
		if (grown == NULL) {
			return E_MEMORY;
		}
		waiting->id = grown;
		waiting->capacity = capacity;
	}
	memmove(waiting->id, waiting->id + waiting->first, count * sizeof *waiting->id);
	waiting->first = 0;
	waiting->end = count;
	return OK;
}

static enum status insert(struct waiting *waiting, const char *id)
{
	enum status status = make_room(waiting);
	size_t at;
	if (status != OK) {
		return status;
	}
	at = lower_bound(waiting, id);
	if (at < waiting->end && strcmp(waiting->id[at], id) == 0) {
		return OK;
	}
	memmove(waiting->id + at + 1, waiting->id + at, (waiting->end - at) * sizeof *waiting->id);
	memset(waiting->id[at], 0, ID_SIZE);
	memcpy(waiting->id[at], id, strnlen(id, ID_SIZE - 1));
	waiting->end++;
	return OK;
}

static void erase(struct waiting *waiting, const char *id)
{
	size_t at = lower_bound(waiting, id);
	if (at == waiting->end || strcmp(waiting->id[at], id) != 0) {
		return;
	}
	if (at == waiting->first) {
		waiting->first++;
	} else {
		memmove(waiting->id + at, waiting->id + at + 1, (waiting->end - at - 1) * sizeof *waiting->id);
		waiting->end--;
	}
}

enum status waiting_follow(struct waiting *waiting, const char *id, enum job_status status)
{
	enum status result = OK;
	pthread_mutex_lock(&waiting->mutex);
	if (status == JOB_QUEUED) {
		result = insert(waiting, id);
		waiting->incomplete = waiting->incomplete || result != OK;
	} else {
		erase(waiting, id);
	}
	pthread_mutex_unlock(&waiting->mutex);
	return result;
}

uint64_t waiting_place(struct waiting *waiting, const char *id)
{
	uint64_t place;
	pthread_mutex_lock(&waiting->mutex);
	place = (uint64_t)(lower_bound(waiting, id) - waiting->first) + 1;
	pthread_mutex_unlock(&waiting->mutex);
	return place;
}

bool waiting_empty(struct waiting *waiting)
{
	bool empty;
	pthread_mutex_lock(&waiting->mutex);
	empty = waiting->end == waiting->first && !waiting->incomplete;
	pthread_mutex_unlock(&waiting->mutex);
	return empty;
}
