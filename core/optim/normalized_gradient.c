/*
 * normalized_gradient: steps of a length that is chosen, whatever the gradient's.
 *
 *   x = x - lr g / |g|            (x stays where g = 0)
 */
#include "core/optim/line_settings.h"

enum { SET_LEARNING_RATE };
static const struct setting settings[] = { [SET_LEARNING_RATE] = SETTING_LEARNING_RATE(0.01) };

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	const double norm = sqrt(iteration_dot(it, it->clipped, it->clipped));

	descend(it, norm > 0 ? it->learning_rate / norm : 0, o->scratch[0]);
	it->alpha = it->learning_rate; /* |dx|, what the schedule gives */
	return OK;
}

const struct optimizer_type OPTIMIZER(normalized_gradient) = {
	.name = "normalized_gradient",
	.doc = "Gradient descent whose every step is as long as the learning rate.",
	.source = "Nesterov 1984; Hazan et al. 2015, Beyond convexity, algorithm 1",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = no_slots,
	.scratch = 1,
	.iterate = iterate,
	.no_l1 = "its step length is made of the size of the gradient, and l1 has none at 0",
};
