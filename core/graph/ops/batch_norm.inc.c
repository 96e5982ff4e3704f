/* Worker of batch_norm.c: in[0] = x, out = y [rows, channels, area]; in[1], in[2] the running mean and variance. All
 * functions work on the channels [begin, end) alone. */
#include "core/base/real.h"

/* What is kept: four numbers a channel. */
struct NAME(statistics) {
	WIDE *mean, *variance, *factor, *sum;
};

static struct NAME(statistics) NAME(statistics_of)(const struct pass *pass)
{
	const size_t channels = pass->channels.count;
	WIDE *kept = pass->call->kept;
	return (struct NAME(statistics)){ kept, kept + channels, kept + 2 * channels, kept + 3 * channels };
}

/* sum[c] = sum over rows and area of (a - shift[c]) (b or a - shift[c]); of a alone where power is 1. */
static void NAME(channel_sums)(const struct pass *pass, const REAL *a, const REAL *b, const WIDE *shift, int power,
			       WIDE *sum)
{
	const size_t area = pass->channels.area, step = pass->channels.count * area;
	memset(sum + pass->begin, 0, (pass->end - pass->begin) * sizeof *sum);
	for (size_t r = 0; r < pass->call->rows; r++) {
		for (size_t c = pass->begin; c < pass->end; c++) {
			const size_t at = r * step + c * area;
			WIDE lane[4] = { 0 }, less = shift != NULL ? shift[c] : 0;
			for (size_t i = 0; i < area; i++) {
				WIDE x = (WIDE)a[at + i] - less;
				lane[i % 4] += power == 1 ? x : b != NULL ? x * (WIDE)b[at + i] : x * x;
			}
			sum[c] += (lane[0] + lane[2]) + (lane[1] + lane[3]);
		}
	}
}

/* The statistics by which this call normalises. */
static void NAME(find_statistics)(const struct pass *pass)
{
	const struct op_call *call = pass->call;
	const struct NAME(statistics) at = NAME(statistics_of)(pass);
	const REAL *mean = call->in[1], *variance = call->in[2];
	double n = (double)call->rows * (double)pass->channels.area;
	if (call->training) {
		NAME(channel_sums)(pass, call->in[0], NULL, NULL, 1, at.sum);
		for (size_t c = pass->begin; c < pass->end; c++) {
			at.mean[c] = at.sum[c] / n;
		}
		NAME(channel_sums)(pass, call->in[0], NULL, at.mean, 2, at.sum);
	}
	for (size_t c = pass->begin; c < pass->end; c++) {
		at.mean[c] = call->training ? at.mean[c] : (WIDE)mean[c];
		at.variance[c] = call->training ? at.sum[c] / n : (WIDE)variance[c];
		at.factor[c] = 1 / WIDE_M(sqrt)(at.variance[c] + call->attribute[EPS]);
	}
}

static void NAME(normalise)(const struct pass *pass)
{
	const size_t area = pass->channels.area, step = pass->channels.count * area;
	const struct NAME(statistics) at = NAME(statistics_of)(pass);
	NAME(find_statistics)(pass);
	for (size_t r = 0; r < pass->call->rows; r++) {
		const REAL *x = (const REAL *)pass->call->in[0] + r * step + pass->begin * area;
		REAL *y = (REAL *)pass->call->out + r * step + pass->begin * area;
		for (size_t c = pass->begin; c < pass->end; c++, x += area, y += area) {
			REAL mean = (REAL)at.mean[c], factor = (REAL)at.factor[c];
			for (size_t i = 0; i < area; i++) {
				y[i] = (x[i] - mean) * factor;
			}
		}
	}
}

/* What becomes of the buffers. */
static void NAME(renew)(const struct pass *pass)
{
	const struct op_call *call = pass->call;
	const struct NAME(statistics) at = NAME(statistics_of)(pass);
	const REAL *mean = call->in[1], *variance = call->in[2];
	double momentum = call->attribute[MOMENTUM], n = (double)call->rows * (double)pass->channels.area;
	REAL *new_mean = call->d_in[1], *new_variance = call->d_in[2];
	if (!call->training || new_mean == NULL || new_variance == NULL) {
		return;
	}
	for (size_t c = pass->begin; c < pass->end; c++) {
		WIDE unbiased = n > 1 ? at.variance[c] * (n / (n - 1)) : (WIDE)variance[c];
		new_mean[c] = (REAL)((1 - momentum) * (WIDE)mean[c] + momentum * at.mean[c]);
		new_variance[c] = (REAL)((1 - momentum) * (WIDE)variance[c] + momentum * unbiased);
	}
}

/* dx = factor (dy - mean(dy) - y mean(dy y)) while training; mean and variance are constants otherwise. */
static void NAME(differentiate)(const struct pass *pass)
{
	const struct op_call *call = pass->call;
	const struct NAME(statistics) at = NAME(statistics_of)(pass);
	const size_t area = pass->channels.area, step = pass->channels.count * area;
	double n = (double)call->rows * (double)area;
	NAME(renew)(pass);
	if (call->d_in[0] == NULL) {
		return;
	}
	if (call->training) {
		NAME(channel_sums)(pass, call->d_out, NULL, NULL, 1, at.mean);
		NAME(channel_sums)(pass, call->d_out, call->out, NULL, 2, at.sum);
	}
	for (size_t r = 0; r < call->rows; r++) {
		const size_t from = r * step + pass->begin * area;
		const REAL *d = (const REAL *)call->d_out + from, *y = (const REAL *)call->out + from;
		REAL *dx = (REAL *)call->d_in[0] + from;
		for (size_t c = pass->begin; c < pass->end; c++, d += area, y += area, dx += area) {
			REAL factor = (REAL)at.factor[c], shift = call->training ? (REAL)(at.mean[c] / n) : 0;
			REAL slope = call->training ? (REAL)(at.sum[c] / n) : 0;
			for (size_t i = 0; i < area; i++) {
				REAL part = factor * (d[i] - shift - y[i] * slope);
				dx[i] = call->accumulate[0] ? dx[i] + part : part;
			}
		}
	}
}

static void NAME(batch_norm_forward)(const struct op_call *call)
{
	share(call, NAME(normalise));
}

static void NAME(batch_norm_reverse)(const struct op_call *call)
{
	share(call, NAME(differentiate));
}

#undef REAL_IS_FLOAT
