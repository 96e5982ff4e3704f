/* Worker of loss_number.c: in[0] = z [rows, m], in[1] = target; seed = d(root) / d(sum over rows). */
#include "core/base/real.h"

/* The mean over rows and columns of a rule(z, y); y the number, or the class 0 or 1. d_in[0] may be in[0]. */
#define NUMBERS(name, rule)                                                                                            \
	static void NAME(name)(const struct op_call *call)                                                             \
	{                                                                                                              \
		const size_t m = call->shape[0].extent[0];                                                             \
		const bool labels = call->shape[1].classes != 0;                                                       \
		const REAL *z = call->in[0], *y = call->in[1];                                                         \
		const int32_t *label = call->in[1];                                                                    \
		REAL *d = call->d_in[0];                                                                               \
		double sum = 0, share = call->seed / (double)m;                                                        \
		for (size_t i = 0; i < call->rows * m; i++) {                                                          \
			const struct value at =                                                                        \
				rule((double)z[i], labels ? (double)label[i] : (double)y[i], call->attribute);         \
			sum += at.loss;                                                                                \
			if (d != NULL) {                                                                               \
				d[i] = (REAL)(share * at.slope);                                                       \
			}                                                                                              \
		}                                                                                                      \
		if (call->sum != NULL) {                                                                               \
			*call->sum += sum / (double)m;                                                                 \
		}                                                                                                      \
	}
NUMBERS(log_cosh_mean, log_cosh)
NUMBERS(poisson_full_mean, poisson_full)
NUMBERS(positive_bce_mean, positive_bce)
NUMBERS(focal_mean, focal)
#undef NUMBERS

static void NAME(multi_margin_mean)(const struct op_call *call)
{
	const size_t m = call->shape[0].extent[0];
	const double power = call->attribute[POWER], margin = call->attribute[MARGIN];
	const double share = call->seed / (double)m;
	const REAL *z = call->in[0];
	const int32_t *label = call->in[1];
	REAL *d = call->d_in[0];
	double sum = 0;
	for (size_t r = 0; r < call->rows; r++, z += m) {
		const size_t own = (size_t)label[r];
		const double right = (double)z[own];
		double slopes = 0;
		for (size_t c = 0; c < m; c++) {
			const double gap = margin - right + (double)z[c];
			const bool counts = c != own && !(gap <= 0); /* a gap that is no number stays one */
			const double slope = !counts ? 0 : power == 1 ? (gap > 0 ? 1 : gap) : 2 * gap;
			sum += !counts ? 0 : power == 1 ? gap : gap * gap;
			slopes += slope;
			if (d != NULL && c != own) {
				d[r * m + c] = (REAL)(share * slope);
			}
		}
		if (d != NULL) {
			d[r * m + own] = (REAL)(-share * slopes);
		}
	}
	if (call->sum != NULL) {
		*call->sum += sum / (double)m;
	}
}

#undef REAL_IS_FLOAT
