/* Worker of penalty.c: in[0] = w [rows elements of a parameter]. */
#include "core/base/real.h"

static void NAME(start)(const struct op_call *call)
{
	if (!call->accumulate[0]) {
		memset(call->d_in[0], 0, call->rows * sizeof(REAL));
	}
}

static void NAME(sum_squares_forward)(const struct op_call *call)
{
	*call->sum += RE(call->kernels->NAME(sum_squares)(call->rows, call->in[0]));
}

static void NAME(sum_squares_reverse)(const struct op_call *call)
{
	NAME(start)(call);
	call->kernels->NAME(axpy)(call->rows, (REAL)(2 * call->seed), call->in[0], call->d_in[0]);
}

static void NAME(sum_abs_forward)(const struct op_call *call)
{
	*call->sum += RE(call->kernels->NAME(sum_abs)(call->rows, call->in[0]));
}

static void NAME(sum_abs_reverse)(const struct op_call *call)
{
	NAME(start)(call);
	call->kernels->NAME(axpy_sign)(call->rows, (REAL)call->seed, call->in[0], call->d_in[0]);
}

#undef REAL_IS_FLOAT
