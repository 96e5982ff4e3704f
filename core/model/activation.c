/* Activations by name, each one element-wise operation of the graph. */
#include "core/graph/ops/ops.h"
#include "core/model/tables.h"

const struct activation_type activation_relu = {
	.name = "relu",
	.doc = "max(x, 0).",
	.source = "Nair, Hinton 2010, Rectified linear units improve restricted Boltzmann machines",
	.op = &op_relu,
	.he = true,
};

const struct activation_type activation_tanh = {
	.name = "tanh",
	.doc = "The hyperbolic tangent.",
	.source = "LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp, section 4.4",
	.op = &op_tanh,
};

const struct activation_type activation_sigmoid = {
	.name = "sigmoid",
	.doc = "1 / (1 + exp(-x)).",
	.source = "Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.59",
	.op = &op_sigmoid,
};

const struct activation_type activation_identity = {
	.name = "identity",
	.doc = "x itself: a linear layer.",
	.source = "torch.nn.Identity",
	.op = &op_identity,
};
