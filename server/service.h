/* What every route handler is handed: the parts of the running service. All borrowed but the mutex. */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include <pthread.h>

#include "server/config.h"
#include "server/http/http.h"
#include "server/store/store.h"
#include "server/runner/workers.h"

struct job_cache;

struct service {
	const struct config *config;
	struct store *store;
	struct workers *workers;
	struct http_server *http;
	struct job_cache *cache;
	/* Shared while a table's file is put in place and its record is added, exclusive while the last record is
	 * deleted and the file unlinked: an upload of the same bytes must not find a file that is about to go. */
	pthread_rwlock_t files_lock;
};

#endif
