/* Blocks in a list; a piece larger than a block gets one of its own. */
#include "api/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/size.h"

enum { BLOCK_SIZE = 8192, ALIGNMENT = _Alignof(max_align_t) };

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

struct arena {
	struct block *first; /* the one that pieces are taken from */
	bool failed;
};

struct arena *arena_create(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_destroy(struct arena *arena)
{
	if (arena == NULL) {
		return;
	}
	for (struct block *block = arena->first; block != NULL;) {
		struct block *next = block->next;
		free(block);
		block = next;
	}
	free(arena);
}

bool arena_failed(const struct arena *arena)
{
	return arena->failed;
}

/* A new zeroed block with room for `bytes`, or NULL. */
static struct block *block_add(struct arena *arena, size_t bytes)
{
	size_t size = bytes > BLOCK_SIZE ? bytes : BLOCK_SIZE, total;
	struct block *block = size_add(size, sizeof *block, &total) ? calloc(1, total) : NULL;
	if (block == NULL) {
		return NULL;
	}
	block->size = size;
	if (bytes > BLOCK_SIZE / 4 && arena->first != NULL) {
		/* A large piece fills its block: the current one stays in use. */
		block->next = arena->first->next;
		arena->first->next = block;
	} else {
		block->next = arena->first;
		arena->first = block;
	}
	return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;
	if (!size_multiply(count, size, &bytes) || !size_add(bytes, ALIGNMENT, &bytes)) {
		arena->failed = true;
		return NULL;
	}
	bytes = (bytes - 1) / ALIGNMENT * ALIGNMENT; /* rounded up; a multiple even for none */
	struct block *block = arena->first;
	if (block == NULL || block->size - block->used < bytes) {
		block = block_add(arena, bytes);
	}
	if (block == NULL) {
		arena->failed = true;
		return NULL;
	}
	void *piece = block->bytes + block->used;
	block->used += bytes;
	return piece;
}

char *arena_strndup(struct arena *arena, const char *string, size_t length)
{
	size_t room;
	char *copy = size_add(length, 1, &room) ? arena_alloc(arena, room, 1) : NULL;
	if (copy != NULL && length > 0) {
		memcpy(copy, string, length);
	}
	return copy;
}

char *arena_strdup(struct arena *arena, const char *string)
{
	return string == NULL ? NULL : arena_strndup(arena, string, strlen(string));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *string = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1, 1);
	if (string != NULL) {
		va_start(args, format);
		vsnprintf(string, (size_t)length + 1, format, args);
		va_end(args);
	}
	return string;
}
