/*
 * trust_region: the least of the linearised objective within a ball.
 *
 *   d = argmin g'd  subject to |d|^2 <= epsilon,   that is  d = -sqrt(epsilon) g / |g|
 *   x = x + d                     (x stays where g = 0)
 */
#include "core/optim/line_settings.h"

enum { SET_EPSILON };
static const struct setting settings[] = {
	[SET_EPSILON] = SETTING_STEP("epsilon", 1e-4, "Square of the length of a step: the radius of trust."),
};

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	const double norm = sqrt(iteration_dot(it, it->clipped, it->clipped));

	descend(it, norm > 0 ? sqrt(setting_at(&o->settings, SET_EPSILON)) / norm : 0, o->scratch[0]);
	return OK;
}

const struct optimizer_type OPTIMIZER(trust_region) = {
	.name = "trust_region",
	.doc = "Steps that minimise the linearised objective within |d|^2 <= epsilon.",
	.source = "Conn, Gould and Toint 2000, Trust-region methods, section 6.1 (linear model, 2-norm)",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = no_slots,
	.scratch = 1,
	.iterate = iterate,
	.no_l1 = "its step length is made of the size of the gradient, and l1 has none at 0",
};
