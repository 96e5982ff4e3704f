/*
 * exponential: the rate falls by gamma every time.
 *
 *   lr = lr0 gamma^t
 */
#include "core/schedule/define.h"

enum { SET_GAMMA };
static const struct setting settings[] = {
	[SET_GAMMA] = SETTING_GAMMA(.required = true, .doc = "Factor from one rate to the next."),
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	(void)horizon;
	return base * pow(setting_at(s, SET_GAMMA), t);
}

const struct schedule_type schedule_exponential = {
	.name = "exponential",
	.doc = "The rate is multiplied by gamma every time.",
	.source = "torch.optim.lr_scheduler.ExponentialLR",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
};
