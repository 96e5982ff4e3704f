/*
 * A client's connection, from accept to close, and the phase it is in.
 *
 * The list of connections exists for the ticker alone. A connection leaves it, under the list's mutex, before
 * libmicrohttpd closes the socket: so the ticker never touches a descriptor that already belongs to somebody else.
 */
#include "server/http/internal.h"

#include <stdlib.h>
#include <time.h>

double clock_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool connection_phase(struct connection *peer, enum phase phase, double seconds)
{
	int before = atomic_load(&peer->phase);
	if (before != PHASE_KILLED) {
		/* Between the two the ticker may see the old phase with the new deadline, which is later: harmless. */
		atomic_store(&peer->deadline, seconds > 0 ? clock_now() + seconds : 0);
		if (atomic_compare_exchange_strong(&peer->phase, &before, (int)phase)) {
			return true;
		}
	}
	/* The ticker, which holds this mutex, may be about to say why: closing now would cut its words off. */
	pthread_mutex_lock(&peer->request.server->list_mutex);
	pthread_mutex_unlock(&peer->request.server->list_mutex);
	return false;
}

static void opened(struct http_server *server, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *peer = calloc(1, sizeof *peer);
	*context = peer;
	if (peer == NULL || info == NULL) {
		free(peer);
		*context = NULL; /* requests on it are refused in handle_uri */
		return;
	}
	peer->fd = info->connect_fd;
	peer->first = true;
	peer->request.server = server;
	peer->request.peer = peer;
	text_init(&peer->request.response.body);
	atomic_init(&peer->phase, PHASE_HEAD);
	atomic_init(&peer->deadline, clock_now() + server->options.head_seconds);
	pthread_mutex_lock(&server->list_mutex);
	peer->next = server->connections;
	if (peer->next != NULL) {
		peer->next->previous = peer;
	}
	server->connections = peer;
	pthread_mutex_unlock(&server->list_mutex);
}

static void closed(struct http_server *server, struct connection *peer)
{
	pthread_mutex_lock(&server->list_mutex);
	if (peer->previous != NULL) {
		peer->previous->next = peer->next;
	} else {
		server->connections = peer->next;
	}
	if (peer->next != NULL) {
		peer->next->previous = peer->previous;
	}
	pthread_mutex_unlock(&server->list_mutex);
	request_end(&peer->request);
	text_fini(&peer->request.response.body);
	free(peer);
}

void connection_notify(void *context, struct MHD_Connection *connection, void **socket_context,
		       enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		opened(server, connection, socket_context);
	} else if (*socket_context != NULL) {
		closed(server, *socket_context);
		*socket_context = NULL;
	}
}
