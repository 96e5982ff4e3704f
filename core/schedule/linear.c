/*
 * linear: from one share of the base rate to another in a straight line.
 *
 *   lr = lr0 (start_factor + (end_factor - start_factor) min(t, total_iters) / total_iters)
 */
#include "core/schedule/define.h"

enum { SET_START_FACTOR, SET_END_FACTOR, SET_TOTAL_ITERS };
static const struct setting settings[] = {
	[SET_START_FACTOR] = { .name = "start_factor",
			       .kind = SETTING_REAL,
			       .preset = 1.0 / 3,
			       .minimum = 0,
			       .maximum = 1,
			       .open_minimum = true,
			       .doc = "Share of the base rate at the start." },
	[SET_END_FACTOR] = { .name = "end_factor",
			     .kind = SETTING_REAL,
			     .preset = 1,
			     .minimum = 0,
			     .maximum = 1,
			     .doc = "Share of the base rate from total_iters on." },
	[SET_TOTAL_ITERS] = SETTING_TOTAL_ITERS("How long the way from start_factor to end_factor is."),
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	(void)horizon;
	const double total = setting_at(s, SET_TOTAL_ITERS);
	const double start = setting_at(s, SET_START_FACTOR), end = setting_at(s, SET_END_FACTOR);
	return base * (start + (end - start) * (fmin(t, total) / total));
}

const struct schedule_type schedule_linear = {
	.name = "linear",
	.doc = "A straight line from start_factor to end_factor of the base rate.",
	.source = "torch.optim.lr_scheduler.LinearLR",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
};
