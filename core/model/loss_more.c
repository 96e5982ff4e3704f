/* Losses for outliers, quantiles, counts and margins. */
#include <math.h>

#include "core/graph/graph.h"
#include "core/graph/ops/ops.h"
#include "core/model/tables.h"

#define BUILD(name)                                                                                                    \
	static size_t build_##name(struct graph *graph, const struct settings *settings, size_t z, size_t target)

BUILD(mae)
{
	(void)settings;
	return graph_binary(graph, &op_absolute_error, z, target);
}

BUILD(huber)
{
	return graph_apply(graph, &op_huber, (size_t[]){ z, target }, settings_number(settings, "delta"));
}

BUILD(smooth_l1)
{
	double beta = settings_number(settings, "beta");
	return graph_scale(graph, 1 / beta, graph_apply(graph, &op_huber, (size_t[]){ z, target }, beta));
}

BUILD(quantile)
{
	return graph_apply(graph, &op_quantile, (size_t[]){ z, target }, settings_number(settings, "q"));
}

BUILD(poisson)
{
	const bool log_input = settings_bool(settings, "log_input"), full = settings_bool(settings, "full");
	const double attribute[GRAPH_ATTRIBUTES] = { log_input, full, settings_number(settings, "eps") };
	return log_input && !full ? graph_binary(graph, &op_poisson, z, target)
				  : graph_apply_constants(graph, &op_poisson_full, (size_t[]){ z, target }, attribute);
}

static enum link poisson_link(const struct settings *settings)
{
	return settings_bool(settings, "log_input") ? LINK_EXP : LINK_NATURAL;
}

BUILD(hinge)
{
	(void)settings;
	return graph_binary(graph, &op_hinge, z, target);
}

BUILD(squared_hinge)
{
	(void)settings;
	return graph_binary(graph, &op_squared_hinge, z, target);
}

/* describe() of a loss. */
#define DESCRIBE(name, ...)                                                                                            \
	static void describe_##name(const struct settings *settings, struct row_loss *out)                             \
	{                                                                                                              \
		(void)settings;                                                                                        \
		*out = (struct row_loss){ .derive = __VA_ARGS__ };                                                     \
	}
DESCRIBE(mae, row_absolute, .factor = 1, .kinked = true)
DESCRIBE(huber, row_huber, .factor = 1, .constant = settings_number(settings, "delta"), .steepest = 1)
DESCRIBE(smooth_l1, row_huber, .factor = 1 / settings_number(settings, "beta"),
	 .constant = settings_number(settings, "beta"), .steepest = 1)
DESCRIBE(quantile, row_quantile, .factor = 1, .constant = settings_number(settings, "q"), .kinked = true)
DESCRIBE(poisson, settings_bool(settings, "log_input") ? row_poisson : NULL, .factor = 1, .steepest = INFINITY)
DESCRIBE(hinge, row_hinge, .factor = 1, .kinked = true)
DESCRIBE(squared_hinge, row_squared_hinge, .factor = 1, .steepest = 2)
#undef DESCRIBE

static const struct setting huber_settings[] = {
	{ .name = "delta",
	  .kind = SETTING_REAL,
	  .preset = 1,
	  .open_minimum = true,
	  .maximum = 1e100,
	  .doc = "Up to this error squares count, beyond it absolute values." },
};
static const struct setting smooth_l1_settings[] = {
	{ .name = "beta",
	  .kind = SETTING_REAL,
	  .preset = 1,
	  .minimum = 1e-100,
	  .maximum = 1e100,
	  .doc = "Up to this error squares count, beyond it absolute values." },
};
static const struct setting poisson_settings[] = {
	{ .name = "log_input",
	  .kind = SETTING_BOOL,
	  .preset = 1,
	  .maximum = 1,
	  .doc = "Whether z is the logarithm of the expected count; else z is that count, and has to stay above 0." },
	{ .name = "full",
	  .kind = SETTING_BOOL,
	  .maximum = 1,
	  .doc = "Whether Stirling's terms y log y - y + log(2 pi y) / 2 of a count above 1 are added." },
	{ .name = "eps",
	  .kind = SETTING_REAL,
	  .preset = 1e-8,
	  .open_minimum = true,
	  .maximum = 1,
	  .doc = "Is added to a z that is the count itself, before its logarithm." },
};
static const struct setting quantile_settings[] = {
	{ .name = "q",
	  .kind = SETTING_REAL,
	  .preset = 0.5,
	  .open_minimum = true,
	  .maximum = 1,
	  .open_maximum = true,
	  .doc = "Which quantile of the target is predicted." },
};

#define SETTINGS(table) .settings = table, .setting_count = sizeof table / sizeof table[0]

const struct loss_type loss_mae = {
	.name = "mae",
	.doc = "Mean over rows and targets of |z - y|.",
	.source = "Laplace 1774; torch.nn.L1Loss",
	.target = TARGET_NUMBER,
	.build = build_mae,
	.describe = describe_mae,
};

const struct loss_type loss_huber = {
	.name = "huber",
	.doc = "Mean over rows and targets of d^2 / 2 where |d| = |z - y| <= delta, else delta (|d| - delta / 2).",
	.source = "Huber 1964, Robust estimation of a location parameter; torch.nn.HuberLoss",
	.target = TARGET_NUMBER,
	SETTINGS(huber_settings),
	.build = build_huber,
	.describe = describe_huber,
};

const struct loss_type loss_smooth_l1 = {
	.name = "smooth_l1",
	.doc = "huber with delta = beta, divided by beta.",
	.source = "Girshick 2015, Fast R-CNN; torch.nn.SmoothL1Loss",
	.target = TARGET_NUMBER,
	SETTINGS(smooth_l1_settings),
	.build = build_smooth_l1,
	.describe = describe_smooth_l1,
};

const struct loss_type loss_quantile = {
	.name = "quantile",
	.doc = "Mean over rows and targets of q (y - z) where y >= z, else (1 - q) (z - y).",
	.source = "Koenker, Bassett 1978, Regression quantiles",
	.target = TARGET_NUMBER,
	SETTINGS(quantile_settings),
	.build = build_quantile,
	.describe = describe_quantile,
};

const struct loss_type loss_poisson = {
	.name = "poisson",
	.doc = "Mean over rows and targets of exp(z) - y z: exp(z) is the expected count, and the prediction. Without "
	       "log_input of z - y log(z + eps), z being the count.",
	.source = "Nelder, Wedderburn 1972, Generalized linear models; torch.nn.PoissonNLLLoss",
	.target = TARGET_NUMBER,
	SETTINGS(poisson_settings),
	.build = build_poisson,
	.describe = describe_poisson,
	.link_of = poisson_link,
	.nonnegative = true,
};

const struct loss_type loss_hinge = {
	.name = "hinge",
	.doc = "Mean over rows of max(0, 1 - y z), y being +1 for the positive class and -1 for the other.",
	.source = "Cortes, Vapnik 1995, Support-vector networks",
	.target = TARGET_BINARY,
	.build = build_hinge,
	.describe = describe_hinge,
	.link = LINK_SIGN,
	.signs = true,
};

const struct loss_type loss_squared_hinge = {
	.name = "squared_hinge",
	.doc = "Mean over rows of max(0, 1 - y z)^2, y being +1 for the positive class and -1 for the other.",
	.source = "Cortes, Vapnik 1995, Support-vector networks; sklearn.svm.LinearSVC",
	.target = TARGET_BINARY,
	.build = build_squared_hinge,
	.describe = describe_squared_hinge,
	.link = LINK_SIGN,
	.signs = true,
};
