/* Worker of arrange.c: in[0], in[1], out [rows, size]. */
#include "core/base/real.h"

/* d_in[k] (+)= d_out */
static void NAME(pass_on)(const struct op_call *call, size_t k)
{
	size_t n = call->rows * shape_size(&call->shape[0]);
	if (call->d_in[k] == NULL || call->d_in[k] == call->d_out) {
		return;
	}
	if (call->accumulate[k]) {
		call->kernels->NAME(add)(n, call->d_out, call->d_in[k]);
	} else {
		memcpy(call->d_in[k], call->d_out, n * sizeof(REAL));
	}
}

static void NAME(flatten_forward)(const struct op_call *call)
{
	if (call->out != call->in[0]) {
		memcpy(call->out, call->in[0], call->rows * shape_size(&call->shape[0]) * sizeof(REAL));
	}
}

static void NAME(flatten_reverse)(const struct op_call *call)
{
	NAME(pass_on)(call, 0);
}

static void NAME(add_rows_forward)(const struct op_call *call)
{
	call->kernels->NAME(combine)(call->rows * shape_size(&call->shape[0]), 1, call->in[0], 1, call->in[1],
				     call->out);
}

static void NAME(add_rows_reverse)(const struct op_call *call)
{
	NAME(pass_on)(call, 0);
	NAME(pass_on)(call, 1);
}

#undef REAL_IS_FLOAT
