/* What files of functions share: a constant as a setting, and how constants reach evaluate(). */
#ifndef CORE_FUNCTION_DEFINE_H
#define CORE_FUNCTION_DEFINE_H

#include <math.h>

#include "core/function/function.h"

/* A constant: any number. */
#define FUNCTION_CONSTANT(name_, preset_, doc_)                                                                        \
	{                                                                                                              \
		.name = (name_), .kind = SETTING_REAL, .preset = (preset_), .minimum = -INFINITY, .maximum = INFINITY, \
		.open_minimum = true, .open_maximum = true, .doc = (doc_)                                              \
	}

/* constants[k] = the k-th setting of the table: for a table of at most 16 numbers. */
static inline void function_prepare_numbers(const struct settings *settings, size_t n, double constants[16])
{
	(void)n;
	for (size_t k = 0; k < settings->count && k < 16; k++) {
		constants[k] = settings->value[k].number;
	}
}

#endif
