/*
 * Rows that are sequences, for layers that know an order of columns: waves (which form?) and pulses (which came
 * first?). No line parts their classes: a wave begins anywhere, and a row of pulses has a sign of its own.
 */
#include "core/data/define.h"

#define NOISE_DOC "Standard deviation of the normal noise on each step."

enum { STEPS = GEN_OWN, WAVES_CLASSES };
enum { FORMS = 4, DRAWS = 4 };

#define STEPS_SETTING(least)                                                                                           \
	[STEPS] = { .name = "steps",                                                                                   \
		    .kind = SETTING_INTEGER,                                                                           \
		    .preset = 32,                                                                                      \
		    .minimum = least,                                                                                  \
		    .maximum = GENERATOR_FEATURES,                                                                     \
		    .doc = "Steps of a sequence: columns of the features." }

static const struct setting waves_settings[] = {
	GENERATOR_COMMON,
	STEPS_SETTING(4),
	[WAVES_CLASSES] = { .name = "classes",
			    .kind = SETTING_INTEGER,
			    .preset = 3,
			    .minimum = 2,
			    .maximum = FORMS,
			    .doc = "Forms of waves: the first of sine, square, sawtooth, triangle." },
};

static const struct setting pulses_settings[] = { GENERATOR_COMMON, STEPS_SETTING(2) };

static enum status waves_shape(const struct settings *settings, struct generator_shape *out, const char **setting,
			       struct error *error)
{
	(void)setting, (void)error;
	out->features = (size_t)settings->value[STEPS].number;
	out->classes = (size_t)settings->value[WAVES_CLASSES].number;
	return OK;
}

static enum status pulses_shape(const struct settings *settings, struct generator_shape *out, const char **setting,
				struct error *error)
{
	(void)setting, (void)error;
	out->features = (size_t)settings->value[STEPS].number;
	out->classes = 2;
	return OK;
}

/* A wave of height 1 at u waves from its start. */
static double wave(uint64_t form, double u)
{
	const double part = u - floor(u);
	switch (form) {
	case 0:
		return sin(2 * 3.14159265358979323846 * part);
	case 1:
		return part < 0.5 ? 1 : -1;
	case 2:
		return 2 * part - 1;
	default:
		return 1 - 4 * fabs(part - 0.5);
	}
}

/* One to three waves in a row, from any place of the wave on. */
static void waves_row(const struct generator *g, uint64_t p, double *out)
{
	const size_t steps = g->shape.features;
	const double waves = 1 + 2 * generator_uniform(g, DRAW_FEATURE, DRAWS * p);
	const double start = generator_uniform(g, DRAW_FEATURE, DRAWS * p + 1);
	for (size_t t = 0; t < steps; t++) {
		out[t] = wave(p % g->shape.classes, start + waves * (double)t / (double)steps);
	}
	out[steps] = (double)(p % g->shape.classes);
}

/* Two places apart; the pulse of size 1 is the first of them in class 0, the second in class 1. */
static void pulses_row(const struct generator *g, uint64_t p, double *out)
{
	const size_t steps = g->shape.features;
	size_t a = (size_t)(generator_uniform(g, DRAW_FEATURE, DRAWS * p) * (double)steps);
	size_t b = (size_t)(generator_uniform(g, DRAW_FEATURE, DRAWS * p + 1) * (double)(steps - 1));
	b += b >= a;
	const size_t first = a < b ? a : b, second = a < b ? b : a;
	const double sign = generator_uniform(g, DRAW_FEATURE, DRAWS * p + 2) < 0.5 ? -1 : 1;
	for (size_t t = 0; t < steps; t++) {
		out[t] = 0;
	}
	out[first] = sign * (p % 2 == 0 ? 1 : 0.5);
	out[second] = sign * (p % 2 == 0 ? 0.5 : 1);
	out[steps] = (double)(p % 2);
}

const struct generator_type generator_waves = {
	.name = "waves",
	.doc = "Sequences of one to three waves of any phase: which form have they?",
	.source = "sine, square, sawtooth and triangle of height 1",
	.settings = waves_settings,
	.setting_count = COUNT_OF(waves_settings),
	.shape = waves_shape,
	.row = waves_row,
};

const struct generator_type generator_pulses = {
	.name = "pulses",
	.doc = "Sequences of zeros with a pulse of size 1 and one of 1/2, of one sign, at two places: which came "
	       "first?",
	.source = "after Hochreiter, Schmidhuber 1997, Long short-term memory, section 5.6 (temporal order)",
	.settings = pulses_settings,
	.setting_count = COUNT_OF(pulses_settings),
	.shape = pulses_shape,
	.row = pulses_row,
};
