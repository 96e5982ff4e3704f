/* Worker of dense.c: in[0] = X [rows, k], in[1] = W [k, m], in[2] = b [m], out = Z [rows, m]. */
#include "core/base/real.h"

/* Z = X W + b (b may be NULL) */
static void NAME(product)(const struct op_call *call, const REAL *b)
{
	size_t k = call->shape[1].extent[0], m = call->shape[1].extent[1];
	if (m == 1) {
		call->kernels->NAME(matvec_ahead)(call->rows, k, call->in[0], k, call->in[1], b != NULL ? b[0] : 0,
						  call->out, call->next);
		return;
	}
	NAME(gemm_shared)
	(call->executor, false, false, call->rows, m, k, call->in[0], k, call->in[1], m, false, call->out, m);
	if (b != NULL) {
		call->kernels->NAME(add_row)(call->rows, m, call->out, b);
	}
}

/* *g += sum of d: a single column is added as 16, which the kernel does in vectors. */
static void NAME(sum_back)(const struct op_call *call, const REAL *d, REAL *g)
{
	enum { WIDTH = 16 };
	REAL sum[WIDTH] = { 0 }, rest = 0;
	size_t folded = call->rows / WIDTH;
	call->kernels->NAME(column_sums)(folded, WIDTH, d, sum);
	call->kernels->NAME(column_sums)(call->rows % WIDTH, 1, d + folded * WIDTH, &rest);
	for (size_t half = WIDTH / 2; half > 0; half /= 2) {
		for (size_t i = 0; i < half; i++) {
			sum[i] += sum[i + half];
		}
	}
	*g += sum[0] + rest;
}

/* g [m] (+)= sum over rows of D */
static void NAME(bias_back)(const struct op_call *call, size_t i)
{
	size_t m = call->shape[i].extent[0];
	REAL *g = call->d_in[i];
	if (g == NULL) {
		return;
	}
	if (!call->accumulate[i]) {
		memset(g, 0, m * sizeof *g);
	}
	if (m == 1) {
		NAME(sum_back)(call, call->d_out, g);
	} else {
		call->kernels->NAME(column_sums)(call->rows, m, call->d_out, g);
	}
}

static void NAME(matmul_forward)(const struct op_call *call)
{
	NAME(product)(call, NULL);
}

/* dW = X' D, dX = D W' */
static void NAME(matmul_reverse)(const struct op_call *call)
{
	size_t k = call->shape[1].extent[0], m = call->shape[1].extent[1];
	REAL *dx = call->d_in[0], *dw = call->d_in[1];
	if (dw != NULL && m == 1) {
		if (!call->accumulate[1]) {
			memset(dw, 0, k * sizeof *dw);
		}
		call->kernels->NAME(matvec_t_ahead)(call->rows, k, call->in[0], k, call->d_out, dw, call->next);
	} else if (dw != NULL) {
		NAME(gemm_shared)
		(call->executor, true, false, k, m, call->rows, call->in[0], k, call->d_out, m, call->accumulate[1], dw,
		 m);
	}
	if (dx != NULL) {
		NAME(gemm_shared)
		(call->executor, false, true, call->rows, k, m, call->d_out, m, call->in[1], m, call->accumulate[0], dx,
		 k);
	}
}

static void NAME(affine_forward)(const struct op_call *call)
{
	NAME(product)(call, call->in[2]);
}

static void NAME(affine_reverse)(const struct op_call *call)
{
	NAME(bias_back)(call, 2);
	NAME(matmul_reverse)(call);
}

static void NAME(add_bias_forward)(const struct op_call *call)
{
	size_t m = call->shape[1].extent[0];
	if (call->out != call->in[0]) {
		memcpy(call->out, call->in[0], call->rows * m * sizeof(REAL));
	}
	call->kernels->NAME(add_row)(call->rows, m, call->out, call->in[1]);
}

static void NAME(add_bias_reverse)(const struct op_call *call)
{
	size_t n = call->rows * call->shape[1].extent[0];
	NAME(bias_back)(call, 1);
	if (call->d_in[0] == NULL || call->d_in[0] == call->d_out) {
		return;
	}
	if (call->accumulate[0]) {
		call->kernels->NAME(add)(n, call->d_out, call->d_in[0]);
	} else {
		memcpy(call->d_in[0], call->d_out, n * sizeof(REAL));
	}
}

#undef REAL_IS_FLOAT
