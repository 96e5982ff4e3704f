/* The rows of glm.c in one precision: REAL and NAME are set by the includer. Sums are double, in fixed lanes. */

/* u_i = x_i W + b. */
static void NAME(row_outputs)(struct glm *self, size_t i, const double *w, const double *b)
{
	const size_t n = self->features, outputs = self->outputs;
	const REAL *x = (const REAL *)self->data->x + i * self->stride * n;
	double *out = self->u + i * outputs;

	if (outputs == 1) {
		double lane[LANES] = { 0 };
		size_t j = 0;
		for (; j + LANES <= n; j += LANES) {
			for (size_t l = 0; l < LANES; l++) {
				lane[l] += (double)x[j + l] * w[j + l];
			}
		}
		double sum = 0;
		for (; j < n; j++) {
			sum += (double)x[j] * w[j];
		}
		for (size_t l = 0; l < LANES; l++) {
			sum += lane[l];
		}
		out[0] = sum + (self->intercept ? b[0] : 0);
		return;
	}
	for (size_t k = 0; k < outputs; k++) {
		out[k] = self->intercept ? b[k] : 0;
	}
	for (size_t j = 0; j < n; j++) {
		for (size_t k = 0; k < outputs; k++) {
			out[k] += (double)x[j] * w[j * outputs + k];
		}
	}
}

/* sum += x_i' u_i */
static void NAME(row_gather)(const struct glm *self, size_t i, double *sum)
{
	const size_t n = self->features, outputs = self->outputs;
	const REAL *x = (const REAL *)self->data->x + i * self->stride * n;
	const double *u = self->u + i * outputs;

	if (outputs == 1) {
		for (size_t j = 0; j < n; j++) {
			sum[j] += (double)x[j] * u[0];
		}
		return;
	}
	for (size_t j = 0; j < n; j++) {
		for (size_t k = 0; k < outputs; k++) {
			sum[j * outputs + k] += (double)x[j] * u[k];
		}
	}
}
