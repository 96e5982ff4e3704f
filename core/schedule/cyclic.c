/*
 * cyclic: the rate rises and falls between two bounds, in straight lines.
 *
 *   u = t mod (up + down), c = floor(t / (up + down))
 *   h = u / up  for u <= up,  (up + down - u) / down  after
 *   lr = base_lr + (max_lr - base_lr) h s          s = 1 (triangular), 2^-c (triangular2), gamma^t (exp_range)
 *   momentum = max_momentum - (max_momentum - base_momentum) h s
 */
#include "core/schedule/define.h"

enum mode { TRIANGULAR, TRIANGULAR2, EXP_RANGE };
enum {
	SET_BASE_LR,
	SET_MAX_LR,
	SET_UP,
	SET_DOWN,
	SET_MODE,
	SET_GAMMA,
	SET_CYCLE_MOMENTUM,
	SET_BASE_MOMENTUM,
	SET_MAX_MOMENTUM,
};

static const char *const modes[] = {
	[TRIANGULAR] = "triangular", [TRIANGULAR2] = "triangular2", [EXP_RANGE] = "exp_range", NULL
};

static const struct setting settings[] = {
	[SET_BASE_LR] = SETTING_RATE("base_lr", .nullable = true, .preset = NAN,
				     .doc = "The lower bound; null: the optimizer's learning_rate."),
	[SET_MAX_LR] = SETTING_RATE("max_lr", .required = true, .doc = "The upper bound."),
	[SET_UP] = { .name = "step_size_up",
		     .kind = SETTING_INTEGER,
		     .preset = 2000,
		     .minimum = 1,
		     .maximum = 9007199254740992.0,
		     .doc = "Length of the rise." },
	[SET_DOWN] = { .name = "step_size_down",
		       .kind = SETTING_INTEGER,
		       .nullable = true,
		       .preset = NAN,
		       .minimum = 1,
		       .maximum = 9007199254740992.0,
		       .doc = "Length of the fall; null: that of the rise." },
	[SET_MODE] = { .name = "mode",
		       .kind = SETTING_CHOICE,
		       .choices = modes,
		       .doc = "Peaks of one height, halved each cycle, or falling by gamma each step." },
	[SET_GAMMA] = SETTING_GAMMA(.preset = 1, .doc = "Factor a step in the mode exp_range."),
	[SET_CYCLE_MOMENTUM] = SETTING_CYCLE_MOMENTUM,
	[SET_BASE_MOMENTUM] = SETTING_BASE_MOMENTUM,
	[SET_MAX_MOMENTUM] = SETTING_MAX_MOMENTUM,
};

/* h s: where between the bounds, 0 to 1. */
static double height(const struct settings *s, double t)
{
	const double up = setting_at(s, SET_UP), given = setting_at(s, SET_DOWN), down = isnan(given) ? up : given;
	const double cycle = floor(t / (up + down)), u = t - cycle * (up + down);
	const double h = u <= up ? u / up : (up + down - u) / down;
	const enum mode mode = (enum mode)setting_at(s, SET_MODE);

	return mode == TRIANGULAR ? h : mode == TRIANGULAR2 ? h * pow(2, -cycle) : h * pow(setting_at(s, SET_GAMMA), t);
}

static double rate(const struct settings *s, double base, double t, double horizon)
{
	const double given = setting_at(s, SET_BASE_LR), low = isnan(given) ? base : given;
	(void)horizon;
	return low + (setting_at(s, SET_MAX_LR) - low) * height(s, t);
}

static double momentum(const struct settings *s, double t, double horizon)
{
	const double low = setting_at(s, SET_BASE_MOMENTUM), high = setting_at(s, SET_MAX_MOMENTUM);
	(void)horizon;
	return setting_at(s, SET_CYCLE_MOMENTUM) != 0 ? high - (high - low) * height(s, t) : (double)NAN;
}

const struct schedule_type schedule_cyclic = {
	.name = "cyclic",
	.doc = "The rate rises and falls between two bounds, in straight lines.",
	.source = "Smith 2017, Cyclical learning rates; torch.optim.lr_scheduler.CyclicLR",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
	.momentum = momentum,
};
