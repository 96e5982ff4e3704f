/* Losses whose outputs are a distribution, a direction, or numbers with their uncertainty. */
#include "core/graph/graph.h"
#include "core/graph/ops/ops.h"
#include "core/model/tables.h"

static size_t build_kl(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	(void)settings;
	return graph_binary(graph, &op_kl_div, z, target);
}

static size_t build_cosine(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	(void)settings;
	return graph_binary(graph, &op_cosine, z, target);
}

static size_t build_gaussian(struct graph *graph, const struct settings *settings, size_t z, size_t target)
{
	const double attribute[GRAPH_ATTRIBUTES] = { settings_number(settings, "eps"),
						     settings_bool(settings, "full") ? 1 : 0 };
	return graph_apply_constants(graph, &op_gaussian, (size_t[]){ z, target }, attribute);
}

static const struct setting gaussian_settings[] = {
	{ .name = "eps",
	  .kind = SETTING_REAL,
	  .preset = 1e-6,
	  .open_minimum = true,
	  .maximum = 1e100,
	  .doc = "A smaller variance counts as this." },
	{ .name = "full", .kind = SETTING_BOOL, .maximum = 1, .doc = "Whether log(2 pi) / 2 is added." },
};

const struct loss_type loss_kl = {
	.name = "kl",
	.doc = "Mean over rows of sum over targets of y (log y - log softmax(z)): the targets are the shares of a "
	       "distribution, and so are the predictions, softmax(z).",
	.source = "Kullback, Leibler 1951, On information and sufficiency; torch.nn.KLDivLoss (batchmean)",
	.target = TARGET_NUMBER,
	.build = build_kl,
	.link = LINK_SHARES,
	.nonnegative = true,
	.several = true,
};

const struct loss_type loss_cosine = {
	.name = "cosine",
	.doc = "Mean over rows of 1 - z y / (|z| |y|): the direction of the targets as a vector.",
	.source = "torch.nn.CosineEmbeddingLoss",
	.target = TARGET_NUMBER,
	.build = build_cosine,
	.several = true,
};

const struct loss_type loss_gaussian = {
	.name = "gaussian",
	.doc = "Mean over rows and targets of (s + (m - y)^2 exp(-s)) / 2: two outputs a target, all means m, then "
	       "all log variances s; it predicts m and the standard deviation exp(s / 2).",
	.source = "Nix, Weigend 1994, Estimating the mean and variance of the target probability distribution; "
		  "torch.nn.GaussianNLLLoss",
	.target = TARGET_NUMBER,
	.settings = gaussian_settings,
	.setting_count = sizeof gaussian_settings / sizeof gaussian_settings[0],
	.build = build_gaussian,
	.per_target = 2,
	.link = LINK_GAUSSIAN,
};
