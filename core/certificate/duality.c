/*
 * The duality gap of a linear model with a penalty. Fenchel's dual of F (internal.h) is
 *
 *   D(u) = -1/N sum_i phi*(u_i, y_i) - sum_j R*(-(X'u)_j / N),     sum_i u_i = 0 where the intercept is free
 *   R*(v) = max(0, |v| - l1)^2 / (2 l2),     or 0 within |v| <= l1 where l2 = 0
 *
 * and D(u) <= min F <= F(w) for every u that it is defined at. u_i = phi'(z_i) is the maximiser once w is the
 * minimiser; before, it is made feasible: the intercept's condition by scaling the side of it that weighs more
 * (squares: by shifting), |v| <= l1 by scaling all. Source: Borwein and Lewis 2006, theorem 3.3.5; Mairal 2010,
 * appendix D.2.3 (scaling).
 */
#include <math.h>

#include "core/certificate/internal.h"

/* phi*(u, y); u lies in its domain. */
static double conjugate(const struct glm *self, double u, double y)
{
	const double p = u + y, a = fabs(u);

	switch (self->loss) {
	case GLM_SQUARES:
		return u * y + u * u / (4 * self->scale);
	case GLM_LOG:
		return (p > 0 ? p * log(p) : 0) + (p < 1 ? (1 - p) * log1p(-p) : 0);
	case GLM_HINGE:
		return -a;
	case GLM_SQUARED_HINGE:
		return -a + a * a / 4;
	case GLM_HUBER:
		return u * y + u * u / (2 * self->scale);
	case GLM_POISSON:
		return (p > 0 ? p * log(p) : 0) - p;
	case GLM_NONE:
	default:
		return NAN;
	}
}

/* Makes the sum of u over the rows 0 for output k. */
static void balance(struct glm *self, size_t k)
{
	double up = 0, down = 0;

	for (size_t i = 0; i < self->rows; i++) {
		const double u = self->u[i * self->outputs + k];
		up += u > 0 ? u : 0;
		down -= u < 0 ? u : 0;
	}
	const double mean = (up - down) / (double)self->rows;
	const double raise = up > down ? down / up : 1, lower = down > up ? up / down : 1;
	for (size_t i = 0; i < self->rows; i++) {
		double *u = &self->u[i * self->outputs + k];
		*u = self->loss == GLM_SQUARES ? *u - mean : *u * (*u > 0 ? raise : lower);
	}
}

/* u = phi'(z), and the sum of phi; u holds z. */
static double differentiate(struct glm *self)
{
	double sum = 0;

	for (size_t i = 0; i < self->rows; i++) {
		for (size_t k = 0; k < self->outputs; k++) {
			double *u = &self->u[i * self->outputs + k];
			self->kept[i * self->outputs + k] = *u;
			sum += glm_phi(self, *u, glm_target(self, i, k), u, NULL);
		}
	}
	return sum;
}

/* How many numbers of product are penalized. */
static size_t penalized(const struct glm *self)
{
	return (self->features + (self->penalized ? 1 : 0)) * self->outputs;
}

/* sum_j R*(v_j), v = X'u / N; scales u first where that is needed to be in its domain. */
static double penalty_conjugate(struct glm *self)
{
	double largest = 0, sum = 0;

	for (size_t j = 0; j < penalized(self); j++) {
		const double v = fabs(self->product[j]) / self->count, over = fmax(0, v - self->l1);
		largest = fmax(largest, v);
		sum += over * over;
	}
	if (self->l2 > 0) {
		return sum / (2 * self->l2);
	}
	if (largest > self->l1) {
		const double scale = self->l1 / largest;
		for (size_t i = 0; i < self->rows * self->outputs; i++) {
			self->u[i] *= scale;
		}
	}
	return 0;
}

enum status duality(struct glm *self, double *primal, double *dual)
{
	if (!(self->l1 > 0 || self->l2 > 0)) {
		return E_UNSUPPORTED;
	}
	enum status status = glm_outputs(self, self->w, self->b);
	if (status != OK) {
		return status;
	}
	*primal = differentiate(self) / self->count + glm_penalty(self, self->w, self->b);
	if (self->loss == GLM_HINGE && self->l2 > 0) {
		status = svm_dual(self);
	}
	for (size_t k = 0; k < self->outputs && self->intercept && !self->penalized; k++) {
		balance(self, k);
	}
	if (status == OK) {
		status = glm_gather(self);
	}
	if (status != OK) {
		return status;
	}
	const double penalty = penalty_conjugate(self);
	double sum = 0;
	for (size_t i = 0; i < self->rows; i++) {
		for (size_t k = 0; k < self->outputs; k++) {
			sum += conjugate(self, self->u[i * self->outputs + k], glm_target(self, i, k));
		}
	}
	*dual = -sum / self->count - penalty;
	return OK;
}
