/* What solvers of linear models say to what they cannot do. */
#include "core/linear/linear.h"

enum status linear_smooth(const char *name, const struct linear_form *form, struct error *error)
{
	if (form->loss.derive == NULL) {
		return OK;
	}
	if (form->l1 != 0) {
		return error_set(error, E_INVALID,
				 "%s needs second derivatives, and l1 has a corner at 0: use coordinate_descent, fista "
				 "or saga, which give exact zeros",
				 name);
	}
	if (form->loss.kinked) {
		return error_set(error, E_INVALID,
				 "%s needs second derivatives, and this loss has corners: use adam or sgd, or a smooth "
				 "loss (squared_hinge, huber)",
				 name);
	}
	return OK;
}
