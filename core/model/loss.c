/* Losses by the names that jobs use, each one operation of the graph, some with a factor. */
#include "core/graph/graph.h"
#include "core/graph/ops/ops.h"
#include "core/model/tables.h"

static size_t build_mse(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	(void)settings;
	return graph_binary(graph, &op_squared_error, z, target);
}

static size_t build_squared_error(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	return graph_scale(graph, 0.5, build_mse(graph, settings, z, target));
}

/* The weights of the classes into the graph; whether there are any. */
static bool weighs_classes(struct graph *graph, const struct settings *settings)
{
	const struct setting_value *weight = settings_get(settings, "class_weight");
	if (weight->rows > 0) {
		graph_weigh_classes(graph, weight->values, weight->rows);
	}
	return weight->rows > 0;
}

static size_t build_binary(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	bool weighted = weighs_classes(graph, settings);
	return weighted ? graph_apply(graph, &op_weighted_bce_label, (size_t[]){ z, target }, 1)
			: graph_binary(graph, &op_bce_with_logits_label, z, target);
}

/* pos_weight multiplies what rows of the positive class cost, class_weight a row's share in the mean. */
static size_t build_bce(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	const double positive = settings_number(settings, "pos_weight");
	if (positive == 1) {
		return build_binary(graph, settings, z, target);
	}
	return graph_apply(graph, weighs_classes(graph, settings) ? &op_weighted_bce_label : &op_positive_bce,
			   (size_t[]){ z, target }, positive);
}

static size_t build_cross_entropy(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	double smoothing = settings_number(settings, "label_smoothing");
	if (weighs_classes(graph, settings)) {
		return graph_apply(graph, &op_weighted_cross_entropy, (size_t[]){ z, target }, smoothing);
	}
	return smoothing == 0 ? graph_binary(graph, &op_cross_entropy, z, target)
			      : graph_apply(graph, &op_smooth_cross_entropy, (size_t[]){ z, target }, smoothing);
}

/* describe() of a loss. */
#define DESCRIBE(name, ...)                                                                                            \
	static void describe_##name(const struct settings *settings, struct row_loss *out)                             \
	{                                                                                                              \
		(void)settings;                                                                                        \
		*out = (struct row_loss){ .derive = __VA_ARGS__ };                                                     \
	}
DESCRIBE(mse, row_squares, .factor = 1, .steepest = 2, .quadratic = true)
DESCRIBE(squared_error, row_squares, .factor = 0.5, .steepest = 2, .quadratic = true)
DESCRIBE(log_loss, row_logistic, .factor = 1, .steepest = 0.25)
DESCRIBE(bce, settings_number(settings, "pos_weight") == 1 ? row_logistic : NULL, .factor = 1, .steepest = 0.25)
DESCRIBE(cross_entropy, row_cross_entropy, .factor = 1, .constant = settings_number(settings, "label_smoothing"),
	 .steepest = 0.5, .coupled = true)
#undef DESCRIBE

const struct loss_type loss_mse = {
	.name = "mse",
	.doc = "Mean over rows and targets of (z - y)^2.",
	.source = "Legendre 1805; torch.nn.MSELoss",
	.target = TARGET_NUMBER,
	.quadratic = true,
	.build = build_mse,
	.describe = describe_mse,
};

const struct loss_type loss_squared_error = {
	.name = "squared_error",
	.doc = "Half of mse: mean over rows and targets of (z - y)^2 / 2.",
	.source = "sklearn.linear_model.SGDRegressor",
	.target = TARGET_NUMBER,
	.quadratic = true,
	.build = build_squared_error,
	.describe = describe_squared_error,
};

static size_t build_residual(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	(void)settings;
	return graph_binary(graph, &op_residual, z, target);
}

const struct loss_type loss_residual = {
	.name = "residual",
	.doc = "Mean over rows of z - y: no loss to choose, but what squares are made of.",
	.source = "core/model/residual.h",
	.target = TARGET_NUMBER,
	.build = build_residual,
};

#define CLASS_WEIGHT                                                                                                   \
	{                                                                                                              \
		.name = "class_weight", .kind = SETTING_VECTOR, .minimum = 0, .maximum = 1e100,                        \
		.doc = "What a row of each class counts, in the order of the job's classes; the mean divides by the "  \
		       "sum of the rows' weights. Without it all count alike."                                         \
	}

static const struct setting binary_settings[] = { CLASS_WEIGHT };

const struct loss_type loss_log_loss = {
	.name = "log_loss",
	.doc = "Mean over rows of log(1 + exp(z)) - y z, y being 1 for the positive class and 0 for the other.",
	.source = "Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.90",
	.target = TARGET_BINARY,
	.settings = binary_settings,
	.setting_count = sizeof binary_settings / sizeof binary_settings[0],
	.build = build_binary,
	.describe = describe_log_loss,
};

static const struct setting cross_entropy_settings[] = {
	{ .name = "label_smoothing",
	  .kind = SETTING_REAL,
	  .maximum = 1,
	  .doc = "The part of the target's weight that is spread evenly over all classes." },
	CLASS_WEIGHT,
};

const struct loss_type loss_cross_entropy = {
	.name = "cross_entropy",
	.doc = "Mean over rows of logsumexp(z) - z[class]; with label smoothing e, of (1 - e) times that and e times "
	       "logsumexp(z) - mean(z).",
	.settings = cross_entropy_settings,
	.setting_count = sizeof cross_entropy_settings / sizeof cross_entropy_settings[0],
	.source = "Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.108",
	.target = TARGET_CLASS,
	.build = build_cross_entropy,
	.describe = describe_cross_entropy,
};

static const struct setting bce_settings[] = {
	{ .name = "pos_weight",
	  .kind = SETTING_REAL,
	  .preset = 1,
	  .maximum = 1e100,
	  .doc = "Multiplies what a row of the positive class costs; the mean stays one over all rows." },
	CLASS_WEIGHT,
};

const struct loss_type loss_bce_with_logits = {
	.name = "bce_with_logits",
	.doc = "Binary cross-entropy of one output z before the sigmoid: mean of log(1 + exp(z)) - y z.",
	.source = "torch.nn.BCEWithLogitsLoss",
	.target = TARGET_BINARY,
	.settings = bce_settings,
	.setting_count = sizeof bce_settings / sizeof bce_settings[0],
	.build = build_bce,
	.describe = describe_bce,
};
