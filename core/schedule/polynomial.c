/*
 * polynomial: the rate falls to 0 as a power of what is left.
 *
 *   lr = lr0 (1 - min(t, total_iters) / total_iters)^power
 */
#include "core/schedule/define.h"

enum { SET_TOTAL_ITERS, SET_POWER };
static const struct setting settings[] = {
	[SET_TOTAL_ITERS] = SETTING_TOTAL_ITERS("Where the rate reaches 0."),
	[SET_POWER] = { .name = "power",
			.kind = SETTING_REAL,
			.preset = 1,
			.minimum = 0,
			.maximum = INFINITY,
			.open_maximum = true,
			.doc = "Power of what is left; 1: a straight line." },
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	(void)horizon;
	const double total = setting_at(s, SET_TOTAL_ITERS);
	return base * pow(1 - fmin(t, total) / total, setting_at(s, SET_POWER));
}

const struct schedule_type schedule_polynomial = {
	.name = "polynomial",
	.doc = "The rate falls to 0 at total_iters as a power of what is left.",
	.source = "torch.optim.lr_scheduler.PolynomialLR",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
};
