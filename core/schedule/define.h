/* What the schedule files share: the settings that several of them have. */
#ifndef CORE_SCHEDULE_DEFINE_H
#define CORE_SCHEDULE_DEFINE_H

#include <math.h>

#include "core/schedule/schedule.h"

/* clang-format off */
#define SETTING_GAMMA(...)                                                                      \
	{ .name = "gamma", .kind = SETTING_REAL, .minimum = 0, .maximum = INFINITY,              \
	  .open_minimum = true, .open_maximum = true, __VA_ARGS__ }
#define SETTING_TOTAL_ITERS(text)                                                               \
	{ .name = "total_iters", .kind = SETTING_INTEGER, .preset = 5, .minimum = 1,             \
	  .maximum = 9007199254740992.0, .doc = (text) }
#define SETTING_RATE(word, ...)                                                                 \
	{ .name = (word), .kind = SETTING_REAL, .minimum = 0, .maximum = INFINITY,               \
	  .open_maximum = true, __VA_ARGS__ }
#define SETTING_CYCLE_MOMENTUM                                                                  \
	{ .name = "cycle_momentum", .kind = SETTING_BOOL, .preset = 1,                           \
	  .doc = "Move the momentum between base_momentum and max_momentum, where both are given." }
#define SETTING_BASE_MOMENTUM                                                                   \
	{ .name = "base_momentum", .kind = SETTING_REAL, .nullable = true, .preset = NAN,        \
	  .minimum = 0, .maximum = 1, .open_maximum = true,                                     \
	  .doc = "Momentum at the highest rate (momentum, or the first of betas); null: it stays." }
#define SETTING_MAX_MOMENTUM                                                                    \
	{ .name = "max_momentum", .kind = SETTING_REAL, .nullable = true, .preset = NAN,         \
	  .minimum = 0, .maximum = 1, .open_maximum = true,                                     \
	  .doc = "Momentum at the lowest rate; null: it stays." }
#define SETTING_STRATEGY                                                                        \
	{ .name = "anneal_strategy", .kind = SETTING_CHOICE, .choices = strategies,              \
	  .doc = "Shape of the way from one rate to the next." }
/* clang-format on */

enum { STRATEGY_COS, STRATEGY_LINEAR };
__attribute__((unused)) static const char *const strategies[] = { "cos", "linear", NULL };

/* Half a cosine wave: from 1 at f = 0 to 0 at f = 1. */
static inline double cosine_fall(double f)
{
	const double pi = 3.14159265358979323846;
	return (1 + cos(pi * f)) / 2;
}

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The chosen number at place `index` of the schedule's own table of settings. */
static inline double setting_at(const struct settings *settings, size_t index)
{
	return settings->value[index].number;
}

#endif
