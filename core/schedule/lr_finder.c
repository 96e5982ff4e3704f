/*
 * lr_finder: not a schedule to train by but a test of rates: from a small one to a large one, exponentially, over the
 * whole budget. The trainer (core/train/finder.c) watches the loss and says which rate to take.
 *
 *   lr = start_lr (end_lr / start_lr)^(t / (steps - 1))
 */
#include "core/schedule/define.h"

enum { SET_START, SET_END, SET_SMOOTHING, SET_DIVERGE };
static const struct setting settings[] = {
	[SET_START] = { .name = "start_lr",
			.kind = SETTING_REAL,
			.preset = 1e-7,
			.open_minimum = true,
			.maximum = 1e100,
			.doc = "The rate of the first update." },
	[SET_END] = { .name = "end_lr",
		      .kind = SETTING_REAL,
		      .preset = 10,
		      .open_minimum = true,
		      .maximum = 1e100,
		      .doc = "The rate of the last update." },
	[SET_SMOOTHING] = { .name = "smoothing",
			    .kind = SETTING_REAL,
			    .nullable = true,
			    .preset = NAN,
			    .maximum = 1,
			    .open_maximum = true,
			    .doc = "Decay of the average of the losses; null: 0 with a full batch, 0.7 with "
				   "mini-batches." },
	[SET_DIVERGE] = { .name = "diverge_factor",
			  .kind = SETTING_REAL,
			  .preset = 4,
			  .minimum = 1,
			  .open_minimum = true,
			  .maximum = 1e100,
			  .doc = "The test ends when the loss is so many times as high as at its best." },
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	const double start = setting_at(s, SET_START), end = setting_at(s, SET_END);
	(void)base;
	return horizon > 1 ? start * pow(end / start, t / (horizon - 1)) : start;
}

const struct schedule_type schedule_lr_finder = {
	.name = "lr_finder",
	.doc = "A test of learning rates, not a training: they rise exponentially from start_lr to end_lr over the "
	       "budget, until "
	       "the loss explodes; the job's `lr_finder` says which one to take.",
	.source = "Smith 2017, Cyclical learning rates for training neural networks, section 3.3",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
	.tests = true,
};
