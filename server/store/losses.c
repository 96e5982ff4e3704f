#include "server/store/losses.h"

#include <stdlib.h>
#include <string.h>

void losses_note(struct store *store, const char *id, uint64_t attempt, enum status status)
{
	/* A failure that cannot be kept for want of memory is the one case in which a hole may go unnoticed: the
	 * process is then about to lose the job anyway. */
	struct loss *loss = calloc(1, sizeof *loss);
	if (loss == NULL) {
		return;
	}
	memcpy(loss->id, id, strnlen(id, ID_SIZE - 1));
	loss->attempt = attempt;
	loss->status = status;
	pthread_mutex_lock(&store->mutex);
	loss->next = store->losses;
	store->losses = loss;
	pthread_mutex_unlock(&store->mutex);
}

enum status losses_find(struct store *store, const char *id, uint64_t attempt)
{
	enum status status = OK;
	pthread_mutex_lock(&store->mutex);
	for (const struct loss *loss = store->losses; loss != NULL; loss = loss->next) {
		if (loss->attempt == attempt && strcmp(loss->id, id) == 0) {
			status = loss->status; /* the list is newest first: the last one seen is the first failure */
		}
	}
	pthread_mutex_unlock(&store->mutex);
	return status;
}

void losses_forget(struct store *store, const char *id)
{
	pthread_mutex_lock(&store->mutex);
	for (struct loss **at = &store->losses; *at != NULL;) {
		struct loss *loss = *at;
		if (strcmp(loss->id, id) == 0) {
			*at = loss->next;
			free(loss);
		} else {
			at = &loss->next;
		}
	}
	pthread_mutex_unlock(&store->mutex);
}
