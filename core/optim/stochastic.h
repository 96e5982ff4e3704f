/* What svrg and saga share: their learning rate where the job gives none, the proximal step, refusals. */
#ifndef CORE_OPTIM_STOCHASTIC_H
#define CORE_OPTIM_STOCHASTIC_H

#include "core/linear/table.h"
#include "core/optim/line_settings.h"

/* clang-format off */
#define SETTING_OWN_RATE(text)                                                                  \
	{ .name = "learning_rate", .kind = SETTING_REAL, .nullable = true, .preset = NAN,        \
	  .minimum = 0, .maximum = INFINITY, .open_minimum = true, .open_maximum = true,        \
	  .doc = (text) }
/* clang-format on */

static inline double vector_get(const struct iteration *it, const void *v, size_t i)
{
	return it->dtype == DTYPE_FLOAT64 ? ((const double *)v)[i] : (double)((const float *)v)[i];
}

static inline void vector_set(const struct iteration *it, void *v, size_t i, double number)
{
	if (it->dtype == DTYPE_FLOAT64) {
		((double *)v)[i] = number;
	} else {
		((float *)v)[i] = (float)number;
	}
}

/* next_j = the soft threshold of x_j - lr v_j at lr l1. */
static inline void proximal_set(const struct iteration *it, double lr, size_t j, double v, void *next)
{
	const struct linear_form *form = it->linear->form;
	const double l1 = it->sign > 0 ? linear_l1(form, j / form->outputs) : 0;
	double to = vector_get(it, it->x, j) - lr * v;
	if (l1 != 0) {
		shrink_one_f64(&to, lr, l1);
	}
	vector_set(it, next, j, to);
}

/* suits() of `name`, whose setting 0 is the learning rate. */
static inline enum status suits_rows(const char *name, const struct settings *settings, const struct linear_form *form,
				     struct error *error)
{
	if (form->loss.derive == NULL) {
		return error_set(error, E_INVALID,
				 "%s is for linear models, whose rows' gradients are a few numbers each: use adam or "
				 "sgd for a network or an expression",
				 name);
	}
	if (form->loss.kinked) {
		return error_set(
			error, E_INVALID,
			"%s needs gradients that do not jump, and this loss has corners: use sgd or adam, or a "
			"smooth loss (squared_hinge, huber)",
			name);
	}
	if (isinf(form->loss.steepest) && isnan(setting_at(settings, 0))) {
		return error_set(error, E_INVALID,
				 "%s finds its learning rate from a bound of the loss's second derivative, and this "
				 "loss has none: give optimizer.learning_rate, or use newton",
				 name);
	}
	return OK;
}

/* The rate of this update; found: what stands for the setting where that is null. */
static inline double rate_now(const struct optimizer *o, const struct iteration *it, double found)
{
	return isnan(setting_at(&o->settings, 0)) ? it->learning_rate * found : it->learning_rate;
}

#endif
