/* Worker of activation_more.c: in[0], out [rows, size]. */
#include "core/base/real.h"

static void NAME(forward)(const struct op_call *call, enum activation_kernel kernel)
{
	size_t n = call->rows * shape_size(&call->shape[0]);
	call->kernels->NAME(activate)[kernel](n, call->attribute, call->in[0], call->out);
}

/* Where the gradient of the input has other parts already, this part is made in d_out and added. */
static void NAME(reverse)(const struct op_call *call, enum activation_kernel kernel)
{
	size_t n = call->rows * shape_size(&call->shape[0]);
	REAL *dx = call->accumulate[0] ? call->d_out : call->d_in[0];
	if (call->d_in[0] != NULL) {
		call->kernels->NAME(activate_back)[kernel](n, call->attribute, call->in[0], call->d_out, dx);
	}
	if (call->d_in[0] != NULL && call->accumulate[0]) {
		call->kernels->NAME(add)(n, dx, call->d_in[0]);
	}
}

#define FUNCTIONS(f)                                                                                                   \
	static void NAME(f##_forward)(const struct op_call *call)                                                      \
	{                                                                                                              \
		NAME(forward)(call, ACTIVATE_##f);                                                                     \
	}                                                                                                              \
	static void NAME(f##_reverse)(const struct op_call *call)                                                      \
	{                                                                                                              \
		NAME(reverse)(call, ACTIVATE_##f);                                                                     \
	}
ACTIVATION_KERNELS(FUNCTIONS)
#undef FUNCTIONS

static void NAME(softmax_forward)(const struct op_call *call)
{
	size_t m = call->shape[0].extent[0];
	for (size_t r = 0; r < call->rows; r++) {
		const REAL *x = (const REAL *)call->in[0] + r * m;
		REAL *y = (REAL *)call->out + r * m, most = x[0], sum = 0;
		for (size_t c = 1; c < m; c++) {
			most = RE(x[c]) > RE(most) ? x[c] : most;
		}
		for (size_t c = 0; c < m; c++) {
			y[c] = x[c] - most;
		}
		call->kernels->NAME(exp)(m, y, y);
		for (size_t c = 0; c < m; c++) {
			sum += y[c];
		}
		for (size_t c = 0; c < m; c++) {
			y[c] /= sum;
		}
	}
}

/* dx = y (dy - sum of y dy) */
static void NAME(softmax_reverse)(const struct op_call *call)
{
	size_t m = call->shape[0].extent[0];
	for (size_t r = 0; r < call->rows && call->d_in[0] != NULL; r++) {
		const REAL *y = (const REAL *)call->out + r * m, *dy = (const REAL *)call->d_out + r * m;
		REAL *dx = (REAL *)call->d_in[0] + r * m, mean = 0;
		for (size_t c = 0; c < m; c++) {
			mean += y[c] * dy[c];
		}
		for (size_t c = 0; c < m; c++) {
			dx[c] = (call->accumulate[0] ? dx[c] : 0) + y[c] * (dy[c] - mean);
		}
	}
}

/* Sum of exp(y) over m numbers, in pieces. */
static WIDE NAME(sum_exp)(const struct op_call *call, size_t m, const REAL *y)
{
	enum { PIECE = 64 };
	REAL part[PIECE];
	WIDE sum = 0;
	for (size_t at = 0; at < m; at += PIECE) {
		size_t n = m - at < PIECE ? m - at : PIECE;
		call->kernels->NAME(exp)(n, y + at, part);
		for (size_t i = 0; i < n; i++) {
			sum += (WIDE)part[i];
		}
	}
	return sum;
}

/* y = x - log(sum of exp(x)); what is added up is exp(x - max). */
static void NAME(log_softmax_forward)(const struct op_call *call)
{
	size_t m = call->shape[0].extent[0];
	for (size_t r = 0; r < call->rows; r++) {
		const REAL *x = (const REAL *)call->in[0] + r * m;
		REAL *y = (REAL *)call->out + r * m, most = x[0];
		for (size_t c = 1; c < m; c++) {
			most = RE(x[c]) > RE(most) ? x[c] : most;
		}
		for (size_t c = 0; c < m; c++) {
			y[c] = x[c] - most;
		}
		REAL less = (REAL)WIDE_M(log)(NAME(sum_exp)(call, m, y));
		for (size_t c = 0; c < m; c++) {
			y[c] -= less;
		}
	}
}

/* dx = dy - exp(y) sum of dy */
static void NAME(log_softmax_reverse)(const struct op_call *call)
{
	enum { PIECE = 64 };
	REAL share[PIECE];
	size_t m = call->shape[0].extent[0];
	for (size_t r = 0; r < call->rows && call->d_in[0] != NULL; r++) {
		const REAL *y = (const REAL *)call->out + r * m, *dy = (const REAL *)call->d_out + r * m;
		REAL *dx = (REAL *)call->d_in[0] + r * m, sum = 0;
		for (size_t c = 0; c < m; c++) {
			sum += dy[c];
		}
		for (size_t at = 0; at < m; at += PIECE) {
			size_t n = m - at < PIECE ? m - at : PIECE;
			call->kernels->NAME(exp)(n, y + at, share);
			for (size_t c = at; c < at + n; c++) {
				dx[c] = (call->accumulate[0] ? dx[c] : 0) + (dy[c] - share[c - at] * sum);
			}
		}
	}
}

#undef REAL_IS_FLOAT
