/*
 * Searches along a line: a step length t for x + t d, where d is a direction of descent.
 *
 *   phi(t) = f(x + t d)      slope(t) = phi'(t) = g(x + t d)'d
 *
 * They work on scratch that the optimizer lends and change nothing else. Values that are not finite count as too high:
 * a search comes back from there. Each ends after a bounded number of trials. Along a line where rounding hides every
 * decrease the result is t = 0.
 *
 * Errors: E_CANCELLED from an evaluation, nothing else.
 */
#ifndef CORE_SEARCH_LINE_H
#define CORE_SEARCH_LINE_H

#include <stdbool.h>

#include "core/optim/iteration.h"

struct line {
	struct iteration *iteration;
	const void *direction; /* d [n] */
	double slope;          /* g'd at x, < 0 */
	void *point;           /* [n] scratch: x + t d of the last trial */
	void *gradient[2];     /* [n] scratch, for searches that want slopes */
	bool boxed;            /* places are rounded into the iteration's box */
};

/* A place on the line. */
struct place {
	double t, f, slope; /* slope NAN: not wanted */
	void *gradient;     /* at it; NULL: not known, or t = 0 */
};

/* point = x + t d. */
void line_place(const struct line *line, double t);
/* f (and with gradient not NULL the slope and the gradient) at t, of which `point` is left. */
enum status line_try(const struct line *line, double t, void *gradient, struct place *out);
/* x moves to the trial's place (stays where t = 0); f and gradient there are handed on. */
void line_accept(const struct line *line, const struct place *trial);
/* What rounding may hide of f, near its value at x. */
double line_noise(const struct line *line);

/* The first of t = first, shrink first, shrink^2 first, ... with phi(t) <= phi(0) + c1 t slope(0). */
enum status search_backtrack(const struct line *line, double first, double shrink, double c1, struct place *out);

/* The strong Wolfe conditions: phi(t) <= phi(0) + c1 t slope(0), |slope(t)| <= c2 |slope(0)|; where no trial met both
 * the lowest that met the first. least: a bracket shorter than this (times the largest |d_i|) is given up; 0: none. */
struct wolfe {
	double c1, c2, first, least;
	unsigned trials; /* at most */
	bool slopes;     /* values are known to tell nothing here: slopes alone decide */
	double most;     /* no trial beyond; 0: no such limit. A step of this length needs the first condition only */
};
enum status search_wolfe(const struct line *line, const struct wolfe *wolfe, struct place *out, unsigned *trials);

/* A minimum of phi to rounding, from a first guess: slope(t) = 0. */
enum status search_exact(const struct line *line, double first, struct place *out);

#endif
