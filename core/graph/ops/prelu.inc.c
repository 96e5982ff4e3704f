/* Worker of prelu.c: in[0] = x [rows, channels, area], in[1] = a [channels], out = y. */
#include "core/base/real.h"

static void NAME(prelu_forward)(const struct op_call *call)
{
	struct channels channels = split(call);
	const REAL *x = call->in[0], *a = call->in[1];
	REAL *y = call->out;
	for (size_t r = 0; r < call->rows; r++) {
		for (size_t c = 0; c < channels.count; c++, x += channels.area, y += channels.area) {
			for (size_t i = 0; i < channels.area; i++) {
				y[i] = RE(x[i]) > 0 ? x[i] : a[c] * x[i];
			}
		}
	}
}

/* da += sum of d x where x <= 0, row after row, within a channel by fixed lanes. */
static void NAME(slope_back)(const struct op_call *call, struct channels channels)
{
	enum { LANES = 4 };
	const REAL *d = call->d_out, *x = call->in[0];
	REAL *da = call->d_in[1];
	for (size_t r = 0; r < call->rows; r++) {
		for (size_t c = 0; c < channels.count; c++, d += channels.area, x += channels.area) {
			REAL lane[LANES] = { 0 };
			for (size_t i = 0; i < channels.area; i++) {
				lane[i % LANES] += RE(x[i]) > 0 ? 0 : d[i] * x[i];
			}
			da[c] += (lane[0] + lane[2]) + (lane[1] + lane[3]);
		}
	}
}

static void NAME(prelu_reverse)(const struct op_call *call)
{
	struct channels channels = split(call);
	const REAL *d = call->d_out, *x = call->in[0], *a = call->in[1];
	REAL *dx = call->d_in[0];
	if (call->d_in[1] != NULL) {
		if (!call->accumulate[1]) {
			memset(call->d_in[1], 0, channels.count * sizeof(REAL));
		}
		NAME(slope_back)(call, channels);
	}
	for (size_t r = 0; r < call->rows && dx != NULL; r++) {
		for (size_t c = 0; c < channels.count;
		     c++, d += channels.area, x += channels.area, dx += channels.area) {
			for (size_t i = 0; i < channels.area; i++) {
				REAL part = RE(x[i]) > 0 ? d[i] : a[c] * d[i];
				dx[i] = call->accumulate[0] ? dx[i] + part : part;
			}
		}
	}
}

#undef REAL_IS_FLOAT
