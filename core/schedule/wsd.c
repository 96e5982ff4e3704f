/*
 * wsd: warm-up, stable, decay. The warm-up is the schedule's warmup_steps; then the base rate; then over the last
 * decay_steps down to final_factor of it.
 *
 *   f = (t - (horizon - decay_steps)) / decay_steps, 0 before
 *   lr = lr0 (final_factor + (1 - final_factor) s(f))      s: 1 - f, (1 + cos(pi f)) / 2, 1 - sqrt(f)
 */
#include "core/schedule/define.h"

enum decay { DECAY_LINEAR, DECAY_COSINE, DECAY_SQRT };
enum { SET_DECAY_STEPS, SET_DECAY, SET_FINAL };

static const char *const decays[] = {
	[DECAY_LINEAR] = "linear", [DECAY_COSINE] = "cosine", [DECAY_SQRT] = "sqrt", NULL
};

static const struct setting settings[] = {
	[SET_DECAY_STEPS] = { .name = "decay_steps",
			      .kind = SETTING_INTEGER,
			      .nullable = true,
			      .preset = NAN,
			      .minimum = 1,
			      .maximum = 9007199254740992.0,
			      .doc = "Length of the decay at the end; null: a tenth of the budget less the warm-up." },
	[SET_DECAY] = { .name = "decay",
			.kind = SETTING_CHOICE,
			.choices = decays,
			.doc = "Shape of the decay: a line, half a cosine wave, or 1 - sqrt." },
	[SET_FINAL] = { .name = "final_factor",
			.kind = SETTING_REAL,
			.preset = 0,
			.minimum = 0,
			.maximum = 1,
			.doc = "Share of the base rate that the decay ends at." },
};

static double rate(const struct settings *s, double base, double t, double horizon)
{
	const double given = setting_at(s, SET_DECAY_STEPS), final = setting_at(s, SET_FINAL);
	const double length = isnan(given) ? fmax(1, round(horizon / 10)) : given;
	const double f = fmin(fmax((t - (horizon - length)) / length, 0), 1);
	const enum decay decay = (enum decay)setting_at(s, SET_DECAY);
	const double left = decay == DECAY_LINEAR ? 1 - f : decay == DECAY_COSINE ? cosine_fall(f) : 1 - sqrt(f);
	return base * (final + (1 - final) * left);
}

const struct schedule_type schedule_wsd = {
	.name = "wsd",
	.doc = "Warm-up, then the base rate, then a decay at the very end of the budget.",
	.source = "Hu et al. 2024, MiniCPM, section 4; Haegele et al. 2024 (1 - sqrt)",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.rate = rate,
};
