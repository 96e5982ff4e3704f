#include "core/schedule/schedule.h"

#include <math.h>
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
	X(cosine_restarts)                                                                                             \
	X(cyclic)                                                                                                      \
	X(one_cycle)                                                                                                   \
	X(inverse_time)                                                                                                \
	X(inverse_sqrt)                                                                                                \
	X(wsd)                                                                                                         \
	X(reduce_on_plateau)                                                                                           \
	X(multiplicative)                                                                                              \
	X(swa)

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

/* The budget less the warm-up, in what the schedule counts. */
static double horizon_of(const struct schedule_config *config, uint64_t steps_per_epoch, uint64_t steps)
{
	double horizon = steps > config->warmup_steps ? (double)(steps - config->warmup_steps) : 1;

	if (config->per_epoch) {
		horizon /= (double)steps_per_epoch;
		horizon = horizon < 1 ? 1 : horizon;
	}
	return horizon;
}

/* Where in the schedule an update is: 0 in the warm-up. */
static double place_of(const struct schedule_config *config, uint64_t update, uint64_t steps_per_epoch)
{
	const uint64_t t = update > config->warmup_steps ? update - config->warmup_steps : 0;
	return (double)(config->per_epoch ? t / steps_per_epoch : t);
}

double schedule_rate(const struct schedule_config *config, double base, uint64_t update, uint64_t steps_per_epoch,
		     uint64_t steps)
{
	const struct schedule_type *type = config->type;
	const uint64_t warmup = config->warmup_steps;

	if (type->warmed != NULL && warmup > 0) {
		const double rate = type->warmed(&config->settings, base, (double)update, (double)warmup);
		if (!isnan(rate)) {
			return rate;
		}
	}
	const double rate = type->rate(&config->settings, base, place_of(config, update, steps_per_epoch),
				       horizon_of(config, steps_per_epoch, steps));
	return update < warmup ? rate * ((double)(update + 1) / (double)warmup) : rate;
}

double schedule_momentum(const struct schedule_config *config, uint64_t update, uint64_t steps_per_epoch,
			 uint64_t steps)
{
	if (config->type->momentum == NULL) {
		return NAN;
	}
	return config->type->momentum(&config->settings, place_of(config, update, steps_per_epoch),
				      horizon_of(config, steps_per_epoch, steps));
}
