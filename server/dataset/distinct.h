/*
 * The distinct values of a column while it streams by: a set of numbers, a dictionary of texts. Both in bounded memory.
 *
 * All columns of an import share one budget. A column may always take its fair share; beyond that
 * only while the sum is below the limit. A set that may not grow gives up (its values are "too many to count"); a
 * dictionary freezes (later unknown texts are stored where they occur). Hashes are keyed at random,
 * so nobody can choose values that collide; nothing that leaves this file depends on the key.
 */
#ifndef SERVER_DATASET_DISTINCT_H
#define SERVER_DATASET_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/* 128 MB: 1,000 columns of 10,000 distinct numbers; at least 1 KB a column, so 100 MB more with 100,000 columns. */
enum { DISTINCT_BUDGET = 128 << 20, DISTINCT_SHARE = 1024 };

struct distinct_budget {
	size_t used;
	unsigned char key[16];
};

void distinct_budget_init(struct distinct_budget *budget);

/* Numbers; zeroed: empty. -0 counts as 0. */
struct number_set {
	uint64_t *slot; /* bits of the values, open addressing; all ones: free */
	uint32_t capacity;
	uint32_t count;
	bool overflowed; /* more than DISTINCT_MAX, or beyond the budget */
};

/* E_MEMORY. */
enum status number_set_add(struct number_set *set, struct distinct_budget *budget, const double *x, size_t n);
/* values[count], ascending. */
void number_set_sorted(const struct number_set *set, double *values);
void number_set_fini(struct number_set *set);

/* Texts in order of first appearance; zeroed: empty. */
struct dictionary {
	char *bytes;
	size_t length, capacity;
	uint64_t *end; /* [count]: where text i ends */
	uint32_t end_capacity;
	uint32_t count;
	uint32_t *slot; /* [slots]: index + 1; 0: free */
	uint32_t slots;
	bool frozen;
};

enum { DICTIONARY_TEXTS_MAX = 1 << 16, DICTIONARY_BYTES_MAX = 4 << 20 };

/* The index of a text, or -1. *hash is for dictionary_add. */
int64_t dictionary_find(const struct dictionary *dictionary, const struct distinct_budget *budget, const char *text,
			size_t length, uint64_t *hash);
/* Adds a text that find did not find; *index -1 when the dictionary is (now) frozen. E_MEMORY. */
enum status dictionary_add(struct dictionary *dictionary, struct distinct_budget *budget, const char *text,
			   size_t length, uint64_t hash, int64_t *index);
const char *dictionary_text(const struct dictionary *dictionary, size_t index, size_t *length);
void dictionary_fini(struct dictionary *dictionary);

#endif
