/* Distinct numbers and texts of a column. See distinct.h. */
#include "server/dataset/distinct.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "api/dataset_info.h"

static const uint64_t FREE_SLOT = UINT64_MAX; /* the bits of a NaN, which no column holds */
enum { FIRST_SLOTS = 16 };

void distinct_budget_init(struct distinct_budget *budget)
{
	budget->used = 0;
	randombytes_buf(budget->key, sizeof budget->key);
}

/* May a column that holds `held` bytes hold `wanted` instead? Books it when so. */
static bool budget_take(struct distinct_budget *budget, size_t held, size_t wanted)
{
	if (wanted > DISTINCT_SHARE && budget->used - held + wanted > DISTINCT_BUDGET) {
		return false;
	}
	budget->used = budget->used - held + wanted;
	return true;
}

/* --- numbers --- */

/* A bijection of 64 bits (Stafford 2011, variant 13 of the murmur3 finaliser) on the keyed bits. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static bool place(uint64_t *slot, uint32_t capacity, uint64_t key, uint64_t bits)
{
	uint32_t i = (uint32_t)mix(bits ^ key) & (capacity - 1);
	while (slot[i] != FREE_SLOT) {
		if (slot[i] == bits) {
			return false;
		}
		i = (i + 1) & (capacity - 1);
	}
	slot[i] = bits;
	return true;
}

static void give_up(struct number_set *set, struct distinct_budget *budget)
{
	budget->used -= set->capacity * sizeof *set->slot;
	number_set_fini(set);
	set->overflowed = true;
}

/* Doubles the slots. */
static enum status widen(struct number_set *set, struct distinct_budget *budget, uint64_t key)
{
	uint32_t capacity = set->capacity == 0 ? FIRST_SLOTS : set->capacity * 2;
	if (!budget_take(budget, set->capacity * sizeof *set->slot, capacity * sizeof *set->slot)) {
		give_up(set, budget);
		return OK;
	}
	uint64_t *slot = malloc(capacity * sizeof *slot);
	if (slot == NULL) {
		budget->used -= (capacity - set->capacity) * sizeof *slot;
		return E_MEMORY;
	}
	memset(slot, 0xff, capacity * sizeof *slot);
	for (uint32_t i = 0; i < set->capacity; i++) {
		if (set->slot[i] != FREE_SLOT) {
			place(slot, capacity, key, set->slot[i]);
		}
	}
	free(set->slot);
	set->slot = slot;
	set->capacity = capacity;
	return OK;
}

enum status number_set_add(struct number_set *set, struct distinct_budget *budget, const double *x, size_t n)
{
	uint64_t key, last = FREE_SLOT;
	memcpy(&key, budget->key, sizeof key);
	for (size_t i = 0; i < n && !set->overflowed; i++) {
		double value = x[i] == 0 ? 0 : x[i];
		uint64_t bits;
		memcpy(&bits, &value, sizeof bits);
		if (bits == last) {
			continue;
		}
		last = bits;
		if (2 * set->count >= set->capacity) {
			enum status status = widen(set, budget, key);
			if (status != OK || set->overflowed) {
				return status;
			}
		}
		set->count += place(set->slot, set->capacity, key, bits);
		if (set->count > DISTINCT_MAX) {
			give_up(set, budget);
		}
	}
	return OK;
}

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

void number_set_sorted(const struct number_set *set, double *values)
{
	size_t count = 0;
	for (uint32_t i = 0; i < set->capacity; i++) {
		if (set->slot[i] != FREE_SLOT) {
			memcpy(&values[count++], &set->slot[i], sizeof *values);
		}
	}
	qsort(values, count, sizeof *values, compare_numbers);
}

void number_set_fini(struct number_set *set)
{
	free(set->slot);
	*set = (struct number_set){ .overflowed = set->overflowed };
}

/* --- texts --- */

const char *dictionary_text(const struct dictionary *dictionary, size_t index, size_t *length)
{
	assert(index < dictionary->count);
	uint64_t begin = index == 0 ? 0 : dictionary->end[index - 1];
	*length = (size_t)(dictionary->end[index] - begin);
	return dictionary->bytes + begin;
}

static uint64_t hash_text(const struct distinct_budget *budget, const char *text, size_t length)
{
	uint64_t hash;
	_Static_assert(sizeof hash == crypto_shorthash_BYTES, "SipHash-2-4 gives 64 bits");
	_Static_assert(sizeof budget->key == crypto_shorthash_KEYBYTES, "and takes a key of 128");
	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)text, length, budget->key);
	return hash;
}

