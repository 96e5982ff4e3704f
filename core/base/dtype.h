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

/* target[i] = source[i], rounded to the other precision where it is the smaller one. */
static inline void dtype_convert(enum dtype from, const void *source, enum dtype to, void *target, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double value = from == DTYPE_FLOAT32 ? (double)((const float *)source)[i] : ((const double *)source)[i];
		if (to == DTYPE_FLOAT32) {
			((float *)target)[i] = (float)value;
		} else {
			((double *)target)[i] = value;
		}
	}
}

#endif
