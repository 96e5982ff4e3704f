/* Numbers from a linear function of the features. */
#include "core/model/linear.h"
#include "core/model/tables.h"

static const struct loss_type *const losses[] = {
	&loss_mse,      &loss_squared_error, &loss_mae, &loss_huber, &loss_smooth_l1, &loss_quantile, &loss_poisson,
	&loss_log_cosh, &loss_gaussian,      &loss_kl,  NULL
};

const struct model_type model_linear_regression = {
	.name = "linear_regression",
	.doc = "Z = X W + b for one or more numeric targets.",
	.source = "Legendre 1805; Hoerl, Kennard 1970 (l2); Tibshirani 1996 (l1)",
	.target = TARGET_NUMBER,
	.settings = linear_settings,
	.setting_count = LINEAR_SETTINGS,
	.losses = losses,
	.linear = true,
	.draw = linear_draw,
};
