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

#include "core/optim/optimizer.h"

#define OPTIMIZER_SYMBOL_(name, isa) optimizer_##name##_##isa
#define OPTIMIZER_SYMBOL(name, isa)  OPTIMIZER_SYMBOL_(name, isa)

/* const struct optimizer_type OPTIMIZER(adam) = { ... }; */
#define OPTIMIZER(name) OPTIMIZER_SYMBOL(name, ISA)

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
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The chosen number at place `index` of the optimizer's own table of settings. */
static inline double setting_at(const struct settings *settings, size_t index)
{
	return settings->value[index].number;
}

#endif
