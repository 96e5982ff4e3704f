/*
 * chain: several schedules, all at once or one after another.
 *
 *   without milestones (all at once):   lr = lr0 (lr_1 / lr0) (lr_2 / lr0) ...
 *   with milestones m_1 < m_2 < ...:    lr = lr_i(t - m_i) for m_i <= t < m_{i+1}, m_0 = 0
 *
 * The parts count in the chain's own unit. What is done stands in schedule.c, which knows the parts.
 */
#include "core/schedule/define.h"

static const struct setting settings[] = {
	[CHAIN_MILESTONES] = { .name = "milestones",
			       .kind = SETTING_VECTOR,
			       .minimum = 1,
			       .maximum = 9007199254740992.0,
			       .doc = "Where the second schedule, the third, ... begins; without any all act at "
				      "once." },
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	(void)s;
	(void)t;
	(void)horizon;
	return base;
}

const struct schedule_type schedule_chain = {
	.name = "chain",
	.doc = "Several schedules: their factors multiplied, or one after another from milestone to milestone.",
	.source = "torch.optim.lr_scheduler.ChainedScheduler, SequentialLR",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
	.chains = true,
};
