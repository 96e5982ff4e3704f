/*
 * What every optimizer file needs: the name of its type record, one an instruction set, and the
 * settings that several optimizers share.
 *
 * An optimizer is one file that is compiled once an instruction set (-DISA=...), and that includes
 * itself twice, for float and for double: below `#ifdef REAL_IS_FLOAT` stands the arithmetic, which
 * reads like the paper's equation, after it the settings, coefficients and type record. Update loops
 * must vectorise, and give element i the same bits wherever a range is cut.
 */
#ifndef CORE_OPTIM_DEFINE_H
#define CORE_OPTIM_DEFINE_H

#include <math.h>

#include "core/kernels/isa/isa.h"
#include "core/optim/optimizer.h"

/* const struct optimizer_type OPTIMIZER(adam) = { ... }; */
#define OPTIMIZER(name) OF_ISA(optimizer_##name##_)

/* clang-format off */
#define SETTING_LEARNING_RATE(value)                                                            \
	{ .name = "learning_rate", .kind = SETTING_REAL, .preset = (value), .minimum = 0,        \
	  .maximum = INFINITY, .open_minimum = true, .open_maximum = true,                      \
	  .doc = "Length of a step, before the schedule." }
#define SETTING_MOMENTUM(value, text)                                                           \
	{ .name = "momentum", .kind = SETTING_REAL, .preset = (value), .minimum = 0,             \
	  .maximum = 1, .open_maximum = true, .doc = (text) }
#define SETTING_WEIGHT_DECAY                                                                    \
	{ .name = "weight_decay", .kind = SETTING_REAL, .preset = 0, .minimum = 0,               \
	  .maximum = INFINITY, .open_maximum = true,                                             \
	  .doc = "Coupled decay: weight_decay * x is added to the gradient." }
#define SETTING_DECOUPLED_DECAY(value)                                                          \
	{ .name = "weight_decay", .kind = SETTING_REAL, .preset = (value), .minimum = 0,         \
	  .maximum = INFINITY, .open_maximum = true,                                             \
	  .doc = "Decoupled decay: x shrinks by the factor 1 - learning_rate * weight_decay." }
#define SETTING_EPS(value, text)                                                                \
	{ .name = "eps", .kind = SETTING_REAL, .preset = (value), .minimum = 0,                  \
	  .maximum = INFINITY, .open_maximum = true, .doc = (text) }
#define SETTING_BETAS(values, text)                                                             \
	{ .name = "betas", .kind = SETTING_VECTOR, .length = 2, .preset_values = (values),       \
	  .minimum = 0, .maximum = 1, .open_maximum = true, .doc = (text) }
/* A number with no upper bound. */
#define SETTING_FROM_0(word, value, text)                                                       \
	{ .name = (word), .kind = SETTING_REAL, .preset = (value), .minimum = 0,                 \
	  .maximum = INFINITY, .open_maximum = true, .doc = (text) }
#define SETTING_ABOVE_0(word, value, text)                                                      \
	{ .name = (word), .kind = SETTING_REAL, .preset = (value), .minimum = 0,                 \
	  .open_minimum = true, .maximum = INFINITY, .open_maximum = true, .doc = (text) }
#define SETTING_SHARE(word, value, text)                                                        \
	{ .name = (word), .kind = SETTING_REAL, .preset = (value), .minimum = 0,                 \
	  .maximum = 1, .open_maximum = true, .doc = (text) }
#define SETTING_FLAG(word, value, text)                                                         \
	{ .name = (word), .kind = SETTING_BOOL, .preset = (value), .doc = (text) }
#define SETTING_D0(value)                                                                       \
	SETTING_ABOVE_0("d0", value, "First estimate of the distance to the minimum; better too small than too large.")
#define SETTING_GROWTH_RATE                                                                     \
	{ .name = "growth_rate", .kind = SETTING_REAL, .nullable = true, .preset = NAN,          \
	  .minimum = 1, .maximum = INFINITY, .open_maximum = true,                              \
	  .doc = "Largest factor by which the estimate grows in an update; null: no limit." }
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* Numbers that a pass works on at once where it needs a buffer on the stack. */
enum { BLOCK = 1024 };

/* The chosen number at place `index` of the optimizer's own table of settings. */
static inline double setting_at(const struct settings *settings, size_t index)
{
	return settings->value[index].number;
}

/* x = y - h s with s in l1 d|x|, y being x as it stands: the soft threshold of y at h l1. Returns s. h: how far x moves
 * for a gradient of 1. Source: Parikh and Boyd 2014, section 6.5.2; with a rate for each component Duchi et al. 2011,
 * section 5.1; with a memory of gradients Yun, Lozano and Yang 2021 (ProxGen). */
static inline float shrink_one_f32(float *x, float h, float l1)
{
	const float y = *x, t = h * l1;
	if (!(h > 0)) {
		return 0;
	}
	*x = y > t ? y - t : y < -t ? y + t : y - y; /* a NaN stays one */
	return *x > 0 ? l1 : *x < 0 ? -l1 : y / h;
}
static inline double shrink_one_f64(double *x, double h, double l1)
{
	const double y = *x, t = h * l1;
	if (!(h > 0)) {
		return 0;
	}
	*x = y > t ? y - t : y < -t ? y + t : y - y;
	return *x > 0 ? l1 : *x < 0 ? -l1 : y / h;
}

/* *c = 1 - beta^t from *c = 1 - beta^(t-1): the mean's own recursion with every gradient 1. No power, nothing that
 * becomes denormal. */
static inline double bias_correction(double *c, double beta)
{
	*c = beta * *c + (1 - beta);
	return *c;
}

/* *d = max(*d, min(found, *d growth)); growth NAN: no limit. */
static inline void grow_distance(double *d, double found, double growth)
{
	const double limit = isnan(growth) ? (double)INFINITY : *d * growth;
	*d = fmax(*d, fmin(found, limit));
}

/* The schedule's factor on the rate in this update. `rate` is the place of learning_rate. */
static inline double schedule_factor(const struct optimizer *o, const struct step *step, size_t rate)
{
	return step->learning_rate / setting_at(&o->settings, rate);
}

#endif
