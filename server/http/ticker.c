/*
 * The ticker: one thread that ends what takes too long. libmicrohttpd's own time-out counts inactivity only, so a
 * client that drips bytes would hold its connection for ever.
 *
 * It sleeps until the next deadline, at most a second; it resumes requests whose wait is over and cuts the sockets of
 * connections past theirs (libmicrohttpd then sees a closed connection and cleans up on its own thread).
 */
#include "server/http/internal.h"

#include <errno.h>
#include <math.h>
#include <sys/socket.h>
#include <time.h>

/* 408 for a request that was coming in; a connection that idles or does not read is just closed. */
static void cut(struct http_server *server, struct connection *peer, int phase)
{
	if (!atomic_compare_exchange_strong(&peer->phase, &phase, PHASE_KILLED)) {
		return; /* it moved on */
	}
	if (phase == PHASE_BODY || (phase == PHASE_HEAD && peer->first)) {
		struct problem problem;
		problem_init(&problem);
		problem_set(&problem, PROBLEM_TIMEOUT, "The request was not complete in time.");
		struct http_response response = { 0 };
		text_init(&response.body);
		char id[REQUEST_ID_MAX + 1]; /* the request's own belongs to another thread */
		request_make_id(server, id);
		response_problem(&response, id, &problem);
		respond_raw(peer->fd, id, &response);
		text_fini(&response.body);
		problem_fini(&problem);
	}
	shutdown(peer->fd, SHUT_RDWR);
}

static double look(struct http_server *server)
{
	double now = clock_now();
	double next = fmin(wait_tick(server, now, false), work_tick(server, now));
	pthread_mutex_lock(&server->list_mutex);
	for (struct connection *peer = server->connections; peer != NULL; peer = peer->next) {
		int phase = atomic_load(&peer->phase);
		double deadline = atomic_load(&peer->deadline);
		if (deadline <= 0 || phase == PHASE_KILLED) {
			continue;
		}
		if (now >= deadline) {
			cut(server, peer, phase);
		} else {
			next = fmin(next, deadline);
		}
	}
	pthread_mutex_unlock(&server->list_mutex);
	return next;
}

static void *run(void *context)
{
	struct http_server *server = context;
	/* Deadlines that begin while it sleeps are at least this far away. */
	double longest = fmin(1.0, 0.25 * fmin(server->options.head_seconds, server->options.body_seconds));
	pthread_mutex_lock(&server->ticker_mutex);
	while (!server->ticker_stop) {
		pthread_mutex_unlock(&server->ticker_mutex);
		double next = look(server);
		double now = clock_now();
		pthread_mutex_lock(&server->ticker_mutex);
		server->ticker_due = fmin(server->ticker_due, fmin(next, now + longest));
		server->ticker_due = fmax(server->ticker_due, now + 0.002);
		while (!server->ticker_stop && clock_now() < server->ticker_due) {
			struct timespec until = { .tv_sec = (time_t)server->ticker_due };
			until.tv_nsec = (long)((server->ticker_due - (double)until.tv_sec) * 1e9);
			pthread_cond_timedwait(&server->ticker_wake, &server->ticker_mutex, &until);
		}
		server->ticker_due = INFINITY;
	}
	pthread_mutex_unlock(&server->ticker_mutex);
	return NULL;
}

/* Sees to it that the ticker looks at `due` at the latest. */
void ticker_hurry(struct http_server *server, double due)
{
	pthread_mutex_lock(&server->ticker_mutex);
	if (due < server->ticker_due) {
		server->ticker_due = due;
		pthread_cond_signal(&server->ticker_wake);
	}
	pthread_mutex_unlock(&server->ticker_mutex);
}

bool ticker_start(struct http_server *server)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&server->ticker_mutex, NULL);
	pthread_cond_init(&server->ticker_wake, &attributes);
	pthread_condattr_destroy(&attributes);
	server->ticker_due = INFINITY;
	server->ticker_runs = pthread_create(&server->ticker, NULL, run, server) == 0;
	return server->ticker_runs;
}

void ticker_stop(struct http_server *server)
{
	if (!server->ticker_runs) {
		return;
	}
	pthread_mutex_lock(&server->ticker_mutex);
	server->ticker_stop = true;
	pthread_cond_signal(&server->ticker_wake);
	pthread_mutex_unlock(&server->ticker_mutex);
	pthread_join(server->ticker, NULL);
	pthread_cond_destroy(&server->ticker_wake);
	pthread_mutex_destroy(&server->ticker_mutex);
	server->ticker_runs = false;
}
