/*
 * Worker of factors.c. interactions: in[0] = x [rows, n], in[1] = V [n, k], out [rows, 1]; the others: in[0] = x
 * [rows, 2], in[1], in[2] = tables of m and n rows, out [rows, 1].
 */
#include "core/base/real.h"

/* s = V' x of one row. */
static void NAME(factor_sums)(const struct op_call *call, const REAL *x, REAL *s)
{
	const size_t n = call->shape[1].extent[0], k = call->shape[1].extent[1];
	memset(s, 0, k * sizeof *s);
	for (size_t i = 0; i < n; i++) {
		call->kernels->NAME(axpy)(k, x[i], (const REAL *)call->in[1] + i * k, s);
	}
}

/* (|s|^2 - sum over i of x[i]^2 |V[i, :]|^2) / 2 */
static void NAME(interactions_forward)(const struct op_call *call)
{
	const size_t n = call->shape[1].extent[0], k = call->shape[1].extent[1];
	const REAL *x = call->in[0], *v = call->in[1];
	REAL *s = call->scratch, *z = call->out;
	for (size_t r = 0; r < call->rows; r++, x += n) {
		NAME(factor_sums)(call, x, s);
		WIDE sum = call->kernels->NAME(dot)(k, s, s);
		for (size_t i = 0; i < n; i++) {
			sum -= (WIDE)x[i] * (WIDE)x[i] * call->kernels->NAME(dot)(k, v + i * k, v + i * k);
		}
		z[r] = (REAL)(sum / 2);
	}
}

/* dV[i, :] += d x[i] (s - x[i] V[i, :]) */
static void NAME(interactions_reverse)(const struct op_call *call)
{
	const size_t n = call->shape[1].extent[0], k = call->shape[1].extent[1];
	const REAL *x = call->in[0], *v = call->in[1], *d = call->d_out;
	REAL *s = call->scratch, *dv = call->d_in[1];
	if (call->d_in[0] != NULL && !call->accumulate[0]) {
		memset(call->d_in[0], 0, call->rows * n * sizeof(REAL));
	}
	if (dv == NULL) {
		return;
	}
	if (!call->accumulate[1]) {
		memset(dv, 0, n * k * sizeof *dv);
	}
	for (size_t r = 0; r < call->rows; r++, x += n) {
		NAME(factor_sums)(call, x, s);
		for (size_t i = 0; i < n; i++) {
			const REAL share = d[r] * x[i];
			call->kernels->NAME(axpy)(k, share, s, dv + i * k);
			call->kernels->NAME(axpy)(k, -share * x[i], v + i * k, dv + i * k);
		}
	}
}

static bool NAME(is_pair)(const struct op_call *call, const REAL *x)
{
	const double m = (double)call->shape[1].extent[0], n = (double)call->shape[2].extent[0];
	const double i = (double)RE(x[0]), j = (double)RE(x[1]);
	return i >= 0 && i < m && i == (double)(size_t)i && j >= 0 && j < n && j == (double)(size_t)j;
}

static void NAME(pair_product_forward)(const struct op_call *call)
{
	const size_t k = call->shape[1].extent[1];
	const REAL *x = call->in[0], *p = call->in[1], *q = call->in[2];
	REAL *z = call->out;
	for (size_t r = 0; r < call->rows; r++, x += 2) {
		z[r] = NAME(is_pair)(call, x)
			       ? (REAL)call->kernels->NAME(dot)(k, p + (size_t)RE(x[0]) * k, q + (size_t)RE(x[1]) * k)
			       : (REAL)NAN;
	}
}

/* Zeros what is to be written and not added to. */
static void NAME(pair_clear)(const struct op_call *call)
{
	for (size_t i = 0; i < 3; i++) {
		if (call->d_in[i] != NULL && !call->accumulate[i]) {
			const size_t rows = i == 0 ? call->rows : 1;
			memset(call->d_in[i], 0, rows * shape_size(&call->shape[i]) * sizeof(REAL));
		}
	}
}

static void NAME(pair_product_reverse)(const struct op_call *call)
{
	const size_t k = call->shape[1].extent[1];
	const REAL *x = call->in[0], *p = call->in[1], *q = call->in[2], *d = call->d_out;
	REAL *dp = call->d_in[1], *dq = call->d_in[2];
	NAME(pair_clear)(call);
	for (size_t r = 0; r < call->rows; r++, x += 2) {
		if (!NAME(is_pair)(call, x)) {
			continue;
		}
		const size_t a = (size_t)RE(x[0]) * k, b = (size_t)RE(x[1]) * k;
		if (dp != NULL) {
			call->kernels->NAME(axpy)(k, d[r], q + b, dp + a);
		}
		if (dq != NULL) {
			call->kernels->NAME(axpy)(k, d[r], p + a, dq + b);
		}
	}
}

static void NAME(pair_sum_forward)(const struct op_call *call)
{
	const REAL *x = call->in[0], *p = call->in[1], *q = call->in[2];
	REAL *z = call->out;
	for (size_t r = 0; r < call->rows; r++, x += 2) {
		z[r] = NAME(is_pair)(call, x) ? p[(size_t)RE(x[0])] + q[(size_t)RE(x[1])] : (REAL)NAN;
	}
}

static void NAME(pair_sum_reverse)(const struct op_call *call)
{
	const REAL *x = call->in[0], *d = call->d_out;
	REAL *dp = call->d_in[1], *dq = call->d_in[2];
	NAME(pair_clear)(call);
	for (size_t r = 0; r < call->rows; r++, x += 2) {
		if (NAME(is_pair)(call, x) && dp != NULL) {
			dp[(size_t)RE(x[0])] += d[r];
		}
		if (NAME(is_pair)(call, x) && dq != NULL) {
			dq[(size_t)RE(x[1])] += d[r];
		}
	}
}

#undef REAL_IS_FLOAT
