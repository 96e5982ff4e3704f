/* Worker of loss_number.c: in[0] = z [rows, m], in[1] = target; seed = d(root) / d(sum over rows). */
#include "core/base/real.h"

#include "core/graph/ops/softplus.inc.c"

/* log cosh(z - y) = |d| + log(1 + exp(-2 |d|)) - log 2 */
static struct NAME(loss_value) NAME(log_cosh)(WIDE z, double y, const double *attribute)
{
	const WIDE d = z - y, size = WIDE_M(fabs)(d);
	(void)attribute;
	return (struct NAME(loss_value)){ size + WIDE_M(log1p)(WIDE_M(exp)(-2 * size)) - log_two, WIDE_M(tanh)(d) };
}

/* exp(z) - y z, or z - y log(z + eps) of a z that is the count itself; Stirling's terms where y > 1. */
static struct NAME(loss_value) NAME(poisson_full)(WIDE z, double y, const double *attribute)
{
	const double eps = attribute[EPS];
	const WIDE grown = WIDE_M(exp)(z);
	struct NAME(loss_value) out =
		attribute[LOG_INPUT] != 0
			? (struct NAME(loss_value)){ grown - y * z, grown - y }
			: (struct NAME(loss_value)){ z - y * WIDE_M(log)(z + eps), 1 - y / (z + eps) };
	out.loss += attribute[FULL] != 0 && y > 1 ? y * log(y) - y + log(two_pi * y) / 2 : 0;
	return out;
}

/* p y softplus(-z) + (1 - y) softplus(z) */
static struct NAME(loss_value) NAME(positive_bce)(WIDE z, double y, const double *attribute)
{
	const double weight = y > 0 ? attribute[0] : 1, side = y > 0 ? -1 : 1;
	struct NAME(loss_value) out = NAME(loss_softplus)(side * z);
	return (struct NAME(loss_value)){ weight * out.loss, weight * side * out.slope };
}

/* -a (1 - p)^gamma log p of the probability p of the class that it is: with t = +-z that is
 * a exp(-gamma softplus(t)) softplus(-t). a is alpha or 1 - alpha by class, 1 where alpha < 0. */
static struct NAME(loss_value) NAME(focal)(WIDE z, double y, const double *attribute)
{
	const double gamma = attribute[GAMMA], alpha = attribute[ALPHA], side = y > 0 ? 1 : -1;
	const double weight = alpha < 0 ? 1 : y > 0 ? alpha : 1 - alpha;
	const struct NAME(loss_value) miss = NAME(loss_softplus)(-side * z), right = NAME(loss_softplus)(side * z);
	const WIDE focus = weight * WIDE_M(exp)(-gamma * right.loss);
	return (struct NAME(loss_value)){ focus * miss.loss,
					  -side * focus * (gamma * right.slope * miss.loss + miss.slope) };
}

/* The mean over rows and columns of a rule(z, y); y the number, or the class 0 or 1. d_in[0] may be in[0]. */
#define NUMBERS(name, rule)                                                                                            \
	static void NAME(name)(const struct op_call *call)                                                             \
	{                                                                                                              \
		const size_t m = call->shape[0].extent[0];                                                             \
		const bool labels = call->shape[1].classes != 0;                                                       \
		const REAL *z = call->in[0], *y = call->in[1];                                                         \
		const int32_t *label = call->in[1];                                                                    \
		REAL *d = call->d_in[0];                                                                               \
		const double share = call->seed / (double)m;                                                           \
		WIDE sum = 0;                                                                                          \
		for (size_t i = 0; i < call->rows * m; i++) {                                                          \
			const struct NAME(loss_value) at =                                                             \
				NAME(rule)((WIDE)z[i], labels ? (double)label[i] : (double)RE(y[i]), call->attribute); \
			sum += at.loss;                                                                                \
			if (d != NULL) {                                                                               \
				d[i] = (REAL)(share * at.slope);                                                       \
			}                                                                                              \
		}                                                                                                      \
		if (call->sum != NULL) {                                                                               \
			*call->sum += RE(sum) / (double)m;                                                             \
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
	WIDE sum = 0;
	for (size_t r = 0; r < call->rows; r++, z += m) {
		const size_t own = (size_t)label[r];
		const WIDE right = (WIDE)z[own];
		WIDE slopes = 0;
		for (size_t c = 0; c < m; c++) {
			const WIDE gap = margin - right + (WIDE)z[c];
			const bool counts = c != own && !(RE(gap) <= 0); /* a gap that is no number stays one */
			const WIDE slope = !counts ? 0 : power == 1 ? (RE(gap) > 0 ? 1 : gap) : 2 * gap;
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
		*call->sum += RE(sum) / (double)m;
	}
}

#undef REAL_IS_FLOAT
