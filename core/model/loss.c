/* Losses by the names that jobs use, each one operation of the graph, some with a factor. */
#include "core/graph/graph.h"
#include "core/graph/ops/ops.h"
#include "core/model/tables.h"

static size_t build_mse(struct graph *graph, size_t z, size_t target)
{
	return graph_binary(graph, &op_squared_error, z, target);
}

static size_t build_squared_error(struct graph *graph, size_t z, size_t target)
{
	return graph_scale(graph, 0.5, build_mse(graph, z, target));
}

static size_t build_binary(struct graph *graph, size_t z, size_t target)
{
	return graph_binary(graph, &op_bce_with_logits_label, z, target);
}

static size_t build_cross_entropy(struct graph *graph, size_t z, size_t target)
{
	return graph_binary(graph, &op_cross_entropy, z, target);
}

const struct loss_type loss_mse = {
	.name = "mse",
	.doc = "Mean over rows and targets of (z - y)^2.",
	.source = "Legendre 1805; torch.nn.MSELoss",
	.target = TARGET_NUMBER,
	.quadratic = true,
	.build = build_mse,
};

const struct loss_type loss_squared_error = {
	.name = "squared_error",
	.doc = "Half of mse: mean over rows and targets of (z - y)^2 / 2.",
	.source = "sklearn.linear_model.SGDRegressor",
	.target = TARGET_NUMBER,
	.quadratic = true,
	.build = build_squared_error,
};

const struct loss_type loss_log_loss = {
	.name = "log_loss",
	.doc = "Mean over rows of log(1 + exp(z)) - y z, y being 1 for the positive class and 0 for the other.",
	.source = "Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.90",
	.target = TARGET_BINARY,
	.build = build_binary,
};

const struct loss_type loss_cross_entropy = {
	.name = "cross_entropy",
	.doc = "Mean over rows of logsumexp(z) - z[class].",
	.source = "Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.108",
	.target = TARGET_CLASS,
	.build = build_cross_entropy,
};

const struct loss_type loss_bce_with_logits = {
	.name = "bce_with_logits",
	.doc = "Binary cross-entropy of one output z before the sigmoid: mean of log(1 + exp(z)) - y z.",
	.source = "torch.nn.BCEWithLogitsLoss",
	.target = TARGET_BINARY,
	.build = build_binary,
};
