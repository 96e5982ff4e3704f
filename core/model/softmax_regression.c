/* The probabilities of several classes. */
#include "core/model/linear.h"
#include "core/model/tables.h"

static const struct loss_type *const losses[] = { &loss_cross_entropy, &loss_multi_margin, NULL };

const struct model_type model_softmax_regression = {
	.name = "softmax_regression",
	.doc = "The probabilities of the classes are softmax(X W + b), one column of W a class.",
	.source = "Bishop 2006, Pattern Recognition and Machine Learning, section 4.3.4",
	.target = TARGET_CLASS,
	.settings = linear_settings,
	.setting_count = LINEAR_SETTINGS,
	.losses = losses,
	.linear = true,
	.draw = linear_draw,
};
