/* Worker of embedding.c: in[0] = x [rows, k], in[1] = T [n, m], out = Z [rows, k, m]. */
#include "core/base/real.h"

static bool NAME(is_index)(double x, size_t n)
{
	return x >= 0 && x < (double)n && x == (double)(size_t)x;
}

static void NAME(embedding_forward)(const struct op_call *call)
{
	size_t k = call->rows * call->shape[0].extent[0], n = call->shape[1].extent[0], m = call->shape[1].extent[1];
	const REAL *x = call->in[0], *table = call->in[1];
	REAL *z = call->out;
	for (size_t i = 0; i < k; i++, z += m) {
		if (NAME(is_index)((double)RE(x[i]), n)) {
			memcpy(z, table + (size_t)RE(x[i]) * m, m * sizeof *z);
			continue;
		}
		for (size_t c = 0; c < m; c++) {
			z[c] = (REAL)NAN;
		}
	}
}

/* X is data; where it is computed, its gradient is 0 almost everywhere. */
static void NAME(embedding_reverse)(const struct op_call *call)
{
	size_t k = call->rows * call->shape[0].extent[0], n = call->shape[1].extent[0], m = call->shape[1].extent[1];
	const REAL *x = call->in[0], *d = call->d_out;
	REAL *table = call->d_in[1];
	if (call->d_in[0] != NULL && !call->accumulate[0]) {
		memset(call->d_in[0], 0, k * sizeof(REAL));
	}
	if (table == NULL) {
		return;
	}
	if (!call->accumulate[1]) {
		memset(table, 0, n * m * sizeof *table);
	}
	for (size_t i = 0; i < k; i++, d += m) {
		if (NAME(is_index)((double)RE(x[i]), n)) {
			call->kernels->NAME(add)(m, d, table + (size_t)RE(x[i]) * m);
		}
	}
}

#undef REAL_IS_FLOAT
