/* Overflow-checked sizes: every allocation whose size is a product goes through here. */
#ifndef CORE_BASE_SIZE_H
#define CORE_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>

/* *out = a * b (a + b); false, with *out untouched, when that does not fit a size_t. */
static inline bool size_multiply(size_t a, size_t b, size_t *out)
{
	size_t product;
	if (__builtin_mul_overflow(a, b, &product)) {
		return false;
	}
	*out = product;
	return true;
}

static inline bool size_add(size_t a, size_t b, size_t *out)
{
	size_t sum;
	if (__builtin_add_overflow(a, b, &sum)) {
		return false;
	}
	*out = sum;
	return true;
}

#endif
