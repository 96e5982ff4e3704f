/*
 * steepest_descent: straight down, as far as a line search says.
 *
 *   x = x - alpha g,    g = grad f(x)
 *
 *   exact          alpha = argmin f(x - alpha g): g'g / (g'H g) on quadratics, by Brent's method otherwise
 *   armijo         the first of initial_step backtrack^k with f(x - alpha g) <= f(x) - c1 alpha g'g
 *   strong_wolfe   f(x - alpha g) <= f(x) - c1 alpha g'g and |g(x - alpha g)'g| <= c2 g'g
 *
 * With l1, armijo alone: x = the soft threshold of x - alpha g at alpha l1, accepted where f falls by c1 |dx|^2 /
 * alpha. Scalars: the last alpha, where exact and strong_wolfe begin the next time; 0: none yet.
 */
#include "core/optim/corner.h"
#include "core/optim/line_settings.h"

enum { EXACT, ARMIJO, STRONG_WOLFE };
static const char *const searches[] = { "exact", "armijo", "strong_wolfe", NULL };

enum { SET_LINE_SEARCH, SET_INITIAL_STEP, SET_BACKTRACK, SET_C1, SET_C2 };
static const struct setting settings[] = {
	[SET_LINE_SEARCH] = { .name = "line_search",
			      .kind = SETTING_CHOICE,
			      .preset = ARMIJO,
			      .choices = searches,
			      .doc = "How the step length is found." },
	[SET_INITIAL_STEP] =
		SETTING_STEP("initial_step", 1, "First trial of armijo in every step, of the others in the first."),
	[SET_BACKTRACK] = { .name = "backtrack",
			    .kind = SETTING_REAL,
			    .preset = 0.5,
			    .minimum = 0,
			    .maximum = 1,
			    .open_minimum = true,
			    .open_maximum = true,
			    .doc = "armijo: factor from one trial to the next." },
	[SET_C1] = SETTING_C1,
	[SET_C2] = SETTING_C2(0.9),
};

enum { LAST, SCALARS };
enum { DIRECTION, POINT, GRADIENT, OTHER_GRADIENT, SCRATCH };

/* alpha = t g'g / (g'g - g'g(x - t g)) for any t: of a quadratic g'H g is known from two gradients. t is such that
 * the trial is about as far away as x is large, so that rounding matters least. */
static enum status minimise_quadratic(const struct line *line, struct place *out)
{
	const struct iteration *it = line->iteration;
	const double size = sqrt(iteration_dot(it, it->x, it->x)), t = fmax(1, size) / it->norm;
	const enum status status = line_try(line, t, line->gradient[0], out);

	*out = (struct place){ .t = t * line->slope / (line->slope - out->slope), .f = NAN };
	if (!(out->t > 0) || !isfinite(out->t)) {
		out->t = INFINITY; /* no curvature: there is no minimum that way */
	}
	return status;
}

static enum status search(const struct optimizer *o, const struct line *line, struct place *out)
{
	const struct settings *s = &o->settings;
	const double first = o->scalar[LAST] > 0 ? o->scalar[LAST] : setting_at(s, SET_INITIAL_STEP);
	unsigned trials;

	switch ((int)setting_at(s, SET_LINE_SEARCH)) {
	case EXACT:
		return line->iteration->quadratic ? minimise_quadratic(line, out) : search_exact(line, first, out);
	case ARMIJO:
		return search_backtrack(line, setting_at(s, SET_INITIAL_STEP), setting_at(s, SET_BACKTRACK),
					setting_at(s, SET_C1), out);
	default:
		return search_wolfe(line,
				    &(struct wolfe){ .c1 = setting_at(s, SET_C1),
						     .c2 = setting_at(s, SET_C2),
						     .first = first,
						     .trials = LINE_TRIALS },
				    out, &trials);
	}
}

/* The step with l1. */
static enum status proximal_step(struct optimizer *o, struct iteration *it)
{
	const struct settings *s = &o->settings;
	const struct corner_search search = { .first = setting_at(s, SET_INITIAL_STEP),
					      .factor = setting_at(s, SET_BACKTRACK),
					      .share = setting_at(s, SET_C1),
					      .bound = it->f,
					      .point = o->scratch[POINT],
					      .change = o->scratch[DIRECTION] };
	double t, f;
	const enum status status = corner_step(o, it, &search, &t, &f);

	if (status == OK) {
		o->scalar[LAST] = t;
		iteration_accept(it, t > 0 ? search.point : NULL, t > 0 ? f : (double)NAN, NULL, t);
	}
	return status;
}

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	void *d = o->scratch[DIRECTION];
	const struct line line = { .iteration = it,
				   .direction = d,
				   .slope = -iteration_dot(it, it->g, it->clipped),
				   .point = o->scratch[POINT],
				   .gradient = { o->scratch[GRADIENT], o->scratch[OTHER_GRADIENT] } };
	struct place trial;

	if (it->l1 != NULL) {
		return proximal_step(o, it);
	}
	if (!(line.slope < 0)) {
		return OK;
	}
	iteration_combine(it, -1, it->clipped, 0, it->g, d);
	const enum status status = search(o, &line, &trial);
	if (status != OK) {
		return status;
	}
	line_accept(&line, &trial);
	o->scalar[LAST] = trial.t;
	return OK;
}

static enum status suits(const struct settings *s, const struct objective *objective, struct error *error)
{
	if (objective->l1 != NULL && setting_at(s, SET_LINE_SEARCH) != ARMIJO) {
		return error_set(error, E_INVALID,
				 "steepest_descent with l1 has proximal steps, which line_search armijo finds: along a "
				 "line of corners there is no slope for the others; use armijo, or coordinate_descent");
	}
	return OK;
}

const struct optimizer_type OPTIMIZER(steepest_descent) = {
	.name = "steepest_descent",
	.doc = "Straight down the gradient, as far as a line search says.",
	.source = "Cauchy 1847; Armijo 1966; Nocedal and Wright 2006, algorithm 3.1 and equation 3.26",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = no_slots,
	.scalars = SCALARS,
	.scratch = SCRATCH,
	.needs = needs_free_line,
	.check = check_wolfe,
	.suits = suits,
	.proximal = true,
	.iterate = iterate,
};
