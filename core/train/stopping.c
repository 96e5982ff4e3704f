#include <math.h>
#include <string.h>

#include "core/train/internal.h"

/* How many of the first losses are compared to tell a step that is too long. */
enum { FIRST_LOSSES = 8 };
/* A run has moved from its start when its loss has changed by this part. */
static const double moved = 1e-3;

/* Whether a is better than b in the run's direction. */
static bool better(const struct trainer *trainer, double a, double b)
{
	return trainer->sign * a < trainer->sign * b;
}

static void keep(struct trainer *trainer, uint64_t kind, double value)
{
	struct run_state *state = trainer->state;
	state->best = kind;
	state->best_step = state->step;
	state->best_value = value;
	memcpy(trainer->best, trainer->theta, trainer->total * dtype_size(trainer->dtype));
}

void track_initial(struct trainer *trainer, double value)
{
	if (trainer->state->best == BEST_NONE) {
		keep(trainer, BEST_INITIAL, value);
	}
}

void track_best(struct trainer *trainer, double value)
{
	const struct run_state *state = trainer->state;
	if (isfinite(value) && (state->best != BEST_MEASURED || better(trainer, value, state->best_value))) {
		keep(trainer, BEST_MEASURED, value);
	}
}

/* As Keras EarlyStopping: better than the best by more than min_delta, or one more in waiting. */
void track_early(struct trainer *trainer, double value)
{
	struct run_state *state = trainer->state;
	const double min_delta = trainer->setup.config.stopping.min_delta;

	state->early_count++;
	state->early_wait++;
	if (isnan(state->early_best) || better(trainer, value, state->early_best - trainer->sign * min_delta)) {
		state->early_best = value;
		state->early_wait = isnan(value) ? state->early_wait : 0;
	}
}

void track_schedule(struct trainer *trainer, double value)
{
	const struct schedule_config *schedule = &trainer->setup.config.optimizer.schedule;
	schedule->type->observe(&schedule->settings, rate_base(trainer), trainer->sign < 0, value,
				trainer->state->schedule);
}

void track_loss(struct trainer *trainer, double loss)
{
	struct run_state *state = trainer->state;
	state->previous_loss = state->loss;
	state->loss = loss;
	if (trainer->finds_rate) {
		track_finder(trainer, loss);
	}
	if (state->compared < FIRST_LOSSES && !isnan(state->previous_loss)) {
		state->compared++;
		const bool fell = trainer->sign * loss <= trainer->sign * state->previous_loss;
		state->risen += fell ? 0 : 1;
	}
}

void track_trace(struct trainer *trainer, double loss, double norm)
{
	struct run_state *state = trainer->state;
	if (state->trace_offered++ % state->trace_stride != 0) {
		return;
	}
	if (state->trace_count == TRACE_SAMPLES) {
		for (size_t i = 0; i < TRACE_SAMPLES / 2; i++) {
			state->trace[i] = state->trace[2 * i];
		}
		state->trace_count = TRACE_SAMPLES / 2;
		state->trace_stride *= 2;
	}
	state->trace[state->trace_count++] = (struct trace_sample){ state->step, loss, norm };
}

bool stopping_any(const struct stopping_config *stopping)
{
	return !isnan(stopping->gradient_norm) || !isnan(stopping->loss_change) || !isnan(stopping->parameter_change) ||
	       !isnan(stopping->target_loss) || stopping->early_stopping;
}

static double at_least_1(double size)
{
	return size > 1 ? size : 1;
}

bool stopping_measures(const struct trainer *trainer)
{
	const struct stopping_config *rule = &trainer->setup.config.stopping;
	return !isnan(rule->parameter_change) || (trainer->pauses && !isnan(rule->loss_change));
}

/* Whether a small change says nothing: x did not move, or not yet from where the run began, and will all the same. */
static bool resting(const struct trainer *trainer)
{
	const struct run_state *state = trainer->state;
	const double first = state->trace_count > 0 ? state->trace[0].loss : (double)NAN;
	const bool begins = trainer->optimizer.type->pauses && fabs(state->loss - first) <= moved * fabs(first);
	return trainer->pauses && (state->change == 0 || begins) && state->gradient_norm > 0;
}

/* A comparison with NAN, a rule that is off or a value not measured, never holds. */
struct verdict stopping_rules(const struct trainer *trainer, bool early)
{
	const struct stopping_config *rule = &trainer->setup.config.stopping;
	const struct run_state *state = trainer->state;
	const bool paused = resting(trainer);

	if (state->gradient_norm <= rule->gradient_norm) {
		return (struct verdict){ STOP_GRADIENT_NORM, state->gradient_norm, rule->gradient_norm };
	}
	const double loss_change = fabs(state->loss - state->previous_loss);
	const double loss_limit = rule->loss_change * at_least_1(fabs(state->loss));
	if (loss_change <= loss_limit && !paused) {
		return (struct verdict){ STOP_LOSS_CHANGE, loss_change, loss_limit };
	}
	const double change_limit = rule->parameter_change * at_least_1(state->norm);
	if (state->change <= change_limit && isfinite(change_limit) && !paused) {
		return (struct verdict){ STOP_PARAMETER_CHANGE, state->change, change_limit };
	}
	if (trainer->sign * state->loss <= trainer->sign * rule->target_loss) {
		return (struct verdict){ STOP_TARGET_LOSS, state->loss, rule->target_loss };
	}
	const uint64_t patience = rule->patience > 1 ? rule->patience : 1;
	if (rule->early_stopping && early && state->early_wait >= patience) {
		return (struct verdict){ STOP_EARLY_STOPPING, (double)state->early_wait, (double)patience };
	}
	return (struct verdict){ STOP_NONE, NAN, NAN };
}

struct verdict stopping_budget(const struct trainer *trainer)
{
	const struct training_config *training = &trainer->setup.config.training;
	const struct run_state *state = trainer->state;

	if (state->finder.exploded_rate > 0) {
		return (struct verdict){ STOP_LR_FINDER, state->loss, NAN };
	}
	if (trainer->time_up) {
		return (struct verdict){ STOP_MAX_SECONDS, trainer->clock_last, trainer->seconds_limit };
	}
	if (training->steps != 0 && state->step >= training->steps) {
		return (struct verdict){ STOP_STEPS, (double)state->step, (double)training->steps };
	}
	if (state->step >= trainer->steps_total) {
		return (struct verdict){ STOP_EPOCHS, (double)(state->step / trainer->steps_per_epoch),
					 (double)training->epochs };
	}
	return (struct verdict){ STOP_NONE, NAN, NAN };
}
