/*
 * step: the rate falls by gamma every step_size.
 *
 *   lr = lr0 gamma^floor(t / step_size)
 */
#include "core/schedule/define.h"

enum { SET_STEP_SIZE, SET_GAMMA };
static const struct setting settings[] = {
	[SET_STEP_SIZE] = { .name = "step_size",
			    .kind = SETTING_INTEGER,
			    .required = true,
			    .minimum = 1,
			    .maximum = 9007199254740992.0,
			    .doc = "How long a rate holds." },
	[SET_GAMMA] = SETTING_GAMMA(.preset = 0.1, .doc = "Factor from one rate to the next."),
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	(void)horizon;
	return base * pow(setting_at(s, SET_GAMMA), floor(t / setting_at(s, SET_STEP_SIZE)));
}

const struct schedule_type schedule_step = {
	.name = "step",
	.doc = "The rate is multiplied by gamma every step_size.",
	.source = "torch.optim.lr_scheduler.StepLR",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
};
