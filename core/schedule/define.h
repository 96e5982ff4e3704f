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
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The chosen number at place `index` of the schedule's own table of settings. */
static inline double setting_at(const struct settings *settings, size_t index)
{
	return settings->value[index].number;
}

#endif
