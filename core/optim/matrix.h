/* Which tensors are matrices, for the optimizers that treat these otherwise than vectors. */
#ifndef CORE_OPTIM_MATRIX_H
#define CORE_OPTIM_MATRIX_H

#include <stdbool.h>

#include "core/optim/define.h"

struct matrix {
	size_t rows, columns;
};

/* clang-format off */
#define SETTING_MATRIX_SHAPE                                                                    \
	{ .name = "shape", .kind = SETTING_VECTOR, .minimum = 1, .maximum = 0x1p53,              \
	  .doc = "Rows and columns that a vector of as many parameters is taken as; by default none is." }
/* clang-format on */

/* Whether the tensor is a matrix to the optimizer, and its shape: the axes but the first taken together, or the
 * setting `shape`, [rows, columns] row by row, where it holds as many numbers. With fewer than 2 rows or columns it is
 * a vector. */
static inline bool matrix_of(const struct setting_value *shape, const struct tensor *tensor, struct matrix *out)
{
	if (shape->rows == 2 && shape->values[0] * shape->values[1] == (double)tensor->size) {
		*out = (struct matrix){ (size_t)shape->values[0], (size_t)shape->values[1] };
	} else if (tensor->rank >= 2) {
		*out = (struct matrix){ tensor->shape[0], tensor->size / tensor->shape[0] };
	} else {
		return false;
	}
	return out->rows >= 2 && out->columns >= 2;
}

/* The setting is left out, or two whole numbers. */
static inline enum status matrix_shape_check(const struct setting_value *shape, const char **setting,
					     struct error *error)
{
	const double *v = shape->values;
	if (shape->rows == 0 || (shape->rows == 2 && v[0] == floor(v[0]) && v[1] == floor(v[1]))) {
		return OK;
	}
	*setting = "shape";
	return error_set(error, E_RANGE, "shape is two whole numbers, rows and columns");
}

#endif
