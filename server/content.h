/* The files of datasets whose content is too large for the database: none stays that no record points to. */
#ifndef SERVER_CONTENT_H
#define SERVER_CONTENT_H

#include "server/service.h"

/* Unlinks the file of this content; the caller holds files_mutex. context: the struct service (the form that
 * store_watch_content calls). */
void content_remove(void *context, const char *sha256);
/* The record could not be stored: unlinks the file unless another record points to it. The caller holds files_mutex. */
void content_give_up(struct service *service, const char *sha256);
/* Unlinks what a crash left between a file's being put in place and its record's commit, or between a record's
 * deletion and the file's. Before the first request. */
void content_sweep(const struct service *service);

#endif
