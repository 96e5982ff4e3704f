/* Worker of loss_more.c: in[0] = z [rows, m], in[1] = target; seed = d(root) / d(sum over rows). */
#include "core/base/real.h"

/* Adds a chunk's losses in double, number i to lane i mod 8. */
static WIDE NAME(add_up)(size_t n, const REAL *loss)
{
	WIDE lane[8] = { 0 };
	for (size_t i = 0; i < n; i++) {
		lane[i % 8] += (WIDE)loss[i];
	}
	return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* One chunk: loss(z, y) and its derivative; `grown` holds exp(z) where the loss wants it. a: the loss's constant. */
#define LOSS(f, value, derivative)                                                                                     \
	static void NAME(f##_chunk)(size_t n, const REAL *zs, const REAL *ys, const REAL *grown, REAL a, REAL *loss,   \
				    REAL *slope)                                                                       \
	{                                                                                                              \
		(void)a, (void)grown;                                                                                  \
		for (size_t i = 0; i < n; i++) {                                                                       \
			REAL z = zs[i], y = ys[i], e = z - y, size = REAL_FABS(e), miss = 1 - y * z;                   \
			(void)size, (void)miss;                                                                        \
			loss[i] = (value);                                                                             \
			slope[i] = (derivative);                                                                       \
		}                                                                                                      \
	}
LOSS(absolute_error, size, (RE(e) > 0 ? 1 : RE(e) < 0 ? -1 : e))
LOSS(huber, (RE(size) <= RE(a) ? REAL_C(0.5) * e * e : a * (size - REAL_C(0.5) * a)),
     (RE(e) > RE(a)    ? a
      : RE(e) < RE(-a) ? -a
		       : e))
LOSS(quantile, (RE(e) > 0 ? (1 - a) * e : -a * e), (RE(e) > 0 ? 1 - a : RE(e) < 0 ? -a : e))
LOSS(poisson, grown[i] - y * z, grown[i] - y)
/* A margin that is no number stays one. */
LOSS(hinge, (RE(miss) <= 0 ? 0 : miss), (RE(miss) <= 0 ? 0 : RE(miss) > 0 ? -y : miss))
LOSS(squared_hinge, (RE(miss) <= 0 ? 0 : miss * miss), (RE(miss) <= 0 ? 0 : -2 * y * miss))
#undef LOSS

typedef void NAME(chunk_function)(size_t n, const REAL *z, const REAL *y, const REAL *grown, REAL a, REAL *loss,
				  REAL *slope);

/* The mean over rows and columns. Class indices 0 and 1 stand for y = -1 and +1. d_in[0] may be in[0]. */
static void NAME(mean)(const struct op_call *call, NAME(chunk_function) * function, bool wants_exp)
{
	size_t m = call->shape[0].extent[0], n = call->rows * m;
	const bool labels = call->shape[1].classes != 0;
	const REAL seed = (REAL)(call->seed / (double)m), a = (REAL)call->attribute[0];
	REAL grown[CHUNK], sign[CHUNK], loss[CHUNK], slope[CHUNK], *d = call->d_in[0];
	double sum = 0;
	for (size_t i = 0; i < n; i += CHUNK) {
		size_t count = n - i < CHUNK ? n - i : CHUNK;
		const REAL *z = (const REAL *)call->in[0] + i, *y = labels ? sign : (const REAL *)call->in[1] + i;
		for (size_t k = 0; k < count && labels; k++) {
			sign[k] = ((const int32_t *)call->in[1])[i + k] != 0 ? 1 : -1;
		}
		if (wants_exp) {
			call->kernels->NAME(exp)(count, z, grown);
		}
		function(count, z, y, grown, a, loss, slope);
		sum += call->sum != NULL ? RE(NAME(add_up)(count, loss)) : 0;
		for (size_t k = 0; k < count && d != NULL; k++) {
			d[i + k] = seed * slope[k];
		}
	}
	if (call->sum != NULL) {
		*call->sum += sum / (double)m;
	}
}

#define MEAN(f, wants_exp)                                                                                             \
	static void NAME(f##_mean)(const struct op_call *call)                                                         \
	{                                                                                                              \
		NAME(mean)(call, NAME(f##_chunk), wants_exp);                                                          \
	}
MEAN(absolute_error, false)
MEAN(huber, false)
MEAN(quantile, false)
MEAN(poisson, true)
MEAN(hinge, false)
MEAN(squared_hinge, false)
#undef MEAN

/* Cross-entropy plus e (z[class] - mean of z): what is left of the target's weight 1 - e + e / m and the others' e / m.
 */
static void NAME(smooth_cross_entropy_mean)(const struct op_call *call)
{
	size_t m = call->shape[0].extent[0];
	const int32_t *label = call->in[1];
	const REAL *z = call->in[0];
	const double e = call->attribute[0];
	REAL *d = call->d_in[0], whole = (REAL)(call->seed * e), part = (REAL)(call->seed * e / (double)m);
	double extra = 0;
	for (size_t r = 0; r < call->rows && call->sum != NULL; r++) {
		double row = 0;
		for (size_t c = 0; c < m; c++) {
			row += (double)RE(z[r * m + c]);
		}
		extra += (double)RE(z[r * m + (size_t)label[r]]) - row / (double)m;
	}
	WIDE sum = call->kernels->NAME(softmax_xent)(call->rows, m, z, label, (REAL)call->seed, d, call->sum != NULL);
	if (call->sum != NULL) {
		*call->sum += RE(sum) + e * extra;
	}
	for (size_t r = 0; r < call->rows && d != NULL; r++) {
		for (size_t c = 0; c < m; c++) {
			d[r * m + c] -= part;
		}
		d[r * m + (size_t)label[r]] += whole;
	}
}

#undef REAL_IS_FLOAT
