/* Activations with settings, and the rest of the family: each one operation of the graph with its constants. */
#include "core/graph/ops/ops.h"
#include "core/model/tables.h"

static size_t apply(struct graph *graph, const struct graph_op *op, size_t x, double a, double b, double c)
{
	const double constants[GRAPH_ATTRIBUTES] = { a, b, c };
	return graph_apply_constants(graph, op, &x, constants);
}

#define BUILD(name)   static size_t build_##name(struct graph *graph, const struct settings *settings, size_t x)
#define SETTING(name) settings_number(settings, name)

BUILD(leaky_relu)
{
	return apply(graph, &op_leaky_relu, x, SETTING("negative_slope"), 0, 0);
}

BUILD(elu)
{
	return apply(graph, &op_elu, x, SETTING("alpha"), 1, 1);
}

BUILD(celu)
{
	return apply(graph, &op_elu, x, SETTING("alpha"), 1, 1 / SETTING("alpha"));
}

/* Constants from the paper's appendix, at which mean 0 and variance 1 are a fixed point. */
BUILD(selu)
{
	(void)settings;
	return apply(graph, &op_elu, x, 1.6732632423543772, 1.0507009873554805, 1);
}

BUILD(relu6)
{
	(void)settings;
	return apply(graph, &op_hardtanh, x, 0, 6, 0);
}

BUILD(gelu)
{
	return graph_unary(graph, SETTING("approximate") == 0 ? &op_gelu : &op_gelu_tanh, x);
}

BUILD(softplus)
{
	return apply(graph, &op_softplus, x, SETTING("beta"), SETTING("threshold"), 0);
}

BUILD(hardtanh)
{
	return apply(graph, &op_hardtanh, x, SETTING("min"), SETTING("max"), 0);
}

BUILD(softshrink)
{
	return apply(graph, &op_softshrink, x, SETTING("lambda"), 0, 0);
}

BUILD(hardshrink)
{
	return apply(graph, &op_hardshrink, x, SETTING("lambda"), 0, 0);
}

#define REAL_SETTING(name_, preset_, minimum_, open_, doc_)                                                            \
	{                                                                                                              \
		.name = name_, .kind = SETTING_REAL, .preset = preset_, .minimum = minimum_, .maximum = 1e6,           \
		.open_minimum = open_, .doc = doc_                                                                     \
	}

static const struct setting slope_settings[] = {
	REAL_SETTING("negative_slope", 0.01, -1e6, false, "Slope below 0."),
};
static const struct setting elu_settings[] = {
	REAL_SETTING("alpha", 1, -1e6, false, "Minus the value far below 0."),
};
static const struct setting celu_settings[] = {
	REAL_SETTING("alpha", 1, 0, true, "Minus the value far below 0."),
};
static const char *const approximations[] = { "none", "tanh", NULL };
static const struct setting gelu_settings[] = {
	{ .name = "approximate",
	  .kind = SETTING_CHOICE,
	  .choices = approximations,
	  .doc = "none: by the error function; tanh: the paper's approximation, which is faster." },
};
static const struct setting softplus_settings[] = {
	REAL_SETTING("beta", 1, 0, true, "How sharply it bends."),
	REAL_SETTING("threshold", 20, 0, false, "Where beta x is above this, the value is x itself."),
};
static const struct setting hardtanh_settings[] = {
	REAL_SETTING("min", -1, -1e6, false, "The least value."),
	REAL_SETTING("max", 1, -1e6, false, "The greatest value."),
};
static const struct setting shrink_settings[] = {
	REAL_SETTING("lambda", 0.5, 0, false, "Half the width of the band that becomes 0."),
};

#define ENTRY(name_, op_, he_, doc_, source_)                                                                          \
	const struct activation_type activation_##name_ = {                                                            \
		.name = #name_, .doc = doc_, .source = source_, .op = op_, .he = he_                                   \
	}
