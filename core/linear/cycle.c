#include "core/linear/cycle.h"

#include <math.h>

#include "core/kernels/kernels.h"

/* Whether intercepts follow the weights. Those of several coupled classes, or with l1, are coordinates like others. */
static bool follows(const struct cycle *cycle)
{
	const struct linear_form *form = cycle->form;
	return form->intercept && !form->loss.coupled && !(form->penalize_intercept && form->l1 != 0);
}

static void move(struct cycle *cycle, size_t j, double by)
{
	cycle->w[j] += by;
	kernels_active()->axpy_f64(cycle->n, by, cycle->h + j * cycle->n, cycle->q);
}

/* The intercept of output c to its minimum. */
static void settle(struct cycle *cycle, size_t c)
{
	const size_t b = cycle->form->features * cycle->form->outputs + c;
	const double bend = cycle->h[b * cycle->n + b];
	if (bend > 0 && cycle->q[b] != 0) {
		move(cycle, b, -cycle->q[b] / bend);
	}
}

void cycle_begin(struct cycle *cycle)
{
	for (size_t c = 0; c < cycle->form->outputs && follows(cycle); c++) {
		settle(cycle, c);
	}
}

static double threshold(double y, double t)
{
	return y > t ? y - t : y < -t ? y + t : y - y;
}

/* How the objective bends along coordinate j of output c, the intercept following. */
static double bend_along(const struct cycle *cycle, size_t j, size_t c, bool following)
{
	const size_t n = cycle->n, b = cycle->form->features * cycle->form->outputs + c;
	const double own = cycle->h[j * n + j], with = following ? cycle->h[b * n + b] : 0;
	return with > 0 ? own - cycle->h[j * n + b] * cycle->h[j * n + b] / with : own;
}

double cycle_run(struct cycle *cycle)
{
	const struct linear_form *form = cycle->form;
	const size_t m = form->outputs, n = cycle->n;
	const bool following = follows(cycle);
	const size_t end = following ? form->features * m : n;
	double most = 0;

	for (size_t j = 0; j < end; j++) {
		const double bend = bend_along(cycle, j, j % m, following), l1 = linear_l1(form, j / m);
		double to = 0;
		if (bend > 1e-14 * cycle->h[j * n + j]) {
			to = threshold(cycle->w[j] * bend - cycle->q[j], l1) / bend;
		} else if (l1 == 0) {
			continue; /* the objective is flat along it */
		}
		const double by = to - cycle->w[j];
		if (by != 0) {
			move(cycle, j, by);
			cycle->w[j] = to; /* an exact zero stays one */
			if (following) {
				settle(cycle, j % m);
			}
		}
		most = fmax(most, fabs(by) * sqrt(fmax(bend, 0)));
	}
	return most;
}
