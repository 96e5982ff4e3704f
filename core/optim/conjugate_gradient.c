/*
 * conjugate_gradient: directions that keep what earlier steps have minimised.
 *
 *   d = -g + beta d          (-g in the first step and at a restart)
 *   x = x + alpha d          alpha by a strong Wolfe search; linear: alpha = -g'd / d'A d, exact on quadratics
 *
 *   linear, fletcher_reeves    beta = g+'g+ / g'g
 *   polak_ribiere_plus         beta = max(0, g+'(g+ - g) / g'g)
 *   hestenes_stiefel           beta = g+'(g+ - g) / d'(g+ - g)
 *   dai_yuan                   beta = g+'g+ / d'(g+ - g)
 *
 * g+ is the gradient at the new x. A restart: every restart_every steps, where d does not descend (g'd >= 0), and
 * where the search along d finds no step. Slots: d. Scalars: beta for the next d, steps since a restart (0: restart),
 * alpha g'd of the last step, from which the first trial of the next is guessed (Nocedal and Wright, equation 3.60).
 */
#include "core/optim/line_settings.h"

enum { LINEAR, FLETCHER_REEVES, POLAK_RIBIERE_PLUS, HESTENES_STIEFEL, DAI_YUAN };
static const char *const variants[] = { "linear",           "fletcher_reeves", "polak_ribiere_plus",
					"hestenes_stiefel", "dai_yuan",        NULL };

enum { SET_VARIANT, SET_C1, SET_C2, SET_RESTART_EVERY, SET_TOLERANCE_GRAD };
static const struct setting settings[] = {
	[SET_VARIANT] = { .name = "variant",
			  .kind = SETTING_CHOICE,
			  .preset = POLAK_RIBIERE_PLUS,
			  .choices = variants,
			  .doc = "Formula of beta; linear is for quadratic objectives, with exact steps." },
	[SET_C1] = SETTING_C1,
	[SET_C2] = SETTING_C2(0.1),
	[SET_RESTART_EVERY] = { .name = "restart_every",
				.kind = SETTING_INTEGER,
				.nullable = true,
				.preset = NAN,
				.minimum = 1,
				.maximum = 9007199254740991,
				.doc = "Steps from one restart to the next; null: as many as there are parameters." },
	[SET_TOLERANCE_GRAD] =
		SETTING_TOLERANCE_GRAD(0, "Where no component of the gradient is larger, searches go by slopes "
					  "alone, which rounding spoils later than values."),
};

enum { BETA, COUNT, STEP_SLOPE, SCALARS };
enum { DIRECTION, POINT, GRADIENT, OTHER_GRADIENT, SCRATCH };

static size_t slots(const struct settings *s)
{
	(void)s;
	return 1;
}

static unsigned needs(const struct settings *s)
{
	return NEEDS_FULL_BATCH | NEEDS_NO_BOUNDS |
	       (setting_at(s, SET_VARIANT) == LINEAR ? (unsigned)NEEDS_QUADRATIC : 0u);
}

/* d = -g + beta d, or -g where `fresh`; its slope. */
static double direct(const struct optimizer *o, const struct iteration *it, bool fresh, void *d)
{
	iteration_combine(it, -1, it->clipped, fresh ? 0 : o->scalar[BETA], fresh ? it->clipped : o->slot[0], d);
	return iteration_dot(it, it->g, d);
}

static double beta_of(const struct optimizer *o, const struct iteration *it, const void *d, const void *next)
{
	const double old = iteration_dot(it, it->g, it->g), new = iteration_dot(it, next, next);
	const double cross = iteration_dot(it, next, it->g);
	const double turn = iteration_dot(it, d, next) - iteration_dot(it, d, it->g); /* d'(g+ - g) */

	switch ((int)setting_at(&o->settings, SET_VARIANT)) {
	case POLAK_RIBIERE_PLUS:
		return fmax(0, (new - cross) / old);
	case HESTENES_STIEFEL:
		return (new - cross) / turn;
	case DAI_YUAN:
		return new / turn;
	default:
		return new / old;
	}
}

/* The exact step on a quadratic, from the gradient at one more place: A d = (g(x + t d) - g) / t for any t. t is such
 * that x + t d is about as far away as x is large, so that rounding matters least. *beta for the next d. */
