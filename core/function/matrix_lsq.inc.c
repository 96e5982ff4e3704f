#include "core/base/real.h"

/* Each residual r = (A W - C)_ij gives r^2 / 2 to the value and A_il r to df/dW_lj. */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	const struct setting_value *a = &settings->value[PLACE_A], *c = &settings->value[PLACE_C];
	const size_t inner = a->columns, columns = c->columns;
	double value = 0.0;
	(void)constants;
	for (size_t i = 0; gradient != NULL && i < n; i++) {
		gradient[i] = 0;
	}
	for (size_t i = 0; i < a->rows; i++) {
		const double *row = a->values + i * inner;
		for (size_t j = 0; j < columns; j++) {
			double residual = -c->values[i * columns + j];
			for (size_t l = 0; l < inner; l++) {
				residual += row[l] * (double)x[l * columns + j];
			}
			value += 0.5 * residual * residual;
			for (size_t l = 0; gradient != NULL && l < inner; l++) {
				gradient[l * columns + j] += (REAL)(row[l] * residual);
			}
		}
	}
	return value;
}

#undef REAL_IS_FLOAT
