/* Worker of batch_norm.c: in[0] = x, out = y [rows, channels, area]; in[1], in[2] the running mean and variance. */
#include "core/base/real.h"

/* What is kept: four numbers a channel. */
struct NAME(statistics) {
	WIDE *mean, *variance, *factor, *sum;
};

static struct NAME(statistics) NAME(statistics_of)(const struct op_call *call, size_t channels)
{
	WIDE *kept = call->kept;
	return (struct NAME(statistics)){ kept, kept + channels, kept + 2 * channels, kept + 3 * channels };
}

/* sum[c] = sum over rows and area of (a - shift[c]) (b or a - shift[c]); of a alone where power is 1. */
static void NAME(channel_sums)(size_t rows, struct channels channels, const REAL *a, const REAL *b, const WIDE *shift,
			       int power, WIDE *sum)
{
	memset(sum, 0, channels.count * sizeof *sum);
	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < channels.count; c++) {
			WIDE lane[4] = { 0 }, less = shift != NULL ? shift[c] : 0;
			for (size_t i = 0; i < channels.area; i++) {
				WIDE x = (WIDE)a[i] - less;
				lane[i % 4] += power == 1 ? x : b != NULL ? x * (WIDE)b[i] : x * x;
			}
			sum[c] += (lane[0] + lane[2]) + (lane[1] + lane[3]);
			a += channels.area;
			b += b != NULL ? channels.area : 0;
		}
	}
}

/* The statistics by which this call normalises. */
static void NAME(find_statistics)(const struct op_call *call, struct channels channels, struct NAME(statistics) at)
{
	const REAL *mean = call->in[1], *variance = call->in[2];
	double n = (double)call->rows * (double)channels.area;
	if (call->training) {
		NAME(channel_sums)(call->rows, channels, call->in[0], NULL, NULL, 1, at.sum);
		for (size_t c = 0; c < channels.count; c++) {
			at.mean[c] = at.sum[c] / n;
		}
		NAME(channel_sums)(call->rows, channels, call->in[0], NULL, at.mean, 2, at.sum);
	}
	for (size_t c = 0; c < channels.count; c++) {
		at.mean[c] = call->training ? at.mean[c] : (WIDE)mean[c];
		at.variance[c] = call->training ? at.sum[c] / n : (WIDE)variance[c];
		at.factor[c] = 1 / WIDE_M(sqrt)(at.variance[c] + call->attribute[EPS]);
	}
}

static void NAME(batch_norm_forward)(const struct op_call *call)
{
	struct channels channels = channels_of(&call->shape[0]);
	struct NAME(statistics) at = NAME(statistics_of)(call, channels.count);
	const REAL *x = call->in[0];
	REAL *y = call->out;
	NAME(find_statistics)(call, channels, at);
	for (size_t r = 0; r < call->rows; r++) {
		for (size_t c = 0; c < channels.count; c++, x += channels.area, y += channels.area) {
			REAL mean = (REAL)at.mean[c], factor = (REAL)at.factor[c];
			for (size_t i = 0; i < channels.area; i++) {
				y[i] = (x[i] - mean) * factor;
			}
		}
	}
}

/* What becomes of the buffers. */
static void NAME(renew)(const struct op_call *call, struct channels channels, struct NAME(statistics) at)
{
	const REAL *mean = call->in[1], *variance = call->in[2];
	double momentum = call->attribute[MOMENTUM], n = (double)call->rows * (double)channels.area;
	REAL *new_mean = call->d_in[1], *new_variance = call->d_in[2];
	if (!call->training || new_mean == NULL || new_variance == NULL) {
		return;
	}
	for (size_t c = 0; c < channels.count; c++) {
		WIDE unbiased = n > 1 ? at.variance[c] * (n / (n - 1)) : (WIDE)variance[c];
		new_mean[c] = (REAL)((1 - momentum) * (WIDE)mean[c] + momentum * at.mean[c]);
		new_variance[c] = (REAL)((1 - momentum) * (WIDE)variance[c] + momentum * unbiased);
	}
}

/* dx = factor (dy - mean(dy) - y mean(dy y)) while training; mean and variance are constants otherwise. */
static void NAME(batch_norm_reverse)(const struct op_call *call)
{
	struct channels channels = channels_of(&call->shape[0]);
	struct NAME(statistics) at = NAME(statistics_of)(call, channels.count);
	const REAL *d = call->d_out, *y = call->out;
	REAL *dx = call->d_in[0];
	double n = (double)call->rows * (double)channels.area;
	NAME(renew)(call, channels, at);
	if (dx == NULL) {
		return;
	}
	if (call->training) {
		NAME(channel_sums)(call->rows, channels, d, NULL, NULL, 1, at.mean);
		NAME(channel_sums)(call->rows, channels, d, y, NULL, 2, at.sum);
	}
	for (size_t r = 0; r < call->rows; r++) {
		for (size_t c = 0; c < channels.count;
		     c++, d += channels.area, y += channels.area, dx += channels.area) {
			REAL factor = (REAL)at.factor[c], shift = call->training ? (REAL)(at.mean[c] / n) : 0;
			REAL slope = call->training ? (REAL)(at.sum[c] / n) : 0;
			for (size_t i = 0; i < channels.area; i++) {
				REAL part = factor * (d[i] - shift - y[i] * slope);
				dx[i] = call->accumulate[0] ? dx[i] + part : part;
			}
		}
	}
}

#undef REAL_IS_FLOAT
