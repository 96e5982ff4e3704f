/* Worker of scale_shift.c: in[0] = x [rows, channels, area], in[1] = g, in[2] = b [channels], out = y. */
#include "core/base/real.h"

static void NAME(scale_shift_forward)(const struct op_call *call)
{
	struct channels channels = split(call);
	const REAL *x = call->in[0], *g = call->in[1], *b = call->in[2];
	REAL *y = call->out;
	for (size_t r = 0; r < call->rows; r++) {
		for (size_t c = 0; c < channels.count; c++, x += channels.area, y += channels.area) {
			for (size_t i = 0; i < channels.area; i++) {
				y[i] = g[c] * x[i] + b[c];
			}
		}
	}
}

/* dg += sum of d x, db += sum of d (x NULL), row after row, within a channel by fixed lanes. */
static void NAME(channel_back)(size_t rows, struct channels channels, const REAL *d, const REAL *x, REAL *sum)
{
	enum { LANES = 8 };
	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < channels.count; c++, d += channels.area, x += x != NULL ? channels.area : 0) {
			REAL lane[LANES] = { 0 };
			for (size_t i = 0; i < channels.area; i++) {
				lane[i % LANES] += x != NULL ? d[i] * x[i] : d[i];
			}
			sum[c] += ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
				  ((lane[1] + lane[5]) + (lane[3] + lane[7]));
		}
	}
}

static void NAME(scale_shift_reverse)(const struct op_call *call)
{
	struct channels channels = split(call);
	const REAL *d = call->d_out, *g = call->in[1];
	REAL *dx = call->d_in[0];
	for (size_t k = 1; k < 3; k++) {
		if (call->d_in[k] != NULL && !call->accumulate[k]) {
			memset(call->d_in[k], 0, channels.count * sizeof(REAL));
		}
		if (call->d_in[k] != NULL) {
			NAME(channel_back)(call->rows, channels, d, k == 1 ? call->in[0] : NULL, call->d_in[k]);
		}
	}
	for (size_t r = 0; r < call->rows && dx != NULL; r++) {
		for (size_t c = 0; c < channels.count; c++, d += channels.area, dx += channels.area) {
			for (size_t i = 0; i < channels.area; i++) {
				REAL part = g[c] * d[i];
				dx[i] = call->accumulate[0] ? dx[i] + part : part;
			}
		}
	}
}

#undef REAL_IS_FLOAT
