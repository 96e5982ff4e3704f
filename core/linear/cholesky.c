#include "core/linear/cholesky.h"

#include <math.h>

#include "core/kernels/kernels.h"

bool cholesky_factor(const double *h, double tau, size_t n, double *l)
{
	const struct kernels *k = kernels_active();
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			l[i * n + j] = (h[i * n + j] - k->dot_f64(j, l + i * n, l + j * n)) / l[j * n + j];
		}
		const double pivot = h[i * n + i] + tau - k->dot_f64(i, l + i * n, l + i * n);
		if (!(pivot > 1e-14 * (fabs(h[i * n + i]) + tau)) || !isfinite(pivot)) {
			return false;
		}
		l[i * n + i] = sqrt(pivot);
	}
	return true;
}

void cholesky_solve(const double *l, size_t n, double *b)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			b[i] -= l[i * n + j] * b[j];
		}
		b[i] /= l[i * n + i];
	}
	for (size_t i = n; i-- > 0;) {
		b[i] /= l[i * n + i];
		for (size_t j = 0; j < i; j++) {
			b[j] -= l[i * n + j] * b[i];
		}
	}
}

double cholesky_condition(const double *l, size_t n)
{
	double least = INFINITY, most = 0;
	for (size_t i = 0; i < n; i++) {
		least = fmin(least, l[i * n + i]);
		most = fmax(most, l[i * n + i]);
	}
	return n == 0 ? 1 : (most / least) * (most / least);
}
