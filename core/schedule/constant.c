/*
 * constant: the base rate; with `factor`, that share of it for the first `total_iters`.
 *
 *   lr = lr0 factor  for t < total_iters,  lr0  from there on
 */
#include "core/schedule/define.h"

enum { SET_FACTOR, SET_TOTAL_ITERS };
static const struct setting settings[] = {
	[SET_FACTOR] = { .name = "factor",
			 .kind = SETTING_REAL,
			 .preset = 1,
			 .minimum = 0,
			 .maximum = 1,
			 .open_minimum = true,
			 .doc = "Share of the base rate in the first total_iters." },
	[SET_TOTAL_ITERS] = SETTING_TOTAL_ITERS("How long the factor holds."),
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	(void)horizon;
	return t < setting_at(s, SET_TOTAL_ITERS) ? base * setting_at(s, SET_FACTOR) : base;
}

const struct schedule_type schedule_constant = {
	.name = "constant",
	.doc = "The base rate throughout, or a share of it for the first iterations.",
	.source = "torch.optim.lr_scheduler.ConstantLR",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
};
