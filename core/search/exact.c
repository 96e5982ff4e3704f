/*
 * The step that minimises phi: a zero of its slope, from below to above.
 *
 * A place with slope < 0 (`low`, at first t = 0) and one beyond the minimum (`high`) are found by going outwards; then
 * the zero between them. Source: Brent 1973, Algorithms for minimization without derivatives, chapter 4 (zero finding:
 * inverse quadratic interpolation and secant, bisection where these are slow). Slopes are at hand with every gradient,
 * and a zero of them is known to rounding, where a minimum found from values is known to half as many digits.
 */
#include <float.h>

#include "core/search/line.h"

enum { TRIALS = 100 };
/* The slope counts as zero below this share of the first one. */
static const double flat = 1e-10;

struct zero {
	const struct line *line;
	unsigned tried;
};

/* Flat, and not only because it is far away: f has fallen, or rounding hides whether it has. */
static bool arrived(const struct line *line, const struct place *place)
{
	const double gain = -1e-4 * place->t * line->slope, f = line->iteration->f;
	return fabs(place->slope) <= flat * fabs(line->slope) && (gain <= line_noise(line) || place->f <= f - gain);
}

static enum status try(struct zero *zero, double t, struct place *out)
{
	zero->tried++;
	return line_try(zero->line, t, zero->line->gradient[0], out);
}

static bool beyond(const struct line *line, const struct place *trial)
{
	return !(trial->slope < 0) || !(trial->f <= line->iteration->f + line_noise(line));
}

/* A low and a high that have the zero between them, the high one with a slope. */
static enum status enclose(struct zero *zero, double first, struct place *low, struct place *high)
{
	struct place now;
	bool over = false;
	double t = first;

	*low = (struct place){ .t = 0, .f = zero->line->iteration->f, .slope = zero->line->slope };
	*high = *low;
	while (zero->tried < TRIALS) {
		const enum status status = try(zero, t, &now);
		if (status != OK) {
			return status;
		}
		if (beyond(zero->line, &now)) {
			over = true;
			*high = now;
			const bool far = now.slope <= flat * -zero->line->slope && !arrived(zero->line, &now);
			if (now.slope >= 0 && isfinite(now.slope) && !far) {
				break;
			}
		} else {
			*low = now;
		}
		t = over ? low->t + (high->t - low->t) / 4 : 4 * t;
	}
	return OK;
}

/* The next place by interpolation through a, b and c (Brent's p/q), or the middle of b and c. `step`: the last two
 * moves of b. */
static double next_place(const struct place *a, const struct place *b, const struct place *c, double tolerance,
			 double step[2])
{
	const double middle = 0.5 * (c->t - b->t);
	double p = 0, q = 0;

	if (fabs(step[0]) >= tolerance && fabs(a->slope) > fabs(b->slope)) {
		const double s = b->slope / a->slope;
		if (a->t == c->t) {
			p = 2 * middle * s;
			q = 1 - s;
		} else {
			const double u = a->slope / c->slope, r = b->slope / c->slope;
			p = s * (2 * middle * u * (u - r) - (b->t - a->t) * (r - 1));
			q = (u - 1) * (r - 1) * (s - 1);
		}
		q = p > 0 ? -q : q;
		p = fabs(p);
	}
	const bool taken = q != 0 && 2 * p < fmin(3 * middle * q - fabs(tolerance * q), fabs(step[0] * q));
	step[0] = taken ? step[1] : middle;
	step[1] = taken ? p / q : middle;
	if (fabs(step[1]) > tolerance) {
		return b->t + step[1];
	}
	return b->t + (middle > 0 ? tolerance : -tolerance);
}

/* b: the place with the smallest slope so far; a: the one before; c: on the other side of the zero. */
static enum status close_in(struct zero *zero, struct place a, struct place b, struct place *out)
{

	struct place c = a;
	double step[2] = { b.t - a.t, b.t - a.t };

	while (zero->tried < TRIALS) {
		if (fabs(c.slope) < fabs(b.slope)) {
			a = b;
			b = c;
			c = a;
		}
		const double tolerance = 2 * DBL_EPSILON * fabs(b.t);
		if (arrived(zero->line, &b) || fabs(c.t - b.t) <= 2 * tolerance) {
			break;
		}
		const double t = next_place(&a, &b, &c, tolerance, step);
		a = b;
		const enum status status = try(zero, t, &b);
		if (status != OK) {
			return status;
		}
		if (!isfinite(b.slope)) { /* a wall within the bracket: stay on this side */
			b = a;
			break;
		}
		if ((b.slope < 0) == (c.slope < 0)) {
			c = a;
			step[0] = step[1] = b.t - a.t;
		}
	}
	*out = b;
	return OK;
}

enum status search_exact(const struct line *line, double first, struct place *out)
{
	struct zero zero = { line, 0 };
	struct place low, high;

	enum status status = enclose(&zero, first, &low, &high);
	if (status != OK) {
		return status;
	}
	*out = low;
	if (high.slope >= 0 && isfinite(high.slope)) {
		status = close_in(&zero, low, high, out);
	}
	if (status != OK) {
		return status;
	}
	out->gradient = NULL; /* it may be that of another trial */
	if (out->t > 0 && !(out->f <= line->iteration->f + line_noise(line))) {
		return search_backtrack(line, out->t, 0.5, 1e-4, out);
	}
	return OK;
}
