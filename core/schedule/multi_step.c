/*
 * multi_step: the rate falls by gamma at each milestone.
 *
 *   lr = lr0 gamma^(number of milestones <= t)
 */
#include "core/schedule/define.h"

enum { SET_MILESTONES, SET_GAMMA };
static const struct setting settings[] = {
	[SET_MILESTONES] = { .name = "milestones",
			     .kind = SETTING_VECTOR,
			     .required = true,
			     .minimum = 0,
			     .maximum = 9007199254740992.0,
			     .doc = "Where the rate falls; a number that stands twice falls twice." },
	[SET_GAMMA] = SETTING_GAMMA(.preset = 0.1, .doc = "Factor at each milestone."),
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	(void)horizon;
	const struct setting_value *milestones = &s->value[SET_MILESTONES];
	double passed = 0;
	for (size_t i = 0; i < milestones->rows; i++) {
		passed += milestones->values[i] <= t ? 1 : 0;
	}
	return base * pow(setting_at(s, SET_GAMMA), passed);
}

const struct schedule_type schedule_multi_step = {
	.name = "multi_step",
	.doc = "The rate is multiplied by gamma at each milestone.",
	.source = "torch.optim.lr_scheduler.MultiStepLR",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
};
