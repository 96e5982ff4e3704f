/*
 * An arena: many small pieces of one lifetime, freed together.
 *
 * A failed allocation is remembered, so that a reader checks arena_failed() once at its end; what it was given
 * before stays valid.
 */
#ifndef API_ARENA_H
#define API_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* NULL when there is no memory. Returned owned. */
struct arena *arena_create(void);
void arena_destroy(struct arena *arena); /* NULL is fine */
bool arena_failed(const struct arena *arena);

/* count * size zeroed bytes, aligned for any type; never NULL unless memory ran out or the product overflows. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);
/* A copy of a string (NULL gives NULL); NULL when memory ran out. */
char *arena_strdup(struct arena *arena, const char *string);
char *arena_strndup(struct arena *arena, const char *string, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
