/* What the two schedule-free optimizers share: the warm-up of their rate, and how their average is weighted. */
#ifndef CORE_OPTIM_SCHEDULE_FREE_H
#define CORE_OPTIM_SCHEDULE_FREE_H

#include "core/optim/define.h"

/* clang-format off */
#define SETTING_SCHEDULE_FREE_WARMUP                                                            \
	{ .name = "warmup_steps", .kind = SETTING_INTEGER, .preset = 0, .minimum = 0,            \
	  .maximum = 9007199254740992.0, .doc = "Updates in which the rate rises to its base." }
#define SETTING_SCHEDULE_FREE_R SETTING_FROM_0("r", 0, "Power of t in the weight of a point in the average.")
#define SETTING_SCHEDULE_FREE_POWER                                                             \
	SETTING_FROM_0("weight_lr_power", 2, "Power of the largest rate so far in that weight.")
/* clang-format on */

/* x is an average: cut back to a box it would no longer be one of the fast point. */
static inline unsigned schedule_free_needs(const struct settings *settings)
{
	(void)settings;
	return NEEDS_NO_BOUNDS;
}

/* min(1, t / warmup). */
static inline double schedule_free_warmup(const struct step *step, double warmup)
{
	return (double)step->t < warmup ? (double)step->t / warmup : 1;
}

/* c = w / W of update t, whose rate is lr; advances the largest rate so far and W. */
static inline double schedule_free_share(const struct step *step, double lr, double r, double power, double *largest,
					 double *weight)
{
	*largest = fmax(*largest, lr);
	const double w = pow((double)step->t, r) * pow(*largest, power);
	*weight += w;
	return *weight > 0 ? w / *weight : 1;
}

#endif
