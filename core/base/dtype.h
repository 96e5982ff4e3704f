/*
 * The two precisions that a job computes in, and the macros by which one source serves both.
 *
 * A file that does arithmetic on parameters or data is a worker `foo.inc.c` without guards, which
 * `foo.c` includes twice (or `foo.c` itself): with REAL_IS_FLOAT 1 and with 0, through core/base/real.h.
 */
#ifndef CORE_BASE_DTYPE_H
#define CORE_BASE_DTYPE_H

#include <stddef.h>

enum dtype { DTYPE_FLOAT32, DTYPE_FLOAT64 };

static inline size_t dtype_size(enum dtype dtype)
{
	return dtype == DTYPE_FLOAT32 ? sizeof(float) : sizeof(double);
}

static inline const char *dtype_name(enum dtype dtype)
{
	return dtype == DTYPE_FLOAT32 ? "float32" : "float64";
}

/* Number i of an array of that type. */
static inline double dtype_get(enum dtype dtype, const void *array, size_t i)
{
	return dtype == DTYPE_FLOAT32 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

/* Rounded where it has to be. */
static inline void dtype_set(enum dtype dtype, void *array, size_t i, double value)
{
	if (dtype == DTYPE_FLOAT32) {
		((float *)array)[i] = (float)value;
	} else {
		((double *)array)[i] = value;
	}
}

/* target[i] = source[i], rounded to the other precision where it is the smaller one. */
static inline void dtype_convert(enum dtype from, const void *source, enum dtype to, void *target, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		dtype_set(to, target, i, dtype_get(from, source, i));
	}
}

#endif
