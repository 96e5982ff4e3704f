/*
 * one_cycle: up to a high rate and down to almost nothing, once.
 *
 *   initial = max_lr / div_factor, final = initial / final_div_factor, n = total_steps
 *   two phases:    initial -> max -> final               ending at  pct_start n - 1, n - 1
 *   three phases:  initial -> max -> initial -> final    ending at  pct_start n - 1, 2 pct_start n - 2, n - 1
 *   f = (t - start) / (end - start) within a phase from v0 to v1:
 *   cos: v1 + (v0 - v1)(1 + cos(pi f)) / 2,   linear: v0 + (v1 - v0) f
 *
 * Momentum goes the other way: max -> base -> max (-> max). Ends are real numbers.
 */
#include "core/schedule/define.h"

enum {
	SET_MAX_LR,
	SET_TOTAL,
	SET_PCT,
	SET_STRATEGY,
	SET_DIV,
	SET_FINAL_DIV,
	SET_THREE,
	SET_CYCLE_MOMENTUM,
	SET_BASE_MOMENTUM,
	SET_MAX_MOMENTUM,
};

static const struct setting settings[] = {
	[SET_MAX_LR] = SETTING_RATE("max_lr", .nullable = true, .preset = NAN,
				    .doc = "The highest rate; null: the optimizer's learning_rate."),
	[SET_TOTAL] = { .name = "total_steps",
			.kind = SETTING_INTEGER,
			.nullable = true,
			.preset = NAN,
			.minimum = 1,
			.maximum = 9007199254740992.0,
			.doc = "Length of the cycle; null: the budget less the warm-up." },
	[SET_PCT] = { .name = "pct_start",
		      .kind = SETTING_REAL,
		      .preset = 0.3,
		      .minimum = 0,
		      .maximum = 1,
		      .doc = "Share of the cycle in which the rate rises." },
	[SET_STRATEGY] = SETTING_STRATEGY,
	[SET_DIV] = { .name = "div_factor",
		      .kind = SETTING_REAL,
		      .preset = 25,
		      .minimum = 0,
		      .open_minimum = true,
		      .maximum = INFINITY,
		      .open_maximum = true,
		      .doc = "The first rate is max_lr over this." },
	[SET_FINAL_DIV] = { .name = "final_div_factor",
			    .kind = SETTING_REAL,
			    .preset = 1e4,
			    .minimum = 0,
			    .open_minimum = true,
			    .maximum = INFINITY,
			    .open_maximum = true,
			    .doc = "The last rate is the first over this." },
	[SET_THREE] = { .name = "three_phase",
			.kind = SETTING_BOOL,
			.doc = "Fall back to the first rate as long as it rose, and only then to the last." },
	[SET_CYCLE_MOMENTUM] = SETTING_CYCLE_MOMENTUM,
	[SET_BASE_MOMENTUM] = SETTING_BASE_MOMENTUM,
	[SET_MAX_MOMENTUM] = SETTING_MAX_MOMENTUM,
};

/* The value at t of what goes through the corners value[0], value[1], ... at the phases' ends. */
static double at(const struct settings *s, double t, double horizon, const double *value)
{
	const double given = setting_at(s, SET_TOTAL), n = isnan(given) ? horizon : given;
	const double pct = setting_at(s, SET_PCT);
	const bool three = setting_at(s, SET_THREE) != 0;
	const double ends[] = { 0, pct * n - 1, three ? 2 * pct * n - 2 : n - 1, n - 1 };
	const size_t phases = three ? 3 : 2;
	size_t p = 0;

	while (p + 1 < phases && t > ends[p + 1]) {
		p++;
	}
	const double length = ends[p + 1] - ends[p];
	const double f = length > 0 ? fmin((t - ends[p]) / length, 1) : 1;
	if (setting_at(s, SET_STRATEGY) == STRATEGY_LINEAR) {
		return value[p] + (value[p + 1] - value[p]) * f;
	}
	return value[p + 1] + (value[p] - value[p + 1]) * cosine_fall(f);
}

static double rate(const struct settings *s, double base, double t, double horizon)
{
	const double given = setting_at(s, SET_MAX_LR), high = isnan(given) ? base : given;
	const double first = high / setting_at(s, SET_DIV), last = first / setting_at(s, SET_FINAL_DIV);
	const double value[] = { first, high, setting_at(s, SET_THREE) != 0 ? first : last, last };
	return at(s, t, horizon, value);
}

static double momentum(const struct settings *s, double t, double horizon)
{
	const double low = setting_at(s, SET_BASE_MOMENTUM), high = setting_at(s, SET_MAX_MOMENTUM);
	const double value[] = { high, low, high, high };
	return setting_at(s, SET_CYCLE_MOMENTUM) != 0 ? at(s, t, horizon, value) : (double)NAN;
}

const struct schedule_type schedule_one_cycle = {
	.name = "one_cycle",
	.doc = "One rise to a high rate and one fall to almost nothing: super-convergence.",
	.source = "Smith and Topin 2018, Super-convergence; torch.optim.lr_scheduler.OneCycleLR",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
	.momentum = momentum,
};
