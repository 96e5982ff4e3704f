/*
 * What a run leaves behind as it goes: the clock, points of the curve, the ending.
 */
#include <math.h>
#include <string.h>

#include "core/train/internal.h"

/* How far apart looks at the clock are to be, in seconds, where max_seconds is set. */
static const double clock_apart = 1e-3;
enum { CLOCK_STRIDE_MAX = 1 << 16 };

double clock_seconds(const struct trainer *trainer)
{
	const double clock = trainer->setup.clock != NULL ? trainer->setup.clock() : 0;
	return trainer->seconds_before + (clock - trainer->started);
}

/* One look; the distance in steps to the next is such that it lies about clock_apart ahead. */
static void look(struct trainer *trainer)
{
	const double now = clock_seconds(trainer), passed = now - trainer->clock_last;
	if (passed < clock_apart / 2 && trainer->clock_stride < CLOCK_STRIDE_MAX) {
		trainer->clock_stride *= 2;
	} else if (passed > clock_apart * 2 && trainer->clock_stride > 1) {
		trainer->clock_stride /= 2;
	}
	trainer->clock_steps = 0;
	trainer->clock_last = now;
	trainer->time_up = now >= trainer->seconds_limit;
}

void clock_step(struct trainer *trainer)
{
	if (!isnan(trainer->seconds_limit) && ++trainer->clock_steps >= trainer->clock_stride) {
		look(trainer);
	}
}

void clock_begin(struct trainer *trainer)
{
	trainer->started = trainer->setup.clock != NULL ? trainer->setup.clock() : 0;
	trainer->seconds_before = trainer->state->seconds;
	trainer->clock_last = trainer->seconds_before;
	trainer->clock_steps = 0;
	trainer->time_up = trainer->seconds_before >= trainer->seconds_limit;
}

static void copy_parameters(const struct trainer *trainer, double *out)
{
	if (trainer->dtype == DTYPE_FLOAT64) {
		memcpy(out, trainer->theta, trainer->total * sizeof *out);
		return;
	}
	const float *theta = trainer->theta;
	for (size_t i = 0; i < trainer->total; i++) {
		out[i] = (double)theta[i];
	}
}

void record_point(struct trainer *trainer, uint64_t measured, double rate)
{
	struct run_state *state = trainer->state;
	measured |= state->validation_bits | (isnan(rate) ? 0 : POINT_LEARNING_RATE);
	state->last = (struct curve_point){
		.step = state->step,
		.epoch = (double)state->step / (double)trainer->steps_per_epoch,
		.seconds = clock_seconds(trainer),
		.learning_rate = rate,
		.train_loss = measured & POINT_GENERATOR_LOSS ? state->generator_loss
			      : measured & POINT_TRAIN_LOSS   ? state->loss
							      : (double)NAN,
		.gradient_norm = measured & POINT_GRADIENT_NORM ? state->gradient_norm : (double)NAN,
		.validation_loss =
			measured & POINT_DISCRIMINATOR_LOSS ? state->discriminator_loss : state->validation_loss,
		.validation_accuracy = state->validation_accuracy,
		.measured = measured,
	};
	if (trainer->point_parameters != NULL) {
		copy_parameters(trainer, trainer->point_parameters + trainer->points_count * trainer->total);
	}
	trainer->points[trainer->points_count] = state->last;
	trainer->points[trainer->points_count++].step += trainer->point_base;
	if (trainer->full && !trainer->finds_rate && (measured & POINT_TRAIN_LOSS) &&
	    (measured & POINT_GRADIENT_NORM)) {
		track_trace(trainer, state->loss, state->gradient_norm);
	}
}

void record_end(struct trainer *trainer, struct verdict verdict, uint64_t measured)
{
	struct run_state *state = trainer->state;
	if (verdict.reason != STOP_DIVERGED && !vector_finite(trainer, trainer->theta)) {
		verdict = (struct verdict){ STOP_DIVERGED, NAN, NAN };
	}
	if (trainer->finds_rate && verdict.reason == STOP_DIVERGED && state->finder.count > 1) {
		state->finder.exploded_rate = rate_of(trainer, state->step - 1);
		verdict.reason = STOP_LR_FINDER; /* what such a test is looking for */
	}
	state->reason = verdict.reason;
	state->reason_value = verdict.value;
	state->reason_limit = verdict.limit;
	record_point(trainer, measured, NAN);
}
