/*
 * Requests whose answer takes long to compute: a few threads of their own do that, so that the few that serve
 * connections never do. The connection is suspended meanwhile and holds no thread of libmicrohttpd.
 *
 *   handler says HTTP_WORK -> work_submit: suspended, in the line -> a work thread calls the handler again
 *     -> resumed -> the connection's own thread takes what came out (work_take)
 *
 * Invariants
 *  1. A request is suspended and put in the line under work_mutex, and taken from there under it: so it is resumed
 *     after it was suspended, exactly once, by whoever took it. libmicrohttpd closes no suspended connection: its
 *     descriptor is good as long as the request is in the line or at work.
 *  2. The line is bounded in requests and in bytes of their bodies; over it: 503, "busy".
 *  3. From work_stop on nothing comes in, what is in the line is answered 503, what is at work is asked to give up;
 *     when it returns, all of it is resumed and the threads have ended.
 */
#include "server/http/internal.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>

/* How often it is looked whether the clients of what is in the line and at work are still there. */
#define LOOK_SECONDS 0.1

/* The handler's word is replaced by a 503. */
static void refuse(struct http_request *request, enum problem_kind kind, const char *words)
{
	struct problem problem;
	problem_init(&problem);
	problem_set(&problem, kind, "%s", words);
	response_reset(&request->response);
	http_response_problem(&request->response, request, &problem);
	http_response_header(&request->response, "Retry-After", "1");
	problem_fini(&problem);
	request->work.outcome = HTTP_DONE;
}

static size_t body_bytes(const struct http_request *request)
{
	return request->body == NULL ? 0 : (size_t)request->received;
}

bool work_submit(struct http_request *request)
{
	struct http_server *server = request->server;
	size_t bytes = body_bytes(request);
	pthread_mutex_lock(&server->work_mutex);
	bool stopping = server->work_stopping;
	bool room = server->work_count == 0 || (server->work_count < WORK_LINE_MAX &&
						server->work_bytes + bytes <= WORK_BODIES * server->options.max_body);
	bool taken = !stopping && room;
	if (taken) {
		request->work.next = NULL;
		atomic_store(&request->work.cancel, false);
		*server->work_end = request;
		server->work_end = &request->work.next;
		server->work_count++;
		server->work_bytes += bytes;
		MHD_suspend_connection(request->connection);
		pthread_cond_signal(&server->work_wake);
	}
	pthread_mutex_unlock(&server->work_mutex);
	if (stopping) {
		refuse(request, PROBLEM_STOPPING, "Ask again when it is back.");
	} else if (!taken) {
		refuse(request, PROBLEM_BUSY, "Too many long requests are under way: ask again in a while.");
	} else {
		ticker_hurry(server, clock_now() + LOOK_SECONDS);
	}
	return taken;
}

bool work_take(struct http_request *request, enum http_outcome *outcome)
{
	if (!request->work.done) {
		return false;
	}
	/* What the work thread wrote is seen by whoever comes through its mutex after it. */
	pthread_mutex_lock(&request->server->work_mutex);
	request->work.done = false;
	*outcome = request->work.outcome;
	pthread_mutex_unlock(&request->server->work_mutex);
	return true;
}

bool http_working(const struct http_request *request)
{
	return request->work.working;
}

const atomic_bool *http_cancelled(const struct http_request *request)
{
	return &request->work.cancel;
}

/* The first in line, out of it. */
static struct http_request *pop(struct http_server *server)
{
	struct http_request *request = server->work_first;
	server->work_first = request->work.next;
	if (server->work_first == NULL) {
		server->work_end = &server->work_first;
	}
	server->work_count--;
	server->work_bytes -= body_bytes(request);
	return request;
}

/* Back to its connection's thread; under work_mutex. */
static void hand_back(struct http_request *request)
{
	request->work.done = true;
	MHD_resume_connection(request->connection);
}

static void do_work(struct http_request *request)
{
	response_reset(&request->response);
	if (atomic_load(&request->work.cancel)) {
		refuse(request, PROBLEM_STOPPING, "It was given up.");
		return;
	}
	request->work.working = true;
	request->work.outcome = request->route->handler(request->server->options.service, request, &request->response);
	request->work.working = false;
}

static void *work_main(void *argument)
{
	struct work_thread *self = argument;
	struct http_server *server = self->server;
	pthread_mutex_lock(&server->work_mutex);
	for (;;) {
		while (server->work_first == NULL && !server->work_stopping) {
			pthread_cond_wait(&server->work_wake, &server->work_mutex);
		}
		if (server->work_first == NULL) {
			break;
		}
		self->request = pop(server);
		pthread_mutex_unlock(&server->work_mutex);
		do_work(self->request);
		pthread_mutex_lock(&server->work_mutex);
		hand_back(self->request);
		self->request = NULL;
	}
	pthread_mutex_unlock(&server->work_mutex);
	return NULL;
}

/* Sets the request's flag when its client has closed its side and the route says that then nobody wants the answer. A
 * client that only half-closes looks the same from here. */
static void look_after(struct http_request *request)
{
	struct pollfd fd = { .fd = request->peer->fd, .events = POLLRDHUP };
	if (request->route->abandon && poll(&fd, 1, 0) == 1 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
		atomic_store(&request->work.cancel, true);
	}
}

double work_tick(struct http_server *server, double now)
{
	bool any = false;
	pthread_mutex_lock(&server->work_mutex);
	for (struct http_request *request = server->work_first; request != NULL; request = request->work.next) {
		look_after(request);
		any = true;
	}
	for (size_t i = 0; i < server->work_threads; i++) {
		if (server->work_thread[i].request != NULL) {
			look_after(server->work_thread[i].request);
			any = true;
		}
	}
	pthread_mutex_unlock(&server->work_mutex);
	return any ? now + LOOK_SECONDS : (double)INFINITY;
}

void work_init(struct http_server *server)
{
	pthread_mutex_init(&server->work_mutex, NULL);
	pthread_cond_init(&server->work_wake, NULL);
	server->work_end = &server->work_first;
}

bool work_start(struct http_server *server)
{
	size_t wanted = server->options.work_threads;
	wanted = wanted < 1 ? 1 : wanted > WORK_THREADS_MAX ? WORK_THREADS_MAX : wanted;
	for (size_t i = 0; i < wanted; i++) {
		struct work_thread *thread = &server->work_thread[i];
		thread->server = server;
		if (pthread_create(&thread->thread, NULL, work_main, thread) != 0) {
			return false;
		}
		pthread_mutex_lock(&server->work_mutex); /* the ticker reads it already */
		server->work_threads++;
		pthread_mutex_unlock(&server->work_mutex);
	}
	return true;
}

void work_stop(struct http_server *server)
{
	pthread_mutex_lock(&server->work_mutex);
	server->work_stopping = true;
	while (server->work_first != NULL) {
		struct http_request *request = pop(server);
		refuse(request, PROBLEM_STOPPING, "Ask again when it is back.");
		hand_back(request);
	}
	size_t threads = server->work_threads;
	for (size_t i = 0; i < threads; i++) {
		if (server->work_thread[i].request != NULL) {
			atomic_store(&server->work_thread[i].request->work.cancel, true);
		}
	}
	pthread_cond_broadcast(&server->work_wake);
	pthread_mutex_unlock(&server->work_mutex);
	for (size_t i = 0; i < threads; i++) {
		pthread_join(server->work_thread[i].thread, NULL);
	}
	pthread_mutex_lock(&server->work_mutex); /* the ticker still reads it */
	server->work_threads = 0;
	pthread_mutex_unlock(&server->work_mutex);
}
