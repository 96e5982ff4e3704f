/*
 * Requests that wait for a job to change: suspended, they hold no thread.
 *
 * No wake-up is lost: http_wait registers the request before the handler looks at the job, so that a change after that
 * look finds it here; wait_park suspends only when none was found meanwhile. A connection is resumed only by
 * whoever clears `suspended` under the mutex, so exactly once.
 */
#include "server/http/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static size_t bucket_of(const char *job_id)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	for (const char *c = job_id; *c != '\0'; c++) {
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	}
	return hash % WAIT_BUCKETS;
}

static void unlink_waiter(struct http_request *request)
{
	struct http_server *server = request->server;
	struct waiter *waiter = &request->waiter;
	if (!waiter->registered) {
		return;
	}
	if (waiter->previous != NULL) {
		waiter->previous->waiter.next = waiter->next;
	} else {
		server->bucket[bucket_of(waiter->job_id)] = waiter->next;
	}
	if (waiter->next != NULL) {
		waiter->next->waiter.previous = waiter->previous;
	}
	waiter->registered = false;
	atomic_fetch_sub(&server->waiters, 1);
}

static void link_waiter(struct http_request *request, const char *job_id)
{
	struct http_server *server = request->server;
	struct waiter *waiter = &request->waiter;
	snprintf(waiter->job_id, sizeof waiter->job_id, "%s", job_id);
	struct http_request **head = &server->bucket[bucket_of(waiter->job_id)];
	waiter->previous = NULL;
	waiter->next = *head;
	if (waiter->next != NULL) {
		waiter->next->waiter.previous = request;
	}
	*head = request;
	waiter->registered = true;
	atomic_fetch_add(&server->waiters, 1);
}

static void register_waiter(struct http_request *request, const char *job_id, double seconds, bool end_only)
{
	struct http_server *server = request->server;
	struct waiter *waiter = &request->waiter;
	pthread_mutex_lock(&server->wait_mutex);
	if (!waiter->registered || strcmp(waiter->job_id, job_id) != 0) {
		unlink_waiter(request);
		link_waiter(request, job_id);
	}
	waiter->woken = false;
	waiter->end_only = end_only;
	if (waiter->deadline <= 0) {
		waiter->deadline = clock_now() + seconds;
	}
	pthread_mutex_unlock(&server->wait_mutex);
}

void http_wait(struct http_request *request, const char *job_id, double seconds)
{
	register_waiter(request, job_id, seconds, false);
}

void http_wait_end(struct http_request *request, const char *job_id, double seconds)
{
	register_waiter(request, job_id, seconds, true);
}

bool wait_park(struct http_request *request)
{
	struct http_server *server = request->server;
	struct waiter *waiter = &request->waiter;
	pthread_mutex_lock(&server->wait_mutex);
	request->waited = !waiter->registered || atomic_load(&server->stopping) || clock_now() >= waiter->deadline;
	bool park = !request->waited && !waiter->woken;
	double due = waiter->deadline;
	if (park) {
		waiter->suspended = true;
		MHD_suspend_connection(request->connection);
	}
	pthread_mutex_unlock(&server->wait_mutex);
	if (park) {
		ticker_hurry(server, due);
	}
	return park;
}

void wait_end(struct http_request *request)
{
	if (request->waiter.deadline <= 0) {
		return; /* never waited: written by this thread alone */
	}
	pthread_mutex_lock(&request->server->wait_mutex);
	unlink_waiter(request);
	memset(&request->waiter, 0, sizeof request->waiter);
	pthread_mutex_unlock(&request->server->wait_mutex);
}

static void wake(struct http_request *request)
{
	request->waiter.woken = true;
	if (request->waiter.suspended) {
		request->waiter.suspended = false;
		MHD_resume_connection(request->connection);
	}
}

static void notify(struct http_server *server, const char *job_id, bool ended)
{
	if (atomic_load(&server->waiters) == 0) {
		return; /* whoever registers from now on sees the change */
	}
	pthread_mutex_lock(&server->wait_mutex);
	for (struct http_request *request = server->bucket[bucket_of(job_id)]; request != NULL;
	     request = request->waiter.next) {
		if ((ended || !request->waiter.end_only) && strcmp(request->waiter.job_id, job_id) == 0) {
			wake(request);
		}
	}
	pthread_mutex_unlock(&server->wait_mutex);
}

void http_notify(struct http_server *server, const char *job_id)
{
	notify(server, job_id, false);
}

void http_notify_end(struct http_server *server, const char *job_id)
{
	notify(server, job_id, true);
}

double wait_tick(struct http_server *server, double now, bool all)
{
	double next = INFINITY;
	if (atomic_load(&server->waiters) == 0) {
		return next;
	}
	pthread_mutex_lock(&server->wait_mutex);
	for (size_t i = 0; i < WAIT_BUCKETS; i++) {
		for (struct http_request *request = server->bucket[i]; request != NULL;
		     request = request->waiter.next) {
			if (all || now >= request->waiter.deadline) {
				wake(request);
			} else if (request->waiter.suspended) {
				next = fmin(next, request->waiter.deadline);
			}
		}
	}
	pthread_mutex_unlock(&server->wait_mutex);
	return next;
}
