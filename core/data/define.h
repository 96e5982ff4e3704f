/* What the files of generators share: the settings that all have, and where their random numbers stand. */
#ifndef CORE_DATA_DEFINE_H
#define CORE_DATA_DEFINE_H

#include <math.h>

#include "core/base/random.h"
#include "core/data/generator.h"

/* The epoch of a random number says what it is for, its index which one of those. */
enum { DRAW_ORDER = 1, DRAW_NOISE, DRAW_FEATURE, DRAW_COEFFICIENT, DRAW_SUPPORT };

/* clang-format off */
#define GENERATOR_COMMON                                                                        \
	[GEN_ROWS] = { .name = "rows", .kind = SETTING_INTEGER, .preset = 100, .minimum = 1,     \
	  .maximum = GENERATOR_ROWS, .doc = "Rows to draw." },                                   \
	[GEN_NOISE] = { .name = "noise", .kind = SETTING_REAL, .preset = 0, .minimum = 0,        \
	  .maximum = 1e6, .doc = NOISE_DOC },                                                    \
	[GEN_SHUFFLE] = { .name = "shuffle", .kind = SETTING_BOOL, .preset = 1,                  \
	  .doc = "Rows in random order; false: class after class in turn, along the pattern." }, \
	[GEN_SEED] = { .name = "seed", .kind = SETTING_INTEGER, .preset = 0, .minimum = 0,       \
	  .maximum = 9007199254740991.0, .doc = "The same seed gives the same rows, bit for bit." }
#define GENERATOR_FEATURES_SETTING(count, text)                                                 \
	{ .name = "features", .kind = SETTING_INTEGER, .preset = (count), .minimum = 1,          \
	  .maximum = GENERATOR_FEATURES, .doc = (text) }
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static inline double generator_uniform(const struct generator *g, unsigned what, uint64_t index)
{
	return random_uniform(g->seed, RANDOM_DATA, what, index);
}

static inline double generator_normal(const struct generator *g, unsigned what, uint64_t index)
{
	return random_normal(g->seed, RANDOM_DATA, what, index);
}

static inline double generator_number(const struct generator *g, size_t setting)
{
	return g->value[setting].number;
}

/* Noise on the target of place p: the number after those of the features. */
static inline double generator_target_noise(const struct generator *g, uint64_t p)
{
	const size_t d = g->shape.features;
	return g->noise == 0 ? 0 : g->noise * generator_normal(g, DRAW_NOISE, p * (d + 1) + d);
}

/* Places take the classes in turn, so that those differ by one row at most. Which of the class's rows p is, and how
 * many it has. */
static inline uint64_t class_place(const struct generator *g, uint64_t p, uint64_t *count)
{
	const uint64_t k = p % g->shape.classes;
	*count = (g->shape.rows - k + g->shape.classes - 1) / g->shape.classes;
	return p / g->shape.classes;
}

#endif
