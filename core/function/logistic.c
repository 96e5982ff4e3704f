/*
 * The mean logistic loss of given rows X [m, n] with answers y [m] in {0, 1}, as a function of the n weights x:
 *
 *   f(x) = mean_i( log(1 + exp(z_i)) - y_i z_i ) + 0.5 l2 |x|^2,  z = X x
 */
#include <math.h>

#include "core/function/function.h"

extern const struct function_type function_logistic;

/* Places in the table, so that evaluate() finds X and y without looking names up. */
enum { PLACE_X, PLACE_Y, PLACE_L2 };

#define REAL_IS_FLOAT 1
#include "core/function/logistic.inc.c"
#define REAL_IS_FLOAT 0
#include "core/function/logistic.inc.c"

static const struct setting table[] = {
	[PLACE_X] = { .name = "X",
		      .kind = SETTING_MATRIX,
		      .required = true,
		      .minimum = -INFINITY,
		      .maximum = INFINITY,
		      .open_minimum = true,
		      .open_maximum = true,
		      .doc = "Rows of n numbers." },
	[PLACE_Y] = { .name = "y",
		      .kind = SETTING_VECTOR,
		      .required = true,
		      .minimum = 0,
		      .maximum = 1,
		      .doc = "The answer of each row, 0 or 1." },
	[PLACE_L2] = { .name = "l2",
		       .kind = SETTING_REAL,
		       .preset = 0.0,
		       .minimum = 0,
		       .maximum = INFINITY,
		       .open_maximum = true,
		       .doc = "Weight of the penalty 0.5 l2 |x|^2." },
};

static enum status check(const struct settings *settings, size_t n, struct error *error)
{
	const struct setting_value *x = &settings->value[PLACE_X], *y = &settings->value[PLACE_Y];
	if (x->values == NULL || x->rows == 0 || x->columns != n) {
		return error_set(error, E_INVALID,
				 "X must have rows of %zu numbers like the initial point; it is %zu x %zu", n, x->rows,
				 x->columns);
	}
	if (y->values == NULL || y->rows != x->rows) {
		return error_set(error, E_INVALID, "y must have %zu numbers, one for each row of X; it has %zu",
				 x->rows, y->rows);
	}
	return OK;
}

static void prepare(const struct settings *settings, size_t n, double constants[16])
{
	(void)n;
	constants[0] = settings->value[PLACE_L2].number;
}

const struct function_type function_logistic = {
	.name = "logistic",
	.doc = "The mean logistic loss of given rows: mean(log(1 + exp(X x)) - y X x) + 0.5 l2 |x|^2.",
	.source = "Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, equation 4.20",
	.settings = table,
	.setting_count = sizeof table / sizeof table[0],
	.minimum_dimension = 1,
	.check = check,
	.prepare = prepare,
	.evaluate_f64 = evaluate_f64,
	.evaluate_f32 = evaluate_f32,
	.minimum_value = NAN,
};
