#include "core/base/real.h"

/* With t = exp(-|z|): log(1 + exp(z)) = max(z, 0) + log(1 + t), and df/dz = 1 / (1 + exp(-z)) - y. */
static double NAME(evaluate)(const struct settings *settings, const double constants[16], size_t n, const REAL *x,
			     REAL *gradient)
{
	const double *row = settings->value[PLACE_X].values, *y = settings->value[PLACE_Y].values;
	const size_t rows = settings->value[PLACE_X].rows;
	const double l2 = constants[0];
	double loss = 0.0, squares = 0.0;
	for (size_t j = 0; j < n; j++) {
		squares += (double)x[j] * (double)x[j];
		if (gradient != NULL) {
			gradient[j] = (REAL)(l2 * (double)x[j]);
		}
	}
	for (size_t i = 0; i < rows; i++, row += n) {
		double z = 0.0;
		for (size_t j = 0; j < n; j++) {
			z += row[j] * (double)x[j];
		}
		double t = exp(-fabs(z));
		loss += ((z < 0 ? 0.0 : z) - y[i] * z) + log1p(t);
		double slope = ((z < 0 ? t : 1.0) / (1 + t) - y[i]) / (double)rows;
		for (size_t j = 0; gradient != NULL && j < n; j++) {
			gradient[j] += (REAL)(slope * row[j]);
		}
	}
	return loss / (double)rows + 0.5 * l2 * squares;
}

#undef REAL_IS_FLOAT
