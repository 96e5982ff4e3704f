/* Worker of loss.c: in[0] = z [rows, m], in[1] = target; seed = d(root) / d(sum over rows). */
#include "core/base/real.h"

/* Kernels give sums over elements; a mean over m columns too divides seed and sum by m. */
#define NUMBERS_LOSS(name, kernel)                                                                                     \
	static void NAME(name)(const struct op_call *call)                                                             \
	{                                                                                                              \
		size_t m = call->shape[0].extent[0];                                                                   \
		REAL seed = (REAL)(call->seed / (double)m);                                                            \
		WIDE sum = call->kernels->NAME(kernel)(call->rows * m, call->in[0], call->in[1], seed, call->d_in[0],  \
						       call->sum != NULL);                                             \
		if (call->sum != NULL) {                                                                               \
			*call->sum += RE(sum) / (double)m;                                                             \
		}                                                                                                      \
	}

NUMBERS_LOSS(squared_error_mean, squared_error)
NUMBERS_LOSS(bce_mean, bce_logits)
#undef NUMBERS_LOSS

static void NAME(residual_mean)(const struct op_call *call)
{
	const size_t m = call->shape[0].extent[0];
	const REAL *z = call->in[0], *y = call->in[1];
	REAL *d = call->d_in[0];
	for (size_t i = 0; i < call->rows * m; i++) {
		if (call->sum != NULL) {
			*call->sum += ((double)RE(z[i]) - (double)RE(y[i])) / (double)m;
		}
		if (d != NULL) {
			d[i] = (REAL)(call->seed / (double)m);
		}
	}
}

static void NAME(bce_label_mean)(const struct op_call *call)
{
	WIDE sum = call->kernels->NAME(bce_logits_label)(call->rows, call->in[0], call->in[1], (REAL)call->seed,
							 call->d_in[0], call->sum != NULL);
	if (call->sum != NULL) {
		*call->sum += RE(sum);
	}
}

static void NAME(cross_entropy_mean)(const struct op_call *call)
{
	WIDE sum = call->kernels->NAME(softmax_xent)(call->rows, call->shape[0].extent[0], call->in[0], call->in[1],
						     (REAL)call->seed, call->d_in[0], call->sum != NULL);
	if (call->sum != NULL) {
		*call->sum += RE(sum);
	}
}

#undef REAL_IS_FLOAT
