/*
 * The names of a scope by their hash: a table may have tens of thousands of columns, and a text hundreds of names. Of
 * equal names the first counts. Scopes of a few names are looked through one by one.
 */
#include <stdlib.h>
#include <string.h>

#include "core/expression/syntax.h"

enum { FEW = 16 };

/* FNV-1a. */
static size_t place_of(const char *name, size_t length, size_t places)
{
	uint64_t hash = 14695981039346656037u;
	for (size_t i = 0; i < length; i++) {
		hash = (hash ^ (unsigned char)name[i]) * 1099511628211u;
	}
	return (size_t)(hash ^ hash >> 32) & (places - 1);
}

static bool is(const struct expression_symbol *symbol, const char *name, size_t length)
{
	return strlen(symbol->name) == length && memcmp(symbol->name, name, length) == 0;
}

bool names_index(struct lowering *lowering)
{
	const struct expression_scope *scope = lowering->scope;
	size_t places = 2 * FEW;
	if (scope->symbols <= FEW) {
		return true;
	}
	while (places < 2 * scope->symbols) {
		places *= 2;
	}
	lowering->place = calloc(places, sizeof *lowering->place);
	lowering->places = places;
	for (size_t s = 0; lowering->place != NULL && s < scope->symbols; s++) {
		const char *name = scope->symbol[s].name;
		const size_t length = strlen(name);
		size_t i = place_of(name, length, places);
		while (lowering->place[i] != 0 && !is(&scope->symbol[lowering->place[i] - 1], name, length)) {
			i = (i + 1) & (places - 1);
		}
		if (lowering->place[i] == 0) {
			lowering->place[i] = (uint32_t)(s + 1);
		}
	}
	return lowering->place != NULL;
}

struct expression_symbol *names_find(const struct lowering *lowering, const char *name, size_t length)
{
	const struct expression_scope *scope = lowering->scope;
	if (lowering->place == NULL) {
		for (size_t s = 0; s < scope->symbols; s++) {
			if (is(&scope->symbol[s], name, length)) {
				return &scope->symbol[s];
			}
		}
		return NULL;
	}
	size_t i = place_of(name, length, lowering->places);
	while (lowering->place[i] != 0) {
		struct expression_symbol *symbol = &scope->symbol[lowering->place[i] - 1];
		if (is(symbol, name, length)) {
			return symbol;
		}
		i = (i + 1) & (lowering->places - 1);
	}
	return NULL;
}
