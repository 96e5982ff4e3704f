/* The table of operations. */
#ifndef CORE_GRAPH_OPS_OPS_H
#define CORE_GRAPH_OPS_OPS_H

#include "core/graph/op.h"

extern const struct graph_op op_matmul, op_add_bias, op_affine;
extern const struct graph_op op_relu, op_tanh, op_sigmoid, op_identity;
extern const struct graph_op op_leaky_relu, op_elu, op_gelu, op_gelu_tanh, op_silu, op_mish, op_softplus,
	op_log_sigmoid, op_softsign, op_tanhshrink, op_hardtanh, op_hardsigmoid, op_hardswish, op_softshrink,
	op_hardshrink, op_softmax, op_log_softmax, op_prelu;
extern const struct graph_op op_conv2d, op_max_pool2d, op_avg_pool2d, op_batch_norm, op_layer_norm, op_scale_shift,
	op_dropout, op_embedding, op_flatten, op_add_rows, op_join, op_interactions, op_pair_product, op_pair_sum;
extern const struct graph_op op_conv1d, op_max_pool1d, op_avg_pool1d, op_conv_transpose2d, op_group_norm;
extern const struct graph_op op_affine_steps, op_rnn, op_gru, op_lstm;
extern const struct graph_op op_squared_error, op_residual, op_bce_with_logits, op_bce_with_logits_label,
	op_cross_entropy;
extern const struct graph_op op_absolute_error, op_huber, op_quantile, op_poisson, op_hinge, op_squared_hinge,
	op_smooth_cross_entropy;
extern const struct graph_op op_kl_div, op_cosine, op_gaussian, op_weighted_cross_entropy, op_weighted_bce_label;
extern const struct graph_op op_log_cosh, op_poisson_full, op_positive_bce, op_focal, op_multi_margin;
extern const struct graph_op op_columns, op_unit, op_contrastive, op_cosine_embedding, op_triplet_margin;
extern const struct graph_op op_info_nce, op_class_contrastive, op_class_cosine_embedding, op_class_triplet,
	op_class_info_nce;
extern const struct graph_op op_noise, op_verdict;
extern const struct graph_op op_sum_squares, op_sum_abs;
extern const struct graph_op op_add, op_scale;

extern const struct graph_op *const graph_ops[];
extern const size_t graph_op_count;
/* NULL for an unknown name. */
const struct graph_op *graph_op_find(const char *name);

#endif
