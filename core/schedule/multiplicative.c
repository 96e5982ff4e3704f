/*
 * multiplicative: each step multiplies the rate by a factor of a list that is gone through again and again.
 *
 *   lr(t) = lr(t - 1) factors[t mod k],  lr(0) = lr0
 */
#include "core/schedule/define.h"

enum { SET_FACTORS };
static const struct setting settings[] = {
	[SET_FACTORS] = { .name = "factors",
			  .kind = SETTING_VECTOR,
			  .required = true,
			  .minimum = 0,
			  .open_minimum = true,
			  .maximum = INFINITY,
			  .open_maximum = true,
			  .doc = "Factors of step t: the one at place t modulo their number; the first update has "
				 "none." },
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	const struct setting_value *factors = &s->value[SET_FACTORS];
	(void)horizon;
	if (factors->rows == 0) {
		return base;
	}
	/* Place i is met at t = i, i + k, ...; place 0 not at t = 0. */
	const double k = (double)factors->rows;
	double lr = base;
	for (size_t i = 0; i < factors->rows; i++) {
		const double met = floor((t - (double)i) / k) + (i == 0 ? 0 : 1);
		lr *= met > 0 ? pow(factors->values[i], met) : 1;
	}
	return lr;
}

const struct schedule_type schedule_multiplicative = {
	.name = "multiplicative",
	.doc = "Each step multiplies the rate by the next factor of a list.",
	.source = "torch.optim.lr_scheduler.MultiplicativeLR",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
};
