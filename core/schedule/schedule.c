#include "core/schedule/schedule.h"

#include <string.h>

/* The table: one line a schedule, the name of its file. */
#define SCHEDULE_LIST(X)                                                                                               \
	X(constant)                                                                                                    \
	X(linear)                                                                                                      \
	X(step)                                                                                                        \
	X(multi_step)                                                                                                  \
	X(exponential)                                                                                                 \
	X(polynomial)                                                                                                  \
	X(cosine)                                                                                                      \
	X(inverse_time)

#define DECLARE(name) extern const struct schedule_type schedule_##name;
SCHEDULE_LIST(DECLARE)

#define REFERENCE(name) &schedule_##name,
const struct schedule_type *const schedule_types[] = { SCHEDULE_LIST(REFERENCE) };
const size_t schedule_type_count = sizeof schedule_types / sizeof schedule_types[0];

const struct schedule_type *schedule_find(const char *name)
{
	for (size_t i = 0; i < schedule_type_count; i++) {
		if (strcmp(schedule_types[i]->name, name) == 0) {
			return schedule_types[i];
		}
	}
	return NULL;
}

double schedule_rate(const struct schedule_config *config, double base, uint64_t update, uint64_t steps_per_epoch,
		     uint64_t steps)
{
	const uint64_t warmup = config->warmup_steps;
	double horizon = steps > warmup ? (double)(steps - warmup) : 1;

	if (config->per_epoch) {
		horizon /= (double)steps_per_epoch;
		horizon = horizon < 1 ? 1 : horizon;
	}
	if (update < warmup) {
		double rate = config->type->rate(&config->settings, base, 0, horizon);
		return rate * ((double)(update + 1) / (double)warmup);
	}
	uint64_t t = update - warmup;
	if (config->per_epoch) {
		t /= steps_per_epoch;
	}
	return config->type->rate(&config->settings, base, (double)t, horizon);
}
