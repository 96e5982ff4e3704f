/*
 * swa: from the base rate to the constant rate at which weights are averaged.
 *
 *   f = min(t, anneal_epochs) / anneal_epochs,  a = (1 - cos(pi f)) / 2  or  f
 *   lr = swa_lr a + lr0 (1 - a)
 */
#include "core/schedule/define.h"

enum { SET_SWA_LR, SET_ANNEAL, SET_STRATEGY };
static const struct setting settings[] = {
	[SET_SWA_LR] = SETTING_RATE("swa_lr", .required = true, .doc = "The rate that it ends at."),
	[SET_ANNEAL] = { .name = "anneal_epochs",
			 .kind = SETTING_INTEGER,
			 .preset = 10,
			 .minimum = 0,
			 .maximum = 9007199254740992.0,
			 .doc = "Length of the way there." },
	[SET_STRATEGY] = SETTING_STRATEGY,
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	const double length = setting_at(s, SET_ANNEAL), f = length > 0 ? fmin(t / length, 1) : 1;
	const double a = setting_at(s, SET_STRATEGY) == STRATEGY_LINEAR ? f : 1 - cosine_fall(f);
	(void)horizon;
	return setting_at(s, SET_SWA_LR) * a + base * (1 - a);
}

const struct schedule_type schedule_swa = {
	.name = "swa",
	.doc = "From the base rate to a constant one, at which weights are worth averaging.",
	.source = "Izmailov et al. 2018; torch.optim.swa_utils.SWALR",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
};
