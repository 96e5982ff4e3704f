/*
 * svrg: stochastic steps whose variance falls to zero, by the whole gradient at a point of some time ago.
 *
 *   every update_frequency updates:  p = x,  m = grad f(p) over all rows
 *   v = grad f_B(x) - grad f_B(p) + m        B: the rows of this batch
 *   x = S(x - lr v, lr l1)                   S: the soft threshold, so that zeros are exact
 *
 * learning_rate null: 1 / (10 L), L the largest of any row. The schedule is a factor on that. Slots: p, m.
 */
#include "core/optim/stochastic.h"

enum { SET_LEARNING_RATE, SET_UPDATE_FREQUENCY };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_OWN_RATE("Length of a step, before the schedule; null: 1 / (10 L), L the largest "
					       "second derivative of one row's loss."),
	[SET_UPDATE_FREQUENCY] = { .name = "update_frequency",
				   .kind = SETTING_INTEGER,
				   .nullable = true,
				   .preset = NAN,
				   .minimum = 1,
				   .maximum = 9007199254740991,
				   .doc = "Updates between two whole gradients; null: two epochs." },
};

enum { POINT, MEAN, SLOTS };
enum { STEEPEST, SCALARS };
enum { FRESH, THERE, NEXT, SCRATCH };

static size_t slots(const struct settings *s)
{
	(void)s;
	return SLOTS;
}

static size_t workspace(const struct settings *s, const struct optimizer_shape *shape)
{
	(void)s;
	return shape->linear ? table_room(shape->n) : 0;
}

static enum status suits(const struct settings *s, const struct objective *objective, struct error *error)
{
	return suits_rows("svrg", s, &objective->linear, error);
}

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	const double given = setting_at(&o->settings, SET_UPDATE_FREQUENCY);
	const double every = isnan(given) ? 2 * (double)it->steps_per_epoch : given;
	const bool renew = fmod((double)(it->t - 1), every) == 0;
	const void *point = renew ? it->x : o->slot[POINT], *mean = renew ? o->scratch[FRESH] : o->slot[MEAN];
	double steepest = o->scalar[STEEPEST];
	enum status status = OK;

	if (it->t == 1) {
		status = table_steepest(it->linear, &steepest, o->workspace);
	}
	if (status == OK && renew) {
		status = iteration_evaluate_all(it, it->x, o->scratch[FRESH]);
	}
	if (status == OK) {
		status = iteration_evaluate(it, point, NULL, o->scratch[THERE]);
	}
	if (status != OK) {
		return status;
	}
	const double lr = rate_now(o, it, 1 / (10 * steepest));
	for (size_t j = 0; j < it->n; j++) {
		const double v =
			vector_get(it, it->clipped, j) - vector_get(it, o->scratch[THERE], j) + vector_get(it, mean, j);
		proximal_set(it, lr, j, v, o->scratch[NEXT]);
	}
	if (renew) {
		iteration_combine(it, 1, it->x, 0, it->x, o->slot[POINT]);
		iteration_combine(it, 1, o->scratch[FRESH], 0, it->x, o->slot[MEAN]);
	}
	o->scalar[STEEPEST] = steepest;
	iteration_accept(it, o->scratch[NEXT], NAN, NULL, lr);
	return OK;
}

const struct optimizer_type OPTIMIZER(svrg) = {
	.name = "svrg",
	.doc = "Stochastic steps for linear models, corrected by a whole gradient of some time ago; l1 with exact "
	       "zeros.",
	.source = "Johnson and Zhang 2013; Xiao and Zhang 2014 (proximal)",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = SCALARS,
	.scratch = SCRATCH,
	.batch_size = 1,
	.proximal = true,
	.workspace = workspace,
	.suits = suits,
	.iterate = iterate,
};
