/* The files of datasets whose content is too large for the database: none stays that no record points to. */
#ifndef SERVER_CONTENT_H
#define SERVER_CONTENT_H

#include "server/dataset/import.h"
#include "server/service.h"

/* Unlinks the file of this content; the caller holds files_lock exclusively. context: the struct service (the form that
 * store_watch_content calls). */
void content_remove(void *context, const char *sha256);
/* Commits the record of what was imported, with its table: a small one is handed to `commit`, for a large one (bytes
 * NULL) the file is durable and in place before. Nothing slow but that commit happens under a lock, and nothing but
 * deletions waits for that lock. A file whose record could not be stored is unlinked unless another points to it. */
typedef enum status content_commit(void *context, const struct dataset_content *content, struct error *error);
enum status content_store(struct service *service, struct import *import, const char *content_name,
			  content_commit *commit, void *context, struct error *error);
/* Unlinks what a crash left between a file's being put in place and its record's commit, or between a record's
 * deletion and the file's. Before the first request. */
void content_sweep(const struct service *service);

#endif
