/* Worker of verdict.c: in[0] = z [rows, m]; seed = d(root) / d(sum over rows). */
#include "core/base/real.h"
#include "core/graph/ops/softplus.inc.c"

/* f(z), and its derivative, in double: a row has one verdict, beside the layers that made it this is nothing. */
static WIDE NAME(value)(const double *attribute, WIDE z, WIDE *derivative)
{
	const double a = attribute[A], b = attribute[B];
	switch ((enum verdict_law)attribute[LAW]) {
	case VERDICT_SOFTPLUS: {
		const struct NAME(loss_value) at = NAME(loss_softplus)(b * z);
		*derivative = a * b * at.slope;
		return a * at.loss;
	}
	case VERDICT_SQUARE:
		*derivative = 2 * a * (z - b);
		return a * (z - b) * (z - b);
	case VERDICT_LINEAR:
		break;
	}
	*derivative = a;
	return a * z;
}

static void NAME(verdict_mean)(const struct op_call *call)
{
	const size_t m = call->shape[0].extent[0];
	const REAL *z = call->in[0];
	REAL *d = call->d_in[0];
	WIDE sum = 0;
	for (size_t i = 0; i < call->rows * m; i++) {
		WIDE derivative;
		sum += NAME(value)(call->attribute, (WIDE)z[i], &derivative);
		if (d != NULL) {
			d[i] = (REAL)(call->seed / (double)m * derivative);
		}
	}
	if (call->sum != NULL) {
		*call->sum += RE(sum) / (double)m;
	}
}

#undef REAL_IS_FLOAT
