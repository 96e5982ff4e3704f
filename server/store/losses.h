/*
 * Owners whose posted points were lost: nobody waits for those writes, so the failure is kept here and answered by the
 * owner's next write. Otherwise a curve could have a hole (a disk that was full for a moment).
 */
#ifndef SERVER_STORE_LOSSES_H
#define SERVER_STORE_LOSSES_H

#include "server/store/internal.h"

/* Keeps the first failure of an owner. */
void losses_note(struct store *store, const char *id, uint64_t attempt, enum status status);
/* OK: none. */
enum status losses_find(struct store *store, const char *id, uint64_t attempt);
/* The job begins anew (claimed, restarted) or has ended. */
void losses_forget(struct store *store, const char *id);

#endif
