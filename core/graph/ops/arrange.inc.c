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

static void NAME(join_forward)(const struct op_call *call)
{
	const size_t a = call->shape[0].extent[0], b = call->shape[1].extent[0];
	const REAL *x = call->in[0], *y = call->in[1];
	REAL *z = call->out;
	for (size_t r = 0; r < call->rows; r++, z += a + b) {
		memcpy(z, x + r * a, a * sizeof *z);
		memcpy(z + a, y + r * b, b * sizeof *z);
	}
}

static void NAME(join_reverse)(const struct op_call *call)
{
	const size_t size[2] = { call->shape[0].extent[0], call->shape[1].extent[0] }, both = size[0] + size[1];
	for (size_t k = 0; k < 2; k++) {
		const REAL *d = (const REAL *)call->d_out + (k == 0 ? 0 : size[0]);
		REAL *dx = call->d_in[k];
		for (size_t r = 0; r < call->rows && dx != NULL; r++, d += both, dx += size[k]) {
			for (size_t c = 0; c < size[k]; c++) {
				dx[c] = call->accumulate[k] ? dx[c] + d[c] : d[c];
			}
		}
	}
}

#undef REAL_IS_FLOAT
