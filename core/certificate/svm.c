/*
 * The dual point of a linear support vector machine.
 *
 *   D(a) = 1/N sum_i a_i - |v|^2 l2 / 2,   v = 1/(N l2) sum_i a_i s_i x_i,   0 <= a_i <= 1,   sum_i s_i a_i = 0
 *
 * Away from the margin a_i is 1 (s_i z_i < 1) or 0; of rows on the margin z does not tell it. So the rows nearest to
 * the margin, a few times as many as there are weights, are optimised two at a time (one at a time without the
 * condition on the sum), the rest standing where they are. Any a gives a bound; this one is tight where w is the
 * minimiser. Source: Platt 1998, Sequential minimal optimization; Keerthi et al. 2001 (the most violating pair).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/certificate/internal.h"

enum { NEAR_MOST = 512, SWEEPS = 60 };
static const double violation_least = 1e-13;

struct near {
	size_t count;
	size_t row[NEAR_MOST];
	double s[NEAR_MOST], t[NEAR_MOST]; /* t = s a */
	double slack[NEAR_MOST];           /* s - x.v: the slope of N D along t */
	double *gram;                      /* [count, count] of x, with 1 appended where the bias is penalized */
};

static size_t near_most(size_t features)
{
	return features < (NEAR_MOST - 16) / 4 ? 4 * features + 16 : NEAR_MOST;
}

size_t svm_bytes(size_t features)
{
	return sizeof(struct near) + near_most(features) * near_most(features) * sizeof(double);
}

static double feature(const struct glm *self, size_t row, size_t j)
{
	const size_t at = row * self->stride * self->features + j;
	return dtype_get(self->data->dtype, self->data->x, at);
}

static double off_margin(const struct glm *self, size_t i)
{
	return fabs(1 - glm_target(self, i, 0) * self->kept[i]);
}

/* The rows nearest to the margin, by insertion: few are kept of many. */
static void choose(const struct glm *self, struct near *near, size_t most)
{
	double distance[NEAR_MOST];

	for (size_t i = 0; i < self->rows; i++) {
		const double d = off_margin(self, i);
		size_t at = near->count < most ? near->count++ : most;
		for (; at > 0 && d < distance[at - 1]; at--) {
			if (at < most) {
				distance[at] = distance[at - 1];
				near->row[at] = near->row[at - 1];
			}
		}
		if (at < most) {
			distance[at] = d;
			near->row[at] = i;
		}
	}
}

static void multiply(const struct glm *self, struct near *near)
{
	for (size_t a = 0; a < near->count; a++) {
		for (size_t b = 0; b <= a; b++) {
			double sum = self->penalized ? 1 : 0;
			for (size_t j = 0; j < self->features; j++) {
				sum += feature(self, near->row[a], j) * feature(self, near->row[b], j);
			}
			near->gram[a * near->count + b] = near->gram[b * near->count + a] = sum;
		}
	}
}

static double ceiling(const struct near *near, size_t m)
{
	return near->s[m] > 0 ? 1 : 0;
}

static double bottom(const struct near *near, size_t m)
{
	return near->s[m] > 0 ? 0 : -1;
}

/* t_m += step, and what follows for the slopes. */
static void move(struct near *near, size_t m, double step, double scale)
{
	near->t[m] = fmin(fmax(near->t[m] + step, bottom(near, m)), ceiling(near, m));
	for (size_t k = 0; k < near->count; k++) {
		near->slack[k] -= scale * step * near->gram[m * near->count + k];
	}
}

/* The sum of s a over all rows is brought to 0 by the near rows, as far as they can. */
static void rebalance(struct near *near, double sum, double scale)
{
	for (size_t m = 0; m < near->count && sum != 0; m++) {
		const double room = sum > 0 ? near->t[m] - bottom(near, m) : ceiling(near, m) - near->t[m];
		const double step = copysign(fmin(fabs(sum), room), -sum);
		move(near, m, step, scale);
		sum += step;
	}
}

/* The most violating pair, or (single) the most violating row; false: none. scale = 1 / (N l2). */
static bool improve(struct near *near, bool single, double scale)
{
	size_t up = near->count, down = near->count;

	for (size_t m = 0; m < near->count; m++) {
		if (near->t[m] < ceiling(near, m) && (up == near->count || near->slack[m] > near->slack[up])) {
			up = m;
		}
		if (near->t[m] > bottom(near, m) && (down == near->count || near->slack[m] < near->slack[down])) {
			down = m;
		}
	}
	const double *gram = near->gram;
	const size_t n = near->count;
	const double rise = up < n ? near->slack[up] : 0, fall = down < n ? near->slack[down] : 0;
	if (single) {
		const size_t m = rise > -fall ? up : down;
		if (!(fmax(rise, -fall) > violation_least) || !(gram[m * n + m] > 0)) {
			return false;
		}
		const double wanted = near->slack[m] / (scale * gram[m * n + m]);
		move(near, m, fmin(fmax(wanted, bottom(near, m) - near->t[m]), ceiling(near, m) - near->t[m]), scale);
		return true;
	}
	if (up == n || down == n || !(rise - fall > violation_least)) {
		return false;
	}
	const double bend = gram[up * n + up] + gram[down * n + down] - 2 * gram[up * n + down];
	const double room = fmin(ceiling(near, up) - near->t[up], near->t[down] - bottom(near, down));
	const double step = bend > 0 ? fmin(room, (rise - fall) / (scale * bend)) : room;
	move(near, up, step, scale);
	move(near, down, -step, scale);
	return step > 0;
}

/* u holds -s a of the sides that the outputs say. */
static enum status optimise(struct glm *self, struct near *near)
{
	const double scale = 1 / (self->count * self->l2);
	const bool single = !self->intercept || self->penalized;
	double sum = 0;

	choose(self, near, near_most(self->features));
	near->gram = (double *)(void *)(near + 1);
	multiply(self, near);
	const enum status status = glm_gather(self);
	if (status != OK) {
		return status;
	}
	for (size_t i = 0; i < self->rows; i++) {
		sum -= self->u[i];
	}
	for (size_t m = 0; m < near->count; m++) {
		const size_t row = near->row[m];
		near->s[m] = glm_target(self, row, 0);
		near->t[m] = -self->u[row];
		near->slack[m] = near->s[m] + (self->penalized ? scale * self->product[self->features] : 0);
		for (size_t j = 0; j < self->features; j++) {
			near->slack[m] += scale * self->product[j] * feature(self, row, j);
		}
	}
	if (!single) {
		rebalance(near, sum, scale);
	}
	for (size_t k = 0; k < SWEEPS * near->count && improve(near, single, scale); k++) {
		if (k % near->count == 0 && executor_stopped(self->executor)) {
			return E_CANCELLED;
		}
	}
	for (size_t m = 0; m < near->count; m++) {
		self->u[near->row[m]] = -near->t[m];
	}
	return OK;
}

enum status svm_dual(struct glm *self)
{
	struct near *near = calloc(1, svm_bytes(self->features));
	if (near == NULL) {
		return E_MEMORY;
	}
	const enum status status = optimise(self, near);
	free(near);
	return status;
}
