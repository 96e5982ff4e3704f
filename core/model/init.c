/*
 * How weights start, by name. fan_in: numbers that make one output; fan_out: outputs that one number goes to; of a
 * convolution both count the kernel's places. Variances: xavier 2 / (fan_in + fan_out), he 2 / fan_in, lecun 1 /
 * fan_in; as a uniform law in [-b, b) with b = sqrt(3 variance).
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

#define FAMILY(family, variance)                                                                                       \
	static struct start_rule family##_rule(const struct settings *settings, size_t in, size_t out)                 \
	{                                                                                                              \
		(void)in, (void)out;                                                                                   \
		return by_variance(asks_normal(settings), variance);                                                   \
	}                                                                                                              \
	static struct start_rule family##_uniform_rule(const struct settings *settings, size_t in, size_t out)         \
	{                                                                                                              \
		(void)settings, (void)in, (void)out;                                                                   \
		return by_variance(false, variance);                                                                   \
	}                                                                                                              \
	static struct start_rule family##_normal_rule(const struct settings *settings, size_t in, size_t out)          \
	{                                                                                                              \
		(void)settings, (void)in, (void)out;                                                                   \
		return by_variance(true, variance);                                                                    \
	}
FAMILY(xavier, 2 / ((double)in + (double)out))
FAMILY(he, 2 / (double)in)
FAMILY(lecun, 1 / (double)in)
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
static const struct setting family_settings[] = {
	{ .name = "distribution",
	  .kind = SETTING_CHOICE,
	  .choices = distributions,
	  .doc = "The law whose variance this is." },
};
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

INIT_WITH(xavier, family_settings, "Variance 2 / (fan_in + fan_out).", GLOROT);
INIT(xavier_uniform, "Uniform with variance 2 / (fan_in + fan_out).", GLOROT);
INIT(xavier_normal, "Normal with variance 2 / (fan_in + fan_out).", GLOROT);
INIT_WITH(he, family_settings, "Variance 2 / fan_in.", HE);
INIT(he_uniform, "Uniform with variance 2 / fan_in.", HE);
INIT(he_normal, "Normal with variance 2 / fan_in.", HE);
INIT_WITH(lecun, family_settings, "Variance 1 / fan_in.", LECUN);
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
