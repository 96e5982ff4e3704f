/* The entries of the tables of models, losses, activations, layers and initialisers; private to core/model. */
#ifndef CORE_MODEL_TABLES_H
#define CORE_MODEL_TABLES_H

#include "core/model/model.h"

extern const struct model_type model_linear_regression, model_logistic_regression, model_softmax_regression, model_mlp,
	model_sequential, model_autoencoder, model_matrix_factorization, model_factorization_machine, model_expression,
	model_function, model_contrastive, model_gan;
extern const struct loss_type loss_mse, loss_squared_error, loss_log_loss, loss_cross_entropy, loss_bce_with_logits;
extern const struct loss_type loss_residual; /* of core/model/residual.c; not in the table */
extern const struct loss_type loss_mae, loss_huber, loss_smooth_l1, loss_quantile, loss_poisson, loss_hinge,
	loss_squared_hinge;
extern const struct loss_type loss_log_cosh, loss_soft_margin, loss_focal, loss_multi_margin;
extern const struct loss_type loss_kl, loss_cosine, loss_gaussian;
extern const struct loss_type loss_contrastive, loss_cosine_embedding, loss_triplet, loss_info_nce;
extern const struct loss_type loss_non_saturating, loss_minimax, loss_least_squares, loss_wasserstein; /* of games */
extern const struct activation_type activation_relu, activation_tanh, activation_sigmoid, activation_identity;
extern const struct activation_type activation_leaky_relu, activation_relu6, activation_elu, activation_selu,
	activation_celu, activation_gelu, activation_silu, activation_mish, activation_softplus, activation_log_sigmoid,
	activation_softsign, activation_tanhshrink, activation_hardtanh, activation_hardsigmoid, activation_hardswish,
	activation_softshrink, activation_hardshrink, activation_softmax, activation_log_softmax;
extern const struct layer_type layer_dense, layer_conv2d, layer_max_pool2d, layer_avg_pool2d, layer_flatten,
	layer_batch_norm, layer_layer_norm, layer_dropout, layer_embedding, layer_residual, layer_activation;
extern const struct layer_type layer_conv1d, layer_max_pool1d, layer_avg_pool1d, layer_conv_transpose2d,
	layer_group_norm, layer_prelu, layer_rnn, layer_gru, layer_lstm;
extern const struct init_type init_xavier, init_xavier_uniform, init_xavier_normal, init_he, init_he_uniform,
	init_he_normal, init_lecun, init_lecun_uniform, init_lecun_normal, init_orthogonal, init_normal, init_uniform,
	init_zeros, init_ones;

#endif
