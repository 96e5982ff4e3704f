/*
 * Least squares for a matrix: A [m, k] and C [m, p] given, x read as W [k, p] row by row, n = k p:
 *
 *   f(x) = 0.5 sum_ij ((A W - C)_ij)^2
 */
#include <math.h>

#include "core/base/size.h"
#include "core/function/function.h"

extern const struct function_type function_matrix_lsq;

/* Places in the table, so that evaluate() finds A and C without looking names up. */
enum { PLACE_A, PLACE_C, PLACE_SHAPE };

#define REAL_IS_FLOAT 1
#include "core/function/matrix_lsq.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/matrix_lsq.inc.c"

static const struct setting table[] = {
	[PLACE_A] = { .name = "A",
		      .kind = SETTING_MATRIX,
		      .required = true,
		      .minimum = -INFINITY,
		      .maximum = INFINITY,
		      .open_minimum = true,
		      .open_maximum = true,
		      .doc = "The matrix that W is multiplied with." },
	[PLACE_C] = { .name = "C",
		      .kind = SETTING_MATRIX,
		      .required = true,
		      .minimum = -INFINITY,
		      .maximum = INFINITY,
		      .open_minimum = true,
		      .open_maximum = true,
		      .doc = "The matrix that A W shall be." },
	[PLACE_SHAPE] = { .name = "shape",
			  .kind = SETTING_VECTOR,
			  .minimum = 1,
			  .maximum = 0x1p53,
			  .doc = "Rows and columns of W; those that A and C say when left out." },
};

static enum status check(const struct settings *settings, size_t n, struct error *error)
{
	const struct setting_value *a = &settings->value[PLACE_A], *c = &settings->value[PLACE_C];
	const struct setting_value *shape = &settings->value[PLACE_SHAPE];
	size_t size;
	if (a->values == NULL || c->values == NULL || a->rows == 0 || a->rows != c->rows) {
		return error_set(error, E_INVALID, "A and C must have as many rows; they have %zu and %zu", a->rows,
				 c->rows);
	}
	if (!size_multiply(a->columns, c->columns, &size) || size != n) {
		return error_set(error, E_INVALID,
				 "the initial point must have %zu x %zu numbers, the columns of A and of C; it has %zu",
				 a->columns, c->columns, n);
	}
	if (shape->values != NULL && shape->rows != 0 &&
	    (shape->rows != 2 || shape->values[0] != (double)a->columns || shape->values[1] != (double)c->columns)) {
		return error_set(error, E_INVALID, "shape must be [%zu, %zu], the columns of A and of C", a->columns,
				 c->columns);
	}
	return OK;
}

static size_t shape(const struct settings *settings, size_t out[4])
{
	out[0] = settings->value[PLACE_A].columns;
	out[1] = settings->value[PLACE_C].columns;
	return 2;
}

const struct function_type function_matrix_lsq = {
	.name = "matrix_lsq",
	.doc = "Least squares for a matrix: 0.5 sum of the squares of A W - C, W being x row by row.",
	.source = "Golub and Van Loan 2013, Matrix Computations, section 5.3",
	.settings = table,
	.setting_count = sizeof table / sizeof table[0],
	.minimum_dimension = 1,
	.check = check,
	.shape = shape,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.quadratic = true,
	.minimum_value = NAN,
};
