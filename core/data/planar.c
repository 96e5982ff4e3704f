/* Patterns in the plane: moons, circles, spirals (classes that no line parts) and ring (points without a target). */
#include "core/data/define.h"

#define NOISE_DOC "Standard deviation of the normal noise on both features."
#define PI        3.14159265358979323846

enum { CIRCLES_FACTOR = GEN_OWN };
enum { SPIRALS_CLASSES = GEN_OWN, SPIRALS_TURNS };
enum { RING_RADIUS = GEN_OWN };

static const struct setting moons_settings[] = { GENERATOR_COMMON };

static const struct setting circles_settings[] = {
	GENERATOR_COMMON,
	[CIRCLES_FACTOR] = { .name = "factor",
			     .kind = SETTING_REAL,
			     .preset = 0.8,
			     .minimum = 0,
			     .maximum = 1,
			     .open_maximum = true,
			     .doc = "Radius of the inner circle; the outer one has 1." },
};

static const struct setting spirals_settings[] = {
	GENERATOR_COMMON,
	[SPIRALS_CLASSES] = { .name = "classes",
			      .kind = SETTING_INTEGER,
			      .preset = 2,
			      .minimum = 2,
			      .maximum = 100,
			      .doc = "Arms, each a class." },
	[SPIRALS_TURNS] = { .name = "turns",
			    .kind = SETTING_REAL,
			    .preset = 1,
			    .minimum = 0,
			    .maximum = 100,
			    .open_minimum = true,
			    .doc = "Times that an arm goes round from the center to radius 1." },
};

static const struct setting ring_settings[] = {
	GENERATOR_COMMON,
	[RING_RADIUS] = { .name = "radius",
			  .kind = SETTING_REAL,
			  .preset = 1,
			  .minimum = 0,
			  .maximum = 1e6,
			  .open_minimum = true,
			  .doc = "Radius of the ring." },
};

static enum status two_classes(const struct settings *settings, struct generator_shape *out, const char **setting,
			       struct error *error)
{
	(void)settings, (void)setting, (void)error;
	out->features = out->classes = 2;
	return OK;
}

static enum status spirals_shape(const struct settings *settings, struct generator_shape *out, const char **setting,
				 struct error *error)
{
	(void)setting, (void)error;
	out->features = 2;
	out->classes = (size_t)settings->value[SPIRALS_CLASSES].number;
	return OK;
}

static enum status ring_shape(const struct settings *settings, struct generator_shape *out, const char **setting,
			      struct error *error)
{
	(void)settings, (void)setting, (void)error;
	out->features = 2;
	out->has_target = false;
	return OK;
}

/* Class 0: (cos a, sin a), class 1: (1 - cos a, 1/2 - sin a), a evenly from 0 to pi. */
static void moons_row(const struct generator *g, uint64_t p, double *out)
{
	uint64_t count, place = class_place(g, p, &count);
	const double a = count > 1 ? PI * (double)place / (double)(count - 1) : 0;
	const bool lower = p % 2 == 1;
	out[0] = lower ? 1 - cos(a) : cos(a);
	out[1] = lower ? 0.5 - sin(a) : sin(a);
	out[2] = lower ? 1 : 0;
}

/* Class 0 at radius 1, class 1 at radius factor, evenly round. */
static void circles_row(const struct generator *g, uint64_t p, double *out)
{
	uint64_t count, place = class_place(g, p, &count);
	const double a = 2 * PI * (double)place / (double)count;
	const double r = p % 2 == 1 ? generator_number(g, CIRCLES_FACTOR) : 1;
	out[0] = r * cos(a);
	out[1] = r * sin(a);
	out[2] = (double)(p % 2);
}

/* r = t, a = 2 pi (turns t + k / classes), t evenly from above 0 to 1. */
static void spirals_row(const struct generator *g, uint64_t p, double *out)
{
	uint64_t count, place = class_place(g, p, &count);
	const double k = (double)(p % g->shape.classes), t = (double)(place + 1) / (double)count;
	const double a = 2 * PI * (generator_number(g, SPIRALS_TURNS) * t + k / (double)g->shape.classes);
	out[0] = t * cos(a);
	out[1] = t * sin(a);
	out[2] = k;
}

/* At an angle that is uniform. */
static void ring_row(const struct generator *g, uint64_t p, double *out)
{
	const double a = 2 * PI * generator_uniform(g, DRAW_FEATURE, p), r = generator_number(g, RING_RADIUS);
	out[0] = r * cos(a);
	out[1] = r * sin(a);
}

const struct generator_type generator_moons = {
	.name = "moons",
	.doc = "Two half circles that reach into one another: two classes that no line parts.",
	.source = "scikit-learn, sklearn.datasets.make_moons",
	.settings = moons_settings,
	.setting_count = COUNT_OF(moons_settings),
	.shape = two_classes,
	.row = moons_row,
};

const struct generator_type generator_circles = {
	.name = "circles",
	.doc = "A circle within a circle: two classes.",
	.source = "scikit-learn, sklearn.datasets.make_circles",
	.settings = circles_settings,
	.setting_count = COUNT_OF(circles_settings),
	.shape = two_classes,
	.row = circles_row,
};

const struct generator_type generator_spirals = {
	.name = "spirals",
	.doc = "Arms that wind round one another from the center outwards: a class each.",
	.source = "Lang & Witbrock 1988, Learning to tell two spirals apart",
	.settings = spirals_settings,
	.setting_count = COUNT_OF(spirals_settings),
	.shape = spirals_shape,
	.row = spirals_row,
};

const struct generator_type generator_ring = {
	.name = "ring",
	.doc = "Points on a circle, without a target: for models that learn what data look like.",
	.source = "the angle uniform on [0, 2 pi)",
	.settings = ring_settings,
	.setting_count = COUNT_OF(ring_settings),
	.shape = ring_shape,
	.row = ring_row,
};
