/*
 * cosine: half a wave from the base rate to eta_min; past T_max it rises again, with period 2 T_max.
 *
 *   lr = eta_min + (lr0 - eta_min) (1 + cos(pi t / T_max)) / 2
 */
#include "core/schedule/define.h"

enum { SET_T_MAX, SET_ETA_MIN };
static const struct setting settings[] = {
	[SET_T_MAX] = { .name = "T_max",
			.kind = SETTING_INTEGER,
			.nullable = true,
			.preset = NAN,
			.minimum = 1,
			.maximum = 9007199254740992.0,
			.doc = "Where the rate is lowest; by default the budget less the warm-up." },
	[SET_ETA_MIN] = { .name = "eta_min",
			  .kind = SETTING_REAL,
			  .preset = 0,
			  .minimum = 0,
			  .maximum = INFINITY,
			  .open_maximum = true,
			  .doc = "The lowest rate." },
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	const double given = setting_at(s, SET_T_MAX), eta_min = setting_at(s, SET_ETA_MIN);
	const double T_max = isnan(given) ? horizon : given;
	return eta_min + (base - eta_min) * cosine_fall(t / T_max);
}

const struct schedule_type schedule_cosine = {
	.name = "cosine",
	.doc = "Half a cosine wave from the base rate down to eta_min.",
	.source = "Loshchilov and Hutter 2017, SGDR, eq. 5; torch.optim.lr_scheduler.CosineAnnealingLR",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
};
