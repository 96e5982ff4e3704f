/* Losses of numbers and classes beyond the common ones: log cosh, a focus on what is hard, margins between classes. */
#include <math.h>

#include "core/graph/graph.h"
#include "core/graph/ops/ops.h"
#include "core/model/tables.h"

static size_t build_log_cosh(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	(void)settings;
	return graph_binary(graph, &op_log_cosh, z, target);
}

static size_t build_soft_margin(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	(void)settings;
	return graph_binary(graph, &op_bce_with_logits_label, z, target);
}

static size_t build_focal(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	const double alpha = settings_number(settings, "alpha");
	const double attribute[GRAPH_ATTRIBUTES] = { settings_number(settings, "gamma"), isnan(alpha) ? -1 : alpha };
	return graph_apply_constants(graph, &op_focal, (size_t[]){ z, target }, attribute);
}

static size_t build_multi_margin(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	const double attribute[GRAPH_ATTRIBUTES] = { settings_number(settings, "margin"),
						     settings_number(settings, "p") };
	return graph_apply_constants(graph, &op_multi_margin, (size_t[]){ z, target }, attribute);
}

static void describe_soft_margin(const struct settings *settings, struct row_loss *out)
{
	(void)settings;
	*out = (struct row_loss){ .derive = row_logistic, .factor = 1, .steepest = 0.25 };
}

static const struct setting focal_settings[] = {
	{ .name = "gamma",
	  .kind = SETTING_REAL,
	  .preset = 2,
	  .maximum = 1e6,
	  .doc = "How much rows that are told apart already fade; 0: not at all." },
	{ .name = "alpha",
	  .kind = SETTING_REAL,
	  .preset = 0.25,
	  .maximum = 1,
	  .nullable = true,
	  .doc = "What a row of the positive class counts; one of the other counts 1 - alpha. null: both count 1." },
};

static const struct setting multi_margin_settings[] = {
	{ .name = "margin",
	  .kind = SETTING_REAL,
	  .preset = 1,
	  .maximum = 1e100,
	  .doc = "How far the output of the right class is to be above the others." },
	{ .name = "p",
	  .kind = SETTING_INTEGER,
	  .preset = 1,
	  .minimum = 1,
	  .maximum = 2,
	  .doc = "The power of what is missing to the margin." },
};

const struct loss_type loss_log_cosh = {
	.name = "log_cosh",
	.doc = "Mean over rows and targets of log cosh(z - y): squares near 0, absolute values beyond.",
	.source = "Saleh, Saleh 2022, Statistical properties of the log-cosh loss function; keras.losses.LogCosh",
	.target = TARGET_NUMBER,
	.build = build_log_cosh,
};

const struct loss_type loss_soft_margin = {
	.name = "soft_margin",
	.doc = "Mean over rows of log(1 + exp(-y z)), y being +1 for the positive class and -1 for the other: log_loss "
	       "in "
	       "the words of margins.",
	.source = "torch.nn.SoftMarginLoss",
	.target = TARGET_BINARY,
	.build = build_soft_margin,
	.describe = describe_soft_margin,
	.signs = true,
};

const struct loss_type loss_focal = {
	.name = "focal",
	.doc = "Mean over rows of -a (1 - p)^gamma log p, p being the probability of the row's class, a alpha for the "
	       "positive class and 1 - alpha for the other.",
	.source = "Lin, Goyal, Girshick, He, Dollar 2017, Focal loss for dense object detection, eq. 5; "
		  "torchvision.ops.sigmoid_focal_loss",
	.target = TARGET_BINARY,
	.settings = focal_settings,
	.setting_count = sizeof focal_settings / sizeof focal_settings[0],
	.build = build_focal,
};

const struct loss_type loss_multi_margin = {
	.name = "multi_margin",
	.doc = "Mean over rows of the sum over the classes c but the right one of max(0, margin - z[right] + z[c])^p, "
	       "divided by the number of classes: a support-vector machine of several classes.",
	.source = "Crammer, Singer 2001, On the algorithmic implementation of multiclass kernel-based vector machines; "
		  "torch.nn.MultiMarginLoss",
	.target = TARGET_CLASS,
	.settings = multi_margin_settings,
	.setting_count = sizeof multi_margin_settings / sizeof multi_margin_settings[0],
	.build = build_multi_margin,
	.link = LINK_SIGN,
};
