/*
 * cosine_restarts: half a cosine wave again and again, each T_mult times as long as the one before.
 *
 *   cycle i lasts T_0 T_mult^i;  u into a cycle of length T:
 *   lr = eta_min + (lr0 - eta_min) (1 + cos(pi u / T)) / 2
 */
#include "core/schedule/define.h"

enum { SET_T_0, SET_T_MULT, SET_ETA_MIN };
static const struct setting settings[] = {
	[SET_T_0] = { .name = "T_0",
		      .kind = SETTING_INTEGER,
		      .required = true,
		      .minimum = 1,
		      .maximum = 9007199254740992.0,
		      .doc = "Length of the first cycle." },
	[SET_T_MULT] = { .name = "T_mult",
			 .kind = SETTING_INTEGER,
			 .preset = 1,
			 .minimum = 1,
			 .maximum = 1e6,
			 .doc = "Factor from one cycle's length to the next." },
	[SET_ETA_MIN] = SETTING_RATE("eta_min", .preset = 0, .doc = "The lowest rate."),
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	const double eta_min = setting_at(s, SET_ETA_MIN), factor = setting_at(s, SET_T_MULT);
	double length = setting_at(s, SET_T_0), u = t;

	(void)horizon;
	if (factor == 1) {
		u = fmod(t, length);
	}
	while (u >= length) {
		u -= length;
		length *= factor;
	}
	return eta_min + (base - eta_min) * cosine_fall(u / length);
}

const struct schedule_type schedule_cosine_restarts = {
	.name = "cosine_restarts",
	.doc = "Cosine decay that starts again from the base rate, in longer and longer cycles.",
	.source = "Loshchilov and Hutter 2017, SGDR; torch.optim.lr_scheduler.CosineAnnealingWarmRestarts",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
};