int64_t dictionary_find(const struct dictionary *dictionary, const struct distinct_budget *budget, const char *text,
			size_t length, uint64_t *hash)
{
	*hash = hash_text(budget, text, length);
	if (dictionary->slots == 0) {
		return -1;
	}
	uint32_t mask = dictionary->slots - 1;
	for (uint32_t i = (uint32_t)*hash & mask; dictionary->slot[i] != 0; i = (i + 1) & mask) {
		size_t index = dictionary->slot[i] - 1;
		size_t held;
		const char *known = dictionary_text(dictionary, index, &held);
		if (held == length && memcmp(known, text, length) == 0) {
			return (int64_t)index;
		}
	}
	return -1;
}

static size_t held_bytes(const struct dictionary *dictionary)
{
	return dictionary->capacity + dictionary->end_capacity * sizeof *dictionary->end +
	       dictionary->slots * sizeof *dictionary->slot;
}

static enum status widen_slots(struct dictionary *dictionary, const struct distinct_budget *budget, uint32_t slots)
{
	uint32_t *slot = calloc(slots, sizeof *slot);
	if (slot == NULL) {
		return E_MEMORY;
	}
	for (uint32_t index = 0; index < dictionary->count; index++) {
		size_t length;
		const char *text = dictionary_text(dictionary, index, &length);
		uint32_t i = (uint32_t)hash_text(budget, text, length) & (slots - 1);
		while (slot[i] != 0) {
			i = (i + 1) & (slots - 1);
		}
		slot[i] = index + 1;
	}
	free(dictionary->slot);
	dictionary->slot = slot;
	dictionary->slots = slots;
	return OK;
}

/* Makes room for one more text of `length` bytes, or freezes. */
static enum status make_room(struct dictionary *dictionary, struct distinct_budget *budget, size_t length)
{
	size_t capacity = dictionary->capacity == 0 ? 64 : dictionary->capacity;
	while (capacity < dictionary->length + length) {
		capacity *= 2;
	}
	uint32_t ends = dictionary->end_capacity;
	ends = dictionary->count < ends ? ends : (ends == 0 ? 8 : ends * 2);
	uint32_t slots = dictionary->slots;
	slots = 2 * (dictionary->count + 1) <= slots ? slots : (slots == 0 ? FIRST_SLOTS : slots * 2);
	size_t wanted = capacity + ends * sizeof *dictionary->end + slots * sizeof *dictionary->slot;
	if (dictionary->count >= DICTIONARY_TEXTS_MAX || dictionary->length + length > DICTIONARY_BYTES_MAX ||
	    !budget_take(budget, held_bytes(dictionary), wanted)) {
		dictionary->frozen = true;
		return OK;
	}
	if (capacity != dictionary->capacity) {
		char *bytes = realloc(dictionary->bytes, capacity);
		if (bytes == NULL) {
			return E_MEMORY;
		}
		dictionary->bytes = bytes;
		dictionary->capacity = capacity;
	}
	if (ends != dictionary->end_capacity) {
		uint64_t *end = realloc(dictionary->end, ends * sizeof *end);
		if (end == NULL) {
			return E_MEMORY;
		}
		dictionary->end = end;
		dictionary->end_capacity = ends;
	}
	return slots == dictionary->slots ? OK : widen_slots(dictionary, budget, slots);
}

enum status dictionary_add(struct dictionary *dictionary, struct distinct_budget *budget, const char *text,
			   size_t length, uint64_t hash, int64_t *index)
{
	*index = -1;
	if (dictionary->frozen) {
		return OK;
	}
	enum status status = make_room(dictionary, budget, length);
	if (status != OK || dictionary->frozen) {
		return status;
	}
	memcpy(dictionary->bytes + dictionary->length, text, length);
	dictionary->length += length;
	dictionary->end[dictionary->count] = dictionary->length;
	uint32_t mask = dictionary->slots - 1;
	uint32_t i = (uint32_t)hash & mask;
	while (dictionary->slot[i] != 0) {
		i = (i + 1) & mask;
	}
	*index = dictionary->count;
	dictionary->slot[i] = ++dictionary->count;
	return OK;
}

void dictionary_fini(struct dictionary *dictionary)
{
	free(dictionary->bytes);
	free(dictionary->end);
	free(dictionary->slot);
	*dictionary = (struct dictionary){ .frozen = dictionary->frozen };
}
