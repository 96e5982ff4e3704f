/* The odds of the second of two classes. */
#include "core/model/linear.h"
#include "core/model/tables.h"

static const struct loss_type *const losses[] = {
	&loss_log_loss, &loss_bce_with_logits, &loss_hinge, &loss_squared_hinge, &loss_soft_margin, &loss_focal, NULL
};

const struct model_type model_logistic_regression = {
	.name = "logistic_regression",
	.doc = "The log-odds of the positive class are X w + b; with a hinge loss its sign is the class (a linear "
	       "SVM).",
	.source = "Cox 1958, The regression analysis of binary sequences; Cortes, Vapnik 1995, Support-vector networks",
	.target = TARGET_BINARY,
	.settings = linear_settings,
	.setting_count = LINEAR_SETTINGS,
	.losses = losses,
	.linear = true,
	.draw = linear_draw,
};