#define ENTRY_BUILT(name_, he_, doc_, source_)                                                                         \
	const struct activation_type activation_##name_ = {                                                            \
		.name = #name_, .doc = doc_, .source = source_, .he = he_, .build = build_##name_                      \
	}
#define ENTRY_SET(name_, settings_, he_, doc_, source_)                                                                \
	const struct activation_type activation_##name_ = {                                                            \
		.name = #name_,                                                                                        \
		.doc = doc_,                                                                                           \
		.source = source_,                                                                                     \
		.settings = settings_,                                                                                 \
		.setting_count = sizeof settings_ / sizeof settings_[0],                                               \
		.he = he_,                                                                                             \
		.build = build_##name_,                                                                                \
	}

ENTRY_SET(leaky_relu, slope_settings, true, "x above 0, else negative_slope times x.",
	  "Maas, Hannun, Ng 2013, Rectifier nonlinearities improve neural network acoustic models");
ENTRY_BUILT(relu6, true, "min(max(x, 0), 6).", "Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10");
ENTRY_SET(elu, elu_settings, true, "x above 0, else alpha (exp(x) - 1).",
	  "Clevert, Unterthiner, Hochreiter 2016, Fast and accurate deep network learning by exponential linear units");
ENTRY_BUILT(selu, false, "elu with the scale and alpha that keep mean 0 and variance 1 through many layers.",
	    "Klambauer et al. 2017, Self-normalizing neural networks");
ENTRY_SET(celu, celu_settings, true, "max(x, 0) + min(alpha (exp(x / alpha) - 1), 0).",
	  "Barron 2017, Continuously differentiable exponential linear units");
ENTRY_SET(gelu, gelu_settings, true, "x times the normal distribution function of x.",
	  "Hendrycks, Gimpel 2016, Gaussian error linear units");
ENTRY(silu, &op_silu, true, "x sigmoid(x), also called swish.",
      "Elfwing, Uchibe, Doya 2018, Sigmoid-weighted linear units for neural network function approximation");
ENTRY(mish, &op_mish, true, "x tanh(log(1 + exp(x))).",
      "Misra 2019, Mish: a self regularized non-monotonic activation function");
ENTRY_SET(softplus, softplus_settings, true, "log(1 + exp(beta x)) / beta.",
	  "Dugas et al. 2001, Incorporating second-order functional knowledge; torch.nn.Softplus (threshold)");
ENTRY(log_sigmoid, &op_log_sigmoid, false, "-log(1 + exp(-x)).", "torch.nn.LogSigmoid");
ENTRY(softsign, &op_softsign, false, "x / (1 + |x|).",
      "Bergstra, Desjardins, Lamblin, Bengio 2009, Quadratic polynomials learn better image features");
ENTRY(tanhshrink, &op_tanhshrink, false, "x - tanh(x).", "torch.nn.Tanhshrink");
ENTRY_SET(hardtanh, hardtanh_settings, false, "min(max(x, min), max).", "Collobert 2004, Large scale machine learning");
ENTRY(hardsigmoid, &op_hardsigmoid, false, "min(max(x / 6 + 1/2, 0), 1).", "torch.nn.Hardsigmoid");
ENTRY(hardswish, &op_hardswish, true, "x min(max(x / 6 + 1/2, 0), 1).",
      "Howard et al. 2019, Searching for MobileNetV3");
ENTRY_SET(softshrink, shrink_settings, false, "x - lambda above lambda, x + lambda below -lambda, else 0.",
	  "torch.nn.Softshrink");
ENTRY_SET(hardshrink, shrink_settings, false, "x where |x| > lambda, else 0.", "torch.nn.Hardshrink");
ENTRY(softmax, &op_softmax, false, "exp(x) / sum of exp(x) over the units of the layer.",
      "Bridle 1990, Probabilistic interpretation of feedforward classification network outputs");
ENTRY(log_softmax, &op_log_softmax, false, "x - log(sum of exp(x) over the units of the layer).",
      "torch.nn.LogSoftmax");
