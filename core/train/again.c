/*
 * The same run from another place, for jobs that start several times: what was spent (seconds, evaluations) counts on,
 * everything else begins anew.
 */
#include <string.h>

#include "core/train/internal.h"

struct spent {
	double seconds;
	uint64_t rows_seen, values, gradients;
};

static struct spent spent_of(const struct run_state *state)
{
	return (struct spent){ state->seconds, state->rows_seen, state->values, state->gradients };
}

static void spend(struct run_state *state, const struct spent *spent)
{
	state->seconds = spent->seconds;
	state->rows_seen = spent->rows_seen;
	state->values = spent->values;
	state->gradients = spent->gradients;
}

void trainer_number(struct trainer *trainer, uint64_t seed, uint64_t base)
{
	trainer->setup.config.training.seed = seed;
	trainer->order_epoch = UINT64_MAX;
	trainer->point_base = base;
}

void trainer_begin_again(struct trainer *trainer, const void *initial)
{
	const struct spent spent = spent_of(trainer->state);
	trainer->setup.initial = initial;
	trainer_begin(trainer);
	trainer->setup.initial = NULL;
	trainer->points_count = 0;
	spend(trainer->state, &spent);
}

void trainer_return(struct trainer *trainer, const void *state, enum stop_reason reason)
{
	const struct run_state now = *trainer->state;
	const struct spent spent = spent_of(&now);
	memcpy(trainer->state, state, trainer->layout.size);
	spend(trainer->state, &spent);
	if (reason != STOP_NONE) {
		trainer->state->reason = reason;
		trainer->state->reason_value = now.reason_value;
		trainer->state->reason_limit = now.reason_limit;
	}
}
