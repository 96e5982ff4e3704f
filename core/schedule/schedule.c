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
	X(chain)                                                                                                       \
	X(multiplicative)                                                                                              \
	X(swa)                                                                                                         \
	X(lr_finder)

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

/* A horizon as a number of updates. */
static uint64_t count_of(double horizon)
{
	return horizon < 0x1p63 ? (uint64_t)horizon : UINT64_MAX / 2;
}

/* Where in the schedule an update is: 0 in the warm-up. */
static double place_of(const struct schedule_config *config, uint64_t update, uint64_t steps_per_epoch)
{
	const uint64_t t = update > config->warmup_steps ? update - config->warmup_steps : 0;
	return (double)(config->per_epoch ? t / steps_per_epoch : t);
}

/* One part of a sequence: which it is at t, counted from where it begins, with the length that it has. */
static const struct schedule_config *part_at(const struct schedule_config *config, uint64_t *t, uint64_t *length)
{
	const struct setting_value *milestones = &config->settings.value[CHAIN_MILESTONES];
	uint64_t begin = 0;
	size_t i = 0;

	while (i < milestones->rows && i + 1 < config->parts && (double)*t >= milestones->values[i]) {
		begin = (uint64_t)milestones->values[i++];
	}
	const bool last = i + 1 == config->parts || i == milestones->rows;
	const uint64_t end = last ? *length : (uint64_t)milestones->values[i];
	*t -= begin;
	*length = end > begin ? end - begin : 1;
	return &config->part[i];
}

static bool in_sequence(const struct schedule_config *config)
{
	return config->settings.value[CHAIN_MILESTONES].rows > 0;
}

/* The chain's rate at its own t. */
static double chain_rate(const struct schedule_config *config, double base, uint64_t t, uint64_t steps_per_epoch,
			 uint64_t length)
{
	double rate = base;

	if (config->parts > 0 && in_sequence(config)) {
		const struct schedule_config *part = part_at(config, &t, &length);
		return schedule_rate(part, base, t, steps_per_epoch, length);
	}
	for (size_t i = 0; i < config->parts; i++) {
		rate *= schedule_rate(&config->part[i], base, t, steps_per_epoch, length) / base;
	}
	return rate;
}

static double chain_momentum(const struct schedule_config *config, uint64_t t, uint64_t steps_per_epoch,
			     uint64_t length)
{
	double momentum = NAN;

	if (config->parts > 0 && in_sequence(config)) {
		const struct schedule_config *part = part_at(config, &t, &length);
		return schedule_momentum(part, t, steps_per_epoch, length);
	}
	for (size_t i = 0; i < config->parts && isnan(momentum); i++) {
		momentum = schedule_momentum(&config->part[i], t, steps_per_epoch, length);
	}
	return momentum;
}

bool schedule_moves_momentum(const struct schedule_config *config)
{
	bool moves = config->type->momentum != NULL;
	for (size_t i = 0; i < config->parts; i++) {
		moves = moves || config->part[i].type->momentum != NULL;
	}
	return moves;
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
	const double place = place_of(config, update, steps_per_epoch);
	const double horizon = horizon_of(config, steps_per_epoch, steps);
	const double rate = type->chains ? chain_rate(config, base, (uint64_t)place,
						      config->per_epoch ? 1 : steps_per_epoch, count_of(horizon))
					 : type->rate(&config->settings, base, place, horizon);
	return update < warmup ? rate * ((double)(update + 1) / (double)warmup) : rate;
}

double schedule_momentum(const struct schedule_config *config, uint64_t update, uint64_t steps_per_epoch,
			 uint64_t steps)
{
	const double place = place_of(config, update, steps_per_epoch);
	const double horizon = horizon_of(config, steps_per_epoch, steps);

	if (config->type->chains) {
		return chain_momentum(config, (uint64_t)place, config->per_epoch ? 1 : steps_per_epoch,
				      count_of(horizon));
	}
	return config->type->momentum != NULL ? config->type->momentum(&config->settings, place, horizon) : (double)NAN;
}
