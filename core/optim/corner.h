/*
 * l1 for optimizers that evaluate for themselves: f has sum l1 |x|, gradients have not (iteration.h).
 *
 * Two ways past the corner at 0: the proximal step, x = the soft threshold of x - t g at t l1, its t found by trials of
 * f; and an orthant at a time, in which l1 is linear (OWL-QN). Serial loops: evaluations cost more.
 */
#ifndef CORE_OPTIM_CORNER_H
#define CORE_OPTIM_CORNER_H

#include <float.h>

#include "core/optim/define.h"
#include "core/optim/dense.h"
#include "core/optim/iteration.h"

enum { CORNER_TRIALS = 60 };

static inline double corner_cut(const struct iteration *it, size_t i, double v)
{
	return it->lower == NULL
		       ? v
		       : fmin(fmax(v, vector_get(it->dtype, it->lower, i)), vector_get(it->dtype, it->upper, i));
}

/* point [n] becomes its soft threshold at t l1, cut back to the box of x where there is one: in each component the
 * least of t l1 |v| + (v - point)^2 / 2. */
static inline void corner_shrink(const struct optimizer *o, const struct iteration *it, double t, void *point)
{
	for (size_t k = 0; k < o->tensors; k++) {
		const size_t begin = o->tensor[k].offset, end = begin + o->tensor[k].size;
		for (size_t i = begin; i < end; i++) {
			double v = vector_get(it->dtype, point, i);
			if (it->l1[k] != 0) {
				shrink_one_f64(&v, t, it->l1[k]);
			}
			vector_set(it->dtype, point, i, corner_cut(it, i, v));
		}
	}
}

/* A search of the length t of a proximal step along g. */
struct corner_search {
	double first, factor; /* t = first, first factor, first factor^2, ... */
	double share, bound;  /* accepted where f <= bound - share |dx|^2 / t, within rounding */
	void *point, *change; /* [n] each of scratch; point is the new x */
};

/* *t and *f of the first accepted step, *t = 0 where there is none. Sources: Beck and Teboulle 2009, section 3; Wright,
 * Nowak and Figueiredo 2009 (SpaRSA), equation 22. */
static inline enum status corner_step(const struct optimizer *o, struct iteration *it, const struct corner_search *s,
				      double *t, double *f)
{
	const double rounding = (it->dtype == DTYPE_FLOAT64 ? DBL_EPSILON : (double)FLT_EPSILON) * fabs(s->bound);

	*t = s->first;
	for (unsigned k = 0; k<CORNER_TRIALS && * t> 0; k++, *t *= s->factor) {
		iteration_combine(it, 1, it->x, -*t, it->clipped, s->point);
		corner_shrink(o, it, *t, s->point);
		iteration_combine(it, 1, s->point, -1, it->x, s->change);
		const double moved = iteration_dot(it, s->change, s->change);
		const enum status status = iteration_evaluate(it, s->point, f, NULL);
		if (status != OK) {
			return status;
		}
		if (*f <= s->bound + rounding - s->share * moved / *t) {
			return OK;
		}
	}
	*t = 0;
	return OK;
}

/* out = the shortest g + s with s in l1 d|x|: its negative is the steepest way down. Source: Andrew and Gao 2007,
 * equation 4. */
static inline void corner_slope(const struct optimizer *o, const struct iteration *it, const void *g, void *out)
{
	for (size_t k = 0; k < o->tensors; k++) {
		const size_t begin = o->tensor[k].offset, end = begin + o->tensor[k].size;
		const double l1 = it->l1[k];
		for (size_t i = begin; i < end; i++) {
			const double x = vector_get(it->dtype, it->x, i), slope = vector_get(it->dtype, g, i);
			const double s = x > 0          ? l1
					 : x < 0        ? -l1
					 : slope > l1   ? -l1
					 : slope < -l1  ? l1
					 : isnan(slope) ? 0
							: -slope;
			vector_set(it->dtype, out, i, slope + s);
		}
	}
}

/* d becomes 0 wherever l1 is and d does not go down p. Source: Andrew and Gao 2007, equation 5. */
static inline void corner_align(const struct optimizer *o, const struct iteration *it, const void *p, void *d)
{
	for (size_t k = 0; k < o->tensors; k++) {
		const size_t begin = o->tensor[k].offset, end = begin + o->tensor[k].size;
		for (size_t i = begin; i < end && it->l1[k] != 0; i++) {
			if (!(vector_get(it->dtype, d, i) * vector_get(it->dtype, p, i) < 0)) {
				vector_set(it->dtype, d, i, 0);
			}
		}
	}
}

/* point becomes 0 wherever l1 is and it left the orthant of x, at 0 that of -p. Source: as above, equation 6. */
static inline void corner_project(const struct optimizer *o, const struct iteration *it, const void *p, void *point)
{
	for (size_t k = 0; k < o->tensors; k++) {
		const size_t begin = o->tensor[k].offset, end = begin + o->tensor[k].size;
		for (size_t i = begin; i < end && it->l1[k] != 0; i++) {
			const double x = vector_get(it->dtype, it->x, i), v = vector_get(it->dtype, point, i);
			const double side = x != 0 ? x : -vector_get(it->dtype, p, i);
			if (!((v > 0 && side > 0) || (v < 0 && side < 0)) && !isnan(v)) {
				vector_set(it->dtype, point, i, 0);
			}
		}
	}
}

#endif
