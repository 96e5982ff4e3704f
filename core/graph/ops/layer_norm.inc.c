/* Worker of layer_norm.c: in[0] = x, out = y [rows, m]; kept = the factor of each row. */
#include "core/base/real.h"

/* Sum over m of (a - shift) (b or, where NULL, 1), by four lanes. */
static WIDE NAME(row_sum)(size_t m, const REAL *a, WIDE shift, const REAL *b)
{
	WIDE lane[4] = { 0 };
	for (size_t i = 0; i < m; i++) {
		WIDE x = (WIDE)a[i] - shift;
		lane[i % 4] += b != NULL ? x * ((WIDE)b[i] - shift) : x;
	}
	return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

static void NAME(layer_norm_forward)(const struct op_call *call)
{
	size_t m = shape_size(&call->shape[0]);
	REAL *y = call->out, *kept = call->kept;
	const REAL *x = call->in[0];
	for (size_t r = 0; r < call->rows; r++, x += m, y += m) {
		WIDE mean = NAME(row_sum)(m, x, 0, NULL) / (double)m;
		WIDE variance = NAME(row_sum)(m, x, mean, x) / (double)m;
		REAL factor = (REAL)(1 / WIDE_M(sqrt)(variance + call->attribute[0])), middle = (REAL)mean;
		kept[r] = factor;
		for (size_t i = 0; i < m; i++) {
			y[i] = (x[i] - middle) * factor;
		}
	}
}

/* dx = factor (dy - mean(dy) - y mean(dy y)) */
static void NAME(layer_norm_reverse)(const struct op_call *call)
{
	size_t m = shape_size(&call->shape[0]);
	const REAL *d = call->d_out, *y = call->out, *kept = call->kept;
	REAL *dx = call->d_in[0];
	for (size_t r = 0; r < call->rows && dx != NULL; r++, d += m, y += m, dx += m) {
		REAL shift = (REAL)(NAME(row_sum)(m, d, 0, NULL) / (double)m);
		REAL slope = (REAL)(NAME(row_sum)(m, d, 0, y) / (double)m);
		for (size_t i = 0; i < m; i++) {
			REAL part = kept[r] * (d[i] - shift - y[i] * slope);
			dx[i] = call->accumulate[0] ? dx[i] + part : part;
		}
	}
}

#undef REAL_IS_FLOAT