static enum status step_exactly(const struct line *line, double *beta, struct place *out)
{
	const struct iteration *it = line->iteration;
	const double size = sqrt(iteration_dot(it, it->x, it->x));
	const double t = fmax(1, size) / sqrt(iteration_dot(it, line->direction, line->direction));
	void *change = line->gradient[1];
	struct place far;

	const enum status status = line_try(line, t, line->gradient[0], &far);
	if (status != OK) {
		return status;
	}
	iteration_combine(it, 1, far.gradient, -1, it->g, change);
	const double bend = iteration_dot(it, line->direction, change); /* t d'A d */
	const double alpha = -t * line->slope / bend;
	*out = (struct place){ .t = alpha > 0 && isfinite(alpha) ? alpha : (double)INFINITY, .f = NAN };
	iteration_combine(it, 1, it->g, alpha / t, change, change); /* g+ */
	*beta = iteration_dot(it, change, change) / iteration_dot(it, it->g, it->g);
	return OK;
}

static enum status search(const struct optimizer *o, const struct line *line, double *beta, struct place *out)
{
	const struct settings *s = &o->settings;
	const struct iteration *it = line->iteration;
	const double last = o->scalar[STEP_SLOPE];
	unsigned trials;

	if (setting_at(s, SET_VARIANT) == LINEAR) {
		return step_exactly(line, beta, out);
	}
	const double first = last < 0 ? last / line->slope : fmin(1, 1 / iteration_sum_sizes(it, it->g));
	const struct wolfe wolfe = { .c1 = setting_at(s, SET_C1),
				     .c2 = setting_at(s, SET_C2),
				     .first = first,
				     .slopes = is_flat(it, setting_at(s, SET_TOLERANCE_GRAD)),
				     .trials = LINE_TRIALS };
	const enum status status = search_wolfe(line, &wolfe, out, &trials);
	if (status == OK && out->t > 0) {
		*beta = beta_of(o, it, line->direction, out->gradient);
	}
	return status;
}

static enum status iterate(struct optimizer *o, struct iteration *it)
{
	const double every = setting_at(&o->settings, SET_RESTART_EVERY);
	const double cycle = isnan(every) ? (double)it->n : every;
	bool fresh = o->scalar[COUNT] == 0 || o->scalar[COUNT] >= cycle;
	struct line line = { .iteration = it,
			     .direction = o->scratch[DIRECTION],
			     .point = o->scratch[POINT],
			     .gradient = { o->scratch[GRADIENT], o->scratch[OTHER_GRADIENT] } };
	struct place trial = { .t = 0 };
	double beta = 0;

	for (;;) {
		line.slope = direct(o, it, fresh, o->scratch[DIRECTION]);
		if (line.slope < 0) {
			const enum status status = search(o, &line, &beta, &trial);
			if (status != OK) {
				return status;
			}
		}
		if (trial.t > 0 || fresh) {
			break;
		}
		fresh = true;
	}
	line_accept(&line, &trial);
	iteration_combine(it, 1, line.direction, 0, line.direction, o->slot[0]);
	o->scalar[BETA] = beta;
	o->scalar[COUNT] = trial.t > 0 && isfinite(beta) ? (fresh ? 1 : o->scalar[COUNT] + 1) : 0;
	o->scalar[STEP_SLOPE] = isfinite(trial.t) ? trial.t * line.slope : 0;
	return OK;
}

const struct optimizer_type OPTIMIZER(conjugate_gradient) = {
	.name = "conjugate_gradient",
	.doc = "Conjugate directions by a strong Wolfe search; exact steps on quadratics with the linear variant.",
	.source = "Hestenes and Stiefel 1952; Fletcher and Reeves 1964; Polak and Ribiere 1969; Dai and Yuan 1999; "
		  "Nocedal and Wright 2006, algorithms 5.2 and 5.4",
	.settings = settings,
	.setting_count = COUNT_OF(settings),
	.slots = slots,
	.scalars = SCALARS,
	.scratch = SCRATCH,
	.needs = needs,
	.check = check_wolfe,
	.iterate = iterate,
	.no_l1 = "its directions are conjugate for a smooth function only",
};
