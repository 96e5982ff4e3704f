/*
 * How weights start, by name. fan_in: numbers that make one output; fan_out: outputs that one number goes to; of a
 * convolution both count the kernel's places. Variances: xavier 2 / (fan_in + fan_out) (times gain^2), he
 * 2 / fan_in (or fan_out), lecun 1 / fan_in; as a uniform law in [-b, b) with b = sqrt(3 variance).
 */
#include <math.h>
#include <string.h>

#include "core/graph/graph.h"
#include "core/model/tables.h"

static struct start_rule by_variance(bool normal, double variance)
{
	return (struct start_rule){ .law = normal ? STARTS_NORMAL : STARTS_UNIFORM,
				    .spread = sqrt(normal ? variance : 3 * variance) };
}

static bool asks_normal(const struct settings *settings)
{
	return strcmp(settings_choice(settings, "distribution"), "normal") == 0;
}

/* gain is a factor of the standard deviation. Of all families settings may be NULL: nothing was said. */
static double xavier(const struct settings *settings, size_t in, size_t out)
{
	const double gain = settings != NULL ? settings_number(settings, "gain") : 1;
	return gain * gain * 2 / ((double)in + (double)out);
}

static double he(const struct settings *settings, size_t in, size_t out)
{
	const bool backward = settings != NULL && strcmp(settings_choice(settings, "mode"), "fan_out") == 0;
	return 2 / (double)(backward ? out : in);
}

static double lecun(const struct settings *settings, size_t in, size_t out)
{
	(void)settings, (void)out;
	return 1 / (double)in;
}

#define FAMILY(family)                                                                                                 \
	static struct start_rule family##_rule(const struct settings *settings, size_t in, size_t out)                 \
	{                                                                                                              \
		return by_variance(asks_normal(settings), family(settings, in, out));                                  \
	}                                                                                                              \
	static struct start_rule family##_uniform_rule(const struct settings *settings, size_t in, size_t out)         \
	{                                                                                                              \
		return by_variance(false, family(settings, in, out));                                                  \
	}                                                                                                              \
	static struct start_rule family##_normal_rule(const struct settings *settings, size_t in, size_t out)          \
	{                                                                                                              \
		return by_variance(true, family(settings, in, out));                                                   \
	}
FAMILY(xavier)
FAMILY(he)
FAMILY(lecun)
#undef FAMILY

static struct start_rule orthogonal_rule(const struct settings *settings, size_t in, size_t out)
{
	(void)in, (void)out;
	return (struct start_rule){ .law = STARTS_ORTHOGONAL, .spread = settings_number(settings, "gain") };
}

static struct start_rule normal_rule(const struct settings *settings, size_t in, size_t out)
{
	(void)in, (void)out;
	return (struct start_rule){ .law = STARTS_NORMAL,
				    .middle = settings_number(settings, "mean"),
				    .spread = settings_number(settings, "std") };
}

static struct start_rule uniform_rule(const struct settings *settings, size_t in, size_t out)
{
	double low = settings_number(settings, "low"), high = settings_number(settings, "high");
	(void)in, (void)out;
	return (struct start_rule){ .law = STARTS_UNIFORM, .middle = (low + high) / 2, .spread = (high - low) / 2 };
}

static struct start_rule zeros_rule(const struct settings *settings, size_t in, size_t out)
{
	(void)settings, (void)in, (void)out;
	return (struct start_rule){ .law = STARTS_AT };
}

static struct start_rule ones_rule(const struct settings *settings, size_t in, size_t out)
{
	(void)settings, (void)in, (void)out;
	return (struct start_rule){ .law = STARTS_AT, .middle = 1 };
}

static const char *const distributions[] = { "uniform", "normal", NULL };
static const char *const modes[] = { "fan_in", "fan_out", NULL };
#define DISTRIBUTION                                                                                                   \
	{                                                                                                              \
		.name = "distribution", .kind = SETTING_CHOICE, .choices = distributions,                              \
		.doc = "The law whose variance this is."                                                               \
	}
#define GAIN                                                                                                           \
	{                                                                                                              \
		.name = "gain", .kind = SETTING_REAL, .preset = 1, .maximum = 1e6, .open_minimum = true,               \
		.doc = "A factor on the standard deviation, such as torch.nn.init.calculate_gain of the activation."   \
	}
