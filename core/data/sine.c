/* sine: y = amplitude sin(2 pi frequency x + phase) + noise, x uniform in [-1, 1). */
#include "core/data/define.h"

#define NOISE_DOC "Standard deviation of the normal noise on the target."

enum { SINE_FREQUENCY = GEN_OWN, SINE_AMPLITUDE, SINE_PHASE };

static const struct setting settings_table[] = {
	GENERATOR_COMMON,
	[SINE_FREQUENCY] = { .name = "frequency",
			     .kind = SETTING_REAL,
			     .preset = 1,
			     .minimum = 0,
			     .maximum = 1e6,
			     .open_minimum = true,
			     .doc = "Waves in one unit of x, which goes from -1 to 1." },
	[SINE_AMPLITUDE] = { .name = "amplitude",
			     .kind = SETTING_REAL,
			     .preset = 1,
			     .minimum = -1e6,
			     .maximum = 1e6,
			     .doc = "Height of the wave." },
	[SINE_PHASE] = { .name = "phase",
			 .kind = SETTING_REAL,
			 .preset = 0,
			 .minimum = -1e6,
			 .maximum = 1e6,
			 .doc = "Radians at x = 0." },
};

static enum status shape(const struct settings *settings, struct generator_shape *out, const char **setting,
			 struct error *error)
{
	(void)settings, (void)setting, (void)error;
	out->features = 1;
	return OK;
}

static void row(const struct generator *g, uint64_t p, double *out)
{
	const double pi = 3.14159265358979323846;
	const double x = 2 * generator_uniform(g, DRAW_FEATURE, p) - 1;
	const double wave = sin(2 * pi * generator_number(g, SINE_FREQUENCY) * x + generator_number(g, SINE_PHASE));
	out[0] = x;
	out[1] = generator_number(g, SINE_AMPLITUDE) * wave + generator_target_noise(g, p);
}

const struct generator_type generator_sine = {
	.name = "sine",
	.doc = "A noisy sine wave: a curve to fit.",
	.source = "y = amplitude sin(2 pi frequency x + phase)",
	.settings = settings_table,
	.setting_count = COUNT_OF(settings_table),
	.shape = shape,
	.row = row,
	.noisy_target = true,
};
