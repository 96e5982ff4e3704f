/* Worker of activation.c: in[0], out [rows, size]. */
#include "core/base/real.h"

/* d_out now holds f'(x) d_out: adds it to the gradient of the input where that has other parts already. */
static void NAME(deliver)(const struct op_call *call, size_t n)
{
	if (call->accumulate[0]) {
		call->kernels->NAME(add)(n, call->d_out, call->d_in[0]);
	}
}

#define ELEMENTWISE(f)                                                                                                 \
	static void NAME(f##_forward)(const struct op_call *call)                                                      \
	{                                                                                                              \
		size_t n = call->rows * shape_size(&call->shape[0]);                                                   \
		call->kernels->NAME(f)(n, call->in[0], call->out);                                                     \
	}                                                                                                              \
	static void NAME(f##_reverse)(const struct op_call *call)                                                      \
	{                                                                                                              \
		size_t n = call->rows * shape_size(&call->shape[0]);                                                   \
		REAL *dx = call->accumulate[0] ? call->d_out : call->d_in[0];                                          \
		if (call->d_in[0] != NULL) {                                                                           \
			call->kernels->NAME(f##_back)(n, call->out, call->d_out, dx);                                  \
			NAME(deliver)(call, n);                                                                        \
		}                                                                                                      \
	}

ELEMENTWISE(relu)
ELEMENTWISE(tanh)
ELEMENTWISE(sigmoid)
#undef ELEMENTWISE

static void NAME(identity_forward)(const struct op_call *call)
{
	if (call->out != call->in[0]) {
		memcpy(call->out, call->in[0], call->rows * shape_size(&call->shape[0]) * sizeof(REAL));
	}
}

static void NAME(identity_reverse)(const struct op_call *call)
{
	size_t n = call->rows * shape_size(&call->shape[0]);
	if (call->accumulate[0]) {
		NAME(deliver)(call, n);
	} else if (call->d_in[0] != NULL && call->d_in[0] != call->d_out) {
		memcpy(call->d_in[0], call->d_out, n * sizeof(REAL));
	}
}

#undef REAL_IS_FLOAT
