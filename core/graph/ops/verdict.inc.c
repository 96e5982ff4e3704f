/* Worker of verdict.c: in[0] = z [rows, m]; seed = d(root) / d(sum over rows). */
#include "core/base/real.h"

/* f(z), and its derivative, in double: a row has one verdict, beside the layers that made it this is nothing. */
static WIDE NAME(value)(const double *attribute, WIDE z, WIDE *derivative)
{
	const double a = attribute[A], b = attribute[B];
	switch ((enum verdict_law)attribute[LAW]) {
	case VERDICT_SOFTPLUS: {
		const WIDE t = b * z, e = WIDE_M(exp)(-WIDE_M(fabs)(t));
		*derivative = a * b * (RE(t) >= 0 ? 1 : e) / (1 + e); /* at 0 as the slope of fabs: see dual.h */
		return a * ((RE(t) > 0 ? t : 0) + WIDE_M(log1p)(e));
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
