/*
 * Allocations seen and refused: a test program that includes this is linked with --wrap for the names below (the
 * Makefile names them), so that every call in our own objects comes by here. Calls inside shared libraries do
 * not; cJSON is led here by its hooks. Include it in one file of a program, of one thread.
 */
#ifndef TESTS_SUPPORT_ALLOCATION_H
#define TESTS_SUPPORT_ALLOCATION_H

#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cjson/cJSON.h>

static struct {
	size_t calls;   /* since the last allocation_watch, frees not among them */
	size_t frees;   /* ... of something */
	size_t fail_at; /* this call (1: the first) is refused; 0: none */
	size_t refused;
	size_t bytes, most; /* held of what was taken since, and the most of it; of a realloc both old and new */
} allocation;

static inline void allocation_watch(size_t fail_at)
{
	memset(&allocation, 0, sizeof allocation);
	allocation.fail_at = fail_at;
}

static inline bool allocation_refused(void)
{
	const bool refused = ++allocation.calls == allocation.fail_at;
	allocation.refused += refused;
	return refused;
}

/* NOLINTBEGIN: the linker's names */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *memory);

static inline void *allocation_taken(void *memory)
{
	allocation.bytes += malloc_usable_size(memory);
	allocation.most = allocation.bytes > allocation.most ? allocation.bytes : allocation.most;
	return memory;
}

/* What was taken before the watch began counts as nothing. */
static inline void allocation_given(size_t bytes)
{
	allocation.bytes -= bytes < allocation.bytes ? bytes : allocation.bytes;
}

void *__wrap_malloc(size_t size)
{
	return allocation_refused() ? NULL : allocation_taken(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return allocation_refused() ? NULL : allocation_taken(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
	const size_t before = malloc_usable_size(memory);
	void *larger = allocation_refused() ? NULL : allocation_taken(__real_realloc(memory, size));
	allocation_given(larger == NULL ? 0 : before);
	return larger;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return allocation_refused() ? NULL : allocation_taken(__real_aligned_alloc(alignment, size));
}

char *__wrap_strdup(const char *text)
{
	return allocation_refused() ? NULL : allocation_taken(__real_strdup(text));
}

void __wrap_free(void *memory)
{
	allocation.frees += memory != NULL;
	allocation_given(malloc_usable_size(memory));
	__real_free(memory);
}
/* NOLINTEND */

/* Leads cJSON here: its own calls are inside a shared library. */
static inline void allocation_hook_cjson(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){ .malloc_fn = __wrap_malloc, .free_fn = __wrap_free });
}

#endif
