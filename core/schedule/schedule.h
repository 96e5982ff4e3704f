/*
 * Learning-rate schedules: table entries. Adding one: one file, one line in schedule.c.
 *
 * A schedule is a pure function of the update's index, so that nothing of it needs to be saved; but for one that
 * observes a metric, whose few numbers are part of the run's state.
 */
#ifndef CORE_SCHEDULE_SCHEDULE_H
#define CORE_SCHEDULE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/setting.h"

/* State of a schedule that observes: numbers that start at 0, the first being the rate in force (0: the base rate). */
enum { SCHEDULE_RATE, SCHEDULE_STATE = 8 };
/* Its setting `metric`. auto: the validation loss where there are validation rows. */
enum { SCHEDULE_METRIC_AUTO, SCHEDULE_METRIC_VALIDATION, SCHEDULE_METRIC_TRAIN };

/* Place of the setting that a chain has. */
enum { CHAIN_MILESTONES };

struct schedule_type {
	const char *name;
	const char *doc;
	const char *source;
	const struct setting *settings;
	size_t setting_count;
	/* The rate of update t = 0, 1, ... counted after the warm-up (in epochs when the job says
	 * `per: epoch`), from the base rate. `horizon` is the budget less the warm-up, in the same unit: the
	 * default of T_max and the like. */
	double (*rate)(const struct settings *settings, double base, double t, double horizon);
	/* A schedule with a warm-up of its own: the rate of update t = 0, 1, ... counted from the start, with warmup >
	 * 0 updates of warm-up; NAN: as any other after all. NULL: warmed like any other. */
	double (*warmed)(const struct settings *settings, double base, double t, double warmup);
	/* Takes a measurement of the metric, made after an epoch; rate() is then given state[SCHEDULE_RATE] as its
	 * base. NULL: a pure function of t. */
	void (*observe)(const struct settings *settings, double base, bool maximize, double metric, double *state);
	bool chains; /* it is made of other schedules */
	bool tests;  /* the run is a test of rates (core/train/finder.c): no rule but its own and the budget ends it */
	/* The momentum at the same moment; NAN: the optimizer's own. NULL: never another. */
	double (*momentum)(const struct settings *settings, double t, double horizon);
};

/* A schedule as a job describes it. */
struct schedule_config {
	const struct schedule_type *type; /* never NULL: `constant` by default */
	struct settings settings;
	uint64_t warmup_steps; /* update t uses (t+1)/w of the rate while t < w; the schedule counts from there */
	const struct schedule_config *part; /* [parts] of a chain, none of which chains or observes; borrowed */
	size_t parts;
	bool per_epoch; /* the schedule advances per epoch, the warm-up still per step */
};

/* The learning rate of update number `update` (0 for the first), with warm-up.
 * steps_per_epoch >= 1; steps: the whole budget in updates. */
double schedule_rate(const struct schedule_config *config, double base, uint64_t update, uint64_t steps_per_epoch,
		     uint64_t steps);

/* The momentum that the schedule sets in that update; NAN: none, the optimizer's own stands. */
double schedule_momentum(const struct schedule_config *config, uint64_t update, uint64_t steps_per_epoch,
			 uint64_t steps);

/* Whether it ever sets one. */
bool schedule_moves_momentum(const struct schedule_config *config);

extern const struct schedule_type *const schedule_types[];
extern const size_t schedule_type_count;
const struct schedule_type *schedule_find(const char *name);

#endif
