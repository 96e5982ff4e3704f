/* What every route handler is handed: the parts of the running service. */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include "server/config.h"
#include "server/http/http.h"
#include "server/store/store.h"
#include "server/work/workers.h"

struct service {
	const struct config *config;
	struct store *store;
	struct workers *workers;
	struct http_server *http;
};

#endif
