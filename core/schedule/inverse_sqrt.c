/*
 * inverse_sqrt: a straight rise over w updates, then one over the root of the update's number.
 *
 *   lr = lr0 sqrt(w) min((t + 1)^-1/2, (t + 1) w^-3/2)
 *
 * w is `warmup` or, where that is null, the schedule's warmup_steps, which this takes the place of.
 */
#include "core/schedule/define.h"

enum { SET_WARMUP };
static const struct setting settings[] = {
	[SET_WARMUP] = { .name = "warmup",
			 .kind = SETTING_INTEGER,
			 .nullable = true,
			 .preset = NAN,
			 .minimum = 1,
			 .maximum = 9007199254740992.0,
			 .doc = "Where the rate is highest; null: warmup_steps." },
};

static double shape(double base, double t, double w)
{
	return base * sqrt(w) * fmin(1 / sqrt(t + 1), (t + 1) / (w * sqrt(w)));
}

static double rate(const struct settings *s, double base, double t, double horizon)
{
	const double given = setting_at(s, SET_WARMUP);
	(void)horizon;
	return shape(base, t, isnan(given) ? 1 : given);
}

static double warmed(const struct settings *s, double base, double t, double warmup)
{
	return isnan(setting_at(s, SET_WARMUP)) ? shape(base, t, warmup) : (double)NAN;
}

const struct schedule_type schedule_inverse_sqrt = {
	.name = "inverse_sqrt",
	.doc = "After a straight rise, the rate falls with the root of the number of updates.",
	.source = "Vaswani et al. 2017, Attention is all you need, eq. 3",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
	.warmed = warmed,
};
