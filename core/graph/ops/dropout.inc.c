/* Worker of dropout.c: in[0] = x, out = y, kept = the factors 0 or 1 / (1 - p) [rows, m]. */
#include "core/base/real.h"

static bool NAME(drops)(const struct op_call *call)
{
	return call->training && call->attribute[PROBABILITY] > 0;
}

static void NAME(draw_factors)(const struct op_call *call, size_t m, REAL *factor)
{
	const double p = call->attribute[PROBABILITY];
	const uint32_t threshold = (uint32_t)(p * 0x1p32);
	const REAL kept = (REAL)(1 / (1 - p));
	const uint64_t layer = (uint64_t)call->attribute[LAYER] << LAYER_BITS;
	uint64_t at = (uint64_t)call->first * m, end = at + (uint64_t)call->rows * m;
	while (at < end) {
		uint32_t word[4];
		random_block(call->key, RANDOM_DROPOUT, call->step, layer + at / 4, word);
		for (size_t k = at % 4; k < 4 && at < end; k++, at++) {
			*factor++ = word[k] >= threshold ? kept : 0;
		}
	}
}

static void NAME(dropout_forward)(const struct op_call *call)
{
	size_t m = shape_size(&call->shape[0]), n = call->rows * m;
	const REAL *x = call->in[0];
	REAL *y = call->out, *factor = call->kept;
	if (!NAME(drops)(call)) {
		if (y != x) {
			memcpy(y, x, n * sizeof *y);
		}
		return;
	}
	NAME(draw_factors)(call, m, factor);
	for (size_t i = 0; i < n; i++) {
		y[i] = x[i] * factor[i];
	}
}

static void NAME(dropout_reverse)(const struct op_call *call)
{
	size_t n = call->rows * shape_size(&call->shape[0]);
	const REAL *d = call->d_out, *factor = call->kept;
	REAL *dx = call->d_in[0];
	bool drops = NAME(drops)(call);
	for (size_t i = 0; i < n && dx != NULL; i++) {
		REAL part = drops ? d[i] * factor[i] : d[i];
		dx[i] = call->accumulate[0] ? dx[i] + part : part;
	}
}

#undef REAL_IS_FLOAT
