/*
 * An update by an optimizer that evaluates the objective for itself: line searches, curvature, steps from f and |g|.
 *
 * The trainer calls type->iterate(optimizer, iteration) once an update, with f and g at x, which it has anyway for
 * the curve. The optimizer may evaluate at trial points, then says where x goes by iteration_accept. All is seen as
 * minimisation: f and g carry the sign of the direction, and g is clipped wherever the job clips.
 *
 * Invariants
 *  1. A call that fails (E_CANCELLED) leaves the optimizer's state (slots, history, scalars) as it was: trials work on
 *     its scratch, state is changed after the last evaluation only. x and g are the trainer's, never written here.
 *  2. Nothing here allocates. Sums have the same bits for any executor.
 *  3. What was evaluated at the accepted point is handed to iteration_accept, so that nothing is evaluated twice.
 */
#ifndef CORE_OPTIM_ITERATION_H
#define CORE_OPTIM_ITERATION_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/linear/linear.h"

struct iteration;

/* What the trainer does for the optimizer. Vectors are [n] of dtype; outputs may be inputs. */
struct iteration_calls {
	enum status (*evaluate_all)(struct iteration *iteration, const void *point, void *gradient);
	enum status (*evaluate)(struct iteration *iteration, const void *point, double *f, void *gradient);
	enum status (*product)(struct iteration *iteration, const void *v, void *out);
	double (*dot)(const struct iteration *iteration, const void *a, const void *b);
	void (*combine)(const struct iteration *iteration, double a, const void *x, double b, const void *y, void *out);
	double (*largest)(const struct iteration *iteration, const void *v);
	double (*sum_sizes)(const struct iteration *iteration, const void *v);
	enum status (*residual)(struct iteration *iteration, const void *point, size_t row, double *r, void *gradient);
};

struct iteration {
	uint64_t t;           /* 1 in the first update */
	double learning_rate; /* from the schedule; NAN where the optimizer has no such setting; where that is null
				 the schedule's factor */
	double sign;          /* +1 minimize, -1 maximize: f below is sign * the objective */
	bool quadratic;       /* the objective is a quadratic function of theta */
	bool products;        /* it has products with its Hessian: iteration_product */
	enum dtype dtype;
	size_t n;
	const void *x, *g;         /* [n] parameters and gradient */
	const void *clipped;       /* [n] g after clipping; g itself where the job does not clip */
	double f;                  /* at x */
	double norm;               /* |g| */
	const void *lower, *upper; /* [n] the box of x, infinite where there is no bound; NULL: none */

	const double *l1; /* [tensors of the optimizer] factors of sum |x| in each, which f has and g has not; NULL:
			     none, or in both */

	/* What comes out: iteration_accept. */
	const void *next, *next_g; /* the new x (NULL: x stays); its gradient where it is known, else NULL */
	double next_f;             /* f there, NAN: not known */
	double alpha;              /* the step length, for the curve; NAN: the learning rate stands for it */

	const struct batch *batch; /* the rows of this update; NULL: the objective has none */
	uint64_t steps_per_epoch;
	const struct linear_view *linear; /* the objective as a linear model, all rows; NULL: it is none */
	size_t rows;                      /* of the data, each with a residual where NEEDS_SQUARES is met; 0: none */
	double beside;                    /* then: the number in f that is no square */

	const struct iteration_calls *call;
	void *trainer;
};

/* Vectors of up to this many numbers are treated by plain loops: a call costs more. */
enum { ITERATION_SHORT = 16 };

/* *f (NULL: not wanted) and gradient (NULL: not wanted) at a trial point, on the rows of this update.
 * OK or E_CANCELLED. A value that is not finite is a value like any other. */
static inline enum status iteration_evaluate(struct iteration *it, const void *point, double *f, void *gradient)
{
	return it->call->evaluate(it, point, f, gradient);
}

/* The gradient over all rows, whatever those of this update are. */
static inline enum status iteration_evaluate_all(struct iteration *it, const void *point, void *gradient)
{
	return it->call->evaluate_all(it, point, gradient);
}

/* out = H v at x, on the rows of this update; only where `products` says so. OK or E_CANCELLED. */
static inline enum status iteration_product(struct iteration *it, const void *v, void *out)
{
	return it->call->product(it, v, out);
}

/* sum a_i b_i, in double. */
static inline double iteration_dot(const struct iteration *it, const void *a, const void *b)
{
	double sum = 0;
	if (it->n > ITERATION_SHORT) {
		return it->call->dot(it, a, b);
	}
	if (it->dtype == DTYPE_FLOAT64) {
		for (size_t i = 0; i < it->n; i++) {
			sum += ((const double *)a)[i] * ((const double *)b)[i];
		}
	} else {
		for (size_t i = 0; i < it->n; i++) {
			sum += (double)((const float *)a)[i] * (double)((const float *)b)[i];
		}
	}
	return sum;
}

/* out = a x + b y; out may be x or y. */
static inline void iteration_combine(const struct iteration *it, double a, const void *x, double b, const void *y,
				     void *out)
{
	if (it->n > ITERATION_SHORT) {
		it->call->combine(it, a, x, b, y, out);
	} else if (it->dtype == DTYPE_FLOAT64) {
		for (size_t i = 0; i < it->n; i++) {
			((double *)out)[i] = a * ((const double *)x)[i] + b * ((const double *)y)[i];
		}
	} else {
		const float wide = (float)a, other = (float)b;
		for (size_t i = 0; i < it->n; i++) {
			((float *)out)[i] = wide * ((const float *)x)[i] + other * ((const float *)y)[i];
		}
	}
}

/* max |v_i|; NAN when any is not a number. */
static inline double iteration_largest(const struct iteration *it, const void *v)
{
	return it->call->largest(it, v);
}

/* sum |v_i|, in double. */
static inline double iteration_sum_sizes(const struct iteration *it, const void *v)
{
	return it->call->sum_sizes(it, v);
}

/* The residual of a row at a point and its derivatives [n] there: f less `beside` is in proportion to the sum of their
 * squares. Only with NEEDS_SQUARES. */
static inline enum status iteration_residual(struct iteration *it, const void *point, size_t row, double *r,
					     void *gradient)
{
	return it->call->residual(it, point, row, r, gradient);
}

/* x becomes `next` [n] (NULL: it stays). f (NAN) and gradient (NULL) there, where they are known; all three borrowed
 * until iterate returns. alpha: the step length that the curve shows. */
static inline void iteration_accept(struct iteration *it, const void *next, double f, const void *gradient,
				    double alpha)
{
	it->next = next;
	it->next_f = f;
	it->next_g = gradient;
	it->alpha = alpha;
}

#endif
