/*
 * inverse_time: the rate falls as one over time.
 *
 *   lr = lr0 / (1 + k t)
 */
#include "core/schedule/define.h"

enum { SET_K };
static const struct setting settings[] = {
	[SET_K] = { .name = "k",
		    .kind = SETTING_REAL,
		    .required = true,
		    .minimum = 0,
		    .maximum = INFINITY,
		    .open_maximum = true,
		    .doc = "How fast it falls: at t = 1/k the rate is half the base rate." },
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	(void)horizon;
	return base / (1 + setting_at(s, SET_K) * t);
}

const struct schedule_type schedule_inverse_time = {
	.name = "inverse_time",
	.doc = "The rate falls as 1 / (1 + k t).",
	.source = "Robbins and Monro 1951",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
};
