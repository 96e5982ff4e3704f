/*
 * A step that meets the strong Wolfe conditions: a bracket by extrapolation, then a zoom into it.
 *
 * Source: Nocedal and Wright 2006, algorithms 3.5 and 3.6, every trial at the minimum of the cubic through the values
 * and slopes of two places (equation 3.59). Safeguards as in Schmidt's minFunc (2005), which torch.optim.LBFGS follows
 * too: an extrapolation goes at least 1 % beyond the last trial and at most to 10 times it; a trial within a tenth of
 * the bracket from its end is moved to that tenth when it is the second such in a row.
 * Deviation: where rounding hides what a step may gain, slopes alone decide: the second condition at a place no higher
 * than f + noise (much as the approximate Wolfe conditions of Hager and Zhang 2005).
 */
#include <float.h>

#include "core/search/line.h"

/* A zoom bisects from this trial on: interpolation far beyond a minimum creeps. */
enum { PATIENCE = 10 };

struct search {
	const struct line *line;
	const struct wolfe *wolfe;
	double noise;
	unsigned tried;
};

static double clamp(double t, double low, double high)
{
	return t < low ? low : t > high ? high : t;
}

/* Where the cubic through (a.t, a.f, a.slope) and (b.t, b.f, b.slope) is least, within [low, high]; the middle where
 * it has no minimum. */
static double cubic_minimum(const struct place *a, const struct place *b, double low, double high)
{
	if (a->t > b->t) {
		const struct place *swap = a;
		a = b;
		b = swap;
	}
	const double d1 = a->slope + b->slope - 3 * (a->f - b->f) / (a->t - b->t);
	const double square = d1 * d1 - a->slope * b->slope;
	const double d2 = sqrt(square);
	const double t = b->t - (b->t - a->t) * ((b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2));
	return isfinite(t) ? clamp(t, low, high) : (low + high) / 2;
}

static bool low_enough(const struct search *search, const struct place *trial)
{
	return trial->f <= search->line->iteration->f + search->wolfe->c1 * trial->t * search->line->slope;
}

static bool flat_enough(const struct search *search, const struct place *trial)
{
	return fabs(trial->slope) <= -search->wolfe->c2 * search->line->slope;
}

/* Both conditions, or the second where the first is below rounding. */
static bool good(const struct search *search, const struct place *trial)
{
	const double gain = -search->wolfe->c1 * trial->t * search->line->slope;
	return flat_enough(search, trial) &&
	       (low_enough(search, trial) ||
		(gain <= search->noise && trial->f <= search->line->iteration->f + search->noise));
}

/* Two places that have a good one between them, by going outwards; or *found. */
static enum status bracket(struct search *search, struct place *low, struct place *high, bool *found)
{
	const struct line *line = search->line;
	struct place before = { .t = 0, .f = line->iteration->f, .slope = line->slope }, now;
	const double most = search->wolfe->most > 0 ? search->wolfe->most : (double)INFINITY;
	double t = fmin(search->wolfe->first, most);

	for (;;) {
		void *room = before.gradient == line->gradient[0] ? line->gradient[1] : line->gradient[0];
		const enum status status = line_try(line, t, room, &now);
		if (status != OK) {
			return status;
		}
		search->tried++;
		*found = good(search, &now);
		const bool over = !low_enough(search, &now) || (search->tried > 2 && !(now.f < before.f));
		if (*found || over || !(now.slope < 0) || search->tried >= search->wolfe->trials) {
			break;
		}
		if (now.t >= most) {
			*found = true; /* still falling where the line ends */
			break;
		}
		t = fmin(cubic_minimum(&before, &now, now.t + 0.01 * (now.t - before.t), 10 * now.t), most);
		before = now;
	}
	const bool fell = now.f < before.f && low_enough(search, &now);
	*low = *found || fell ? now : before;
	*high = *found || fell ? before : now;
	return OK;
}

/* The next trial within the bracket; *near: the last one lay near its end. */
static double inside(const struct place *low, const struct place *high, bool *near)
{
	const double left = fmin(low->t, high->t), right = fmax(low->t, high->t), margin = 0.1 * (right - left);
	double t = cubic_minimum(low, high, left, right);

	if (fmin(right - t, t - left) >= margin) {
		*near = false;
	} else if (*near || t >= right || t <= left) {
		t = right - t < t - left ? right - margin : left + margin;
		*near = false;
	} else {
		*near = true;
	}
	return t;
}

/* Shrinks the bracket, `low` being the lowest that is low enough, until a trial is good. */
static enum status zoom(struct search *search, struct place *low, struct place *high)
{
	const struct line *line = search->line;
	const double least = search->wolfe->least > 0
				     ? search->wolfe->least / iteration_largest(line->iteration, line->direction)
				     : 0;
	bool near = false;

	while (search->tried < search->wolfe->trials) {
		const double width = fabs(high->t - low->t);
		if (width < least || width <= DBL_EPSILON * fmax(high->t, low->t)) {
			break;
		}
		void *room = low->gradient == line->gradient[0] ? line->gradient[1] : line->gradient[0];
		struct place now;
		const enum status status = line_try(
			line, search->tried < PATIENCE ? inside(low, high, &near) : (low->t + high->t) / 2, room, &now);
		if (status != OK) {
			return status;
		}
		search->tried++;
		if (good(search, &now)) {
			*low = now;
			break;
		}
		if (!low_enough(search, &now) || !(now.f < low->f)) {
			*high = now;
			continue;
		}
		if (now.slope * (high->t - low->t) >= 0) {
			*high = *low;
		}
		*low = now;
	}
	return OK;
}

/* Where values tell nothing: the second condition between slopes of either sign, by secants. */
static enum status by_slopes(struct search *search, struct place *out)
{
	const struct line *line = search->line;
	const double limit = line->iteration->f + search->noise;
	const double most = search->wolfe->most > 0 ? search->wolfe->most : (double)INFINITY;
	struct place low = { .t = 0, .f = line->iteration->f, .slope = line->slope }, high = { .t = INFINITY }, now;
	double t = search->wolfe->first;

	*out = low;
	for (unsigned k = 0; k < search->wolfe->trials; k++) {
		const enum status status = line_try(line, t, line->gradient[0], &now);
		if (status != OK) {
			return status;
		}
		search->tried++;
		if (now.f <= limit && (flat_enough(search, &now) || (now.slope < 0 && now.t >= most))) {
			*out = now;
			break;
		}
		const double secant = now.t - now.slope * (now.t - low.t) / (now.slope - low.slope);
		if (now.f <= limit && now.slope < 0) {
			low = now;
		} else {
			high = now;
		}
		const double left = low.t + 0.01 * (now.t - low.t), right = fmin(fmin(high.t, most), 10 * now.t);
		t = secant > fmin(left, right) && secant < right ? secant : right >= most ? most : (low.t + right) / 2;
		if (!(t > low.t) || !(t < high.t)) {
			break;
		}
	}
	return OK;
}

enum status search_wolfe(const struct line *line, const struct wolfe *wolfe, struct place *out, unsigned *trials)
{
	struct search search = { line, wolfe, line_noise(line), 0 };
	const bool blurred = wolfe->slopes || -line->slope * wolfe->first <= search.noise;
	enum status status = OK;
	struct place high;
	bool found = false;

	if (!blurred) {
		status = bracket(&search, out, &high, &found);
	}
	if (status == OK && !blurred && !found) {
		status = zoom(&search, out, &high);
	}
	if (status == OK && (blurred || (!found && !(out->f < line->iteration->f) && !good(&search, out)))) {
		status = by_slopes(&search, out);
	}
	*trials = search.tried;
	return status;
}
