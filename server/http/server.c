/*
 * The daemon: listening socket, libmicrohttpd with epoll and a pool of threads, start and stop.
 *
 * Stopping, in this order, since libmicrohttpd aborts the process when it is stopped with a suspended connection:
 * mark `stopping`, after which a new request is answered 503 and nothing is suspended; resume what is, the work threads
 * giving up what they do; give answers that are under way a moment; stop the pool, which takes no connection any more;
 * stop the ticker.
 *
 * MHD_quiesce_daemon is not used: up to 0.9.75 at least it takes the listening socket out of a thread's epoll set while
 * that thread, awake, may do the same, and the second of the two aborts the process.
 */
#include "server/http/internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static enum status bind_one(const struct addrinfo *address, int *out)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return E_IO;
	}
	int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) {
		int saved = errno;
		close(fd);
		errno = saved;
		return E_IO;
	}
	*out = fd;
	return OK;
}

static enum status open_listener(struct http_server *server, const char *host, uint16_t port, struct error *error)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	char service[8];
	snprintf(service, sizeof service, "%u", port);
	int code = getaddrinfo(host, service, &hints, &list);
	if (code != 0) {
		return error_set(error, E_INVALID, "cannot listen on %s:%u: %s", host, port, gai_strerror(code));
	}
	enum status status = E_IO;
	for (struct addrinfo *address = list; address != NULL && status != OK; address = address->ai_next) {
		status = bind_one(address, &server->listener);
	}
	int reason = errno;
	freeaddrinfo(list);
	if (status != OK) {
		return error_set(error, status, "cannot listen on %s:%u: %s", host, port, strerror(reason));
	}
	struct sockaddr_storage name;
	socklen_t length = sizeof name;
	getsockname(server->listener, (struct sockaddr *)&name, &length);
	server->port = ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
							: ((struct sockaddr_in *)&name)->sin_port);
	return OK;
}

/* libmicrohttpd shall decode nothing: request.c does, and sees what is bad. */
static size_t unescape_nothing(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

enum status http_listen(struct http_server *server, struct error *error)
{
	unsigned threads = (unsigned)server->options.threads;
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle_access, server,
		MHD_OPTION_LISTEN_SOCKET, server->listener, MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? threads : 0u,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTION_LIMIT, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, handle_uri, server,
		MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, NULL, MHD_OPTION_NOTIFY_COMPLETED, handle_completed,
		server, MHD_OPTION_NOTIFY_CONNECTION, connection_notify, server, MHD_OPTION_END);
	/* libmicrohttpd closes it, at its stop or when it does not start: a second close could hit another's file. */
	server->listener = -1;
	return server->daemon == NULL ? error_set(error, E_IO, "cannot start the HTTP threads") : OK;
}

static void server_free(struct http_server *server)
{
	if (server->listener >= 0) {
		close(server->listener);
	}
	pthread_mutex_destroy(&server->list_mutex);
	pthread_mutex_destroy(&server->wait_mutex);
	pthread_cond_destroy(&server->work_wake);
	pthread_mutex_destroy(&server->work_mutex);
	free(server);
}

enum status http_create(const struct http_options *options, struct http_server **out, struct error *error)
{
	struct http_server *server = calloc(1, sizeof *server);
	if (server == NULL || sodium_init() < 0) {
		free(server);
		return error_set(error, E_MEMORY, "out of memory");
	}
	server->options = *options;
	server->listener = -1;
	pthread_mutex_init(&server->list_mutex, NULL);
	pthread_mutex_init(&server->wait_mutex, NULL);
	work_init(server);
	uint64_t random;
	randombytes_buf(&random, sizeof random);
	snprintf(server->id_prefix, sizeof server->id_prefix, "%08llx", (unsigned long long)(random >> 32));
	if (options->token != NULL) {
		server->has_token = true;
		crypto_hash_sha256(server->token_hash, (const unsigned char *)options->token, strlen(options->token));
		server->options.token = NULL;
	}
	enum status status = open_listener(server, options->host, options->port, error);
	if (status == OK && !(work_start(server) && ticker_start(server))) {
		status = error_set(error, E_MEMORY, "cannot start a thread");
	}
	if (status != OK) {
		ticker_stop(server);
		work_stop(server);
		server_free(server);
		return status;
	}
	*out = server;
	return OK;
}

enum status http_start(const struct http_options *options, struct http_server **out, struct error *error)
{
	struct http_server *server = NULL;
	enum status status = http_create(options, &server, error);
	if (status == OK) {
		status = http_listen(server, error);
	}
	if (status != OK) {
		http_stop(server);
		return status;
	}
	*out = server;
	return OK;
}

uint16_t http_port(const struct http_server *server)
{
	return server->port;
}

/* Is there an answer that is not out? early: or a request that is coming in? */
static bool under_way(struct http_server *server, bool early)
{
	bool found = false;
	pthread_mutex_lock(&server->list_mutex);
	for (struct connection *peer = server->connections; peer != NULL && !found; peer = peer->next) {
		int phase = atomic_load(&peer->phase);
		found = phase == PHASE_HANDLING || phase == PHASE_SENDING || (early && phase == PHASE_BODY);
	}
	pthread_mutex_unlock(&server->list_mutex);
	return found;
}

void http_stop(struct http_server *server)
{
	if (server == NULL) {
		return;
	}
	atomic_store(&server->stopping, true);
	wait_tick(server, clock_now(), true);
	work_stop(server);
	double begin = clock_now(), until = begin + STOP_SECONDS;
	while (under_way(server, clock_now() < begin + STOP_BODY_SECONDS) && clock_now() < until) {
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
	if (server->daemon != NULL) {
		MHD_stop_daemon(server->daemon);
	}
	ticker_stop(server);
	server_free(server);
}
