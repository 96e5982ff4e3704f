/* Worker of affine_steps.c: in[0] = X [rows, steps, k], in[1] = W [m, k], in[2] = b [m], out = Z [rows, steps, m]. */
#include "core/base/real.h"

static void NAME(affine_steps_forward)(const struct op_call *call)
{
	size_t all = call->rows * call->shape[0].extent[0], k = call->shape[1].extent[1], m = call->shape[1].extent[0];
	const REAL *x = call->in[0];
	REAL *z = call->out;
	for (size_t first = 0; first < all; first += PRODUCT_ROWS) {
		size_t count = all - first < PRODUCT_ROWS ? all - first : PRODUCT_ROWS;
		NAME(gemm_shared)
		(call->executor, false, true, count, m, k, x + first * k, k, call->in[1], k, false, z + first * m, m);
		call->kernels->NAME(add_row)(count, m, z + first * m, call->in[2]);
	}
}

/* dW = D' X, dX = D W, db = the column sums of D */
static void NAME(affine_steps_reverse)(const struct op_call *call)
{
	size_t all = call->rows * call->shape[0].extent[0], k = call->shape[1].extent[1], m = call->shape[1].extent[0];
	const REAL *x = call->in[0], *d = call->d_out;
	REAL *dx = call->d_in[0], *db = call->d_in[2];
	for (size_t first = 0; first < all; first += PRODUCT_ROWS) {
		size_t count = all - first < PRODUCT_ROWS ? all - first : PRODUCT_ROWS;
		if (call->d_in[1] != NULL) {
			NAME(gemm_shared)
			(call->executor, true, false, m, k, count, d + first * m, m, x + first * k, k,
			 call->accumulate[1] || first > 0, call->d_in[1], k);
		}
		if (dx != NULL) {
			NAME(gemm_shared)
			(call->executor, false, false, count, k, m, d + first * m, m, call->in[1], k,
			 call->accumulate[0], dx + first * k, k);
		}
	}
	if (db != NULL) {
		if (!call->accumulate[2]) {
			memset(db, 0, m * sizeof *db);
		}
		call->kernels->NAME(column_sums)(all, m, d, db);
	}
}

#undef REAL_IS_FLOAT
