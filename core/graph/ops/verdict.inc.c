/* Worker of verdict.c: in[0] = z [rows, m]; seed = d(root) / d(sum over rows). */
#include "core/base/real.h"

static void NAME(verdict_mean)(const struct op_call *call)
{
	const size_t m = call->shape[0].extent[0];
	const REAL *z = call->in[0];
	REAL *d = call->d_in[0];
	double sum = 0;
	for (size_t i = 0; i < call->rows * m; i++) {
		double derivative;
		sum += value(call->attribute, (double)z[i], &derivative);
		if (d != NULL) {
			d[i] = (REAL)(call->seed / (double)m * derivative);
		}
	}
	if (call->sum != NULL) {
		*call->sum += sum / (double)m;
	}
}

#undef REAL_IS_FLOAT