#define MODE                                                                                                           \
	{                                                                                                              \
		.name = "mode", .kind = SETTING_CHOICE, .choices = modes,                                              \
		.doc = "What the variance is kept of: fan_in of values forward, fan_out of gradients backward."        \
	}
static const struct setting xavier_settings[] = { DISTRIBUTION, GAIN };
static const struct setting xavier_law_settings[] = { GAIN };
static const struct setting he_settings[] = { DISTRIBUTION, MODE };
static const struct setting he_law_settings[] = { MODE };
static const struct setting lecun_settings[] = { DISTRIBUTION };
static const struct setting orthogonal_settings[] = {
	{ .name = "gain",
	  .kind = SETTING_REAL,
	  .preset = 1,
	  .maximum = 1e6,
	  .open_minimum = true,
	  .doc = "The length of the orthogonal rows or columns." },
};
static const struct setting normal_settings[] = {
	{ .name = "mean", .kind = SETTING_REAL, .minimum = -1e6, .maximum = 1e6, .doc = "The mean." },
	{ .name = "std",
	  .kind = SETTING_REAL,
	  .preset = 0.05,
	  .minimum = 0,
	  .maximum = 1e6,
	  .doc = "The standard deviation." },
};
static const struct setting uniform_settings[] = {
	{ .name = "low", .kind = SETTING_REAL, .preset = -0.05, .minimum = -1e6, .maximum = 1e6, .doc = "From here." },
	{ .name = "high", .kind = SETTING_REAL, .preset = 0.05, .minimum = -1e6, .maximum = 1e6, .doc = "To here." },
};

#define GLOROT "Glorot, Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, eq. 16"
#define HE     "He, Zhang, Ren, Sun 2015, Delving deep into rectifiers, eq. 10"
#define LECUN  "LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp, section 4.6"

#define INIT(id, text, from)                                                                                           \
	const struct init_type init_##id = { .name = #id, .doc = text, .source = from, .rule = id##_rule }
#define INIT_WITH(id, table, text, from)                                                                               \
	const struct init_type init_##id = { .name = #id,                                                              \
					     .doc = text,                                                              \
					     .source = from,                                                           \
					     .settings = table,                                                        \
					     .setting_count = sizeof table / sizeof table[0],                          \
					     .rule = id##_rule }

INIT_WITH(xavier, xavier_settings, "Variance gain^2 2 / (fan_in + fan_out).", GLOROT);
INIT_WITH(xavier_uniform, xavier_law_settings, "Uniform with variance gain^2 2 / (fan_in + fan_out).", GLOROT);
INIT_WITH(xavier_normal, xavier_law_settings, "Normal with variance gain^2 2 / (fan_in + fan_out).", GLOROT);
INIT_WITH(he, he_settings, "Variance 2 / fan_in, or 2 / fan_out.", HE);
INIT_WITH(he_uniform, he_law_settings, "Uniform with variance 2 / fan_in, or 2 / fan_out.", HE);
INIT_WITH(he_normal, he_law_settings, "Normal with variance 2 / fan_in, or 2 / fan_out.", HE);
INIT_WITH(lecun, lecun_settings, "Variance 1 / fan_in.", LECUN);
INIT(lecun_uniform, "Uniform with variance 1 / fan_in.", LECUN);
INIT(lecun_normal, "Normal with variance 1 / fan_in.", LECUN);
INIT_WITH(orthogonal, orthogonal_settings,
	  "Orthogonal rows or columns, the fewer of the two, of the weights as a matrix [first dimension, the rest].",
	  "Saxe, McClelland, Ganguli 2014, Exact solutions to the nonlinear dynamics of learning in deep linear neural "
	  "networks");
INIT_WITH(normal, normal_settings, "Normal.", "torch.nn.init.normal_");
INIT_WITH(uniform, uniform_settings, "Uniform between two numbers.", "torch.nn.init.uniform_");
INIT(zeros, "All zero.", "torch.nn.init.zeros_");
INIT(ones, "All one.", "torch.nn.init.ones_");
