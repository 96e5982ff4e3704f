/*
 * reduce_on_plateau: the rate falls by a factor where a metric has stopped improving, as
 * torch.optim.lr_scheduler.ReduceLROnPlateau defines it.
 *
 *   better:  m < best (1 - threshold)  rel,  m < best - threshold  abs      (mode max: m > best (1 + threshold), ...)
 *   a metric that is better becomes the best and bad = 0; else bad = bad + 1
 *   while cooling down, bad = 0
 *   bad > patience:  lr = max(lr factor, min_lr) if that is less by more than eps;  bad = 0, cooldown begins
 *
 * The one schedule that is no function of t: what it has seen is part of the run's state.
 */
#include "core/schedule/define.h"

enum { MODE_AUTO, MODE_MIN, MODE_MAX };
enum { THRESHOLD_REL, THRESHOLD_ABS };
enum {
	SET_METRIC,
	SET_MODE,
	SET_FACTOR,
	SET_PATIENCE,
	SET_THRESHOLD,
	SET_THRESHOLD_MODE,
	SET_COOLDOWN,
	SET_MIN_LR,
	SET_EPS
};
/* Places in the state; the rate comes first, as schedule.h says. */
enum { RATE = SCHEDULE_RATE, SEEN, BEST, BAD, COOLING };

static const char *const metrics[] = { [SCHEDULE_METRIC_AUTO] = "auto",
				       [SCHEDULE_METRIC_VALIDATION] = "validation_loss",
				       [SCHEDULE_METRIC_TRAIN] = "train_loss",
				       NULL };
static const char *const modes[] = { "auto", "min", "max", NULL };
static const char *const threshold_modes[] = { "rel", "abs", NULL };

static const struct setting settings[] = {
	[SET_METRIC] = { .name = "metric",
			 .kind = SETTING_CHOICE,
			 .choices = metrics,
			 .doc = "What is watched, at each epoch's end; auto: the validation loss where there is one." },
	[SET_MODE] = { .name = "mode",
		       .kind = SETTING_CHOICE,
		       .choices = modes,
		       .doc = "Whether less or more is better; auto: as the job's direction says." },
	[SET_FACTOR] = { .name = "factor",
			 .kind = SETTING_REAL,
			 .preset = 0.1,
			 .minimum = 0,
			 .open_minimum = true,
			 .maximum = 1,
			 .open_maximum = true,
			 .doc = "What the rate is multiplied by." },
	[SET_PATIENCE] = { .name = "patience",
			   .kind = SETTING_INTEGER,
			   .preset = 10,
			   .minimum = 0,
			   .maximum = 9007199254740992.0,
			   .doc = "Measurements without improvement that are borne; the next one reduces." },
	[SET_THRESHOLD] = SETTING_RATE("threshold", .preset = 1e-4, .doc = "What counts as an improvement."),
	[SET_THRESHOLD_MODE] = { .name = "threshold_mode",
				 .kind = SETTING_CHOICE,
				 .choices = threshold_modes,
				 .doc = "Whether the threshold is a share of the best or a difference to it." },
	[SET_COOLDOWN] = { .name = "cooldown",
			   .kind = SETTING_INTEGER,
			   .preset = 0,
			   .minimum = 0,
			   .maximum = 9007199254740992.0,
			   .doc = "Measurements after a reduction that are not counted." },
	[SET_MIN_LR] = SETTING_RATE("min_lr", .preset = 0, .doc = "The lowest rate."),
	[SET_EPS] = SETTING_RATE("eps", .preset = 1e-8, .doc = "A reduction by no more than this is not made."),
};

static bool better(const struct settings *s, bool maximize, double metric, double best)
{
	const double threshold = setting_at(s, SET_THRESHOLD);
	if (setting_at(s, SET_THRESHOLD_MODE) == THRESHOLD_ABS) {
		return maximize ? metric > best + threshold : metric < best - threshold;
	}
	return maximize ? metric > best * (1 + threshold) : metric < best * (1 - threshold);
}

static void observe(const struct settings *s, double base, bool maximize, double metric, double *state)
{
	const double mode = setting_at(s, SET_MODE);
	const bool most = mode == MODE_AUTO ? maximize : mode == MODE_MAX;

	if (state[SEEN] == 0) {
		state[RATE] = base;
	}
	if (state[SEEN] == 0 ? !isnan(metric) : better(s, most, metric, state[BEST])) {
		state[BEST] = metric;
		state[BAD] = 0;
		state[SEEN] = 1;
	} else {
		state[BAD]++;
	}
	if (state[COOLING] > 0) {
		state[COOLING]--;
		state[BAD] = 0;
	}
	if (state[BAD] > setting_at(s, SET_PATIENCE)) {
		const double lower = fmax(state[RATE] * setting_at(s, SET_FACTOR), setting_at(s, SET_MIN_LR));
		state[RATE] = state[RATE] - lower > setting_at(s, SET_EPS) ? lower : state[RATE];
		state[COOLING] = setting_at(s, SET_COOLDOWN);
		state[BAD] = 0;
	}
}

/* What was observed is in the base already. */
static double rate(const struct settings *s, double base, double t, double horizon)
{
	(void)s;
	(void)t;
	(void)horizon;
	return base;
}

const struct schedule_type schedule_reduce_on_plateau = {
	.name = "reduce_on_plateau",
	.doc = "The rate falls by a factor where the loss has stopped improving.",
	.source = "torch.optim.lr_scheduler.ReduceLROnPlateau",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
	.observe = observe,
};
