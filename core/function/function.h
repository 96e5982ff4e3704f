/*
 * Closed-form test functions: value and gradient written out, in double or float.
 * Adding one: one file, one line in function.c.
 */
#ifndef CORE_FUNCTION_FUNCTION_H
#define CORE_FUNCTION_FUNCTION_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/base/setting.h"

struct function_type {
	const char *name;
	const char *doc;
	const char *source;
	const struct setting *settings; /* its constants */
	size_t setting_count;
	size_t minimum_dimension; /* of the initial point */
	size_t maximum_dimension; /* 0: any */
	/* Checks the constants against the dimension (shape of A ...); NULL: nothing to check. */
	enum status (*check)(const struct settings *settings, size_t n, struct error *error);
	/* f(x) and its gradient (may be NULL); x and gradient have n numbers. Constants are looked up
	 * once, by prepare, into `constants` (room for 16 doubles beside the settings). */
	void (*prepare)(const struct settings *settings, size_t n, double constants[16]);
	/* Shape of x as a tensor; returns its rank. NULL: a vector. */
	size_t (*shape)(const struct settings *settings, size_t out[4]);
	double (*evaluate_f64)(const struct settings *settings, const double constants[16], size_t n, const double *x,
			       double *gradient);
	double (*evaluate_f32)(const struct settings *settings, const double constants[16], size_t n, const float *x,
			       float *gradient);
	bool quadratic;   /* in x, whatever its constants */
	double low, high; /* where each x_i is usually looked for; 0, 0: nowhere in particular */
	/* Known global minimum value at scale 1 where there is one (NAN otherwise). */
	double minimum_value;
};

extern const struct function_type *const function_types[];
extern const size_t function_type_count;
const struct function_type *function_find(const char *name);

#endif
