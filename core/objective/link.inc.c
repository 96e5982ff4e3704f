/* Worker of link.c. */
#include "core/base/real.h"

/* softmax(z), which does not overflow. */
static void NAME(shares)(size_t n, const REAL *z, REAL *p)
{
	double most = (double)z[0], sum = 0;
	for (size_t k = 1; k < n; k++) {
		most = (double)z[k] > most ? (double)z[k] : most;
	}
	for (size_t k = 0; k < n; k++) {
		p[k] = (REAL)exp((double)z[k] - most);
		sum += (double)p[k];
	}
	for (size_t k = 0; k < n; k++) {
		p[k] = (REAL)((double)p[k] / sum);
	}
}

void NAME(link_apply)(enum link link, size_t rows, size_t outputs, const REAL *z, REAL *p)
{
	const size_t numbers = link_numbers(link, outputs);
	for (size_t r = 0; r < rows && outputs > 0; r++, z += outputs, p += numbers) {
		if (link == LINK_SHARES) {
			NAME(shares)(outputs, z, p);
			continue;
		}
		if (link != LINK_EXP && link != LINK_REAL) { /* p + numbers never is ahead of z */
			memmove(p, z, numbers * sizeof *p);
			continue;
		}
		for (size_t k = 0; k < numbers; k++) {
			const double x = (double)z[k];
			p[k] = (REAL)(link == LINK_EXP ? exp(x) : 1 / (1 + exp(-x)));
		}
	}
}

#undef REAL_IS_FLOAT
