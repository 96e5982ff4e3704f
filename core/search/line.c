#include "core/search/line.h"

#include <float.h>

/* Trials of a backtracking before it gives up: 0.9^500 is 1e-23. */
enum { BACKTRACK_TRIALS = 500 };

void line_place(const struct line *line, double t)
{
	const struct iteration *it = line->iteration;
	iteration_combine(it, 1, it->x, t, line->direction, line->point);
	for (size_t i = 0; line->boxed && i < it->n; i++) {
		if (it->dtype == DTYPE_FLOAT64) {
			double *x = line->point;
			x[i] = fmin(fmax(x[i], ((const double *)it->lower)[i]), ((const double *)it->upper)[i]);
		} else {
			float *x = line->point;
			x[i] = fminf(fmaxf(x[i], ((const float *)it->lower)[i]), ((const float *)it->upper)[i]);
		}
	}
}

enum status line_try(const struct line *line, double t, void *gradient, struct place *out)
{
	line_place(line, t);
	*out = (struct place){ .t = t, .slope = NAN, .gradient = gradient };
	const enum status status = iteration_evaluate(line->iteration, line->point, &out->f, gradient);
	if (status == OK && gradient != NULL) {
		out->slope = iteration_dot(line->iteration, gradient, line->direction);
	}
	return status;
}

void line_accept(const struct line *line, const struct place *trial)
{
	if (trial->t == 0) {
		iteration_accept(line->iteration, NULL, NAN, NULL, 0);
		return;
	}
	line_place(line, trial->t);
	iteration_accept(line->iteration, line->point, trial->f, trial->gradient, trial->t);
}

double line_noise(const struct line *line)
{
	const double unit = line->iteration->dtype == DTYPE_FLOAT64 ? DBL_EPSILON : (double)FLT_EPSILON;
	return 10 * unit * fabs(line->iteration->f);
}

enum status search_backtrack(const struct line *line, double first, double shrink, double c1, struct place *out)
{
	const double f = line->iteration->f;
	double t = first;

	for (unsigned k = 0; k < BACKTRACK_TRIALS && t > 0; k++, t *= shrink) {
		const enum status status = line_try(line, t, NULL, out);
		if (status != OK || out->f <= f + c1 * t * line->slope) {
			return status;
		}
	}
	*out = (struct place){ .t = 0, .f = f, .slope = line->slope };
	return OK;
}
