/*
 * Rendered documents of jobs, so that a GET need not ask the store. Those of jobs that have ended never change any
 * more; those of others hold for the version of the store that they were made of (store_version).
 *
 * The one thing that can happen to a job that has ended is its deletion: job_cache_forget, after the commit. A reader
 * that looked at the store before it and puts its document after it must not bring the job back: it took a ticket
 * before it looked, and a ticket older than the last deletion of its shard is worth nothing.
 */
#ifndef SERVER_ROUTES_JOB_CACHE_H
#define SERVER_ROUTES_JOB_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/text.h"

struct job_cache;

/* Room for so many documents (a power of two), each of at most JOB_CACHE_DOCUMENT_MAX bytes. NULL: no memory. */
enum { JOB_CACHE_DOCUMENT_MAX = 32768 };
struct job_cache *job_cache_create(size_t entries);
void job_cache_destroy(struct job_cache *cache);

/* A version that never ends: of a job that has ended. */
#define JOB_CACHE_FINAL UINT64_MAX

/* Appends the document to `out`; false when there is none that holds at this version of the store. *final: the job has
 * ended. */
bool job_cache_find(struct job_cache *cache, const char *id, uint64_t version, struct text *out, bool *final);
/* To be taken before the store is read; to be handed in with what was made of it. */
uint64_t job_cache_ticket(struct job_cache *cache, const char *id);
/* version: what it was before and after the store was read, or JOB_CACHE_FINAL; 0 keeps nothing. */
void job_cache_put(struct job_cache *cache, const char *id, uint64_t ticket, uint64_t version,
		   const struct text *document);
void job_cache_forget(struct job_cache *cache, const char *id);

#endif
