#include "server/routes/job_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/dataset_info.h"

enum { SHARDS = 16 };

struct entry {
	char id[ID_SIZE];
	char *document;   /* owned, or NULL */
	uint64_t version; /* of the store, or JOB_CACHE_FINAL */
	size_t length;
};

struct shard {
	pthread_mutex_t mutex; /* guards the rest, and the entries whose hash falls into it */
	uint64_t deletions;
};

/* Direct-mapped: a newer document takes the place of an older one with the same place. */
struct job_cache {
	struct shard shard[SHARDS];
	size_t entries;
	struct entry *entry;
};

static uint32_t hash_of(const char *id)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	for (const char *c = id; *c != '\0'; c++) {
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	}
	return hash ^ hash >> 15;
}

/* Entry k belongs to shard k mod SHARDS. */
static struct entry *place_of(struct job_cache *cache, const char *id, struct shard **shard)
{
	size_t k = hash_of(id) & (cache->entries - 1);
	*shard = &cache->shard[k % SHARDS];
	return &cache->entry[k];
}

struct job_cache *job_cache_create(size_t entries)
{
	struct job_cache *cache = calloc(1, sizeof *cache);
	if (cache == NULL || (cache->entry = calloc(entries, sizeof *cache->entry)) == NULL) {
		free(cache);
		return NULL;
	}
	cache->entries = entries;
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&cache->shard[i].mutex, NULL);
	}
	return cache;
}

void job_cache_destroy(struct job_cache *cache)
{
	if (cache == NULL) {
		return;
	}
	for (size_t k = 0; k < cache->entries; k++) {
		free(cache->entry[k].document);
	}
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_destroy(&cache->shard[i].mutex);
	}
	free(cache->entry);
	free(cache);
}

bool job_cache_find(struct job_cache *cache, const char *id, uint64_t version, struct text *out, bool *final)
{
	struct shard *shard;
	struct entry *entry = place_of(cache, id, &shard);
	pthread_mutex_lock(&shard->mutex);
	*final = entry->version == JOB_CACHE_FINAL;
	bool holds = *final || (version != 0 && entry->version == version);
	bool found = entry->document != NULL && holds && strcmp(entry->id, id) == 0;
	if (found) {
		text_add(out, entry->document, entry->length);
	}
	pthread_mutex_unlock(&shard->mutex);
	return found;
}

uint64_t job_cache_ticket(struct job_cache *cache, const char *id)
{
	struct shard *shard;
	place_of(cache, id, &shard);
	pthread_mutex_lock(&shard->mutex);
	uint64_t ticket = shard->deletions;
	pthread_mutex_unlock(&shard->mutex);
	return ticket;
}

void job_cache_put(struct job_cache *cache, const char *id, uint64_t ticket, uint64_t version,
		   const struct text *document)
{
	if (version == 0 || document->failed || document->length == 0 || document->length > JOB_CACHE_DOCUMENT_MAX ||
	    strlen(id) >= ID_SIZE) {
		return;
	}
	char *copy = malloc(document->length);
	if (copy == NULL) {
		return;
	}
	memcpy(copy, document->data, document->length);
	struct shard *shard;
	struct entry *entry = place_of(cache, id, &shard);
	pthread_mutex_lock(&shard->mutex);
	if (shard->deletions == ticket) {
		char *old = entry->document;
		strcpy(entry->id, id);
		entry->document = copy;
		entry->length = document->length;
		entry->version = version;
		copy = old;
	}
	pthread_mutex_unlock(&shard->mutex);
	free(copy);
}

void job_cache_forget(struct job_cache *cache, const char *id)
{
	struct shard *shard;
	struct entry *entry = place_of(cache, id, &shard);
	pthread_mutex_lock(&shard->mutex);
	shard->deletions++;
	if (entry->document != NULL && strcmp(entry->id, id) == 0) {
		free(entry->document);
		entry->document = NULL;
	}
	pthread_mutex_unlock(&shard->mutex);
}
