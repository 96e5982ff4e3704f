#include "core/base/real.h"

/* Row i of A gives x[i] (A x)[i] / 2 to the value, (A x)[i] / 2 to gradient[i] and x[i] A[i,:] / 2 to all of it. */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	const double *a = settings->value[PLACE_A].values;
	const struct setting_value *b = &settings->value[PLACE_B];
	const bool linear = b->values != NULL && b->rows == n;
	double value = constants[0];
	for (size_t i = 0; gradient != NULL && i < n; i++) {
		gradient[i] = linear ? (REAL)b->values[i] : 0;
	}
	for (size_t i = 0; i < n; i++) {
		const double *row = a + i * n;
		const REAL half = REAL_C(0.5) * x[i];
		REAL product = 0;
		for (size_t j = 0; j < n; j++) {
			product += (REAL)row[j] * x[j];
		}
		value += (double)(half * product);
		if (linear) {
			value += (double)((REAL)b->values[i] * x[i]);
		}
		if (gradient == NULL) {
			continue;
		}
		gradient[i] += REAL_C(0.5) * product;
		for (size_t j = 0; j < n; j++) {
			gradient[j] += half * (REAL)row[j];
		}
	}
	return value;
}

#undef REAL_IS_FLOAT
