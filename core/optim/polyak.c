/*
 * polyak: the step that would reach the known least value, were f linear.
 *
 *   alpha = min((f(x) - f_star) / g'g, max_learning_rate)      (0 where f(x) <= f_star)
 *   x = x - alpha g
 *
 * Maximising, f_star is the known largest value and the step goes up. With mini-batches f is that of the batch
 * (Loizou et al.):  right where one x minimises every batch.
 */
#include "core/optim/line_settings.h"

enum { SET_F_STAR, SET_MAX_LEARNING_RATE };
static const struct setting settings[] = {
	[SET_F_STAR] = { .name = "f_star",
			 .kind = SETTING_REAL,
			 .minimum = -INFINITY,
			 .maximum = INFINITY,
			 .open_minimum = true,
			 .open_maximum = true,
			 .doc = "Least value that the objective has (maximising: the largest)." },
	[SET_MAX_LEARNING_RATE] = { .name = "max_learning_rate",
				    .kind = SETTING_REAL,
				    .nullable = true,
				    .preset = NAN,
				    .minimum = 0,
				    .maximum = INFINITY,
				    .open_minimum = true,
				    .open_maximum = true,
				    .doc = "Longest step length that is taken; null: any." },
};

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	const double above = it->f - it->sign * setting_at(&o->settings, SET_F_STAR);
	const double squares = it->norm * it->norm;
	const double alpha = squares > 0 && above > 0 ? above / squares : 0;

	descend(it, fmin(alpha, setting_at(&o->settings, SET_MAX_LEARNING_RATE)), o->scratch[0]);
	return OK;
}

const struct optimizer_type OPTIMIZER(polyak) = {
	.name = "polyak",
	.doc = "Polyak's step length from the known least value, (f - f*) / |g|^2.",
	.source = "Polyak 1987, Introduction to optimization, section 5.3; Loizou et al. 2021 (SPS_max)",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = no_slots,
	.scratch = 1,
	.iterate = iterate,
	.no_l1 = "its step length is made of the size of the gradient, and l1 has none at 0",
};
