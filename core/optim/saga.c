/*
 * saga: stochastic steps whose variance falls to zero, by a table of every row's last gradient.
 *
 *   v = grad f_B(x) - table_B + mean of the table        B: the rows of this batch, means over them
 *   table_i = grad f_i(x) for i in B
 *   x = S(x - lr (v + l2 x), lr l1)                      S: the soft threshold, so that zeros are exact
 *
 * Of a linear model a row's gradient is its slope times its features: the table holds the slopes, and is state. It
 * starts with the gradients at x_0. learning_rate null: 1 / (3 L), L the largest of any row. The schedule is a factor
 * on that.
 */
#include <string.h>

#include "core/optim/stochastic.h"

enum { SET_LEARNING_RATE };
static const struct setting settings[] = {
	[SET_LEARNING_RATE] = SETTING_OWN_RATE("Length of a step, before the schedule; null: 1 / (3 L), L the largest "
					       "second derivative of one row's loss."),
};

enum { STEEPEST, SCALARS };

/* The slopes, and the mean of the table. */
static size_t table(const struct settings *s, const struct optimizer_shape *shape)
{
	size_t slopes;
	(void)s;
	if (!shape->linear) {
		return 0;
	}
	return shape->rows > SIZE_MAX || __builtin_mul_overflow((size_t)shape->rows, shape->outputs, &slopes) ||
			       __builtin_add_overflow(slopes, shape->n, &slopes)
		       ? SIZE_MAX
		       : slopes;
}

static size_t workspace(const struct settings *s, const struct optimizer_shape *shape)
{
	const size_t room = table_room(shape->n);
	(void)s;
	return !shape->linear ? 0 : room == SIZE_MAX ? room : room + shape->n;
}

static enum status suits(const struct settings *s, const struct objective *objective, struct error *error)
{
	return suits_rows("saga", s, &objective->linear, error);
}

/* The table and its mean at x_0, and L. */
static enum status begin(struct optimizer *o, struct iteration *it, double *slopes, double *mean, double *room)
{
	const size_t rows = it->linear->data->rows;
	const struct batch all = { .data = it->linear->data, .count = rows };
	memset(slopes, 0, rows * it->linear->form->outputs * sizeof *slopes);
	enum status status = table_update(it->linear, &all, it->x, slopes, mean, room);
	for (size_t j = 0; j < it->n; j++) {
		mean[j] /= (double)rows;
	}
	double steepest = NAN;
	if (status == OK) {
		status = table_steepest(it->linear, &steepest, room);
	}
	if (status == OK) {
		o->scalar[STEEPEST] = steepest;
	}
	return status;
}

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	const struct linear_form *form = it->linear->form;
	const size_t n = it->n, rows = it->linear->data->rows;
	double *slopes = o->table, *mean = slopes + rows * form->outputs, *sum = o->workspace, *room = sum + n;
	enum status status = OK;

	if (it->t == 1) {
		status = begin(o, it, slopes, mean, room);
	}
	if (status == OK) {
		status = table_update(it->linear, it->batch, it->x, slopes, sum, room);
	}
	if (status != OK) {
		return status;
	}
	const double lr = rate_now(o, it, 1 / (3 * o->scalar[STEEPEST]));
	for (size_t j = 0; j < n; j++) {
		const double decay = linear_l2(form, j / form->outputs) * vector_get(it, it->x, j);
		const double v = sum[j] / (double)it->batch->count + mean[j] + decay;
		proximal_set(it, lr, j, it->sign * v, o->scratch[0]);
		mean[j] += sum[j] / (double)rows;
	}
	iteration_accept(it, o->scratch[0], NAN, NULL, lr);
	return OK;
}

const struct optimizer_type OPTIMIZER(saga) = {
	.name = "saga",
	.doc = "Stochastic steps for linear models with a table of every row's last gradient; l1 with exact zeros.",
	.source = "Defazio, Bach and Lacoste-Julien 2014, algorithm 1",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = no_slots,
	.scalars = SCALARS,
	.scratch = 1,
	.batch_size = 1,
	.proximal = true,
	.table = table,
	.workspace = workspace,
	.suits = suits,
	.iterate = iterate,
};
