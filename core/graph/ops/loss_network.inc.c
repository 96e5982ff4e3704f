/* Worker of loss_network.c: in[0] = z [rows, m], in[1] = target; seed = d(root) / d(sum over rows). */
#include "core/base/real.h"

/* log of sum of exp(z) over a row. */
static double NAME(log_sum_exp)(size_t m, const REAL *z)
{
	double most = (double)z[0];
	for (size_t c = 1; c < m; c++) {
		most = (double)z[c] > most ? (double)z[c] : most;
	}
	double sum = exp((double)z[0] - most);
	for (size_t c = 1; c < m; c++) {
		sum += exp((double)z[c] - most);
	}
	return most + log(sum);
}

static void NAME(deliver_sum)(const struct op_call *call, double sum)
{
	if (call->sum != NULL) {
		*call->sum += sum;
	}
}

static void NAME(kl_div_mean)(const struct op_call *call)
{
	size_t m = call->shape[0].extent[0];
	const REAL *z = call->in[0], *y = call->in[1];
	REAL *d = call->d_in[0];
	double sum = 0;
	for (size_t r = 0; r < call->rows; r++, z += m, y += m) {
		double shift = NAME(log_sum_exp)(m, z), mass = 0;
		for (size_t c = 0; c < m; c++) {
			double part = (double)y[c];
			mass += part;
			sum += part == 0 ? 0 : part * (log(part) - ((double)z[c] - shift));
		}
		for (size_t c = 0; c < m && d != NULL; c++) {
			*d++ = (REAL)(call->seed * (mass * exp((double)z[c] - shift) - (double)y[c]));
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
	double sum = 0;
	for (size_t r = 0; r < call->rows; r++, z += m, y += m) {
		double zz = cosine_eps, yy = cosine_eps, zy = 0;
		for (size_t c = 0; c < m; c++) {
			zz += (double)z[c] * (double)z[c];
			yy += (double)y[c] * (double)y[c];
			zy += (double)z[c] * (double)y[c];
		}
		double length = sqrt(zz * yy);
		sum += 1 - zy / length;
		for (size_t c = 0; c < m && d != NULL; c++) {
			*d++ = (REAL)(call->seed * (zy / zz * (double)z[c] - (double)y[c]) / length);
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
	double sum = 0, least = log(call->attribute[EPS]), share = call->seed / (double)m;
	for (size_t r = 0; r < call->rows; r++, z += 2 * m, y += m) {
		for (size_t c = 0; c < m; c++) {
			bool low = (double)z[m + c] < least;
			double s = low ? least : (double)z[m + c], miss = (double)z[c] - (double)y[c];
			double precision = exp(-s), part = miss * miss * precision;
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
	double sum = 0;
	for (size_t r = 0; r < call->rows; r++, z += m) {
		double shift = NAME(log_sum_exp)(m, z), mass = 0;
		for (size_t c = 0; c < m; c++) {
			double part = e / (double)m * w[c] + ((size_t)label[r] == c ? (1 - e) * w[c] : 0);
			mass += part;
			sum += part * (shift - (double)z[c]);
		}
		for (size_t c = 0; c < m && d != NULL; c++) {
			double part = e / (double)m * w[c] + ((size_t)label[r] == c ? (1 - e) * w[c] : 0);
			*d++ = (REAL)(call->seed * (mass * exp((double)z[c] - shift) - part));
		}
	}
	NAME(deliver_sum)(call, sum);
}

static void NAME(weighted_bce_label_mean)(const struct op_call *call)
{
	const REAL *z = call->in[0];
	const int32_t *label = call->in[1];
	REAL *d = call->d_in[0];
	double sum = 0;
	for (size_t r = 0; r < call->rows; r++) {
		double x = (double)z[r], y = (double)label[r], w = call->class_weight[label[r]];
		double small = exp(-fabs(x)), right = x >= 0 ? 1 / (1 + small) : small / (1 + small);
		sum += w * ((x > 0 ? x : 0) - x * y + log1p(small));
		if (d != NULL) {
			d[r] = (REAL)(call->seed * w * (right - y));
		}
	}
	NAME(deliver_sum)(call, sum);
}

static void NAME(leading_forward)(const struct op_call *call)
{
	size_t m = call->shape[GRAPH_ARITY].extent[0];
	for (size_t r = 0; r < call->rows; r++) {
		memcpy((REAL *)call->out + r * m, (const REAL *)call->in[0] + 2 * r * m, m * sizeof(REAL));
	}
}

static void NAME(leading_reverse)(const struct op_call *call)
{
	size_t m = call->shape[GRAPH_ARITY].extent[0];
	const REAL *d = call->d_out;
	REAL *dx = call->d_in[0];
	for (size_t r = 0; r < call->rows && dx != NULL; r++) {
		for (size_t c = 0; c < 2 * m; c++, dx++) {
			REAL part = c < m ? d[r * m + c] : 0;
			*dx = call->accumulate[0] ? *dx + part : part;
		}
	}
}

#undef REAL_IS_FLOAT
