/*
 * What every optimizer takes, written once: a box that x stays in (projected descent), weight decay, averages of the
 * parameters beside them.
 *
 * The order of an update: sign and clipping, coupled decay, decoupled decay, the optimizer's rule, the box, the
 * average. Sums and passes are in the order of the numbers, so the bits depend on no thread.
 *
 * Sources: Bertsekas 1976, On the Goldstein-Levitin-Polyak gradient projection method; Loshchilov and Hutter 2019,
 * Decoupled weight decay regularization; Polyak and Juditsky 1992, Acceleration of stochastic approximation by
 * averaging.
 */
#include <math.h>
#include <string.h>

#include "core/train/internal.h"

#define REAL_IS_FLOAT 1
#include "core/train/common.inc.c"
#define REAL_IS_FLOAT 0
#include "core/train/common.inc.c"

void box_project(const struct trainer *trainer, void *x)
{
	const struct objective *objective = trainer->setup.objective;
	if (trainer->dtype == DTYPE_FLOAT32) {
		project_f32(trainer->n, objective->lower, objective->upper, x);
	} else {
		project_f64(trainer->n, objective->lower, objective->upper, x);
	}
}

double gradient_size(const struct trainer *trainer, const void *g, double sign)
{
	const struct objective *objective = trainer->setup.objective;
	return trainer->dtype == DTYPE_FLOAT32
		       ? projected_norm_f32(trainer->n, trainer->theta, g, sign, objective->lower, objective->upper)
		       : projected_norm_f64(trainer->n, trainer->theta, g, sign, objective->lower, objective->upper);
}

void decay_coupled(struct trainer *trainer, const void *point)
{
	const struct optimizer_config *config = &trainer->setup.config.optimizer;
	if (config->weight_decay != 0 && !config->decoupled) {
		vector_combine(trainer, 1, trainer->gradient, config->weight_decay, point, trainer->gradient);
	}
}

void decay_decoupled(struct trainer *trainer, double rate)
{
	const struct optimizer_config *config = &trainer->setup.config.optimizer;
	if (config->weight_decay != 0 && config->decoupled) {
		vector_transform(trainer, trainer->theta, 1 - rate * config->weight_decay, NAN);
	}
}

/* What a model keeps beside its parameters (running statistics) goes with their average as it is. */
static void keep_buffers(struct trainer *trainer)
{
	const size_t size = dtype_size(trainer->dtype), first = trainer->n * size;
	memcpy((char *)trainer->average + first, (const char *)trainer->theta + first,
	       trainer->setup.objective->buffers * size);
}

void average_take(struct trainer *trainer)
{
	const struct optimizer_config *config = &trainer->setup.config.optimizer;
	struct run_state *state = trainer->state;
	double share;

	if (!train_averages(config)) {
		return;
	}
	if (config->ema_decay > 0) {
		share = state->averaged == 0 ? 1 : 1 - config->ema_decay;
	} else {
		share = 1 / (double)(state->averaged + 1);
	}
	if (share == 1) {
		memcpy(trainer->average, trainer->theta, trainer->n * dtype_size(trainer->dtype));
	} else {
		vector_combine(trainer, 1 - share, trainer->average, share, trainer->theta, trainer->average);
	}
	keep_buffers(trainer);
	const bool counts = config->ema_decay > 0 || state->step > config->average_after;
	state->averaged += counts ? 1 : 0;
}
