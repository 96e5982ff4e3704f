#include "core/graph/ops/ops.h"

#include <string.h>

const struct graph_op *const graph_ops[] = {
	&op_matmul,
	&op_add_bias,
	&op_affine,
	&op_relu,
	&op_tanh,
	&op_sigmoid,
	&op_identity,
	&op_leaky_relu,
	&op_elu,
	&op_gelu,
	&op_gelu_tanh,
	&op_silu,
	&op_mish,
	&op_softplus,
	&op_log_sigmoid,
	&op_softsign,
	&op_tanhshrink,
	&op_hardtanh,
	&op_hardsigmoid,
	&op_hardswish,
	&op_softshrink,
	&op_hardshrink,
	&op_softmax,
	&op_conv2d,
	&op_max_pool2d,
	&op_avg_pool2d,
	&op_batch_norm,
	&op_layer_norm,
	&op_scale_shift,
	&op_dropout,
	&op_embedding,
	&op_flatten,
	&op_add_rows,
	&op_join,
	&op_interactions,
	&op_pair_product,
	&op_pair_sum,
	&op_squared_error,
	&op_residual,
	&op_bce_with_logits,
	&op_bce_with_logits_label,
	&op_cross_entropy,
	&op_absolute_error,
	&op_huber,
	&op_quantile,
	&op_poisson,
	&op_hinge,
	&op_squared_hinge,
	&op_smooth_cross_entropy,
	&op_kl_div,
	&op_cosine,
	&op_gaussian,
	&op_weighted_cross_entropy,
	&op_weighted_bce_label,
	&op_leading,
	&op_columns,
	&op_unit,
	&op_contrastive,
	&op_triplet_margin,
	&op_info_nce,
	&op_class_contrastive,
	&op_class_triplet,
	&op_class_info_nce,
	&op_sum_squares,
	&op_sum_abs,
	&op_add,
	&op_scale,
};
const size_t graph_op_count = sizeof graph_ops / sizeof graph_ops[0];

const struct graph_op *graph_op_find(const char *name)
{
	for (size_t i = 0; i < graph_op_count; i++) {
		if (strcmp(graph_ops[i]->name, name) == 0) {
			return graph_ops[i];
		}
	}
	return NULL;
}
