/* Worker of loss_network.c: in[0] = z [rows, m], in[1] = target; seed = d(root) / d(sum over rows). */
#include "core/base/real.h"

/* log of sum of exp(z) over a row. */
static WIDE NAME(log_sum_exp)(size_t m, const REAL *z)
{
	WIDE most = (WIDE)z[0];
	for (size_t c = 1; c < m; c++) {
		most = RE((WIDE)z[c]) > RE(most) ? (WIDE)z[c] : most;
	}
	WIDE sum = WIDE_M(exp)((WIDE)z[0] - most);
	for (size_t c = 1; c < m; c++) {
		sum += WIDE_M(exp)((WIDE)z[c] - most);
	}
	return most + WIDE_M(log)(sum);
}

static void NAME(deliver_sum)(const struct op_call *call, WIDE sum)
{
	if (call->sum != NULL) {
		*call->sum += RE(sum);
	}
}

static void NAME(kl_div_mean)(const struct op_call *call)
{
	size_t m = call->shape[0].extent[0];
	const REAL *z = call->in[0], *y = call->in[1];
	REAL *d = call->d_in[0];
	WIDE sum = 0;
	for (size_t r = 0; r < call->rows; r++, z += m, y += m) {
		WIDE shift = NAME(log_sum_exp)(m, z), mass = 0;
		for (size_t c = 0; c < m; c++) {
			WIDE part = (WIDE)y[c];
			mass += part;
			sum += RE(part) == 0 ? 0 : part * (WIDE_M(log)(part) - ((WIDE)z[c] - shift));
		}
		for (size_t c = 0; c < m && d != NULL; c++) {
			*d++ = (REAL)(call->seed * (mass * WIDE_M(exp)((WIDE)z[c] - shift) - (WIDE)y[c]));
		}
	}
	NAME(deliver_sum)(call, sum);
}

/* 1 - zy / sqrt(zz yy); its derivative by z is (zy z / zz - y) / sqrt(zz yy). */
static void NAME(cosine_mean)(const struct op_call *call)
{
	size_t m = call->shape[0].extent[0];
	const REAL *z = call->in[0], *y = call->in[1];
	REAL *d = call->d_in[0];
	WIDE sum = 0;
	for (size_t r = 0; r < call->rows; r++, z += m, y += m) {
		WIDE zz = cosine_eps, yy = cosine_eps, zy = 0;
		for (size_t c = 0; c < m; c++) {
			zz += (WIDE)z[c] * (WIDE)z[c];
			yy += (WIDE)y[c] * (WIDE)y[c];
			zy += (WIDE)z[c] * (WIDE)y[c];
		}
		WIDE length = WIDE_M(sqrt)(zz * yy);
		sum += 1 - zy / length;
		for (size_t c = 0; c < m && d != NULL; c++) {
			*d++ = (REAL)(call->seed * (zy / zz * (WIDE)z[c] - (WIDE)y[c]) / length);
		}
	}
	NAME(deliver_sum)(call, sum);
}

/* A variance below eps counts as eps, and nothing flows back to it. */
static void NAME(gaussian_mean)(const struct op_call *call)
{
	size_t m = call->shape[1].extent[0];
	const REAL *z = call->in[0], *y = call->in[1];
	REAL *d = call->d_in[0];
	WIDE sum = 0;
	const double least = log(call->attribute[EPS]), share = call->seed / (double)m;
	for (size_t r = 0; r < call->rows; r++, z += 2 * m, y += m) {
		for (size_t c = 0; c < m; c++) {
			bool low = RE((WIDE)z[m + c]) < least;
			WIDE s = low ? least : (WIDE)z[m + c], miss = (WIDE)z[c] - (WIDE)y[c];
			WIDE precision = WIDE_M(exp)(-s), part = miss * miss * precision;
			sum += (s + part) / 2 + (call->attribute[FULL] != 0 ? half_log_two_pi : 0);
			if (d != NULL) {
				d[c] = (REAL)(share * miss * precision);
				d[m + c] = low ? 0 : (REAL)(share * (1 - part) / 2);
			}
		}
		d = d != NULL ? d + 2 * m : NULL;
	}
	NAME(deliver_sum)(call, sum / (double)m);
}

/* (1 - e) w[y] (L - z[y]) + e / m sum over c of w[c] (L - z[c]), L = logsumexp(z). */
static void NAME(weighted_cross_entropy_mean)(const struct op_call *call)
{
	size_t m = call->shape[0].extent[0];
	const REAL *z = call->in[0];
	const int32_t *label = call->in[1];
	const double e = call->attribute[0], *w = call->class_weight;
	REAL *d = call->d_in[0];
	WIDE sum = 0;
	for (size_t r = 0; r < call->rows; r++, z += m) {
		WIDE shift = NAME(log_sum_exp)(m, z), mass = 0;
		for (size_t c = 0; c < m; c++) {
			double part = e / (double)m * w[c] + ((size_t)label[r] == c ? (1 - e) * w[c] : 0);
			mass += part;
			sum += part * (shift - (WIDE)z[c]);
		}
		for (size_t c = 0; c < m && d != NULL; c++) {
			double part = e / (double)m * w[c] + ((size_t)label[r] == c ? (1 - e) * w[c] : 0);
			*d++ = (REAL)(call->seed * (mass * WIDE_M(exp)((WIDE)z[c] - shift) - part));
		}
	}
	NAME(deliver_sum)(call, sum);
}

/* The first attribute multiplies what class 1 costs. */
static void NAME(weighted_bce_label_mean)(const struct op_call *call)
{
	const REAL *z = call->in[0];
	const int32_t *label = call->in[1];
	REAL *d = call->d_in[0];
	WIDE sum = 0;
	for (size_t r = 0; r < call->rows; r++) {
		const WIDE x = (WIDE)z[r];
		const double y = (double)label[r];
		const double w = call->class_weight[label[r]] * (label[r] != 0 ? call->attribute[0] : 1);
		const WIDE small = WIDE_M(exp)(-WIDE_M(fabs)(x)),
			   right = RE(x) >= 0 ? 1 / (1 + small) : small / (1 + small);
		sum += w * ((RE(x) > 0 ? x : 0) - x * y + WIDE_M(log1p)(small));
		if (d != NULL) {
			d[r] = (REAL)(call->seed * w * (right - y));
		}
	}
	NAME(deliver_sum)(call, sum);
}

#undef REAL_IS_FLOAT
