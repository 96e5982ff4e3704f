/*
 * Which rows train and which validate: drawn by the job's seed, stratified by class.
 *
 * The classes share the validation rows in proportion to their sizes, by largest remainder, so that the sum is exactly
 * what the job was promised; every class keeps a row to train on (then the sum may fall short). Within a class each
 * row is as likely as any other.
 */
#ifndef SERVER_DATASET_SPLIT_H
#define SERVER_DATASET_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/* In split.place[row]: the row's number within its part, and which part that is. */
#define SPLIT_VALIDATION (UINT32_C(1) << 31)

struct split {
	size_t training;
	size_t validation;
	uint32_t *place; /* [rows], owned; NULL: all rows train, in their order */
};

/* Of `rows` (below 2^31) rows `validating` (< rows) validate. label: [rows] of 0..classes-1, or NULL when there are no
 * classes. Rows keep their order within each part. E_MEMORY. */
enum status split_draw(uint64_t seed, size_t rows, size_t validating, const int32_t *label, size_t classes,
		       struct split *out, struct error *error);
void split_fini(struct split *split);

#endif
