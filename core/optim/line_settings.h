/* The settings that optimizers with a line search share. */
#ifndef CORE_OPTIM_LINE_SETTINGS_H
#define CORE_OPTIM_LINE_SETTINGS_H

#include "core/optim/define.h"
#include "core/search/line.h"

/* Trials of a strong Wolfe search, as torch.optim.LBFGS has them. */
enum { LINE_TRIALS = 25 };

/* clang-format off */
#define SETTING_STEP(word, value, text)                                                         \
	{ .name = (word), .kind = SETTING_REAL, .preset = (value), .minimum = 0,                 \
	  .maximum = INFINITY, .open_minimum = true, .open_maximum = true, .doc = (text) }
#define SETTING_C1                                                                              \
	{ .name = "c1", .kind = SETTING_REAL, .preset = 1e-4, .minimum = 0, .maximum = 1,        \
	  .open_minimum = true, .open_maximum = true,                                           \
	  .doc = "Share of the predicted decrease that a step must reach." }
#define SETTING_C2(value)                                                                       \
	{ .name = "c2", .kind = SETTING_REAL, .preset = (value), .minimum = 0, .maximum = 1,     \
	  .open_minimum = true, .open_maximum = true,                                           \
	  .doc = "strong_wolfe: share of the slope that may be left at the end of a step; more than c1." }
#define SETTING_TOLERANCE_GRAD(value, text)                                                           \
	{ .name = "tolerance_grad", .kind = SETTING_REAL, .preset = (value), .minimum = 0,       \
	  .maximum = INFINITY, .open_maximum = true, .doc = (text) }
/* clang-format on */

/* check() of an optimizer with both: c1 < c2. */
static inline enum status check_wolfe(const struct settings *settings, const char **setting, struct error *error)
{
	if (settings_number(settings, "c1") < settings_number(settings, "c2")) {
		return OK;
	}
	*setting = "c2";
	return error_set(error, E_RANGE, "c2 must be greater than c1, or no step may meet both conditions");
}

static inline unsigned needs_full_batch(const struct settings *settings)
{
	(void)settings;
	return NEEDS_FULL_BATCH;
}

/* Of a search along an unbounded line. */
static inline unsigned needs_free_line(const struct settings *settings)
{
	(void)settings;
	return NEEDS_FULL_BATCH | NEEDS_NO_BOUNDS;
}

static inline size_t no_slots(const struct settings *settings)
{
	(void)settings;
	return 0;
}

/* max |g_i| <= tolerance. */
static inline bool is_flat(const struct iteration *it, double tolerance)
{
	return it->norm == 0 || (tolerance > 0 && iteration_largest(it, it->g) <= tolerance);
}

/* x moves along p by a strong Wolfe search from t = 1 with the settings c1 and c2; along -g where p does not descend.
 */
static inline enum status newton_step(struct optimizer *o, struct iteration *it, void *p, void *point,
				      void *gradient[2])
{
	const struct wolfe wolfe = { .c1 = settings_number(&o->settings, "c1"),
				     .c2 = settings_number(&o->settings, "c2"),
				     .first = 1,
				     .trials = LINE_TRIALS };
	struct line line = { .iteration = it,
			     .direction = p,
			     .slope = iteration_dot(it, it->g, p),
			     .point = point,
			     .gradient = { gradient[0], gradient[1] } };
	struct place place;
	unsigned trials;

	if (!(line.slope < 0) || !isfinite(line.slope)) {
		iteration_combine(it, -1, it->clipped, 0, it->clipped, p);
		line.slope = iteration_dot(it, it->g, p);
	}
	const enum status status = search_wolfe(&line, &wolfe, &place, &trials);
	if (status == OK) {
		line_accept(&line, &place);
	}
	return status;
}

/* x = x - alpha g (clipped) by `point` [n] of scratch; alpha 0: x stays. */
static inline void descend(struct iteration *it, double alpha, void *point)
{
	if (alpha == 0) {
		iteration_accept(it, NULL, NAN, NULL, alpha);
		return;
	}
	iteration_combine(it, 1, it->x, -alpha, it->clipped, point);
	iteration_accept(it, point, NAN, NULL, alpha);
}

#endif
